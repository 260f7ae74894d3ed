"""What of a platform's package would be audited: classes by role, methods by what they resemble."""

import inspect
import re
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, Final, NamedTuple

from mllog_callbacks.platform._mapping import MAPPING
from mllog_callbacks.platform._roles import ROLES, has

__all__ = ["Recognised", "explain"]

_LIKE: Final[Mapping[str, str]] = {
    "upload": "upload|ingest|import|register|load_csv|add_dataset|create_dataset|put",
    "validate": "validate|check|verify|inspect|profile",
    "preprocess": "preprocess|prepare|clean|transform|process",
    "select_algorithm": "algorithm|choose|pick|select_model|set_model",
    "set_hyperparameters": "hyperparam|configure|set_params|tune|settings",
    "train": "^(train|fit|run|launch|start_training|train_model)|_train$|^fit_",
    "report_progress": "progress|on_epoch|on_step|heartbeat",
    "status": "status|state|poll|get_job",
    "stop": "stop|cancel|abort|halt|kill|terminate",
    "save": "save|persist|store|export_model|dump",
    "download": "download|export|fetch",
    "evaluate": "evaluat|score|assess|measure|metrics",
    "compare": "compare|rank|league|leaderboard|best_of",
}
"""What methods of a role are called elsewhere; each is only a proposal."""


class Recognised(NamedTuple):
    """A class or module, and what would be hooked of it in a role.

    Attributes:
        role: The argument of `audit_platform`.
        target: Its name, as in ``platform.training.ModelTrainer``.
        methods: The names it has for the role's methods, by the role's names.
        proposed: What may be meant by other names: those to give in ``names=``.
        missing: Methods of the role for which it has nothing.
    """

    role: str
    target: str
    methods: Mapping[str, str]
    proposed: Mapping[str, tuple[str, ...]]
    missing: tuple[str, ...]

    @property
    def records(self) -> Mapping[str, tuple[str, ...]]:
        """The event types that each method would leave, by its name."""
        return {
            name: tuple(dict.fromkeys(str(rule.event) for rule in MAPPING[method].rules))
            for method, name in self.methods.items()
        }


def explain(package: ModuleType | type) -> list[Recognised]:
    """Recognise the roles in a package, module or class: the likeliest class of each.

    Nothing is hooked. A class counts for a role by the methods that it has of it, those of the
    role's own names before those that only resemble them.

    Args:
        package: The module, whose submodules that are imported count, too, or one class.
    """
    candidates = list(_candidates(package))
    found = []
    for role in ROLES:
        ranked = sorted(
            ((_score(role, each), each) for each in candidates),
            key=lambda pair: pair[0],
            reverse=True,
        )
        if ranked and ranked[0][0] > (0, 0):
            found.append(_recognised(role, ranked[0][1]))
    return found


def _candidates(package: ModuleType | type) -> Iterator[Any]:
    if isinstance(package, type):
        yield package
        return
    import sys  # noqa: PLC0415 - only here

    inside = f"{package.__name__}."
    modules = [package, *(m for n, m in list(sys.modules.items()) if n.startswith(inside))]
    for module in modules:
        own = [
            each
            for each in vars(module).values()
            if inspect.isclass(each) and each.__module__ == module.__name__
        ]
        yield from own
        if any(inspect.isfunction(each) for each in vars(module).values()):
            yield module


def _score(role: str, target: Any) -> tuple[int, int]:
    named = sum(has(target, each) for each in ROLES[role])
    alike = sum(bool(_alike(each, target)) for each in ROLES[role])
    return named + alike, named


def _alike(method: str, target: Any) -> tuple[str, ...]:
    """Public methods whose names resemble a role's method."""
    pattern = re.compile(_LIKE[method], re.IGNORECASE)
    names = [name for name, each in vars(target).items() if _is_method(name, each, target)]
    taken = {each for methods in ROLES.values() for each in methods}
    return tuple(each for each in names if pattern.search(each) and each not in taken)


def _is_method(name: str, value: object, target: Any) -> bool:
    if name.startswith("_"):
        return False
    if isinstance(target, ModuleType):
        return inspect.isfunction(value) and value.__module__ == target.__name__
    return inspect.isfunction(value) or isinstance(value, (staticmethod, classmethod))


def _recognised(role: str, target: Any) -> Recognised:
    methods = {each: each for each in ROLES[role] if has(target, each)}
    proposed = {
        each: alike
        for each in ROLES[role]
        if each not in methods and (alike := _alike(each, target))
    }
    missing = tuple(each for each in ROLES[role] if each not in methods and each not in proposed)
    is_class = isinstance(target, type)
    name = f"{target.__module__}.{target.__qualname__}" if is_class else target.__name__
    return Recognised(role, name, methods, proposed, missing)
