"""What becomes of each test of a claim or control: from its evidence, or from what it raised."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from icl_repro.plugin import session
from icl_repro.verification import wording
from icl_repro.verification.declare import Claim, Control, Declared
from icl_repro.verification.evidence import EvidenceRecord
from icl_repro.verification.profiles import ProfileRules
from icl_repro.verification.record import Outcome, Trial
from icl_repro.verification.recorder import Evidence

_NO_ASSERT = "; a claim states what must hold with evidence.check, an assert is an error"


@dataclass
class Draft:
    """One trial while its test runs.

    Attributes:
        seeds: the seeds whose runs it reads: its own, or all if it is judged over all of them.
        judged: whether the evidence gave the outcome, so that the failure which tells pytest is
            not taken for an error.
        messages: what the record says about the outcome.
        drift: a sentence for each curve that left its snapshot.
        curves: names of the curves that were recorded.
        runs_read: keys of the training runs that were read.
    """

    declared: Declared
    seed: int | None
    profile: ProfileRules
    seeds: tuple[int | None, ...]
    recorder: Evidence | None = None
    outcome: Outcome | None = None
    judged: bool = False
    messages: list[str] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)
    curves: list[str] = field(default_factory=list)
    runs_read: set[str] = field(default_factory=set)
    duration: float = 0.0
    _specs: dict[int | None, dict[str, Any]] = field(default_factory=dict)
    _chosen: bool = False

    @property
    def subject(self) -> Claim | Control:
        """The claim or control that this is a trial of."""
        return self.declared.subject

    @property
    def evidence(self) -> EvidenceRecord:
        """What was recorded so far."""
        return self.recorder.evidence if self.recorder else EvidenceRecord()

    @property
    def takes_seeds(self) -> bool:
        """Whether it is judged over all seeds at once."""
        return self.seeds != (self.seed,)

    def specs(self, seed: int | None) -> Mapping[str, Any]:
        """The specs of the runs of one of its seeds, by name, as the profile runs them.

        Those that the marker's ``then`` chooses are among them once they are chosen.

        Raises:
            Exception: whatever the callable in the marker raises.
        """
        if seed not in self._specs:
            needed = self.declared.runs(seed) if self.declared.runs else {}
            self._specs[seed] = self._as_run("runs", needed)
        return self._specs[seed]

    def all_specs(self) -> list[Any]:
        """The specs of the runs of all its seeds.

        Raises:
            Exception: whatever the callable in the marker raises.
        """
        return [spec for seed in self.seeds for spec in self.specs(seed).values()]

    @property
    def has_to_choose(self) -> bool:
        """Whether further runs are still to be chosen by what is measured on the first ones."""
        return self.declared.then is not None and not self._chosen

    def choose(self, runs_of: Callable[[int | None], Mapping[str, Any]]) -> None:
        """Have the marker's ``then`` choose further runs by the trained ones of each seed.

        Raises:
            Exception: whatever the callable in the marker raises.
        """
        both = {}
        for seed in self.seeds:
            first = self.specs(seed)
            chosen = self._as_run("then", self.declared.then(seed, runs_of(seed)))
            if clash := first.keys() & chosen.keys():
                raise ValueError(
                    f"then names runs that runs= names too: {', '.join(sorted(clash))}"
                )
            both[seed] = {**first, **chosen}
        self._specs = both
        self._chosen = True

    def _as_run(self, field: str, specs: object) -> dict[str, Any]:
        if not isinstance(specs, Mapping):
            raise TypeError(f"{field} must return a mapping of names to specs, not {specs!r}")
        return dict(self.profile.applied(specs))


_DRAFT = pytest.StashKey[Draft]()


def start(item: pytest.Function, declared: Declared) -> None:
    """Start the trial of a test that will run."""
    callspec = getattr(item, "callspec", None)
    seed = callspec.params.get("seed") if callspec else None
    settings = session.state_of(item.config).settings
    seeds = settings.seeds if "seeds" in item.fixturenames else (seed,)
    item.stash[_DRAFT] = Draft(declared, seed, settings.profile, seeds)


def draft_of(item: pytest.Item) -> Draft | None:
    """The trial of a test, or ``None`` for an ordinary test."""
    return item.stash.get(_DRAFT, None)


def judge(draft: Draft) -> None:
    """Judge a test of a claim or control by its evidence, after its body ran to the end.

    Raises:
        pytest.fail.Exception: with a sentence for each check that fails (on a control: that does
            not fail), each curve that drifted, or what makes the test an error.
        pytest.skip.Exception: the test says that it can tell neither way.
        pytest.xfail.Exception: the same, where nothing but checks fail and the claim's marker
            records that as a finding.
    """
    problem = _unjudgeable(draft)
    if problem:
        pytest.fail(f"{draft.subject.id}: {problem}", pytrace=False)
    draft.judged = True
    if draft.evidence.undecided:
        draft.outcome = "inconclusive"
        draft.messages = [draft.evidence.undecided, *draft.drift]
        pytest.skip(f"{draft.subject.id} is inconclusive: {draft.evidence.undecided}")
    sentences = _sentences(draft)
    draft.outcome = "failed" if sentences else "passed"
    draft.messages = [*sentences, *draft.drift]
    shown = draft.messages if draft.profile.meaningful else []
    if not shown:
        return
    text = "\n".join([f"{draft.subject.id}: {shown[0]}", *shown[1:]])
    if isinstance(draft.subject, Claim) and draft.subject.finding and not draft.drift:
        pytest.xfail(f"{text}\nfinding: {draft.subject.finding}")
    pytest.fail(text, pytrace=False)


def note_phase(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Take in how a phase of the test went, before pytest reports it."""
    draft = draft_of(item)
    if draft is None:
        return
    draft.duration += call.duration
    if call.excinfo is not None and not (call.when == "call" and draft.judged):
        _note_exception(draft, call)
    if call.when == "call" or (call.when == "setup" and draft.outcome is not None):
        item.user_properties += properties(draft)
    if call.when == "teardown":
        session.scratch_of(item.config).put_trial(_trial(item, draft))
        draft.recorder = None  # its figures have been handed on: over five seeds they are many


