"""The engine: compiled training of one run, or of a vmapped group of runs.

Whole stretches of steps between two evaluations run inside one compiled loop, sampling included.
The number of steps is an argument of the compiled program, so that a program is compiled once for
all runs of the same shape, whatever their seeds, masks, strengths and lengths.
"""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key, PyTree

from icl_repro.episodes import Episodes, Sampler, SetName, with_rows
from icl_repro.network.transformer import AttentionOnly, Transformer
from icl_repro.optogenetics import Intervention, intervention
from icl_repro.streams import BatchKeys
from icl_repro.training.altered_streams import streams_named
from icl_repro.training.descent import ADAM, Descent, begin_optimiser, descend
from icl_repro.training.evaluation import (
    LARGEST_CHUNK,
    WHOLE,
    chunk_size,
    evaluate_set,
    largest_chunk,
    losses,
    of_set,
)
from icl_repro.training.programs import Call, Programs
from icl_repro.training.run import Run, weights
from icl_repro.training.spec import RunSpec

if TYPE_CHECKING:
    from pathlib import Path

NEVER = np.iinfo(np.int32).max
DRAWN_AT_ONCE = 64
"""Batches that are drawn together: one by one, drawing would take as long as a product."""
PROGRAMS_IN_MEMORY = 12
"""Compiled programs that are held for further runs, two of which each run needs."""
ROWS_PICKED = 256
"""Banks that batches pick rows from are filled up to this, or twice or four times as many, which
costs nothing: runs on 100 classes and on 200 share their programs. Smaller banks are embedded whole
in every step, and stay as they are.
"""
ROWS_EVALUATED = 128
"""Those of evaluation sets are filled up to this at least, which costs a hundredth of an
evaluation: the sets of 50 training classes and of 100 test classes share a program.
"""


OfNetwork = TypeVar("OfNetwork", bound=AttentionOnly)


class Diverged(RuntimeError):
    """A loss that is not a finite number. Carries the spec and the step."""

    def __init__(self, spec: Any, step: int) -> None:
        super().__init__(
            f"training diverged: the loss is not finite at step {step} "
            f"({step * spec.optimiser.batch:,} sequences) of the run {spec.key[:12]} "
            f"({spec.describe()}, learning rate {spec.optimiser.learning_rate:g})"
        )
        self.spec = spec
        self.step = step


class Trainee(eqx.Module):
    """A run under way: what its steps need; arrays only, so that a group of them can be stacked.

    Attributes:
        bad_step: the first step whose loss was not finite.
        frozen: the last layer that is never trained, nor what lies below it, if any.
        descent: the optimiser but for its learning rate.
    """

    model: Transformer
    optimiser_state: PyTree
    intervention: Intervention
    learning_rate: Float[Array, ""]
    sampler: Sampler
    batch_keys: BatchKeys
    bad_step: Int[Array, ""]
    frozen: int | None = eqx.field(static=True, default=None)
    descent: Descent = eqx.field(static=True, default=ADAM)


def begin(
    spec: RunSpec, cache: Path | None = None, load: Callable[[RunSpec], Run] | None = None
) -> Trainee:
    """The state of a run before its first step; `load` gives the finished run to transplant from.

    Raises:
        ValueError: there are weights to transplant, but nothing to load its source with.
    """
    streams = streams_named(spec.streams)
    drawn = streams.samplers(spec.episodes, spec.exemplars, cache)["train"]
    shuffled = jnp.asarray(spec.episodes.shuffled_labels)
    sampler = dataclasses.replace(drawn, shuffled_labels=shuffled)
    if _has_free_classes(spec):
        sampler = sampler.with_rows(_filled(_rows(spec), ROWS_PICKED))
    model = streams.initial_network(
        spec.model, sampler.bank.shape[1], spec.episodes.labels, spec.init_seed
    )
    if spec.neighbour:
        model = one_rounding_away(model, jax.random.key(spec.neighbour))
    transplant = spec.transplant
    if transplant is not None:
        if load is None:
            raise ValueError(f"nothing to load the source of a transplant with: {spec.describe()}")
        model = _with_weights(model, load(transplant.source).model(), transplant.up_to_layer)
    return Trainee(
        model=model,
        optimiser_state=begin_optimiser(model, spec.optimiser.descent),
        intervention=jax.tree.map(jnp.asarray, intervention(spec.clamps, spec.model)),
        learning_rate=jnp.asarray(spec.optimiser.learning_rate, jnp.float32),
        sampler=sampler,
        batch_keys=streams.batch_keys(spec.data_seed, spec.steps),
        bad_step=jnp.asarray(NEVER, jnp.int32),
        frozen=None if transplant is None else transplant.up_to_layer,
        descent=spec.optimiser.descent,
    )


