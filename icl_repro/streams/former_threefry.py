"""Random keys that draw by JAX's former threefry, its default before version 0.5.

The block cipher is the same as today; what differs is which counters it is given, so that every
stream is another one (``jax_threefry_partitionable`` false). That setting is of the whole session,
and read when a program is compiled. These keys carry the former way with them instead: functions of
:mod:`jax.random` draw by it whatever the session's setting is, inside compiled programs too, and
other keys draw as before.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax.extend import random
from jaxtyping import Array, Key, UInt32


def _split(key: UInt32[Array, "2"], shape: tuple[int, ...]) -> UInt32[Array, "*shape 2"]:
    return _words(key, 2 * math.prod(shape)).reshape(*shape, 2)


def _random_bits(
    key: UInt32[Array, "2"], bit_width: int, shape: tuple[int, ...]
) -> UInt32[Array, "*shape"]:
    if bit_width != 32:
        raise NotImplementedError(
            f"keys of the former threefry give numbers of 32 bits, not of {bit_width}: name a type "
            "of 32 bits, such as float32"
        )
    return _words(key, math.prod(shape)).reshape(shape)


def _words(key: UInt32[Array, "2"], count: int) -> UInt32[Array, " count"]:
    return random.threefry_2x32(key, jnp.arange(count, dtype=jnp.uint32))


FORMER_THREEFRY = random.define_prng_impl(
    key_shape=(2,),
    seed=random.threefry_prng_impl.seed,
    split=_split,
    random_bits=_random_bits,
    fold_in=random.threefry_prng_impl.fold_in,
    name="former_threefry2x32",
    tag="former_fry",
)


def former_key(seed: int) -> Key[Array, ""]:
    """The key of a seed, as ``jax.random.PRNGKey(seed)`` was."""
    return jax.random.key(seed, impl=FORMER_THREEFRY)
