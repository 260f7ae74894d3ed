"""What logging one entry costs a training, beside other loggers: ``python -m benchmarks.sink``.

All are measured in one run and in turns, so that a busy machine is busy for all of them. The
first table holds what is aimed at beside what was reached: ratios within a turn, with the median
over the turns and, in brackets, the quartiles; and the same ratio of the floor, a bare `os.write`
of bytes made before. The second holds all figures. A peer that is not installed is left out.
"""

import argparse
import logging
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.loads import LOADS, memory, print_memory
from benchmarks.peers import PEERS, Logger
from benchmarks.turns import Spread, Turns

WRITE = "floor: os.write"
OURS = "mllog-callbacks"


class Goal(NamedTuple):
    """A ratio that is aimed at: of our figure to a peer's, at most."""

    title: str
    peer: str
    most: float


GOALS = (
    Goal("thread CPU", WRITE, 2.5),
    Goal("all CPU", "structlog on bytes", 0.33),
    Goal("all CPU", "stdlib QueueHandler", 0.08),
    Goal("p99 beside a thread", "json + os.write", 1 / 300),
    Goal("GIL-bound loop", "stdlib QueueHandler", 0.2),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--memory", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.memory:
            logger = PEERS[arguments.memory](Path(folder))
            print_memory(logger)
            logger.close()
            return
        loggers = dict(_ready(Path(folder)))
        measured: dict[str, Turns] = defaultdict(lambda: Turns({name: [] for name in loggers}))
        for turn in range(arguments.turns + 1):  # of which the first is to warm up
            _take_turn(loggers, measured, counts=turn > 0)
        for logger in loggers.values():
            logger.close()
    for name in loggers:
        measured["MiB"][name].append(memory(name))
    print(_goals(measured, loggers), _figures(measured, loggers), sep="\n\n")


def _ready(folder: Path) -> Iterator[tuple[str, Logger]]:
    for number, (name, make) in enumerate(PEERS.items()):
        directory = folder / str(number)
        directory.mkdir()
        try:
            yield name, make(directory)
        except ImportError as error:
            print(f"left out: {name} ({error})")


def _take_turn(loggers: dict[str, Logger], measured: dict[str, Turns], *, counts: bool) -> None:
    for load in LOADS:
        for name in random.sample(list(loggers), len(loggers)):
            figures = load(loggers[name])
            for title, figure in figures.items() if counts else ():
                measured[title][name].append(figure)


def _goals(measured: dict[str, Turns], loggers: dict[str, Logger]) -> str:
    recorded = [
        f"| {OURS} | at most | reached: median [quartiles] | | the floor alone |",
        "|---|---|---|---|---|",
    ]
    for title, peer, most in GOALS:
        if peer not in loggers:
            continue
        ratios = measured[title].ratios(peer)
        met = "yes" if ratios[OURS].median <= most else "no"
        recorded.append(
            f"| {title}, of {peer} | {most:.4f} | {_digits(ratios[OURS])} | {met} "
            f"| {_digits(ratios[WRITE])} |"
        )
    return "\n".join(recorded)


def _figures(measured: dict[str, Turns], loggers: dict[str, Logger]) -> str:
    recorded = [
        "| us an entry | " + " | ".join(measured) + " |",
        "|---" * (len(measured) + 1) + "|",
    ]
    for name in loggers:
        spreads = [Spread.of(turns[name]) if turns[name] else None for turns in measured.values()]
        cells = ["-" if each is None else _digits(each, 1) for each in spreads]
        recorded.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(recorded)


def _digits(spread: Spread, digits: int = 4) -> str:
    median, low, high = (f"{figure:.{digits}f}" for figure in spread)
    return f"{median} [{low}, {high}]"


if __name__ == "__main__":
    logging.raiseExceptions = False
    random.seed(0)
    main()
