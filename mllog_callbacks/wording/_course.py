"""The words of a training's course: progress, evaluations, saves."""

from collections.abc import Iterator, Mapping

from mllog_callbacks.facts import (
    Best,
    Kept,
    ModelEvaluated,
    ModelSaved,
    Results,
    TrainingProgress,
)
from mllog_callbacks.schema import Reason, assigned, count, listed, number
from mllog_callbacks.wording._search import trial_ended

__all__ = ["evaluated", "in_force", "measured", "progressed", "read", "saved", "saved_later"]


def progressed(facts: TrainingProgress) -> Reason:
    """A part of a training is done."""
    if facts.trial is not None:
        return trial_ended(facts, facts.trial)
    progress = facts.progress
    of = "" if progress.planned is None else f" of {progress.planned:,}"
    said = [*measured(facts.results, facts.deviations, facts.best, progress.done)]
    if facts.readings:
        said.append(f"{read(facts.readings)}.")
    if facts.changed:
        said.append(in_force(facts.changed))
    decision = f"{progress.unit.capitalize()} {progress.done:,}{of} is done."
    return Reason(decision, " ".join(said) or "No metric was measured.")


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
            standing = ""
            if found is not None and now is not None:
                standing = (
                    ", the best so far"
                    if found.at == now
                    else f" (best {number(found.value)} at {found.at:,})"
                )
            yield f"{name} {metric}: {_value(value, deviation)}{standing}."


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


def _value(value: float, deviation: float | None) -> str:
    return number(value) if deviation is None else f"{number(value)} +- {number(deviation)}"


def evaluated(facts: ModelEvaluated) -> Reason:
    """The model that a training leaves was measured."""
    values = ", ".join(each.rstrip(".") for each in measured(facts.results, facts.deviations))
    which, where = _model_of(facts.kept)
    aside = f" {read(facts.readings)}." if facts.readings else ""
    reasoning = f"Computed by {facts.computed_by}{where}.{aside}"
    return Reason(f"{which} evaluated. {values}.", reasoning)


def _model_of(kept: Kept | None) -> tuple[str, str]:
    """Which model was measured, and where it stood."""
    if kept is None:
        return "Model", ""
    chosen = f", which {kept.chosen_by} chose" if kept.chosen_by else ""
    if kept.at is None or kept.unit is None:
        return "Kept model", f" at the end of the training{chosen}"
    place = f"{kept.unit} {kept.at:,}"
    return f"Kept model ({place})", f" at {place}{chosen}"


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
    holds = ""
    if found.holds is not None and found.unit is not None:
        of = "" if found.of in {None, found.holds} else f" of {found.of:,}"
        holds = f" It holds {count(found.holds, found.unit)}{of}."
    size = "" if found.bytes is None else f"{count(found.bytes, 'byte')}"
    form = "" if found.format is None else f"format {found.format}"
    known = ", ".join(filter(None, (size, form)))
    best = " It is the best so far." if found.best else ""
    deleted = f" Deleted: {listed(found.deleted)}." if found.deleted else ""
    by = "" if found.by is None else f" Saved by {found.by}."
    reasoning = f"{known}.{holds}{best}{deleted}{by}".removeprefix(".").strip()
    return Reason(f"Model saved to {found.path}.", reasoning)
