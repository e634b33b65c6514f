"""Our values and the published ones on one scale: our mean at 0, in units of our spread over seeds.

Every number is one that the record has; here they are only shifted and divided, so that checks of
different units can stand in one picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean

import msgspec

from icl_repro.numbers import count, estimate, number
from icl_repro.report.text import words
from icl_repro.verification.record import CheckOverSeeds, ClaimRecord

REACH = 8.0
"""So many spreads to either side are drawn; what lies beyond stands at the edge."""


class PublishedPoint(msgspec.Struct, frozen=True):
    """One check with a published value, in spreads of ours from our mean.

    `low` and `high` are the ends of the interval in which one more network of ours would lie, `at`
    is the published value that agreement was judged by, `from_` and `to` how far its digits and the
    published seeds reach, and `seeds` where these lie. `is_mean` is whether `at` is their mean. The
    texts are for the table: `ours`, `theirs` and `far`. `numbers` are what they say, in the unit of
    the check: our mean and standard deviation, both ends of the interval, the published value, and
    the least and the greatest of its seeds.
    """

    name: str
    low: float
    high: float
    at: float
    from_: float
    to: float
    agrees: bool
    ours: str
    theirs: str
    far: str
    seeds: list[float] = []
    is_mean: bool = False
    unit: str = ""
    numbers: list[float | None] = []


def published_points(claim: ClaimRecord) -> list[PublishedPoint]:
    """The checks of a claim that can be placed: with a published value, and ours on two seeds or
    more that are not all the same.
    """
    return [point for check in claim.checks if (point := _point(check)) is not None]


def published_sentence(claims: Sequence[ClaimRecord], drawn: Sequence[PublishedPoint]) -> str:
    """How many checks have a published value, and how many of these agree; empty without any."""
    with_value = [
        check.agreement for claim in claims for check in claim.checks if check.agreement is not None
    ]
    known = [one for one in with_value if one.agrees is not None]
    if not with_value:
        return ""
    if not known:
        return (
            f"{count(len(with_value), 'check')} {_have(len(with_value))} a published value. Whether"
            " ours agree takes two seeds or more."
        )
    agree = sum(one.agrees is True for one in known)
    parts = [f"Of {count(len(known), 'check')} with a published value, {agree} agree with it"]
    if drawn and (same := len(known) - len(drawn)) > 0:
        agreeing = sum(one.agrees is True for one in known) - sum(one.agrees for one in drawn)
        parts.append(
            f"{len(drawn)} are drawn below, and {same} {'is' if same == 1 else 'are'} not, as all "
            f"of ours are one same value, which leaves no scale ({agreeing} of these agree)"
        )
    if (left := len(with_value) - len(known)) > 0:
        parts.append(f"of {left} further it cannot be told")
    return words.as_full_sentence("; ".join(parts))


def caption(drawn: Sequence[PublishedPoint]) -> str:
    """What the picture shows of these checks, and how not to read it."""
    of_seeds = [one for one in drawn if len(one.seeds) > 1]
    means = sum(one.is_mean for one in of_seeds)
    single = len(of_seeds) - means
    told = [
        "Published values on the scale of ours. Each line is a check: 0 is the mean of our seeds, "
        "and one unit their standard deviation. The bar is the interval in which one more network "
        "of ours would lie with 95 % probability (Student’s t, for counts of few things out "
        "to whole numbers, cut where a check says what limits its "
        "quantity has); it is wide where seeds are few. The dot is the published value that "
        "agreement was judged by"
    ]
    if means and single:
        told[0] += (
            f": of {len(of_seeds)} checks with several published seeds, the mean of these in "
            f"{means} and the one value that the claim names, mostly of one network, in {single}"
        )
    elif means:
        told[0] += ", the mean where several seeds are published"
    if of_seeds:
        told.append(
            "Ticks are the published seeds, and the thin line reaches over them and over what is "
            "not known of the last digit"
        )
    else:
        told.append("The thin line is how far its last digit is known")
    told.append("A dot outside of the bar does not agree, unless its last digit reaches into it")
    told.append("Of so many checks, about one in twenty would lie outside by chance")
    return ". ".join(told) + "."


def far(spreads: float) -> str:
    """How far the published value lies from our mean, in words."""
    size = number(abs(spreads), 2)
    if abs(spreads) < 0.05:
        return "on our mean"
    unit = "spread" if size == "1" else "spreads"
    return f"{size} {unit} {'above' if spreads > 0 else 'below'} our mean"


def _have(amount: int) -> str:
    return "has" if amount == 1 else "have"


def _point(check: CheckOverSeeds) -> PublishedPoint | None:
    margin, agreement, published = check.margin, check.agreement, check.published
    if margin is None or agreement is None or published is None or agreement.agrees is None:
        return None
    interval, mean, spread = agreement.prediction, margin.mean, margin.spread
    if interval is None or mean is None or not spread:
        return None
    low = interval.low if interval.low is not None else mean - REACH * spread
    high = interval.high if interval.high is not None else mean + REACH * spread
    around = [published.value - published.uncertainty, published.value + published.uncertainty]
    around += published.over_seeds
    ends = (low, high)

    def scaled(value: float) -> float:
        return (value - mean) / spread

    seeds = published.over_seeds
    return PublishedPoint(
        name=check.name,
        low=scaled(low),
        high=scaled(high),
        at=scaled(published.value),
        from_=scaled(min(around)),
        to=scaled(max(around)),
        agrees=agreement.agrees,
        ours=f"{estimate(low, ends, 3)} to {estimate(high, ends, 3)}",
        theirs=words.paper_value(published),
        far=far(scaled(published.value)),
        seeds=list(map(scaled, seeds)),
        is_mean=len(seeds) > 1 and math.isclose(published.value, fmean(seeds), rel_tol=1e-9),
        unit=check.unit,
        numbers=[
            mean,
            spread,
            low,
            high,
            published.value,
            min(seeds, default=None),
            max(seeds, default=None),
        ],
    )
