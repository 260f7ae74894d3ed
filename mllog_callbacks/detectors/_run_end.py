"""How a run ended, as far as its issues depend on it."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from mllog_callbacks._record import Record

__all__ = ["RunEnd"]


class RunEnd(Record):
    """What an end's facts say.

    Attributes:
        by: What ended it, as in `facts.Stop`; None where nobody saw it.
        rule: The rule that ended it.
        rules: Others that were on, and what chose the best checkpoint.
        kept_at: Where the model that it leaves stood, from 1; None where that is not known.
        unit: What that counts.
        chosen_by: What chose it; None where it is the last.
        keeps: Whether it is known which model it leaves.
        importance: Features with their shares of all importance.
    """

    by: str | None = None
    rule: Mapping[str, Any] | None = None
    rules: tuple[Mapping[str, Any], ...] = ()
    kept_at: int | None = None
    unit: str = ""
    chosen_by: str | None = None
    keeps: bool = False
    importance: Mapping[str, float] = MappingProxyType({})

    @classmethod
    def of(cls, snapshot: Mapping[str, Any]) -> "RunEnd":
        """From the snapshot of an end."""
        stop, kept, rules = (_mapping(snapshot.get(n)) for n in ("stop", "kept", "rules"))
        others = snapshot.get("rules")
        listed = others if isinstance(others, list | tuple) else rules.values()
        rule, at = _mapping(stop.get("rule")), kept.get("at")
        return cls(
            by=stop.get("by"),
            rule=rule or None,
            rules=(
                *(each for each in listed if isinstance(each, Mapping)),
                *_choosing(_mapping(snapshot.get("best_checkpoint"))),
            ),
            kept_at=at if isinstance(at, int) else None,
            unit=str(kept.get("unit") or ""),
            chosen_by=kept.get("chosen_by"),
            keeps=bool(kept),
            importance=_mapping(snapshot.get("importance")),
        )

    def all_rules(self) -> Iterator[Mapping[str, Any]]:
        """The rule that ended it, and those that were on."""
        if self.rule is not None:
            yield self.rule
        yield from self.rules

    def keeps_before(self, step: int) -> bool:
        """Whether something chose a model from before a step."""
        return self.chosen_by is not None and self.kept_at is not None and self.kept_at < step

    @property
    def kept(self) -> str:
        """Who kept which model, in words."""
        at = "" if self.kept_at is None else f" {self.unit or 'step'} {self.kept_at:,}"
        return f"{self.chosen_by} kept{at}"


def _choosing(checkpoint: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What chose a checkpoint by a metric, as a rule."""
    metric = checkpoint.get("monitor")
    if metric:
        yield {"name": checkpoint.get("by") or "The checkpoint", "metric": metric}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
