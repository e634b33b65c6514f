"""Ablations of heads: which are off, and that all of them at once are each of them on its own."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from icl_repro.measures.datasets.performance import performance
from icl_repro.measures.heads.ablation import (
    HeadsOff,
    added_back,
    each_kept,
    each_removed,
    head_ablations,
    order_of_strength,
)
from icl_repro.optogenetics import AblateHeads, intervention, only_heads
from tests.support.random_networks import SMALL, random_episodes, random_network

HEADS = range(SMALL.heads)


@pytest.fixture(scope="module")
def network():
    return random_network(1)


@pytest.fixture(scope="module")
def episodes():
    return random_episodes(2, n_episodes=60)


@pytest.fixture(scope="module")
def found(network, episodes):
    return head_ablations(network, episodes)


def under(network, episodes, *clamps):
    """One ablation on its own."""
    return performance(network, episodes, intervention(clamps, SMALL))


def assert_same(measured, expected, at=()):
    for name in ("loss", "accuracy", "induction_strength"):
        np.testing.assert_allclose(
            getattr(measured, name)[at], getattr(expected, name), rtol=1e-5, atol=1e-6, err_msg=name
        )


def test_each_removed_turns_one_off_and_each_kept_all_others():
    np.testing.assert_array_equal(each_removed(3), np.eye(3, dtype=bool))
    np.testing.assert_array_equal(each_kept(3), [[0, 1, 1], [1, 0, 1], [1, 1, 0]])


def test_added_back_turns_one_more_on_at_each_step():
    np.testing.assert_array_equal(added_back([2, 0], 3), [[1, 1, 0], [0, 1, 0]])
    np.testing.assert_array_equal(~added_back([1, 2, 0], 3)[-1], [True] * 3)
    assert added_back([], 3).shape == (0, 3)


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ([0, 3], r"head 3 is out of range, there are heads 0 to 2 \(nearest: 2\)"),
        ([-1], r"head -1 is out of range, there are heads 0 to 2 \(nearest: 0\)"),
        ([1, 0, 1], r"head 1 is in the order \[1, 0, 1\] twice"),
    ],
)
def test_an_order_that_cannot_be_is_refused(order, message):
    with pytest.raises(ValueError, match=message):
        added_back(order, 3)


def test_order_of_strength_goes_from_the_strongest_to_the_weakest():
    assert order_of_strength(np.array([0.1, 0.9, -0.3, 0.5])) == (1, 3, 0, 2)


def test_of_heads_that_are_equal_the_first_comes_first():
    assert order_of_strength(np.array([0.2, 0.7, 0.2, 0.7])) == (1, 3, 0, 2)


@pytest.mark.parametrize("layer", [0, 1])
def test_heads_off_is_the_ablation_of_these_heads(network, episodes, layer):
    mask = np.array([True, False, True, False])
    measured = performance(network, episodes, HeadsOff(layer)(mask))
    assert_same(measured, under(network, episodes, AblateHeads((0, 2), layer)))


def test_heads_off_is_the_same_function_for_the_same_layer():
    # Else every call of performances would compile its own program.
    assert eqx.tree_equal(HeadsOff(1), HeadsOff(1))
    assert hash(HeadsOff(1)) == hash(HeadsOff(1))


def test_all_heads_on(network, episodes, found):
    assert_same(found.intact, performance(network, episodes))


def test_each_head_removed_is_its_ablation(network, episodes, found):
    for head in HEADS:
        assert_same(found.without, under(network, episodes, AblateHeads((head,))), head)


def test_each_head_alone_is_the_ablation_of_all_others(network, episodes, found):
    for head in HEADS:
        alone = under(network, episodes, only_heads([head], n_heads=SMALL.heads))
        assert_same(found.alone, alone, head)


def test_heads_are_added_back_in_order_of_measured_strength(network, episodes, found):
    strengths = np.asarray(performance(network, episodes).induction_strength)
    assert found.order == tuple(np.argsort(-strengths))
    for start, order in (("from_strongest", found.order), ("from_second", found.order[1:])):
        assert getattr(found, start).loss.shape == (len(order),)
        for step in range(len(order)):
            off = tuple(set(HEADS) - set(order[: step + 1]))
            clamps = [AblateHeads(off)] if off else []
            assert_same(getattr(found, start), under(network, episodes, *clamps), step)


def test_what_several_ablations_are_in_several_ways_is_the_same(found):
    strongest = found.strongest
    for measure in ("loss", "accuracy"):
        steps, later = getattr(found.from_strongest, measure), getattr(found.from_second, measure)
        np.testing.assert_allclose(steps[0], getattr(found.alone, measure)[strongest], rtol=1e-6)
        np.testing.assert_allclose(steps[-1], getattr(found.intact, measure), rtol=1e-6)
        np.testing.assert_allclose(later[-1], getattr(found.without, measure)[strongest], rtol=1e-6)


def test_ablations_leave_the_induction_strengths_of_their_layer(found):
    for family in (found.without, found.alone, found.from_strongest):
        expected = np.broadcast_to(found.intact.induction_strength, (SMALL.heads, SMALL.heads))
        np.testing.assert_allclose(family.induction_strength, expected, atol=1e-6)


def test_an_order_that_is_given_is_kept(network, episodes, found):
    order = found.order[::-1]
    reversed_order = head_ablations(network, episodes, order)
    assert reversed_order.order == order
    assert reversed_order.strongest == order[0]
    assert reversed_order.weaker == list(order[1:])
    np.testing.assert_allclose(
        reversed_order.from_strongest.loss[0], found.alone.loss[order[0]], rtol=1e-6
    )


def test_heads_that_write_nothing_make_no_difference(network, episodes):
    silent = eqx.tree_at(lambda model: model.layers[1].value, network, replace_fn=jnp.zeros_like)
    measured = head_ablations(silent, episodes)
    for family in (measured.without, measured.alone, measured.from_second):
        np.testing.assert_allclose(family.loss, measured.intact.loss, rtol=1e-6)
