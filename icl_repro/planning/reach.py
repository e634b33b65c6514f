"""What stands in the way of a verdict, whatever is trained: known before a network is.

Each obstacle names its rule. Some hold for any number of seeds, others for those that are planned.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from icl_repro.numbers import count, number, percent
from icl_repro.planning.suite import PlannedClaim, Suite
from icl_repro.statistics.power import held_needed, share_within
from icl_repro.verification.ledger import Threshold
from icl_repro.verification.record import CheckOverSeeds, ClaimRecord, KnownFailure
from icl_repro.verification.verdict import FEWEST_SEEDS, LEVEL
from icl_repro.verification.wording import bounds, listed, on_seeds

Rule = Literal[
    "known failure",
    "control does not fail",
    "no control fails the check",
    "rounding is wider than the bounds",
    "seeds differ by more than the bounds",
    "most networks lie outside",
    "beyond what the quantity can be",
    "on the limit of the quantity",
]

OF_A_RECORD: tuple[Rule, ...] = (
    "seeds differ by more than the bounds",
    "most networks lie outside",
)
"""The rules that go by what a record measured on its seeds, and so hold as far as that does."""


class Obstacle(msgspec.Struct, frozen=True):
    """Why a claim cannot be ``supported``.

    `any_number` is whether no number of seeds would do; else the seeds that are planned do not.
    """

    rule: Rule
    sentence: str
    checks: list[str]
    any_number: bool = False


def obstacles(suite: Suite, claim: PlannedClaim, record: ClaimRecord | None) -> list[Obstacle]:
    """What stands in the way of a claim: by the ledger, by how far trainings of one seed differ,
    and by what an earlier record has measured, if there is one.
    """
    found = [*_known(suite, claim), *_unguarded(suite, claim)]
    if claim.judged == "seed by seed":
        found += _rounding(suite, claim)
    if record is not None and claim.judged != "without seeds":
        for check in record.checks:
            found += _beyond_limits(record, check, claim)
            found += _too_wide(check) if claim.judged == "seed by seed" else []
    return found


def failing_seeds(suite: Suite, claim: PlannedClaim) -> list[int]:
    """The planned seeds on which the claim itself is known to fail."""
    return [
        seed
        for seed in suite.seeds
        if any(str(seed) in known.values for known in _own(suite, claim.id, ""))
    ]


def _own(suite: Suite, claim: str, case: str) -> list[KnownFailure]:
    """The known failures of a claim in a case, but for those that may hold as well."""
    return [
        known
        for known in suite.ledger.findings
        if (known.claim, known.case) == (claim, case) and not known.edge
    ]


def _known(suite: Suite, claim: PlannedClaim) -> Iterator[Obstacle]:
    found = [
        (known, where)
        for known in suite.ledger.findings
        if known.claim == claim.id and not known.edge
        if (where := _where(suite, claim, known)) is not None
    ]
    everywhere = claim.judged == "without seeds"
    for known, where in found:
        if known.case:
            yield Obstacle(
                "control does not fail",
                f"its control {known.case} does not fail {known.check!r}{where}, so that the claim "
                f"is inconclusive; known since {known.date}",
                [known.check],
                everywhere,
            )
    checks = list(dict.fromkeys(known.check for known, _ in found if not known.case))
    failing = listed([f"{name!r}{_failing(suite, claim, name)}" for name in checks])
    if checks and claim.judged != "seed by seed":
        yield Obstacle("known failure", f"what fails is {failing}", checks, everywhere)
    elif checks:
        planned, most = len(suite.seeds), len(suite.seeds) - len(failing_seeds(suite, claim))
        needed = held_needed(planned, LEVEL) if planned >= FEWEST_SEEDS else None
        if needed is None or most < needed:
            takes = f", where `supported` takes {needed}" if needed is not None else ""
            yield Obstacle(
                "known failure",
                f"holds on {most} of {count(planned, 'seed')} at most{takes}: what fails is "
                f"{failing}",
                checks,
            )


def _failing(suite: Suite, claim: PlannedClaim, check: str) -> str:
    """On which of the planned seeds a check is known to fail, in words."""
    if claim.judged != "seed by seed":
        return ""
    own = [known for known in _own(suite, claim.id, "") if known.check == check]
    return on_seeds([seed for seed in suite.seeds if any(str(seed) in k.values for k in own)])


def _where(suite: Suite, claim: PlannedClaim, known: KnownFailure) -> str | None:
    """Where it is known of the planned seeds, in words; None if on none of them."""
    if claim.judged == "without seeds":
        return ""
    if claim.judged == "over all seeds":
        keys = ("", ",".join(map(str, suite.seeds)))
        return " over these seeds" if any(key in known.values for key in keys) else None
    return on_seeds([seed for seed in suite.seeds if str(seed) in known.values]) or None


def _unguarded(suite: Suite, claim: PlannedClaim) -> Iterator[Obstacle]:
    """Checks that no control has to fail, where the ledger does not say why."""
    demanded = {name for control in claim.controls for name in control.only}
    if any(not control.only for control in claim.controls):
        return
    for name, known in checks_of(suite, claim.id):
        if name not in demanded and not known.no_control:
            yield Obstacle(
                "no control fails the check",
                f"no control has to fail {name!r}, and the ledger does not say why",
                [name],
                any_number=True,
            )


def checks_of(suite: Suite, claim: str) -> list[tuple[str, Threshold]]:
    """The checks of a claim in the ledger; conditions are none."""
    return [
        (name, known)
        for (owner, name), known in suite.ledger.thresholds.items()
        if owner == claim and not known.condition
    ]


def _rounding(suite: Suite, claim: PlannedClaim) -> Iterator[Obstacle]:
    """Bounds that are not wider than trainings of one and the same seed differ."""
    for name, known in checks_of(suite, claim.id):
        direction, low, high = known.history[-1].bounds
        spread = suite.spreads.of(claim.id, "", name)
        if low is None or high is None or spread is None or spread.largest < high - low:
            continue
        yield Obstacle(
            "rounding is wider than the bounds",
            f"{name!r} must be {bounds(direction, low, high, known.history[-1].kind)}, which is "
            f"{number(high - low)} wide, but trainings of one seed alone differ by "
            f"{number(spread.largest)}",
            [name],
            any_number=True,
        )


def _beyond_limits(
    record: ClaimRecord, check: CheckOverSeeds, claim: PlannedClaim
) -> Iterator[Obstacle]:
    """Bounds that lie where the quantity cannot: of a mean, also those on its very limit."""
    stated = (one for trial in record.trials for one in trial.evidence.checks)
    least, greatest = next((one.limits for one in stated if one.name == check.name), (None, None))
    asked = bounds(check.direction, check.low, check.high, check.kind)
    above = check.low is not None and greatest is not None and check.low > greatest
    below = check.high is not None and least is not None and check.high < least
    if above or below:
        limit = f"{number(greatest)} at the most" if above else f"{number(least)} at the least"
        yield Obstacle(
            "beyond what the quantity can be",
            f"{check.name!r} must be {asked}, but can be {limit}",
            [check.name],
            any_number=True,
        )
    elif claim.judged == "over all seeds" and (
        (check.low is not None and check.low == greatest)
        or (check.high is not None and check.high == least)
    ):
        yield Obstacle(
            "on the limit of the quantity",
            f"the mean of {check.name!r} must be {asked}, which is the limit of what it can be: "
            "only values that are all the same can show it",
            [check.name],
            any_number=True,
        )


def _too_wide(check: CheckOverSeeds) -> Iterator[Obstacle]:
    """Bounds that half of all networks or more would miss, if values over seeds are normal."""
    margin = check.margin
    if margin is None or margin.mean is None or not margin.spread or len(check.values) < 3:
        return
    asked = bounds(check.direction, check.low, check.high, check.kind)
    if check.low is not None and check.high is not None:
        centred = share_within((check.low + check.high) / 2, margin.spread, check.low, check.high)
        if centred <= 0.5:
            yield Obstacle(
                "seeds differ by more than the bounds",
                f"{check.name!r} must be {asked}, but values over seeds have a spread of "
                f"{number(margin.spread, 3)}: even around the middle of that, {_share(centred)} "
                "of all networks would lie there (normal values)",
                [check.name],
                any_number=True,
            )
            return
    share = share_within(margin.mean, margin.spread, check.low, check.high)
    # Both, because one value far off moves the mean, though most networks lie within.
    if share <= 0.5 and 2 * check.held <= check.judged:
        yield Obstacle(
            "most networks lie outside",
            f"{check.name!r} must be {asked}, but held on {check.held} of "
            f"{count(check.judged, 'seed')}, and with mean {number(margin.mean)} and spread "
            f"{number(margin.spread, 3)} {_share(share)} of all networks would lie there (normal "
            "values)",
            [check.name],
            any_number=True,
        )


def _share(share: float) -> str:
    return "hardly any" if share < 0.005 else f"only {percent(round(share, 2))}"
