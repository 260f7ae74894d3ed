"""The grammar of metric names: the stage a value is of, the metric, and its usual direction.

A name is a sequence of words, separated by anything that is no letter or digit, or by a capital
letter: ``val_loss``, ``Loss/train``, ``TrainLoss`` and ``avg. test error`` all name a stage and a
metric. A stage is read from whole words alone; a name with words of two stages has none.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal, NamedTuple, TypeAlias

from mllog_callbacks._lazy import pattern
from mllog_callbacks._record import Record

__all__ = [
    "MetricName",
    "Stage",
    "assumed_direction",
    "is_learning_rate",
    "parse_metric_name",
]

Stage: TypeAlias = Literal["training", "validation", "test"]
"""The data that a metric is computed on: trained on, watched meanwhile, or kept for a test."""

Span: TypeAlias = Literal["epoch", "step"]
"""What one value of a metric covers."""

_STAGES: Final[dict[str, Stage]] = {
    **dict.fromkeys(("train", "training", "trn", "learn"), "training"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "eval", "evaluation"), "validation"),
    **dict.fromkeys(("heldout", "holdout", "oob"), "validation"),
    **dict.fromkeys(("test", "testing", "tst"), "test"),
}
# Any set may be evaluated: a word of another stage in the same name is more exact
_EVALUATION: Final = frozenset({"eval", "evaluation"})
_SPANS: Final[dict[str, Span]] = {
    "epoch": "epoch",
    **dict.fromkeys(("step", "batch", "iter", "iteration"), "step"),
}
# Words before "step" that make it a thing counted: global_step, seconds_per_step
_COUNTED: Final = frozenset({"global", "per", "time", "num", "n", "max", "total"})

_TOKEN: Final = pattern(r"[^\W_]+")
# "TrainLoss" and "AUCTest", but not "mAP", "mIoU" and "IoU"
_CAMEL: Final = pattern(r"(?<=[a-z]{2})(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")
_GLUED: Final = pattern(
    r"(train|val|valid|test|dev|eval)(?=(?:loss|acc|accuracy|err|error|auc|f1|mae|mse|rmse)$)"
)
_LOADER: Final = pattern(r"/dataloader_idx_\d+$")
_BEFORE: Final = " \t/\\_.,:;-|([{'\"=@"
_SEPARATORS: Final = _BEFORE + ")]}"

_LOWER: Final = frozenset(
    {
        *("loss", "losses", "error", "errors", "err", "nll", "deviance", "risk"),
        *("logloss", "mlogloss", "merror", "crossentropy", "xent", "xentropy", "perplexity"),
        *("ppl", "bpc", "bpb", "mae", "mse", "rmse", "msle", "rmsle", "mape", "smape", "mase"),
        *("nmse", "nrmse", "wer", "cer", "ter", "eer", "fid", "brier", "hinge", "logcosh"),
        *("fpr", "fnr", "chamfer", "epe", "ece", "kldiv", "rmspe", "wape", "crps"),
    }
)
_HIGHER: Final = frozenset(
    {
        *("accuracy", "accuracies", "acc", "auc", "auroc", "auprc", "aucpr", "rocauc", "prauc"),
        *("f1", "fbeta", "f1score", "totalf1", "precision", "recall", "sensitivity"),
        *("specificity", "tpr", "tnr", "iou", "miou", "dice", "jaccard", "map", "ap", "mar"),
        *("ndcg", "mrr", "r2", "bleu", "sacrebleu", "rouge", "rougel", "rougelsum", "meteor"),
        *("cider", "chrf", "psnr", "ssim", "mcc", "kappa", "top1", "top5", "concordance"),
        *("spearman", "spearmanr", "pearson", "pearsonr", "matthews"),
    }
)
_LOWER_PHRASES: Final = (
    *("log loss", "cross entropy", "negative log likelihood", "neg log likelihood"),
    *("kullback leibler", "hamming distance", "bits per", "mean pinball", "false positive rate"),
    *("false negative rate", "word error rate"),
)
_HIGHER_PHRASES: Final = (
    *("log likelihood", "true positive rate", "true negative rate", "average precision"),
    *("exact match", "r 2", "top 1", "top 5", "hit rate"),
)
# sklearn's scorers, of which more is better
_NEGATED: Final = pattern(r"\bneg (?:mean|median|root|max|log|brier|negative) ")
# LightGBM's names, which are metrics only where they are the whole name
_LOWER_WHOLE: Final = frozenset({"l1", "l2", "huber", "tweedie", "poisson", "quantile"})
# Of which a smaller loss need not be better: the losses of reinforcement learning
_REINFORCED: Final = frozenset(
    {
        *("policy", "value", "entropy", "actor", "critic", "q", "qf", "vf", "pi", "kl", "alpha"),
        *("reward", "rewards", "rew", "return", "returns", "advantage", "surrogate"),
        *("ppo", "pg", "td", "temperature"),
    }
)
# and of models that are trained against each other
_ADVERSARIAL: Final = frozenset(
    {"generator", "discriminator", "adversarial", "adv", "gan", "g", "d", "disc", "gen"}
)
_GENERAL: Final = frozenset({"loss", "losses", "error", "errors", "err"})
# What is said of a loss, and is none
_ABOUT: Final = frozenset(
    {
        *("scale", "scaler", "scaling", "weight", "weights", "coef", "coefficient", "lambda"),
        *("std", "var", "variance", "stdev", "ratio", "grad", "norm", "time", "seconds", "step"),
        *("count", "counter", "patience", "delta", "diff", "gap", "change", "epoch", "runtime"),
    }
)


class MetricName(Record):
    """What a name says.

    Attributes:
        metric: The metric, as written, without stage and span; the whole name where it has none.
        stage: The stage; None where the name has none, or words of two.
        dataset: The set, as written, as in "valid_0"; empty where the name has no stage.
        span: What one value covers, where the name says so ("loss_epoch", "batch_loss").
    """

    metric: str
    stage: Stage | None = None
    dataset: str = ""
    span: Span | None = None

    @property
    def key(self) -> str:
        """The metric in one spelling: "box_loss" for "BoxLoss", "Box loss" and "box-loss"."""
        return "_".join(each.text for each in _words(self.metric)) or self.metric.casefold()


class _Word(NamedTuple):
    """A word of a name, in lower case, and where it is."""

    text: str
    start: int
    end: int

    @property
    def bare(self) -> str:
        """The word without the number at its end."""
        return self.text.rstrip("0123456789") or self.text


@lru_cache(maxsize=4_096)
def parse_metric_name(name: str) -> MetricName:
    """The stage and the metric that a name consists of.

    Example:
        >>> parse_metric_name("val_loss")
        MetricName(metric='loss', stage='validation', dataset='val', span=None)
        >>> parse_metric_name("TrainLoss").stage
        'training'
        >>> parse_metric_name("train_loss_epoch")
        MetricName(metric='loss', stage='training', dataset='train', span='epoch')
    """
    loader = _LOADER.search(name)
    rest, span = _without_span(name[: loader.start()] if loader else name)
    words = _words(rest)
    found = [each for each in _stage_words(words) if each.bare in _STAGES]
    exact = [each for each in found if each.bare not in _EVALUATION] or found
    stages = {_STAGES[each.bare] for each in exact}
    if len(stages) != 1:
        return MetricName(rest, span=span)
    dataset = rest[exact[0].start : exact[0].end] + (loader[0] if loader else "")
    metric = rest
    for each in reversed(found):
        metric = _cut(metric, each)
    if span is None:  # "train/epoch_loss"
        metric, span = _without_span(metric)
    return MetricName(metric, stages.pop(), dataset, span) if metric else MetricName(name)


@lru_cache(maxsize=4_096)
def assumed_direction(metric: str) -> bool | None:
    """Whether more of a metric is better, by the fixed names of the field.

    An assumption: whoever knows better (an early stopping, a booster, the caller) goes first.

    Returns:
        True for accuracies and the like, False for losses and errors, and None for all other
        names, among them the losses of reinforcement learning and of adversaries.

    Example:
        >>> [assumed_direction(each) for each in ("val_f1", "dice_loss", "policy_loss", "speed")]
        [True, False, None, None]
    """
    words = _words(metric)
    while len(words) > 1 and words[-1].text in {"value", "values"}:
        words.pop()
    texts = [each.text for each in words]
    known = {*texts, *(each.bare for each in words)}
    if not words or texts[-1] in _ABOUT or not _ADVERSARIAL.isdisjoint(known):
        return None
    by_phrase = _phrase_direction(f" {' '.join(texts)} ")
    if by_phrase is not None:
        return by_phrase
    lower, higher = known & _LOWER, known & _HIGHER
    if not _REINFORCED.isdisjoint(known) and lower | higher <= _GENERAL:
        return None
    if lower:
        # a loss with its sign turned, or the loss of the negatives
        return None if "neg" in known else False
    return False if len(words) == 1 and texts[0] in _LOWER_WHOLE else True if higher else None


def _phrase_direction(text: str) -> bool | None:
    """The direction by several words, where they name one."""
    if _NEGATED.search(text):
        return True
    if any(f" {each} " in text for each in _LOWER_PHRASES):
        return False
    return True if any(f" {each} " in text for each in _HIGHER_PHRASES) else None


def is_learning_rate(name: str) -> bool:
    """Whether a name is that of a learning rate, as in "lr-Adam", "train_lr" or "lr/pg0"."""
    words = [each.bare for each in _words(name)]
    pairs = {*pairwise(words)}
    rate = {("learning", "rate"), ("learn", "rate"), ("learning", "rates")}
    return "lr" in words or "learningrate" in words or not rate.isdisjoint(pairs)


def _words(name: str) -> list[_Word]:
    """The words of a name: "trainloss" is two, "held-out" is one."""
    words: list[_Word] = []
    for each in _pieces(name):
        if each.text == "out" and words and words[-1].text in {"held", "hold"}:
            words.append(_Word(f"{words[-1].text}out", words.pop().start, each.end))
        else:
            words.append(each)
    return words


def _pieces(name: str) -> Iterator[_Word]:
    for found in _TOKEN.finditer(name):
        text, start = found[0], found.start()
        cuts = [0, *(each.start() for each in _CAMEL.finditer(text)), len(text)]
        if len(cuts) == 2 and (glued := _GLUED.match(text.lower())):  # noqa: PLR2004 - one word
            cuts.insert(1, glued.end())
        for one, other in pairwise(cuts):
            yield _Word(text[one:other].lower(), start + one, start + other)


def _stage_words(words: list[_Word]) -> Iterator[_Word]:
    """Words that may name a stage, each with the number after it, as in "valid_0"."""
    for index, each in enumerate(words):
        before = words[index - 1].text if index else ""
        after = words[index + 1] if index + 1 < len(words) else None
        if each.text == "dev" and before in {"std", "stddev"}:
            continue
        if after is not None and after.text.isdecimal() and index + 2 < len(words):
            yield each._replace(end=after.end)
        else:
            yield each


def _without_span(name: str) -> tuple[str, Span | None]:
    """A name without "epoch_" before it or "_step" after it, and what that says."""
    words = _words(name)
    if len(words) < 2 or {"time", "seconds"} & {each.text for each in words}:  # noqa: PLR2004 - a metric too
        return name, None
    first, last = words[0], words[-1]
    rest = words[1:] if first.text in _SPANS else words[:-1]
    if all(each.bare in _STAGES or each.text in _COUNTED for each in rest):
        return name, None
    if last.text in _SPANS and words[-2].text not in _COUNTED:
        return _cut(name, last), _SPANS[last.text]
    if first.text in _SPANS:
        return _cut(name, first), _SPANS[first.text]
    return name, None


def _cut(name: str, word: _Word) -> str:
    """A name without one of its words, and without what separated it."""
    head, tail = name[: word.start], name[word.end :]
    tail = tail.removeprefix("'s")
    if not head.strip(_SEPARATORS):
        return tail.strip().lstrip(_SEPARATORS)
    if not tail.strip(_SEPARATORS):
        return head.rstrip(_BEFORE)
    return head.rstrip(_BEFORE) + tail if tail[0] in _SEPARATORS else head + tail
