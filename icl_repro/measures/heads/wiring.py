"""Which heads of layer 0 the heads of layer 1 depend on (Section 3.3; Appendix E; Figure 11).

Heads of layer 0 (the paper's Layer 1) are turned off while layer 1 keeps the patterns, or the
values, of a clean pass. Which heads are off and what is preserved are arrays, so that all ablations
are evaluated as one program, layer 0 first: its ablations are evaluated once for all of layer 1's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from icl_repro.episodes import Episodes
from icl_repro.measures.datasets.chunks import over_chunks
from icl_repro.measures.kept import kept
from icl_repro.network.transformer import Transformer
from icl_repro.optogenetics import CLEAN, Constant, Edit, Intervention, Taken
from icl_repro.optogenetics.arguments import require_in_range
from icl_repro.statistics.intervals import share_interval
from icl_repro.training.evaluation import correct, query_attention

LARGEST_CHUNK = 200
"""Episodes evaluated at once."""

PRESERVED = ("pattern", "value")
"""What of layer 1 an ablation of layer 0 can leave as it was; the order of the axis for it."""


class PreservingAblations(eqx.Module):
    """Makes the ablation of some heads of layer 0 that preserves the patterns of layer 1 or its
    values (or both), with some heads of layer 1 off too: a function of masks.

    With masks instead of heads, it is what
    :class:`~icl_repro.optogenetics.PreservingAblation` and
    :class:`~icl_repro.optogenetics.AblateHeads` are together.
    """

    def __call__(
        self,
        off: Bool[Array | np.ndarray, " heads"],
        preserved: Bool[Array | np.ndarray, " 2"],
        receivers_off: Bool[Array | np.ndarray, " heads"],
    ) -> Intervention:
        """The intervention.

        Args:
            off: heads of layer 0 to turn off.
            preserved: whether patterns and whether values of layer 1 are those of a clean pass.
            receivers_off: heads of layer 1 to turn off.
        """
        taken = [
            Edit(
                f"layers.1.attention.{name}",
                Taken(f"layers.1.attention.{name}"),
                heads=jnp.broadcast_to(preserved[index], receivers_off.shape),
                base=CLEAN,
            )
            for index, name in enumerate(PRESERVED)
        ]
        return Intervention(
            [
                Edit("layers.0.attention.mixed", Constant(jnp.float32(0)), heads=off),
                *taken,
                Edit("layers.1.attention.mixed", Constant(jnp.float32(0)), heads=receivers_off),
            ]
        )


def accuracies(
    model: Transformer,
    episodes: Episodes,
    off: Bool[np.ndarray, "ablations heads"],
    preserved: Bool[np.ndarray, "preserved 2"],
    receivers_off: Bool[np.ndarray, "receptions heads"],
) -> Float[np.ndarray, "ablations preserved receptions"]:
    """Accuracy under every combination of masks, see :class:`PreservingAblations`.

    Raises:
        ValueError: the model does not have two layers.
    """
    if model.n_layers != 2:
        raise ValueError(f"wiring is between 2 layers, but the model has {model.n_layers}")
    right = _right(model, episodes, *map(jnp.asarray, (off, preserved, receivers_off)))
    return np.asarray(right) / episodes.size


@kept(np.ndarray)
@eqx.filter_jit
def _right(
    model: Transformer, episodes: Episodes, off: Array, preserved: Array, receivers_off: Array
) -> Int[Array, "ablations preserved receptions"]:
    """How many episodes are answered rightly."""
    build = PreservingAblations()

    # Loops, not one large batch: what one combination of masks needs stays in the cache, and what
    # is the same for all of them is computed before the loop. Batches take 2.6 times as long.
    def of_chunk(chunk: Episodes) -> Int[Array, "ablations preserved receptions"]:
        def one(*masks: Array) -> Int[Array, ""]:
            return correct(build(*masks).predict(model, chunk).logits, chunk).sum()

        def of_layer_0(off_0: Array) -> Int[Array, "preserved receptions"]:
            return jax.vmap(
                lambda kept: jax.lax.map(lambda off_1: one(off_0, kept, off_1), receivers_off)
            )(preserved)

        return jax.lax.map(of_layer_0, off)

    return over_chunks(episodes, of_chunk, LARGEST_CHUNK).sum(axis=0)


def without_heads(
    model: Transformer, episodes: Episodes, sets: Sequence[Iterable[int]]
) -> Float[np.ndarray, "sets 3"]:
    """Accuracy without sets of heads of layer 0, all heads of layer 1 active (Table 1).

    Returns:
        For each set, with patterns preserved, with values preserved, and with both preserved.

    Raises:
        ValueError: a head that there is not.
    """
    sets = [tuple(members) for members in sets]
    for head in chain.from_iterable(sets):
        require_in_range(head, "head", model.n_heads, "the model has")
    heads = np.arange(model.n_heads)
    off = np.stack([np.isin(heads, list(members)) for members in sets])
    preserved = np.array([[True, False], [False, True], [True, True]])
    all_on = np.zeros((1, model.n_heads), bool)
    return accuracies(model, episodes, off, preserved, all_on)[:, :, 0]


class Answers(eqx.Module):
    """What is answered under an ablation, or under several, which are the first axis then.

    Attributes:
        accuracy: share of episodes in which the right label has the largest logit.
        in_context: share in which one of the two labels in context has it.
        among_labels: share in which the right label has the larger logit of these two.
        attention: from the query to the right label and to the other one, for each head of layer 1.
    """

    accuracy: Float[Array | np.ndarray, "*ablations"]
    in_context: Float[Array | np.ndarray, "*ablations"]
    among_labels: Float[Array | np.ndarray, "*ablations"]
    attention: Float[Array | np.ndarray, "*ablations 2 heads"]


def answers_without_layer_0(model: Transformer, episodes: Episodes) -> Answers:
    """What is answered without any head of layer 0 (Appendix E).

    Returns:
        With patterns preserved, with values preserved, with both preserved, and with layer 0 on.

    Raises:
        ValueError: the model does not have two layers.
    """
    if model.n_layers != 2:
        raise ValueError(f"wiring is between 2 layers, but the model has {model.n_layers}")
    return _answers(model, episodes)


@kept(Answers)
@eqx.filter_jit
def _answers(model: Transformer, episodes: Episodes) -> Answers:
    build = PreservingAblations()
    off = jnp.array([True, True, True, False])[:, None].repeat(model.n_heads, axis=1)
    preserved = jnp.array([[True, False], [False, True], [True, True], [False, False]])
    all_on = jnp.zeros(model.n_heads, bool)

    def of_chunk(chunk: Episodes) -> Answers:
        def one(masks: tuple[Array, Array]) -> Answers:
            trace = build(*masks, all_on).predict(model, chunk)
            answer = trace.logits.argmax(axis=0)
            right, wrong = (
                jnp.take_along_axis(trace.logits, labels[None], axis=0)[0]
                for labels in (chunk.targets, chunk.labels[:2].sum(axis=0) - chunk.targets)
            )
            return Answers(
                accuracy=correct(trace.logits, chunk).mean(),
                in_context=(answer == chunk.labels[:2]).any(axis=0).mean(),
                among_labels=(right > wrong).mean(),
                attention=jnp.stack(
                    [
                        query_attention(trace, 1, position)
                        for position in (chunk.correct_position, chunk.incorrect_position)
                    ]
                ),
            )

        return jax.lax.map(one, (off, preserved))

    means = over_chunks(episodes, of_chunk, LARGEST_CHUNK)
    return jax.tree.map(lambda x: x.mean(axis=0), means)


class WiringDiagram(msgspec.Struct, frozen=True):
    """Accuracies with a single head of layer 1 active: the 264 ablations of Figure 11.

    Tables have a row for each head of layer 1, the active one, and a column for each head of
    layer 0; those in dictionaries are by what is preserved, ``pattern`` or ``value``.

    Attributes:
        baseline: layer 0 intact; one for each head of layer 1.
        remove_one: that head of layer 0 off.
        keep_one: all heads of layer 0 off but that one.
    """

    baseline: Float[np.ndarray, " receivers"]
    remove_one: dict[str, Float[np.ndarray, "receivers senders"]]
    keep_one: dict[str, Float[np.ndarray, "receivers senders"]]

    def removed(self, preserved: str) -> Float[np.ndarray, "receivers senders"]:
        """Change of accuracy when a head of layer 0 is turned off (Figure 11a)."""
        return self.remove_one[preserved] - self.baseline[:, None]

    def stripped(self, preserved: str) -> Float[np.ndarray, "receivers senders"]:
        """Change of accuracy when all heads of layer 0 but one are turned off."""
        return self.keep_one[preserved] - self.baseline[:, None]

    def keep_one_range(self, preserved: str) -> float:
        """Largest less smallest accuracy with one head in each layer (Figure 11b)."""
        return float(np.ptp(self.keep_one[preserved]))


def wiring_diagram(model: Transformer, episodes: Episodes) -> WiringDiagram:
    """Evaluate all 264 ablations of Figure 11 as one program."""
    each = np.eye(model.n_heads, dtype=bool)
    off = np.concatenate([np.zeros((1, model.n_heads), bool), each, ~each])
    found = accuracies(model, episodes, off, np.eye(2, dtype=bool), ~each)
    removed, kept = (slice(1, 1 + model.n_heads), slice(1 + model.n_heads, None))
    # Nothing is off in the first: whatever is preserved is as it was.
    return WiringDiagram(
        baseline=found[0, 0],
        remove_one={name: found[removed, index].T for index, name in enumerate(PRESERVED)},
        keep_one={name: found[kept, index].T for index, name in enumerate(PRESERVED)},
    )


def keep_one_accuracies(
    model: Transformer, episodes: Episodes
) -> Float[np.ndarray, "receivers senders"]:
    """Accuracy with one head active in each layer, values preserved: the part of the diagram that
    shows which previous-token heads each induction head can use (Figure 11b).
    """
    each = np.eye(model.n_heads, dtype=bool)
    return accuracies(model, episodes, ~each, np.array([[False, True]]), ~each)[:, 0].T


def wired(
    keep_one: Float[np.ndarray, "receivers senders"],
    n_episodes: int,
    *,
    chance: float = 0.5,
    level: float = 0.95,
) -> Bool[np.ndarray, "receivers senders"]:
    """Which pairs of heads solve more than a guess between the two labels in context would.

    The lower end of an exact one-sided interval has to lie above `chance`; the confidence level
    holds for all pairs together (each has its share of the allowed error, after Bonferroni).
    """
    each = (1 - level) / keep_one.size
    lowest = [
        # The lower end of a two-sided interval is one-sided at half of its error.
        share_interval(round(float(accuracy) * n_episodes), n_episodes, 1 - 2 * each).low
        for accuracy in keep_one.flat
    ]
    return np.array(lowest, np.float64).reshape(keep_one.shape) > chance
