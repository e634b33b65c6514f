"""The attention-only transformer (Section 2.1, Appendix A); every activation is a named site.

What it does between embedding and logits is :class:`AttentionOnly`, for sequences of any length.
:class:`Transformer` reads few-shot episodes and predicts at the query;
:class:`~icl_repro.network.language_model.LanguageModel` reads tokens and predicts at each.

Causal, LayerNorm before each attention and before the unembedding, rotary positions, no MLP; or
with an MLP in each layer, or without LayerNorm, for comparison. The one definition serves training,
clamped training and analysis: at each site the computation hands its activation to a *tap*, which
returns the activation to go on with. A tap that returns what it was given leaves the model as it
is; taps that edit and record are in :mod:`icl_repro.optogenetics`.

Arrays are feature-major with positions and episodes last: every projection is one matrix product
with the weights on the left, which is the fastest layout for networks of this size on a CPU.

Layers count from 0; the paper counts them from 1. Heads count from 0 in both.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
from jaxtyping import Array, Float, Int, Key

from icl_repro.episodes import N_CONTEXT, Episodes
from icl_repro.network.normalisation import normalise
from icl_repro.network.products import compare, mix, softmax_over_keys
from icl_repro.network.rotary import rotate

MLP_WIDTH = 4
"""How many times as wide as the residual stream an MLP is inside."""

SITE_AXES: Mapping[str, tuple[str, ...]] = {
    "embedding.exemplars": ("width", "exemplar", "episode"),
    "embedding.labels": ("width", "context", "episode"),
    "embedding": ("width", "position", "episode"),
    "attention.normed": ("width", "position", "episode"),
    "attention.query": ("head", "channel", "query", "episode"),
    "attention.key": ("head", "channel", "key", "episode"),
    "attention.value": ("head", "channel", "key", "episode"),
    "attention.scores": ("head", "query", "key", "episode"),
    "attention.pattern": ("head", "query", "key", "episode"),
    "attention.mixed": ("head", "channel", "query", "episode"),
    "attention.output": ("width", "position", "episode"),
    "mlp.normed": ("width", "position", "episode"),
    "mlp.hidden": ("hidden", "position", "episode"),
    "mlp.output": ("width", "position", "episode"),
    "residual.post": ("width", "position", "episode"),
    "final.normed": ("width", "position", "episode"),
    "logits": ("label", "episode"),
    "token_logits": ("token", "position", "episode"),
}
"""Axes of every site; those of a layer stand here without their prefix ``layers.L.``.

Queries and keys are those that are compared, that is, after rotation. `attention.scores` are there
for later tokens too, which the pattern then leaves out. `attention.mixed` is what each head reads:
the values mixed by its pattern, before the output projection. `mlp.hidden` is what an MLP computes
inside, after its nonlinearity; `residual.post` comes after the MLP, if there is one. An episode is
whatever sequence the model reads; `embedding.exemplars`, `embedding.labels` and `logits` are those
of few-shot episodes, `token_logits` those of a language model.
"""


def site_axes(name: str) -> tuple[str, ...] | None:
    """The named axes of site `name`, or None if it is no site's name in any model."""
    prefix, _, rest = name.partition(".")
    if prefix == "layers":
        layer, _, leaf = rest.partition(".")
        return SITE_AXES.get(leaf) if layer.isdecimal() and _in_layer(leaf) else None
    return None if _in_layer(name) else SITE_AXES.get(name)


def _in_layer(leaf: str) -> bool:
    return leaf.startswith(("attention.", "mlp.", "residual."))


class ModelSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shape of the transformer (Appendix A).

    Attributes:
        layers: number of attention layers (2).
        width: width of the residual stream (64).
        heads: heads in each layer (8).
        mlps: whether each layer has an MLP after its attention (none).
        normalised: whether there is LayerNorm (there is).
    """

    layers: int = 2
    width: int = 64
    heads: int = 8
    mlps: bool = False
    normalised: bool = True

    def __post_init__(self) -> None:
        for name in ("layers", "width", "heads"):
            given = getattr(self, name)
            if isinstance(given, bool) or not isinstance(given, int | np.integer):
                raise TypeError(f"{name} is {given!r}, but must be a whole number, such as 8")
            if given < 1:
                raise ValueError(f"{name} is {given}, but must be at least 1 (nearest: 1)")
        if self.width % (pair := 2 * self.heads):
            nearest = pair * max(1, round(self.width / pair))
            raise ValueError(
                f"width {self.width} must be a multiple of twice the number of heads ({pair}), "
                f"because rotary positions turn pairs of channels (nearest: {nearest})"
            )
        require_true_or_false(mlps=self.mlps, normalised=self.normalised)


def require_true_or_false(**settings: bool) -> None:
    """Raise TypeError for a setting that is neither True nor False: other values, even "no", would
    count as one of them.
    """
    for name, given in settings.items():
        if not isinstance(given, bool):
            raise TypeError(f"{name} is {given!r}, but must be True or False")


class Tap(Protocol):
    """What the model does with an activation before going on with it.

    `positions` says which positions the activation's ``position`` or ``query`` axis covers: all of
    them, except in the last layer when only the prediction is wanted.
    """

    def __call__(
        self, site: str, activation: Float[Array, "..."], positions: tuple[int, ...]
    ) -> Float[Array, "..."]:
        """Return the activation to go on with, of the same shape."""
        ...


class Evaluable(Protocol):
    """Edits that know how to evaluate a model under them."""

    def trace(self, model: Any, episodes: Any) -> Any:
        """Logits and activations under the edits."""
        ...


class Inputs(Protocol):
    """A batch of sequences that a model reads."""

    @property
    def size(self) -> int:
        """How many sequences."""
        ...

    @property
    def n_positions(self) -> int:
        """How many tokens each has."""
        ...


def untouched(site: str, activation: Array, positions: tuple[int, ...]) -> Array:
    """The tap that changes nothing."""
    return activation


class LayerNorm(eqx.Module):
    """Normalises each token's vector over its width, then scales and shifts it."""

    weight: Float[Array, " width"]
    bias: Float[Array, " width"]

    def __call__(self, x: Float[Array, "width ..."]) -> Float[Array, "width ..."]:
        """Normalise along the first axis."""
        return normalise(x, self.weight, self.bias)


class Unnormalised(eqx.Module):
    """Stands where a LayerNorm would, and leaves everything as it is."""

    def __call__(self, x: Float[Array, "width ..."]) -> Float[Array, "width ..."]:
        """The same."""
        return x


Norm = LayerNorm | Unnormalised


class MLP(eqx.Module):
    """What a layer can have after its attention: LayerNorm, to four times the width, GELU, and back
    into the residual stream.
    """

    norm: Norm
    into: Float[Array, "hidden width"]
    into_bias: Float[Array, " hidden"]
    out: Float[Array, "width hidden"]
    out_bias: Float[Array, " width"]

    def __call__(
        self,
        residual: Float[Array, "width positions episodes"],
        site: Callable[[str, Array], Array],
    ) -> Float[Array, "width positions episodes"]:
        """What it adds to the residual stream; `site` hands each activation on by its name."""
        normed = site("mlp.normed", self.norm(residual))
        into = _project(self.into, normed) + self.into_bias[:, None, None]
        hidden = site("mlp.hidden", jax.nn.gelu(into))
        return site("mlp.output", _project(self.out, hidden) + self.out_bias[:, None, None])


