"""How right verdicts are on whole trainings: ``python -m benchmarks.verdicts [--half built]``.

Small trainings with fixed seeds, of which the truth is known by construction: half of them healthy,
each of the others with one mistake. Each is scored on what a reader sees first:

- the verdict: "healthy", or "check" or "broken" as its truth allows;
- the main finding: the gravest issue, which must be one that names the mistake;
- the severity: no warning and no error in a healthy training, one at least in another;
- issue entries: three at most in a run, and their number for each run that has the mistake.

By the checksum of its name a training is of one of two halves: "built" is looked at while checks
and thresholds are chosen, "held" only when they are.
"""
