"""scikit-learn's own estimator checks, bare and audited, side by side.

Run it over all estimators, here in two shards, with

    python tests/support/sklearn_checks.py --shard 0/2
    python tests/support/sklearn_checks.py --shard 1/2

It prints each check that passes bare and fails audited, and ends with 1 where there is any that
`IMPOSSIBLE` does not name.
"""

import argparse
import os
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from sklearn.utils import all_estimators
from sklearn.utils._test_common.instance_generator import _construct_instances
from sklearn.utils.estimator_checks import estimator_checks_generator

from mllog_callbacks import AuditLog, raising
from mllog_sklearn import audited

IMPOSSIBLE: Final[Mapping[tuple[str, str], str]] = {}
"""Checks that no wrapped estimator can pass, by estimator and check, with the reason."""


class Difference(NamedTuple):
    """A check that passes bare and fails audited."""

    estimator: str
    check: str
    failure: str


class Compared(NamedTuple):
    """What came of some checks."""

    ran: int
    passed_bare: int
    differences: list[Difference]


def compare(estimator: Any, log: AuditLog) -> Compared:
    """Run all checks of an estimator, bare and, where these pass, audited."""
    ran = passed = 0
    differences = []
    name = type(estimator).__name__
    bare = list(_checks(estimator))
    wrapped = list(_checks(audited(estimator, log)))
    named = [each for each, _, _ in wrapped]
    if named != [each for each, _, _ in bare]:
        differences.append(Difference(name, "the list of checks", f"audited: {named}"))
    for check, instance, run in bare:
        ran += 1
        if _failure(run, instance) is not None:
            continue
        passed += 1
        failure = _failure(run, audited(instance, log))
        if failure is not None and (name, check) not in IMPOSSIBLE:
            differences.append(Difference(name, check, failure))
    return Compared(ran, passed, differences)


def _checks(estimator: Any) -> Iterator[tuple[str, Any, Any]]:
    for instance, check in estimator_checks_generator(estimator):
        function = check
        while hasattr(function, "func"):
            function = function.func
        yield function.__name__, instance, check


def _failure(check: Any, estimator: Any) -> str | None:
    """Why a check fails; None where it passes or does not apply."""
    before = np.random.get_state()  # noqa: NPY002 - what the checks draw from
    np.random.seed(0)  # noqa: NPY002 - likewise
    try:
        with warnings.catch_warnings(), raising():
            warnings.simplefilter("ignore")
            check(estimator)
    except Exception as error:  # noqa: BLE001 - a check may fail with anything
        return None if type(error).__name__ == "SkipTest" else traceback.format_exc()
    finally:
        np.random.set_state(before)  # noqa: NPY002 - likewise
    return None


def instances(names: set[str] | None = None) -> Iterator[Any]:
    """An instance, or several, of each estimator, as scikit-learn's own tests make them."""
    for name, cls in all_estimators():
        if names is None or name in names:
            try:
                yield from _construct_instances(cls)
            except Exception as error:  # noqa: BLE001 - SkipTest, of what is not meant to be tested
                print(f"{name} is left out: {error}")


def main() -> int:
    """Compare all estimators of a shard."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shard", default="0/1")
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    shard, shards = map(int, given.shard.split("/"))
    chosen = list(instances(set(given.names) or None))[shard::shards]
    ran = passed = different = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.chdir(folder)
        for estimator in chosen:
            with AuditLog(folder, level="DEBUG") as log:
                found = compare(estimator, log)
            ran, passed = ran + found.ran, passed + found.passed_bare
            different += len(found.differences)
            print(
                type(estimator).__name__,
                found.ran,
                found.passed_bare,
                len(found.differences),
                flush=True,
            )
            for each in found.differences:
                print(f"DIFFERS {each.estimator} {each.check}\n{each.failure}", flush=True)
    print(f"{ran} checks, {passed} pass bare, {different} of these fail audited")
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main())
