"""The attention-only transformer as a language model: it reads tokens and predicts at each position
which comes next.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from icl_repro.network.transformer import (
    Attention,
    AttentionOnly,
    Drawn,
    LayerNorm,
    ModelSettings,
    Tap,
    keys_of,
    neutral_norm,
    require_true_or_false,
    untouched,
    with_mlps,
)
from icl_repro.text import Text


class LanguageModelSettings(ModelSettings, frozen=True, forbid_unknown_fields=True):
    """Shape of a language model.

    Attributes:
        width: of the residual stream (128). Half of the channels of a head hardly turn over a text:
            as many as there are in the whole of one at width 64 are needed to tell tokens apart.
        smeared_keys: whether keys can look at the token before, see
            :class:`~icl_repro.network.transformer.Attention`.
    """

    width: int = 128
    smeared_keys: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        require_true_or_false(smeared_keys=self.smeared_keys)
        if not self.normalised:
            raise ValueError(
                "normalised is False, but a language model has LayerNorm, by whose scale its "
                "copying is measured (nearest: True)"
            )


class LanguageModel(AttentionOnly):
    """A causal, attention-only transformer on tokens.

    `model(text)` gives the logits of the next token at every position.
    """

    token_embedding: Float[Array, "width vocabulary"]
    layers: tuple[Attention, ...]
    norm: LayerNorm
    unembedding_weight: Float[Array, "vocabulary width"]
    unembedding_bias: Float[Array, " vocabulary"]

    @property
    def vocabulary(self) -> int:
        """How many tokens there are."""
        return self.token_embedding.shape[1]

    def __call__(
        self, episodes: Text, tap: Tap = untouched, *, full: bool = False
    ) -> Float[Array, "vocabulary positions sequences"]:
        """Logits at every position, whether or not everything is wanted."""
        everywhere = tuple(range(episodes.n_positions))
        # A product, because the gradient of a lookup would add up token by token.
        chosen = jax.nn.one_hot(episodes.read.reshape(-1), self.vocabulary, axis=0)
        embedded = (self.token_embedding @ chosen).reshape(-1, *episodes.read.shape)
        final = self.through_layers(tap("embedding", embedded, everywhere), tap, everywhere)
        logits = self.unembedding_weight @ final.reshape(final.shape[0], -1)
        logits = (logits + self.unembedding_bias[:, None]).reshape(-1, *final.shape[1:])
        return tap("token_logits", logits, everywhere)

    def blank(self, n_episodes: int) -> Text:
        """Three tokens: the shortest text with one that has two before it."""
        return Text(jnp.zeros((4, n_episodes), jnp.int32), jnp.zeros((4, n_episodes), bool))


SMEAR_AT_FIRST = 0.0
"""At first a smeared key is half that of the token before: sigmoid(0)."""


def initialise_language_model(
    settings: LanguageModelSettings, vocabulary: int, key: Key[Array, ""]
) -> LanguageModel:
    """A language model at initialisation.

    Weights are truncated normal with variance one over the number of inputs, embeddings truncated
    normal with variance one over the width; biases are 0, LayerNorm is neutral.
    """
    width = settings.width
    drawn = Drawn(keys_of(settings, key, 2))
    smear = jnp.full(settings.heads, SMEAR_AT_FIRST) if settings.smeared_keys else None
    network = LanguageModel(
        token_embedding=drawn.weight(vocabulary, width).T,
        layers=tuple(
            Attention(
                neutral_norm(width),
                *(drawn.weight(width, width) for _ in range(4)),
                heads=settings.heads,
                smear=smear,
            )
            for _ in range(settings.layers)
        ),
        norm=neutral_norm(width),
        unembedding_weight=drawn.weight(vocabulary, width),
        unembedding_bias=jnp.zeros(vocabulary),
    )
    return with_mlps(network, settings, drawn)
