"""A finished run gives its networks back."""

import equinox as eqx
import jax
import numpy as np
import pytest

from icl_repro.network.transformer import ModelSettings, initialise
from icl_repro.optogenetics import ClampMatch, intervention
from icl_repro.training import Run
from icl_repro.training.run import weights
from tests.support.tiny import TINY, exemplars


@pytest.fixture(scope="module")
def network():
    return initialise(TINY.model, 512, 5, jax.random.key(3))


@pytest.fixture
def run(network) -> Run:
    """Its second checkpoint is `network`, its first has only zeros."""
    kept = {name: np.stack([0 * weight, weight]) for name, weight in weights(network).items()}
    curves = {"sequences": np.array([0, 320, 640])}
    return Run(TINY, curves, np.array([0, 640]), kept, seconds=1.0, cache=exemplars())


def assert_same_network(one, other) -> None:
    assert jax.tree.structure(one) == jax.tree.structure(other)
    jax.tree.map(np.testing.assert_array_equal, one, other)


def test_weights_by_name(network):
    named = weights(network)
    np.testing.assert_array_equal(named["layers.1.query"], network.layers[1].query)
    np.testing.assert_array_equal(named["layers.0.norm.bias"], network.layers[0].norm.bias)
    assert len(named) == len(jax.tree.leaves(network))


@pytest.mark.parametrize("checkpoint", [-1, 1])
def test_the_network_at_a_checkpoint(run, network, checkpoint):
    assert_same_network(run.model(checkpoint), network)
    assert_same_network(run.model(), network)


@pytest.mark.parametrize("checkpoint", [-2, 0])
def test_the_first_checkpoint(run, network, checkpoint):
    assert_same_network(run.model(checkpoint), jax.tree.map(lambda weight: 0 * weight, network))


def test_the_networks_of_all_checkpoints_in_one(run, network):
    first = jax.tree.map(lambda weight: 0 * weight, network)
    assert_same_network(run.models(), jax.tree.map(lambda *two: np.stack(two), first, network))


@pytest.mark.parametrize("checkpoint", [2, -3])
def test_checkpoints_that_are_not_there(run, checkpoint):
    message = rf"checkpoint {checkpoint} is out of range, the run has 2 \(0 to 1\)"
    with pytest.raises(IndexError, match=message):
        run.model(checkpoint)


def test_a_run_with_another_network_ends_in_it_and_is_otherwise_the_same(run, network):
    altered = eqx.tree_at(lambda model: model.layers[0].query, network, replace_fn=lambda q: q + 1)
    changed = run.with_model(altered)
    assert_same_network(changed.model(), altered)
    assert_same_network(changed.model(0), run.model(0))
    assert_same_network(run.model(), network)
    assert (changed.spec, changed.curves, changed.cache) == (run.spec, run.curves, run.cache)


def test_a_network_of_another_shape_is_refused(run):
    wider = initialise(ModelSettings(width=32, heads=2), 512, 5, jax.random.key(3))
    with pytest.raises(ValueError, match=r"the run has weights of shapes .*, the network of"):
        run.with_model(wider)


def test_samplers_of_the_sets_that_it_was_evaluated_on(run):
    samplers = run.samplers()
    assert samplers.keys() == {"train", "test_exemplars", "test_relabel"}
    assert samplers["train"].enumerate().size == TINY.episodes.dataset_size


def test_the_clamps_that_it_was_trained_under(run):
    spec = TINY.with_(clamps=(ClampMatch((1,)),))
    clamped = Run(spec, run.curves, run.checkpoint_sequences, run.checkpoint_weights, 1.0)
    expected = intervention(spec.clamps, spec.model)
    assert jax.tree.structure(clamped.intervention) == jax.tree.structure(expected)
    assert run.intervention.edits == ()


def test_it_is_shown_in_one_line_without_its_arrays(run):
    assert repr(run) == f"<Run {TINY.key[:12]}: {TINY.describe()}; 3 evaluations, 2 checkpoints>"
