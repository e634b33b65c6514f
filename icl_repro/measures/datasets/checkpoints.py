"""Measurements on every checkpoint of a run, as one compiled program."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from icl_repro.episodes import N_CONTEXT, Episodes
from icl_repro.measures.kept import kept
from icl_repro.network.transformer import Transformer
from icl_repro.optogenetics import Intervention
from icl_repro.training import Run
from icl_repro.training.evaluation import losses


def losses_over_checkpoints(
    run: Run, episodes: Episodes, intervention: Intervention
) -> Float[np.ndarray, " checkpoints"]:
    """Mean loss on `episodes` of each checkpoint's network under an intervention.

    Such a curve is a progress measure (Appendix D.2): the intervention acts on each network, but
    did not act while it was trained.
    """
    return _losses(run.models(), episodes, intervention)


def label_preferences_over_checkpoints(
    run: Run, episodes: Episodes
) -> Float[np.ndarray, "checkpoints episodes"]:
    """By how much each checkpoint's network prefers the first label in context of each episode to
    the second: the difference of their logits, which is the logarithm of the ratio of their
    probabilities.
    """
    return _preferences(run.models(), episodes, run.intervention)


@kept(np.ndarray)
@eqx.filter_jit
def _losses(models: Transformer, episodes: Episodes, intervention: Intervention) -> Array:
    def mean_loss(model: Transformer) -> Array:
        return losses(intervention.predict(model, episodes).logits, episodes).mean()

    return jax.lax.map(mean_loss, models)


@kept(np.ndarray)
@eqx.filter_jit
def _preferences(models: Transformer, episodes: Episodes, intervention: Intervention) -> Array:
    def preference(model: Transformer) -> Array:
        logits = intervention.predict(model, episodes).logits
        first, second = (
            jnp.take_along_axis(logits, episodes.labels[place][None], axis=0)[0]
            for place in range(N_CONTEXT)
        )
        return first - second

    return jax.lax.map(preference, models)
