"""Removing and keeping heads of the last layer of a finished network (Section 3.1).

Which heads are off is a mask, true where a head is off, so that all ablations of a network are
evaluated as one program by :func:`~icl_repro.measures.datasets.performance.performances`.
"""

from __future__ import annotations

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from icl_repro.episodes import Episodes
from icl_repro.measures.datasets.performance import Performance, performance, performances
from icl_repro.network.transformer import Transformer
from icl_repro.optogenetics import Constant, Edit, Intervention
from icl_repro.optogenetics.arguments import require_in_range


class HeadsOff(eqx.Module):
    """Turns the heads of a mask off: called with one, it makes the intervention.

    Attributes:
        layer: the layer of the heads; 1 is the paper's Layer 2.
    """

    layer: int = eqx.field(static=True, default=1)

    def __call__(self, off: Bool[Array | np.ndarray, " heads"]) -> Intervention:
        """The intervention under which the heads where `off` is true write nothing."""
        site = f"layers.{self.layer}.attention.mixed"
        return Intervention([Edit(site, Constant(jnp.float32(0)), heads=off)])


def each_removed(n_heads: int) -> Bool[np.ndarray, "heads heads"]:
    """A mask for each head: it is off, all others are on (triangles of Figure 4a)."""
    return np.eye(n_heads, dtype=bool)


def each_kept(n_heads: int) -> Bool[np.ndarray, "heads heads"]:
    """A mask for each head: it is on, all others are off (circles of Figure 4a)."""
    return ~each_removed(n_heads)


def added_back(order: Sequence[int], n_heads: int) -> Bool[np.ndarray, "steps heads"]:
    """Masks that turn heads on one at a time (Figure 14): first the first of `order` alone, in the
    end all of `order`; heads that are not in it stay off.

    Raises:
        ValueError: a head twice, or one that there is not.
    """
    heads = [int(head) for head in order]
    for position, head in enumerate(heads):
        require_in_range(head, "head", n_heads, "there are")
        if head in heads[:position]:
            raise ValueError(f"head {head} is in the order {heads} twice")
    masks = np.ones((len(heads), n_heads), dtype=bool)
    for step, head in enumerate(heads):
        masks[step:, head] = False
    return masks


def order_of_strength(strengths: Float[Array | np.ndarray, " heads"]) -> tuple[int, ...]:
    """Heads from the strongest to the weakest; the first of two that are equal comes first."""
    return tuple(int(head) for head in np.argsort(-np.asarray(strengths), kind="stable"))


class HeadAblations(eqx.Module):
    """How a network does without and with heads of its last layer.

    Attributes:
        order: heads from the strongest to the weakest.
        intact: all heads on. Its induction strengths are those of the heads under every ablation,
            because heads of one layer do not read each other.
        without: each head off, all others on; first axis heads.
        alone: each head on, all others off; first axis heads.
        from_strongest: the first 1, 2, ... heads of `order` on; first axis steps.
        from_second: the same without the strongest: the first 1, 2, ... of the others on.
    """

    order: tuple[int, ...] = eqx.field(static=True)
    intact: Performance
    without: Performance
    alone: Performance
    from_strongest: Performance
    from_second: Performance

    @property
    def strongest(self) -> int:
        """The head that comes first."""
        return self.order[0]

    @property
    def weaker(self) -> list[int]:
        """All heads but the strongest, from stronger to weaker."""
        return list(self.order[1:])


def head_ablations(
    model: Transformer, episodes: Episodes, order: Sequence[int] | None = None
) -> HeadAblations:
    """Evaluate a network under every ablation of Section 3.1, all of them as one program.

    Args:
        model: the network.
        episodes: what to evaluate it on.
        order: its heads from the strongest to the weakest; measured on `episodes` if not given.
    """
    n_heads = model.n_heads
    if order is None:
        order = order_of_strength(performance(model, episodes).induction_strength)
    families = {
        "intact": np.zeros((1, n_heads), dtype=bool),
        "without": each_removed(n_heads),
        "alone": each_kept(n_heads),
        "from_strongest": added_back(order, n_heads),
        "from_second": added_back(order[1:], n_heads),
    }
    masks = np.concatenate(list(families.values()))
    measured = performances(model, episodes, HeadsOff(model.n_layers - 1), masks)
    ends = np.cumsum([len(family) for family in families.values()])
    found = {
        name: _part(measured, slice(end - len(family), end))
        for (name, family), end in zip(families.items(), ends, strict=True)
    }
    found["intact"] = _part(found["intact"], 0)
    return HeadAblations(order=tuple(int(head) for head in order), **found)


def _part(measured: Performance, part: slice | int) -> Performance:
    return jax.tree.map(lambda x: np.asarray(x)[part], measured)
