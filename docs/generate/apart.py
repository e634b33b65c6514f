"""Which claims hold on more seeds of some kinds than of others: shares tested, claim by claim, for
each thing that kinds differ in.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from icl_repro import numbers
from icl_repro.statistics.significance import holm
from icl_repro.verification.record import VerificationRecord

from .catalogue import link
from .markdown import table

_LEVEL = 0.05
_HEAD = """\
Five seeds of one kind differ by chance from five of another. So seeds are counted together: those
of all kinds on the usual {what} beside those of all on others. The table has the claims whose
shares chance sets so far apart less than once in twenty times (Fisher's exact test, two-sided), and
how often it does with any of the {number} claims that are judged seed by seed (Holm's correction).
Seeds of one kind share the classes that they are trained on and are no independent draws of these,
so that p values are smaller than they should be.
"""


class Share(NamedTuple):
    """On how many seeds a claim holds, of how many."""

    held: int
    judged: int

    def __str__(self) -> str:
        return f"{self.held} of {self.judged}"


class Apart(NamedTuple):
    """A claim, its shares on the usual and on other kinds, how often chance sets them so far apart,
    and that corrected for the number of claims.
    """

    claim: str
    usual: Share
    others: Share
    p_value: float
    corrected: float


def apart(ingredient: str, records: Sequence[VerificationRecord]) -> list[Apart]:
    """All claims that are judged seed by seed on both sides, the least likely first.

    Args:
        ingredient: what tells sides apart: ``exemplars`` or ``streams``.
        records: one for each kind; one that does not name the ingredient has the usual one.
    """
    sides: dict[str, dict[bool, Share]] = {}
    for record in records:
        made_of = record.basis.ingredients
        usual = all(one.usual for one in made_of if one.name == ingredient)
        for claim in record.claims:
            if not any(trial.seed is not None for trial in claim.trials):
                continue  # it is judged without seeds, or over all of them at once
            of_claim = sides.setdefault(claim.id, {True: Share(0, 0), False: Share(0, 0)})
            held, judged = of_claim[usual]
            of_claim[usual] = Share(held + claim.seeds_held, judged + claim.seeds_judged)
    both = {
        claim: side for claim, side in sides.items() if all(one.judged for one in side.values())
    }
    p_values = [_by_chance(*side.values()) for side in both.values()]
    found = [
        Apart(claim, side[True], side[False], p_value, corrected)
        for (claim, side), p_value, corrected in zip(
            both.items(), p_values, holm(p_values), strict=True
        )
    ]
    return sorted(found, key=lambda one: one.p_value)


def _by_chance(one: Share, other: Share) -> float:
    stats: Any = importlib.import_module("scipy.stats")
    result = stats.fisher_exact([(of.held, of.judged - of.held) for of in (one, other)])
    return float(result.pvalue)


def section(
    ingredient: str, records: Sequence[VerificationRecord], level: int, folder: str
) -> Iterator[str]:
    """The lines of a section on one thing that kinds differ in, with a heading of so many ``#``."""
    found = apart(ingredient, records)
    yield from (f"{'#' * level} By {ingredient}", "")
    if not found:
        yield from ("No claim is judged seed by seed on both sides.", "")
        return
    yield _HEAD.format(what=ingredient, number=len(found))
    rows = [
        [
            link(one.claim, folder),
            str(one.usual),
            str(one.others),
            numbers.number(one.p_value, 2),
            numbers.number(one.corrected, 2),
        ]
        for one in found
        if one.p_value <= _LEVEL
    ]
    if rows:
        yield from table(["claim", f"usual {ingredient}", "others", "p", "corrected"], rows)
    else:
        yield from ("There is none.", "")
