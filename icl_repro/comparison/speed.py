"""How fast training was, in seconds of it for each unit of work."""

from __future__ import annotations

from collections.abc import Iterator

from icl_repro.comparison.pairs import Gaps
from icl_repro.verification.compared import Effect, SpeedChange
from icl_repro.verification.record import TrainingDone, VerificationRecord

SLOWER = 1.25
"""From which ratio on training is slower: sessions of the same code on one machine that does
nothing else differ by a few hundredths, and a shared one by a tenth or two."""

_UNITS = 1_000_000


def change(old: VerificationRecord, new: VerificationRecord, gaps: Gaps) -> SpeedChange | None:
    """The speed of training in both records; None where either trained nothing.

    It counts only where the machine, the workers and what was trained are alike. Code, and versions
    of packages, may be what makes the difference.
    """
    before, now = _seconds(old.training), _seconds(new.training)
    if before is None or now is None:
        which = "neither" if before is now else "only one"
        gaps.add("speed", f"{which} of the sessions trained anything", "training")
        return None
    unlike = list(_unlike(old, new))
    ratio = now / before
    effect: Effect = "worse" if ratio > SLOWER else "better" if ratio < 1 / SLOWER else "otherwise"
    return SpeedChange(
        unit=new.training.unit or "units of work",
        before=before,
        now=now,
        ratio=ratio,
        effect=effect,
        counts=not unlike,
        why="; ".join(unlike),
    )


def _unlike(old: VerificationRecord, new: VerificationRecord) -> Iterator[str]:
    """What is not alike, so that speed says nothing."""
    before, now = old.environment, new.environment
    if before.processor != now.processor:
        yield f"processor {before.processor}, now {now.processor}"
    for what, was, is_ in (
        ("cores", before.cores, now.cores),
        ("workers", before.workers, now.workers),
        ("runs trained", old.training.runs_trained, new.training.runs_trained),
        ("profile", old.profile.name, new.profile.name),
    ):
        if was != is_:
            yield f"{what} {was}, now {is_}"
    if set(old.runs) and set(new.runs) and set(old.runs.values()) != set(new.runs.values()):
        yield "other runs were needed"
    if old.basis.label != new.basis.label:
        yield "runs made from something else"


def _seconds(training: TrainingDone) -> float | None:
    if training.units_trained <= 0 or training.seconds <= 0:
        return None
    return training.seconds / training.units_trained * _UNITS
