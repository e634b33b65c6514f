"""Box and Muller (1958): two independent normal deviates from two independent uniform ones.

A paper of one page as an example: each claim measures, states its thresholds through ``evidence``
and names controls on which its checks have to fail. Nothing is trained, so nothing but the marker
and the fixtures of the plugin is needed.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from icl_repro.verification import Figure, Panel, ReferenceLine, Series

DRAWS = 100_000
QUANTILES = np.linspace(0.01, 0.99, 50)
# One draw in a hundred of normal deviates is further from the normal distribution than this.
FARTHEST = stats.kstwo.ppf(0.99, DRAWS)


def transform(u1, u2):
    """The pair of equation (1): a radius and an angle, in Cartesian coordinates."""
    radius = np.sqrt(-2 * np.log(u1))
    return radius * np.cos(2 * np.pi * u2), radius * np.sin(2 * np.pi * u2)


def uniforms(seed):
    """Two independent sets of numbers, uniform between 0 and 1."""
    return np.random.default_rng(seed).uniform(np.finfo(float).tiny, 1, size=(2, DRAWS))


def check_normal(evidence, x):
    """State how far `x` may be from the normal distribution with mean zero and variance one."""
    distance = stats.kstest(x, "norm").statistic
    evidence.check("distance to the normal distribution", distance, at_most=FARTHEST)


def check_independent(evidence, x1, x2):
    """State how far `x1` and `x2` may be correlated, themselves and in size."""
    # Ten standard errors of a correlation: no seed gets there by chance.
    most = 10 / np.sqrt(DRAWS)
    evidence.check("correlation", abs(np.corrcoef(x1, x2)[0, 1]), at_most=most)
    evidence.check("correlation of squares", abs(np.corrcoef(x1**2, x2**2)[0, 1]), at_most=most)


@pytest.mark.claim(
    id="box_muller.normal",
    statement="X1 comes from a normal distribution with mean zero and unit variance.",
    source="Section 2, equation (1)",
    controls=("box_muller.uniform",),
)
def test_normal(evidence, seed):
    """The first of the pair is as normal as its draws can show."""
    x1, _ = transform(*uniforms(seed))
    check_normal(evidence, x1)
    evidence.quantity("mean", x1.mean())
    evidence.quantity("variance", x1.var())
    measured, expected = np.quantile(x1, QUANTILES), stats.norm.ppf(QUANTILES)
    evidence.curve_snapshot("quantiles", QUANTILES, measured)
    quantiles = [
        Series("X1", QUANTILES.tolist(), measured.tolist(), style="points"),
        Series("normal distribution", QUANTILES.tolist(), expected.tolist()),
    ]
    panel = Panel("Quantiles", "share of draws below", "value", quantiles, [ReferenceLine("0", 0)])
    evidence.figure(Figure("quantiles", f"Quantiles of {DRAWS:,} draws.", "equation (1)", [panel]))


@pytest.mark.control(
    id="box_muller.uniform",
    statement="Uniform numbers with mean zero and unit variance are not normal.",
    must_fail=("distance to the normal distribution",),
)
def test_uniform(evidence, seed):
    """The check on the distribution tells uniform numbers apart."""
    check_normal(evidence, (uniforms(seed)[0] - 0.5) * np.sqrt(12))


@pytest.mark.claim(
    id="box_muller.independent",
    statement="X1 and X2 are independent.",
    source="Section 2, equation (1)",
    controls=("box_muller.same_number", "box_muller.on_a_circle"),
)
def test_independent(evidence, seed):
    """Neither the pair nor its squares are correlated."""
    check_independent(evidence, *transform(*uniforms(seed)))


@pytest.mark.control(
    id="box_muller.same_number",
    statement="With one uniform number for radius and angle, the pair is correlated.",
    must_fail=("correlation",),
)
def test_same_number(evidence, seed):
    """The check on the correlation tells a single uniform number apart."""
    u, _ = uniforms(seed)
    check_independent(evidence, *transform(u, u))


@pytest.mark.control(
    id="box_muller.on_a_circle",
    statement="With a radius that never changes, the pair is not correlated, yet not independent.",
    must_fail=("correlation of squares",),
)
def test_on_a_circle(evidence, seed):
    """The check on the squares tells a pair on a circle apart."""
    _, u2 = uniforms(seed)
    check_independent(evidence, *transform(np.exp(-0.5), u2))
