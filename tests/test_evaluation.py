"""What is measured on an evaluation set, on networks whose behaviour is known."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import N_LABELS, SMALL, random_episodes, random_network
from scipy.special import log_softmax

from icl_repro.optogenetics import (
    ClampCopy,
    ClampMatch,
    ClampPreviousToken,
    Edit,
    Intervention,
    intervention,
    trace,
)
from icl_repro.training.evaluation import (
    context_label_probability,
    correct,
    evaluate,
    losses,
    previous_token_attention,
    query_attention,
)
from icl_repro.transformer import ModelSettings

EPISODES = random_episodes(0)
EACH = np.arange(EPISODES.size)


def random_logits(seed, scale=3.0):
    rng = np.random.default_rng(seed)
    return jnp.asarray(scale * rng.standard_normal((N_LABELS, EPISODES.size)), jnp.float32)


@settings(deadline=None)
@given(seed=st.integers(0, 1000), scale=st.floats(0, 30))
def test_losses_and_probabilities_in_64_bits(seed, scale):
    logits = random_logits(seed, scale)
    expected = log_softmax(np.asarray(logits, np.float64), axis=0)
    targets, labels = np.asarray(EPISODES.targets), np.asarray(EPISODES.labels)
    np.testing.assert_allclose(
        losses(logits, EPISODES), -expected[targets, EACH], atol=1e-5, rtol=1e-5
    )
    shown = np.exp(expected)[labels[0], EACH] + np.exp(expected)[labels[1], EACH]
    np.testing.assert_allclose(context_label_probability(logits, EPISODES), shown, atol=1e-6)


def test_an_answer_is_correct_when_the_target_has_the_largest_logit():
    logits = random_logits(0)
    best = np.asarray(logits).argmax(axis=0)
    np.testing.assert_array_equal(correct(logits, EPISODES), best == np.asarray(EPISODES.targets))
    favoured = logits.at[EPISODES.targets, EACH].add(100.0)
    assert correct(favoured, EPISODES).all()


def test_labels_that_are_ruled_out_leave_loss_and_gradient_finite():
    """Under the copy clamp all logits but two are minus infinity."""
    shown = np.zeros((N_LABELS, EPISODES.size), bool)
    shown[np.asarray(EPISODES.labels[0]), EACH] = shown[np.asarray(EPISODES.labels[1]), EACH] = True
    logits = jnp.where(shown, random_logits(0), -jnp.inf)
    gradient = jax.grad(lambda x: losses(jnp.where(shown, x, -jnp.inf), EPISODES).sum())(logits)
    assert np.isfinite(losses(logits, EPISODES)).all()
    assert np.isfinite(gradient).all()
    np.testing.assert_allclose(context_label_probability(logits, EPISODES), 1, rtol=1e-6)


# --- known networks ---


def measured(edits, model=None, sets=None):
    model = random_network(0) if model is None else model
    return evaluate(model, edits, {"train": EPISODES} if sets is None else sets)


def test_a_network_that_says_nothing_is_at_the_loss_of_a_guess_among_all_labels():
    silent = eqx.tree_at(
        lambda m: (m.unembedding_weight, m.unembedding_bias),
        random_network(0),
        replace_fn=jnp.zeros_like,
    )
    seen = measured(Intervention(), silent)
    assert seen["train.loss"] == pytest.approx(np.log(N_LABELS))
    assert seen["context_label_probability"] == pytest.approx(2 / N_LABELS)


def test_a_network_that_compares_nothing_is_at_the_plateau_when_it_copies():
    """Equal scores for the two labels in context: loss ln 2, all probability on the two."""
    blind = Edit("layers.1.attention.query", 0.0)
    edits = Intervention([blind, *intervention([ClampCopy(1)], SMALL).edits])
    seen = measured(edits)
    assert seen["train.loss"] == pytest.approx(np.log(2))
    assert seen["context_label_probability"] == pytest.approx(1)
    attention = [seen["attention.correct"][1], seen["attention.incorrect"][1]]
    np.testing.assert_allclose(attention, 1 / 5, rtol=1e-6)


@pytest.mark.parametrize("strength", [0.0, 0.4, 1.0])
def test_attention_to_the_labels_is_that_of_the_match_clamp(strength):
    seen = measured(intervention([ClampMatch((2,), strength=strength)], SMALL))
    assert seen["attention.correct"][1, 2] == pytest.approx(strength)
    assert seen["attention.incorrect"][1, 2] == pytest.approx(1 - strength)


def test_attention_from_the_labels_is_that_of_the_previous_token_clamp():
    seen = measured(intervention([ClampPreviousToken((1, 3))], SMALL))
    previous = np.asarray(seen["attention.previous"])
    assert previous.shape == (1, 4)
    np.testing.assert_allclose(previous[0, [1, 3]], 1)
    assert (previous[0, [0, 2]] < 1).all()
    assert (
        seen["attention.correct"][0, jnp.array([1, 3])] == (EPISODES.matching == 1).mean()
    ).all()


def test_attention_is_averaged_over_episodes_and_the_two_labels():
    seen = trace(random_network(0), EPISODES)
    pattern = np.asarray(seen["layers.1.attention.pattern"])
    positions = np.asarray(EPISODES.correct_position)
    by_hand = np.mean([pattern[:, 4, positions[e], e] for e in EACH], axis=0)
    np.testing.assert_allclose(
        query_attention(seen, 1, EPISODES.correct_position), by_hand, rtol=1e-5
    )
    previous = (pattern[:, 1, 0] + pattern[:, 3, 2]).mean(axis=-1) / 2
    np.testing.assert_allclose(previous_token_attention(seen, 1), previous, rtol=1e-5)


# --- the whole measurement ---


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_what_is_measured_on_each_set(layers):
    model = random_network(0, ModelSettings(layers=layers, width=16, heads=4))
    sets = {"train": EPISODES, "test_exemplars": random_episodes(1), "test_relabel": EPISODES}
    seen = eqx.filter_eval_shape(evaluate, model, Intervention(), sets)
    assert {name: value.shape for name, value in seen.items()} == {
        **{f"{name}.{what}": () for name in sets for what in ("loss", "accuracy")},
        "context_label_probability": (),
        "attention.correct": (layers, 4),
        "attention.incorrect": (layers, 4),
        "attention.previous": (layers - 1, 4),
    }


def test_sets_are_measured_one_by_one_and_under_the_intervention():
    model, other = random_network(0), random_episodes(1)
    edits = intervention([ClampMatch((2,))], SMALL)
    seen = measured(edits, model, {"train": EPISODES, "test_exemplars": other})
    for name, episodes in (("train", EPISODES), ("test_exemplars", other)):
        logits = edits.predict(model, episodes).logits
        assert seen[f"{name}.loss"] == pytest.approx(float(losses(logits, episodes).mean()))
        assert seen[f"{name}.accuracy"] == correct(logits, episodes).mean()
    assert seen["train.loss"] != measured(Intervention(), model)["train.loss"]
