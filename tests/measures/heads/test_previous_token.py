"""Previous-token scores: against the definition, and of patterns that are known."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from icl_repro.measures.heads import previous_token
from icl_repro.measures.heads.previous_token import (
    MAJORITY,
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


@pytest.mark.parametrize(
    ("scores", "heads"),
    [
        pytest.param([0.0, 0.6, 0.55, 0.1, -0.1, 0.5, 0.05, 0.0], (1, 2, 5), id="three clear ones"),
        pytest.param([0.0, 0.6, 0.1, 0.05, 0.0, -0.1, 0.0, 0.1], (1,), id="one"),
        pytest.param([0.05, 0.09, -0.05, 0.0, 0.02, -0.08, 0.0, 0.1], (), id="none attends there"),
        pytest.param([-0.37, 0.6, 0.55, 0.0, -0.05, 0.5, 0.05, 0.0], (1, 2, 5), id="one elsewhere"),
        pytest.param([0.61, 0.4, 0.38, 0.02, 0.0, -0.05, -0.1, 0.01], (0, 1, 2), id="uneven"),
        pytest.param([0.6, 0.12, 0.1, -0.2, -0.25, -0.2, -0.3, -0.2], (0,), id="minority"),
        pytest.param([0.6] * 8, tuple(range(8)), id="all"),
        pytest.param([0.0] * 8, (), id="all uniform"),
    ],
)
def test_heads_are_those_that_stand_out_and_attend_to_the_token_before(scores, heads):
    assert previous_token_heads(np.array(scores)) == heads


def test_the_least_that_counts_is_half_of_all_attention():
    assert pytest.approx(MAJORITY + UNIFORM_ATTENTION) == 1 / 2


def test_a_layer_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="layer 2 is out of range, the model has layers 0 to 1"):
        previous_token_scores(random_network(0), random_episodes(0), layer=2)
