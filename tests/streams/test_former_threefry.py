"""Keys of the former threefry draw what JAX drew before version 0.5, whatever its setting is."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icl_repro.streams.former_threefry import former_key

DRAWS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "split": lambda key: jax.random.key_data(jax.random.split(key, 3)),
    "fold_in": lambda key: jax.random.key_data(jax.random.fold_in(key, 7)),
    "bits": lambda key: jax.random.bits(key, (5, 3)),
    "uniform": lambda key: jax.random.uniform(key, (7,)),
    "randint": lambda key: jax.random.randint(key, (6,), 0, 9),
    "permutation": lambda key: jax.random.permutation(key, 10),
}


def drawn(key_of: Callable[[int], jax.Array], draw: Callable, compiled: bool) -> np.ndarray:
    """What is drawn by the keys of three seeds together."""
    keys = jnp.stack([key_of(seed) for seed in (0, 5, 2**32 - 1)])
    return np.asarray((jax.jit if compiled else lambda f: f)(jax.vmap(draw))(keys))


@pytest.mark.parametrize("name", DRAWS)
def test_they_draw_what_was_the_default(name):
    with jax.threefry_partitionable(False):
        expected = drawn(jax.random.key, DRAWS[name], compiled=True)
    for partitionable in (False, True):
        with jax.threefry_partitionable(partitionable):
            found = drawn(former_key, DRAWS[name], compiled=True)
        np.testing.assert_array_equal(found, expected)


def test_they_draw_the_same_uncompiled():
    expected = drawn(former_key, DRAWS["bits"], compiled=True)
    np.testing.assert_array_equal(drawn(former_key, DRAWS["bits"], compiled=False), expected)


def test_other_keys_draw_by_todays_default_beside_them():
    """In one program; and today's default is another stream, so that all this is needed."""

    @jax.jit
    def both(key, former):
        return jax.random.bits(key, (4,)), jax.random.bits(former, (4,))

    with jax.threefry_partitionable(True):
        ours, former = both(jax.random.key(5), former_key(5))
        np.testing.assert_array_equal(ours, jax.random.bits(jax.random.key(5), (4,)))
    assert (ours != former).any()


def test_numbers_of_other_than_32_bits_are_refused():
    with pytest.raises(NotImplementedError, match="numbers of 32 bits, not of 16"):
        jax.random.bits(former_key(0), (2,), jnp.uint16)
