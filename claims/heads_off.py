"""Whether heads that are off are those that should be: by the clamps of training, by the masks of
measurements after it, and in the weights, where neither decides.
"""

from __future__ import annotations

from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from claims.sequences import some_sequences
from icl_repro.episodes import Episodes
from icl_repro.measures.datasets.performance import performance, performances
from icl_repro.measures.heads.ablation import HeadsOff, each_kept, each_removed
from icl_repro.network.transformer import Transformer
from icl_repro.optogenetics import AblateHeads, intervention
from icl_repro.training import Run


def difference_without_a_head(run: Run, off_by: int = 0) -> float:
    """How far apart losses of the final network without a head are at most over heads: with the
    head clamped, masked, and with its output weights at zero, or those of the head `off_by` on.
    """
    model, settings, sample = run.model(), run.spec.model, _sample(run)
    heads, layer = range(settings.heads), settings.layers - 1
    clamps = [intervention([AblateHeads((head,), layer)], settings) for head in heads]
    silent = [_with_silent_head(model, (head + off_by) % settings.heads) for head in heads]
    removed = jnp.asarray(each_removed(settings.heads))
    losses = [
        [performance(model, sample, clamp).loss for clamp in clamps],
        performances(model, sample, HeadsOff(layer), removed).loss,
        [performance(other, sample).loss for other in silent],
    ]
    return float(np.ptp(np.array(losses), axis=0).max())


def difference_of_single_heads(single: Sequence[Run], off_by: int = 0) -> float:
    """How far apart the two losses of a network with a single head are at most: with the clamps of
    its training, and with all heads masked but that one, or the one `off_by` on.

    `single` has a run for each head, in the order of heads.
    """
    kept = np.roll(each_kept(len(single)), off_by, axis=0)
    losses = []
    for run, off in zip(single, kept, strict=True):
        masked = HeadsOff(run.spec.model.layers - 1)(jnp.asarray(off))
        both = run.intervention, masked
        losses.append([performance(run.model(), _sample(run), edits).loss for edits in both])
    return float(np.ptp(np.array(losses), axis=1).max())


def _sample(run: Run) -> Episodes:
    return some_sequences(run, 1_000)


def _with_silent_head(model: Transformer, head: int) -> Transformer:
    output = model.layers[-1].output
    channels = output.shape[1] // model.n_heads
    silent = output.at[:, head * channels : (head + 1) * channels].set(0)
    return eqx.tree_at(lambda changed: changed.layers[-1].output, model, silent)
