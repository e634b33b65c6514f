"""What is measured on each set of text while a language model trains."""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from icl_repro.network.language_model import LanguageModel
from icl_repro.optogenetics import Intervention, Trace
from icl_repro.text import Text

LARGEST_CHUNK = 32
"""Sequences that are evaluated together."""
HEADS_ON = 64
"""Sequences of random tokens on which heads are measured."""


def token_losses(
    logits: Float[Array, "vocabulary positions sequences"], text: Text
) -> Float[Array, "positions sequences"]:
    """Cross-entropy of the next token at every position, in nats."""
    is_target = jnp.arange(logits.shape[0])[:, None, None] == text.targets
    of_target = jnp.where(is_target, logits, 0).sum(axis=0)
    return jax.nn.logsumexp(logits, axis=0) - of_target


def chosen_positions(text: Text) -> np.ndarray:
    """A position of each sequence in the second half of the text, the same for every model."""
    n, half = text.n_positions, text.n_positions // 2
    return half + np.arange(text.size) * 7 % (n - half)


def evaluate_text(
    model: LanguageModel, intervention: Intervention, sets: Mapping[str, Text]
) -> dict[str, Float[Array, "..."]]:
    """Measure a language model under an intervention.

    Returns:
        For each set ``SET.loss`` (scalar), a mean over all positions, and ``SET.losses``
        (positions). ``train.token_losses`` (sequences): that of one position of each sequence.
        On random tokens repeated, for each head (layers, heads): ``attention.previous``, from each
        token but the first to the token before; ``attention.induction``, the prefix-matching score,
        from each token that has come before to the one after it then; ``copying``, see
        :func:`copying_scores`.
    """
    measured: dict[str, Array] = {}
    for name, text in sets.items():
        losses = losses_of(model, intervention, text)
        measured |= {f"{name}.loss": losses.mean(), f"{name}.losses": losses.mean(axis=1)}
        if name == "train":
            measured["train.token_losses"] = losses[chosen_positions(text), np.arange(text.size)]
    if "repeated" in sets:
        text = sets["repeated"]
        measured |= head_scores(model, intervention.predict(model, text), text)
    return measured


def losses_of(
    model: LanguageModel, intervention: Intervention, text: Text
) -> Float[Array, "positions sequences"]:
    """Loss of every token, in chunks of sequences."""
    size = max(n for n in range(1, min(LARGEST_CHUNK, text.size) + 1) if text.size % n == 0)

    def of_chunk(chunk: tuple[Array, Array]) -> Array:
        part = Text(*chunk)
        return token_losses(intervention.predict(model, part).logits, part)

    chunks = tuple(
        jnp.moveaxis(array.reshape(array.shape[0], -1, size), 1, 0)
        for array in (text.tokens, text.repeated)
    )
    losses = jax.lax.map(of_chunk, chunks)
    return jnp.moveaxis(losses, 0, 1).reshape(losses.shape[1], -1)


def head_scores(model: LanguageModel, trace: Trace, text: Text) -> dict[str, Array]:
    """What each head does on random tokens repeated, see :func:`evaluate_text`."""
    layers = range(model.n_layers)
    patterns = [trace[f"layers.{layer}.attention.pattern"] for layer in layers]
    return {
        "attention.previous": jnp.stack([_previous(pattern) for pattern in patterns]),
        "attention.induction": jnp.stack([prefix_matching(pattern, text) for pattern in patterns]),
        "copying": jnp.stack([copying_scores(model, trace, layer, text) for layer in layers]),
    }


def _previous(pattern: Float[Array, "heads queries keys sequences"]) -> Float[Array, " heads"]:
    return jnp.diagonal(pattern, -1, 1, 2).mean(axis=(1, 2))


def prefix_matching(
    pattern: Float[Array, "heads queries keys sequences"], text: Text
) -> Float[Array, " heads"]:
    """Mean attention from each token that repeats an earlier one to the token after that one
    (Olsson et al., 2022), on :class:`~icl_repro.text.RepeatedTokens`.
    """
    period = text.n_positions // 2
    queries = np.arange(period, text.n_positions)
    return pattern[:, queries, queries - period + 1].mean(axis=(1, 2))


def copying_scores(
    model: LanguageModel, trace: Trace, layer: int, text: Text
) -> Float[Array, " heads"]:
    """Whether what each head adds to the logits favours the token that it attends to the most.

    That is the share of the other tokens whose logits it raises less, over all queries that have
    come before, scaled from -1 (none) to 1 (all); 0 for a head that has nothing to do with it. It
    counts what a head writes as the unembedding would read it, without what later layers do.
    """
    mixed = trace[f"layers.{layer}.attention.mixed"]
    pattern = trace[f"layers.{layer}.attention.pattern"]
    n_heads, channels = mixed.shape[:2]
    output = model.layers[layer].output.reshape(-1, n_heads, channels)
    # What LayerNorm does to it but for its scale, which does not change the order.
    unembedding = model.unembedding_weight * model.norm.weight
    read = unembedding - unembedding.mean(axis=1, keepdims=True)
    half = text.n_positions // 2
    effect = jnp.einsum("vw,whc,hcqs->hvqs", read, output, mixed[:, :, half:])
    attended = pattern[:, half:].argmax(axis=2)
    token = jnp.take_along_axis(text.read[None], attended.reshape(n_heads, -1, text.size), axis=1)
    of_attended = jnp.take_along_axis(effect, token[:, None], axis=1)
    below, above = (effect < of_attended).sum(axis=1), (effect > of_attended).sum(axis=1)
    return ((below - above) / (effect.shape[1] - 1)).mean(axis=(1, 2))
