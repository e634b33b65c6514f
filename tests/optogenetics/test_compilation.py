"""One compiled program serves many clamps, and what nobody reads is not in it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icl_repro.network.transformer import ModelSettings
from icl_repro.optogenetics import (
    AblateHeads,
    ClampCopy,
    ClampFirstLayer,
    ClampMatch,
    Intervention,
    PreservingAblation,
    intervention,
    only_heads,
)
from tests.support.random_networks import SMALL, random_episodes, random_network

MODEL, EPISODES = random_network(0), random_episodes(0)

FAMILIES = {
    "ablated heads": [
        (AblateHeads((0,)),),
        (AblateHeads((3,)),),
        (AblateHeads((1, 2)),),
        (only_heads((2,), n_heads=4),),
    ],
    "match strengths and heads": [
        (ClampMatch((h,), strength=s), only_heads((h,), n_heads=4))
        for h, s in ((3, 1.0), (3, 0.25), (0, 0.0))
    ],
    "copying heads": [(ClampFirstLayer(), ClampCopy(h)) for h in range(4)],
}
"""Clamps that differ in nothing but heads and strengths."""


def stacked(trees):
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)


@pytest.mark.parametrize("family", FAMILIES)
def test_one_program_serves_all_heads_and_strengths_and_can_be_vmapped_over_them(family):
    clamped = [intervention(clamps, SMALL) for clamps in FAMILIES[family]]
    alone = [np.asarray(each.predict(MODEL, EPISODES).logits) for each in clamped]
    assert len({logits.tobytes() for logits in alone}) == len(alone), "they do different things"
    traced = []

    @jax.jit
    def logits(edits, model):
        traced.append(family)  # a side effect: happens when the program is traced, not when it runs
        return edits.predict(model, EPISODES).logits

    for each, expected in zip(clamped, alone, strict=True):
        np.testing.assert_allclose(logits(each, MODEL), expected, atol=2e-5)
    logits(clamped[0], random_network(1))
    assert len(traced) == 1

    together = jax.vmap(logits, in_axes=(0, None))(stacked(clamped), MODEL)
    np.testing.assert_allclose(together, np.stack(alone), atol=2e-5)


def test_other_sites_are_another_program():
    traced = []

    @jax.jit
    def logits(edits):
        traced.append(edits)
        return edits.predict(MODEL, EPISODES).logits

    for layer in (0, 1, 0, 1):
        logits(intervention((AblateHeads((0,), layer=layer),), SMALL))
    assert len(traced) == 2


# --- what nobody reads costs nothing ---

PAPER = ModelSettings()
N_EPISODES = 64


def multiplications(n_out, n_in, n_columns):
    """Operations of a matrix product."""
    return 2 * n_out * n_in * n_columns


PROJECTION = multiplications(PAPER.width, PAPER.width, 5 * N_EPISODES)
"""Queries, keys, values or output of every position."""


def operations(function, settings=PAPER):
    """How many floating-point operations the compiled program has, by XLA's count."""
    given = random_network(0, settings), random_episodes(0, N_EPISODES)
    return jax.jit(function).lower(*given).compile().cost_analysis()["flops"]


def logits_under(*clamps):
    edits = intervention(clamps, PAPER)
    return lambda model, episodes: edits.predict(model, episodes).logits


@pytest.fixture(scope="module")
def plain():
    """The network without taps."""
    return operations(lambda model, episodes: model(episodes))


def test_activations_that_nobody_reads_cost_nothing(plain):
    assert operations(logits_under()) == plain


def test_activations_that_are_read_cost_what_they_take(plain):
    edits = Intervention()
    every_position = operations(edits.trace)
    assert every_position > plain + PROJECTION  # queries and output of the last layer
    assert plain <= operations(edits.predict) < every_position

    def first_pattern(model, episodes):
        return edits.trace(model, episodes)["layers.0.attention.pattern"]

    assert operations(first_pattern) < plain / 2


def test_a_layer_that_is_replaced_is_not_computed(plain):
    """Under the first-layer clamp both passes together cost what a network of one layer does, but
    for normalising twice."""
    one_layer = operations(
        lambda model, episodes: model(episodes), ModelSettings(layers=1, width=64, heads=8)
    )
    clamped = operations(logits_under(ClampFirstLayer()))
    assert plain - one_layer > 4 * PROJECTION
    assert clamped < one_layer + 0.1 * PROJECTION


def test_values_and_outputs_are_not_computed_when_the_logits_are_scores(plain):
    values_and_output = PROJECTION + PROJECTION / 5
    assert operations(logits_under(ClampCopy(3))) <= plain - values_and_output
    one_query_and_keys = PROJECTION + PROJECTION / 5
    embedding = multiplications(PAPER.width, 6, 7) + multiplications(PAPER.width, 5, 2 * N_EPISODES)
    both = operations(logits_under(ClampFirstLayer(), ClampCopy(3)))
    assert both < 1.5 * (one_query_and_keys + embedding)


def test_two_passes_share_what_they_have_in_common(plain):
    """Of the clean pass of a pattern-preserving ablation only what follows the ablated heads is
    computed again: one output projection and what comes of it."""
    preserved = operations(logits_under(PreservingAblation((1, 2, 5), ("pattern",))))
    assert plain < preserved < plain + 1.5 * PROJECTION
