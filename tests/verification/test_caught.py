"""Who caught a fault: statuses from trials with it and without it."""

from __future__ import annotations

import msgspec
import pytest

from icl_repro.verification.caught import Planted, UnderFault, fault_record, unnoticed
from icl_repro.verification.evidence import Check, EvidenceRecord, Quantity
from icl_repro.verification.fault_records import FaultRecord
from icl_repro.verification.faults import Fault, problems
from icl_repro.verification.record import ClaimRecord, Trial

FAULT = Fault("cut", "it is cut", "scissors", spec=lambda spec: None, unaffected="it has no length")


def trial(value: float | None = 1.0, outcome: str = "passed", row: str = "", **more) -> Trial:
    check = Check("size", value, "at_least", 0.5, None, value is not None and value >= 0.5)
    evidence = EvidenceRecord([msgspec.structs.replace(check, **more)], [Quantity("weight", 3.0)])
    return Trial("t", outcome, 5, row, evidence=evidence, runs=["own"])  # pyright: ignore[reportArgumentType]


def claim(*trials: Trial, id: str = "a.size") -> ClaimRecord:
    return ClaimRecord(id, "a", "It is large.", "", "consistent", "", list(trials), [])


def record(own: list[Trial], under: list[UnderFault], **more) -> FaultRecord:
    return fault_record(FAULT, [claim(*own)], {"a.size": under}, **more)


def faulty(of: Trial, **planted) -> UnderFault:
    return UnderFault(msgspec.structs.replace(of, runs=["own", "new"]), Planted("t", **planted))


@pytest.mark.parametrize(
    ("own", "under", "status", "why"),
    [
        (trial(), faulty(trial(0.1, "failed")), "caught",
         "size is 0.1, but must be at least 0.5; without the fault it is 1"),
        (trial(), faulty(trial(None, "failed")), "caught",
         "size is not a finite number, but must be at least 0.5; without the fault it is 1"),
        (trial(), faulty(trial(2.0)), "not caught", "every check holds as before"),
        (trial(), faulty(trial()), "not caught", "every check holds as before"),
        # A check that is not stated without the fault says nothing of it.
        (trial(), faulty(trial(0.1, "failed", name="other")), "not caught",
         "every check holds as before"),
        (trial(), faulty(trial(0.1, "inconclusive", undecided=True)), "not caught",
         "it can tell neither way any more: "),
        (trial(), faulty(trial(), drift={"growth": "growth drifted"}), "caught", "growth drifted"),
        (trial(), faulty(trial(), raised="the run diverged"), "caught",
         "its test fails: the run diverged"),
        (trial(), faulty(trial(), raised="KeyError: 'x'", stopped=True), "stops with an error",
         "KeyError: 'x'"),
        (trial(), faulty(trial(0.1, "failed"), raised="KeyError: 'x'", stopped=True), "caught",
         "size is 0.1, but must be at least 0.5; without the fault it is 1"),
        (trial(), faulty(trial(), affected=False), "not affected", "it has no length"),
        # What only changes what is seen has no part in what measures the same to the last digit.
        (trial(), faulty(trial(), trained=False), "not affected", "it has no length"),
        (trial(), faulty(trial(1.001), trained=False), "not caught", "every check holds as before"),
        (trial(0.1, "failed"), faulty(trial(0.1, "failed")), "not comparable",
         "it does not pass without the fault either"),
        (trial(0.1, "inconclusive", undecided=True), faulty(trial(0.1, "failed")), "not comparable",
         "it does not pass without the fault either"),
        (trial(outcome="not run"), faulty(trial(0.1, "failed")), "not run",
         "it was not run without the fault either"),
        (trial(), UnderFault(trial(outcome="not run"), None), "not run", ""),
        (trial(), UnderFault(trial(outcome="error"), Planted("t")), "not run", ""),
    ],
)  # fmt: skip
def test_what_a_claim_makes_of_a_fault(own, under, status, why):
    (found,) = record([own], [under]).claims
    assert (found.status, found.why) == (status, why)
    assert bool(found.caught_by) == (status == "caught")
    assert found.runs == (["new"] if "caught" in status or "error" in status else [])


def test_one_row_is_enough_to_catch_and_the_others_are_left_out():
    own = [trial(row="a"), trial(row="b")]
    under = [faulty(trial(row="a"), affected=False), faulty(trial(0.1, "failed", row="b"))]
    (found,) = record(own, under).claims
    assert (found.status, [catch.row for catch in found.caught_by]) == ("caught", ["b"])


def test_a_claim_without_runs_or_that_is_left_out():
    assert record([trial()], []).claims[0].why == "this session leaves it out under this fault"
    (found,) = record([trial()], [], without_runs={"a.size"}).claims
    assert (found.status, found.why) == ("not affected", "it reads no runs")


def test_a_fault_that_was_planted_and_that_nobody_caught_is_told():
    missed = record([trial()], [faulty(trial(2.0))])
    caught = record([trial()], [faulty(trial(0.1, "failed"))])
    nowhere = record([trial()], [])
    assert unnoticed([missed, caught]) == ["nobody catches the fault cut: it is cut"]
    assert unnoticed([nowhere]) == [
        "no claim could show whether it notices the fault cut: it changes nothing that they could "
        "be judged on"
    ]
    in_part = record([trial()], [], partial="some were left out")
    assert (unnoticed([in_part]), in_part.red) == ([], False)
    assert unnoticed([in_part], red=False)[0].endswith("whole suite: some were left out")
    broken = record([trial()], [faulty(trial(), raised="x", stopped=True)], partial="so")
    assert (broken.planted, broken.caught, broken.red) == (True, False, True)
    assert unnoticed([broken])[0].endswith("; 1 claim only stopped with an error")
    both = fault_record(
        FAULT, [claim(trial()), claim(trial(), id="a.b")], {"a.size": [faulty(trial(2.0))]}
    )
    assert unnoticed([both]) == [
        "nobody catches the fault cut: it is cut; of 2 claims 1 not run under it"
    ]


def test_what_is_wrong_with_declarations():
    wrong = [
        Fault("a b", "", "", spec=lambda spec: None),
        Fault("twice", "x", "y", run=lambda run, other: run),
        Fault("twice", "x", "y"),
    ]
    assert list(problems(wrong)) == [
        "the id 'a b' of a fault must be made of letters, digits and underscores",
        "the fault 'a b' has to say what goes wrong and what it stands for",
        "the fault 'twice' has to give both of run and other_seed, or neither",
        "two faults have the id 'twice'",
        "the fault 'twice' changes nothing: give spec, run or measuring",
    ]
