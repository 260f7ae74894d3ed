"""The words of a training's start and of its data."""

from collections.abc import Iterator, Mapping

from mllog_callbacks.facts import (
    Attempt,
    Continued,
    DataSet,
    DatasetValidated,
    Range,
    Rule,
    TrainingStarted,
)
from mllog_callbacks.schema import Reason, assigned, by_label, count, listed, number
from mllog_callbacks.wording._search import of_study

__all__ = ["loaded_by", "started", "validated", "what"]


def started(facts: TrainingStarted) -> Reason:
    """A training begins."""
    plan = facts.plan
    said = [*_sizes(facts.data or {})]
    if facts.study is not None:
        said += of_study(facts.study)
    if facts.continues is not None:
        said.append(_continued(facts.continues))
    if facts.steps_before is not None:
        said.append(f"It goes on after an earlier training of {count(facts.steps_before, 'step')}.")
    said += [_rule(rule) for rule in (facts.rules or {}).values()]
    if facts.callbacks:
        said.append(f"Other callbacks, which may stop it: {listed(facts.callbacks)}.")
    if facts.attempt is not None:
        said.append(_attempt(facts.attempt))
    if facts.trial is not None:
        said.append(f"It is trial {facts.trial:,} of a search.")
    if facts.machines is not None:
        said.append(_together(facts, facts.machines))
    if facts.called_by is not None:
        said.append(f"Called by {facts.called_by}.")
    epochs = "" if plan.epochs is None else f" ({_epochs(plan.epochs)})"
    return Reason(f"{what(plan.folds, plan.unit)}{_most(facts)}{epochs} started.", " ".join(said))


def _most(facts: TrainingStarted) -> str:
    """How far it goes at most."""
    plan = facts.plan
    if plan.unlimited:
        return " without limit"
    limits = [] if plan.most is None else [count(plan.most, plan.unit)]
    limits += [] if facts.most_steps is None else [count(facts.most_steps, "step")]
    return f" of at most {' or '.join(limits)}" if limits else ""


def _together(facts: TrainingStarted, machines: int) -> str:
    """Which of the processes that train together this is."""
    this = "one of them" if facts.rank is None else f"rank {facts.rank:,}"
    if facts.launches:
        this = "the process that launches them"
    where = f": {listed(facts.addresses)}" if facts.addresses else ""
    return f"{count(machines, 'worker')} train together; this is {this}{where}."


def _epochs(epochs: float) -> str:
    return count(int(epochs), "epoch") if epochs == int(epochs) else f"{epochs:g} epochs"


def what(folds: int | None, unit: str = "") -> str:
    """What runs: a training, a cross-validation, or a search of trials."""
    if unit == "trial":
        return "Search"
    return f"Cross-validation over {count(folds, 'fold')}" if folds else "Training"


def _sizes(data: Mapping[str, DataSet]) -> Iterator[str]:
    for name, each in data.items():
        if each.same_as is not None:
            yield f"{name} is the {each.same_as} data."
        elif size := _size(each):
            yield f"{_called(name, each)}: {size}."


def _called(name: str, each: DataSet) -> str:
    """A set by its role and its name, unless that is the role's own."""
    if each.role is None:
        return name
    role = {"training": "Training data", "validation": "Validation set", "test": "Test set"}
    return role[each.role] if name == each.role else f"{role[each.role]} {name}"


def _size(each: DataSet) -> str:
    sizes = ((each.rows, "row"), (each.features, "feature"))
    return ", ".join(count(many, noun) for many, noun in sizes if many is not None)


def _continued(continued: Continued) -> str:
    of = (
        ""
        if continued.at is None or continued.unit is None
        else f" of {count(continued.at, continued.unit)}"
    )
    source = "" if continued.path is None else f" loaded from {continued.path}"
    return f"It continues a model{of}{source}."


def _attempt(attempt: Attempt) -> str:
    after = "" if attempt.after is None else f", after {attempt.after}"
    now = f"; now {assigned(attempt.changed)}" if attempt.changed else ""
    return f"It is attempt {attempt.number:,} of the same call{after}{now}."


def _rule(rule: Rule) -> str:
    curve = " ".join(filter(None, (rule.set, rule.metric)))
    patience = (
        None if rule.patience is None else f"patience {count(rule.patience, rule.unit or 'check')}"
    )
    first = "first metric only" if rule.first_metric_only else None
    set_by = None if rule.set_by is None else f"set by {rule.set_by}"
    known = ", ".join(filter(None, (curve, rule.mode, patience, first, set_by)))
    known = f" ({known})" if known else ""
    if rule.off is not None:
        return f"{rule.name}{known} is off: {rule.off}."
    said = f"{rule.name} is on{known}."
    if rule.waited:
        best = "" if rule.best is None else f" and a best value of {number(rule.best)}"
        said += (
            f" It begins with {count(rule.waited, 'check')} without improvement{best} from an "
            "earlier training."
        )
    elif rule.best is not None:
        said += f" It begins with a best value of {number(rule.best)} from an earlier training."
    return said


def validated(facts: DatasetValidated) -> Reason:
    """The framework has loaded the data."""
    sets = facts.data.items()
    loaded = [
        f"{_called(name, each)}: {_size(each) or each.dataset or 'size not known'}"
        for name, each in sets
        if each.same_as is None
    ]
    details = [
        f"{name}: {detail}."
        for name, each in sets
        if each.same_as is None and (detail := "; ".join([*_loaders(each), *_details(each)]))
    ]
    same = [f"{name} is the {each.same_as} data." for name, each in sets if each.same_as]
    folds = [] if facts.folds is None else [count(facts.folds, "fold")]
    return Reason(f"Data loaded. {'. '.join([*loaded, *folds])}.", " ".join([*details, *same]))


def _loaders(each: DataSet) -> Iterator[str]:
    if each.dataset is not None or each.loader is not None:
        yield loaded_by(each)


def _details(each: DataSet) -> Iterator[str]:
    if each.classes:
        by = "class" if each.coded_by is None else f"{each.coded_by}'s code"
        yield f"rows by {by} {by_label(each.classes)}"
    if each.unlabelled:
        yield f"{count(each.unlabelled, 'label')} given as NaN or infinite"
    if each.labels is not None:
        yield f"labels {_range(each.labels)}"
    if each.weights is not None:
        by = "" if each.weighted_by is None else f", made from {each.weighted_by}"
        yield f"weights of rows {_range(each.weights)}{by}"
    if each.groups is not None:
        groups = each.groups
        yield f"{count(groups.groups, 'group')} of {groups.least:,} to {groups.largest:,} rows"
    if each.missing is not None:
        yield count(each.missing, "missing value") if each.missing else "no missing values"
    if each.categorical is not None:
        names = listed(each.categorical)
        yield f"categorical features: {names}" if names else "no categorical features"
    if each.unused:
        yield f"{count(each.unused, 'feature')} unused: no split of the rows is possible"
    if each.init_scores:
        yield "with initial scores"


def loaded_by(each: DataSet) -> str:
    """How it comes to the training, as in "TensorDataset in batches of 8, 36 batches an epoch"."""
    size = "" if each.batch_size is None else f" in batches of {each.batch_size:,}"
    many = "without a known end" if each.batches is None else count(each.batches, "batch")
    epoch = "" if each.batches is None or each.role is None else " an epoch"
    return f"{each.dataset or each.loader}{size}, {many}{epoch}"


def _range(found: Range) -> str:
    mean = "" if found.mean is None else f", mean {number(found.mean)}"
    return f"{number(found.least)} to {number(found.largest)}{mean}"
