"""What is timed: plain training loops, and the engine's, each for about so many sequences."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks import network_for_one
from icl_repro.episodes import Episodes, Sampler
from icl_repro.network.transformer import ModelSettings, Transformer, initialise
from icl_repro.optogenetics import (
    ClampCopy,
    ClampFirstLayer,
    ClampMatch,
    ClampPreviousToken,
    PreservingAblation,
    intervention,
    only_heads,
)
from icl_repro.streams import published
from icl_repro.training import RunSpec, Schedule, engine
from icl_repro.training.engine import Trainee, begin, begin_optimiser, evaluation_sets
from icl_repro.training.evaluation import losses

BATCH = RunSpec().optimiser.batch
DEFAULT_SHAPE = ModelSettings()
N_FEATURES = 512
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

Contestant = Callable[[], object]
Predict = Callable[[Transformer, Episodes], jax.Array]
"""Logits of a network."""


@cache
def start() -> Trainee:
    """The default run before its first step."""
    return begin(RunSpec())


@cache
def sets() -> dict[str, Episodes]:
    """What the default run is evaluated on."""
    return evaluation_sets(RunSpec())


def clamped(name: str) -> Trainee:
    """The same under one of :data:`CLAMPS`."""
    edits = intervention(CLAMPS[name], RunSpec().model)
    return dataclasses.replace(start(), intervention=jax.tree.map(jnp.asarray, edits))


def shaped(settings: ModelSettings = DEFAULT_SHAPE, classes: int = 50) -> Trainee:
    """The same with a network of another shape, or with another number of classes, whose exemplars
    are random numbers: what a step costs does not depend on them.
    """
    keys = jax.random.split(jax.random.key(0), 2)
    model = initialise(settings, N_FEATURES, RunSpec().episodes.labels, keys[0])
    bank = jax.random.normal(keys[1], (classes, N_FEATURES))
    return dataclasses.replace(
        start(),
        model=model,
        optimiser_state=begin_optimiser(model),
        sampler=Sampler(bank, start().sampler.pairs),
    )


def drawn_as_published(trainee: Trainee) -> Trainee:
    """The same with batches of the published streams."""
    sampler = published.PublishedSampler(trainee.sampler.bank, trainee.sampler.pairs)
    spec = RunSpec()
    keys = published.batch_keys(spec.data_seed, spec.steps)
    return dataclasses.replace(trainee, sampler=sampler, batch_keys=keys)


def engine_alone(trainee: Trainee, sequences: int) -> Contestant:
    """A stretch of one run in the engine, without evaluations."""
    compiled = engine.Compiled(trainee, {}, BATCH)

    def train() -> object:
        return jax.block_until_ready(compiled.advance(trainee, 0, sequences // BATCH).model)

    return train


def engine_group(trainee: Trainee, runs: int, sequences: int) -> Contestant:
    """A stretch of a group of runs, which share the sequences."""
    stacked = jax.tree.map(lambda *xs: jnp.stack(xs), *[trainee] * runs)

    compiled = engine.Compiled(stacked, {}, BATCH, is_group=True)

    def train() -> object:
        steps = sequences // BATCH // runs
        return jax.block_until_ready(compiled.advance(stacked, 0, steps).model)

    return train


def engine_with_evaluations(sequences: int) -> Contestant:
    """A whole run as it is trained for a claim, with an evaluation every 5,000 sequences.

    (Real runs have more of them early on and in their phase change, which would dominate here.)
    """
    spec = RunSpec(sequences=sequences, schedule=Schedule(every_in_change=5_000, first=5_000))
    compiled = engine.Compiled(start(), sets(), BATCH)

    def train() -> object:
        trainee = start()
        for step in range(0, spec.steps + 1, spec.schedule.every // BATCH):
            jax.block_until_ready(compiled.measure(trainee))
            ahead = min(step + spec.schedule.every // BATCH, spec.steps)
            trainee = compiled.advance(trainee, step, ahead)
        return jax.block_until_ready(trainee.model)

    return train


class PlainLoops:
    """Training loops in Python around a jitted step, as one usually writes them with Equinox.

    The loss, the sampler and the optimiser are those of the engine; the network too, unless
    `predict` is another.
    """

    def __init__(self, predict: Predict = lambda model, episodes: model(episodes)) -> None:
        self.start = start()
        self.predict = predict
        self.optimiser = optax.adam(float(self.start.learning_rate))
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
        return jax.block_until_ready(model)

    def lean(self, sequences: int) -> object:
        """The same without any other call: the step splits the key too, and hands it back."""
        model, state, key = self._begin()
        for _ in range(sequences // BATCH):
            model, state, _, key = self.split_sample_and_step(model, state, key)
        return jax.block_until_ready(model)

    def as_documented(self, sequences: int) -> object:
        """Like the example of "day-to-day" use in Equinox's documentation (Train RNN): a loader
        gives the batch, here by a jitted call of its own, and the loss is read at every step.
        """
        model, state, key = self._begin()
        for _ in range(sequences // BATCH):
            key, drawn = jax.random.split(key)
            model, state, loss = self.jitted_step(model, state, self.jitted_sample(drawn))
            loss.item()
        return jax.block_until_ready(model)

    def _begin(self) -> tuple:
        model = self.start.model
        return model, self.optimiser.init(eqx.filter(model, eqx.is_array)), jax.random.key(0)

    def _sample(self, key: jax.Array) -> Episodes:
        return self.start.sampler.sample(key, BATCH)

    def _step(self, model, state, episodes: Episodes) -> tuple:
        def mean_loss(model):
            return losses(self.predict(model, episodes), episodes).mean()

        loss, gradient = eqx.filter_value_and_grad(mean_loss)(model)
        updates, state = self.optimiser.update(gradient, state, model)
        return eqx.apply_updates(model, updates), state, loss


PLAIN_LOOPS = {
    "plain loop": (None, PlainLoops.usual),
    "plain loop, as lean as can be": (None, PlainLoops.lean),
    "plain loop, as in Equinox's example": (None, PlainLoops.as_documented),
    "plain loop, network for one, mapped": (network_for_one.predict, PlainLoops.usual),
    "as in the example, network for one": (network_for_one.predict, PlainLoops.as_documented),
}
"""Loops in Python, by name: the network if it is another, and the loop; see README.md."""


def plain_loop(name: str, sequences: int) -> Contestant:
    """One of :data:`PLAIN_LOOPS`."""
    predict, loop = PLAIN_LOOPS[name]
    loops = PlainLoops() if predict is None else PlainLoops(predict)
    check_same_network()
    return lambda: loop(loops, sequences)


def check_same_network() -> None:
    """Make sure that the network for one sequence is the network."""
    episodes = sets()["train"]
    expected = start().model(episodes)
    found = network_for_one.predict(start().model, episodes)
    np.testing.assert_allclose(found, expected, atol=1e-4)
