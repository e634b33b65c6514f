"""How fast networks train: the engine beside a plain loop, and what each clamp costs.

    python benchmarks/training_speed.py [--sequences 32000] [--repeats 5]

Everything is measured in one process, on one core, in turns: each repeat times every contestant
once, so that whatever else the machine does meets all of them alike. Ratios are medians over the
repeats of the ratio within a repeat. See README.md beside this file for what was measured.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

from icl_repro.plugin import threads

threads.use_one()  # as the workers of pytest do; before anything imports JAX

import equinox as eqx  # noqa: E402
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import network_for_one  # noqa: E402
import numpy as np  # noqa: E402
import optax  # noqa: E402

from icl_repro.episodes import Episodes  # noqa: E402
from icl_repro.optogenetics import (  # noqa: E402
    ClampCopy,
    ClampFirstLayer,
    ClampMatch,
    ClampPreviousToken,
    PreservingAblation,
    only_heads,
)
from icl_repro.training import RunSpec, Schedule, engine  # noqa: E402
from icl_repro.training.engine import Trainee, begin  # noqa: E402
from icl_repro.training.evaluation import losses  # noqa: E402
from icl_repro.transformer import Transformer  # noqa: E402

BATCH = RunSpec().optimiser.batch
GROUP = 8
HEAD = 3
CLAMPS = {
    "one head of layer 1 only": (only_heads([HEAD]),),
    "previous-token pattern": (only_heads([HEAD]), ClampPreviousToken((2,))),
    "match": (only_heads([HEAD]), ClampMatch((HEAD,))),
    "copy": (only_heads([HEAD]), ClampCopy(HEAD)),
    "the paper's Layer 1": (only_heads([HEAD]), ClampFirstLayer()),
    "the paper's Layer 1 + copy": (only_heads([HEAD]), ClampFirstLayer(), ClampCopy(HEAD)),
    "pattern-preserving ablation": (PreservingAblation((1, 2, 5), ("pattern",)),),
    "value-preserving ablation": (PreservingAblation((1, 2, 5), ("value",)),),
}

Contestant = Callable[[int], object]
"""Trains for about so many sequences; what it returns is waited for."""


Predict = Callable[[Transformer, Episodes], jax.Array]
"""Logits of a network."""


class Timing(NamedTuple):
    """Sequences a second by the clock, and by the processor time of this process."""

    by_clock: float
    by_processor: float


class PlainLoops:
    """Training loops in Python around a jitted step, as one usually writes them with Equinox.

    The loss, the sampler and the optimiser are those of the engine; the network too, unless
    `predict` is another.
    """

    def __init__(self, start: Trainee, predict: Predict) -> None:
        self.start = start
        self.predict = predict
        self.optimiser = optax.adam(float(start.learning_rate))
        self.jitted_sample = eqx.filter_jit(self._sample)
        self.jitted_step = eqx.filter_jit(self._step)

        @eqx.filter_jit
        def sample_and_step(model, state, key):
            return self._step(model, state, self._sample(key))

        @eqx.filter_jit
        def split_sample_and_step(model, state, key):
            key, drawn = jax.random.split(key)
            return *self._step(model, state, self._sample(drawn)), key

        self.sample_and_step = sample_and_step
        self.split_sample_and_step = split_sample_and_step

    def usual(self, sequences: int) -> object:
        """One jitted call a step, which samples and updates; nobody waits for the loss."""
        model, state, key = self._begin()
        for _ in range(sequences // BATCH):
            key, drawn = jax.random.split(key)
            model, state, _ = self.sample_and_step(model, state, drawn)
        return model

    def lean(self, sequences: int) -> object:
        """The same without any other call: the step splits the key too, and hands it back."""
        model, state, key = self._begin()
        for _ in range(sequences // BATCH):
            model, state, _, key = self.split_sample_and_step(model, state, key)
        return model

    def as_documented(self, sequences: int) -> object:
        """Like the example of "day-to-day" use in Equinox's documentation (Train RNN): a loader
        gives the batch, here by a jitted call of its own, and the loss is read at every step.
        """
        model, state, key = self._begin()
        for _ in range(sequences // BATCH):
            key, drawn = jax.random.split(key)
            model, state, loss = self.jitted_step(model, state, self.jitted_sample(drawn))
            loss.item()
        return model

    def _begin(self) -> tuple:
        model = self.start.model
        return model, self.optimiser.init(eqx.filter(model, eqx.is_array)), self.start.data_key

    def _sample(self, key: jax.Array) -> Episodes:
        return self.start.sampler.sample(key, BATCH)

    def _step(self, model, state, episodes: Episodes) -> tuple:
        def mean_loss(model):
            return losses(self.predict(model, episodes), episodes).mean()

        loss, gradient = eqx.filter_value_and_grad(mean_loss)(model)
        updates, state = self.optimiser.update(gradient, state, model)
        return eqx.apply_updates(model, updates), state, loss


def engine_alone(start: Trainee) -> Contestant:
    """A stretch of one run in the engine."""

    def train(sequences: int) -> object:
        # Private, so that evaluations, which the plain loop does not do, are not timed.
        return engine._advance_one(start, BATCH, jnp.asarray(0), jnp.asarray(sequences // BATCH))

    return train


def engine_group(start: Trainee) -> Contestant:
    """A stretch of :data:`GROUP` runs together, which share the sequences."""
    stacked = jax.tree.map(lambda *xs: jnp.stack(xs), *[start] * GROUP)

    def train(sequences: int) -> object:
        stop = jnp.asarray(sequences // BATCH // GROUP)
        return engine._advance_group(stacked, BATCH, jnp.asarray(0), stop)

    return train


def engine_with_evaluations(sequences: int) -> object:
    """A whole run as it is trained for a claim, with an evaluation every 5,000 sequences.

    (Real runs have a few more early on and in their phase change, which would dominate here.)
    """
    spec = RunSpec(sequences=sequences, schedule=Schedule(every_in_change=5_000, first=5_000))
    (run,) = engine.train([spec])
    return run.model()


def contestants() -> dict[str, Contestant]:
    """All that is timed, by name; the first is what the others are compared with."""
    start = begin(RunSpec())
    loops = PlainLoops(start, lambda model, episodes: model(episodes))
    mapped = PlainLoops(start, network_for_one.predict)
    check_same_network(start)
    clamped = {name: begin(RunSpec(clamps=clamps)) for name, clamps in CLAMPS.items()}
    return {
        "plain loop": loops.usual,
        "plain loop, as lean as can be": loops.lean,
        "plain loop, as in Equinox's example": loops.as_documented,
        "plain loop, network for one, mapped": mapped.usual,
        "plain loop, as in the example, network for one": mapped.as_documented,
        "engine, one run": engine_alone(start),
        "engine, one run, with its evaluations": engine_with_evaluations,
        f"engine, group of {GROUP} (summed)": engine_group(start),
        **{f"engine, {name}": engine_alone(one) for name, one in clamped.items()},
    }


def check_same_network(start: Trainee) -> None:
    """Make sure that the network for one sequence is the network."""
    episodes = start.evaluation_sets["train"]
    expected = start.model(episodes)
    np.testing.assert_allclose(network_for_one.predict(start.model, episodes), expected, atol=1e-4)


def time_of(contestant: Contestant, sequences: int) -> Timing:
    """Time one go."""
    clock, processor = time.perf_counter(), time.process_time()
    jax.block_until_ready(contestant(sequences))
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    return Timing(sequences / clock, sequences / processor)


def stay_on_one_core() -> str:
    """Keep this process to one core; says which, or that it cannot be done here."""
    if not hasattr(os, "sched_setaffinity"):
        return "not kept to one core (this system cannot)"
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return f"kept to core {core}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sequences", type=int, default=32_000, help="for each go (32000)")
    parser.add_argument("--repeats", type=int, default=5, help="goes of each contestant (5)")
    parser.add_argument("--any-core", action="store_true", help="do not keep to one core")
    options = parser.parse_args()
    unit = BATCH * GROUP
    sequences = max(1, options.sequences // unit) * unit

    placed = "on any core" if options.any_core else stay_on_one_core()
    print(f"{platform.machine()}, {os.cpu_count()} cores, {placed}; Python", end=" ")
    print(f"{platform.python_version()}, jax {jax.__version__}, equinox {eqx.__version__}")
    print(f"{sequences:,} sequences a go, {options.repeats} goes, batches of {BATCH}")

    timed: dict[str, list[Timing]] = {}
    entered = contestants()
    for contestant in entered.values():
        jax.block_until_ready(contestant(unit))  # compiles
    for _ in range(options.repeats):
        for name, contestant in entered.items():
            timed.setdefault(name, []).append(time_of(contestant, sequences))
    print(table(timed, first="plain loop", base="engine, one run"))


def table(timed: dict[str, list[Timing]], first: str, base: str) -> str:
    """Medians, and ratios to two of the contestants, one line each."""

    def ratio(name: str, other: str) -> float:
        pairs = zip(timed[name], timed[other], strict=True)
        return statistics.median(one.by_clock / two.by_clock for one, two in pairs)

    heads = ("", "sequences/s", "lowest", "highest", "per CPU s", f"/ {first}", f"/ {base}")
    lines = [f"{heads[0]:<48}" + "".join(f"{head:>{len(head) + 3}}" for head in heads[1:])]
    for name, timings in timed.items():
        by_clock = [timing.by_clock for timing in timings]
        numbers = [
            f"{statistics.median(by_clock):,.0f}",
            f"{min(by_clock):,.0f}",
            f"{max(by_clock):,.0f}",
            f"{statistics.median(timing.by_processor for timing in timings):,.0f}",
            f"{ratio(name, first):.2f}",
            f"{ratio(name, base):.2f}",
        ]
        columns = zip(numbers, heads[1:], strict=True)
        lines.append(f"{name:<48}" + "".join(f"{text:>{len(head) + 3}}" for text, head in columns))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
