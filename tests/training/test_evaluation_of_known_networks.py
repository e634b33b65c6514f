"""What is measured on networks whose behaviour is known."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from icl_repro.network.transformer import ModelSettings
from icl_repro.optogenetics import (
    ClampCopy,
    ClampMatch,
    ClampPreviousToken,
    Edit,
    Intervention,
    intervention,
)
from icl_repro.training.evaluation import (
    correct,
    evaluate,
    losses,
    previous_token_attention,
)
from tests.support.random_networks import N_LABELS, SMALL, random_episodes, random_network

EPISODES = random_episodes(0)


def measured(edits, model=None):
    return evaluate(random_network(0) if model is None else model, edits, {"train": EPISODES})


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
    seen = measured(Intervention([blind, *intervention([ClampCopy(1)], SMALL).edits]))
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
    previous, correct_label = (
        np.asarray(seen[f"attention.{which}"]) for which in ("previous", "correct")
    )
    assert previous.shape == (1, 4)
    np.testing.assert_allclose(previous[0, [1, 3]], 1)
    assert (previous[0, [0, 2]] < 1).all()
    # The query reads the token before it, the second label: right if that one matches.
    np.testing.assert_allclose(correct_label[0, [1, 3]], np.asarray(EPISODES.matching).mean())


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_what_is_measured_in_networks_of_any_depth(layers):
    model = random_network(0, ModelSettings(layers=layers, width=16, heads=4))
    sets = {"train": EPISODES, "test_exemplars": EPISODES}
    seen = eqx.filter_eval_shape(evaluate, model, Intervention(), sets)
    assert {name: value.shape for name, value in seen.items()} == {
        **{f"{name}.{what}": () for name in sets for what in ("loss", "accuracy")},
        "context_label_probability": (),
        "attention.correct": (layers, 4),
        "attention.incorrect": (layers, 4),
        "attention.previous": (layers - 1, 4),
    }


def test_every_set_is_measured_under_the_intervention():
    model, edits = random_network(0), intervention([ClampMatch((2,))], SMALL)
    seen = measured(edits, model)
    logits = edits.predict(model, EPISODES).logits
    assert seen["train.loss"] == pytest.approx(float(losses(logits, EPISODES).mean()))
    assert seen["train.accuracy"] == correct(logits, EPISODES).mean()
    assert seen["train.loss"] != measured(Intervention(), model)["train.loss"]


def test_attention_to_the_token_before_is_refused_where_there_is_the_query_only():
    model, episodes = random_network(0), random_episodes(1, n_episodes=8)
    last = model.n_layers - 1
    with pytest.raises(ValueError, match="covers 1 position, not all 5"):
        previous_token_attention(Intervention().predict(model, episodes), last)
    seen = previous_token_attention(Intervention().trace(model, episodes), last)
    assert seen.shape == (model.n_heads,)
