"""How the verdicts of a session are to be read: by what its runs were made from, its seeds, its
comparisons and its thresholds.
"""

from __future__ import annotations

from collections.abc import Sequence

from icl_repro.numbers import count, percent
from icl_repro.report.text import verdicts, words
from icl_repro.report.text.checks import Remark
from icl_repro.verification.controls import unguarded
from icl_repro.verification.record import (
    ClaimRecord,
    ThresholdEntry,
    Trial,
    VerificationRecord,
)


def notes(record: VerificationRecord) -> list[Remark]:
    """Sentences on how to read the verdicts, those left out that say nothing here."""
    all_notes = [
        Remark(partial_note(record), "unsure"),
        *(Remark(words.as_full_sentence(said), "none") for said in basis_notes(record)),
        seeds_note(record),
        Remark(few_seeds_note(record), "none"),
        Remark(comparisons_note(record), "none"),
        Remark(thresholds_note(record), "none"),
        # Where faults are planted no control has run, whatever it would fail.
        Remark("" if record.faults else unguarded_note(record), "none"),
    ]
    return [note for note in all_notes if note.text]


def partial_note(record: VerificationRecord) -> str:
    """What this session left out of what it collected, and what it did not come to; empty if it is
    whole.
    """
    if not record.claims:
        return ""
    own = [trial for claim in record.claims for trial in claim.trials]
    controls = [one for claim in record.claims for one in claim.controls]
    on_controls = [trial for control in controls for trial in control.trials]
    parts: list[str] = []
    if amount := len(record.not_selected):
        collected = count(amount + len(record.claims), "claim")
        parts.append(f"{amount} of {collected} {_were(amount)} not selected")
    if amount := sum(not control.trials for control in controls):
        parts.append(f"{amount} of {count(len(controls), 'control')} {_were(amount)} not selected")
    if amount := sum(not (claim.trials or claim.controls) for claim in record.claims):
        parts.append(f"{count(amount, 'module')} of claims {_were(amount)} not collected")
    if amount := sum(bool(claim.controls and not claim.trials) for claim in record.claims):
        parts.append(f"of {count(amount, 'claim')} only controls were selected")
    for whose, trials in (("claims", own), ("controls", on_controls)):
        of = f"{count(len(trials), 'test')} of {whose}"
        never = [trial for trial in trials if trial.outcome == "not run"]
        if never:
            parts.append(f"{len(never)} of {of} {_were(len(never))} not run{_why(never)}")
        if amount := sum(trial.outcome == "error" for trial in trials):
            parts.append(f"{amount} of {of} stopped with an error")
    if amount := sum(_partly(record, claim) for claim in record.claims):
        parts.append(f"{count(amount, 'claim')} {_were(amount)} not judged on every seed")
    if not parts:
        return ""
    alone = (
        " Verdicts are corrected for the comparisons of this session alone, of which a whole one "
        "has more."
    )
    corrected = record.comparisons is not None and record.comparisons.number > 0
    return (
        f"Not everything was judged in this session: {words.listed(parts)}."
        f"{alone if corrected else ''}"
    )


def _why(never: list[Trial]) -> str:
    """Why some tests did not run, where it is the same of all."""
    said = {trial.message for trial in never}
    one = said.pop() if len(said) == 1 else ""
    return f" ({one})" if one and "\n" not in one else ""


def _partly(record: VerificationRecord, claim: ClaimRecord) -> bool:
    """Whether some seeds of the profile were left out of a claim that is judged seed by seed."""
    seeds = {trial.seed for trial in claim.trials if trial.seed is not None}
    return bool(seeds) and not seeds.issuperset(record.profile.seeds)


def _were(amount: int) -> str:
    return "was" if amount == 1 else "were"


def basis_notes(record: VerificationRecord) -> list[str]:
    """What the runs were made from."""
    return [words.as_sentence(one.sentence) for one in record.basis.ingredients]