def _rows(spec: RunSpec) -> int:
    """How many rows the bank of the training classes has."""
    return spec.episodes.classes * spec.episodes.exemplars_per_class


def _picks(spec: RunSpec) -> bool:
    """Whether a batch embeds the rows of its exemplars, and not the whole bank."""
    return _rows(spec) > spec.optimiser.batch * (spec.episodes.pairs + 1)


def _has_free_classes(spec: RunSpec) -> bool:
    """Whether the number of classes is no part of the program: other streams draw by it."""
    return _picks(spec) and spec.streams == "ours"


def _filled(rows: int, least: int) -> int:
    """Least times a power of two."""
    while least < rows:
        least *= 2
    return least


def _rows_evaluated(spec: RunSpec, rows: int) -> int:
    """How many rows a bank of so many is filled up to in an evaluation set: none where a network
    would embed what it picks in place of the whole bank, which rounds differently.
    """
    filled = _filled(rows, ROWS_PICKED if _picks(spec) else ROWS_EVALUATED)
    together = chunk_size(spec.schedule.episodes, LARGEST_CHUNK) * (spec.episodes.pairs + 1)
    return filled if (filled <= together) == (rows <= together) else rows


def evaluation_sets(spec: RunSpec, cache: Path | None = None) -> dict[str, Episodes]:
    """The episodes that a run is evaluated on, set by set."""
    streams = streams_named(spec.streams)
    measured: dict[SetName, Sampler] = {
        name: drawn
        for name, drawn in streams.samplers(spec.episodes, spec.exemplars, cache).items()
        if name in spec.schedule.sets
    }
    return streams.evaluation_sets(measured, spec.eval_seed, spec.schedule.episodes)


def _sets_of_one_shape(spec: RunSpec, cache: Path | None) -> dict[str, Episodes]:
    """The evaluation sets, for which one program does unless they have many classes."""

    def filled(bank: Array) -> Array:
        return with_rows(bank, _rows_evaluated(spec, bank.shape[0]))

    return {
        name: dataclasses.replace(episodes, bank=filled(episodes.bank))
        for name, episodes in evaluation_sets(spec, cache).items()
    }


def one_rounding_away(model: OfNetwork, key: Key[Array, ""]) -> OfNetwork:
    """The model with every weight moved to the next number of its type, to a random side."""
    leaves, structure = jax.tree.flatten(model)
    moved = [
        jnp.nextafter(leaf, jax.random.choice(k, jnp.array([-jnp.inf, jnp.inf]), leaf.shape))
        for leaf, k in zip(leaves, jax.random.split(key, len(leaves)), strict=True)
    ]
    return jax.tree.unflatten(structure, moved)


def _with_weights(model: Transformer, donor: Transformer, layer: int) -> Transformer:
    """The model with the donor's embeddings and layers, up to and with `layer`."""

    def taken(m: Transformer) -> tuple:
        return m.exemplar_weight, m.exemplar_bias, m.label_embedding, *m.layers[: layer + 1]

    return eqx.tree_at(taken, model, taken(donor))


