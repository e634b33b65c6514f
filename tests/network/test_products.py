"""The products inside attention and their stated gradients, against plain sums."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icl_repro.network.products import compare, mix, softmax_over_keys

SHAPES = {"all positions": (3, 4, 5, 5, 6), "the query only": (3, 4, 1, 5, 6), "one": (1,) * 5}
"""Heads, channels, queries, keys, episodes."""


def random_arrays(shape, seed=0):
    heads, channels, queries, keys, episodes = shape
    rng = np.random.default_rng(seed)
    shapes = {
        "queries": (heads, channels, queries, episodes),
        "keys": (heads, channels, keys, episodes),
        "pairs": (heads, queries, keys, episodes),
    }
    return {name: jnp.asarray(rng.standard_normal(s), jnp.float32) for name, s in shapes.items()}


def assert_same_values_and_gradients(function, plain, *arguments):
    """On random arguments, and for a random direction of the result."""
    direction = jnp.asarray(
        np.random.default_rng(1).standard_normal(jax.eval_shape(plain, *arguments).shape),
        jnp.float32,
    )

    @jax.jit
    def both(*arguments):
        results = []
        for f in (function, plain):
            value, pull_back = jax.vjp(f, *arguments)
            results.append((value, pull_back(direction)))
        return results

    ours, expected = both(*arguments)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5, rtol=1e-5), ours, expected
    )


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_comparing_is_an_inner_product_over_channels(shape):
    arrays = random_arrays(shape)
    assert_same_values_and_gradients(
        compare,
        lambda queries, keys: jnp.einsum("hcqe,hcke->hqke", queries, keys),
        arrays["queries"],
        arrays["keys"],
    )


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_mixing_is_a_weighted_sum_over_keys(shape):
    arrays = random_arrays(shape)
    assert_same_values_and_gradients(
        mix,
        lambda pattern, values: jnp.einsum("hqke,hcke->hcqe", pattern, values),
        arrays["pairs"],
        arrays["keys"],
    )


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_softmax_is_over_keys(shape):
    scores = 5 * random_arrays(shape)["pairs"]
    assert_same_values_and_gradients(
        softmax_over_keys, lambda scores: jax.nn.softmax(scores, axis=2), scores
    )


def test_masked_scores_get_no_weight_and_no_gradient():
    mask = np.tri(5, dtype=bool)[:, :, None]
    scores = random_arrays(SHAPES["all positions"])["pairs"]

    def masked(scores):
        return softmax_over_keys(jnp.where(mask, scores, -jnp.inf))

    assert_same_values_and_gradients(
        masked, lambda scores: jax.nn.softmax(scores, axis=2, where=mask), scores
    )
    assert not np.asarray(masked(scores))[:, ~mask[..., 0]].any()


def test_large_scores_do_not_overflow():
    pattern = np.asarray(softmax_over_keys(jnp.array([1e4, 1e4, -1e4]).reshape(1, 1, 3, 1)))
    np.testing.assert_allclose(pattern.ravel(), [0.5, 0.5, 0])
