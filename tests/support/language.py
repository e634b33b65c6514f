"""Language models whose behaviour is known: built by hand, or small at random."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from icl_repro.network.language_model import (
    LanguageModel,
    LanguageModelSettings,
    initialise_language_model,
)
from icl_repro.network.rotary import ROTARY_BASE
from icl_repro.optogenetics import ClampPreviousToken
from icl_repro.text import RepeatedTokens

VOCABULARY = 16
WIDTH = 2 * VOCABULARY
SHAPE = LanguageModelSettings(layers=2, width=WIDTH, heads=1)
PREVIOUS = ClampPreviousToken((0,))
"""What makes layer 0 of the induction circuit attend to the token before."""
RANDOM_TOKENS = RepeatedTokens(VOCABULARY, 16)


def induction_circuit() -> LanguageModel:
    """Two layers with a head each. Channels 0 to 15 have a token's own identity. Layer 0 writes
    that of the token it attends to into channels 16 to 31; layer 1 compares a token's identity with
    those, in channels that hardly turn with position, and copies the identity of what it attends to
    to the logits.
    """
    own = np.zeros((WIDTH, WIDTH), np.float32)
    own[:VOCABULARY, :VOCABULARY] = np.eye(VOCABULARY)
    to_second = np.zeros((WIDTH, WIDTH), np.float32)
    to_second[VOCABULARY:, :VOCABULARY] = np.eye(VOCABULARY)
    second = np.zeros((WIDTH, WIDTH), np.float32)
    second[VOCABULARY:, VOCABULARY:] = np.eye(VOCABULARY)
    nothing = np.zeros((WIDTH, WIDTH), np.float32)
    model = initialise_language_model(SHAPE, VOCABULARY, jax.random.key(0))
    weights = {
        0: {"query": nothing, "key": nothing, "value": own, "output": to_second},
        1: {"query": 10 * to_second, "key": 10 * second, "value": own, "output": 10 * own},
    }
    for layer, of_layer in weights.items():
        for name, weight in of_layer.items():
            model = eqx.tree_at(
                lambda m, layer=layer, name=name: getattr(m.layers[layer], name),
                model,
                jnp.asarray(weight),
            )
    identity = np.eye(WIDTH, VOCABULARY, dtype=np.float32)
    return eqx.tree_at(
        lambda m: (m.token_embedding, m.unembedding_weight),
        model,
        (jnp.asarray(identity), jnp.asarray(4 * identity.T)),
    )


ALONE = LanguageModelSettings(layers=2, width=4 * VOCABULARY, heads=2)
"""The shape of :func:`circuit_of_weights`."""


def circuit_of_weights() -> LanguageModel:
    """The induction circuit with nothing clamped, by the first head of each layer: that of layer 0
    attends to the token before, because queries and keys are the same for all tokens and are turned
    apart by one position. The second head of each layer does nothing. Logits are so small that the
    model is not sure of tokens which it cannot know.
    """
    own, second = slice(0, VOCABULARY), slice(VOCABULARY, 2 * VOCABULARY)
    constant = ALONE.width - 1
    channels = ALONE.width // ALONE.heads
    rate = ROTARY_BASE ** (-np.arange(0, channels, 2) / channels)
    one_back = np.stack([np.cos(rate), -np.sin(rate)], axis=1).reshape(-1)
    unturned = np.tile([1.0, 0.0], channels // 2)

    def weight(rows: slice, columns: slice | int, value: np.ndarray) -> jnp.ndarray:
        made = np.zeros((ALONE.width, ALONE.width), np.float32)
        made[rows, columns] = value
        return jnp.asarray(made)

    of_head, identity = slice(0, channels), np.eye(VOCABULARY)
    model = initialise_language_model(ALONE, VOCABULARY, jax.random.key(0))
    first, last = model.layers
    # One channel is the same for all tokens: LayerNorm's bias of it.
    norm = eqx.tree_at(lambda n: n.bias, first.norm, first.norm.bias.at[constant].set(1))
    attention = lambda layer: (layer.query, layer.key, layer.value, layer.output)  # noqa: E731
    first = eqx.tree_at(
        lambda layer: (layer.norm, *attention(layer)),
        first,
        (
            norm,
            weight(of_head, constant, 100 * one_back),
            weight(of_head, constant, unturned),
            weight(own, own, identity),
            weight(second, own, identity),
        ),
    )
    last = eqx.tree_at(
        attention,
        last,
        (
            weight(second, own, 10 * identity),
            weight(second, second, 10 * identity),
            weight(own, own, identity),
            weight(own, own, 10 * identity),
        ),
    )
    embedding = jnp.eye(ALONE.width, VOCABULARY)
    return eqx.tree_at(
        lambda m: (m.layers, m.token_embedding, m.unembedding_weight),
        model,
        ((first, last), embedding, 0.4 * embedding.T),
    )


def small_model(seed: int = 0, **shape) -> LanguageModel:
    """At random, on 16 tokens."""
    usual = {"layers": 2, "width": 16, "heads": 2}
    settings = LanguageModelSettings(**(usual | shape))
    return initialise_language_model(settings, VOCABULARY, jax.random.key(seed))
