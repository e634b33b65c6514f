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
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import PyTree

from claims.published import reported
from icl_repro.episodes import Episodes, EpisodeSettings, Sampler, split
from icl_repro.network.transformer import ModelSettings, Transformer, initialise
from icl_repro.optogenetics import Intervention
from icl_repro.training import Optimiser
from icl_repro.training.engine import begin_optimiser, update
from icl_repro.verification.pictures import Bars, Figure, Series

N_FEATURES = 512
"""Of an exemplar, as the suite encodes them."""
ROUNDS = 3
COMPILED_STEPS = 50
"""In each round."""
SINGLE_STEPS = 1
"""In each round, of those that are not compiled as a whole."""
COMPARED_STEPS = 2
"""Of both kinds, to see that they come to the same loss; the first one compiles."""
SPEED_UP = "time of a step without compilation, as a multiple of that with it"
APART = "difference of the losses that steps of both kinds come to"

Steps = Callable[[int], float]
"""Does so many steps from the beginning; returns the last loss."""


@cache
def beginning() -> tuple[Transformer, Episodes]:
    """The network of Section 3 at initialisation, and a batch; of random exemplars, because what a
    step costs does not depend on them.
    """
    bank_key, model_key, batch_key = jax.random.split(jax.random.key(5), 3)
    settings = EpisodeSettings()
    bank = jax.random.normal(bank_key, (settings.classes, N_FEATURES))
    pairs = jnp.asarray(split(settings, settings.classes + settings.test_classes).training_pairs)
    model = initialise(ModelSettings(), N_FEATURES, settings.labels, model_key)
    return model, Sampler(bank, pairs).sample(batch_key, Optimiser().batch)


def step(model: Transformer, optimiser_state: PyTree, batch: Episodes) -> tuple:
    """The engine's step, nothing clamped."""
    return update(model, optimiser_state, Intervention(), batch, Optimiser().learning_rate)


def one_by_one(number: int) -> float:
    """Steps of which each operation runs on its own."""
    with jax.disable_jit():
        return _repeat(step, number)


compiled_step = eqx.filter_jit(step)


@pytest.fixture(autouse=True)
def _nothing_else_in_memory() -> Iterator[None]:
    """Operations that run one at a time are hundreds of programs, which take 0.8 GB together: drop
    all others before, and these after.
    """
    jax.clear_caches()
    yield
    jax.clear_caches()


def compiled(number: int) -> float:
    """Steps of which each is one program."""
    return _repeat(compiled_step, number)


def _repeat(do: Callable[..., tuple], number: int) -> float:
    model, batch = beginning()
    optimiser_state = begin_optimiser(model)
    for _ in range(number):
        model, optimiser_state, loss = do(model, optimiser_state, batch)
    return float(loss)


class Comparison(NamedTuple):
    """Processor time of a step in each round, in milliseconds; the loss after a few steps."""

    slow: np.ndarray
    fast: np.ndarray
    slow_loss: float
    fast_loss: float


def compare(slow: Steps, slow_steps: int, fast: Steps) -> Comparison:
    """Time two kinds of steps in turns."""
    losses = slow(COMPARED_STEPS), fast(COMPARED_STEPS)
    rounds = [
        (_milliseconds(slow, slow_steps), _milliseconds(fast, COMPILED_STEPS))
        for _ in range(ROUNDS)
    ]
    return Comparison(*np.array(rounds).T, *losses)


def _milliseconds(steps: Steps, number: int) -> float:
    started = time.process_time()
    steps(number)
    return 1_000 * (time.process_time() - started) / number


def measure(evidence, times: Comparison) -> None:
    """State how many times as long the slower kind of step takes, and that both are the same."""
    speed_up = times.slow / times.fast
    evidence.check(
        SPEED_UP,
        np.median(speed_up),
        at_least=10,
        published=reported("paper.jit_speedup"),
        note=f"median of {ROUNDS} rounds, from {speed_up.min():.3g} to {speed_up.max():.3g}; "
        "the paper says up to 50",
    )
    evidence.check(
        APART, abs(times.slow_loss - times.fast_loss), at_most=1e-4, note=f"after {COMPARED_STEPS}"
    )


@pytest.mark.claim(
    id="framework.compilation",
    statement="A training step compiled as a whole is many times as fast as one that is not",
    source="Appendix B, Section 2.2",
    controls=("framework.compiled_twice",),
)
def test_compilation(evidence):
    times = compare(one_by_one, SINGLE_STEPS, compiled)
    measure(evidence, times)
    evidence.quantity("step without compilation", np.median(times.slow), unit="ms")
    evidence.quantity("step with compilation", np.median(times.fast), unit="ms")
    kinds = {"an operation at a time": times.slow, "compiled": times.fast}
    evidence.figure(
        Figure(
            name="step",
            caption="Processor time of one training step of 32 sequences, in milliseconds: the "
            f"median of {ROUNDS} rounds, and the least and the greatest of them.",
            source="Appendix B",
            panels=[
                Bars(
                    title="",
                    x_label="the step is run",
                    y_label="milliseconds",
                    categories=list(kinds),
                    series=[
                        Series(
                            "step",
                            x=list(range(len(kinds))),
                            y=[float(np.median(of_kind)) for of_kind in kinds.values()],
                            low=[float(of_kind.min()) for of_kind in kinds.values()],
                            high=[float(of_kind.max()) for of_kind in kinds.values()],
                        )
                    ],
                )
            ],
        )
    )


@pytest.mark.control(
    id="framework.compiled_twice",
    statement="A compiled step is no faster than itself",
    must_fail=(SPEED_UP,),
)
def test_compiled_twice(evidence):
    measure(evidence, compare(compiled, COMPILED_STEPS, compiled))