def seeds_note(record: VerificationRecord) -> Remark:
    """Which seeds were judged, and whether they were fixed beforehand."""
    seeds = record.seeds
    if seeds is None or not seeds.judged:
        return Remark("", "none")
    if seeds.sentence or seeds.added:
        were = "was" if len(seeds.added) == 1 else "were"
        told = seeds.sentence or f"{words.seed_list(seeds.added)} {were} added afterwards"
        return Remark(words.as_full_sentence(words.as_sentence(told)), "unsure")
    was = "was" if len(seeds.judged) == 1 else "were"
    # Of eight seeds on, one may fail: see MEANINGS.
    every = " Of so few, a claim that is judged seed by seed has to hold on each to be supported."
    return Remark(
        f"{words.seed_list(seeds.judged)} {was} fixed beforehand by the profile; none was added "
        f"afterwards.{every if 5 <= len(seeds.judged) < 8 else ''}",
        "none",
    )


def few_seeds_note(record: VerificationRecord) -> str:
    """That verdicts over fewer than five seeds say little; empty where there are none."""
    few = [claim for claim in record.claims if claim.verdict in verdicts.TENTATIVE]
    if not few:
        return ""
    judged = {claim.seeds_judged for claim in few}
    on = f"on {count(judged.pop(), 'seed')}" if len(judged) == 1 else "on fewer than five seeds"
    which = (
        "The verdict rests"
        if len(few) == len(record.claims) == 1
        else "All verdicts rest"
        if len(few) == len(record.claims)
        else f"{len(few)} of these verdicts {'rests' if len(few) == 1 else 'rest'}"
    )
    return f"{which} {on}: fewer than five can be no more than consistent, contradicted or mixed."


def comparisons_note(record: VerificationRecord) -> str:
    """How many claims were tested, and how many verdicts the correction for that changes."""
    comparisons = record.comparisons
    if comparisons is None or not comparisons.number:
        return ""
    changed = sum(claim.after_correction not in (None, claim.verdict) for claim in record.claims)
    after = [claim.after_correction for claim in record.claims]
    left = f"{after.count('supported')} of them supported and {after.count('refuted')} refuted"
    effect = (
        f"changes {count(changed, 'verdict')}, each of which says so, and leaves {left}"
        if changed
        else "changes no verdict"
    )
    was = "was" if comparisons.number == 1 else "were"
    return (
        f"{count(comparisons.number, 'claim')} {was} tested over seeds; {comparisons.method}’s "
        f"correction for so many comparisons {effect}. It keeps the chance of even one wrong "
        f"“supported” at most {percent(comparisons.level)}, and so that of even one wrong "
        "“refuted”."
    )


def thresholds_note(record: VerificationRecord) -> str:
    """How many thresholds were set when results had been seen, and how many verdicts over seeds
    rest on none of these; empty without a ledger.
    """
    known = [history for claim in record.claims for history in _histories(claim)]
    if not known:
        return ""
    late = sum(map(_is_late, known))
    if not late:
        return f"All {count(len(known), 'threshold')} were set before any result was seen."
    told = (
        f"Of {count(len(known), 'threshold')}, {late} {_were(late)} set or changed when results "
        "had been seen; each says so."
    )
    decided = [
        claim
        for claim in record.claims
        if claim.p_value is not None and claim.verdict in ("supported", "refuted")
    ]
    if not decided:
        return told
    early = [one for one in map(_histories, decided) if one and not any(map(_is_late, one))]
    rest = "rests" if len(early) == 1 else "rest"
    return (
        f"{told} A test keeps its error rate where all were set before: {len(early)} of "
        f"{count(len(decided), 'verdict')} “supported” or “refuted” over seeds {rest} on such "
        "alone."
    )


def _histories(claim: ClaimRecord) -> list[list[ThresholdEntry]]:
    """Those of the thresholds of a claim that the ledger knows."""
    stated = (*claim.checks, *claim.conditions)
    return [one.thresholds for one in stated if one.thresholds]


def _is_late(history: Sequence[ThresholdEntry]) -> bool:
    return any(entry.seen for entry in history)


def unguarded_note(record: VerificationRecord) -> str:
    """How many checks no control fails, of claims whose controls were run, and on which seeds where
    one does on others; empty if none.
    """
    checks = [check for claim in record.claims if claim.controls for check in claim.checks]
    amount = sum(not check.failed_by for check in checks)
    if not amount:
        return ""
    fails = "fails" if amount == 1 else "fail"
    return (
        f"{amount} of {count(len(checks), 'check')} {fails} on no control of this session; "
        "each says so."
        + "".join(
            f" {claim.id}: {one.sentence}."
            for claim in record.claims
            for one in unguarded(claim)
            if one.control
        )
    )
