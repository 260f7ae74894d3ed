"""The words of a training's course: progress, evaluations, saves."""

from collections.abc import Iterator, Mapping
from typing import Final

from mllog_callbacks.facts import (
    Batches,
    Best,
    Kept,
    ModelEvaluated,
    ModelSaved,
    Results,
    Saved,
    TrainingProgress,
)
from mllog_callbacks.schema import Reason, assigned, count, listed, number
from mllog_callbacks.wording._search import trial_ended
from mllog_callbacks.wording._start import loaded_by

__all__ = [
    "call_named",
    "evaluated",
    "in_force",
    "measured",
    "part_done",
    "progressed",
    "read",
    "saved",
    "saved_later",
    "with_deviation",
]


def progressed(facts: TrainingProgress) -> Reason:
    """A part of a training is done."""
    if facts.trial is not None:
        return trial_ended(facts, facts.trial)
    progress = facts.progress
    if facts.restored_from is not None:
        return _restored(facts, facts.restored_from)
    said = [*measured(facts.results, facts.deviations, facts.best, progress.done)]
    if facts.averaged_over is not None:
        said.append(f"Mean over {count(facts.averaged_over, 'step')}.")
    if facts.readings:
        said.append(f"{read(facts.readings)}.")
    if facts.changed:
        said.append(in_force(facts.changed))
    if not said:
        said.append("No metric was measured.")
    if facts.learning_rate is not None:
        said.append(_rates(facts))
    return Reason(_done(facts), " ".join(said))


def _done(facts: TrainingProgress) -> str:
    """What is done: an iteration, a validation within an epoch, an epoch or a part of one."""
    progress, epoch = facts.progress, facts.epoch
    of = "" if progress.planned is None else f" of {progress.planned:,}"
    if epoch is None:
        return f"{progress.unit.capitalize()} {progress.done:,}{of} is done."
    if facts.within_epoch:
        return f"Validated in epoch {epoch:,}, after step {progress.done:,}."
    if (part := facts.batches) is None:
        return f"Epoch {epoch:,}{of} is done."
    whole = "" if part.planned is None else f" of {part.planned:,}"
    return f"Epoch {epoch:,}{of} ended after {part.done:,}{whole} batches."


def _rates(facts: TrainingProgress) -> str:
    """The learning rates of an epoch: schedulers have stepped when it is recorded."""
    now = _rate(facts.learning_rate)
    if facts.learning_rate_before is None:
        return f"The learning rate is {now}."
    before = _rate(facts.learning_rate_before)
    return f"The learning rate was {before} when it began, and is {now} now."


def _rate(found: object) -> str:
    """The one rate, or each with the optimizer and group that it is of."""
    if isinstance(found, Mapping):
        return ", ".join(f"{number(rate)} ({name})" for name, rate in found.items())
    return number(float(str(found)))


def _restored(facts: TrainingProgress, source: str) -> Reason:
    """A training has taken up the state of a checkpoint."""
    progress, part = facts.progress, ""
    done = count(progress.done, progress.unit)
    if facts.step is not None:
        done += f" and {count(facts.step, 'step')}"
    if (found := facts.batches) is not None:
        part = (
            f" {_batches(found)} were done before: what the training logs of that epoch is of the "
            "others alone."
        )
    return Reason(
        f"Training continues after {done}.",
        f"The state of {source} was restored: weights, optimizers, loops, callbacks.{part}",
    )


def _batches(found: Batches) -> str:
    of = "" if found.planned is None else f" of {found.planned:,}"
    return f"{found.done:,}{of} batches of epoch {found.epoch:,}"


def part_done(found: Batches | None, epochs: int, step: int) -> str:
    """How far a training came, as in "2 epochs and 3 of 8 batches of epoch 3, 19 steps"."""
    steps = count(step, "step")
    if found is None:
        return f"{count(epochs, 'epoch')}, {steps}"
    whole = f"{count(found.epoch - 1, 'epoch')} and " if found.epoch > 1 else ""
    return f"{whole}{_batches(found)}, {steps}"