class Attention(eqx.Module):
    """One layer: LayerNorm, causal attention with rotary positions, output projection.

    The rows of `query`, `key` and `value` and the columns of `output` are ordered head by head.

    With `smear`, keys can look at the token before (Olsson et al., 2022, "smeared keys"): each is
    mixed with that of the token before, its own with weight sigmoid(`smear`) of its head. The first
    token, which has none before it, keeps its own.

    With `mlp`, an MLP follows on the attention, as part of the layer.
    """

    norm: Norm
    query: Float[Array, "width width"]
    key: Float[Array, "width width"]
    value: Float[Array, "width width"]
    output: Float[Array, "width width"]
    heads: int = eqx.field(static=True)
    smear: Float[Array, " heads"] | None = None
    mlp: MLP | None = None

    def __call__(
        self,
        residual: Float[Array, "width positions episodes"],
        tap: Tap,
        prefix: str,
        positions: tuple[int, ...] | None = None,
    ) -> Float[Array, "width queries episodes"]:
        """The residual stream after this layer at `positions`, the last of all positions; by
        default at all of them.
        """
        n_positions = residual.shape[1]
        everywhere = tuple(range(n_positions))
        positions = everywhere if positions is None else positions
        rows = slice(n_positions - len(positions), None)

        def site(leaf: str, activation: Array, covers: tuple[int, ...] = everywhere) -> Array:
            return tap(f"{prefix}.{leaf}", activation, covers)

        normed = site("attention.normed", self.norm(residual))
        query = rotate(self._by_head(_project(self.query, normed[:, rows])), positions)
        query = site("attention.query", query, positions)  # pyright: ignore[reportArgumentType]
        key = rotate(self._smeared(self._by_head(_project(self.key, normed))), everywhere)
        key = site("attention.key", key)  # pyright: ignore[reportArgumentType]
        value = site("attention.value", self._by_head(_project(self.value, normed)))

        scores = compare(query, key) / math.sqrt(query.shape[1])
        scores = site("attention.scores", scores, positions)
        causal = np.tri(n_positions, dtype=bool)[rows, :, None]
        pattern = softmax_over_keys(jnp.where(causal, scores, -jnp.inf))
        pattern = site("attention.pattern", pattern, positions)
        mixed = mix(pattern, value)
        mixed = site("attention.mixed", mixed, positions)
        output = _project(self.output, mixed.reshape(-1, *mixed.shape[2:]))
        output = site("attention.output", output, positions)
        added = residual[:, rows] + output
        if self.mlp is not None:
            added = added + self.mlp(added, lambda leaf, value: site(leaf, value, positions))
        return site("residual.post", added, positions)

    def _by_head(self, projected: Float[Array, "width ..."]) -> Float[Array, "heads channels ..."]:
        return projected.reshape(self.heads, -1, *projected.shape[1:])

    def _smeared(
        self, key: Float[Array, "heads channels positions episodes"]
    ) -> Float[Array, "heads channels positions episodes"]:
        if self.smear is None:
            return key
        before = jnp.concatenate([key[:, :, :1], key[:, :, :-1]], axis=2)
        own = jax.nn.sigmoid(self.smear)[:, None, None, None]
        return own * key + (1 - own) * before


def _project(
    weight: Float[Array, "out in"], x: Float[Array, "in positions episodes"]
) -> Float[Array, "out positions episodes"]:
    return (weight @ x.reshape(x.shape[0], -1)).reshape(-1, *x.shape[1:])


