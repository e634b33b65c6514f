"""Our streams draw what they drew before there were others: numbers recorded then."""

from functools import cache

import numpy as np
import pytest

from icl_repro.training import Run
from icl_repro.training.engine import Trainee, begin, evaluation_sets, train
from icl_repro.training.run import weights
from tests.support.tiny import TINY, exemplars

BATCHES = [
    (
        [[5, 1, 1, 0, 1, 4, 4, 0], [1, 5, 4, 3, 0, 1, 0, 5], [5, 1, 4, 3, 0, 1, 4, 5]],
        [[0, 3, 1, 2, 0, 3, 0, 1], [1, 0, 2, 4, 1, 0, 1, 0], [0, 3, 2, 4, 1, 0, 0, 0]],
    ),
    (
        [[0, 0, 3, 2, 1, 0, 0, 3], [3, 5, 0, 1, 0, 1, 2, 0], [0, 5, 3, 1, 1, 1, 2, 0]],
        [[2, 3, 2, 3, 4, 4, 0, 4], [4, 2, 4, 0, 1, 1, 1, 2], [2, 2, 2, 0, 4, 1, 1, 2]],
    ),
]
"""Exemplars and labels of the first eight episodes of the first two batches."""
EVALUATION_SETS = {
    "train": (
        [[4, 1, 4, 1, 0, 5], [5, 3, 2, 4, 3, 0], [4, 3, 4, 1, 0, 5]],
        [[3, 1, 2, 2, 4, 1], [1, 2, 1, 3, 1, 2], [3, 2, 2, 2, 4, 1]],
    ),
    "test_exemplars": (
        [[1, 2, 0, 0, 3, 2], [0, 1, 2, 1, 2, 0], [1, 1, 2, 0, 3, 2]],
        [[0, 3, 3, 1, 4, 4], [3, 1, 2, 4, 1, 0], [0, 1, 2, 1, 4, 4]],
    ),
    "test_relabel": (
        [[3, 1, 4, 3, 2, 5], [4, 2, 3, 5, 4, 0], [4, 2, 4, 3, 2, 5]],
        [[0, 3, 4, 2, 0, 2], [2, 4, 3, 0, 2, 0], [2, 4, 4, 2, 0, 2]],
    ),
}
"""The same of the first six of each evaluation set."""
WEIGHTS = {
    "exemplar_weight": 292.1195,
    "label_embedding": 1.393813,
    "layers.0.query": 54.78381,
    "layers.1.output": 52.69188,
    "unembedding_weight": 14.29312,
}
"""Sums of the absolute initial weights."""
LOSSES = {
    "train": [2.24212, 1.55019, 1.36970],
    "test_exemplars": [1.76378, 1.35235, 1.19556],
    "test_relabel": [1.81990, 1.61999, 1.44601],
}
"""Losses after 0, 10 and 20 steps."""


@cache
def start() -> Trainee:
    return begin(TINY, exemplars())


def test_initial_weights():
    found = weights(start().model)
    for name, total in WEIGHTS.items():
        assert np.abs(found[name]).sum() == pytest.approx(total, rel=1e-5), name


@pytest.mark.parametrize("step", range(len(BATCHES)))
def test_batches(step):
    drawn = start().sampler.sample(start().batch_keys[step], 32)
    episodes, labels = BATCHES[step]
    np.testing.assert_array_equal(drawn.exemplars[:, :8], episodes)
    np.testing.assert_array_equal(drawn.labels[:, :8], labels)


@pytest.mark.parametrize("name", EVALUATION_SETS)
def test_evaluation_sets(name):
    drawn = evaluation_sets(TINY, exemplars())[name]
    episodes, labels = EVALUATION_SETS[name]
    np.testing.assert_array_equal(drawn.exemplars[:, :6], episodes)
    np.testing.assert_array_equal(drawn.labels[:, :6], labels)


def test_a_short_run():
    (run,) = train([TINY], exemplars())
    assert isinstance(run, Run)
    for name, losses in LOSSES.items():
        np.testing.assert_allclose(run.curves[f"{name}.loss"], losses, atol=1e-3, err_msg=name)