def update(
    model: Transformer,
    optimiser_state: PyTree,
    intervention: Intervention,
    episodes: Episodes,
    learning_rate: Float[Array, ""],
    descent: Descent = ADAM,
) -> tuple[Transformer, PyTree, Float[Array, ""]]:
    """One step of an optimiser on the mean loss of a batch, under an intervention.

    Returns:
        The new model and optimiser state, and the loss before the step.
    """

    def mean_loss(model: Transformer) -> Float[Array, ""]:
        return losses(intervention.predict(model, episodes).logits, episodes).mean()

    return descend(mean_loss, model, optimiser_state, learning_rate, descent)


def _advance(trainee: Trainee, start: Int[Array, ""], stop: Int[Array, ""], batch: int) -> Trainee:
    """Train from step `start` up to step `stop`, which are values, not shapes."""

    def draw(index: Int[Array, ""]) -> Episodes:
        return trainee.sampler.sample(trainee.batch_keys[index], batch)

    def step(index: Int[Array, ""], state: tuple, episodes: Episodes) -> tuple:
        model, optimiser_state, bad_step = state
        model, optimiser_state, loss = update(
            model,
            optimiser_state,
            trainee.intervention,
            episodes,
            trainee.learning_rate,
            trainee.descent,
        )
        if trainee.frozen is not None:
            model = _with_weights(model, trainee.model, trainee.frozen)
        return (
            model,
            optimiser_state,
            jnp.where(jnp.isfinite(loss), bad_step, jnp.minimum(bad_step, index)),
        )

    def stretch(number: Int[Array, ""], state: tuple) -> tuple:
        first = start + number * DRAWN_AT_ONCE
        # One bank for all batches; the rest has an axis more.
        batches = jax.vmap(draw, out_axes=Episodes(None, 0, 0, 0))(  # pyright: ignore[reportArgumentType]
            first + jnp.arange(DRAWN_AT_ONCE)
        )

        def step_of_stretch(index: Int[Array, ""], state: tuple) -> tuple:
            varying = (batches.exemplars, batches.labels, batches.matching)
            drawn = (array[index - first] for array in varying)
            return step(index, state, Episodes(batches.bank, *drawn))

        last = jnp.minimum(first + DRAWN_AT_ONCE, stop)
        return jax.lax.fori_loop(first, last, step_of_stretch, state)

    n_stretches = (stop - start + DRAWN_AT_ONCE - 1) // DRAWN_AT_ONCE
    model, optimiser_state, bad_step = jax.lax.fori_loop(
        0, n_stretches, stretch, (trainee.model, trainee.optimiser_state, trainee.bad_step)
    )
    return eqx.tree_at(
        lambda t: (t.model, t.optimiser_state, t.bad_step),
        trainee,
        (model, optimiser_state, bad_step),
    )


def _evaluate(
    model: Transformer, intervention: Intervention, episodes: Episodes, chunk: int
) -> dict[str, Array]:
    """What is measured on one set; all sets of a run, and of others, share a program."""
    return evaluate_set(model, intervention, episodes, chunk)


_advance_one = jax.jit(_advance, static_argnums=3)
_evaluate_one = jax.jit(_evaluate, static_argnums=3)
_advance_group = jax.jit(jax.vmap(_advance, in_axes=(0, None, None, None)), static_argnums=3)
_evaluate_group = jax.jit(jax.vmap(_evaluate, in_axes=(0, 0, 0, None)), static_argnums=3)
_programs = Programs(PROGRAMS_IN_MEMORY)


