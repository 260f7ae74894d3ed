"""The grammar of metric names: by table, and by properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mllog_callbacks.schema import (
    Stage,
    assumed_direction,
    is_learning_rate,
    parse_metric_name,
)

STAGES: dict[str, Stage] = {
    **dict.fromkeys(("train", "training", "learn"), "training"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "eval", "held_out"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
METRICS = ["loss", "box_loss", "acc1", "mIoU", "AUC", "mAP50(B)", "logloss", "policy_loss"]


@pytest.mark.parametrize(
    ("name", "stage", "metric"),
    [
        ("val_loss", "validation", "loss"),
        ("train/box_loss", "training", "box_loss"),
        ("TrainLoss", "training", "Loss"),
        ("trainloss", "training", "loss"),
        ("Loss/train", "training", "Loss"),
        ("Loss (test)", "test", "Loss"),
        ("avg_train_loss", "training", "avg_loss"),
        ("eval/test_loss", "test", "loss"),
        ("val/val_loss", "validation", "loss"),
        ("validation_1-auc", "validation", "auc"),
        ("valid_0's auc", "validation", "auc"),
        ("DEV_F1", "validation", "F1"),
        ("held-out loss", "validation", "loss"),
        ("learn_error", "training", "error"),
        ("train_val_gap", None, "train_val_gap"),
        ("train/val_loss", None, "train/val_loss"),
        ("latest_loss", None, "latest_loss"),
        ("validity", None, "validity"),
        ("trainer/global_step", None, "trainer/global_step"),
        ("std_dev", None, "std_dev"),
        ("train", None, "train"),
        ("", None, ""),
    ],
)
def test_names(name: str, stage: Stage | None, metric: str) -> None:
    """A stage is read from whole words, and only where they agree."""
    parsed = parse_metric_name(name)
    assert (parsed.stage, parsed.metric) == (stage, metric)


@pytest.mark.parametrize(
    ("name", "span", "metric"),
    [
        ("train_loss_epoch", "epoch", "loss"),
        ("train_loss_step", "step", "loss"),
        ("epoch_loss", "epoch", "loss"),
        ("batch_loss", "step", "loss"),
        ("global_step", None, "global_step"),
        ("samples_per_step", None, "samples_per_step"),
        ("train_step", None, "step"),
        ("epoch", None, "epoch"),
    ],
)
def test_spans(name: str, span: str | None, metric: str) -> None:
    """The last batch's value isn't the epoch's."""
    parsed = parse_metric_name(name)
    assert (parsed.span, parsed.metric) == (span, metric)


def test_sets() -> None:
    """Several sets of one stage keep their names."""
    assert parse_metric_name("valid_0's auc").dataset == "valid_0"
    assert parse_metric_name("val_loss/dataloader_idx_1").dataset == "val/dataloader_idx_1"
    assert parse_metric_name("val_loss").dataset == "val"


def test_keys() -> None:
    """One metric has one key, however it is spelled."""
    names = ["BoxLoss", "box_loss", "Box loss", "box-loss"]
    assert {parse_metric_name(f"val {each}").key for each in names} == {"box_loss"}


HIGHER = """
    accuracy acc1 top_1 AUC roc_auc f1_macro precision recall mIoU dice mAP50-95 R2 BLEU
    neg_mean_squared_error neg_log_loss log_likelihood DEV_F1 bbox/AP50 bbox_mAP ndcg@10
    balanced_accuracy average_precision metrics/mAP50(B)
"""
LOWER = """
    loss dice_loss loss_iou error mse rmse MAE perplexity Logloss binary_logloss cross_entropy
    binary_crossentropy negative_log_likelihood mean_squared_error l2 bits_per_byte class_error
    z_mean_log_var_loss value_mae loss_value
"""
UNKNOWN = """
    policy_loss entropy entropy_loss value_loss reward ep_rew_mean approx_kl critic_loss actor_loss
    qf1_loss td_error d_loss generator_loss discriminator_accuracy loss_scale loss_weight loss_std
    grad_norm neg_loss score speed learning_rate lr epoch time value
"""


@pytest.mark.parametrize(("higher", "names"), [(True, HIGHER), (False, LOWER), (None, UNKNOWN)])
def test_directions(higher: bool | None, names: str) -> None:
    """Fixed names of the field have one; what may be either has none."""
    assert {each: assumed_direction(each) for each in names.split()} == dict.fromkeys(
        names.split(), higher
    )


def test_learning_rates() -> None:
    """A rate of training data is no metric of it."""
    rates = ["lr", "lr-Adam", "train_lr", "lr/pg0", "learning_rate", "LearningRate", "base_lr"]
    assert all(map(is_learning_rate, rates))
    assert not any(map(is_learning_rate, ["error_rate", "loss", "lrec", "rate"]))


@given(st.sampled_from(sorted(STAGES)), st.sampled_from("/_. -:"), st.sampled_from(METRICS))
def test_a_stage_before_or_after(stage: str, separator: str, metric: str) -> None:
    """Both mean the same, in small letters and capitals, and the metric stays as written."""
    for word in stage, stage.upper(), stage.title():
        for name in f"{word}{separator}{metric}", f"{metric}{separator}{word}":
            parsed = parse_metric_name(name)
            assert parsed.stage == STAGES[stage]
            assert parsed.metric == metric
            assert parsed.dataset == word


@given(st.text())
def test_any_text(name: str) -> None:
    """Nothing raises; a metric is part of its name, and has no stage of its own left."""
    parsed = parse_metric_name(name)
    assert bool(parsed.metric) == bool(name)
    assert set(parsed.metric) <= set(name)
    assert (parsed.stage is None) == (not parsed.dataset)
    assumed_direction(name)
    assert isinstance(is_learning_rate(name), bool)


@given(
    st.lists(
        st.sampled_from(["train", "Val", "test", "eval", "loss", "AUC", "epoch", "step", "0"]),
        min_size=1,
    ),
    st.sampled_from("/_ "),
)
def test_words_of_names(words: list[str], separator: str) -> None:
    """Two stages are none; the evaluation of another set is of that set."""
    parsed = parse_metric_name(separator.join(words))
    exact = {STAGES[each.lower()] for each in words if each in {"train", "Val", "test"}}
    if len(exact) > 1:
        assert parsed.stage is None
    elif parsed.stage is not None:
        assert parsed.stage == (exact.pop() if exact else "validation")
        assert parse_metric_name(parsed.metric).stage is None


@given(st.sampled_from(METRICS), st.sampled_from(sorted(STAGES)))
def test_a_stage_has_no_direction(metric: str, stage: str) -> None:
    """A direction is of the metric alone."""
    assert assumed_direction(f"{stage}_{metric}") == assumed_direction(metric)
