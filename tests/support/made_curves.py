"""Small made-up files of curves, in the forms that frameworks and trackers write."""

import json
from collections.abc import Iterable, Mapping
from typing import Final

__all__ = ["DOCUMENTS", "FOLDERS", "LOGS", "TABLES", "TRAIN", "VALIDATION", "lines"]

EPOCHS: Final = range(12)
TRAIN: Final = [round(1 / (epoch + 1), 4) for epoch in EPOCHS]
VALIDATION: Final = [round(1 / (epoch + 1) + 0.1, 4) for epoch in EPOCHS]


def lines(head: str, rows: Iterable[object]) -> str:
    """A line of names, and lines of values."""
    return "".join(f"{each}\n" for each in (head, *rows) if each != "")


def _json(rows: Iterable[Mapping[str, object]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


_BOTH: Final = [*zip(EPOCHS, TRAIN, VALIDATION, strict=True)]

TABLES: Final = {
    "ultralytics": lines(
        "     epoch,   train/box_loss,  metrics/mAP50-95(B),  val/box_loss,  lr/pg0",
        (f"  {e + 1},  {t},  {e / 20},  {v},  0.01" for e, t, v in _BOTH),
    ),
    "ultralytics_v10": lines(
        "epoch,train/box_om,metrics/mAP50(B),val/box_om,lr/pg0",
        (f"{e + 1},{t},{e / 20},{v},0.01" for e, t, v in _BOTH),
    ),
    "keras_csvlogger": lines(
        "epoch,acc,loss,val_acc,val_loss", (f"{e},{e / 20},{t},{e / 21},{v}" for e, t, v in _BOTH)
    ),
    "keras_history_csv": lines(",loss,val_loss", (f"{e},{t},{v}" for e, t, v in _BOTH)),
    "lightning": lines(
        "epoch,step,train_loss_step,train_loss_epoch,val_loss,lr-Adam",
        (
            f"{e},{9 * e + 4},{3 * t},,,\n{e},{9 * e + 8},,,{v},\n{e},{9 * e + 8},,{t},,0.01"
            for e, t, v in _BOTH
        ),
    ),
    "flair": lines(
        "EPOCH\tTIMESTAMP\tBAD_EPOCHS\tLEARNING_RATE\tTRAIN_LOSS\tDEV_LOSS\tDEV_F1\tTEST_LOSS",
        (f"{e}\t10:00:00\t0\t0.1\t{t}\t{v}\t{e / 20}\t9" for e, t, v in _BOTH),
    ),
    "own_csv": lines(
        "training_loss, training_acc, val_loss, val_acc, time",
        (f"{t}, {e / 20}, {v}, {e / 21}, 1.2" for e, t, v in _BOTH),
    ),
    "camel_case": lines("Epoch,TrainLoss,ValLoss", (f"{e},{t},{v}" for e, t, v in _BOTH)),
    "decimal_comma": lines(
        "epoch;train loss;val loss",
        (f"{e};{t};{v}".replace(".", ",") for e, t, v in _BOTH),
    ),
    "blanks": lines("# epoch train_loss val_loss", (f"{e} {t}   {v}" for e, t, v in _BOTH)),
    "long": lines(
        "epoch,phase,loss,acc", (f"{e},train,{t},.5\n{e},val,{v},.5" for e, t, v in _BOTH)
    ),
    "carriage_returns": lines(
        "epoch,loss,test_loss\r\r", (f"{e},{t},{v}\r\r" for e, t, v in _BOTH)
    ),
}

_STEPS: Final = [
    {"epoch": (e + 1) / 2, "step": 500 * (e + 1), "loss": t, "learning_rate": 1e-4, "grad_norm": 1}
    for e, t, _ in _BOTH
]
_EVALUATIONS: Final = [
    {"epoch": (e + 1) / 2, "step": 500 * (e + 1), "eval_loss": v, "eval_runtime": 3.1}
    for e, _, v in _BOTH
]
_PAIRS: Final = [row for pair in zip(_STEPS, _EVALUATIONS, strict=True) for row in pair]
_SUMMARY: Final = {"epoch": 6.0, "step": 6000, "train_loss": 99.0, "train_runtime": 100.0}

DOCUMENTS: Final = {
    "trainer_state": json.dumps(
        {"epoch": 6.0, "log_history": [*_PAIRS, _SUMMARY], "max_steps": 6000}, indent=2
    ),
    "keras_history": json.dumps({"loss": TRAIN, "val_loss": VALIDATION}, indent=1),
    "evals_result": json.dumps({"train": {"mlogloss": TRAIN}, "valid": {"mlogloss": VALIDATION}}),
    "catboost": json.dumps(
        {
            "meta": {
                "learn_sets": ["learn"],
                "test_sets": ["test"],
                "learn_metrics": [{"best_value": "Min", "name": "Logloss"}],
                "test_metrics": [
                    {"best_value": "Min", "name": "Logloss"},
                    {"best_value": "Max", "name": "MyScore"},
                ],
            },
            "iterations": [
                {"learn": [t], "test": [v, e / 20], "iteration": e} for e, t, v in _BOTH
            ],
        }
    ),
    "lists": json.dumps(
        {"train_loss": TRAIN, "val_loss": VALIDATION, "monitor_metric": "val_loss"}
    ),
    "pandas": json.dumps(
        {
            "train_loss": {str(e): t for e, t, _ in _BOTH},
            "val_loss": {str(e): v for e, _, v in _BOTH},
        }
    ),
    "lists_of_rows": json.dumps(
        {
            "train": [{"epoch": e, "loss": t} for e, t, _ in _BOTH],
            "val": [{"epoch": e, "loss": v} for e, _, v in _BOTH],
        }
    ),
    "numbered": json.dumps({f"epoch_{e}": {"loss": t, "val_loss": v} for e, t, v in _BOTH}),
    "detectron2": _json(
        {"iteration": 20 * e + 19, "lr": 0.1, "total_loss": t, "loss_cls": t, "data_time": 1}
        | ({"validation_loss": v} if e % 3 == 2 else {})
        for e, t, v in _BOTH
    ),
    "mmdetection": _json(
        [
            {"env_info": "sys.platform: linux", "seed": 0},
            *(
                row
                for e, t, _ in _BOTH
                for row in (
                    {"mode": "train", "epoch": e + 1, "iter": 10, "lr": 0.1, "loss": t + 1},
                    {"mode": "train", "epoch": e + 1, "iter": 20, "lr": 0.1, "loss": t},
                    {"mode": "val", "epoch": e + 1, "iter": 7, "lr": 0.1, "bbox_mAP": e / 20},
                )
            ),
        ]
    ),
    "detr": _json(
        {"train_lr": 0.1, "train_loss": t, "test_loss": v, "epoch": e, "n_parameters": 100}
        for e, t, v in _BOTH
    ),
}

LOGS: Final = {
    "nanogpt": "".join(
        f"step {250 * e}: train loss {t:.4f}, val loss {v:.4f}\n"
        f"iter {250 * e}: loss {t:.4f}, time 19.50ms, mfu 1.00%\n"
        for e, t, v in _BOTH
    ),
    "modded_nanogpt": "for step in range(10):\n    loss = 0.5  # the program itself\n"
    + "".join(
        f"step:{e}/5100 train_loss:{t} train_time:1ms\nstep:{e}/5100 val_loss:{v} train_time:1ms\n"
        for e, t, v in _BOTH
    ),
    "fairseq": "".join(
        f'2021-01-01 10:00:00 | INFO | train_inner | {{"epoch": 1, "loss": "{t}", '
        f'"num_updates": "{100 * e}", "lr": "0.1"}}\n'
        f'2021-01-01 10:00:00 | INFO | valid | {{"epoch": 1, "valid_loss": "{v}", '
        f'"valid_num_updates": "{100 * e}"}}\n'
        for e, t, v in _BOTH
    ),
    "robust_overfitting": "[2020/01/01 10:00:00] - Namespace(lr=0.1)\n"
    "[2020/01/01 10:00:00] - Epoch \t Train Time \t Test Time \t LR \t \t Train Loss \t Test Loss\n"
    + "".join(
        f"[2020/01/01 10:00:00] - {e} \t 12.3 \t \t 3.1 \t \t 0.1 \t {t} \t {v}\n"
        for e, t, v in _BOTH
    ),
    "torch": "".join(
        f"2023-05-15 22:50:17,398 INFO:Epoch {e}: Train Loss={t}, Val Loss={v}\n"
        for e, t, v in _BOTH
    ),
    "lightgbm": "[LightGBM] [Info] Number of data points in the train set: 100\n"
    + "".join(
        f"[{e}]\ttraining's binary_logloss: {t}\tvalid_1's binary_logloss: {v}\n"
        for e, t, v in _BOTH
    ),
    "xgboost": "".join(f"[{e}]\ttrain-mlogloss:{t}\teval-mlogloss:{v}\n" for e, t, v in _BOTH),
    "keras": "".join(
        f"Epoch {e}/12\n 1/9 [=...] - ETA: 0s - loss: 9\r"
        f" 9/9 [====] - 1s 3ms/step - loss: {t} - acc: 0.5 - val_loss: {v}\n"
        for e, t, v in _BOTH
    ),
    "transformers": "".join(
        f"{{'loss': {t}, 'epoch': {e}}}\n{{'eval_loss': {v}, 'epoch': {e}}}\n" for e, t, v in _BOTH
    )
    + "{'train_runtime': 9.1, 'train_loss': 99.0, 'epoch': 11}\n",
    "catboost": "".join(
        f"{e}:\tlearn: {t}\ttest: {v}\tbest: 0.1 (3)\ttotal: 3ms\tremaining: 1s\n"
        for e, t, v in _BOTH
    ),
    "imagenet": "".join(
        f"Epoch: [{e}][{b}/20]\tTime 0.1 (0.2)\tLoss {t + 1 - b / 10} (9.9)\tAcc@1 1 (1)\n"
        for e, t, _ in _BOTH
        for b in (0, 10)
    ),
    "yolox": "".join(
        f"2023-05-15 22:50:17 | INFO | trainer:260 - epoch: {e}/300, iter: 50/100, mem: 1Mb, "
        f"iter_time: 0.1s, total_loss: {t}, iou_loss: 3.0, lr: 1.0e-3, ETA: 1:00\n"
        for e, t, _ in _BOTH
    ),
}


def _by_step(values: Iterable[float], name: str = "loss", counter: str = "step") -> str:
    return lines(f"{counter}\t{name}", (f"{e}\t{v}" for e, v in enumerate(values)))


def _exported(values: Iterable[float]) -> str:
    rows = (f"1559699797.{e},{e},{v}" for e, v in enumerate(values))
    return lines("Wall time,Step,Value", rows)


def _mlflow(values: Iterable[float]) -> str:
    return lines("", (f"{1656146891992 + e} {v} {e}" for e, v in enumerate(values)))


FOLDERS: Final = {
    "dvclive": {
        "plots/metrics/train/loss.tsv": _by_step(TRAIN),
        "plots/metrics/val/loss.tsv": _by_step(VALIDATION),
    },
    "catboost_tsv": {
        "learn_error.tsv": _by_step(TRAIN, "Logloss", "iter"),
        "test_error.tsv": _by_step(VALIDATION, "Logloss", "iter"),
    },
    "mlflow": {
        "metrics/train_loss": _mlflow(TRAIN),
        "metrics/val_loss": _mlflow(VALIDATION),
        "params/lr": "0.1",
    },
    "tensorboard": {
        "run-.-tag-train_loss.csv": _exported(TRAIN),
        "run-.-tag-val_loss.csv": _exported(VALIDATION),
    },
    "tensorboard_keras": {
        "run-a_train-tag-epoch_loss.csv": _exported(TRAIN),
        "run-a_validation-tag-epoch_loss.csv": _exported(VALIDATION),
    },
    "wandb": {
        "train.csv": lines(
            '"Step","run-a - train_loss","run-a - train_loss__MIN","run-a - train_loss__MAX"',
            (f'"{e}","{t}","{t}","{t}"' for e, t, _ in _BOTH),
        ),
        "val.csv": lines(
            '"Step","run-a - val_loss","run-a - val_loss__MIN","run-a - val_loss__MAX"',
            (f'"{e}","{v}","{v}","{v}"' for e, _, v in _BOTH),
        ),
    },
    "columns_of_numbers": {
        "train_loss.txt": lines("", TRAIN),
        "val_loss.txt": lines("", VALIDATION),
    },
}
