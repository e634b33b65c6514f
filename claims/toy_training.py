"""The toy model under clamping, trained: the one draw of the paper, many like it, and many from
starts of ours close to the saddle (Section 4.2, Appendix D.2; see :mod:`icl_repro.toy`).

What the words mean, fixed on other draws than those judged:

- *phase change*: after its slowest step a curve speeds up by at least half of its greatest speed
  from then on, and it is done with nine tenths of the rest of its fall within the 1,000 steps;
- *plateau*: before that it stays within a tenth of the level of its slowest step for at least half
  as long as the fall from nine tenths of that level to one tenth takes;
- *halved*: at half of the loss of the saddle, which any start may exceed;
- *never accelerates*: no step falls more than an earlier one, up to a billionth of the greatest
  fall of a step, which is left to rounding.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

import numpy as np

from icl_repro import Evidence
from icl_repro import toy as tensor_toy
from icl_repro.measures.curves.acceleration import ROUNDING, crossing, greatest_speedup

SEED = 3
DRAWS = 400

UNCLAMPED, ONE_CLAMPED, TWO_CLAMPED = ALL = range(3)
"""Conditions, in the order of :attr:`Toy.training`."""
CLAMPED = [(False, False, False), (False, False, True), (False, True, True)]
PROGRESS = ("squared cosine", "loss with the others set")
"""The progress measures of Appendix D.2."""

TWICE_AS_FAST = 0.5
PLATEAU = 0.5
STRAIGHT = 0.99


class Toy(NamedTuple):
    """Three vectors, no clamp, one clamped and two clamped, from the same draws; and the loss of
    the saddle of each draw.
    """

    draws: tensor_toy.Draws
    training: tensor_toy.Training

    @property
    def at_saddle(self) -> np.ndarray:
        """The loss with all vectors zero."""
        return tensor_toy.loss_at_saddle(self.draws.targets)

    def halved(self, condition: int) -> np.ndarray:
        """The step at which each loss is half of that of the saddle."""
        curves = self.training.loss[condition]
        pairs = zip(curves, self.at_saddle, strict=True)
        return np.array([crossing(curve, level / 2) for curve, level in pairs])


@cache
def as_the_authors() -> Toy:
    """Draws as in the authors' solver."""
    draws = tensor_toy.draw_normal(DRAWS, 3, seed=SEED)
    return Toy(draws, tensor_toy.train(draws, CLAMPED, learning_rate=tensor_toy.AUTHORS_RATE))


@cache
def in_the_paper() -> Toy:
    """The one draw that the paper shows."""
    draws = tensor_toy.published_draw()
    return Toy(draws, tensor_toy.train(draws, CLAMPED, learning_rate=tensor_toy.AUTHORS_RATE))


@cache
def from_close() -> Toy:
    """Draws of ours, from close to the saddle."""
    draws = tensor_toy.draw(DRAWS, 3, seed=SEED)
    return Toy(draws, tensor_toy.train(draws, CLAMPED))


def progress_of(training: tensor_toy.Training, condition: int) -> dict[str, np.ndarray]:
    """Both progress measures; the squared cosine is turned over, so that progress is a fall."""
    curves = (1 - training.squared_cosine[condition], training.loss_with_others_set[condition])
    return dict(zip(PROGRESS, curves, strict=True))


def check_never_accelerates(evidence: Evidence, name: str, curves: Iterable[np.ndarray]) -> None:
    """No curve may fall more at any step than at an earlier one."""
    evidence.check(
        name,
        max(map(greatest_speedup, curves)),
        at_most=ROUNDING,
        note="over all steps, as a share of the greatest speed",
    )