def measured(
    results: Results,
    deviations: Results | None = None,
    best: Mapping[str, Mapping[str, Best]] | None = None,
    now: int | None = None,
) -> Iterator[str]:
    """A sentence for each result, with the best so far where that is known."""
    bests = best or {}
    for name, metrics in results.items():
        for metric, value in metrics.items():
            deviation = (deviations or {}).get(name, {}).get(metric)
            found: Best | None = bests.get(name, {}).get(metric)
            standing = "" if found is None or now is None else _standing(found, now)
            yield f"{name} {metric}: {with_deviation(value, deviation)}{standing}."


def _standing(best: Best, now: int) -> str:
    if best.at != now:
        return f" (best {number(best.value)} at {best.at:,})"
    waited = "" if best.waited is None else f", the first in {best.waited + 1:,}"
    return f", the best so far{waited}"


def read(readings: Mapping[str, float]) -> str:
    """Numbers that are no metrics."""
    return ", ".join(f"{name}: {number(value)}" for name, value in readings.items())


def in_force(changed: Mapping[str, object]) -> str:
    """Parameters that have other values than at the start."""
    shown = {
        name: number(value) if isinstance(value, float) else value
        for name, value in changed.items()
    }
    return f"Changed since the start: {assigned(shown)}."


def with_deviation(value: float, deviation: float | None) -> str:
    """A value, with its standard deviation where there is one."""
    return number(value) if deviation is None else f"{number(value)} +- {number(deviation)}"


def evaluated(facts: ModelEvaluated) -> Reason:
    """The model that a training leaves was measured, or one by a call of its own."""
    if facts.call is not None:
        return _called(facts, facts.call)
    now = None if facts.progress is None else facts.progress.done
    values = ", ".join(
        each.rstrip(".") for each in measured(facts.results, facts.deviations, facts.best, now)
    )
    which, where = _model_of(facts.kept, facts.folds)
    if facts.epoch is not None and facts.step is not None:
        where = f" in epoch {facts.epoch:,}, after step {facts.step:,}"
    aside = f" {read(facts.readings)}." if facts.readings else ""
    over = (
        ""
        if facts.folds is None
        else f" Means and standard deviations over {count(facts.folds, 'fold')}."
    )
    since = facts.steps_since
    more = f" The model was trained for {count(since, 'step')} more since." if since else ""
    reasoning = f"Computed by {facts.computed_by}{where}.{over}{aside}{more}"
    return Reason(f"{which} evaluated. {values}.", reasoning)


_CALLS: Final = {"validate": "Validation", "test": "Test", "predict": "Prediction"}


def call_named(call: str) -> str:
    """What a call is to a reader."""
    return _CALLS.get(call, call.capitalize())


def _called(facts: ModelEvaluated, call: str) -> Reason:
    """A call by itself measured a model."""
    if facts.without is not None:
        return Reason(
            f"{call_named(call)} had no batches: there is no result.", f"{facts.without}."
        )
    values = ", ".join(
        f"{metric} {number(value)}"
        for metrics in facts.results.values()
        for metric, value in metrics.items()
    )
    if not values and call != "predict":
        values = "no metric was logged"
    weights = "in memory" if facts.ckpt_path is None else f"those of {facts.ckpt_path}"
    loaded = [f"{name}: {loaded_by(each)}." for name, each in (facts.data or {}).items()]
    said = [*loaded, f"Computed by {facts.computed_by}.", f"Its weights are {weights}."]
    return Reason(f"{call_named(call)} is done{f': {values}' if values else ''}.", " ".join(said))


def _model_of(kept: Kept | None, folds: int | None) -> tuple[str, str]:
    """Which model was measured, and where it stood."""
    if kept is None:
        return "Model", ""
    which = "Kept model" if folds is None else "Models of the folds"
    chosen = f", which {kept.chosen_by} chose" if kept.chosen_by else ""
    if kept.at is None or kept.unit is None:
        return which, f" at the end of the training{chosen}"
    place = f"{kept.unit} {kept.at:,}"
    return f"{which} ({place})", f" at {place}{chosen}"


