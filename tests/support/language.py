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


def small_model(seed: int = 0, **shape) -> LanguageModel:
    """At random, on 16 tokens."""
    usual = {"layers": 2, "width": 16, "heads": 2}
    settings = LanguageModelSettings(**(usual | shape))
    return initialise_language_model(settings, VOCABULARY, jax.random.key(seed))
