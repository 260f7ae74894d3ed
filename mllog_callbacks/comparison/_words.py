"""What a comparison shows, in a few words each: for terminals, pages and notebooks alike."""

from collections.abc import Sequence
from typing import Final

from mllog_callbacks.comparison._comparison import Comparison
from mllog_callbacks.comparison._group import Group
from mllog_callbacks.comparison._judgement import Judgement
from mllog_callbacks.comparison._run import ComparedRun
from mllog_callbacks.comparison._score import Score
from mllog_callbacks.comparison._trait import Difference, Trait
from mllog_callbacks.reading.story import cut, value
from mllog_callbacks.schema import count

__all__ = [
    "against_in_words",
    "difference_in_words",
    "group_in_words",
    "heading",
    "issues_in_words",
    "parting_in_words",
    "plain_name",
    "score_in_words",
    "short_names",
    "trait_in_words",
]

_MODES: Final = {"min": "less is better", "max": "more is better", "": "direction not known"}
_KINDS: Final = {
    "seeds": "Same settings, other seeds",
    "repeats": "Same settings",
    "data": "Same settings, other data",
    "trials": "Trials of study",
    "candidates": "Candidates of",
    "within": "Runs within",
    "ranks": "Further ranks of",
    "script": "Runs of",
}


def heading(found: Comparison) -> str:
    """What is compared, as in "12 runs by valid auc (more is better)"."""
    runs = count(len(found.runs), "run")
    if not found.metric:
        return f"{runs}; no score is recorded"
    by = f", {found.mode_by}" if found.mode_by.startswith("assumed") else ""
    return f"{runs} by {found.metric} ({_MODES[found.mode]}{by})"


def short_names(runs: Sequence[ComparedRun]) -> dict[str, str]:
    """For each id the end of it that is no other's: what the commands take as well."""
    ends = {run.id: run.id.rpartition("-")[2] for run in runs}
    found = [*ends.values()]
    unique = len({*found}) == len(found)
    return ends if unique else {each: each for each in ends}


def score_in_words(score: Score | None) -> str:
    """As in "0.1231 ± 0.004"; empty where there is none."""
    if score is None:
        return ""
    spread = "" if score.deviation is None else f" ± {score.deviation:.2g}"
    return f"{score.value:.4g}{spread}"


def against_in_words(judged: Judgement | None) -> str:
    """How a run compares, as in "-0.012, worse (noise 0.0004)"; empty of the reference itself."""
    if judged is None:
        return ""
    if judged.change is None:
        return "no score to compare"
    word = "worse" if "score" in judged.worse else "better" if judged.better else "same"
    if judged.gain is None:
        word = "direction not known"
    elif word == "same" and judged.change:
        word = "within noise"
    if judged.noise is None and judged.change:
        noise = "; noise not known"
    else:
        noise = f"; noise {judged.noise:.2g}" if judged.noise else ""
    more = "".join(f", {each} worse" for each in judged.worse if each != "score")
    return f"{judged.change:+.3g} ({word}{noise}){more}"


def plain_name(name: str) -> str:
    """A trait's name as it is shown: that of a parameter by itself."""
    for prefix in ("parameters.", "environment.", "context.", "origin."):
        name = name.removeprefix(prefix)
    return name


def trait_in_words(each: Trait | None, most: int = 40) -> str:
    """Its value, and who set it where that is no matter of course."""
    if each is None:
        return "-"
    by = "" if each.by in {"", "the caller"} else f" ({each.by})"
    return f"{value(each.value, most)}{cut(by, most)}"


def difference_in_words(each: Difference) -> str:
    """As in "num_leaves 63 (set by the caller), not 31 (default)"."""
    here, there = trait_in_words(each.here), trait_in_words(each.there)
    if each.here is None:
        return f"{plain_name(each.name)} not set, not {there}"
    return f"{plain_name(each.name)} {here}, not {there}"


def issues_in_words(found: Comparison, run: ComparedRun) -> str:
    """The issues of a run that the reference has not, and the other way round."""
    here, there = found.issues(run)
    more = [f"+ {each.name or each.code}" for each in here]
    less = [f"- {each.name or each.code}" for each in there]
    return ", ".join(dict.fromkeys([*more, *less]))


def parting_in_words(found: Comparison, run: ComparedRun) -> str:
    """Where the curve of the metric that is compared parts, else the first that does."""
    partings = found.partings(run)
    if not partings:
        return ""
    name = found.metric if found.metric in partings else next(iter(partings))
    each = partings[name]
    if each.not_known:
        return "not known"
    unit = run.unit or "step"
    return "nowhere" if each.at is None else f"{unit} {each.at:g}"


def group_in_words(group: Group) -> str:
    """As in "Same settings, other seeds: 5 runs, mean 0.91 ± 0.02"."""
    what = "candidate" if group.kind == "candidates" else "run"
    name = "" if group.kind in {"seeds", "repeats", "data"} else f" {group.name}"
    said = f"{_KINDS[group.kind]}{name}: {count(len(group.members), what)}"
    if group.mean is None:
        return said
    spread = "" if group.deviation is None else f" ± {group.deviation:.2g}"
    return f"{said}, {group.metric} {group.mean:.4g}{spread}"
