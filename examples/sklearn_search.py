"""Why this candidate? The trail of a search records the choice, its margin, and the doubts.

Run it with ``python examples/sklearn_search.py``; it needs ``mllog-callbacks[sklearn]``.
"""

from sklearn.datasets import load_wine
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

from mllog_callbacks import EventType, get_log, read_entries
from mllog_sklearn import audited


def main() -> None:
    """Search the depth of a tree for wines, then ask the trail for the choice."""
    features, labels = load_wine(return_X_y=True)
    search = GridSearchCV(
        DecisionTreeClassifier(random_state=0),
        {"max_depth": [1, 2, 3, 4], "min_samples_leaf": [1, 5, 10]},
        return_train_score=True,
    )
    audited(search, dataset="wine").fit(features, labels)

    log = get_log()
    log.flush()
    for entry in read_entries(log.path):
        if entry.event is EventType.MODEL_COMPARED:
            print(entry.decision)
            print(entry.reasoning)
    print(f"All of it: {log.path}")


if __name__ == "__main__":
    main()
