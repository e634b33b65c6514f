"""Neighbours of a run start one rounding away from it, and else are the same run."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icl_repro.training import Run, RunSpec, Transplant
from icl_repro.training.engine import begin
from icl_repro.training.run import weights
from tests.support.tiny import TINY, exemplars


def start(spec: RunSpec, load=None) -> dict[str, np.ndarray]:
    """The weights that a run starts with."""
    return weights(begin(spec, exemplars(), load).model)


def roundings(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How many numbers of their type lie between two arrays, with a sign."""
    assert one.dtype == other.dtype == np.float32
    ordered = [
        np.where(bits < 0, np.int64(-(2**31)) - bits, bits)
        for bits in (array.view(np.int32).astype(np.int64) for array in (one, other))
    ]
    return ordered[1] - ordered[0]


def test_neighbour_0_is_the_run_itself():
    assert TINY.neighbours(0) == TINY
    assert TINY.neighbours(0).key == TINY.key


@pytest.mark.parametrize("number", [1, 2])
def test_every_weight_is_moved_to_the_next_number_about_half_of_them_up(number):
    here, there = start(TINY), start(TINY.neighbours(number))
    assert here.keys() == there.keys()
    moves = np.concatenate([roundings(here[name], there[name]).ravel() for name in here])
    assert set(np.unique(moves)) == {-1, 1}
    assert abs(moves.mean()) < 0.1


def test_neighbours_differ_from_each_other():
    one, other = start(TINY.neighbours(1)), start(TINY.neighbours(2))
    assert any((one[name] != other[name]).any() for name in one)


def test_only_the_weights_differ():
    here, there = (begin(spec, exemplars()) for spec in (TINY, TINY.neighbours(1)))
    rest = dataclasses.replace(there, model=here.model)
    assert jax.tree.structure(here) == jax.tree.structure(rest)
    for one, other in zip(jax.tree.leaves(here), jax.tree.leaves(rest), strict=True):
        assert jnp.array_equal(one, other)


def test_weights_are_taken_from_the_neighbour_of_the_run_that_they_are_taken_from():
    spec = TINY.with_(init_seed=6, transplant=Transplant(0, TINY))
    asked = []

    def load(source: RunSpec) -> Run:
        asked.append(source)
        kept = {name: weight[None] for name, weight in start(source).items()}
        return Run(source, {}, np.array([0]), kept, seconds=0.0)

    started = start(spec.neighbours(3), load)
    assert asked == [TINY.neighbours(3)]
    source = start(TINY.neighbours(3))
    np.testing.assert_array_equal(started["layers.0.query"], source["layers.0.query"])
    own = start(TINY.with_(init_seed=6))
    assert set(np.unique(roundings(own["layers.1.query"], started["layers.1.query"]))) == {-1, 1}
