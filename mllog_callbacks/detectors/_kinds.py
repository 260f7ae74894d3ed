"""The kinds of issues: stable codes, names, severities, thresholds and where these come from."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from mllog_callbacks.detectors._protocol import Issue, Observation, Severity
from mllog_callbacks.facts import IssueState, Subject

__all__ = ["KINDS", "Kind", "kind"]


class Kind(NamedTuple):
    """One row of the table.

    Attributes:
        code: Never given to another kind.
        name: What `detectors=[...]` and the issues call it.
        severity: That of the issue when it opens; at the run's end it is set by its consequence.
        threshold: When it fires, with the default thresholds.
        source: Where the method or its thresholds come from.
    """

    code: str
    name: str
    severity: Severity
    threshold: str
    source: str

    def issue(  # noqa: PLR0913 - an issue has as many parts
        self,
        observation: Observation,
        decision: str,
        reasoning: str,
        metrics: Mapping[str, float | str],
        severity: Severity | None = None,
        *,
        state: IssueState = "open",
        subject: Subject | None = None,
        since: int | None = None,
        closed_by: str = "",
    ) -> Issue:
        """An issue of this kind, at the step of an observation."""
        return Issue(
            self.code,
            self.name,
            self.severity if severity is None else severity,
            observation.step,
            decision,
            reasoning,
            metrics,
            state,
            subject,
            since=since,
            closed_by=closed_by,
        )


_OWN: Final = "own; measured by benchmarks/detectors.py"
_STEP: Final = (
    "the noise of a metric that has repeated a value, and so takes few, is its smallest change at "
    "least: a count of rows varies by its root (Poisson)"
)

KINDS: Final = (
    Kind(
        "MLA001",
        "overfitting",
        Severity.WARNING,
        "for 3 to 5 checks (6 to 10 by iteration) the smoothed validation loss is above its best "
        "by 3 % of it (a score to maximise below by 1 %), by 4 % of what was gained (15 % of the "
        "best suffices) and by 3 times the noise, while the training loss fell by 2 % and by twice "
        "its noise; closed by a new best; an error at the run's end where the kept model is worse "
        "by 10 %",
        "Prechelt, Early Stopping - But When? (1998), GL; gates for noise and gain: "
        f"{_OWN}; {_STEP}",
    ),
    Kind(
        "MLA002",
        "generalisation_gap",
        Severity.INFO,
        "validation loss 50 % above the training loss for 5 checks; not for values at or below 0",
        "as SageMaker Debugger's Overfit rule, (val - train) / train, with a wider ratio",
    ),
    Kind(
        "MLA003",
        "plateau",
        Severity.INFO,
        "the last fifth of the run (6 checks at least, 30 by iteration, 200 by step) brought at "
        "most 1 % of all that was gained and 1.5 % of the level, and within its noise at most "
        "10 % of the gain and the level itself; 2 % of the start was gained at least; a drop of "
        "the learning rate to half or less begins anew, five times as much for 3 checks closes it",
        _OWN,
    ),
    Kind(
        "MLA004",
        "non_finite",
        Severity.ERROR,
        "a value that is NaN or infinite, at once; once a curve",
        "IEEE 754; as torch's detect_anomaly and Keras' TerminateOnNaN",
    ),
    Kind(
        "MLA005",
        "divergence",
        Severity.ERROR,
        "the training loss (validation loss where there is none) above twice its start, and by 4 "
        "mean changes, for 3 checks; closed when it is back at its start for 3",
        _OWN,
    ),
    Kind(
        "MLA006",
        "spike",
        Severity.WARNING,
        "one value above the exponential mean by 8 times the noise, by 30 % of the level and by "
        "30 % of the range seen before, earlier spikes left out",
        f"{_OWN}; noise: as for MLA001",
    ),
    Kind(
        "MLA007",
        "oscillation",
        Severity.WARNING,
        "over 15 checks (50 by iteration, 200 by step): mean change above 20 % of the level, 5 % "
        "of the start and 3 % of the range, more than half of the changes reverse the one before, "
        "net drift under 30 % of the path; 10 % of the level suffices where the training loss is "
        "still within 20 % of its start; by step it has to be no lower than its start; of a "
        "metric that takes few values more than one of its steps",
        "AUTOTRAINER (ICSE 2021), oscillating loss; thresholds: " + _OWN,
    ),
    Kind(
        "MLA008",
        "no_convergence",
        Severity.WARNING,
        "after 15 checks (50 by iteration, 500 by step) less than 2 % of the start was gained, or "
        "less than 15 % in all with less than 1 % since a third of them; by step of an exponential "
        "mean over 50",
        "AUTOTRAINER (ICSE 2021), slow convergence; thresholds: " + _OWN,
    ),
    Kind(
        "MLA009",
        "stalled",
        Severity.WARNING,
        "1,800 seconds without an observation",
        "SageMaker Debugger, StalledTrainingRule",
    ),
    Kind(
        "MLA010",
        "vanishing_gradient",
        Severity.WARNING,
        "first layer's gradient norm under 1e-4 and under 1e-3 of the last layer's, for 3 checks",
        "AUTOTRAINER (ICSE 2021)",
    ),
    Kind(
        "MLA011",
        "exploding_gradient",
        Severity.ERROR,
        "a gradient norm above 70 or not finite",
        "AUTOTRAINER (ICSE 2021)",
    ),
    Kind(
        "MLA012",
        "dead_units",
        Severity.WARNING,
        "70 % of a layer's units or more with a gradient of zero, for 3 checks",
        "AUTOTRAINER (ICSE 2021), dying ReLU",
    ),
    Kind(
        "MLA013",
        "unknown_direction",
        Severity.INFO,
        "the optimisation direction of metrics is not specified; reported once for all that come "
        "at the same step",
        "keras issue 18798, tensorflow issue 59036: what comes of guessing",
    ),
    Kind(
        "MLA014",
        "collapse",
        Severity.WARNING,
        "for 10 checks (30 by iteration, 200 by step) and a tenth of the run the training loss "
        "(validation loss where there is none) is above its best by half of what was gained, which "
        "is 10 % of the start at least, and by 4 times the noise before; closed when three "
        "quarters of the gain are back",
        _OWN,
    ),
    Kind(
        "MLA015",
        "constant_metric",
        Severity.WARNING,
        "a loss has the same value at each of its first 10 checks (30 by iteration, 200 by step); "
        "information for a score to maximise; closed by the first other value",
        "torchmetrics and Keras forums: labels that are empty, a graph that is cut off, a metric "
        "that is never updated",
    ),
    Kind(
        "MLA016",
        "zero_learning_rate",
        Severity.ERROR,
        "the learning rate is 0 at each of the first 5 checks (30 by iteration, 200 by step); "
        "closed by the first other",
        "gradient descent: a step of size zero changes nothing",
    ),
    # From here on what is known at the end of a run only
    Kind(
        "MLA021",
        "best_at_start",
        Severity.WARNING,
        "of 5 validation checks or more the first is the best, by the noise",
        "Prechelt, Early Stopping - But When? (1998): nothing was gained after the first check",
    ),
    Kind(
        "MLA022",
        "best_at_end",
        Severity.INFO,
        "the run ended as planned, the last of 10 checks or more is the best, and the last fifth "
        "brought 5 % of all that was gained, with early stopping; a warning, also without it, "
        "where it brought 10 % and 3 times the noise",
        "Keras and LightGBM, early stopping: it never stopped the training; 10 %: an exponential "
        "decay has a fifth of its way left then",
    ),
    Kind(
        "MLA023",
        "monitored_training_data",
        Severity.WARNING,
        "the rule that stops the training or chooses the model watches the training data; or a "
        "validation set has the training's very values at 5 checks or more",
        "scikit-learn, User Guide, 3.1 Cross-validation: evaluated on data it was fitted to",
    ),
    Kind(
        "MLA024",
        "monitor_mode",
        Severity.ERROR,
        "the rule that stops the training or chooses the model minimises a metric whose higher "
        "values are better, or the reverse",
        "keras issue 18798, lightning's EarlyStopping(mode): the default minimises",
    ),
    Kind(
        "MLA025",
        "ended_worse",
        Severity.WARNING,
        "the last validation values are worse than the first by 5 % and by 3 times the noise, and "
        "no rule chose an earlier model",
        _OWN,
    ),
    Kind(
        "MLA026",
        "no_better_than_baseline",
        Severity.WARNING,
        "no metric of a validation set is better than a prediction without features gives, by more "
        "than chance brings: log loss (entropy of the class shares; ln of the classes), accuracy "
        "and error rate (largest class), AUC (0.5), squared and absolute error (mean, median), R2 "
        "(0); chance: a likelihood ratio of 8, or 1 % where rows are not known; accuracy: a "
        "quarter of what is left at most",
        "scikit-learn, DummyClassifier and DummyRegressor; chance: chi-squared of one degree of "
        "freedom, 0.5 %; AUC: Mann-Whitney U, its deviation without ties",
    ),
    Kind(
        "MLA027",
        "rising_from_start",
        Severity.WARNING,
        "none of the first 10 training losses (30 by iteration, 200 by step, smoothed) is below "
        "the first, and the last is above by 5 % and by 3 times the noise",
        _OWN,
    ),
    Kind(
        "MLA028",
        "possible_leak",
        Severity.WARNING,
        "one of several features has 90 % of all gain, and a validation metric is near-perfect: "
        "1 % of its baseline is left (log loss 2 %, root and absolute errors 10 %, AUC 0.999)",
        "Kaufman et al., Leakage in Data Mining (2012): exploratory signs; thresholds: own",
    ),
    Kind(
        "MLA029",
        "small_validation_set",
        Severity.WARNING,
        "a rule stops the training or chooses the model by a validation set of 25 rows or fewer: "
        "the standard error of a mean over them is 20 % of the deviation of single rows or more",
        "the standard error of a mean, one over the root of the rows",
    ),
    # From here on what an adapter sees once in a fit, and not in a curve
    Kind(
        "MLA101",
        "class_imbalance",
        Severity.INFO,
        "the largest class has 10 times the training rows of the smallest or more; a warning from "
        "100 times",
        "Google, Machine Learning Crash Course, Imbalanced datasets: extreme below 1 %",
    ),
    Kind(
        "MLA102",
        "constant_features",
        Severity.INFO,
        "features with one value in all rows that were looked at",
        "scikit-learn, VarianceThreshold's default",
    ),
    Kind(
        "MLA103",
        "no_labels",
        Severity.ERROR,
        "all labels of a step's batches are -100, which losses leave out, at 3 steps in a row that "
        "were looked at",
        "PyTorch, CrossEntropyLoss, ignore_index=-100",
    ),
    Kind(
        "MLA111",
        "not_converged",
        Severity.WARNING,
        "the framework warned that its solver did not converge",
        "scikit-learn, ConvergenceWarning",
    ),
    Kind(
        "MLA112",
        "undefined_metric",
        Severity.WARNING,
        "the framework warned that a metric is not defined on the data it was computed on",
        "scikit-learn, UndefinedMetricWarning",
    ),
    Kind(
        "MLA113",
        "failed_fits",
        Severity.WARNING,
        "fits of a search's candidates raised; an error where the best candidate is among them",
        "scikit-learn, FitFailedWarning and error_score",
    ),
    Kind(
        "MLA114",
        "framework_warning",
        Severity.INFO,
        "the framework warned of something else in its input or its computation",
        "scikit-learn and SciPy, their other classes of warnings",
    ),
)
"""All kinds, by code."""

_BY_NAME: Final = {each.name: each for each in KINDS}


def kind(name: str) -> Kind:
    """Return the kind of that name.

    Raises:
        KeyError: There is none.
    """
    return _BY_NAME[name]
