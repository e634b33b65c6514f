"""What can learn under which clamp: gradients that are exactly zero, and those that are not.

Layers count from 0; every fact holds for any weights, and is checked to the bit.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icl_repro.optogenetics import (
    ClampCopy,
    ClampFirstLayer,
    ClampMatch,
    ClampPreviousToken,
    Edit,
    Intervention,
    Pass,
    ScoresAsLogits,
    Taken,
    TokenBefore,
    intervention,
    only_heads,
)
from icl_repro.training.descent import begin_optimiser
from icl_repro.training.engine import update
from icl_repro.training.evaluation import losses
from tests.support.golden import golden, golden_episodes, golden_model
from tests.support.random_networks import SMALL, random_episodes, random_network

HEAD = 3
MATCH = ClampMatch((HEAD,))
WRONG_LABEL = ClampMatch((HEAD,), strength=0.0)
OTHERS_OFF = only_heads([HEAD], n_heads=SMALL.heads)
PREVIOUS_TOKEN = ClampPreviousToken((HEAD,))
TWO_BEFORE = ClampPreviousToken((HEAD,), shift=2)
LAYER_0_OFF = only_heads([HEAD], layer=0, n_heads=SMALL.heads)

COPIED = {
    *("layers.1.value", "layers.1.output", "norm.weight", "norm.bias"),
    *("unembedding_weight", "unembedding_bias"),
}
"""Unread when the logits are scores: what writes to the end of the residual stream and reads it."""
LAYER_0 = {
    f"layers.0.{name}" for name in ("norm.weight", "norm.bias", "query", "key", "value", "output")
}
MATCHED = {"layers.1.query", "layers.1.key"}
PATTERN_OF_LAYER_0 = {"layers.0.query", "layers.0.key"}

FROZEN = {
    "unclamped": ((), set()),
    "copy": ((ClampCopy(HEAD),), COPIED),
    "match, other heads off": ((MATCH, OTHERS_OFF), MATCHED),
    "wrong label, other heads off": ((WRONG_LABEL, OTHERS_OFF), MATCHED),
    "previous token, other heads off": ((PREVIOUS_TOKEN, LAYER_0_OFF), PATTERN_OF_LAYER_0),
    "two tokens before, other heads off": ((TWO_BEFORE, LAYER_0_OFF), PATTERN_OF_LAYER_0),
    "layer 0": ((ClampFirstLayer(),), LAYER_0),
    # The scores that become the logits compare the query with exemplars, moved onto the labels'
    # positions: no label is embedded on the way.
    "layer 0 + copy": (
        (ClampFirstLayer(), ClampCopy(HEAD)),
        COPIED | LAYER_0 | {"label_embedding"},
    ),
}
"""The weights that have no gradient under each clamp; all others have one."""


def gradients(clamped):
    """A compiled function: the gradient of the loss for each weight by name."""

    @jax.jit
    def of(model, episodes):
        def loss(model):
            return losses(clamped.predict(model, episodes).logits, episodes).mean()

        return jax.grad(loss)(model)

    def by_name(model, episodes):
        leaves, _ = jax.tree.flatten_with_path(of(model, episodes))
        return {
            jax.tree_util.keystr(path, simple=True, separator="."): np.asarray(leaf)
            for path, leaf in leaves
        }

    return by_name


@pytest.fixture(scope="module")
def gradients_under():
    return {name: gradients(intervention(clamps, SMALL)) for name, (clamps, _) in FROZEN.items()}


@pytest.mark.parametrize("name", FROZEN)
@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 10_000))
def test_exactly_these_weights_have_no_gradient(gradients_under, name, seed):
    gradient = gradients_under[name](random_network(seed), random_episodes(seed))
    assert all(np.isfinite(leaf).all() for leaf in gradient.values())
    assert {weight for weight, leaf in gradient.items() if not leaf.any()} == FROZEN[name][1]


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 10_000))
def test_only_the_head_that_is_left_on_learns_in_layer_1(gradients_under, seed):
    """Under the match clamp: its values and its columns of the output projection."""
    under_match = gradients_under["match, other heads off"]
    gradient = under_match(random_network(seed), random_episodes(seed))
    channels = SMALL.width // SMALL.heads
    own = slice(HEAD * channels, (HEAD + 1) * channels)
    for rows in (gradient["layers.1.value"], gradient["layers.1.output"].T):
        assert rows[own].all(axis=1).any()
        assert not np.delete(rows, np.r_[own], axis=0).any()


def test_a_clamp_of_heads_that_are_off_changes_no_gradient():
    """So that training under it is training without it, step for step."""
    off = tuple(head for head in range(SMALL.heads) if head != HEAD)
    with_, without = (
        gradients(intervention(clamps, SMALL))(random_network(0), random_episodes(0))
        for clamps in ((OTHERS_OFF, ClampMatch(off)), (OTHERS_OFF,))
    )
    for weight, gradient in without.items():
        # The two are other programs, which may round otherwise.
        np.testing.assert_allclose(with_[weight], gradient, rtol=1e-4, atol=1e-7, err_msg=weight)


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 10_000))
def test_only_the_head_whose_scores_are_the_logits_learns_to_compare(gradients_under, seed):
    gradient = gradients_under["copy"](random_network(seed), random_episodes(seed))
    channels = SMALL.width // SMALL.heads
    own = slice(HEAD * channels, (HEAD + 1) * channels)
    for weight in MATCHED:
        assert gradient[weight][own].any()
        assert not np.delete(gradient[weight], np.r_[own], axis=0).any()


# --- cutting the gradient breaks training ---

SCORES = "layers.1.attention.scores"
COPY = Edit("logits", ScoresAsLogits(1, np.int32(HEAD)))
COPY_CUT = Edit("logits", ScoresAsLogits(1, np.int32(HEAD)), stop_gradient=True)
SKIP = Edit("layers.0.residual.post", Taken("embedding"))
ROUTED = Pass((Edit("layers.0.residual.post", TokenBefore()),))


@pytest.mark.parametrize(
    "edits",
    [
        [COPY_CUT],
        [SKIP, Edit(SCORES, Taken(SCORES), base=ROUTED), COPY_CUT],
        [SKIP, Edit(SCORES, Taken(SCORES), base=ROUTED, stop_gradient=True), COPY],
    ],
    ids=["copy, cut", "layer 0 + copy, copy cut", "layer 0 + copy, base pass cut"],
)
def test_a_copy_clamp_cut_off_from_what_it_reads_leaves_nothing_to_learn(edits):
    gradient = gradients(Intervention(edits))(random_network(0), random_episodes(0))
    assert not any(leaf.any() for leaf in gradient.values())


def test_the_first_layer_clamp_with_its_base_pass_cut_can_no_longer_learn_to_match():
    cut = [SKIP, Edit(SCORES, Taken(SCORES), base=ROUTED, stop_gradient=True)]
    gradient = gradients(Intervention(cut))(random_network(0), random_episodes(0))
    frozen = {weight for weight, leaf in gradient.items() if not leaf.any()}
    assert frozen == LAYER_0 | MATCHED


def train_on_golden_batches(edits, n_steps=60):
    """Losses of the first steps on the golden data's batches, from its initial weights, and the
    queries of layer 1 after each; in 64 bits, so that rounding decides nothing.
    """
    shown = golden_episodes(
        golden()["train_classes"][:n_steps].reshape(-1, 3),
        golden()["train_labels"][:n_steps].reshape(-1, 3),
    )
    batches = jax.tree.map(
        lambda x: jnp.moveaxis(x.reshape(*x.shape[:-1], n_steps, -1), -2, 0),
        (shown.exemplars, shown.labels, shown.matching),
    )

    def step(state, batch):
        episodes = eqx.tree_at(lambda e: (e.exemplars, e.labels, e.matching), shown, batch)
        model, optimiser_state, loss = update(*state, edits, episodes, jnp.float64(1e-3))
        return (model, optimiser_state), (loss, model.layers[1].query)

    with jax.enable_x64(True):
        model = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), golden_model("init"))
        state = (model, begin_optimiser(model))
        _, (seen, queries) = jax.jit(lambda s, b: jax.lax.scan(step, s, b))(state, batches)
    return np.asarray(seen), np.asarray(queries)


def test_training_under_the_copy_clamp_works_only_with_gradients_through_what_it_reads():
    whole = [SKIP, Edit(SCORES, Taken(SCORES), base=ROUTED), COPY]
    cut = [SKIP, Edit(SCORES, Taken(SCORES), base=ROUTED, stop_gradient=True), COPY]
    learning, learned = train_on_golden_batches(Intervention(whole))
    stuck, unlearned = train_on_golden_batches(Intervention(cut))
    assert learning[-20:].mean() < 0.1 * learning[:5].mean()
    assert (learned[-1] != learned[0]).mean() > 0.1
    assert stuck[-20:].mean() > 0.5 * stuck[:5].mean()
    assert (unlearned == np.asarray(golden_model("init").layers[1].query)).all()
