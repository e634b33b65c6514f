"""Measurements on every checkpoint are those on each of them."""

import dataclasses

import jax
import numpy as np
import pytest

from icl_repro.measures.datasets.checkpoints import (
    label_preferences_over_checkpoints,
    losses_over_checkpoints,
)
from icl_repro.measures.datasets.performance import performance
from icl_repro.optogenetics import AblateHeads, Intervention, PreservingAblation, intervention
from icl_repro.training import Run, Schedule
from icl_repro.training.engine import evaluation_sets, train
from tests.support.tiny import TINY, exemplars

SPEC = TINY.with_(
    schedule=Schedule(every=160, every_in_change=160, first=160, episodes=32, keep_change=0.0)
)


@pytest.fixture(scope="module")
def run() -> Run:
    (run,) = train([SPEC], exemplars())
    assert run.checkpoint_sequences.tolist() == [0, 160, 320, 480, 640]
    # Runs train in 32 bits unless told otherwise.
    for name, array in (run.curves | run.checkpoint_weights).items():
        assert array.dtype == (np.int64 if name == "sequences" else np.float32), name
    return dataclasses.replace(run, cache=exemplars())


@pytest.mark.parametrize(
    "clamps",
    [(AblateHeads((0,)),), (PreservingAblation((0, 1), ("pattern", "value")),)],
    ids=str,
)
def test_losses_over_checkpoints_are_those_of_each_checkpoint(run, clamps):
    episodes = run.samplers()["train"].sample(jax.random.key(1), 50)
    edits = intervention(clamps, SPEC.model)
    found = losses_over_checkpoints(run, episodes, edits)
    measure = jax.jit(performance.__wrapped__)
    one_by_one = [measure(run.model(i), episodes, edits).loss for i in range(5)]
    np.testing.assert_allclose(found, one_by_one, rtol=1e-5)
    assert len(np.unique(found)) == 5


def test_without_intervention_they_are_the_losses_of_training(run):
    episodes = evaluation_sets(SPEC, exemplars())["train"]
    found = losses_over_checkpoints(run, episodes, Intervention())
    np.testing.assert_allclose(found, run.curves["train.loss"], rtol=1e-5)


def test_a_preference_between_labels_is_the_logarithm_of_the_ratio_of_their_probabilities(run):
    episodes = run.samplers()["train"].sample(jax.random.key(1), 50)
    found = label_preferences_over_checkpoints(run, episodes)
    assert found.shape == (5, 50)
    logits = np.asarray(Intervention().predict(run.model(2), episodes).logits)
    probability = np.exp(logits) / np.exp(logits).sum(axis=0)
    first, second = (probability[episodes.labels[place], np.arange(50)] for place in range(2))
    np.testing.assert_allclose(found[2], np.log(first / second), rtol=1e-3, atol=1e-6)
