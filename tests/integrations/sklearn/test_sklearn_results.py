"""What a fit found is recorded: curves, early stopping, saving."""

import hashlib
import re
from pathlib import Path
from typing import Any

import joblib
import lightgbm
import pytest
import skops.io
from lightgbm import LGBMClassifier
from sklearn.cluster import MiniBatchKMeans
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import OrthogonalMatchingPursuit, SGDClassifier
from sklearn.manifold import TSNE
from sklearn.model_selection import train_test_split
from sklearn.neighbors import NeighborhoodComponentsAnalysis
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC
from xgboost import XGBClassifier

from mllog_callbacks import AuditLog, EventType
from mllog_callbacks.detectors import Issue, Observation, Severity
from mllog_callbacks.schema import number
from mllog_sklearn import audited, save_model
from recorded import Entries, facts_of, of, one, the_end
from sklearn_training import cancer, iris, issues, pipeline, quiet


def test_early_stopping_of_boosting_is_a_decision(log: AuditLog, entries: Entries) -> None:
    """With the iteration that nothing improved on."""
    model = HistGradientBoostingClassifier(early_stopping=True, max_iter=500, random_state=0)
    made = audited(model, log).fit(*cancer())
    end = the_end(entries())
    assert end.event is EventType.TRAINING_STOPPED
    assert f"stopped early after iteration {made.n_iter_} of at most 500" in str(end.decision)
    reference = made.n_iter_ - 10
    value = made.validation_score_[reference]
    assert f"was above that of iteration {reference} ({number(value)})" in str(end.reasoning)


def test_early_stopping_of_other_estimators_is_a_decision(log: AuditLog, entries: Entries) -> None:
    """Each by its own rule."""
    models: list[Any] = [
        GradientBoostingClassifier(n_iter_no_change=2, random_state=0, subsample=0.5),
        MLPClassifier(early_stopping=True, random_state=0, max_iter=500),
        SGDClassifier(early_stopping=True, random_state=0),
    ]
    for model in models:
        audited(model, log).fit(*cancer())
    boosting, network, linear = of(entries(), EventType.TRAINING_STOPPED)
    assert "n_iter_no_change=2, " in str(boosting.reasoning)
    best = models[1].__class__(early_stopping=True, random_state=0, max_iter=500).fit(*cancer())
    epoch = max(range(best.n_iter_), key=best.validation_scores_.__getitem__) + 1
    assert f"The weights of epoch {epoch} are kept." in str(network.decision)
    assert "score on held-out rows (tol=0.001" in str(linear.reasoning)


def test_early_stopping_without_a_tolerance_stops_nothing(log: AuditLog, entries: Entries) -> None:
    """And nothing is said of it."""
    model = SGDClassifier(early_stopping=True, tol=None, max_iter=3, random_state=0)
    audited(model, log).fit(*cancer())
    assert the_end(entries()).reasoning == "n_iter_ is 3, and max_iter=3 allows no more."


def test_an_end_claims_no_limit_and_no_criterion_that_is_not_known(
    log: AuditLog, entries: Entries
) -> None:
    """Each by what the estimator says of itself."""
    data, labels = iris()
    for model in (
        OrthogonalMatchingPursuit(n_nonzero_coefs=2),
        SVC(),
        TSNE(max_iter=250, perplexity=5, random_state=0),
        MiniBatchKMeans(3, n_init=1, random_state=0),
        NeighborhoodComponentsAnalysis(max_iter=5, random_state=0),
    ):
        with quiet():
            audited(model, log).fit(data, labels)
    pursuit, machine, embedding, clusters, components = of(entries(), EventType.TRAINING_COMPLETED)
    assert pursuit.reasoning == "n_iter_ is 2."
    assert str(machine.reasoning).endswith("; max_iter sets no limit.")
    assert "all 250 planned iterations ran" in str(embedding.decision)
    assert "keeps no record of what ended it" in str(clusters.reasoning)
    assert re.search(
        r"n_iter_ is \d+, and max_iter=5 (allows no more|is used up)\.", str(components)
    )


def test_a_monitor_of_the_callers_ends_boosting(log: AuditLog, entries: Entries) -> None:
    """It is no criterion of the solver's."""
    model = GradientBoostingClassifier(n_estimators=20, random_state=0)
    audited(model, log).fit(*cancer(), monitor=lambda index, *_: index == 4)
    end = the_end(entries())
    assert end.event is EventType.TRAINING_STOPPED
    assert end.decision == "Training stopped early after iteration 5 of at most 20."
    assert end.reasoning == "The monitor that was given to fit ended it."


def test_what_a_warm_start_fills_in_is_no_loss(log: AuditLog, entries: Entries) -> None:
    """Without subsampling nothing was out of the bag: the zeros for it raise no issue."""
    model = audited(GradientBoostingClassifier(n_estimators=10, random_state=0), log)
    model.fit(*cancer())
    model.set_params(warm_start=True, subsample=0.5, n_estimators=20).fit(*cancer())
    model.set_params(n_estimators=60).fit(*cancer())
    assert not {"overfitting", "spike", "divergence"} & issues(entries()).keys()
    last = of(entries(), EventType.TRAINING_PROGRESS)[-1]
    assert f"out-of-bag loss is {number(model.oob_scores_[-1])} after 60 iterations" in str(
        last.decision
    )


