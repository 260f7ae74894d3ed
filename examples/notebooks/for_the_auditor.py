# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # For the auditor
#
# Which hyperparameters were chosen, by whom, and why that candidate? Is the log as it was written?
# And what do fifty trainings have in common? Needs `mllog-callbacks[sklearn]` and DuckDB.

# %%
import warnings
from pathlib import Path

import duckdb
from sklearn.datasets import load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from mllog_callbacks import AuditLog, read_entries, read_trail
from mllog_callbacks.integrity import verify
from mllog_sklearn import audited

wine, cultivars = load_wine(return_X_y=True)

# %% [markdown]
# ## A search, and its reasons
#
# `audited` returns the same estimator, which now records what it does.

# %%
warnings.simplefilter("ignore", ConvergenceWarning)
search = GridSearchCV(
    make_pipeline(StandardScaler(), LogisticRegression(max_iter=15)),
    {"logisticregression__C": [0.001, 0.01, 0.1, 1.0]},
    cv=5,
)
with AuditLog("logs", session="search") as log:
    audited(search, log, dataset="wine").fit(wine, cultivars)

for entry in read_entries("logs"):
    print(f"{entry.event}\n  {entry.decision}\n  {(entry.reasoning or '')[:300]}")

# %% [markdown]
# ## Is it as it was written?
#
# Beside each log stands a chain of hashes, made as it was written. `verify` is for programs what
# `mllog verify` is on the command line.

# %%
for verdict in verify(["logs"]):
    print(f"{verdict.session}: {verdict.status}, {verdict.entries} entries")

# %% [markdown]
# One byte is changed: the 4 of "4 candidates" becomes a 5.

# %%
(path,) = Path("logs").glob("*.search.jsonl")
written = path.read_bytes()
path.write_bytes(written.replace(b"4 candidates", b"5 candidates", 1))
for verdict in verify(["logs"]):
    print(f"{verdict.session}: {verdict.status}")
    for problem in verdict.problems:
        if problem.status == "tampered":
            print(f"  {problem}")

# %% [markdown]
# The report of such a log says so before anything else.

# %%
print(str(read_trail("logs"))[:300])
path.write_bytes(written)
print(f"\nAs it was: {verify(['logs'])[0].status}")

# %% [markdown]
# ## Fifty trainings, in SQL
#
# Trees of many depths, some of which fail. Each is a run; `metrics_snapshot` is an object, whose
# fields SQL reaches.

# %%
with AuditLog("logs", session="fifty") as log:
    for depth in range(50):
        tree = DecisionTreeClassifier(max_depth=depth % 10, min_samples_leaf=1 + depth // 10)
        try:
            audited(tree, log, dataset="wine").fit(wine, cultivars)
        except ValueError:
            pass  # a depth of 0 is none; the trail records it

duckdb.sql("""
    SELECT event, count(*) AS entries
    FROM read_json('logs/*.jsonl', format = 'newline_delimited', columns = {
        timestamp: 'TIMESTAMP', event: 'VARCHAR', model: 'VARCHAR', decision: 'VARCHAR',
        reasoning: 'VARCHAR', metrics_snapshot: 'JSON'})
    GROUP BY event ORDER BY entries DESC, event
""").df()

# %% [markdown]
# Why did the failed ones fail?

# %%
duckdb.sql("""
    SELECT decision, any_value(reasoning) AS reasoning, count(*) AS runs
    FROM read_json('logs/*.jsonl', format = 'newline_delimited')
    WHERE event = 'TRAINING_FAILED' GROUP BY decision
""").df()

# %% [markdown]
# And the search's story, as one would rather look at it.

# %%
read_trail(path)
