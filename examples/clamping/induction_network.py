"""An induction circuit built by hand: two heads whose every attention weight and logit is known.

An episode is "A 0 B 1 A": two classes with their labels, then one of the classes again. Whatever
the network is asked, it answers with the label that stood beside that class, in three steps:

1. head 0 of layer 0 attends to the token before and writes its class beside what is there;
2. head 1 of layer 1 compares the class at the query with those written beside the labels;
3. it reads the label where they match, and writes that label where the logits are read.

The other head of each layer is silent.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from icl_repro.episodes import Episodes
from icl_repro.network.transformer import Attention, LayerNorm, Transformer

CLASSES, LABELS, HEADS, CHANNELS = 4, 4, 2, 32
WIDTH = HEADS * CHANNELS
PREVIOUS, INDUCTION = 0, 1
"""The head of layer 0 that attends to the token before, and the head of layer 1 that matches."""

# The residual stream, channel by channel: what a token is, what was before it, and the answer.
CLASS, LABEL, BEFORE, ANSWER = (slice(start, start + 4) for start in range(0, 16, 4))
ONE = 16  # LayerNorm puts a 1 here, so that weights can write the same for every token
SHARP = 1_000.0  # of scores this large, the softmax leaves nothing to the second largest


def _rows(head: int, channels: range) -> list[int]:
    """Where channels of a head stand among those of all heads."""
    return [head * CHANNELS + channel for channel in channels]


def _silent() -> dict[str, np.ndarray]:
    return {name: np.zeros((WIDTH, WIDTH)) for name in ("query", "key", "value", "output")}


def _layer(weights: dict[str, np.ndarray]) -> Attention:
    scale, shift = np.ones(WIDTH), np.zeros(WIDTH)
    scale[ONE], shift[ONE] = 0, 1
    norm = LayerNorm(jnp.asarray(scale, jnp.float32), jnp.asarray(shift, jnp.float32))
    names = ("query", "key", "value", "output")
    query, key, value, output = (jnp.asarray(weights[name], jnp.float32) for name in names)
    return Attention(norm, query, key, value, output, heads=HEADS)


def previous_token_layer() -> Attention:
    """Head 0 attends to the token before, and writes the class of it beside what is there.

    Rotary positions turn the first two channels by one radian a position. A key that starts one
    radian ahead therefore points where the query of the next token does, and nowhere else.
    """
    weights = _silent()
    weights["query"][_rows(PREVIOUS, range(2)), ONE] = SHARP * np.array([1, 0])
    weights["key"][_rows(PREVIOUS, range(2)), ONE] = np.array([np.cos(1), np.sin(1)])
    weights["value"][_rows(PREVIOUS, range(4)), range(*CLASS.indices(WIDTH))] = 1
    weights["output"][range(*BEFORE.indices(WIDTH)), _rows(PREVIOUS, range(4))] = 1
    return _layer(weights)


def induction_layer() -> Attention:
    """Head 1 attends to the label that has the class of the query before it, and answers with it.

    Classes are compared in the slowest channels, which rotary positions hardly turn. Any label is
    preferred to any exemplar, as the first exemplar has nothing before it but itself.
    """
    weights = _silent()
    slow = range(CHANNELS - 10, CHANNELS - 2, 2)
    weights["query"][_rows(INDUCTION, slow), range(*CLASS.indices(WIDTH))] = SHARP / 20
    weights["key"][_rows(INDUCTION, slow), range(*BEFORE.indices(WIDTH))] = 1
    of_labels = _rows(INDUCTION, range(CHANNELS - 2, CHANNELS - 1))
    weights["query"][of_labels, ONE] = SHARP / 20
    weights["key"][of_labels, LABEL] = 2
    weights["value"][_rows(INDUCTION, range(4)), range(*LABEL.indices(WIDTH))] = 1
    weights["output"][range(*ANSWER.indices(WIDTH)), _rows(INDUCTION, range(4))] = 10
    return _layer(weights)


def network() -> Transformer:
    """The whole network: every class and every label has a channel of its own."""
    eye = np.eye(WIDTH, dtype=np.float32)
    return Transformer(
        exemplar_weight=jnp.asarray(eye[:, CLASS]),
        exemplar_bias=jnp.zeros(WIDTH),
        label_embedding=jnp.asarray(eye[:, LABEL]),
        layers=(previous_token_layer(), induction_layer()),
        norm=LayerNorm(jnp.ones(WIDTH), jnp.zeros(WIDTH)),
        unembedding_weight=jnp.asarray(10 * eye[ANSWER]),
        unembedding_bias=jnp.zeros(LABELS),
    )


def episodes() -> Episodes:
    """Every episode that there is: two classes, two labels, and either class asked for."""
    of_two = [(a, b) for a in range(4) for b in range(4) if a != b]
    drawn = [
        (*classes, *labels, asked) for classes in of_two for labels in of_two for asked in (0, 1)
    ]
    first, second, label, other, asked = np.array(drawn, np.int32).T
    exemplars = np.stack([first, second, np.where(asked == 0, first, second)])
    labels = np.stack([label, other, np.where(asked == 0, label, other)])
    bank = jnp.eye(CLASSES)
    return Episodes(bank, jnp.asarray(exemplars), jnp.asarray(labels), jnp.asarray(asked))
