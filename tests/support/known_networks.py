"""Networks whose logits have a closed form, whatever is done to their heads.

Nothing here uses what the package says about heads, positions or the matching label: what a network
has to answer is worked out from how it was built and from the tokens of an episode.
"""

import jax.numpy as jnp
import numpy as np

from icl_repro.episodes import Episodes
from icl_repro.network.transformer import Attention, LayerNorm, Transformer

WIDTH, HEADS, N_LABELS = 32, 4, 8
_CHANNELS = WIDTH // HEADS
_N_EXEMPLARS = 3


def _layer(value: np.ndarray, output: np.ndarray, norm: LayerNorm) -> Attention:
    """A layer whose heads attend to all tokens that they see alike."""
    nothing = jnp.zeros((WIDTH, WIDTH))
    return Attention(norm, nothing, nothing, jnp.asarray(value), jnp.asarray(output), heads=HEADS)


def _network(layers: list[Attention], labels: np.ndarray, unembedding: np.ndarray) -> Transformer:
    """A network that embeds every exemplar as zero."""
    return Transformer(
        exemplar_weight=jnp.zeros((WIDTH, _N_EXEMPLARS)),
        exemplar_bias=jnp.zeros(WIDTH),
        label_embedding=jnp.asarray(labels),
        layers=tuple(layers),
        norm=LayerNorm(jnp.ones(WIDTH), jnp.zeros(WIDTH)),
        unembedding_weight=jnp.asarray(unembedding),
        unembedding_bias=jnp.zeros(N_LABELS),
    )


def _normed(x: np.ndarray) -> np.ndarray:
    return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)


def episodes_that_ask() -> Episodes:
    """Every ordered pair of the labels, asked for the first of them and for the second."""
    asked = [
        (first, second, which)
        for first in range(N_LABELS)
        for second in range(N_LABELS)
        for which in (0, 1)
        if first != second
    ]
    labels = np.array([(a, b, (a, b)[which]) for a, b, which in asked], np.int32)
    matching = np.array([which for *_, which in asked], np.int32)
    exemplars = np.stack([np.zeros_like(matching), np.ones_like(matching), matching])
    bank = jnp.eye(_N_EXEMPLARS)
    return Episodes(bank, jnp.asarray(exemplars), jnp.asarray(labels.T), jnp.asarray(matching))


# --- the roll call: every head that is on raises a label of its own ---


def roll_call() -> Transformer:
    """Head h of layer l writes its number, 4 l + h + 1, into the channel of the label 4 l + h.

    It does so at every position and whatever it attends to, because all tokens have one value.
    """
    layers = []
    for layer in range(2):
        value, output = np.zeros((2, WIDTH, WIDTH), np.float32)
        for head in range(HEADS):
            label = layer * HEADS + head
            value[head * _CHANNELS, 0] = label + 1
            output[label, head * _CHANNELS] = 1
        layers.append(_layer(value, output, LayerNorm(jnp.zeros(WIDTH), jnp.eye(WIDTH)[0])))
    return _network(layers, np.zeros((WIDTH, N_LABELS), np.float32), np.eye(N_LABELS, WIDTH))


def roll_call_logits(on: set[tuple[int, int]]) -> np.ndarray:
    """The logits of the roll call when the heads (layer, head) of `on` are on, and no others."""
    written = np.zeros(WIDTH)
    for layer, head in on:
        written[layer * HEADS + head] = layer * HEADS + head + 1
    return _normed(written)[:N_LABELS]


def every_head() -> set[tuple[int, int]]:
    return {(layer, head) for layer in range(2) for head in range(HEADS)}


# --- the reader: its heads say which labels they attend to, and how much ---


def reader(layer: int) -> Transformer:
    """Label l is embedded as the unit vector l. Head h of `layer` writes 2 ** h times what it reads
    of label l into channel 8 + l, whose value is the logit of label l. The other layer is silent.
    """
    value, output = np.zeros((2, WIDTH, WIDTH), np.float32)
    for head in range(HEADS):
        for label in range(N_LABELS):
            value[head * _CHANNELS + label, label] = 1
            output[N_LABELS + label, head * _CHANNELS + label] = 2.0**head
    nothing = np.zeros((WIDTH, WIDTH), np.float32)
    plain = LayerNorm(jnp.ones(WIDTH), jnp.zeros(WIDTH))
    layers = [_layer(nothing, nothing, plain) for _ in range(2)]
    layers[layer] = _layer(value, output, plain)
    return _network(
        layers, np.eye(WIDTH, N_LABELS, dtype=np.float32), np.eye(N_LABELS, WIDTH, N_LABELS)
    )


def reader_logits(labels: tuple[int, int], attention: np.ndarray) -> np.ndarray:
    """The logits of the reader on an episode with these two labels, when head h attends from the
    query to its five tokens with the weights `attention[h]`.
    """
    tokens = np.zeros((WIDTH, 5))
    tokens[labels[0], 1] = tokens[labels[1], 3] = 1
    read = _normed(tokens)[:N_LABELS] @ attention.T
    written = np.zeros(WIDTH)
    written[N_LABELS : 2 * N_LABELS] = read @ 2.0 ** np.arange(HEADS)
    return _normed(written)[N_LABELS : 2 * N_LABELS]


def label_of_the_queried_class(episodes: Episodes, episode: int) -> int:
    """0 if the query is the first exemplar again, 1 if it is the second: from the exemplars."""
    first, second, query = np.asarray(episodes.exemplars[:, episode])
    assert (query == first) != (query == second)
    return int(query == second)
