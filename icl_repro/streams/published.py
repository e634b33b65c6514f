"""The published streams: what the authors' implementation draws from the same seeds.

With the same exemplars a run is then the authors' run, up to rounding. Keys are split, and numbers
drawn from them, in the order of that implementation, which is told below as far as it matters.

All numbers are drawn in 32 bits, whatever the session's default is.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from icl_repro import episodes
from icl_repro.episodes import Episodes, EpisodeSettings, Sampler, SetName, Split
from icl_repro.network.transformer import Attention, LayerNorm, ModelSettings, Transformer
from icl_repro.streams.former_threefry import former_key

if TYPE_CHECKING:
    from pathlib import Path

    from icl_repro.exemplars import ExemplarSource

LABEL_PAIR_SEED = 20
"""What the label pairs are put in order by."""
FEWEST_KEYS = 2**15
"""So many batch keys are made at least, enough for 1,048,576 sequences in batches of 32, so that
runs of up to that length need one compiled program."""
EVALUATION_SETS = ("train", "test_relabel", "other_exemplars", "test_exemplars")
"""The evaluation sets in the order of their keys. The third one, other exemplars of the training
classes, is drawn by the authors and not measured here."""


# --- initial weights ---


def initial_network(
    settings: ModelSettings, n_features: int, n_labels: int, seed: int
) -> Transformer:
    """A network before training, as the authors' implementation initialises it.

    Weights are LeCun normal but for the label embedding, which is 0.02 times a truncated normal;
    biases are 0, LayerNorm is neutral.
    """
    of_exemplars, of_labels, of_layers, of_unembedding = jax.random.split(former_key(seed), 4)
    layer_keys = jax.random.split(of_layers, settings.layers + 3)[2:]
    labels = jax.random.truncated_normal(
        _weight_key(of_labels), -2.0, 2.0, (settings.width, n_labels), jnp.float32
    )
    model = Transformer(
        exemplar_weight=_weight(of_exemplars, settings.width, n_features),
        exemplar_bias=jnp.zeros(settings.width),
        label_embedding=0.02 * labels,
        layers=tuple(_layer(settings, layer_keys[layer]) for layer in range(settings.layers)),
        norm=_norm(settings),
        unembedding_weight=_weight(of_unembedding, n_labels, settings.width),
        unembedding_bias=jnp.zeros(n_labels),
    )
    return jax.tree.map(lambda weight: weight.astype(jnp.result_type(float)), model)


def _layer(settings: ModelSettings, key: Key[Array, ""]) -> Attention:
    of_joint_map, of_output = jax.random.split(jax.random.split(key)[0])
    joint_map = _weight(of_joint_map, 3 * settings.width, settings.width)
    query, key, value = jnp.split(joint_map, 3)
    output = _weight(of_output, settings.width, settings.width)
    return Attention(_norm(settings), query, key, value, output, heads=settings.heads)


def _norm(settings: ModelSettings) -> LayerNorm:
    return LayerNorm(jnp.ones(settings.width), jnp.zeros(settings.width))


def _weight_key(key: Key[Array, ""]) -> Key[Array, ""]:
    """Of the two keys of a linear map, the second one is its bias's."""
    return jax.random.split(key)[0]


def _weight(key: Key[Array, ""], n_out: int, n_in: int) -> Float[Array, "out in"]:
    lecun_normal = jax.nn.initializers.lecun_normal(in_axis=1, out_axis=0)
    return lecun_normal(_weight_key(key), (n_out, n_in), jnp.float32)


# --- splits ---


def split(settings: EpisodeSettings, n_source_classes: int) -> Split:
    """The authors' split: the first classes are trained on, the last ones are the test classes.

    Label pairs are shuffled by a fixed seed, and the first are held out. The settings'
    `split_seed` has no part in it.

    Raises:
        EpisodeError: the source has too few classes.
    """
    episodes.require_classes(settings, n_source_classes)
    pairs = jnp.array([*itertools.combinations(range(settings.labels), 2)], jnp.int32)
    shuffled = np.asarray(jax.random.permutation(former_key(LABEL_PAIR_SEED), pairs))
    classes = np.arange(n_source_classes)
    return Split(
        training_classes=classes[: settings.classes],
        test_classes=classes[n_source_classes - settings.test_classes :],
        training_pairs=shuffled[settings.n_held_out_pairs :],
        held_out_pairs=shuffled[: settings.n_held_out_pairs],
    )


def samplers(
    settings: EpisodeSettings, source: ExemplarSource, cache: Path | None = None
) -> dict[SetName, Sampler]:
    """The samplers of the evaluation sets; `train` is also what is trained on.

    Raises:
        EpisodeError: the source has too few classes or exemplars for the settings.
    """
    return episodes.samplers(settings, source, cache, split=split, kind=PublishedSampler)


# --- batches and evaluation sets ---


