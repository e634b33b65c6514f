"""Rotary positions (Su et al., 2021): how queries and keys know where their tokens stand.

The gradient of a rotation is the rotation back. Automatic differentiation takes it apart into
pieces that are padded and summed, which takes several times as long; so it is stated. There is no
forward mode.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

ROTARY_BASE = 10_000.0

Vectors = Float[Array, "heads channels positions episodes"]
Factors = Float[np.ndarray, "pairs positions 1"]


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def rotate(x: Vectors, positions: tuple[int, ...]) -> Vectors:
    """Turns pairs of neighbouring channels by angles that grow with position."""
    cos, sin = _angles(x.shape[1], positions)
    return _turn(x, cos, sin)


def _angles(channels: int, positions: tuple[int, ...]) -> tuple[Factors, Factors]:
    rate = ROTARY_BASE ** (-np.arange(0, channels, 2) / channels)
    angle = np.outer(rate, positions).astype(np.float64)[:, :, None]
    return np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)


def _turn(x: Vectors, cos: Factors, sin: Factors) -> Vectors:
    heads, channels, n_positions, n_episodes = x.shape
    pairs = x.reshape(heads, channels // 2, 2, n_positions, n_episodes)
    even, odd = pairs[:, :, 0], pairs[:, :, 1]
    turned = jnp.stack([even * cos - odd * sin, even * sin + odd * cos], axis=2)
    return turned.reshape(x.shape)


def _forward(x: Vectors, positions: tuple[int, ...]) -> tuple[Vectors, None]:
    return rotate(x, positions), None


def _backward(positions: tuple[int, ...], _: None, gradient: Vectors) -> tuple[Vectors]:
    cos, sin = _angles(gradient.shape[1], positions)
    return (_turn(gradient, cos, -sin),)


rotate.defvjp(_forward, _backward)
