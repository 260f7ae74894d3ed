"""Did the solver converge, and on what was the model trained? The trail of a pipeline answers.

Run it with ``python examples/sklearn_pipeline.py``; it needs ``mllog-callbacks[sklearn]``.
"""

import warnings

from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mllog_callbacks import EventType, get_log, read_entries
from mllog_sklearn import audited


def main() -> None:
    """Train twice, with too few iterations and with enough, then ask the trail."""
    features, labels = load_breast_cancer(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(features, labels, random_state=0)
    for iterations in (5, 100):
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=iterations))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as in many scripts; the trail has them all the same
            audited(model, dataset="breast_cancer").fit(x_train, y_train).score(x_test, y_test)

    log = get_log()
    log.flush()
    recorded = {EventType.ISSUE_DETECTED, EventType.TRAINING_COMPLETED, EventType.MODEL_EVALUATED}
    for entry in read_entries(log.path):
        if entry.event in recorded:
            print(entry.decision)
            print(f"  {entry.reasoning}")
    print(f"All of it: {log.path}")


if __name__ == "__main__":
    main()
