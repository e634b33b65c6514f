"""Previous-token scores: against the definition, and of patterns that are known."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from icl_repro.measures.heads import previous_token
from icl_repro.measures.heads.previous_token import (
    UNIFORM_ATTENTION,
    previous_token_heads,
    previous_token_scores,
)
from icl_repro.optogenetics import trace
from tests.support.random_networks import random_episodes, random_network


def test_a_uniform_pattern_scores_zero():
    model = random_network(0)
    uniform = eqx.tree_at(lambda m: m.layers[0].query, model, jnp.zeros_like(model.layers[0].query))
    scores = previous_token_scores(uniform, random_episodes(0))
    np.testing.assert_allclose(scores, np.zeros(4), atol=1e-6)
    assert pytest.approx((1 / 2 + 1 / 4) / 2) == UNIFORM_ATTENTION


@pytest.mark.parametrize("layer", [0, 1])
def test_the_score_is_the_mean_over_episodes_and_both_labels(layer, monkeypatch):
    monkeypatch.setattr(previous_token, "LARGEST_CHUNK", 5)  # more than one chunk
    model, episodes = random_network(1), random_episodes(1)
    pattern = np.asarray(trace(model, episodes)[f"layers.{layer}.attention.pattern"])
    expected = [
        np.mean([pattern[head, 1, 0, e] + pattern[head, 3, 2, e] for e in range(12)]) / 2 - 3 / 8
        for head in range(4)
    ]
    np.testing.assert_allclose(previous_token_scores(model, episodes, layer), expected, atol=1e-6)


def test_heads_are_those_at_half_or_more():
    assert previous_token_heads(np.array([0.6, 0.5, 0.4999, -0.2])) == (0, 1)
    assert previous_token_heads(np.array([0.1, -0.3])) == ()


def test_a_layer_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="layer 2 is out of range, the model has layers 0 to 1"):
        previous_token_scores(random_network(0), random_episodes(0), layer=2)
