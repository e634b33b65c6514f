"""How the verdicts of a session are to be read."""

import msgspec

from icl_repro.report.text import notes
from icl_repro.statistics.significance import sign_test
from icl_repro.verification.evidence import EvidenceRecord
from icl_repro.verification.record import Comparisons, Profile, Seeds, ThresholdEntry
from tests.support.report_builders import at_least, claim, control, trial
from tests.support.report_fixture import rich_record


def record(**changes):
    return msgspec.structs.replace(rich_record(), **changes)


def of_verdicts(*verdicts, judged=3):
    one = rich_record().claims[0]
    return record(
        claims=[msgspec.structs.replace(one, verdict=v, seeds_judged=judged) for v in verdicts]
    )


def test_seeds_that_were_fixed_beforehand():
    told = notes.seeds_note(record(seeds=Seeds([5, 6], [5, 6, 7])))
    assert told.text == (
        "Seeds 5 and 6 were fixed beforehand by the profile; none was added afterwards."
    )
    assert told.tone == "none"
    every = "Of so few, a claim that is judged seed by seed has to hold on each to be supported."
    for number in range(1, 12):
        told = notes.seeds_note(record(seeds=Seeds(list(range(number)), list(range(number)))))
        all_but_one_tell = sign_test(number - 1, number) <= 0.05
        assert told.text.endswith(every) == (number >= 5 and not all_but_one_tell)
    assert notes.seeds_note(record(seeds=None)).text == ""
    assert notes.seeds_note(record(seeds=Seeds([], [5]))).text == ""


def test_seeds_that_were_added_stand_out():
    told = notes.seeds_note(record(seeds=Seeds([5, 6], [5], [6], "seed 6 was added later")))
    assert (told.text, told.tone) == ("Seed 6 was added later.", "unsure")
    untold = notes.seeds_note(record(seeds=Seeds([5, 6], [5], [6])))
    assert untold.text == "Seed 6 was added afterwards."


def test_few_seeds():
    rest = ": fewer than five can be no more than consistent, contradicted or mixed."
    few = notes.few_seeds_note
    assert few(of_verdicts("consistent", judged=1)) == "The verdict rests on 1 seed" + rest
    assert few(of_verdicts("mixed", "consistent")) == "All verdicts rest on 3 seeds" + rest
    assert few(of_verdicts("mixed", "supported")) == ("1 of these verdicts rests on 3 seeds" + rest)
    assert few(of_verdicts("supported", "not run")) == ""


def test_comparisons_and_how_many_verdicts_their_correction_changes():
    assert notes.comparisons_note(record(comparisons=Comparisons(46))) == (
        "46 claims were tested over seeds; Holm’s correction for so many comparisons changes 2 "
        "verdicts, each of which says so, and leaves 0 of them supported and 0 refuted. It keeps "
        "the chance of even one wrong “supported” at most 5 %, and so that of even one wrong "
        "“refuted”."
    )
    unchanged = notes.comparisons_note(record(comparisons=Comparisons(1), claims=[]))
    assert "changes no verdict." in unchanged
    assert notes.comparisons_note(record(comparisons=None)) == ""


def test_how_many_thresholds_were_set_when_results_had_been_seen():
    told = "Of 25 thresholds, 1 was set or changed when results had been seen; each says so."
    first = rich_record().claims[0]
    assert notes.thresholds_note(rich_record()).startswith(told)
    assert notes.thresholds_note(record(claims=[first])) == (
        "All 4 thresholds were set before any result was seen."
    )
    assert notes.thresholds_note(record(claims=[])) == ""
    undecided = [
        msgspec.structs.replace(one, verdict="inconclusive") for one in rich_record().claims
    ]
    assert notes.thresholds_note(record(claims=undecided)) == told


def test_how_many_verdicts_rest_on_thresholds_that_were_set_before():
    late = ThresholdEntry("ours", "2026-11-26", seen=True, at_least=1)
    first = rich_record().claims[0]
    early = msgspec.structs.replace(first, verdict="supported", p_value=0.03)
    checks = [*early.checks[:-1], msgspec.structs.replace(early.checks[-1], thresholds=[late])]
    seen = msgspec.structs.replace(early, verdict="refuted", checks=checks)
    without_seeds = msgspec.structs.replace(early, p_value=None)
    unknown = msgspec.structs.replace(
        early, checks=[msgspec.structs.replace(one, thresholds=[]) for one in early.checks]
    )
    told = notes.thresholds_note(record(claims=[early, seen, without_seeds, unknown]))
    assert told == (
        "Of 12 thresholds, 1 was set or changed when results had been seen; each says so. A test "
        "keeps its error rate where all were set before: 1 of 3 verdicts “supported” or “refuted” "
        "over seeds rests on such alone."
    )


def test_checks_that_no_control_fails():
    assert notes.unguarded_note(rich_record()) == (
        "14 of 23 checks fail on no control of this session; each says so."
    )
    assert notes.unguarded_note(record(claims=[])) == ""


def test_a_check_that_a_control_fails_on_some_seeds_names_the_others():
    own = [trial("a.one", seed, EvidenceRecord([at_least("length", 9, 8)])) for seed in (5, 6)]
    weak = [
        trial("a.one", seed, EvidenceRecord([at_least("length", value, 8)]), "failed", case="weak")
        for seed, value in ((5, 1), (6, 9))
    ]
    weak[0] = msgspec.structs.replace(weak[0], outcome="passed")
    one = claim("a.one", "S.", "Section 1", "mixed", "", own, [control("weak", "N.", "", weak)])
    assert notes.unguarded_note(record(claims=[one])) == (
        "1 of 1 check fails on no control of this session; each says so. a.one: no control fails "
        "'length' everywhere: weak does not on seed 6."
    )


def test_nothing_empty_is_noted():
    assert notes.notes(record(claims=[], seeds=None, comparisons=None)) == []
    assert len(notes.notes(rich_record())) == 6


def test_a_session_that_is_not_whole_says_what_is_missing():
    measured = EvidenceRecord([at_least("length", 9, 8)])
    ended = [
        trial("a.one", seed, EvidenceRecord(), "not run", "the session ended before it was run")
        for seed in (6, 7)
    ]
    crashed = trial("a.one", 5, EvidenceRecord(), "error", "worker 'gw0' crashed", case="short")
    controls = [control("short", "N.", "error", [crashed]), control("long", "N.", "not run", [])]
    first = claim("a.one", "S.", "", "consistent", "", [trial("a.one", 5, measured), *ended])
    one = msgspec.structs.replace(first, controls=controls)
    two = claim("a.two", "S.", "", "consistent", "", [trial("a.two", 6, measured)])
    profile = Profile("paper", [5, 6, 7], meaningful=True)
    partial = record(claims=[one, two], not_selected=["a.three"], profile=profile)
    assert notes.partial_note(partial) == (
        "Not everything was judged in this session: 1 of 3 claims was not selected, 1 of 2 "
        "controls was not selected, 2 of 4 tests of claims were not run (the session ended before "
        "it was run), 1 of 1 test of controls stopped with an error and 1 claim was not judged on "
        "every seed. Verdicts are corrected for the comparisons of this session alone, of which a "
        "whole one has more."
    )
    whole = claim("a.one", "S.", "", "consistent", "", [trial("a.one", 5, measured)])
    just = Profile("standard", [5], meaningful=True)
    assert notes.partial_note(record(claims=[whole], not_selected=[], profile=just)) == ""
