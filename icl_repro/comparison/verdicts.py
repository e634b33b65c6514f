"""Verdicts on claims and controls that are otherwise, and seeds that came out otherwise."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from icl_repro.comparison.pairs import (
    UNJUDGED,
    Gaps,
    Pair,
    files_of,
    is_whole_session,
    place,
)
from icl_repro.verification.compared import ON_OTHER_SEEDS, Effect, VerdictChange
from icl_repro.verification.record import (
    ClaimRecord,
    ControlRecord,
    Finding,
    Outcome,
    Retired,
    Trial,
    VerificationRecord,
)

_LEVELS = {
    "supported": 2,
    "consistent": 2,
    "mixed": 1,
    "inconclusive": 1,
    "contradicted": 0,
    "refuted": 0,
    "fails as it should": 2,
    "undecided": 1,
    "does not fail": 0,
}
"""How well each verdict speaks of its claim or control. How many seeds there were does not count:
with fewer, the same network that was supported is consistent."""

_WELL: Outcome = "passed"
_NOT_WELL: tuple[Outcome, ...] = ("failed", "inconclusive")

_Seeds = tuple[int | None, tuple[int, ...]]
_Judged = ClaimRecord | ControlRecord


def changes(
    old: VerificationRecord, new: VerificationRecord, pairs: Sequence[Pair], gaps: Gaps
) -> tuple[list[VerdictChange], int, int]:
    """What is judged otherwise, and how many claims and controls were compared."""
    found: list[VerdictChange] = []
    claims = controls = 0
    same_number = _comparisons(old) == _comparisons(new)
    judged_on = {None, *old.profile.seeds} & {None, *new.profile.seeds}
    for pair in pairs:
        _note_gone_tests(pair, judged_on, gaps)
        told = _of_verdict(pair.old, pair.new, pair.new.id, "", new.findings, gaps)
        claims += told is not None
        found += told or []
        found += _after_correction(pair, same_number=same_number)
        before = {control.id: control for control in pair.old.controls}
        for control in pair.new.controls:
            if control.id not in before:
                found.append(
                    VerdictChange(pair.new.id, control.id, "", control.verdict, "otherwise")
                )
                continue
            told = _of_verdict(
                before.pop(control.id), control, pair.new.id, control.id, new.findings, gaps
            )
            controls += told is not None
            found += told or []
        found += [_gone(pair.new.id, control, new.retired) for control in before.values()]
    if old.profile.meaningful and new.profile.meaningful:
        found += _unpaired(old, new, gaps)
    return found, claims, controls


def _note_gone_tests(pair: Pair, seeds: Collection[int | None], gaps: Gaps) -> None:
    """Note tests that the new record does not have, on seeds that both sessions judged."""
    now = {one.id: one.trials for one in pair.new.controls} | {"": pair.new.trials}
    before = {one.id: one.trials for one in pair.old.controls} | {"": pair.old.trials}
    for case, trials in before.items():
        if case not in now:
            continue  # told as a control that is gone
        kept = {(one.row, _key(one)) for one in now[case]}
        for one in trials:
            if one.seed in seeds and not one.seeds and (one.row, _key(one)) not in kept:
                seed = "" if one.seed is None else f", seed {one.seed}"
                where = place(pair.new.id, case, one.row) + seed
                gaps.add("tests", "gone in the new record", where)


def _unpaired(
    old: VerificationRecord, new: VerificationRecord, gaps: Gaps
) -> Iterator[VerdictChange]:
    """Claims that are gone, and those that are new.

    One that the new session left out, or whose file it did not look at, is only not compared; of
    whole sessions a file that the new one does not have is gone.
    """
    whole = old.command == new.command != "" or (is_whole_session(old) and is_whole_session(new))
    ids, known = {claim.id for claim in new.claims}, {claim.id for claim in old.claims}
    files = files_of(new.claims)
    for claim in old.claims:
        if claim.id in ids:
            continue
        if claim.id in new.not_selected:
            gaps.add("claims", "not selected in the new session", claim.id)
        elif claim.trials and not whole and not files_of([claim]) & files:
            gaps.add("claims", "the new session has no claim of their file", claim.id)
        else:
            yield VerdictChange(claim.id, "", claim.verdict, "", "worse", why="it is gone")
    for claim in new.claims:
        if claim.id in known:
            continue
        if claim.id in old.not_selected:
            gaps.add("claims", "not selected in the old session", claim.id)
        else:
            yield VerdictChange(claim.id, "", "", claim.verdict, "otherwise", why="it is new")


def _gone(claim: str, control: ControlRecord, retired: Sequence[Retired]) -> VerdictChange:
    why = next((one.why for one in retired if (one.claim, one.case) == (claim, control.id)), "")
    return VerdictChange(
        claim,
        control.id,
        control.verdict,
        "",
        "otherwise" if why else "worse",
        why=why or "it is gone",
    )


def _of_verdict(
    old: _Judged, new: _Judged, claim: str, case: str, findings: Sequence[Finding], gaps: Gaps
) -> list[VerdictChange] | None:
    """The change of one verdict, if it is one; None where it could not be compared."""
    for one, which in ((old, "old"), (new, "new")):
        if one.verdict in UNJUDGED:
            what = "controls" if case else "claims"
            gaps.add(what, f"{one.verdict} in the {which} record", place(claim, case))
            return None
    before, now = _outcomes(old.trials), _outcomes(new.trials)
    shared = [seed for seed in now if seed in before]
    lost = [s for s in shared if before[s] == _WELL and now[s] in _NOT_WELL]
    gained = [s for s in shared if before[s] in _NOT_WELL and now[s] == _WELL]
    if old.verdict == new.verdict and not lost and not gained:
        return []
    effect, why = _effect(old, new, lost, gained)
    if lost and effect == "worse" and new.verdict != "error":
        edges = [one for one in findings if (one.known.claim, one.known.case) == (claim, case)]
        if all(_is_on_edge(new, seed, edges) for seed in lost):
            effect, why = "otherwise", "known to lie on the edge of its threshold"
    return [
        VerdictChange(
            claim,
            case,
            old.verdict,
            new.verdict,
            effect,
            lost=[_shown(seed) for seed in lost],
            gained=[_shown(seed) for seed in gained],
            why=why,
        )
    ]


def _effect(
    old: _Judged, new: _Judged, lost: Collection[_Seeds], gained: Collection[_Seeds]
) -> tuple[Effect, str]:
    if new.verdict == "error":
        return "worse", new.reason
    if old.verdict == "error":
        return "better", ""
    if lost:
        return "worse", ""
    if gained:
        return "better", ""
    if _judged(old.trials) != _judged(new.trials):
        return "otherwise", ON_OTHER_SEEDS
    before, now = _LEVELS.get(old.verdict, 1), _LEVELS.get(new.verdict, 1)
    effect: Effect = "worse" if now < before else "better" if now > before else "otherwise"
    return effect, new.reason if effect == "worse" else ""


def _after_correction(pair: Pair, *, same_number: bool) -> Iterator[VerdictChange]:
    """The verdict after correction, where it is otherwise; with another number of claims, or on
    other seeds, that tells nothing of this one.
    """
    before, now = pair.old.after_correction, pair.new.after_correction
    if before is None or now is None or before == now:
        return
    alike = _judged(pair.old.trials) == _judged(pair.new.trials)
    effect: Effect = "otherwise"
    why = "" if alike else "judged on other seeds"
    if not same_number:
        why = "corrected for another number of claims"
    elif alike and _LEVELS[now] != _LEVELS[before]:
        effect = "worse" if _LEVELS[now] < _LEVELS[before] else "better"
    yield VerdictChange(pair.new.id, "", before, now, effect, after_correction=True, why=why)


def _is_on_edge(judged: _Judged, seed: _Seeds, findings: Sequence[Finding]) -> bool:
    """Whether all that does not come out well on a seed is known to lie on the edge of its
    threshold. Of a control, that is what must fail there and does not.
    """
    key = _shown(seed)
    edges = {
        one.known.check
        for one in findings
        if one.known.edge and one.status.get(key) == "on its edge"
    }
    is_control = isinstance(judged, ControlRecord)
    only = judged.only if isinstance(judged, ControlRecord) else []
    wrong = {
        check.name
        for trial in judged.trials
        if _key(trial) == seed
        for check in trial.evidence.checks
        if check.holds == is_control and not check.undecided and (not only or check.name in only)
    }
    return bool(edges) and wrong <= edges


def _outcomes(trials: Sequence[Trial]) -> dict[_Seeds, Outcome]:
    """The worst outcome on each seed, or on all seeds at once."""
    worst_first: tuple[Outcome, ...] = ("error", "failed", "inconclusive", "not run", "passed")
    found: dict[_Seeds, list[Outcome]] = {}
    for trial in trials:
        found.setdefault(_key(trial), []).append(trial.outcome)
    return {seed: min(outcomes, key=worst_first.index) for seed, outcomes in found.items()}


def _judged(trials: Sequence[Trial]) -> set[_Seeds]:
    return {seed for seed, outcome in _outcomes(trials).items() if outcome in (_WELL, *_NOT_WELL)}


def _key(trial: Trial) -> _Seeds:
    return trial.seed, tuple(trial.seeds)


def _shown(seed: _Seeds) -> str:
    return ",".join(map(str, seed[1])) if seed[0] is None else str(seed[0])


def _comparisons(record: VerificationRecord) -> int | None:
    return record.comparisons.number if record.comparisons else None