@pytest.mark.parametrize("kind", [LGBMClassifier, XGBClassifier])
def test_boosting_libraries_stop_early_and_overfit(
    log: AuditLog, entries: Entries, kind: Any
) -> None:
    """Their evaluations pass the detectors, in their true directions."""
    train, valid, labels, held_out = train_test_split(*cancer(), random_state=0)
    stop: dict[str, Any] = {"verbose": False}
    model: Any
    if kind is LGBMClassifier:
        model = LGBMClassifier(
            n_estimators=300, num_leaves=63, min_child_samples=2, verbosity=-1, n_jobs=1
        )
        stop = {"callbacks": [lightgbm.early_stopping(30, verbose=False)]}
    else:
        model = XGBClassifier(n_estimators=300, early_stopping_rounds=30, n_jobs=1)
    called: list[Any] = []
    made = audited(model, log, on_issue=called.append)
    with quiet():  # eval_set is deprecated in LightGBM, and all that older versions have
        made.fit(train, labels, eval_set=[(valid, held_out)], **stop)
    end = the_end(entries())
    assert end.event is EventType.TRAINING_STOPPED
    kept = made.best_iteration_ if kind is LGBMClassifier else made.best_iteration + 1
    assert f"Predictions use the model of iteration {kept}." in str(end.decision)
    assert f"after iteration {kept + 30} of at most 300" in str(end.decision)
    assert {issue.name for issue in called} == set(issues(entries())) != set()


def test_custom_metrics_of_a_boosting_library_are_recorded_together(
    log: AuditLog, entries: Entries
) -> None:
    """Nobody has said which way they are better; the library's own are known."""

    def first(_labels: Any, _scores: Any) -> tuple[str, float, bool]:
        return "first", 1.0, True

    def second(_labels: Any, _scores: Any) -> tuple[str, float, bool]:
        return "second", 1.0, True

    made = audited(LGBMClassifier(n_estimators=3, verbosity=-1, n_jobs=1), log)
    with quiet():  # as above
        made.fit(*cancer(), eval_set=[cancer()], eval_metric=[first, second])
    recorded = [each for each in entries() if each.event is EventType.ISSUE_DETECTED]
    assert [str(each.decision).partition(":")[0] for each in recorded] == ["first, second"]


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("schedule", ["constant", "adaptive"])
def test_a_learning_rate_that_may_have_changed_is_recorded_as_that_of_the_start(
    log: AuditLog, entries: Entries, solver: str, schedule: str
) -> None:
    """Only SGD takes the schedule; what it came to, the network does not keep by epoch."""

    class Third:
        """Takes any third value for a spike."""

        name = "spike"

        def observe(self, observation: Observation) -> Issue | None:
            if observation.step != 3:
                return None
            return Issue("MLA006", "spike", Severity.WARNING, 3, "Spike.", "Third.", {})

    model = MLPClassifier(max_iter=3, learning_rate_init=5.0, solver=solver, learning_rate=schedule)
    with quiet():
        audited(model, log, detectors=[Third()]).fit(*iris())
    reasoning = str(issues(entries())["spike"].reasoning)
    moves = (solver, schedule) == ("sgd", "adaptive")
    assert ("a learning rate of 5, as it was at the start, is too high" in reasoning) is moves
    assert ("a learning rate of 5 is too high" in reasoning) is not moves


def test_curves_pass_the_detectors_and_are_summed_up(log: AuditLog, entries: Entries) -> None:
    """A network's loss, with where it was read."""
    model = MLPClassifier(random_state=0, max_iter=30, learning_rate_init=5.0, solver="sgd")
    with quiet():
        made = audited(model, log).fit(*cancer())
    recorded = entries()
    progress = one(recorded, EventType.TRAINING_PROGRESS)
    assert f"training loss is {number(made.loss_curve_[-1])} after {made.n_iter_} epochs" in str(
        progress.decision
    )
    assert "divergence" in issues(recorded)


def test_no_detectors_watch_where_none_are_wanted(log: AuditLog, entries: Entries) -> None:
    """The curve is summed up all the same."""
    model = MLPClassifier(random_state=0, max_iter=30, learning_rate_init=5.0, solver="sgd")
    with quiet():
        audited(model, log, detectors=[]).fit(*cancer())
    assert issues(entries()).keys() <= {"not_converged"}
    assert len(of(entries(), EventType.TRAINING_PROGRESS)) == 1


def test_iterations_within_a_pipeline_are_recorded(log: AuditLog, entries: Entries) -> None:
    """Of its last step, against those it was allowed."""
    made = audited(pipeline(), log).fit(*cancer())
    used = made[-1].n_iter_[0]
    assert f"after {used} of at most 100 iterations in step classify" in str(
        the_end(entries()).decision
    )


def test_saving_says_what_was_saved_and_how_it_is_known(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """By joblib, and by skops; the plain class, with the file's hash."""
    made = audited(pipeline(), log).fit(*iris())
    files = [
        save_model(made, tmp_path / name, log, dataset="iris")
        for name in ("model.joblib", "model.skops")
    ]
    for entry, file in zip(of(entries(), EventType.MODEL_SAVED), files, strict=True):
        snapshot = facts_of(entry)["saved"]
        assert snapshot["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
        assert snapshot["bytes"] == file.stat().st_size
        assert (entry.dataset, entry.model) == (
            "iris",
            "Pipeline(StandardScaler, LogisticRegression)",
        )
    trusted = skops.io.get_untrusted_types(file=files[1])
    for loaded in (joblib.load(files[0]), skops.io.load(files[1], trusted=trusted)):
        assert type(loaded) is type(pipeline())
        assert not hasattr(type(loaded), "__mllog__")
        assert loaded.predict(iris()[0]).tolist() == made.predict(iris()[0]).tolist()
    assert trusted == []