class AttentionOnly(eqx.Module):
    """A causal, attention-only transformer, whatever it reads and predicts."""

    if TYPE_CHECKING:
        # Not as fields: those of a class above come first, and the order is that in which programs
        # take them.
        layers: tuple[Attention, ...]
        norm: Norm

    @property
    def n_layers(self) -> int:
        """Number of layers."""
        return len(self.layers)

    @property
    def n_heads(self) -> int:
        """Heads in each layer."""
        return self.layers[0].heads

    @abstractmethod
    def __call__(self, episodes: Any, tap: Tap = untouched, *, full: bool = False) -> Array:
        """Logits of what is to be predicted."""

    @abstractmethod
    def blank(self, n_episodes: int) -> Inputs:
        """So many sequences of the kind that it reads, of zeros: for the shapes of its sites."""

    def trace(self, episodes: Inputs, edits: Evaluable) -> Any:
        """Logits and every activation under `edits`, see :mod:`icl_repro.optogenetics`.

        Raises:
            TypeError: they cannot evaluate a model, such as a list of edits.
        """
        if not callable(getattr(edits, "trace", None)):
            raise TypeError(
                f"a model is traced under an Intervention, not under a {type(edits).__name__}: "
                "write Intervention([...]) for edits, intervention([...], settings) for clamps"
            )
        return edits.trace(self, episodes)

    def through_layers(
        self,
        residual: Float[Array, "width positions episodes"],
        tap: Tap,
        predicted: tuple[int, ...],
    ) -> Float[Array, "width predicted episodes"]:
        """What the unembedding reads at the positions `predicted`, the last of all.

        Only those rows of the last layer are computed.
        """
        for index, layer in enumerate(self.layers):
            last = index == self.n_layers - 1
            residual = layer(residual, tap, f"layers.{index}", predicted if last else None)
        return tap("final.normed", self.norm(residual), predicted)


class Transformer(AttentionOnly):
    """A causal, attention-only transformer on few-shot episodes.

    `model(episodes)` gives the logits at the query; `model.trace(episodes, edits)` gives them with
    every activation.
    """

    exemplar_weight: Float[Array, "width features"]
    exemplar_bias: Float[Array, " width"]
    label_embedding: Float[Array, "width labels"]
    layers: tuple[Attention, ...]
    norm: Norm
    unembedding_weight: Float[Array, "labels width"]
    unembedding_bias: Float[Array, " labels"]

    @property
    def n_labels(self) -> int:
        """How many labels there are to choose from."""
        return self.label_embedding.shape[1]

    @property
    def width(self) -> int:
        """Width of the residual stream."""
        return self.label_embedding.shape[0]

    def __call__(
        self, episodes: Episodes, tap: Tap = untouched, *, full: bool = False
    ) -> Float[Array, "labels episodes"]:
        """Logits at the query.

        Only the query's row of the last layer bears on them; the other rows are computed only if
        `full` is true, for a tap that wants to see them.
        """
        query = episodes.n_positions - 1
        predicted = tuple(range(episodes.n_positions)) if full else (query,)
        final = self.through_layers(self._embed(episodes, tap), tap, predicted)[:, -1]
        logits = self.unembedding_weight @ final + self.unembedding_bias[:, None]
        return tap("logits", logits, (query,))

    def blank(self, n_episodes: int) -> Episodes:
        """Episodes of zeros, with two pairs in context."""
        integers = jnp.zeros((N_CONTEXT + 1, n_episodes), jnp.int32)
        bank = jnp.zeros((1, self.exemplar_weight.shape[1]))
        return Episodes(bank, integers, integers, integers[0])

    def _embed(self, episodes: Episodes, tap: Tap) -> Float[Array, "width positions episodes"]:
        pairs, everywhere = episodes.pairs, tuple(range(episodes.n_positions))
        exemplars = tap("embedding.exemplars", self._embed_exemplars(episodes), everywhere[::2])
        labels = self.label_embedding @ jax.nn.one_hot(
            episodes.labels[:pairs].reshape(-1), self.n_labels, axis=0
        )
        labels = tap(
            "embedding.labels",
            labels.reshape(self.width, pairs, episodes.size),
            episodes.label_positions,
        )
        of_pairs = [part[:, pair] for pair in range(pairs) for part in (exemplars, labels)]
        return tap("embedding", jnp.stack([*of_pairs, exemplars[:, pairs]], axis=1), everywhere)

    def _embed_exemplars(self, episodes: Episodes) -> Float[Array, "width shown episodes"]:
        rows: Int[Array, " tokens"] = episodes.exemplars.reshape(-1)
        bank = episodes.bank
        # Whichever is less work: to embed the whole bank and pick, or to pick and embed.
        if bank.shape[0] <= rows.size:
            embedded = (bank @ self.exemplar_weight.T)[rows].T
        else:
            embedded = self.exemplar_weight @ bank[rows].T
        embedded = embedded + self.exemplar_bias[:, None]
        return embedded.reshape(self.width, episodes.pairs + 1, episodes.size)


