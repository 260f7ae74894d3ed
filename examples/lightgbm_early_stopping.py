"""Why did this training stop? One line in the script, and the trail answers.

Run it with ``python examples/lightgbm_early_stopping.py``; it needs ``mllog-callbacks[demo]``.
"""

import lightgbm as lgb
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

from mllog_callbacks import RUN_ENDS, get_log, read_entries
from mllog_lightgbm import MLAuditCallback


def main() -> None:
    """Train on the diabetes data, then ask the trail how it ended."""
    features, target = load_diabetes(return_X_y=True)
    x_train, x_valid, y_train, y_valid = train_test_split(features, target, random_state=0)
    train = lgb.Dataset(x_train, y_train)
    lgb.train(
        {"objective": "regression", "metric": ["l2", "l1"], "num_leaves": 15, "verbosity": -1},
        train,
        num_boost_round=500,
        valid_sets=[train.create_valid(x_valid, y_valid)],
        callbacks=[
            lgb.early_stopping(stopping_rounds=30, min_delta=1.0, verbose=False),
            MLAuditCallback(dataset="diabetes"),
        ],
    )

    log = get_log()
    log.flush()
    for entry in read_entries(log.path):
        if entry.event in RUN_ENDS:
            print(entry.decision)
            print(entry.reasoning)
    print(f"All of it: {log.path}")


if __name__ == "__main__":
    main()
