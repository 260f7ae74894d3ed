"""How the benchmarks compare: candidates take turns, and ratios within a turn are what counts.

Whatever else the machine does meets all candidates of a turn alike. So each turn gives a ratio of
each candidate to the one it is compared with, and a table holds the median of these ratios and
their spread, the quartiles.
"""

import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

__all__ = ["Spread", "Turns", "take_turns"]


class Spread(NamedTuple):
    """The middle of some figures and their quartiles; all the same where there is only one."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> "Spread":
        """The spread of figures of the same thing."""
        low, median, high = (
            statistics.quantiles(figures, n=4, method="inclusive")
            if len(figures) > 1
            else [*figures] * 3
        )
        return cls(median, low, high)

    def __str__(self) -> str:
        return f"{self.median:.3f} [{self.low:.3f}, {self.high:.3f}]"


class Turns(dict[str, list[float]]):
    """What each candidate took, a figure a turn; the same index is the same turn."""

    def ratios(self, base: str) -> dict[str, Spread]:
        """How each stands to one of them, turn by turn."""
        return {
            name: Spread.of([own / other for own, other in zip(taken, self[base], strict=True)])
            for name, taken in self.items()
        }

    def table(self, base: str, title: str) -> str:
        """The ratios as a table in Markdown, in the order of the candidates.

        Args:
            base: The candidate that the others are compared with.
            title: What was measured, as in "CPU time of a training".
        """
        recorded = [f"| {title}, as a ratio | median [quartiles] |", "|---|---|"]
        recorded += [f"| {name} | {ratio} |" for name, ratio in self.ratios(base).items()]
        return "\n".join(recorded)


def take_turns(candidates: Mapping[str, Callable[[], float]], repeats: int, seed: int = 0) -> Turns:
    """Measure candidates in turns, each turn in an order of its own.

    Args:
        candidates: By name, what measures one once and returns its figure. Each is called once
            before, unmeasured, so that what is done only once (imports, caches) counts for none.
        repeats: The number of turns.
        seed: Of the orders.
    """
    shuffled = random.Random(seed)  # noqa: S311 - no secret
    taken = Turns({name: [] for name in candidates})
    for measure in candidates.values():
        measure()
    for _ in range(repeats):
        for name in shuffled.sample(list(candidates), len(candidates)):
            taken[name].append(candidates[name]())
    return taken
