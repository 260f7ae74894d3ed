"""What the columns of a table are: what counts the rows, learning rates, metrics, and the rest."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mllog_callbacks.curves._delimited import INDEX
from mllog_callbacks.curves._table import Table
from mllog_callbacks.schema import (
    MetricName,
    Stage,
    assumed_direction,
    is_learning_rate,
    parse_metric_name,
)

__all__ = ["Column", "Role", "counters", "understand"]

_EPOCHS: Final = frozenset({"epoch", "epochs"})
_STEPS: Final = (
    *("step", "global_step", "trainer_global_step", "train_global_step", "steps", "num_updates"),
    *("update", "updates", "num_steps", "iteration", "iter", "iters", "iterations", "it"),
    *("round", "timesteps", "total_timesteps", "time_total_timesteps", "num_timesteps"),
    *("env_steps", "batch", "samples", "tokens", "time_iterations", "check"),
)
_TIMES: Final = frozenset({"time", "timestamp", "wall_time", "walltime", "date", "datetime"})
# Numbers about how a run goes, which are no metric of its model
_ASIDE: Final = re.compile(
    r"(?:.*_)?(?:seconds?|secs|duration|time|elapsed|eta|runtime|date|datetime|timestamp|wall|"
    r"created_at|memory|mem|bytes|per_second|speed|throughput|fps|sps|momentum|weight_decay|wd|"
    r"grad_norm|gnorm|norm|samples|tokens|batch_size|bsz|count|total|size|flos|flops|parameters|"
    r"params|bad_epochs?|patience|scale|seed|rank|gpu|cpu|disk|context)"
    r"|(?:num|n|nb|max|min|system|gpu|cpu)_.+",
)
_TEXT_SHARE: Final = 0.5


class Role(StrEnum):
    """What a column is."""

    EPOCH = "epoch"
    STEP = "step"
    INDEX = "index"
    RATE = "learning rate"
    METRIC = "metric"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column as it was understood.

    Attributes:
        name: Its name.
        role: What it is.
        parsed: Metric, stage, set and span, by its name or its format.
        higher_is_better: Its direction; None where neither name nor format has one.
        assumed: Whether the direction comes from the name alone.
        values: How many numbers it holds.
        note: What a reader should know.
    """

    name: str
    role: Role
    parsed: MetricName
    higher_is_better: bool | None = None
    assumed: bool = True
    values: int = 0
    note: str = ""

    @property
    def stage(self) -> Stage | None:
        """The data that it is of."""
        return self.parsed.stage

    @property
    def understood(self) -> str:
        """How it was understood, in words."""
        if self.role is not Role.METRIC:
            return self.role + (f" ({self.note})" if self.note else "")
        stage = self.stage or "stage not named"
        better = {True: "higher is better", False: "lower is better", None: "direction unknown"}
        span = "" if self.parsed.span is None else f", by {self.parsed.span}"
        return f"{self.parsed.metric}, {stage}{span}, {better[self.higher_is_better]}"


def understand(table: Table) -> list[Column]:
    """The columns of a table, in its order."""
    ultralytics = _is_ultralytics(table.columns)
    return [_column(table, name, ultralytics=ultralytics) for name in table.columns]


def counters(columns: Sequence[Column]) -> list[Column]:
    """The columns that count rows: epochs first, then steps, by how likely they count each row."""
    epochs = [each for each in columns if each.role is Role.EPOCH]
    steps = [each for each in columns if each.role is Role.STEP]
    return epochs + sorted(steps, key=lambda each: _STEPS.index(_whole(each.name)))


def _is_ultralytics(names: Sequence[str]) -> bool:
    """Whether a table is Ultralytics' `results.csv`, whose train/ and val/ columns are losses."""
    starts = {each.partition("/")[0] for each in names if "/" in each}
    measured = ("metrics/mAP", "metrics/precision", "metrics/accuracy_top")
    return {"train", "val"} <= starts and any(each.startswith(measured) for each in names)


def _column(table: Table, name: str, *, ultralytics: bool) -> Column:
    cells = [row[name] for row in table.rows if name in row]
    texts = [each for each in cells if isinstance(each, str)]
    values = len(cells) - len(texts)
    parsed = parse_metric_name(name)
    role = _role(name, parsed.key)
    if values == 0 or len(texts) > _TEXT_SHARE * len(cells):
        held = f"holds {texts[0][:40]!r}, which is no number" if texts else "no values"
        return Column(name=name, role=Role.OTHER, parsed=parsed, note=held)
    note = f"{len(texts)} of {len(cells)} cells are no numbers" if texts else ""
    if role is not Role.METRIC:
        return Column(name=name, role=role, parsed=parsed, values=values, note=note)
    stage = table.stages.get(name, parsed.stage)
    if ultralytics and name.startswith("metrics/"):
        parsed, stage = MetricName(name.removeprefix("metrics/")), "validation"
    if stage != parsed.stage:
        parsed = MetricName(parsed.metric, stage, stage or "", parsed.span)
    fixed = name in table.directions
    higher = table.directions[name] if fixed else assumed_direction(parsed.metric)
    if ultralytics and name.startswith(("train/", "val/")):
        fixed, higher = True, False
    return Column(
        name=name,
        role=role,
        parsed=parsed,
        higher_is_better=higher,
        assumed=not fixed,
        values=values,
        note=note,
    )


def _role(name: str, key: str) -> Role:
    whole = _whole(name)
    if name == INDEX:
        return Role.INDEX
    if whole in _EPOCHS:
        return Role.EPOCH
    if whole in _STEPS:
        return Role.STEP
    if is_learning_rate(name):
        return Role.RATE
    if whole in _TIMES or (_ASIDE.fullmatch(key) and assumed_direction(name) is None):
        return Role.OTHER
    return Role.METRIC


def _whole(name: str) -> str:
    """A name in one spelling: "trainer_global_step" for "trainer/global_step"."""
    return "_".join(re.findall(r"[^\W_]+", name.lower()))
