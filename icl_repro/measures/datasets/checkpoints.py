"""Measurements on every checkpoint of a run, as one compiled program."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from icl_repro.episodes import Episodes
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
    models = [run.model(index) for index in range(len(run.checkpoint_sequences))]
    stacked = jax.tree.map(lambda *weights: jnp.stack(weights), *models)
    return _losses(stacked, episodes, intervention)


@kept(np.ndarray)
@eqx.filter_jit
def _losses(models: Transformer, episodes: Episodes, intervention: Intervention) -> Array:
    def mean_loss(model: Transformer) -> Array:
        return losses(intervention.predict(model, episodes).logits, episodes).mean()

    return jax.lax.map(mean_loss, models)
