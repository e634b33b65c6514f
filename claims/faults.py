"""The faults that ``--icl-faults`` plants: mistakes that a paper or a suite like this could make.

Each is a small change of what is trained, of what is measured, or of both, everywhere at once, as a
mistake in code is. Runs whose weights are taken from another run's get those of its faulty twin.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import numpy as np
from msgspec.structs import replace

from claims import heads_off
from claims.networks.altered import (
    with_answer_leaked,
    with_answers_exchanged,
    without_normalisation,
)
from claims.networks.transplanted import PAPER_SEEDS
from icl_repro.measures.heads import ablation
from icl_repro.optogenetics import AblateHeads, Clamp, ClampMatch, ClampPreviousToken
from icl_repro.training import Run, RunSpec
from icl_repro.verification.faults import Fault

OfSpec = Callable[[RunSpec], RunSpec]
OfClamp = Callable[[Clamp, RunSpec], Clamp | None]
"""Takes a clamp and its run's spec, and returns what is clamped instead, or none for nothing."""


def _everywhere(change: OfSpec) -> OfSpec:
    """The change of a run, and of the one that it takes weights from."""

    def changed(spec: RunSpec) -> RunSpec:
        faulty = change(spec)
        if spec.transplant is None:
            return faulty
        source = changed(spec.transplant.source)
        return faulty.with_(transplant=replace(spec.transplant, source=source))

    return changed


def _on_episodes(change: OfSpec) -> OfSpec:
    """The change of runs on few-shot episodes; those of language models stay as they are."""

    def changed(spec: RunSpec) -> RunSpec:
        return change(spec) if isinstance(spec, RunSpec) else spec

    return _everywhere(changed)


def _clamps(change: OfClamp) -> OfSpec:
    """The change of each clamp of a run."""

    def changed(spec: RunSpec) -> RunSpec:
        made = (change(clamp, spec) for clamp in spec.clamps)
        return spec.with_(clamps=tuple(clamp for clamp in made if clamp is not None))

    return _everywhere(changed)


def _without_previous_token(clamp: Clamp, spec: RunSpec) -> Clamp | None:
    return None if isinstance(clamp, ClampPreviousToken) else clamp


def _of_wrong_label(clamp: Clamp, spec: RunSpec) -> Clamp:
    if not isinstance(clamp, ClampMatch):
        return clamp
    return replace(clamp, strength=1 - clamp.strength)


def _of_next_heads(clamp: Clamp, spec: RunSpec) -> Clamp:
    if not isinstance(clamp, AblateHeads):
        return clamp
    return replace(clamp, heads=tuple((head + 1) % spec.model.heads for head in clamp.heads))


@contextmanager
def _masks_of_next_heads() -> Generator[None]:
    """Have the masks of heads that measures turn off be those of the next heads."""

    def of_next(masks: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments: np.roll(masks(*arguments), 1, axis=-1)

    with ExitStack() as patched:
        for module in (ablation, heads_off):
            for name in ("each_removed", "each_kept", "added_back"):
                if masks := getattr(module, name, None):
                    patched.enter_context(mock.patch.object(module, name, of_next(masks)))
        yield


def _faster(spec: RunSpec) -> RunSpec:
    rate = 3 * spec.optimiser.learning_rate
    return spec.with_(optimiser=replace(spec.optimiser, learning_rate=rate))


def _curves_of(run: Run, other: Run) -> Run:
    return dataclasses.replace(run, curves=other.curves)


def _next_seed(seed: int) -> int:
    """The next of the paper's seeds, in a ring, as its runs may be there already."""
    if seed not in PAPER_SEEDS:
        return seed + 1
    return PAPER_SEEDS[(PAPER_SEEDS.index(seed) + 1) % len(PAPER_SEEDS)]


ON_FULL = (
    "emergence.plateau",
    "emergence.accuracy",
    "emergence.generalisation",
    "emergence.induction_heads_rise",
    "emergence.several_induction_heads",
    "emergence.order",
)
"""Claims on the full network alone, so that a fault of all runs takes a single one."""

FAULTS = (
    Fault(
        "previous_token_without_effect",
        "the clamp of the previous-token pattern does nothing",
        "A clamp that never acts: a misspelled site, an empty mask, an option that one path of the "
        "code ignores. What is trained and measured then is the run without that clamp, to the "
        "bit, so that the clamp is left out.",
        spec=_clamps(_without_previous_token),
        unaffected="none of its runs has the previous-token pattern clamped",
        enough=("previous_token_heads.*", "subcircuits.phase_change"),
    ),
    Fault(
        "match_to_wrong_label",
        "the match clamp attends to the label of the other class",
        "The two labels in context taken for each other, as by an index that is off by one pair. "
        "Every match clamp gives the weight meant for one label to the other: strength s is 1 - s.",
        spec=_clamps(_of_wrong_label),
        unaffected="none of its runs has the match clamped at a strength other than one half",
        enough=("subcircuits.match", "subcircuits.held_out"),
    ),
    Fault(
        "neighbouring_head_ablated",
        "heads are turned off that are next to those that should be",
        "Heads counted from 1 in one place and from 0 in another. Clamps that turn heads off in "
        "training, and the masks of measurements that remove heads of the last layer or keep them, "
        "are moved by one head; the last one is followed by the first.",
        spec=_clamps(_of_next_heads),
        measuring=_masks_of_next_heads,
        unaffected="no heads are turned off in what it reads, by clamps or by masks",
        enough=("race.capacity", "race.fastest", "additivity.redundancy"),
    ),
    Fault(
        "answers_exchanged",
        "the answer to each query is the label of the other class",
        "A sampler that takes the wrong one of the two labels for the answer. It does so wherever "
        "it draws: in training, in evaluation sets and in enumerations, so that losses fall as "
        "ever; what is of the query's class is still said rightly.",
        spec=_on_episodes(with_answers_exchanged),
        unaffected="it reads no runs on few-shot episodes",
        enough=ON_FULL,
    ),
    Fault(
        "learning_rate_times_3",
        "the learning rate is three times what it should be",
        "A hyperparameter copied wrongly. Of every run, and of those that weights are taken from.",
        spec=_everywhere(_faster),
        unaffected="it reads no runs",
        enough=ON_FULL,
    ),
    Fault(
        "no_normalisation",
        "nothing is normalised in the network",
        "LayerNorm that is switched off, or whose statistics are dropped: every LayerNorm scales "
        "and shifts as before but neither centres nor divides, in training and in measurements.",
        spec=_on_episodes(without_normalisation),
        unaffected="it reads no runs on few-shot episodes",
        enough=ON_FULL,
    ),
    Fault(
        "answer_leaks",
        "both labels in context are the answer",
        "An answer that can be read off the context by whoever looks at any label, without finding "
        "out which one belongs to the query. The other label is overwritten by it wherever the "
        "sampler draws: in training, in evaluation sets and in enumerations.",
        spec=_on_episodes(with_answer_leaked),
        unaffected="it reads no runs on few-shot episodes",
        enough=ON_FULL,
    ),
    Fault(
        "curves_of_another_seed",
        "curves are those of another seed, weights are not",
        "Files of one seed read for another. Each run shows the curves of the run in its place for "
        "the next of the paper's seeds, once all runs were chosen; its weights and its description "
        "stay.",
        run=_curves_of,
        other_seed=_next_seed,
        unaffected="it measures nothing on curves that is another there",
        enough=ON_FULL,
    ),
)
"""All of them, as the hook gives them to the plugin."""
