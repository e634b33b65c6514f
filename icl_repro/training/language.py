"""Compiled training of language models: what :mod:`icl_repro.training.engine` is for few-shot
episodes. Batches are drawn inside of the compiled loop, and a program serves all runs of one shape.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key, PyTree

from icl_repro.network.language_model import LanguageModel, initialise_language_model
from icl_repro.optogenetics import Intervention, intervention
from icl_repro.text import TEXT_SETS, Text, TextSampler, TextSetName, text_samplers
from icl_repro.training.descent import ADAM, Descent, begin_optimiser, descend
from icl_repro.training.engine import (
    NEVER,
    PROGRAMS_IN_MEMORY,
    Diverged,
    Record,
    one_rounding_away,
)
from icl_repro.training.language_evaluation import HEADS_ON, evaluate_text, token_losses
from icl_repro.training.language_run import LanguageRun
from icl_repro.training.language_spec import LanguageSpec
from icl_repro.training.programs import Call, Programs

DRAWN_AT_ONCE = 32
"""Batches that are drawn together."""


class Reader(eqx.Module):
    """A language model under way; arrays only."""

    model: LanguageModel
    optimiser_state: PyTree
    intervention: Intervention
    learning_rate: Float[Array, ""]
    sampler: TextSampler
    data_key: Key[Array, ""]
    bad_step: Int[Array, ""]
    descent: Descent = eqx.field(static=True, default=ADAM)


def begin(spec: LanguageSpec) -> Reader:
    """The state of a run before its first step."""
    trained = text_samplers(spec.text)["train"]
    assert isinstance(trained, TextSampler)
    model = initialise_language_model(
        spec.model, spec.text.vocabulary, jax.random.key(spec.init_seed)
    )
    if spec.neighbour:
        model = one_rounding_away(model, jax.random.key(spec.neighbour))
    return Reader(
        model=model,
        optimiser_state=begin_optimiser(model, spec.optimiser.descent),
        intervention=jax.tree.map(jnp.asarray, intervention(spec.clamps, spec.model)),
        learning_rate=jnp.asarray(spec.optimiser.learning_rate, jnp.float32),
        sampler=trained,
        data_key=jax.random.key(spec.data_seed),
        bad_step=jnp.asarray(NEVER, jnp.int32),
        descent=spec.optimiser.descent,
    )


def evaluation_sets(spec: LanguageSpec) -> dict[str, Text]:
    """The sequences that a run is evaluated on, set by set."""
    samplers, key = text_samplers(spec.text), jax.random.key(spec.eval_seed)
    sizes: dict[TextSetName, int] = {"train": spec.schedule.sequences, "repeated": HEADS_ON}
    return {
        name: samplers[name].sample(jax.random.fold_in(key, TEXT_SETS.index(name)), size)
        for name, size in sizes.items()
    }


def update(
    model: LanguageModel,
    optimiser_state: PyTree,
    intervention: Intervention,
    text: Text,
    learning_rate: Float[Array, ""],
    descent: Descent = ADAM,
) -> tuple[LanguageModel, PyTree, Float[Array, ""]]:
    """One step on the mean loss of all tokens of a batch, under an intervention.

    Returns:
        The new model and optimiser state, and the loss before the step.
    """

    def mean_loss(model: LanguageModel) -> Float[Array, ""]:
        return token_losses(intervention.predict(model, text).logits, text).mean()

    return descend(mean_loss, model, optimiser_state, learning_rate, descent)


def _advance(reader: Reader, start: Int[Array, ""], stop: Int[Array, ""], batch: int) -> Reader:
    """Train from step `start` up to step `stop`, which are values, not shapes."""

    def stretch(number: Int[Array, ""], state: tuple) -> tuple:
        first = start + number * DRAWN_AT_ONCE
        keys = jax.vmap(lambda step: jax.random.fold_in(reader.data_key, step))(
            first + jnp.arange(DRAWN_AT_ONCE)
        )
        batches = jax.vmap(lambda key: reader.sampler.sample(key, batch))(keys)

        def step(index: Int[Array, ""], state: tuple) -> tuple:
            model, optimiser_state, bad_step = state
            text = jax.tree.map(lambda drawn: drawn[index - first], batches)
            model, optimiser_state, loss = update(
                model,
                optimiser_state,
                reader.intervention,
                text,
                reader.learning_rate,
                reader.descent,
            )
            is_bad = ~jnp.isfinite(loss)
            return model, optimiser_state, jnp.where(is_bad, jnp.minimum(bad_step, index), bad_step)

        return jax.lax.fori_loop(first, jnp.minimum(first + DRAWN_AT_ONCE, stop), step, state)

    n_stretches = (stop - start + DRAWN_AT_ONCE - 1) // DRAWN_AT_ONCE
    changed = jax.lax.fori_loop(
        0, n_stretches, stretch, (reader.model, reader.optimiser_state, reader.bad_step)
    )
    return eqx.tree_at(lambda r: (r.model, r.optimiser_state, r.bad_step), reader, changed)


def _evaluate(
    model: LanguageModel, intervention: Intervention, sets: dict[str, Text]
) -> dict[str, Array]:
    return evaluate_text(model, intervention, sets)


_advance_jitted = jax.jit(_advance, static_argnums=3)
_evaluate_jitted = jax.jit(_evaluate)
_programs = Programs(PROGRAMS_IN_MEMORY)


def program(spec: LanguageSpec) -> object:
    """What compiled program a run needs: hashable, and equal for runs that share one."""
    clamps = jax.tree.structure(intervention(spec.clamps, spec.model))
    text = spec.text
    shape = (text.vocabulary, text.length, text.segment, len(text.distances), text.shuffled)
    return "text", clamps, shape, spec.model, spec.optimiser.batch, spec.schedule, spec.sequences


def train(
    specs: Sequence[LanguageSpec], on_step: Callable[[int], None] = lambda step: None
) -> list[LanguageRun | Diverged]:
    """Train runs one after the other.

    Args:
        specs: the runs.
        on_step: called with the number of steps done, of all runs over how many there are.

    Returns:
        In the order of `specs`, the finished run, or why it could not be finished.

    Raises:
        EditError: the clamps of a spec cannot go together.
    """
    results: list[LanguageRun | Diverged] = []
    for place, spec in enumerate(specs):

        def so_far(step: int, place: int = place, spec: LanguageSpec = spec) -> None:
            on_step((place * spec.steps + step) // len(specs))

        results.append(_train_one(spec, so_far))
    return results


def _train_one(spec: LanguageSpec, on_step: Callable[[int], None]) -> LanguageRun | Diverged:
    started = time.perf_counter()
    reader, sets = begin(spec), evaluation_sets(spec)
    known = intervention(spec.clamps, spec.model)
    # In a closure: as an argument its masks would be traced, and unknown.
    eqx.filter_eval_shape(lambda *given: known.predict(*given), reader.model, sets["train"])
    batch, no_step = spec.optimiser.batch, np.int32(0)
    advance, evaluate = _programs.of(
        [
            Call(_advance_jitted, (reader, no_step, no_step), (batch,)),
            Call(_evaluate_jitted, (reader.model, reader.intervention, sets)),
        ]
    )
    record, step = Record(spec), 0
    while True:
        found = evaluate(reader.model, reader.intervention, sets) | {"bad_step": reader.bad_step}
        measured = jax.tree.map(np.asarray, found)
        model = reader.model
        try:
            record.note(step, measured, lambda model=model: model)
        except Diverged as divergence:
            return divergence
        on_step(step)
        if record.ended:
            curves, at, weights = record.finished()
            return LanguageRun(spec, curves, at, weights, time.perf_counter() - started)
        start, step = step, record.next_step
        reader = advance(reader, np.int32(start), np.int32(step))
