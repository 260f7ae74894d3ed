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
# # Why did LightGBM stop?
#
# A training stopped after some hundred rounds. Which metric decided, on which set, after how much
# patience, and was something better thrown away? One line in the training script, and its audit
# trail answers. Needs `mllog-callbacks[demo]`.

# %%
import lightgbm as lgb
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from mllog_callbacks import AuditLog, LiveView, read_entries, read_trail
from mllog_lightgbm import MLAuditCallback

features, labels = load_breast_cancer(return_X_y=True)
x_train, x_valid, y_train, y_valid = train_test_split(
    features, labels, test_size=0.4, stratify=labels, random_state=0
)
params = {
    "objective": "binary",
    "metric": ["binary_logloss", "auc"],
    "num_leaves": 63,
    "min_data_in_leaf": 3,
    "learning_rate": 0.05,
    "verbosity": -1,
    "seed": 0,
}


# %% [markdown]
# ## A training, with its trail
#
# `MLAuditCallback(log)` is the one line. The live view is optional: it shows the story while the
# training runs, and leaves one output.


# %%
def train(log: AuditLog, **also: object) -> lgb.Booster:
    data = lgb.Dataset(x_train, y_train)
    return lgb.train(
        params | also,
        data,
        num_boost_round=1000,
        valid_sets=[data, data.create_valid(x_valid, y_valid)],
        valid_names=["training", "valid"],
        callbacks=[
            lgb.early_stopping(50, first_metric_only=True, min_delta=0.002, verbose=False),
            MLAuditCallback(log),
        ],
    )


with (
    AuditLog("logs", dataset="breast_cancer", session="first", level="DEBUG") as log,
    LiveView(log),
):
    train(log)

# %% [markdown]
# ## The answer, in words
#
# The end of a run says who stopped it and on which evidence. Here `min_delta` hid a better round,
# and the reason says that too.

# %%
for entry in read_entries("logs"):
    if entry.event in {"TRAINING_STOPPED", "MODEL_EVALUATED"}:
        print(f"{entry.event}\n  {entry.decision}\n  {entry.reasoning}")

# %% [markdown]
# ## What went wrong on the way
#
# Detectors watch each metric in its true direction. They name a cause only where parameters and
# data make one probable.

# %%
for entry in read_entries("logs"):
    if entry.event == "ISSUE_DETECTED":
        print(f"{entry.decision}\n  {entry.reasoning}\n")

# %% [markdown]
# ## Taking the advice
#
# Fewer leaves, more rows in each: did it help? Both sessions, the newer one first.

# %%
with AuditLog("logs", dataset="breast_cancer", session="second", level="DEBUG") as log:
    train(log, num_leaves=7, min_data_in_leaf=20)

read_trail("logs")

# %% [markdown]
# `trail.save("report.html")`, or `mllog report logs`, makes a page of it that can be printed or
# mailed.

# %%
trail = read_trail("logs")
page = trail.save("report.html")
print(f"{page}: {page.stat().st_size / 1000:.0f} kB, {len(trail.stories)} sessions in the trail")
