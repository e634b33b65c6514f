"""Which programs are compiled, and how many of them stay in memory."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import pytest

from icl_repro.training.programs import ON_PROCESSORS, Call, Programs


class Noting:
    """A jitted function that notes what it is traced for, which is before it is compiled."""

    def __init__(self) -> None:
        self.traced: list[object] = []

    def doubled(self, x: jax.Array, y: jax.Array, power: int) -> jax.Array:
        self.traced.append((x.shape, x.dtype.name, power))
        return (x + y) ** power


@pytest.fixture
def noting() -> Noting:
    return Noting()


@pytest.fixture
def function(noting):
    # A lambda of its own, as JAX keeps what was traced for each function.
    return jax.jit(lambda x, y, power: noting.doubled(x, y, power), static_argnums=2)


def call(function, size: int = 3, value: float = 1.0, power: int = 2) -> Call:
    return Call(function, (jnp.full(size, value), jnp.float32(value)), (power,))


def test_a_program_computes_what_the_function_does(function):
    (program,) = Programs(4).of([call(function)])
    assert program(jnp.arange(3.0), jnp.float32(1)).tolist() == [1, 4, 9]


def test_other_values_need_no_other_program_other_shapes_and_static_arguments_do(function, noting):
    programs = Programs(9)
    one, same, longer, cubed = programs.of(
        [call(function), call(function, value=7.0), call(function, size=4), call(function, power=3)]
    )
    assert one is same
    assert len(programs) == 3
    assert programs.of([call(function, value=2.0)]) == [one]
    assert noting.traced == [((3,), "float32", 2), ((4,), "float32", 2), ((3,), "float32", 3)]
    assert longer(jnp.ones(4), jnp.float32(0)).shape == (4,)
    assert cubed(jnp.ones(3), jnp.float32(1)).tolist() == [8, 8, 8]


def test_the_programs_that_were_used_last_are_kept(function):
    programs = Programs(2)
    (first,) = programs.of([call(function, size=1)])
    (second,) = programs.of([call(function, size=2)])
    assert programs.of([call(function, size=1)]) == [first]
    programs.of([call(function, size=3)])  # one too many: the second was used longest ago
    assert len(programs) == 2
    assert programs.of([call(function, size=1)]) == [first]
    assert programs.of([call(function, size=2)]) != [second]


def test_what_one_run_needs_is_there_however_little_is_kept(function):
    programs = Programs(1)
    found = programs.of([call(function, size=size) for size in (1, 2, 3)])
    assert [program(jnp.ones(n), jnp.float32(0)).shape for n, program in enumerate(found, 1)] == [
        (1,),
        (2,),
        (3,),
    ]
    assert len(programs) == 1


class Told:
    """A jitted function that notes what the compiler is told."""

    def __init__(self) -> None:
        self.options: list[object] = []

    def lower(self, *arguments: object) -> "Told":
        return self

    def compile(self, options: object) -> Callable[[], None]:
        self.options.append(options)
        return lambda: None


@pytest.mark.parametrize(
    ("device", "little", "options"),
    [("cpu", False, dict(ON_PROCESSORS)), ("cpu", True, None), ("gpu", False, None)],
)
def test_the_compiler_is_told_what_pays_on_processors(monkeypatch, device, little, options):
    monkeypatch.setattr(jax, "default_backend", lambda: device)
    told = Told()
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", little)
    try:
        Programs(1).of([Call(told, ())])
    finally:
        jax.config.update("jax_disable_most_optimizations", before)
    assert told.options == [options]


def test_the_options_are_known_to_the_compiler():
    known = jax.jit(lambda x: x + 1).lower(1.0).compile(dict(ON_PROCESSORS))
    assert known(1.0) == 2
