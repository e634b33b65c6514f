"""What is known not to hold, in words."""

import msgspec

from icl_repro.report.page import render_html
from icl_repro.report.text import findings
from icl_repro.verification.record import CameOut, Finding, Retired, ThresholdEntry
from tests.support.report_fixture import known, rich_record


def with_findings(*found):
    return msgspec.structs.replace(rich_record(), findings=list(found))


def view_of(finding):
    (view,) = findings.finding_views(with_findings(finding))
    return view


def test_every_status_has_its_words_and_symbol():
    schema = msgspec.json.schema(Finding)["$defs"]["Finding"]["properties"]["status"]
    assert set(findings.STATUS) == set(schema["additionalProperties"]["enum"])
    symbols = [status.symbol for status in findings.STATUS.values()]
    assert len(set(symbols)) == len(symbols)


def test_known_values_stand_beside_those_of_this_session():
    view = view_of(
        known("emergence.generalisation", "accuracy on test (exemplars)",
              {"5": 0.86, "7": 0.8645}, {"5": "another value", "7": "as known"})
    )  # fmt: skip
    assert [(one.seed, one.known, one.now, one.status.word) for one in view.values] == [
        ("Seed 5", "0.86", "0.8579", "another value"),
        ("Seed 7", "0.8645", "0.8645", "as known"),
    ]
    assert view.on_seeds == "seeds 5 and 7"
    assert view.date == "20 October 2026"
    assert view.why.startswith("The spread over seeds")


def test_what_is_checked_no_longer():
    entry = ThresholdEntry("ours", "2026-10-02", False, between=(0.9, 1.1))
    check = Retired("toy.a", "2026-10-20", True, "It is 1 by construction.", check="ratio",
                    commit="abc1234", thresholds=[entry])  # fmt: skip
    control = Retired("toy.a", "2026-10-21", False, "it fails nothing", case="exchanged")
    record = msgspec.structs.replace(rich_record(), retired=[check, control])
    assert findings.retired_views(record) == [
        findings.RetiredView(
            "toy.a",
            "ratio (0.9 to 1.1)",
            "Dropped 20 October 2026, when results had been seen: It is 1 by construction (commit "
            "abc1234).",
        ),
        findings.RetiredView(
            "toy.a",
            "control exchanged",
            "Dropped 21 October 2026, before any result was seen: it fails nothing.",
        ),
    ]
    page = render_html(record)
    assert '<section id="retired" data-folds>' in page
    assert "ratio (0.9 to 1.1)" in page
    assert '<section id="retired" data-folds>' not in render_html(rich_record())


def test_a_control_that_is_known_not_to_fail():
    view = view_of(known("emergence.final_accuracy", "accuracy over all training sequences",
                         {"5": 0.9961}, "as known", case="shuffled"))  # fmt: skip
    assert view.case == "shuffled"
    assert [one.now for one in view.values] == ["0.9961"]


def test_what_was_not_run_or_has_no_seeds():
    view = view_of(known("toy.proof", "sum", {"": None}, {}))
    (value,) = view.values
    assert (value.seed, value.known, value.now, value.status.word) == (
        "", "not finite", "", "not run",
    )  # fmt: skip
    assert view.on_seeds == ""


def test_several_seeds_at_once_are_one_key():
    record = rich_record()
    origin = next(claim for claim in record.claims if claim.id == "toy_saddle.origin")
    over_all = [msgspec.structs.replace(one, seeds=[5, 6, 7]) for one in origin.trials]
    claims = [msgspec.structs.replace(origin, trials=over_all)]
    for key, seeds in (("5,6,7", "seeds 5, 6 and 7"), ("", "")):
        finding = known("toy_saddle.origin", "norm of the gradient", {key: 0.0}, "holds now")
        changed = msgspec.structs.replace(record, claims=claims, findings=[finding])
        (view,) = findings.finding_views(changed)
        assert view.on_seeds == seeds
        assert view.values[0].now == "0"


def test_how_many_there_are_and_whether_they_are_still_so():
    assert findings.findings_note(with_findings()) == ""
    as_known = known("a.b", "c", {"5": 1.0}, "as known")
    assert findings.findings_note(with_findings(as_known)) == "1 check is known not to hold."
    edge = known("a.b", "d", {"5": 1.0}, "on its edge", edge=True)
    off = known("a.b", "f", {"5": 1.0}, "off its edge", edge=True)
    new = known("a.b", "e", {"5": 1.0, "6": 2.0}, {"5": "as known", "6": "holds now"})
    record = with_findings(as_known, edge, new)
    assert findings.findings_note(record) == (
        "2 checks are known not to hold; 1 of them is no longer so."
    )
    assert findings.edges_note(record) == "1 check is on the edge of its threshold."
    assert findings.edges_note(with_findings(edge, off)) == (
        "2 checks are on the edge of their threshold; 1 of them is no longer so."
    )
    assert findings.findings_note(with_findings(edge)) == ""
    assert findings.edges_note(with_findings(new)) == ""


def test_those_of_claims_that_were_not_judged_are_counted_apart():
    judged = known("a.b", "c", {"5": 1.0, "6": 1.0}, {"5": "as known", "6": "not run"})
    others = [known("a.d", name, {"5": 1.0}, "not run") for name in "ef"]
    assert findings.findings_note(with_findings(judged, *others)) == (
        "1 check is known not to hold; 2 more were not judged in this session."
    )


def test_an_edge_says_how_near_its_bound_is_how_far_trainings_differ_and_how_it_came_out():
    view = view_of(
        known("emergence.generalisation", "accuracy on test (exemplars)", {"5": 0.86, "6": 0.86},
              {"5": "on its edge", "6": "off its edge", "7": "not run"},
              {"5": CameOut(0.8579, False), "6": CameOut(0.8612, True)},
              edge=True, bound=0.86, spread=0.003, pairs=1)
    )  # fmt: skip
    assert [value.status.word for value in view.values] == [
        "fails, on its edge",
        "holds, off its edge",
    ]
    assert view.spread == (
        "Its bound is 0.86; trainings of one seed differ by as much as 0.003 (1 pair compared)."
    )
    older = view_of(known("a.b", "c", {"5": 1.0}, "on its edge", edge=True))
    assert older.spread == "Closer to its bound than trainings of one seed differ."
    assert view_of(known("a.b", "c", {"5": 1.0}, "as known")).spread == ""


def test_what_can_no_longer_be_told_is_counted_as_changed():
    left_open = known("race.strength", "speed", {"5": -0.4}, "left open")
    (value,) = view_of(left_open).values
    assert (value.status.word, value.status.tone) == ("can no longer be told", "broken")
    record = msgspec.structs.replace(rich_record(), findings=[left_open])
    assert findings.findings_note(record) == (
        "1 check is known not to hold; 1 of them is no longer so."
    )