class PublishedSampler(Sampler):
    """Draws episodes as the authors' implementation does.

    Shuffled labels, which it does not have, are drawn by a key of their own.
    """

    def with_rows(self, rows: int) -> PublishedSampler:
        """The same: it draws a number for each row of its bank, so that more would draw others."""
        return self

    def sample(self, key: Key[Array, ""], size: int) -> Episodes:
        """Draw a batch of independent episodes."""
        of_classes, of_exemplars, of_labels = jax.random.split(key, 3)
        # The classes of a batch come from a mixture of distributions, here of a single one.
        of_classes, _ = jax.random.split(of_classes)
        return _drawn(self, of_classes, of_exemplars, of_labels, size)


@functools.partial(jax.jit, static_argnums=2)
def evaluation_set(sampler: Sampler, key: Key[Array, ""], size: int) -> Episodes:
    """An evaluation set of independent episodes: as a batch, but from no mixture."""
    return _drawn(sampler, *jax.random.split(key, 3), size=size)


def _drawn(
    sampler: Sampler,
    of_classes: Key[Array, ""],
    of_exemplars: Key[Array, ""],
    of_labels: Key[Array, ""],
    size: int,
) -> Episodes:
    per_class = sampler.exemplars_per_class
    query, in_context = _classes(of_classes, sampler.n_classes, size)
    which = jax.random.randint(of_exemplars, (size, 3), 0, per_class, jnp.int32).T
    matching = (in_context[1] == query).astype(jnp.int32)
    of_query, of_other = _labels(of_labels, sampler.pairs, size)
    first = jnp.where(matching == 0, of_query, of_other)
    second = jnp.where(matching == 0, of_other, of_query)
    toss = jax.random.fold_in(of_labels, 0)
    coin = jax.random.randint(toss, (size,), 0, 2, jnp.int32)
    asked = jnp.where(coin == 0, first, second)
    of_query = jnp.where(sampler.shuffled_labels, asked, of_query)
    return Episodes(
        bank=sampler.bank,
        exemplars=jnp.vstack([in_context, query]) * per_class + which,
        labels=jnp.stack([first, second, of_query]),
        matching=matching,
    )


def _classes(
    key: Key[Array, ""], n_classes: int, size: int
) -> tuple[Int[Array, " episodes"], Int[Array, "2 episodes"]]:
    """The query's class, and the two in context in the order in which they stand there."""
    of_query, of_other, _, of_order = jax.random.split(key, 4)
    query = _numbers(of_query, size, n_classes).argmax(axis=1).astype(jnp.int32)
    taken = jnp.arange(n_classes) == query[:, None]
    left = jnp.where(taken, -1, _numbers(of_other, size, n_classes))
    other = left.argmax(axis=1).astype(jnp.int32)
    both = jnp.stack([query, other])
    return query, jax.random.permutation(of_order, both, independent=True)


def _numbers(key: Key[Array, ""], size: int, n_classes: int) -> Int[Array, "size classes"]:
    """A random number for each class, of which the largest is chosen.

    The authors draw by ``jax.random.categorical``: the largest of -log(-log(u)), with a u of 23
    random bits. The largest u is the same one without the logarithms, which take longer than all
    else: the largest of tens of them lies near 1, where two neighbours stay apart by tens of
    roundings.
    """
    bits = jax.random.bits(key, (size, n_classes), jnp.uint32)
    return (bits >> 9).astype(jnp.int32)


def _labels(
    key: Key[Array, ""], pairs: Int[Array, "pairs 2"], size: int
) -> tuple[Int[Array, " episodes"], Int[Array, " episodes"]]:
    """The label of the query's class, and that of the other."""
    of_pair, of_order = jax.random.split(key)
    pair = jax.random.randint(of_pair, (size,), 0, pairs.shape[0], jnp.int32)
    both = jax.random.permutation(of_order, pairs[pair], axis=1, independent=True)
    return both[:, 0], both[:, 1]


def batch_keys(seed: int, steps: int) -> Key[Array, " steps"]:
    """The keys of the batches of a run, and some more.

    Each comes from the one before, so that they are made one after the other, before training.
    """
    length = FEWEST_KEYS
    while length < steps:
        length *= 2
    return _chain(seed, length)


@functools.lru_cache(maxsize=4)
def _chain(seed: int, length: int) -> Key[Array, " length"]:
    of_data, _of_model = jax.random.split(former_key(seed))
    return _batch_keys(of_data, length)


@functools.partial(jax.jit, static_argnums=1)
def _batch_keys(of_data: Key[Array, ""], length: int) -> Key[Array, " length"]:
    def step(of_data: Key[Array, ""], _: None) -> tuple[Key[Array, ""], Key[Array, ""]]:
        of_data, of_batch = jax.random.split(of_data)
        return of_data, of_batch

    return jax.lax.scan(step, of_data, length=length)[1]


def evaluation_keys(seed: int) -> dict[str, Key[Array, ""]]:
    """The key of each of :data:`EVALUATION_SETS`."""
    of_data, _of_model = jax.random.split(former_key(seed))
    keys = jax.random.split(of_data, len(EVALUATION_SETS))
    return {name: keys[place] for place, name in enumerate(EVALUATION_SETS)}


def evaluation_sets(sets: Mapping[SetName, Sampler], seed: int, size: int) -> dict[str, Episodes]:
    """So many episodes of each set."""
    keys = evaluation_keys(seed)
    return {name: evaluation_set(sampler, keys[name], size) for name, sampler in sets.items()}
