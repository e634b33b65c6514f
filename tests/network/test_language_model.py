"""The transformer on tokens: an induction circuit built by hand, causality, smeared keys, and long
products that are the short ones.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icl_repro.network import products
from icl_repro.optogenetics import Intervention, intervention, sites
from icl_repro.text import Text
from icl_repro.training.language_evaluation import head_scores, losses_of, token_losses
from tests.support.language import (
    PREVIOUS,
    RANDOM_TOKENS,
    SHAPE,
    VOCABULARY,
    induction_circuit,
    small_model,
)

TEXT = RANDOM_TOKENS.sample(jax.random.key(3), 8)
CIRCUIT = intervention([PREVIOUS], SHAPE)
KNOWN = slice(RANDOM_TOKENS.period + 1, None)
"""Where the next token is known. After the first token it is not, as that has none before it and
attends to itself, so that its place looks like that of the one after it.
"""


def test_the_built_circuit_completes_random_tokens_that_come_again():
    losses = np.asarray(losses_of(induction_circuit(), CIRCUIT, TEXT))
    assert losses[KNOWN].max() < 0.05
    assert losses[: RANDOM_TOKENS.period - 1].min() > 1


def test_its_heads_score_as_what_they_are():
    model = induction_circuit()
    scores = head_scores(model, CIRCUIT.predict(model, TEXT), TEXT)
    assert scores["attention.previous"][0, 0] == pytest.approx(1)
    # Half of it at the first of eight queries.
    assert scores["attention.induction"][1, 0] == pytest.approx(15 / 16, abs=0.01)
    assert scores["copying"][1, 0] == pytest.approx(1)
    assert scores["attention.induction"][0, 0] == 0


def test_without_the_previous_token_pattern_it_does_not():
    losses = np.asarray(losses_of(induction_circuit(), Intervention(), TEXT))
    assert losses[KNOWN].mean() > 1


def test_no_logits_depend_on_later_tokens():
    model, place = small_model(), 9
    changed = TEXT.tokens.at[place].set((TEXT.tokens[place] + 1) % VOCABULARY)
    one, other = (model(Text(tokens, TEXT.repeated)) for tokens in (TEXT.tokens, changed))
    np.testing.assert_array_equal(one[:, :place], other[:, :place])
    assert (np.asarray(one[:, place]) != np.asarray(other[:, place])).any()


def test_a_uniform_model_has_the_loss_of_a_guess():
    loss = token_losses(jnp.zeros((VOCABULARY, TEXT.n_positions, TEXT.size)), TEXT)
    np.testing.assert_allclose(loss, np.log(VOCABULARY), rtol=1e-6)


def test_a_key_smeared_all_the_way_is_that_of_the_token_before():
    # So the circuit needs no layer 0: its second layer finds what came before by itself.
    plain = induction_circuit()
    first = plain.layers[1]
    by_identity = eqx.tree_at(
        lambda layer: (layer.query, layer.key), first, (first.query, first.query)
    )
    smeared = eqx.tree_at(
        lambda layer: layer.smear,
        by_identity,
        jnp.array([-30.0]),
        is_leaf=lambda leaf: leaf is None,
    )
    for layer, loss_is_low in ((smeared, True), (by_identity, False)):
        model = eqx.tree_at(lambda m: m.layers, plain, (layer,))
        losses = np.asarray(losses_of(model, Intervention(), TEXT))
        assert (losses[KNOWN].mean() < 0.1) == loss_is_low


def test_smeared_keys_are_learnt_head_by_head_and_start_halfway():
    model = small_model(smeared_keys=True)
    gradient = eqx.filter_grad(lambda m: token_losses(m(TEXT), TEXT).mean())(model)
    for layer, of_layer in zip(model.layers, gradient.layers, strict=True):
        np.testing.assert_array_equal(layer.smear, np.zeros(2))
        assert (np.asarray(of_layer.smear) != 0).all()
    assert small_model().layers[0].smear is None


@pytest.mark.parametrize("argument", ["values", "gradient"])
def test_long_and_short_products_are_the_same(argument, monkeypatch):
    model = small_model(1)

    def found():
        if argument == "values":
            return model(TEXT)
        return eqx.filter_grad(lambda m: token_losses(m(TEXT), TEXT).mean())(model)

    batched = found()
    monkeypatch.setattr(products, "MOST_WRITTEN_OUT", 16)
    written_out = found()
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5, rtol=1e-4), batched, written_out
    )


def test_every_activation_is_a_site():
    table = sites(small_model(), n_episodes=2)
    assert table["layers.1.attention.pattern"].shape == (2, 3, 3, 2)
    assert table["token_logits"].axes == ("token", "position", "episode")
    assert "logits" not in table
