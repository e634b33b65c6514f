"""A trial while its test runs: what it recorded, how each phase went, and what is kept of it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

import msgspec
import pytest

from icl_repro.plugin import cases, session
from icl_repro.plugin.cases import Case
from icl_repro.plugin.declarations import NO_SUBTESTS
from icl_repro.plugin.planting import NotAffected
from icl_repro.plugin.wanted import Wanted
from icl_repro.verification import wording
from icl_repro.verification.caught import Planted
from icl_repro.verification.evidence import EvidenceRecord
from icl_repro.verification.plain_data import whole
from icl_repro.verification.record import Outcome, Trial
from icl_repro.verification.recorder import Evidence

_NO_ASSERT = "; a claim states what must hold with evidence.check, an assert is an error"


class NotTrained(pytest.skip.Exception):
    """A test cannot run, because the store has no run that it takes."""


@dataclass
class Attempt:
    """What one attempt to run a test came to; the first that is judged counts.

    Attributes:
        judged: whether the evidence gave the outcome, so that the failure which tells pytest is
            not taken for an error; stated: whether there is any evidence, judged or not.
        earlier: how attempts before it broke off that had stated nothing.
        past_marks: whether its marks let it run, so that its fixtures were set up.
        body_over: whether its body came to an end that is still to be reported.
        has_subtests: whether a part of it was reported by itself.
        skipped: why the test broke off by a skip, where that leaves open what it would have stated.
        messages: what the record says about the outcome.
        drift: a sentence for each curve that left its snapshot.
        curves: names of the curves that were recorded.
        runs_read: keys of the training runs that were read.
        affected: whether the fault that it is judged under changes anything that it reads; drifted:
            what drifted under it, by the name of the curve; raised: the error that it stopped with;
            stopped: whether that error is none by which a suite says that something is wrong.
        properties: what a report carries of it.
    """

    recorder: Evidence | None = None
    outcome: Outcome | None = None
    judged: bool = False
    stated: bool = False
    earlier: tuple[str, ...] = ()
    past_marks: bool = False
    body_over: bool = False
    has_subtests: bool = False
    skipped: str = ""
    messages: list[str] = field(default_factory=list[str])
    drift: list[str] = field(default_factory=list[str])
    curves: list[str] = field(default_factory=list[str])
    runs_read: set[str] = field(default_factory=set[str])
    affected: bool = True
    drifted: dict[str, str] = field(default_factory=dict[str, str])
    raised: str = ""
    stopped: bool = False
    duration: float = 0.0
    properties: list[tuple[str, object]] = field(default_factory=list[tuple[str, object]])

    @property
    def evidence(self) -> EvidenceRecord:
        """What was recorded so far. A skip leaves open what follows, as the test itself may."""
        stated = self.recorder.evidence if self.recorder else EvidenceRecord()
        if not self.skipped:
            return stated
        undecided = stated.undecided or self.skipped
        return msgspec.structs.replace(stated, undecided=undecided, broken_off=True)


@dataclass
class Draft:
    """A test of a claim or of a control that will run; `again` if repeated though judged."""

    case: Case
    wanted: Wanted
    attempt: Attempt = field(default_factory=Attempt)
    again: bool = False


_DRAFT = pytest.StashKey[Draft]()


def start(item: pytest.Function) -> None:
    """Take up a test whose function declares a claim."""
    case = cases.case_of(item)
    item.stash[_DRAFT] = Draft(case, Wanted(case, session.state_of(item.config).settings.adapted))


def draft_of(item: pytest.Item) -> Draft | None:
    """The draft of a test, or ``None`` for an ordinary test."""
    return item.stash.get(_DRAFT, None)


def begin_attempt(item: pytest.Item) -> None:
    """Begin anew; a plugin may repeat an attempt that broke off before it had stated anything."""
    draft = draft_of(item)
    if draft is None:
        return
    last = draft.attempt
    draft.again = last.judged or last.stated
    if not draft.again:
        item.user_properties = [
            kept for kept in item.user_properties if kept not in last.properties
        ]
        draft.attempt = Attempt(earlier=(*last.earlier, *last.messages[:1]))


def pass_marks(item: pytest.Item) -> None:
    """Note that no mark of a test skips it.

    Raises:
        pytest.fail.Exception: an earlier attempt had stated something. It stands: of several, one
            could take the best.
    """
    draft = draft_of(item)
    if draft is None:
        return
    if draft.again:
        said = ": ".join([str(draft.attempt.outcome), *draft.attempt.messages[:1]])
        pytest.fail(f"{draft.case.name}: it is judged once, and was ({said})", pytrace=False)
    draft.attempt.past_marks = True


def skips() -> tuple[type[BaseException], ...]:
    """What a test or a fixture may raise to be skipped; nobody raises what was never imported."""
    unittest = sys.modules.get("unittest")
    return (pytest.skip.Exception, unittest.SkipTest) if unittest else (pytest.skip.Exception,)


def take_up_skip(item: pytest.Item, skipped: BaseException) -> bool:
    """Take in that a test or a fixture of it broke off by a skip, if the test is judged then.

    A skip while a test runs may follow from what was measured, so that it takes nothing back: what
    was stated before it counts, and the rest is left open. Only a test that has stated nothing yet
    is not run, if it is marked so, or if the store lacks a run that it takes.
    """
    draft = draft_of(item)
    if draft is None:
        return False
    by_mark = not draft.attempt.past_marks
    unjudged = isinstance(skipped, NotTrained | NotAffected)
    if (by_mark or unjudged) and not draft.attempt.evidence.checks:
        return False
    draft.attempt.skipped = f"skipped: {whole(str(skipped)) or 'no reason given'}"
    return True


def note_phase(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Take in how a phase of the test went, before pytest reports it."""
    draft = draft_of(item)
    if draft is None or draft.again:
        return
    attempt = draft.attempt
    if call.when == "call" and not attempt.body_over:
        _note_subtest(draft)
        return
    attempt.body_over = False
    attempt.duration += call.duration
    if call.excinfo is not None and (call.when == "teardown" or not attempt.judged):
        _note_exception(draft, call)
    if call.when == "call" or (call.when == "setup" and attempt.outcome is not None):
        attempt.properties = properties(draft)
        item.user_properties += attempt.properties
    if call.when == "teardown":
        trial = _trial(item, draft)
        session.scratch_of(item.config).put_trial(trial)
        if draft.case.fault is not None:
            session.scratch_of(item.config).put_planted(
                Planted(
                    item.nodeid,
                    attempt.affected,
                    draft.wanted.is_changed,
                    attempt.drifted,
                    attempt.raised,
                    attempt.stopped,
                )
            )
        attempt.stated = bool(trial.evidence.checks or trial.evidence.conditions)
        attempt.recorder = None  # its figures have been handed on: over five seeds they are many


