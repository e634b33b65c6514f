"""How the networks of a session are built, trained and evaluated, in paragraphs for a paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from icl_repro.episodes import N_CONTEXT
from icl_repro.numbers import count
from icl_repro.training.described import RULES, listed
from icl_repro.training.language_spec import LanguageSpec
from icl_repro.training.spec import RunSpec
from icl_repro.training.tasks import AnySpec


def methods(specs: Iterable[AnySpec]) -> list[str]:
    """How the networks of a session were built, trained and evaluated: what is the same for all,
    or else for most, with the settings that vary. Empty without runs.
    """
    every_kind = list(specs)
    runs = [spec for spec in every_kind if isinstance(spec, RunSpec)]
    of_text = [spec for spec in every_kind if isinstance(spec, LanguageSpec)]
    return [*_of_episodes(runs), *_of_text(of_text)]


def _of_text(runs: list[LanguageSpec]) -> list[str]:
    if not runs:
        return []
    layers = sorted({run.model.layers for run in runs})
    layers_in_words = f"{listed(layers)} {'layer' if layers == [1] else 'layers'}"
    first = runs[0]
    longest = max(run.sequences for run in runs)
    return [
        f"Language models are the same transformers with {layers_in_words}, heads of width "
        f"{first.model.width // first.model.heads} and a loss at each of {first.text.length} "
        f"tokens of a sequence, drawn from {first.text.vocabulary} tokens with bigram structure, "
        "in which segments come again. Training is by Adam at a learning rate of "
        f"{first.optimiser.learning_rate:g}, in batches of {first.optimiser.batch}, on at most "
        f"{longest:,} sequences; each is evaluated at least every {first.schedule.every:,} "
        f"sequences, on {first.schedule.sequences:,} fixed sequences of each set."
    ]


def _of_episodes(runs: list[RunSpec]) -> list[str]:
    if not runs:
        return []

    def usual(of: Callable[[RunSpec], Any]) -> tuple[Any, str]:
        """The most frequent value, and in brackets the others."""
        counts = Counter(map(of, runs))
        (most, _), *others = counts.most_common()
        rest = sorted(str(value) for value, _ in others)
        return most, f" ({listed(rest)} in some)" if rest else ""

    layers, other_layers = usual(lambda run: run.model.layers)
    heads, other_heads = usual(lambda run: run.model.heads)
    width, other_widths = usual(lambda run: run.model.width)
    rate, other_rates = usual(lambda run: f"{run.optimiser.learning_rate:g}")
    batch, other_batches = usual(lambda run: run.optimiser.batch)
    longest = max(run.sequences for run in runs)
    classes, other_classes = usual(lambda run: run.episodes.classes)
    labels, other_labels = usual(lambda run: run.episodes.labels)
    every, other_every = usual(lambda run: run.schedule.every)
    episodes, other_episodes = usual(lambda run: run.schedule.episodes)
    sets, _ = usual(lambda run: run.schedule.sets)
    stopped = [run for run in runs if run.stop is not None]
    clamped = sum(bool(run.clamps) for run in runs)
    rule, other_rules = usual(lambda run: RULES[run.optimiser.rule])
    bare = sum(not run.model.normalised for run in runs)
    deep = sum(run.model.mlps for run in runs)
    pairs = sorted({run.episodes.pairs for run in runs} - {N_CONTEXT})
    longer = sum(run.episodes.pairs != N_CONTEXT for run in runs)
    return [
        "The networks are causal, attention-only transformers with "
        f"{count(layers, 'layer')}{other_layers} of {count(heads, 'head')}{other_heads}, a "
        f"residual stream of width {width}{other_widths}, rotary "
        "positions, and LayerNorm before each attention and before the unembedding"
        + _in_some(bare, len(runs), "have none")
        + ". They have no MLP"
        + _in_some(deep, len(runs), "have one of four times the width after each attention")
        + f". In {clamped:,} of {len(runs):,} runs parts were clamped or ablated, throughout "
        "training and in evaluation.",
        "An episode shows two exemplars with their labels"
        + _in_some(longer, len(runs), f"show {' or '.join(map(str, pairs))}")
        + ", then a query of one of their classes, "
        f"drawn from {classes} classes{other_classes} and {labels} labels{other_labels}; the loss "
        "is the cross-entropy of the query’s label, in nats. Training is by "
        f"{rule}{other_rules} at a learning rate of {rate}{other_rates}, in batches of "
        f"{batch}{other_batches}, on at most {longest:,} sequences.",
        f"Networks are evaluated at least every {every:,}{other_every} sequences, on {episodes:,}"
        f"{other_episodes} fixed episodes of each set"
        + (f" ({listed([one.replace('_', ' ') for one in sets])})" if sets else "")
        + "."
        + _stops(stopped, len(runs)),
    ]


def _in_some(amount: int, of: int, what: str) -> str:
    """What some runs have otherwise, in brackets; nothing where none has."""
    return f" ({amount:,} of {of:,} runs {what})" if amount else ""


def _stops(stopped: Sequence[RunSpec], of: int) -> str:
    rules = {run.stop for run in stopped if run.stop is not None}
    if not rules:
        return ""
    how = listed(
        sorted(
            f"at most {stop.loss:g} at {stop.evaluations} evaluations in a row" for stop in rules
        )
    )
    return f" {len(stopped):,} of {of:,} runs may end before that, once the training loss is {how}."
