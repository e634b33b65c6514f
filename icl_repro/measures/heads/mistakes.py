"""Which episodes a head gets wrong, and with which labels (Appendix H; Tables 2, 3; Figure 16)."""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped

from icl_repro.episodes import QUERY_POSITION, Episodes
from icl_repro.measures.datasets.chunks import over_chunks
from icl_repro.measures.heads.ablation import HeadsOff
from icl_repro.measures.kept import kept
from icl_repro.network.transformer import Transformer
from icl_repro.numbers import count
from icl_repro.optogenetics import Constant, Edit, Intervention
from icl_repro.optogenetics.arguments import require_in_range
from icl_repro.optogenetics.edits import LabelPattern
from icl_repro.statistics.significance import holm
from icl_repro.statistics.subsets import more_frequent, rarer
from icl_repro.training.evaluation import correct, losses

LARGEST_CHUNK = 1_000
"""Episodes evaluated at once, under all combinations of interventions."""


@kept(np.ndarray)
@eqx.filter_jit
def correct_episodes(
    model: Transformer,
    episodes: Episodes,
    build: Callable[..., Intervention],
    *axes: Shaped[Array | np.ndarray, "_ ..."],
) -> Bool[Array, "*choices episodes"]:
    """Whether a network answers each episode rightly, under every combination of interventions.

    One compiled program for all of them, see
    :func:`~icl_repro.measures.datasets.performance.performances`.

    Args:
        model: the network.
        episodes: what to evaluate it on.
        build: makes an intervention from one choice of each axis; a function of a module.
        axes: the choices, stacked along their first axis, the one that acts earliest first.

    Returns:
        One axis for each of `axes`, then one for the episodes.
    """

    def of_chunk(chunk: Episodes) -> Bool[Array, "*choices chunk"]:
        of_choices = lambda *choices: correct(  # noqa: E731
            build(*choices).predict(model, chunk).logits, chunk
        )
        for axis in reversed(range(len(axes))):
            mapped = [0 if other == axis else None for other in range(len(axes))]
            of_choices = jax.vmap(of_choices, in_axes=mapped)
        return of_choices(*axes)

    by_chunk = jnp.moveaxis(over_chunks(episodes, of_chunk, LARGEST_CHUNK), 0, -2)
    return by_chunk.reshape(*by_chunk.shape[:-2], episodes.size)


class SingleHeads(eqx.Module):
    """Makes the intervention that leaves one head of a layer on, with or without perfected match.

    With masks instead of heads, it is what :func:`~icl_repro.optogenetics.only_heads` and
    :class:`~icl_repro.optogenetics.ClampMatch` are together.

    Attributes:
        layer: the layer of the heads; 1 is the paper's Layer 2.
    """

    layer: int = eqx.field(static=True, default=1)

    def __call__(
        self, perfected: Bool[Array, ""], off: Bool[Array | np.ndarray, " heads"]
    ) -> Intervention:
        """The intervention.

        Args:
            perfected: whether the query attends to the label of its class with weight 1.
            off: heads to turn off.
        """
        attention = f"layers.{self.layer}.attention"
        return Intervention(
            [
                Edit(
                    f"{attention}.pattern",
                    LabelPattern(jnp.float32(1)),
                    heads=jnp.broadcast_to(perfected, off.shape),
                    positions=(QUERY_POSITION,),
                ),
                Edit(f"{attention}.mixed", Constant(jnp.float32(0)), heads=off),
            ]
        )


class SingleHeadAnswers(msgspec.Struct, frozen=True):
    """Whether each head of the last layer, alone, answers each episode rightly.

    Attributes:
        alone: as it is.
        perfected: with its attention from the query put on the label of the query's class.
    """

    alone: Bool[np.ndarray, "heads episodes"]
    perfected: Bool[np.ndarray, "heads episodes"]


def single_head_answers(model: Transformer, episodes: Episodes) -> SingleHeadAnswers:
    """What each head of the last layer answers on its own (Appendix H), as one program."""
    alone, perfected = np.asarray(
        correct_episodes(
            model,
            episodes,
            SingleHeads(model.n_layers - 1),
            np.array([False, True]),
            ~np.eye(model.n_heads, dtype=bool),
        )
    )
    return SingleHeadAnswers(alone, perfected)


def losses_of_head_alone(
    model: Transformer, episodes: Episodes, head: int
) -> Float[np.ndarray, " episodes"]:
    """Loss on each episode of one head of the last layer on its own, all others off, in nats.

    Raises:
        ValueError: there is no such head.
    """
    require_in_range(head, "head", model.n_heads, "the model has")
    off = np.arange(model.n_heads) != head
    return _losses(model, episodes, HeadsOff(model.n_layers - 1), jnp.asarray(off))


