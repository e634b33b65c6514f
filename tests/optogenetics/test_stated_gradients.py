"""Rotary positions and LayerNorm, whose gradients are stated, against plain formulas."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icl_repro.network.normalisation import normalise
from icl_repro.network.rotary import rotate


def random(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape), jnp.float32)


def assert_same_gradients(function, plain, *arguments):
    """Of a random direction of the result."""

    @jax.jit
    def both(*arguments):
        results = []
        for f in (function, plain):
            value, pull_back = jax.vjp(f, *arguments)
            results.append((value, pull_back(random(*value.shape, seed=1))))
        return results

    ours, expected = both(*arguments)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5, rtol=1e-5), ours, expected
    )


def plain_rotation(x, positions):
    """Pairs of channels as complex numbers."""
    channels = x.shape[1]
    rate = 10_000.0 ** (-np.arange(0, channels, 2) / channels)
    turn = np.exp(1j * np.outer(rate, positions))[:, :, None].astype(np.complex64)
    turned = (x[:, 0::2] + 1j * x[:, 1::2]) * turn
    return jnp.stack([turned.real, turned.imag], axis=2).reshape(x.shape)


@pytest.mark.parametrize("positions", [(0, 1, 2, 3, 4), (4,)], ids=["all positions", "the query"])
def test_rotation(positions):
    x = random(3, 8, len(positions), 6)
    assert_same_gradients(lambda x: rotate(x, positions), lambda x: plain_rotation(x, positions), x)


def test_the_gradient_of_a_rotation_is_the_rotation_back():
    x, positions = random(2, 4, 5, 3), (0, 1, 2, 3, 4)
    turned, pull_back = jax.vjp(lambda x: rotate(x, positions), x)
    np.testing.assert_allclose(pull_back(turned)[0], x, atol=1e-6)


def plain_norm(x, weight, bias):
    mean, variance = x.mean(axis=0), x.var(axis=0)
    columns = (-1,) + (1,) * (x.ndim - 1)
    standard = (x - mean) / jnp.sqrt(variance + 1e-5)
    return standard * weight.reshape(columns) + bias.reshape(columns)


@pytest.mark.parametrize("shape", [(16, 5, 6), (16, 1, 6), (16, 7), (16,)], ids=str)
def test_normalisation(shape):
    x = 3 + 2 * random(*shape)
    assert_same_gradients(normalise, plain_norm, x, random(16, seed=2), random(16, seed=3))


def test_normalisation_of_vectors_that_hardly_vary():
    x = 0.01 * random(16, 4)  # so that the term that keeps the division finite counts
    assert_same_gradients(normalise, plain_norm, x, random(16, seed=2), random(16, seed=3))
