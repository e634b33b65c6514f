"""Compilation makes training many times as fast (Appendix B).

The paper trains on a laptop because its framework, clamps and all, can be compiled as a whole with
``jax.jit``, without which training would take up to 50 times as long (Section 2.2). Here the step
that all networks of this suite are trained with is timed both ways, in turns: compiled as one
program, and with each of its operations on its own (``jax.disable_jit``). Both begin with the same
network and the same batch.

Times are of the processor, not of the clock, so that what else the machine does hardly matters, and
the threshold is far from the paper's value, which depends on the machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cache

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import PyTree

from claims.comparisons import NOT_NEGATIVE
from claims.figures.compilation import step_figure
from claims.sequences import drawn
from claims.timed_steps import beginning
from icl_repro import Evidence, claim, control
from icl_repro.episodes import Episodes
from icl_repro.network.transformer import Transformer
from icl_repro.optogenetics import Intervention
from icl_repro.training import Optimiser
from icl_repro.training.engine import begin_optimiser, update

ROUNDS = 3
COMPARED_STEPS = 2
"""Of both kinds, to see that they come to the same loss."""

SPEED_UP = "time of a step without compilation, as a multiple of that with it"
APART = "difference of the losses that steps of both kinds come to"


Start = tuple[Transformer, PyTree, Episodes]
"""The network of Section 3 and its optimiser before the first step, and a batch."""


@cache
def start() -> Start:
    """Where steps of both kinds begin."""
    model, sampler, key = beginning()
    state = eqx.filter_jit(begin_optimiser)(model)
    return model, state, drawn(sampler, key, Optimiser().batch)


def step(
    model: Transformer, optimiser_state: PyTree, batch: Episodes, learning_rate: jax.Array
) -> tuple[Transformer, PyTree, jax.Array]:
    """The engine's step, nothing clamped."""
    return update(model, optimiser_state, Intervention(), batch, learning_rate)


compiled_step = eqx.filter_jit(step)


Steps = Callable[[int], float]
"""Does so many steps from the beginning; returns the last loss."""


def one_by_one(number: int) -> float:
    """Steps of which each operation runs on its own."""
    begun = start()  # no part of the steps, and compiled
    with jax.disable_jit():
        return _repeat(step, begun, number)


def compiled(number: int) -> float:
    """Steps of which each is one program."""
    return _repeat(compiled_step, start(), number)


def twice_as_far(number: int) -> float:
    """Compiled steps with twice the learning rate."""
    return _repeat(compiled_step, start(), number, rate=2)


def _repeat(do: Callable[..., tuple], begun: Start, number: int, rate: float = 1) -> float:
    model, optimiser_state, batch = begun
    learning_rate, loss = jnp.float32(rate * Optimiser().learning_rate), jnp.nan
    for _ in range(number):
        model, optimiser_state, loss = do(model, optimiser_state, batch, learning_rate)
    return float(loss)


def milliseconds(steps: Steps) -> float:
    """Processor time of a step."""
    number = 1 if steps is one_by_one else 50
    started = time.process_time()
    steps(number)
    return 1_000 * (time.process_time() - started) / number


@pytest.fixture(autouse=True, scope="module")
def _nothing_else_in_memory() -> Iterator[None]:
    """Operations that run one at a time are hundreds of programs, which take 0.8 GB together: drop
    all others before, and these after.
    """
    jax.clear_caches()
    yield
    jax.clear_caches()


@claim(
    "framework.compilation",
    source="Appendix B, Section 2.2",
    rests_on=f"processor times of {ROUNDS} rounds, taken in turns on one machine",
    fails_on=[
        control(
            "A compiled step is no faster than itself",
            id="compiled_twice",
            given={"slow": compiled},
            only=SPEED_UP,
        ),
        control(
            "Steps with twice the learning rate come to another loss",
            id="twice_as_far",
            given={"slow": twice_as_far},
            only=APART,
        ),
    ],
)
def test_compilation(evidence: Evidence, slow: Steps = one_by_one) -> None:
    """A training step compiled as a whole is many times as fast as one that is not."""
    # These first steps compile, too.
    apart = abs(slow(COMPARED_STEPS) - compiled(COMPARED_STEPS))
    rounds = [(milliseconds(slow), milliseconds(compiled)) for _ in range(ROUNDS)]
    slow_times, fast_times = np.array(rounds).T
    speed_up = slow_times / fast_times
    evidence.check(
        SPEED_UP,
        np.median(speed_up),
        at_least=10,
        published="paper.jit_speedup",
        limits=NOT_NEGATIVE,
        note=f"median of {ROUNDS} rounds, from {speed_up.min():.3g} to {speed_up.max():.3g}; "
        "the paper says up to 50",
    )
    evidence.check(APART, apart, at_most=1e-4, note=f"after {COMPARED_STEPS}")
    evidence.quantity("step without compilation", np.median(slow_times), unit="ms")
    evidence.quantity("step with compilation", np.median(fast_times), unit="ms")
    kinds = {"an operation at a time": slow_times, "compiled": fast_times}
    evidence.figure(step_figure(kinds, Optimiser().batch))