class Compiled:
    """The programs of a run, or of a group of runs of the same shapes.

    Args:
        trainee: the run, or the stacked runs of a group.
        sets: what they are evaluated on, stacked likewise.
        batch: episodes of a step.
        chunk: how many episodes of each run are evaluated at once.
        is_group: whether there is a first axis of runs.
    """

    def __init__(
        self,
        trainee: Trainee,
        sets: Mapping[str, Episodes],
        batch: int,
        chunk: int = LARGEST_CHUNK,
        *,
        is_group: bool = False,
    ) -> None:
        self._sets = sets
        advance = _advance_group if is_group else _advance_one
        evaluate = _evaluate_group if is_group else _evaluate_one
        no_step = np.int32(0)
        self._advance, *evaluations = _programs.of(
            [
                Call(advance, (trainee, no_step, no_step), (batch,)),
                *(
                    Call(evaluate, (trainee.model, trainee.intervention, episodes), (chunk,))
                    for episodes in sets.values()
                ),
            ]
        )
        self._evaluations = dict(zip(sets, evaluations, strict=True))

    def advance(self, trainee: Trainee, start: int, stop: int) -> Trainee:
        """Train from step `start` up to step `stop`."""
        return self._advance(trainee, np.int32(start), np.int32(stop))

    def measure(self, trainee: Trainee) -> dict[str, Array]:
        """What :func:`~icl_repro.training.evaluation.evaluate` measures, and `bad_step`."""
        found: dict[str, Array] = {"bad_step": trainee.bad_step}
        for name, episodes in self._sets.items():
            evaluate = self._evaluations[name]
            found |= of_set(name, evaluate(trainee.model, trainee.intervention, episodes))
        return found


def program(spec: RunSpec) -> object:
    """What compiled program a run needs: hashable, and equal for runs that can train as a group.

    Seeds, masks, strengths, learning rates and, where a batch picks its rows, the number of classes
    do not matter; shapes, clamped sites, batch size and schedule do (runs of a group are evaluated
    in one loop).
    """
    clamps = jax.tree.structure(intervention(spec.clamps, spec.model))
    held_out = spec.episodes.n_held_out_pairs
    rows, classes = _rows(spec), (spec.episodes.classes,)
    if _has_free_classes(spec):
        classes = _filled(rows, ROWS_PICKED), _rows_evaluated(spec, rows)
    episodes = (
        classes,
        spec.episodes.labels,
        spec.episodes.exemplars_per_class,
        spec.episodes.test_classes,
        held_out,
        spec.episodes.pairs,
    )
    return (
        spec.streams,
        clamps,
        spec.transplant and spec.transplant.up_to_layer,
        episodes,
        spec.exemplars.width,
        spec.model,
        spec.optimiser.batch,
        spec.optimiser.descent,
        spec.schedule,
        spec.sequences,
    )


class Record:
    """What one run has recorded so far, when it wants to be evaluated next, and whether
    it has ended.
    """

    def __init__(self, spec: Any) -> None:
        """`spec` is a :class:`RunSpec`, or another kind that has what is asked for here."""
        self.spec = spec
        self.next_step = 0
        self.ended = False
        self.low_in_a_row = 0
        self.rows: list[dict[str, np.ndarray]] = []
        self.kept: list[tuple[int, float, dict[str, np.ndarray]]] = []

    def note(
        self, step: int, measured: dict[str, np.ndarray], model: Callable[[], AttentionOnly]
    ) -> None:
        """Take down what was measured; `model` gives the network, should its weights be kept."""
        spec, batch = self.spec, self.spec.optimiser.batch
        if measured["bad_step"] != NEVER:
            raise Diverged(spec, int(measured["bad_step"]))
        loss, sequences = float(measured["train.loss"]), step * batch
        if not np.isfinite(loss):
            raise Diverged(spec, step)
        self.rows.append({"sequences": np.int64(sequences), **measured})  # pyright: ignore[reportArgumentType]
        if spec.stop is not None:
            self.low_in_a_row = self.low_in_a_row + 1 if loss <= spec.stop.loss else 0
            self.ended = self.low_in_a_row >= spec.stop.evaluations
        self.ended = self.ended or step == spec.steps
        if step == 0 or self.ended or spec.schedule.keeps(sequences, loss, *self.kept[-1][:2]):
            self.kept.append((sequences, loss, weights(model())))
        planned = spec.schedule.next_evaluation(sequences, loss)
        self.next_step = min(max(step + 1, round(planned / batch)), spec.steps)

    def finished(self) -> tuple[dict[str, np.ndarray], np.ndarray, dict[str, np.ndarray]]:
        """The curves, and the sequences seen at each checkpoint with its weights."""
        names = [name for name in self.rows[0] if name != "bad_step"]
        return (
            {name: np.stack([row[name] for row in self.rows]) for name in names},
            np.array([sequences for sequences, _, _ in self.kept]),
            {name: np.stack([kept[name] for _, _, kept in self.kept]) for name in self.kept[0][2]},
        )

    def finish(self, seconds: float) -> Run:
        """The finished run."""
        return Run(self.spec, *self.finished(), seconds=seconds)


