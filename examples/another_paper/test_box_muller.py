"""Box and Muller (1958): two independent normal deviates from two independent uniform ones.

A paper of one page as an example: each claim measures, states its thresholds through ``evidence``
and names the cases in which its checks have to fail. Nothing is trained here.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import stats

from icl_repro import Evidence, Figure, Panel, ReferenceLine, Series, claim, control

DRAWS = 100_000
QUANTILES = np.linspace(0.01, 0.99, 50)
# One draw in a hundred of normal deviates is further from the normal distribution than this.
FARTHEST = float(stats.kstwo.ppf(0.99, DRAWS))
# Ten standard errors of a correlation: no seed gets there by chance.
LARGEST = 10 / np.sqrt(DRAWS)

Deviates = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Makes a pair of deviates of two independent uniform ones."""


def equation_1(u1: np.ndarray, u2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pair of equation (1): a radius and an angle, in Cartesian coordinates."""
    radius = np.sqrt(-2 * np.log(u1))
    return radius * np.cos(2 * np.pi * u2), radius * np.sin(2 * np.pi * u2)


def scaled(u1: np.ndarray, u2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The uniform numbers themselves, with mean zero and unit variance."""
    return (u1 - 0.5) * np.sqrt(12), (u2 - 0.5) * np.sqrt(12)


def of_one_number(u1: np.ndarray, _: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Equation (1) with the same number for radius and angle."""
    return equation_1(u1, u1)


def on_a_circle(_: np.ndarray, u2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Equation (1) with a radius of one."""
    return equation_1(np.full_like(u2, np.exp(-0.5)), u2)


def uniforms(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two independent sets of numbers, uniform between 0 and 1."""
    u1, u2 = np.random.default_rng(seed).uniform(np.finfo(float).tiny, 1, size=(2, DRAWS))
    return u1, u2


@claim(
    "box_muller.normal",
    source="Section 2, equation (1)",
    fails_on=control("Uniform numbers with mean zero and unit variance.", given={"pair": scaled},
                     id="uniform"),
)  # fmt: skip
def test_normal(evidence: Evidence, seed: int, pair: Deviates = equation_1) -> None:
    """X1 comes from a normal distribution with mean zero and unit variance."""
    x1, _ = pair(*uniforms(seed))
    distance = stats.kstest(x1, "norm").statistic
    evidence.check("distance to the normal distribution", distance, at_most=FARTHEST)
    evidence.quantity("mean", x1.mean())
    evidence.quantity("variance", x1.var())
    measured = np.quantile(x1, QUANTILES)
    evidence.curve_snapshot("quantiles", QUANTILES, measured)
    evidence.figure(quantiles_figure(measured))


@claim(
    "box_muller.independent",
    source="Section 2, equation (1)",
    fails_on=[
        control("With one number for radius and angle, the pair is correlated.",
                given={"pair": of_one_number}, id="of_one_number", only="correlation"),
        control("With a radius that never changes, it is not correlated, yet not independent.",
                given={"pair": on_a_circle}, id="on_a_circle", only="correlation of squares"),
    ],
)  # fmt: skip
def test_independent(evidence: Evidence, seed: int, pair: Deviates = equation_1) -> None:
    """X1 and X2 are independent."""
    x1, x2 = pair(*uniforms(seed))
    evidence.check("correlation", abs(np.corrcoef(x1, x2)[0, 1]), at_most=LARGEST)
    squares = np.corrcoef(x1**2, x2**2)[0, 1]
    evidence.check("correlation of squares", abs(squares), at_most=LARGEST)


def quantiles_figure(measured: np.ndarray) -> Figure:
    """The measured quantiles as points, over those of the normal distribution."""
    normal = stats.norm.ppf(QUANTILES)
    series = [
        Series("X1", QUANTILES.tolist(), measured.tolist(), style="points"),
        Series("normal distribution", QUANTILES.tolist(), normal.tolist()),
    ]
    panel = Panel("Quantiles", "share of draws below", "value", series, [ReferenceLine("0", 0)])
    return Figure("quantiles", f"Quantiles of {DRAWS:,} draws.", "equation (1)", [panel])