def properties(draft: Draft) -> list[tuple[str, object]]:
    """What a report carries of a trial: its claim or control, seed, outcome and checks."""
    kind = "claim" if isinstance(draft.subject, Claim) else "control"
    found: list[tuple[str, object]] = [(kind, draft.subject.id)]
    if draft.seed is not None:
        found.append(("seed", draft.seed))
    found.append(("outcome", draft.outcome or "error"))
    for check in draft.evidence.checks:
        value = "not finite" if check.value is None else check.value
        held = "holds" if check.holds else "fails"
        found.append((f"check: {check.name}", value))
        found.append((f"threshold: {check.name}", f"{wording.threshold(check)} ({held})"))
    return found


def _unjudgeable(draft: Draft) -> str:
    """Why the evidence says nothing, or an empty text."""
    if draft.recorder is None or not draft.evidence.checks:
        return "states no check, so there is nothing to judge"
    if isinstance(draft.subject, Control):
        if draft.evidence.undecided:
            return "a control has to fail, it cannot be inconclusive"
        return "; ".join(draft.recorder.unstated(draft.subject.must_fail))
    return ""


def _sentences(draft: Draft) -> list[str]:
    evidence = draft.evidence
    if isinstance(draft.subject, Claim):
        return [wording.failed_sentence(check) for check in evidence.failed()]
    return [
        wording.undue_sentence(check)
        for check in evidence.checks
        if check.name in draft.subject.must_fail and check.holds
    ]


def _note_exception(draft: Draft, call: pytest.CallInfo[None]) -> None:
    assert call.excinfo is not None
    raised = call.excinfo.value
    if isinstance(raised, pytest.skip.Exception):
        if draft.outcome is None:
            draft.outcome = "not run"
            draft.messages.append(str(raised))
        return
    draft.outcome = "error"
    message = str(raised).removeprefix(f"{draft.subject.id}: ").strip()
    if not isinstance(raised, pytest.fail.Exception):
        message = ": ".join(filter(None, [type(raised).__name__, message]))
    if isinstance(raised, AssertionError):
        message += _NO_ASSERT
    draft.messages.append(message if call.when == "call" else f"{call.when}: {message}")


def _trial(item: pytest.Item, draft: Draft) -> Trial:
    return Trial(
        nodeid=item.nodeid,
        outcome=draft.outcome or "error",
        seed=draft.seed,
        message="\n".join(draft.messages),
        duration=draft.duration,
        evidence=draft.evidence,
        runs=sorted(draft.runs_read),
    )