@kept(np.ndarray)
@eqx.filter_jit
def _losses(
    model: Transformer, episodes: Episodes, build: HeadsOff, off: Bool[Array, " heads"]
) -> Float[Array, " episodes"]:
    def of_chunk(chunk: Episodes) -> Float[Array, " chunk"]:
        return losses(build(off).predict(model, chunk).logits, chunk)

    return over_chunks(episodes, of_chunk, LARGEST_CHUNK).reshape(-1)


class SubsetCounts(msgspec.Struct, frozen=True):
    """How often something holds of each head, such as a right answer, in a subset of the episodes
    and in all of them.

    Attributes:
        within: in the subset, by head.
        size: how many episodes the subset has.
        held: in all episodes, by head.
        total: how many episodes there are.
    """

    within: Int[np.ndarray, " heads"]
    size: int
    held: Int[np.ndarray, " heads"]
    total: int

    @property
    def ratio(self) -> Float[np.ndarray, " heads"]:
        """The share in the subset over that in all; NaN without a subset, or where it never
        holds.
        """
        overall = np.where(self.held > 0, self.held / self.total, np.nan)
        return self.within / (self.size or np.nan) / overall

    def of_head(self, number: int) -> tuple[int, int, int, int]:
        """The counts of one head, as tests take them."""
        return int(self.within[number]), self.size, int(self.held[number]), self.total

    def rarer(self) -> list[float]:
        """P values, corrected for the number of heads, of holding as rarely in a random subset."""
        return holm([rarer(*self.of_head(number)) for number in range(len(self.within))])

    def more_frequent(self) -> list[float]:
        """P values, corrected for the number of heads, of holding as often in a random subset."""
        return holm([more_frequent(*self.of_head(number)) for number in range(len(self.within))])


def counts_on(
    held: Bool[np.ndarray, "heads episodes"], chosen: Bool[np.ndarray, " episodes"]
) -> SubsetCounts:
    """How often something holds of each head in the chosen episodes and in all."""
    return SubsetCounts(
        held[:, chosen].sum(axis=1), int(chosen.sum()), held.sum(axis=1), held.shape[1]
    )


def mistakes_by_label(
    mistaken: Bool[np.ndarray, "... episodes"], targets: Int[np.ndarray, " episodes"], n_labels: int
) -> Int[np.ndarray, "... labels"]:
    """How many episodes were mistaken, by the label that they ask for."""
    of_label = np.asarray(targets) == np.arange(n_labels)[:, None]
    return np.asarray(mistaken, np.int64) @ of_label.T.astype(np.int64)


def concentration(
    mistakes: Int[np.ndarray, "... labels"], episodes: Int[np.ndarray, " labels"]
) -> Float[np.ndarray, "..."] | float:
    """Pearson's chi-squared distance of mistakes from labels in proportion to their episodes."""
    expected = mistakes.sum(axis=-1, keepdims=True) * episodes / episodes.sum()
    terms = np.divide(
        (mistakes - expected) ** 2, expected, out=np.zeros(mistakes.shape), where=expected > 0
    )
    return terms.sum(axis=-1)


def concentration_by_chance(
    mistakes: Int[np.ndarray, " labels"],
    episodes: Int[np.ndarray, " labels"],
    *,
    draws: int = 99_999,
    seed: int = 0,
) -> float:
    """P value of a permutation test: mistakes are spread over labels as if any episode were as
    likely as another to be mistaken.

    The null hypothesis shuffles mistakes among episodes, so that labels that are asked for more
    often get more of them; the numbers by label are then multivariate hypergeometric.

    Args:
        mistakes: how many episodes of each label were mistaken.
        episodes: how many there are of each label.
        draws: how many shuffles; the p value is at least one in a draw more.
        seed: of the shuffles.

    Returns:
        The p value, or NaN without mistakes, where there is nothing to test.

    Raises:
        ValueError: more mistakes with a label than episodes.
    """
    mistakes, episodes = np.asarray(mistakes), np.asarray(episodes)
    if (mistakes > episodes).any():
        label = int(np.argmax(mistakes > episodes))
        raise ValueError(
            f"label {label} has {count(int(mistakes[label]), 'mistake')}, but only "
            f"{count(int(episodes[label]), 'episode')}"
        )
    if not mistakes.sum():
        return float("nan")
    rng = np.random.default_rng(seed)
    shuffled = rng.multivariate_hypergeometric(
        episodes, int(mistakes.sum()), size=draws, method="marginals"
    )
    # Equal distances may differ by rounding.
    as_far = concentration(shuffled, episodes) >= concentration(mistakes, episodes) - 1e-9
    return float((1 + np.sum(as_far)) / (1 + draws))
