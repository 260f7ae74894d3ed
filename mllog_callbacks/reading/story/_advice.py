"""What may be tried against each kind of issue: general advice, and nothing that was recorded."""

from collections.abc import Mapping
from typing import Final

__all__ = ["ADVICE"]

ADVICE: Final[Mapping[str, str]] = {
    "overfitting": "a smaller or more strongly regularised model, more data, or an earlier stop: "
    "the model of the best step is the one to keep.",
    "generalisation_gap": "more regularisation or more data; check that both sets are drawn alike.",
    "plateau": "stop here, or lower the learning rate; more of the same steps will hardly help.",
    "non_finite": "a lower learning rate, clipped gradients, or full precision; look for zeros "
    "under logarithms and divisions, and for values in the data that are not finite.",
    "divergence": "a lower learning rate, a warm-up, or clipped gradients.",
    "spike": "look at the batches of that step; clip gradients where it recurs.",
    "oscillation": "a lower learning rate or larger batches.",
    "no_convergence": "check that labels and features belong together; then another learning rate "
    "or a model of more capacity.",
    "stalled": "look at the data loading and at the machine of that time.",
    "vanishing_gradient": "another initialisation or activation, normalisation, or skip "
    "connections.",
    "exploding_gradient": "clipped gradients or a lower learning rate.",
    "dead_units": "a lower learning rate, or an activation that does not die, such as a leaky one.",
    "unknown_direction": 'give the callback the direction, as in directions={"my_score": "max"}.',
    "best_at_start": "a lower learning rate; check that training and validation data are alike.",
    "best_at_end": "more iterations or epochs, or a higher learning rate.",
    "monitored_training_data": "monitor a metric on rows that are not trained on.",
    "monitor_mode": "the other mode of the rule.",
    "ended_worse": "early stopping, or keep the best checkpoint.",
    "no_better_than_baseline": "check that labels and features belong together; then another "
    "learning rate, features or model.",
    "possible_leak": "look at when and from what this feature is made; train once without it.",
    "small_validation_set": "more validation rows, or cross-validation.",
    "constant_metric": "look at how the metric is computed, and at the learning rate.",
    "zero_learning_rate": "look at the optimiser's settings and the schedule.",
}
"""By the name of the issue."""