def train(
    specs: Sequence[RunSpec],
    cache: Path | None = None,
    on_step: Callable[[int], None] = lambda step: None,
    load: Callable[[RunSpec], Run] | None = None,
) -> list[Run | Diverged]:
    """Train one run, or several of the same :func:`program` as a vmapped group.

    Args:
        specs: the runs.
        cache: folder for encoded exemplars.
        on_step: called with the number of steps done whenever the runs have been evaluated.
        load: gives finished runs, for specs with a transplant.

    Returns:
        In the order of `specs`, the finished run, or why it could not be finished.

    Raises:
        ValueError: the specs need different programs, or a transplant and no `load`.
        EditError: the clamps of a spec cannot go together.
    """
    if len({program(spec) for spec in specs}) != 1:
        raise ValueError("the runs of a group must need the same program")
    started = time.perf_counter()
    beginnings = [(begin(spec, cache, load), _sets_of_one_shape(spec, cache)) for spec in specs]
    for spec, beginning in zip(specs, beginnings, strict=True):
        _validate(spec, *beginning)
    is_group = len(specs) > 1
    trainee, sets = jax.tree.map(_stacked, *beginnings) if is_group else beginnings[0]
    (device,) = trainee.bad_step.devices()
    chunk = largest_chunk(device.platform, len(specs))

    records = {index: Record(spec) for index, spec in enumerate(specs)}
    failed: dict[int, Diverged] = {}
    under_way = dict(records)
    step, batch = 0, specs[0].optimiser.batch
    compiled = Compiled(trainee, sets, batch, chunk, is_group=is_group)
    while under_way:
        measured = jax.tree.map(np.asarray, compiled.measure(trainee))
        models = _models(trainee.model, is_group)
        for index, record in list(under_way.items()):
            if record.next_step == step:
                pick = (lambda x, i=index: x[i]) if is_group else (lambda x: x)
                try:
                    record.note(
                        step, jax.tree.map(pick, measured), functools.partial(models, index)
                    )
                except Diverged as divergence:
                    failed[index] = divergence
            if record.ended or index in failed:
                del under_way[index]
        on_step(step)
        if under_way:
            start, step = step, min(record.next_step for record in under_way.values())
            trainee = compiled.advance(trainee, start, step)
    seconds = (time.perf_counter() - started) / len(specs)
    return [
        failed[index] if index in failed else record.finish(seconds)
        for index, record in records.items()
    ]


def _models(model: Transformer, is_group: bool) -> Callable[[int], Transformer]:
    """What gives the network of a run by its place in a group, or the only one.

    From a device, those of all runs are fetched in one go, and only if any is asked for: fetching
    each by itself takes longer than training does between two evaluations.
    """
    if not is_group:
        return lambda index: model
    fetched = functools.cache(lambda: jax.tree.map(np.asarray, model))
    return lambda index: jax.tree.map(lambda leaf: leaf[index].copy(), fetched())


def _stacked(*leaves: Array) -> Array:
    return jnp.stack(leaves)


def _validate(spec: RunSpec, trainee: Trainee, sets: dict[str, Episodes]) -> None:
    """Check the clamps against each other while their masks are still known numbers."""
    known = intervention(spec.clamps, spec.model)
    if known.meets_itself:  # all else is checked when the program is traced
        # In a closure: as an argument its masks would be traced, and unknown.
        eqx.filter_eval_shape(lambda *given: known.predict(*given), trainee.model, sets[WHOLE])
