"""LayerNorm along the first axis, with its gradient stated: in that form it takes fewer loops than
automatic differentiation makes of it. There is no forward mode.

All other axes are worked on as one, which is how they come out of a product and go into the next:
the compiler vectorises loops over one long axis best.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

NORM_EPSILON = 1e-5

Tokens = Float[Array, "width ..."]
Columns = Float[Array, "width tokens"]
Scale = Float[Array, " width"]


@jax.custom_vjp
def normalise(x: Tokens, weight: Scale, bias: Scale) -> Tokens:
    """Gives each vector along the first axis mean 0 and variance 1, then scales and shifts it."""
    return _forward(x, weight, bias)[0]


def _forward(
    x: Tokens, weight: Scale, bias: Scale
) -> tuple[Tokens, tuple[Columns, Float[Array, " tokens"], Scale]]:
    columns = x.reshape(x.shape[0], -1)
    centred = columns - columns.mean(axis=0)
    inverse_deviation = jax.lax.rsqrt(jnp.square(centred).mean(axis=0) + NORM_EPSILON)
    standard = centred * inverse_deviation
    scaled = standard * weight[:, None] + bias[:, None]
    return scaled.reshape(x.shape), (standard, inverse_deviation, weight)


def _backward(
    saved: tuple[Columns, Float[Array, " tokens"], Scale], gradient: Tokens
) -> tuple[Tokens, Scale, Scale]:
    standard, inverse_deviation, weight = saved
    columns = gradient.reshape(standard.shape)
    to_weight, to_bias = (columns * standard).sum(axis=1), columns.sum(axis=1)
    # What changes the mean of a vector or its variance does not pass through.
    within = columns * weight[:, None]
    along_scale = standard * (within * standard).mean(axis=0)
    to_x = inverse_deviation * (within - within.mean(axis=0) - along_scale)
    return to_x.reshape(gradient.shape), to_weight, to_bias


normalise.defvjp(_forward, _backward)
