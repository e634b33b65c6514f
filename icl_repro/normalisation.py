"""LayerNorm along the first axis, with its gradient stated: in that form it takes fewer loops than
automatic differentiation makes of it. There is no forward mode.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

NORM_EPSILON = 1e-5

Tokens = Float[Array, "width ..."]
Scale = Float[Array, " width"]


@jax.custom_vjp
def normalise(x: Tokens, weight: Scale, bias: Scale) -> Tokens:
    """Gives each vector along the first axis mean 0 and variance 1, then scales and shifts it."""
    return _forward(x, weight, bias)[0]


def _forward(
    x: Tokens, weight: Scale, bias: Scale
) -> tuple[Tokens, tuple[Tokens, Float[Array, "1 ..."], Scale]]:
    centred = x - x.mean(axis=0, keepdims=True)
    variance = jnp.square(centred).mean(axis=0, keepdims=True)
    inverse_deviation = jax.lax.rsqrt(variance + NORM_EPSILON)
    standard = centred * inverse_deviation
    scaled = standard * _column(weight, x.ndim) + _column(bias, x.ndim)
    return scaled, (standard, inverse_deviation, weight)


def _backward(
    saved: tuple[Tokens, Float[Array, "1 ..."], Scale], gradient: Tokens
) -> tuple[Tokens, Scale, Scale]:
    standard, inverse_deviation, weight = saved
    tokens = tuple(range(1, gradient.ndim))
    to_weight, to_bias = (gradient * standard).sum(tokens), gradient.sum(tokens)
    # What neither changes the mean of a vector nor its variance passes through.
    within = gradient * _column(weight, gradient.ndim)
    along_mean = within.mean(axis=0, keepdims=True)
    along_scale = standard * (within * standard).mean(axis=0, keepdims=True)
    return inverse_deviation * (within - along_mean - along_scale), to_weight, to_bias


def _column(vector: Scale, n_axes: int) -> Float[Array, "width ..."]:
    return vector.reshape((-1,) + (1,) * (n_axes - 1))


normalise.defvjp(_forward, _backward)