def properties(draft: Draft) -> list[tuple[str, object]]:
    """What a report carries of a trial: its claim, control and seed, its outcome and checks."""
    case, attempt = draft.case, draft.attempt
    found: list[tuple[str, object]] = [("claim", case.claim.id)]
    if case.control is not None:
        found.append(("control", case.control_id))
    if case.fault is not None:
        found.append(("fault", case.fault.id))
    if case.seed is not None:
        found.append(("seed", case.seed))
    found.append(("outcome", attempt.outcome or "error"))
    for check in attempt.evidence.checks:
        value = "not finite" if check.value is None else check.value
        held = "undecided" if check.undecided else "holds" if check.holds else "fails"
        found.append((f"check: {check.name}", value))
        found.append((f"threshold: {check.name}", f"{wording.threshold(check)} ({held})"))
    return found


def end_body(item: pytest.Item) -> None:
    """Note that the body of a test is over, however it ended: its report is the next of a call."""
    draft = draft_of(item)
    if draft is not None:
        draft.attempt.body_over = True


def _note_subtest(draft: Draft) -> None:
    """Take in that a part of a test is reported by itself, at its start or its end, too."""
    attempt = draft.attempt
    attempt.has_subtests = True
    if attempt.judged:
        attempt.outcome = "error"
        attempt.messages.append(NO_SUBTESTS)


def _note_exception(draft: Draft, call: pytest.CallInfo[None]) -> None:
    assert call.excinfo is not None
    attempt = draft.attempt
    raised = call.excinfo.value
    if isinstance(raised, skips()):
        if attempt.outcome is None:
            attempt.outcome = "not run"
            attempt.messages.append(str(raised))
        return
    attempt.outcome = "error"
    message = str(raised).removeprefix(f"{draft.case.name}: ").strip()
    if not isinstance(raised, pytest.fail.Exception):
        message = ": ".join(filter(None, [type(raised).__name__, message]))
    if isinstance(raised, AssertionError):
        message += _NO_ASSERT
    attempt.messages.append(message if call.when == "call" else f"{call.when}: {message}")


def _kept(draft: Draft) -> EvidenceRecord:
    """What the record keeps: of a control or under a fault no figures, which would show the claim's
    elsewhere.
    """
    evidence = draft.attempt.evidence
    if draft.case.control is None and draft.case.fault is None:
        return evidence
    return msgspec.structs.replace(evidence, figures=[], tables=[])


def _trial(item: pytest.Item, draft: Draft) -> Trial:
    attempt = draft.attempt
    earlier = [f"an earlier attempt broke off: {said}" for said in attempt.earlier]
    return Trial(
        nodeid=item.nodeid,
        outcome=attempt.outcome or "error",
        seed=draft.case.seed,
        row=draft.case.row,
        message="\n".join([*attempt.messages, *earlier]),
        duration=attempt.duration,
        evidence=_kept(draft),
        runs=sorted(attempt.runs_read),
        seeds=draft.case.all_seeds,
    )
