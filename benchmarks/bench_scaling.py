"""How the cost of training grows: with heads, width, layers, classes and the number of runs.

The context is two exemplars and their labels by design, as in the paper, and cannot be varied.
"""

from __future__ import annotations

import pytest

from benchmarks import contestants
from icl_repro.network.transformer import ModelSettings

SEQUENCES = 8_192
VARIED = {
    "heads": (1, 2, 4, 8, 16, 32),
    "width": (16, 32, 64, 128, 256),
    "layers": (1, 2, 3, 4),
    "classes": (10, 50, 200, 800),
}
RUNS = (1, 2, 4, 8, 16, 32)


@pytest.fixture(scope="module")
def base():
    return "default", contestants.engine_alone(contestants.start(), SEQUENCES)


@pytest.mark.parametrize(
    ("what", "value"), [(what, value) for what, values in VARIED.items() for value in values]
)
def test_shape(beside, benchmark, base, what, value):
    if what == "classes":
        trainee = contestants.shaped(classes=value)
    elif what == "width":
        trainee = contestants.shaped(ModelSettings(width=value, heads=min(8, value // 4)))
    else:
        trainee = contestants.shaped(ModelSettings(**{what: value}))
    benchmark.extra_info |= {"what": what, "value": value}
    beside(
        f"{what} {value}",
        contestants.engine_alone(trainee, SEQUENCES),
        group=f"cost by {what}",
        against=base,
        per=SEQUENCES,
        unit="sequences",
        rounds=5,
    )


@pytest.mark.parametrize("runs", RUNS)
def test_number_of_runs(beside, benchmark, base, runs):
    """Each run of a group trains on as many sequences as one alone would."""
    benchmark.extra_info |= {"what": "runs", "value": runs}
    each = SEQUENCES // 4
    beside(
        f"{runs} runs",
        contestants.engine_group(contestants.start(), runs, runs * each),
        group="cost by number of runs in a group",
        against=base,
        per=runs * each,
        against_per=SEQUENCES,
        unit="sequences",
        rounds=5,
    )