def saved_later(saved: Mapping[str, object]) -> Reason:
    """The hash of a saved file is known now, or it is known why it is not."""
    path, digest = saved.get("path"), saved.get("sha256")
    if digest is not None:
        return Reason(f"Saved model hashed: {path}.", f"SHA-256 {digest}.")
    why = saved.get("not_known")
    reason = why.get("sha256") if isinstance(why, Mapping) else None
    return Reason(f"Saved model not hashed: {path}.", f"Not hashed: {reason}.")


def saved(facts: ModelSaved) -> Reason:
    """A model was saved."""
    found = facts.saved
    which = "Model" if found.part is None else f"Part of the model ({found.part})"
    if found.models is not None:
        which = f"Models of {count(found.models, 'fold' if found.unit else 'run')}"
    size = "" if found.bytes is None else f"{count(found.bytes, 'byte')}"
    form = "" if found.format is None else f"format {found.format}"
    known = ", ".join(filter(None, (size, form)))
    gone = [*(found.deleted or ()), *(facts.deleted or ())]
    deleted = f" Deleted: {listed(gone)}." if gone else ""
    how = f"{_scored(facts)}{deleted}{_by(facts)}"
    reasoning = f"{known}.{_held(found)}{how}".removeprefix(".").strip()
    if found.written is False:
        return Reason(
            f"{which} given to be saved to {found.path}.",
            f"Its file was not there yet when this was recorded. {reasoning}".strip(),
        )
    return Reason(f"{which} saved to {found.path}.", reasoning)


def _scored(facts: ModelSaved) -> str:
    """How it compares by the metric that chooses what is kept."""
    best, score = facts.saved.best, facts.score
    if facts.score_counts_as is not None:
        counts = f"{facts.monitor} counts as {facts.score_counts_as}, as what is no number does"
        return f" It is the best so far; {counts}." if best else f" {counts}."
    value = "" if score is None else f"{facts.monitor} {number(score)}"
    if best:
        before = facts.score_before
        than = "" if before is None else f", better than {number(before)} before"
        return f" It is the best so far{f': {value}{than}' if value else ''}."
    said = f" {value}." if value else ""
    if best is None or facts.monitor is None:
        return said
    if facts.best_model_path is None:
        return f"{said} None is the best so far."
    at = facts.best_model_score
    of = "" if at is None else f", with {facts.monitor} {number(at)}"
    return f"{said} The best so far is {facts.best_model_path}{of}."


def _by(facts: ModelSaved) -> str:
    """Who saved it, and what that keeps."""
    by = facts.saved.by
    if by is None:
        return ""
    if facts.save_top_k is None:
        return f" Saved by {by}{_when(facts)}."
    if facts.monitor is None:
        kept = "all checkpoints" if facts.save_top_k == -1 else "the most recent checkpoint"
        return f" Saved by {by}{_when(facts)}, which has no monitor, so it keeps {kept}."
    settings = assigned(
        {"monitor": facts.monitor, "mode": facts.mode, "save_top_k": facts.save_top_k}
    )
    return f" Saved by {by}({settings}){_when(facts)}."


def _when(facts: ModelSaved) -> str:
    done = [] if facts.progress is None else [count(facts.progress.done, facts.progress.unit)]
    done += [] if facts.step is None else [count(facts.step, "step")]
    return f" after {' and '.join(done)}" if done else ""


def _held(found: Saved) -> str:
    """How much of the model was saved, and what chose that."""
    if found.holds is None or found.unit is None:
        return ""
    it = "It holds" if found.models is None else "Each holds"
    of = "" if found.of is None else f" of {found.of:,}"
    since = "" if found.start is None else f" from {found.start:,} on"
    chosen = "" if found.chosen_by is None else f", chosen by {found.chosen_by}"
    return f" {it} {count(found.holds, found.unit)}{of}{since}{chosen}."