class Drawn:
    """Initial weights, each drawn with the next of some keys."""

    def __init__(self, keys: Key[Array, " n"]) -> None:
        self._keys = iter(keys)

    def truncated(self, shape: tuple[int, int]) -> Float[Array, "out in"]:
        """Standard normal, truncated at two standard deviations."""
        return jax.random.truncated_normal(next(self._keys), -2.0, 2.0, shape)

    def weight(self, n_out: int, n_in: int) -> Float[Array, "out in"]:
        """With variance one over the number of inputs."""
        # Truncation at two standard deviations leaves 0.8796 of the spread.
        return self.truncated((n_out, n_in)) / (0.87962566 * math.sqrt(n_in))


def neutral_norm(width: int) -> LayerNorm:
    """One that neither scales nor shifts."""
    return LayerNorm(jnp.ones(width), jnp.zeros(width))


def norm_of(settings: ModelSettings) -> Norm:
    """What stands before an attention, an MLP or the unembedding at initialisation."""
    return neutral_norm(settings.width) if settings.normalised else Unnormalised()


def keys_of(settings: ModelSettings, key: Key[Array, ""], others: int) -> Key[Array, " n"]:
    """A key for each matrix of the layers, and for so many others; those of MLPs come last.

    That the first keys are those of a network without MLPs is a property of JAX's keys of today
    (``jax_threefry_partitionable``).
    """
    return jax.random.split(key, others + (4 + 2 * settings.mlps) * settings.layers)


OfNetwork = TypeVar("OfNetwork", bound=AttentionOnly)


def with_mlps(network: OfNetwork, settings: ModelSettings, drawn: Drawn) -> OfNetwork:
    """The network with an MLP in each layer, if the settings ask for them: weights as all others,
    biases 0. To be called when all others are drawn, so that these are as without MLPs.
    """
    if not settings.mlps:
        return network
    width, hidden = settings.width, MLP_WIDTH * settings.width

    def mlp() -> MLP:
        into, out = drawn.weight(hidden, width), drawn.weight(width, hidden)
        return MLP(norm_of(settings), into, jnp.zeros(hidden), out, jnp.zeros(width))

    return eqx.tree_at(
        lambda changed: [layer.mlp for layer in changed.layers],
        network,
        [mlp() for _ in range(settings.layers)],
        is_leaf=lambda part: part is None,
    )


def initialise(
    settings: ModelSettings, n_features: int, n_labels: int, key: Key[Array, ""]
) -> Transformer:
    """A transformer at initialisation.

    Weights are truncated normal with variance one over the number of inputs, except label
    embeddings (truncated at two standard deviations of 0.02); biases are 0, LayerNorm is neutral.
    This is what the published implementation does (see the golden data's ``init``). MLPs, which
    that has none of, draw theirs last, so that all others are as without them.
    """
    width = settings.width
    drawn = Drawn(keys_of(settings, key, 3))
    truncated, weight = drawn.truncated, drawn.weight

    network = Transformer(
        exemplar_weight=weight(width, n_features),
        exemplar_bias=jnp.zeros(width),
        label_embedding=0.02 * truncated((width, n_labels)),
        layers=tuple(
            Attention(
                norm_of(settings),
                *(weight(width, width) for _ in range(4)),
                heads=settings.heads,
            )
            for _ in range(settings.layers)
        ),
        norm=norm_of(settings),
        unembedding_weight=weight(n_labels, width),
        unembedding_bias=jnp.zeros(n_labels),
    )
    return with_mlps(network, settings, drawn)
