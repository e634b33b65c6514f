"""What was trained for a claim, in words and cost."""

import msgspec

from icl_repro.report.text.trained import (
    UNTOLD,
    RunKind,
    differing_in_a_word,
    keys_by_kind,
    run_kinds,
    trained_for,
)
from icl_repro.verification.evidence import EvidenceRecord
from tests.support.report_builders import claim, control, trial
from tests.support.report_fixture import rich_record


def test_runs_that_differ_in_their_seed_alone_are_told_once():
    told = [
        "seed 10, plain, long",
        "seed 9, plain, long",
        "plain, seed 7",
        "no number",
        "no number",
    ]
    assert run_kinds(told) == [
        RunKind("plain, long", "Seeds 9 and 10", 2),
        RunKind("plain", "Seed 7", 1),
        RunKind("no number", "", 2),
    ]


def test_keys_stand_with_the_seeds_of_their_kind_in_the_order_of_the_record():
    runs = {"b": "seed 9, plain", "a": "no number", "c": "seed 10, plain", "d": "no number"}
    assert keys_by_kind(runs) == {
        "plain": [("9", "b"), ("10", "c")],
        "no number": [("", "a"), ("", "d")],
    }


def test_runs_that_differ_in_one_word_are_told_together():
    def kind(told, on_seeds="Seed 5", amount=1):
        return RunKind(told, on_seeds, amount)

    kinds = [
        kind("of 10 metres, long"),
        kind("of 5 metres, long"),
        kind("of 7 metres, short"),
        kind("of 2 metres, long", "Seed 6"),
        kind("of 2.5 metres, long", amount=2),
        kind("of 5 metres, loud"),
    ]
    assert differing_in_a_word(kinds) == [
        kind("of 2.5 / 5 / 10 metres, long", amount=4),
        kind("of 7 metres, short"),
        kind("of 2 metres, long", "Seed 6"),
        kind("of 5 metres, loud"),
    ]
    untold = [kind("one", ""), kind("two", "")]
    assert differing_in_a_word(untold) == untold
    assert differing_in_a_word([kind("far, wide"), kind("near wide")]) == [
        kind("far, wide"),
        kind("near wide"),
    ]


def one_claim():
    def reads(case, *runs):
        return msgspec.structs.replace(trial("a.b", 5, EvidenceRecord(), case=case), runs=[*runs])

    controls = [control("c", "N.", "not run", [reads("c", "k1", "k3")])]
    return claim("a.b", "S.", "", "mixed", "", [reads("", "k1", "k2")], controls)


def test_the_cost_counts_each_run_once_and_those_of_controls_apart():
    record = rich_record()
    training = msgspec.structs.replace(record.training, units_trained=1000, seconds=100)
    record = msgspec.structs.replace(
        record,
        training=training,
        runs={"k1": "seed 5, plain", "k2": "seed 6, plain"},
        run_sizes={"k1": 1000, "k2": 500, "k3": 10},
    )
    found = trained_for(record, one_claim())
    assert found.cost == (
        "3 training runs, 1 of them for controls alone: at most 1,510 sequences in all, or "
        "about 2 min 31 s at the speed of this session."
    )
    reused = msgspec.structs.replace(record, run_seconds={"k1": 100.0, "k2": 50.0, "k3": 1.0})
    assert trained_for(reused, one_claim()).cost.endswith(
        "at most 1,510 sequences in all, trained in 2 min 31 s one after the other."
    )
    partly = msgspec.structs.replace(record, run_seconds={"k1": 100.0})
    assert trained_for(partly, one_claim()).cost == found.cost
    assert found.kinds == [RunKind("plain", "Seeds 5 and 6", 2), RunKind(UNTOLD, "", 1)]


def test_an_older_record_tells_no_cost_but_the_number_of_runs():
    record = msgspec.structs.replace(rich_record(), runs={}, run_sizes={"k1": 1000})
    cost = trained_for(record, one_claim()).cost
    assert cost == "3 training runs, 1 of them for controls alone."
    without = claim("a.b", "S.", "", "mixed", "", [])
    assert trained_for(record, without).cost == ""
