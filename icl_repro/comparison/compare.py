"""The comparison of two records, put together from its parts."""

from __future__ import annotations

from collections.abc import Collection

from icl_repro.comparison import curves, facts, speed, thresholds, values, verdicts
from icl_repro.comparison.pairs import Gaps, pair_claims
from icl_repro.nearest import nearest
from icl_repro.verification.compared import (
    DEFAULT_FAIL_ON,
    KINDS,
    Amounts,
    ChangeKind,
    Compared,
    Comparison,
)
from icl_repro.verification.record import VerificationRecord
from icl_repro.verification.spreads import NOT_MEASURED, Spreads

NO_KIND = "none"
"""What stands for failing on nothing."""


class NothingToCompare(ValueError):
    """Two records that share nothing; the message says why."""


class UnknownKind(ValueError):
    """A kind of change that there is not; the message names the nearest."""


def compare(
    old: VerificationRecord,
    new: VerificationRecord,
    *,
    spreads: Spreads = NOT_MEASURED,
    margin: float | None = None,
    fail_on: Collection[ChangeKind] = DEFAULT_FAIL_ON,
) -> Comparison:
    """What changed from `old` to `new`.

    Claims, controls, rows, checks and curves are matched by their names, values by seed. Verdicts,
    values and curves of a session that cut its runs short are not compared, nor are curves of
    runs that were made from something else.

    Args:
        old: the record as it was.
        new: the record as it is.
        spreads: how far trainings of one seed were measured to differ, if that is known.
        margin: how much nearer to the bad side of its threshold a value may come, as a share of the
            distance from its old mean to that threshold. If not said, `values.MARGIN`, and
            `values.UNTESTED_MARGIN` where nothing is known of how trainings differ.
        fail_on: the kinds whose regression makes the comparison fail.

    Raises:
        ValueError: the margin is negative or not finite.
    """
    if margin is not None:
        values.require_margin(margin)
    gaps = Gaps()
    pairs = pair_claims(old, new, gaps)
    same_runs = facts.are_same_runs(old, new)
    same_machine = old.environment.processor == new.environment.processor
    same_rounding = same_machine and old.profile.neighbour == new.profile.neighbour
    judged, claims, controls = verdicts.changes(old, new, pairs, gaps)
    tested, untested = (values.MARGIN, values.UNTESTED_MARGIN) if margin is None else (margin,) * 2
    measured = values.changes(
        pairs,
        spreads if same_runs else NOT_MEASURED,
        # Of other runs, or of the same by another rounding, one value differs for reasons that are
        # no regression.
        values.Margins(tested, untested if same_runs and same_rounding else None),
        gaps,
        same_machine=same_machine,
    )
    drifted, amount_of_curves = curves.changes(pairs, gaps, comparable=same_runs)
    moved, amount_of_thresholds = thresholds.changes(pairs, new.retired, gaps)
    return Comparison(
        against=Compared(
            started=old.started,
            commit=old.environment.commit,
            profile=old.profile.name,
            seeds=list(old.profile.seeds),
            processor=old.environment.processor,
            basis=old.basis.label,
        ),
        margin=tested,
        untested_margin=untested,
        level=values.LEVEL,
        fail_on=[kind for kind in KINDS if kind in fail_on],
        amounts=Amounts(
            claims=claims,
            controls=controls,
            values=measured.of_claims,
            control_values=measured.of_controls,
            tested=measured.tested,
            untested=measured.untested,
            not_worse=measured.not_worse,
            curves=amount_of_curves,
            thresholds=amount_of_thresholds,
        ),
        verdicts=judged,
        values=measured.shown,
        unclear=measured.unclear,
        curves=drifted,
        thresholds=moved,
        speed=speed.change(old, new, gaps),
        facts=facts.changes(old, new),
        warnings=facts.warnings(old, new),
        not_compared=gaps.listed(),
    )


def require_shared(old: VerificationRecord, new: VerificationRecord) -> None:
    """Require that there is anything to compare.

    Raises:
        NothingToCompare: no claim is in both records, or faults were planted in one of them.
    """
    for record, which in ((old, "old"), (new, "new")):
        if record.faults:
            raise NothingToCompare(
                f"the {which} record is of planted faults, with one seed and without controls, so "
                "that nothing can be compared: take one of a session without --icl-faults"
            )
    if not {claim.id for claim in old.claims} & {claim.id for claim in new.claims}:
        raise NothingToCompare("the two records share no claim, so that nothing can be compared")


def require_compared(found: Comparison) -> None:
    """Require that a comparison could tell of what makes it fail.

    Raises:
        NothingToCompare: nothing could be compared, or only the speed is asked for and that could
            not.
    """
    told = "; ".join(dict.fromkeys(one.why for one in found.not_compared if one.what != "speed"))
    if found.compares_nothing:
        because = f": {told}" if told else ""
        raise NothingToCompare(f"nothing could be compared{because}")
    if found.fail_on != ["speed"]:
        return
    if found.speed is None:
        why = next(one.why for one in found.not_compared if one.what == "speed")
        raise NothingToCompare(f"the speed of training could not be compared: {why}")
    if not found.speed.counts:
        raise NothingToCompare(f"the speed of training does not count: {found.speed.why}")


def parse_kinds(text: str) -> tuple[ChangeKind, ...]:
    """The kinds of change that a user names, with commas between them; none for ``none``.

    Raises:
        UnknownKind: one of them is none.
    """
    words = [word.strip() for word in text.split(",")]
    if words == [NO_KIND]:
        return ()
    if NO_KIND in words:
        raise UnknownKind(f"{NO_KIND!r} stands by itself: write it alone, or leave it out")
    for word in words:
        if word not in KINDS:
            raise UnknownKind(
                f"{word!r} is nothing that can regress: {nearest(word, [*KINDS, NO_KIND])}"
            )
    return tuple(kind for kind in KINDS if kind in words)
