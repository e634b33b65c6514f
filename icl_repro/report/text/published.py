"""Our values and the published ones on one scale: our mean at 0, in units of our spread over seeds.

Every number is one that the record has; here they are only shifted and divided, so that checks of
different units can stand in one picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from icl_repro.numbers import count, estimate, number
from icl_repro.report.text import words
from icl_repro.verification.record import CheckOverSeeds, ClaimRecord

REACH = 8.0
"""So many spreads to either side are drawn; what lies beyond stands at the edge."""


class PublishedPoint(msgspec.Struct, frozen=True):
    """One check with a published value, in spreads of ours from our mean.

    `low` and `high` are the ends of the interval in which one more network of ours would lie, `at`
    is the published value and `from_`, `to` how far it is known: its digits, or its seeds. The
    texts are for the table: `ours`, `theirs` and `far`.
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
    same = sum(one.agrees is True for one in known) - sum(one.agrees for one in drawn)
    parts = [f"Of {count(len(known), 'check')} with a published value, {agree} agree with it"]
    if drawn and same > 0:
        parts.append(f"{same} of them because all of ours are that same value")
    if (left := len(with_value) - len(known)) > 0:
        parts.append(f"of {left} further it cannot be told")
    return words.as_full_sentence("; ".join(parts))


CAPTION = (
    "Published values on the scale of ours. Each line is a check: 0 is the mean of our seeds, and "
    "one unit their standard deviation. The bar is the interval in which one more network of ours "
    "would lie with 95 % probability (Student’s t, cut at the limits of the quantity); it is wide "
    "where seeds are few. The mark is the published value, the mean where several seeds are "
    "published; the thin line is how far it is known: its last digit, and from the lowest to the "
    "highest of those seeds. A mark outside of the bar does not agree, unless its last digit "
    "reaches into it. Of so many checks, about one in twenty would lie outside by chance."
)
"""What the picture shows, and how not to read it."""


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

    far = scaled(published.value)
    side = "above" if far > 0 else "below"
    return PublishedPoint(
        name=check.name,
        low=scaled(low),
        high=scaled(high),
        at=far,
        from_=scaled(min(around)),
        to=scaled(max(around)),
        agrees=agreement.agrees,
        ours=f"{estimate(low, ends, 3)} to {estimate(high, ends, 3)}",
        theirs=words.paper_value(published),
        far=f"{number(abs(far), 2)} spreads {side} our mean",
    )
