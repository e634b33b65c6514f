"""The ledger: what its files may say, thresholds that moved, and failures that are known."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from icl_repro.numbers import number
from icl_repro.verification.declare import Control
from icl_repro.verification.evidence import EvidenceRecord
from icl_repro.verification.ledger import Ledger, TrialJudgement, UnusableLedger, load
from icl_repro.verification.record import CameOut, ClaimRecord, ControlRecord, Outcome, Trial
from icl_repro.verification.recorder import Evidence
from icl_repro.verification.reported import Reported
from icl_repro.verification.spreads import Spread, Spreads

LEDGER = """
[thresholds."growth.early"."length"]
published = "paper.length"
history = [
  { at_least = 2.0, origin = "stated in the paper", date = 2026-10-02, seen = false },
  { at_least = 1.5, origin = "ours", date = 2026-10-09, seen = true, reason = "the paper rounds" },
]
[thresholds."growth.early"."width"]
history = [ { between = [0, 1], origin = "ours", date = 2026-10-02, seen = false } ]

[[findings]]
claim = "growth.early"
check = "length"
values = { 7 = 1.2, 8 = 1.4, 9 = nan }
within = 0.012
date = 2026-10-20
why = "It grows late there."
evidence = "commit abc1234, five seeds"
"""
CONTROL = LEDGER.replace('check = "length"', 'check = "length"\ncase = "no_water"').replace(
    "7 = 1.2, 8 = 1.4", "7 = 1.7, 8 = 1.9"
)
WITHOUT = LEDGER.replace(
    '"width"]', '"width"]\nno_control = { 7 = "nothing is narrow", "8,9" = "nor together" }'
)
RETIRED = """
[[retired]]
claim = "growth.early"
check = "weight"
date = 2026-10-21
seen = true
why = "It is the same as the length."
commit = "abc1234"
history = [ { at_most = 5, origin = "ours", date = 2026-10-02, seen = false } ]
[[retired]]
claim = "growth.early"
case = "no_sun"
date = 2026-10-21
seen = false
why = "It could not fail."
"""


def on_edge(values: str, of: str = LEDGER) -> str:
    """The ledger with other known values, which are said to be on the edge of the threshold."""
    start, end = of.index("values = ") + 9, of.index("\nwithin")
    rest = of[end:].replace("within = 0.012", "within = 0.09")
    return of[:start] + values + "\nedge = true" + rest


def spread(largest: float, check: str = "length", case: str = "", pairs: int = 3) -> Spreads:
    """That trainings of one seed differ as much in a check."""
    one = Spread("growth.early", case, check, largest, pairs, [0])
    return Spreads({("growth.early", case, check): one})


@pytest.fixture
def write(tmp_path: Path):
    def write(text: str, name: str = "growth.toml") -> Path:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


@pytest.fixture
def ledger(write) -> Ledger:
    return load(write(LEDGER))


def length(value: float, **fields) -> EvidenceRecord:
    """Evidence with one check, by default with the bounds of the ledger."""
    evidence = Evidence()
    bounds = {"at_least": 1.5} if not {"at_most", "at_least"} & fields.keys() else {}
    published = Reported(2.0, "Section 3", id="paper.length")
    evidence.check("length", value, **{"published": published} | bounds | fields)
    return evidence.evidence


def only(judgement: TrialJudgement, kind: str) -> str:
    """The one sentence of a judgement, which is of that kind."""
    found = {name: said for name, said in vars(judgement).items() if said}
    assert found.keys() == {kind}
    (sentence,) = found[kind]
    return sentence


def test_a_ledger_is_read_from_a_file_or_a_folder(write, ledger: Ledger):
    assert ledger.configured
    known = ledger.thresholds["growth.early", "length"]
    assert [entry.at_least for entry in known.history] == [2.0, 1.5]
    newest = known.history[-1]
    assert (newest.date, newest.seen, newest.reason) == ("2026-10-09", True, "the paper rounds")
    assert newest.bounds == ("at_least", 1.5, None)
    (found,) = ledger.findings
    assert found.values == {"7": 1.2, "8": 1.4, "9": None}
    assert load(write(LEDGER).parent) == ledger


def test_without_a_ledger_every_failure_is_new_and_no_threshold_moves():
    empty = load(None)
    assert empty == Ledger()
    assert empty.judge("growth.early", "", 5, length(2.0)) == TrialJudgement()
    said = only(empty.judge("growth.early", "", 7, length(1.2)), "new_failures")
    assert said.startswith("length is 1.2, but must be at least 1.5")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[thresholds", "growth.toml is not TOML: "),
        ("[treshold]", "there is no table 'treshold'; did you mean 'thresholds'?"),
        ("thresholds = 3", "thresholds must be a table, not 3"),
        ('[thresholds]\n"growth.early" = 3', 'thresholds."growth.early" must be a table, not 3'),
        ("findings = 3", r"findings must be tables headed \[\[findings\]\]"),
        (
            LEDGER.replace("at_least = 2.0", "at_lest = 2.0"),
            r'thresholds."growth.early"."length": history\[0\]: Object contains unknown field '
            "`at_lest`; did you mean 'at_least'",
        ),
        (
            LEDGER.replace('published = "paper', 'publisht = "paper'),
            "unknown field `publisht`; did you mean 'published'",
        ),
        (
            LEDGER.replace("within = 0.012", "witin = 0.1"),
            "finding 1: Object contains unknown field `witin`; did you mean 'within'",
        ),
        (
            LEDGER.replace("at_least = 2.0, ", ""),
            "exactly one of at_least, at_most, between and margin",
        ),
        (LEDGER.replace("at_least = 2.0", "at_least = 2.0, at_most = 3"), "exactly one of"),
        (LEDGER.replace("at_least = 2.0", "margin = [0, 1], at_most = 3"), "exactly one of"),
        (LEDGER.replace("between = [0, 1]", "margin = [0, inf]"), "the threshold must be finite"),
        (LEDGER.replace("at_least = 2.0", "at_least = inf"), "the threshold must be finite"),
        (LEDGER.replace('"stated in the', '"stated in a'), "did you mean 'stated in the paper'"),
        (LEDGER.replace('reason = "the paper rounds"', 'reason = ""'), "and must say why: reason"),
        (LEDGER.replace("2026-10-09", "2026-09-09"), "is older than the entry before it"),
        (LEDGER.replace(", seen = false }", " }"), "missing required field `seen`"),
        (LEDGER.replace("= [0, 1]", "= [0]"), "Expected `array` of length 2"),
        (LEDGER.replace("{ 7 = 1.2", "{ five = 1.2"), "'five' is no seed; write a seed"),
        (LEDGER.replace("{ 7 = 1.2, 8 = 1.4, 9 = nan }", "{}"), "values must name a seed"),
        (LEDGER.replace("within = 0.012", "within = -1"), "within must be 0 or more, not -1"),
        (LEDGER.replace('why = "It grows late there."', 'why = ""'), "why must say something"),
        (LEDGER + LEDGER[LEDGER.index("[[") :], "finding 2 is about the same as one before it"),
        (
            '[thresholds."growth.early"."length"]\nhistory = []',
            "history must have an entry",
        ),
        (LEDGER.replace('"paper.length"', "nan"), '"length": published must be finite'),
        (LEDGER.replace('"paper.length"', "true"), '"length": published: Expected `float | str'),
        (WITHOUT.replace("7 = ", "x = "), "no_control: 'x' is no seed; write a seed"),
        (WITHOUT.replace("nothing is narrow", " "), "no_control: '7' must say why no control"),
        (WITHOUT.replace("no_control", "condition = true\nno_control"), "which no control has to"),
        ("retired = 3", r"retired must be tables headed \[\[retired\]\]"),
        (RETIRED.replace("why = ", "wy = "), "retired 1: .*; did you mean 'why'"),
        (RETIRED.replace('check = "weight"\n', ""), "retired 1 must name a check, or a control"),
        (RETIRED.replace('case = "no_sun"', 'check = "sun"'), "retired 2: a check has a history"),
        (RETIRED.replace('why = "It could', 'why = " " # "'), "retired 2: why must say something"),
        (RETIRED.replace("at_most = 5", "at_most = nan"), r"retired 1: history\[0\]: the thresh"),
        (LEDGER + RETIRED.replace("weight", "width"), "'width' of growth.early is retired and has"),
    ],
)
def test_what_a_ledger_may_not_say(write, text: str, message: str):
    path = write(text)
    with pytest.raises(UnusableLedger, match=message) as said:
        load(path)
    assert str(said.value).startswith(str(path))
    assert "\n" not in str(said.value)


def test_a_ledger_that_is_not_there_or_not_a_text(write, tmp_path: Path):
    with pytest.raises(UnusableLedger, match="there is no ledger at"):
        load(tmp_path / "none")
    path = write("")
    path.write_bytes(b"\xff")
    with pytest.raises(UnusableLedger, match="is not a text in UTF-8"):
        load(path)
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(UnusableLedger, match=r"folder.toml cannot be read"):
        load(tmp_path)


def test_two_files_may_not_say_the_same(write):
    write(LEDGER)
    path = write(LEDGER[: LEDGER.index("[[")], "more.toml")
    with pytest.raises(UnusableLedger, match="is in another file of the ledger too"):
        load(path.parent)


EACH = """
[thresholds."growth.early"."length, {}"]
each = ["wet", "dry"]
history = [ { at_least = 2.0, origin = "ours", date = 2026-10-02, seen = false } ]
"""


def test_a_threshold_of_several_checks_is_that_of_each(write):
    found = load(write(EACH)).thresholds
    assert list(found) == [("growth.early", "length, wet"), ("growth.early", "length, dry")]
    assert len({threshold.history for threshold in found.values()}) == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (EACH.replace(', "dry"', ', "wet"'), "each must list something, and nothing twice"),
        (EACH.replace('["wet", "dry"]', "[]"), "each must list something"),
        (EACH.replace(", {}", ""), "a threshold of several checks has {} in its name"),
        (EACH.replace('each = ["wet", "dry"]', ""), "and one of a single check has neither"),
        (
            EACH + EACH.replace("{}", "wet").replace('each = ["wet", "dry"]', ""),
            "'length, wet' has a threshold of its own too|is in another file",
        ),
    ],
)
def test_what_a_threshold_of_several_checks_may_not_be(write, wrong, message):
    with pytest.raises(UnusableLedger, match=message.replace("{}", "{}")):
        load(write(wrong))


# Failures that are known.


def test_a_known_failure_by_its_known_value_is_expected(ledger: Ledger):
    said = only(ledger.judge("growth.early", "", 7, length(1.21)), "known")
    assert said.startswith("length is 1.21, but must be at least 1.5")
    assert said.endswith("; known since 2026-10-20: It grows late there.")
    assert not ledger.judge("growth.early", "", 7, length(1.21)).red


def test_a_new_failure_beside_a_known_one_is_red(ledger: Ledger):
    for seed in (5, None):
        judgement = ledger.judge("growth.early", "", seed, length(1.21))
        assert only(judgement, "new_failures").startswith("length is 1.21")
        assert judgement.red
    width = Evidence()
    width.check("width", 3, between=(0, 1))
    assert ledger.judge("growth.early", "", 7, width.evidence).red


def test_a_known_failure_that_holds_is_red(ledger: Ledger):
    judgement = ledger.judge("growth.early", "", 7, length(1.6))
    assert only(judgement, "holds_now") == (
        "length is 1.6, where at least 1.5 is asked for; it is known since 2026-10-20 to fail (1.2 "
        "on seed 7, 1.4 on seed 8, not finite on seed 9; within 0.012), but does not any more: "
        "correct the ledger"
    )
    assert judgement.red


def test_a_known_failure_by_another_value_is_red(ledger: Ledger):
    judgement = ledger.judge("growth.early", "", 7, length(1.35))
    assert "but does so by another value: correct the ledger" in only(judgement, "another_value")
    assert judgement.red
    assert only(ledger.judge("growth.early", "", 7, length(math.nan)), "another_value")


def test_a_value_may_be_known_not_to_be_finite(ledger: Ledger):
    assert only(ledger.judge("growth.early", "", 9, length(math.nan)), "known")
    assert only(ledger.judge("growth.early", "", 9, length(1.0)), "another_value")


@pytest.mark.parametrize("known", [1.48, 1.52])
@pytest.mark.parametrize("value", [1.45, 1.55])
def test_on_its_edge_neither_outcome_is_red(write, value: float, known: float):
    ledger = load(write(on_edge(f"{{ 7 = {known} }}")), spread(0.05))
    judgement = ledger.judge("growth.early", "", 7, length(value))
    came_out = "fails" if value < 1.5 else "holds"
    assert only(judgement, "edges").startswith(
        f"length is {value} and {came_out} on the edge of its threshold, at least 1.5: trainings "
        "of one seed differ by as much as 0.05; known since 2026-10-20: It grows late"
    )
    assert not judgement.red


@pytest.mark.parametrize("value", [1.3, 1.7, math.nan])
def test_off_its_edge_either_outcome_is_red(write, value: float):
    ledger = load(write(on_edge("{ 7 = 1.48 }")), spread(0.05))
    judgement = ledger.judge("growth.early", "", 7, length(value))
    said = only(judgement, "off_edge")
    assert said.endswith(
        "where at least 1.5 is asked for; it is known since 2026-10-20 to lie on the edge of that "
        "(1.48 on seed 7; within 0.09), but lies off it: correct the ledger"
    )
    assert judgement.red


def undecided(value: float) -> EvidenceRecord:
    """Evidence with one check, stated after the test said that it can tell neither way."""
    evidence = Evidence()
    evidence.inconclusive("too close")
    published = Reported(2.0, "Section 3", id="paper.length")
    evidence.check("length", value, at_least=1.5, published=published)
    return evidence.evidence


@pytest.mark.parametrize("value", [1.0, 1.2, 1.6])
def test_what_tells_neither_way_neither_fails_nor_holds(ledger: Ledger, value: float):
    assert ledger.judge("growth.early", "", 5, undecided(value)) == TrialJudgement()
    assert ledger.judge("growth.early", "a_control", 5, undecided(value)) == TrialJudgement()


def test_a_known_failure_that_can_no_longer_be_told_is_red(ledger: Ledger):
    for value in (1.0, 1.2, 1.6):
        judgement = ledger.judge("growth.early", "", 7, undecided(value))
        assert only(judgement, "untold") == (
            "length is known since 2026-10-20 to fail (1.2 on seed 7, 1.4 on seed 8, not finite on "
            "seed 9; within 0.012), but can no longer be told: too close; correct the ledger"
        )
        assert judgement.red


def test_what_is_known_of_any_seeds_at_once_may_be_left_open_of_some(write):
    of_any = load(write(LEDGER.replace("{ 7 = 1.2, 8 = 1.4, 9 = nan }", "{ - = 1.2 }")))
    judgement = of_any.judge("growth.early", "", None, undecided(1.2), seeds=[5])
    assert only(judgement, "not_run").endswith(
        "to fail; as the test can tell neither way, that was not run"
    )
    assert not judgement.red
    of_these = load(write(LEDGER.replace("{ 7 = 1.2, 8 = 1.4, 9 = nan }", '{ "5,6" = 1.2 }')))
    judgement = of_these.judge("growth.early", "", None, undecided(1.2), seeds=[5, 6])
    assert only(judgement, "untold")
    assert judgement.red


def test_what_was_stated_before_still_counts(ledger: Ledger):
    for value, kind in ((1.2, "known"), (1.6, "holds_now"), (1.0, "another_value")):
        evidence = length(value)
        evidence.undecided = "too close"
        assert only(ledger.judge("growth.early", "", 7, evidence), kind)
    evidence = length(1.0)
    evidence.undecided = "too close"
    assert ledger.judge("growth.early", "", 5, evidence).red


def test_what_tells_neither_way_is_held_to_its_threshold_all_the_same(ledger: Ledger):
    evidence = Evidence()
    evidence.inconclusive("too close")
    evidence.check("width", 0.5, between=(0, 2))
    assert "the threshold of 'width' moved" in only(
        ledger.judge("growth.early", "", 5, evidence.evidence), "moved"
    )


# Conditions: from which bound on the checks of a claim can be judged.

CONDITION = """
[thresholds."growth.early"."light"]
condition = true
history = [ { at_least = 0.25, origin = "ours", date = 2026-10-02, seen = false } ]
"""


def in_the_light(light: float, at_least: float = 0.25) -> EvidenceRecord:
    """Evidence with one check, stated after the condition that there is light."""
    evidence = Evidence()
    evidence.inconclusive("it is dark", unless="light", value=light, at_least=at_least)
    published = Reported(2.0, "Section 3", id="paper.length")
    evidence.check("length", 1.2, at_least=1.5, published=published)
    return evidence.evidence


def test_a_condition_decides_whether_what_follows_can_be_told(write):
    ledger = load(write(LEDGER + CONDITION))
    assert only(ledger.judge("growth.early", "", 7, in_the_light(0.25)), "known")
    assert only(ledger.judge("growth.early", "", 5, in_the_light(0.25)), "new_failures")
    assert ledger.judge("growth.early", "", 5, in_the_light(0.2)) == TrialJudgement()
    said = only(ledger.judge("growth.early", "", 7, in_the_light(0.2)), "untold")
    assert said.endswith(
        "can no longer be told: it is dark: light is 0.2, where it takes at least 0.25 to tell; "
        "correct the ledger"
    )


@pytest.mark.parametrize("case", ["", "no_water"])
@pytest.mark.parametrize("light", [0.2, 0.3, 0.6])
def test_a_condition_that_moved_is_red_whether_or_not_it_is_met(write, light: float, case: str):
    ledger = load(write(LEDGER + CONDITION))
    judgement = ledger.judge("growth.early", case, 5, in_the_light(light, 0.5))
    assert judgement.moved == [
        "the threshold of 'light' moved: it is at least 0.5, but the ledger says at least 0.25 "
        "since 2026-10-02; a new entry of its history says when and why"
    ]
    assert judgement.red


def test_a_check_cannot_become_a_condition_unnoticed_nor_the_other_way_round(write):
    ledger = load(write(LEDGER + CONDITION.replace("condition = true", "")))
    assert ledger.judge("growth.early", "", 5, in_the_light(0.2)).moved == [
        "'light' of growth.early is a condition, but in the ledger a check"
    ]
    checked = Evidence()
    checked.check("light", 0.3, at_least=0.25)
    ledger = load(write(LEDGER + CONDITION))
    assert ledger.judge("growth.early", "", 5, checked.evidence).moved == [
        "'light' of growth.early is a check, but in the ledger a condition"
    ]
    lacking = load(write(LEDGER)).judge("growth.early", "", 5, in_the_light(0.2)).moved
    assert lacking[0].startswith("the ledger has no threshold of condition 'light'")


def test_a_condition_has_neither_a_published_value_nor_a_known_failure(write):
    published = CONDITION.replace("condition", 'published = "paper.light"\ncondition')
    with pytest.raises(UnusableLedger, match="is a condition, beside which no published value"):
        load(write(LEDGER + published))
    known = LEDGER.replace('check = "length"', 'check = "light"')
    with pytest.raises(UnusableLedger, match="finding 1: 'light' is a condition, and no check"):
        load(write(known + CONDITION))


# How far from the known value one may lie and still be the known one.


@pytest.mark.parametrize(
    ("value", "within", "measured", "widest"),
    [
        (1.2, 0.015, None, "0.015"),  # 1 % of the bound
        (-1e9, 1e7, None, "10,000,000"),  # 1 % of the value
        (1.2, 0.04, 0.02, "0.04"),  # twice what trainings differ by
        (1.2, 0.015, 0.001, "0.015"),
        (0.0, 0.49, None, "0.5"),  # a count
    ],
)
def test_what_counts_as_the_known_value_is_no_wider_than_trainings_differ(
    write, value: float, within: float, measured: float | None, widest: str
):
    spreads = Spreads() if measured is None else spread(measured)
    text = LEDGER.replace("{ 7 = 1.2, 8 = 1.4, 9 = nan }", f"{{ 7 = {value} }}")
    load(write(text.replace("within = 0.012", f"within = {within}")), spreads)
    with pytest.raises(UnusableLedger) as said:
        load(write(text.replace("within = 0.012", f"within = {1.03 * within}")), spreads)
    assert f"finding 1: within {number(1.03 * within)} is wider than the known value " in str(
        said.value
    )
    assert f"on seed 7 may differ, {widest}: 2 times what trainings" in str(said.value)


def test_of_several_known_values_the_nearest_to_nothing_says_how_wide(write):
    text = LEDGER.replace('"length"]', '"weight"]')  # no bound is known
    text = text.replace("7 = 1.2, 8 = 1.4", "7 = 1.2, 8 = 0.05")
    load(write(text.replace("within = 0.012", "within = 0.0005")))
    with pytest.raises(UnusableLedger, match=r"known value 0\.05 on seed 8 may differ, 0\.0005"):
        load(write(text.replace("within = 0.012", "within = 0.001")))


# What is said to be known has to fit the threshold.


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LEDGER.replace("7 = 1.2", "7 = 1.6"), "1.6 on seed 7 is no failure: the check asks for"),
        (LEDGER.replace("7 = 1.2", "7 = 1.5"), "1.5 on seed 7 is no failure: the check asks for"),
        (
            LEDGER.replace("within = 0.012", "within = 0.1"),
            "within 0.1 of the known value 1.4 on seed 8 lies the threshold, at least 1.5; make",
        ),
        (LEDGER.replace("within = 0.012", "within = 1000"), "within 1,000 of the known value 1.2"),
        (on_edge("{ 7 = -500 }"), "edge = true says that the threshold, at least 1.5, lies within"),
        (on_edge("{ 7 = 1.45, 8 = 1.2 }"), "within 0.09 of each known value, but it does not"),
        (on_edge("{ 7 = 1.45, 8 = nan }"), "within 0.09 of each known value, but it does not"),
        (on_edge("{ 7 = 1.7 }"), "edge = true says that the threshold, at least 1.5, lies within"),
        (CONTROL.replace("7 = 1.7", "7 = 1.2"), "1.2 on seed 7 does fail, as it must in a control"),
        (CONTROL.replace("7 = 1.7", "7 = 1.51"), "0.012 of the known value 1.51 on seed 7 lies"),
        (on_edge("{ 7 = 1.7 }", CONTROL), "edge = true says that the threshold, at least 1.5"),
    ],
)
def test_known_values_fail_the_newest_threshold_and_those_of_controls_hold(
    write, text: str, message: str
):
    with pytest.raises(UnusableLedger, match=message) as said:
        load(write(text), spread(0.05))
    assert f"{write(text)}: finding 1: " in str(said.value)


@pytest.mark.parametrize(
    ("spreads", "message"),
    [
        (
            Spreads(),
            "says that trainings of one seed differ by more than the value of 'length' lies from "
            "its threshold, but how far they differ in it was not measured (icl_spread); measure "
            "it, or say what holds without edge",
        ),
        (spread(0.5, check="width"), "was not measured (icl_spread)"),
        (spread(0.5, case="no_water"), "was not measured (icl_spread)"),
        (
            spread(0.0, pairs=1),
            "edge = true, but in 'length' trainings of one seed do not differ (1 pair compared); "
            "it is a known failure, or none, without edge",
        ),
        (
            spread(0.019),
            "edge = true, but the known value 1.46 on seed 8 lies 0.04 from its bound, 1.5, "
            "farther than 2 times 0.019, the largest difference between trainings of one seed (3 "
            "pairs compared); it is a known failure, or none, without edge",
        ),
        (
            spread(0.044),
            "within 0.09 is wider than 2 times 0.044, the largest difference between trainings of "
            "one seed (3 pairs compared); make it smaller",
        ),
    ],
)
def test_an_edge_is_as_wide_as_trainings_were_measured_to_differ(
    write, spreads: Spreads, message: str
):
    path = write(on_edge("{ 7 = 1.49, 8 = 1.46 }"))
    with pytest.raises(UnusableLedger) as said:
        load(path, spreads)
    assert str(said.value).startswith(f"{path}: finding 1: ")
    assert message in str(said.value)


def test_an_edge_carries_the_figures_that_put_it_there(write):
    (known,) = load(write(on_edge("{ 7 = 1.49, 8 = 1.46 }")), spread(0.045)).findings
    assert (known.bound, known.spread, known.pairs) == (1.5, 0.045, 3)
    (plain,) = load(write(LEDGER), spread(0.045)).findings
    assert (plain.bound, plain.spread, plain.pairs) == (None, None, 0)


def test_a_known_failure_is_held_against_a_threshold_of_another_file(write):
    write(LEDGER[: LEDGER.index("[[")])
    path = write(LEDGER[LEDGER.index("[[") :].replace("7 = 1.2", "7 = 1.6"), "a_first.toml")
    load(path)
    with pytest.raises(UnusableLedger, match=r"a_first\.toml: finding 1: .* is no failure"):
        load(path.parent)


def test_beyond_either_end_of_a_range_is_a_failure(write):
    width = LEDGER.replace('check = "length"', 'check = "width"')
    for values in ("{ 7 = -0.2, 8 = 1.2 }", "{ 7 = nan }"):
        narrow = width.replace("within = 0.012", "within = 0.002")
        load(write(narrow.replace("{ 7 = 1.2, 8 = 1.4, 9 = nan }", values)))
    load(write(on_edge("{ 7 = -0.05, 8 = 1.05 }", width)), spread(0.05, check="width"))
    wide = width.replace("within = 0.012", "within = 0.09")
    for value in (-0.05, 0.5, 1.05):
        with pytest.raises(UnusableLedger, match=r"asks for between|lies the threshold, between"):
            load(write(wide.replace("7 = 1.2, 8 = 1.4", f"7 = {value}")))


# In controls, and over several seeds.


def test_a_control_may_be_known_not_to_fail(write):
    ledger = load(write(CONTROL))
    known = ledger.judge("growth.early", "no_water", 7, length(1.7))
    assert "but this control must fail that check; known since" in only(known, "known")
    fails = ledger.judge("growth.early", "no_water", 7, length(1.0))
    assert "known since 2026-10-20 not to fail in this control" in only(fails, "holds_now")
    assert only(ledger.judge("growth.early", "no_sun", 7, length(1.7)), "new_failures")
    assert ledger.judge("growth.early", "", 7, length(1.7)) == TrialJudgement()


def test_in_a_control_only_what_it_names_must_fail(ledger: Ledger):
    evidence = length(1.7)
    assert ledger.judge("growth.early", "other", 5, evidence).red
    assert not ledger.judge("growth.early", "other", 5, evidence, only=("width",)).red
    never = length(math.nan)
    said = only(ledger.judge("growth.early", "other", 5, never), "new_failures")
    assert "counts as failed only where the control says why" in said
    assert not ledger.judge("growth.early", "other", 5, never, undefined="never grows").red


def test_a_check_may_have_no_control_on_some_seeds_or_on_any(write):
    ledger = load(write(WITHOUT))
    assert ledger.no_control("growth.early", "width", 7) == "nothing is narrow"
    assert ledger.no_control("growth.early", "width", None, [9, 8]) == "nor together"
    for check, seed, seeds in (("width", 8, []), ("width", None, [6]), ("length", 7, [])):
        assert ledger.no_control("growth.early", check, seed, seeds) == ""
    ledger = load(write(WITHOUT.replace("7 = ", '"-" = ')))
    for seed, seeds in ((8, []), (None, [7]), (None, [])):
        assert ledger.no_control("growth.early", "width", seed, seeds) == "nothing is narrow"
    assert ledger.no_control("growth.late", "width", 8) == ""


def test_over_several_seeds_at_once_a_failure_is_known_for_these_or_for_any(write):
    ledger = load(write(LEDGER.replace("{ 7 = 1.2, 8 = 1.4, 9 = nan }", '{ 5 = 1.2, "-" = 1.4 }')))

    def judge(value: float, *seeds: int) -> TrialJudgement:
        return ledger.judge("growth.early", "", None, length(value), seeds=seeds)

    assert only(judge(1.2, 5), "known")
    assert only(judge(1.2, 5, 6), "another_value")
    assert only(judge(1.4, 5, 6), "known")
    assert only(judge(1.4), "known")


# Thresholds that moved.


def test_a_threshold_as_in_the_ledger_has_not_moved(ledger: Ledger):
    evidence = Evidence()
    evidence.check("width", 0.5, between=(0, 1 + 1e-12))
    assert ledger.judge("growth.early", "", 5, evidence.evidence) == TrialJudgement()
    assert ledger.judge("growth.early", "", 5, length(2.0)) == TrialJudgement()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"at_least": 1.4},
            "the threshold of 'length' moved: it is at least 1.4, but the ledger says at least 1.5 "
            "since 2026-10-09",
        ),
        ({"at_most": 9}, "it is at most 9, but the ledger says at least 1.5"),
        ({"at_least": 2.0}, "it is at least 2, but the ledger says at least 1.5"),
        (
            {"published": Reported(2.0, "", id="paper.other")},
            "is set beside the published value 2 (paper.other), but the ledger names the published "
            "value paper.length",
        ),
        ({"published": None}, "is set beside no published value, but the ledger names the publis"),
    ],
)
def test_a_threshold_that_moved_is_red(ledger: Ledger, fields: dict, message: str):
    judgement = ledger.judge("growth.early", "", 5, length(3.0, **fields))
    assert message in only(judgement, "moved")
    assert judgement.red


def width_beside(published: Reported | None) -> EvidenceRecord:
    """Evidence with the other check of the ledger, for which it names no published value."""
    evidence = Evidence()
    evidence.check("width", 0.5, between=(0, 1), published=published)
    return evidence.evidence


def test_a_published_value_that_the_ledger_does_not_name_is_red(ledger: Ledger):
    judgement = ledger.judge("growth.early", "", 5, width_beside(Reported(0.25, "Figure 2")))
    assert only(judgement, "moved") == (
        "'width' is set beside the published value 0.25, but the ledger names no published value"
    )
    assert judgement.red


@pytest.mark.parametrize(("named", "value"), [("0.1235", 0.12346), ("0", 0.0), ("34500", 34496)])
def test_a_published_value_may_be_named_by_itself_as_it_is_rounded(write, named: str, value: float):
    line = f"published = {named}\nhistory = [ {{ between"
    ledger = load(write(LEDGER.replace("history = [ { between", line)))
    for paper in (Reported(value, ""), Reported(value, "", id="calc.width")):
        assert not ledger.moved(width_beside(paper).checks[0], "growth.early")
    other = 1.01 * value + 0.01
    for paper, said in ((Reported(other, ""), number(other)), (None, "no published value")):
        moved = ledger.moved(width_beside(paper).checks[0], "growth.early")
        assert said in moved
        assert moved.endswith(f"but the ledger names the published value {number(float(named))}")


def test_what_is_published_of_several_seeds_at_once_depends_on_which(write):
    named = "published = 0.6\npublished_fails = 'on seed 6'\nhistory = [ { between"
    ledger = load(write(LEDGER.replace("history = [ { between", named)))

    def judge(paper: Reported | None, *seeds: int) -> TrialJudgement:
        return ledger.judge("growth.early", "", None, width_beside(paper), seeds=seeds)

    assert judge(Reported(0.7, ""), 5, 6) == TrialJudgement()
    assert judge(Reported(1.7, ""), 6) == TrialJudgement()
    assert judge(None, 5, 6).moved
    assert judge(Reported(0.7, "")).moved
    assert judge(Reported(0.6, "")).published, "it does not fail"


def test_an_equivalence_that_became_a_range_has_moved(ledger: Ledger, write):
    evidence, equivalent = Evidence(), Evidence()
    evidence.check("width", 0.5, between=(0, 1))
    equivalent.equivalent("width", 0.5, margin=(0, 1))
    said = only(ledger.judge("growth.early", "", 5, equivalent.evidence), "moved")
    assert "it is within a margin of 0 to 1, but the ledger says between 0 and 1" in said
    declared = load(write(LEDGER.replace("between = [0, 1]", "margin = [0, 1]")))
    assert declared.judge("growth.early", "", 5, equivalent.evidence) == TrialJudgement()
    said = only(declared.judge("growth.early", "", 5, evidence.evidence), "moved")
    assert "it is between 0 and 1, but the ledger says within a margin of 0 to 1" in said


def test_a_check_that_the_ledger_lacks_is_red(ledger: Ledger):
    evidence = Evidence()
    evidence.check("lenght", 1, at_least=0)
    assert only(ledger.judge("growth.early", "", 5, evidence.evidence), "moved") == (
        "the ledger has no threshold of check 'lenght' of growth.early; did you mean 'length'?"
    )
    assert not ledger.judge("growth.early", "a_control", 5, length(1.0, at_least=9)).moved


def test_a_published_value_that_fails_its_own_check_is_declared(ledger: Ledger, write):
    paper = Reported(1.0, "Section 3", id="paper.length")
    said = only(ledger.judge("growth.early", "", 5, length(2.0, published=paper)), "published")
    assert said == (
        "the published value of 'length', 1, fails this check, which must be at least 1.5; the "
        "ledger has to say why: published_fails"
    )
    declared = LEDGER.replace("published = ", 'published_fails = "rounded"\npublished = ')
    evidence = length(2.0, published=paper)
    assert load(write(declared)).judge("growth.early", "", 5, evidence) == TrialJudgement()
    said = only(load(write(declared)).judge("growth.early", "", 5, length(2.0)), "published")
    assert said == (
        "the ledger says why the published value of 'length' fails this check, which must be at "
        "least 1.5, but 2 holds: delete published_fails"
    )
    of_seeds = Reported(2.0, "", over_seeds=[2.0, 1.0], id="paper.length")
    assert ledger.judge("growth.early", "", 5, length(2.0, published=of_seeds)).published


# What the ledger names, and what became of it.


def test_what_is_checked_no_longer_is_kept(write):
    ledger = load(write(LEDGER + RETIRED))
    check, control = ledger.retired
    assert (check.check, check.case, check.date, check.seen) == ("weight", "", "2026-10-21", True)
    assert [entry.at_most for entry in check.thresholds] == [5]
    assert (control.check, control.case, control.thresholds) == ("", "no_sun", [])
    assert ledger.unknown({"growth.early": ["no_water"]}) == []
    assert ledger.unknown({"growth.early": ["no_sun"]}) == [
        "the ledger says that a control 'no_sun' of growth.early is retired, but it exists"
    ]
    weight = Evidence()
    weight.check("weight", 1, at_most=5)
    assert ledger.judge("growth.early", "", 5, weight.evidence).moved, "it has no threshold"


def test_what_does_not_exist_names_the_nearest(ledger: Ledger, write):
    assert ledger.unknown({"growth.early": []}) == []
    assert ledger.unknown({"growth.earlier": []}) == [
        "the ledger names a claim 'growth.early', which does not exist; did you mean "
        "'growth.earlier'?"
    ]
    of_control = load(write(CONTROL))
    assert of_control.unknown({"growth.early": ["no_water"]}) == []
    assert of_control.unknown({"growth.early": ["no_waters"]}) == [
        "the ledger names a control 'no_water' of growth.early, which does not exist; did you mean "
        "'no_waters'?"
    ]


def test_checks_that_a_whole_claim_does_not_state(ledger: Ledger):
    assert ledger.unstated("growth.early", ["length", "width"]) == []
    assert ledger.unstated("growth.late", []) == []
    assert ledger.unstated("growth.early", ["length"]) == [
        "the ledger names a check 'width' of growth.early, which it does not state; choose from "
        "length"
    ]


def trial(evidence: EvidenceRecord, seed: int | None, outcome: Outcome = "failed") -> Trial:
    return Trial("t", outcome, seed, evidence=evidence)


def claim_record(*trials: Trial, verdict="mixed", controls: tuple = ()) -> ClaimRecord:
    return ClaimRecord(
        "growth.early", "growth", "S.", "", verdict, "", list(trials), list(controls)
    )


def test_findings_say_what_became_of_them(ledger: Ledger):
    claim = claim_record(trial(length(1.2), 7), trial(length(1.6), 8, "passed"))
    (finding,) = ledger.findings_of([claim])
    assert finding.known == ledger.findings[0]
    assert finding.status == {"7": "as known", "8": "holds now", "9": "not run"}
    other = claim_record(
        trial(length(1.0), 7),
        trial(undecided(1.4), 8, "inconclusive"),
        trial(length(math.nan), 9, "not run"),
    )
    status = ledger.findings_of([other])[0].status
    assert status == {"7": "another value", "8": "left open", "9": "not run"}


def test_findings_say_how_an_edge_came_out(write):
    ledger = load(write(on_edge("{ 7 = 1.46, 8 = 1.49, 9 = 1.49, 10 = 1.49 }")), spread(0.045))
    claim = claim_record(
        trial(length(1.45), 7),
        trial(length(1.55), 8, "passed"),
        trial(length(1.8), 9, "passed"),
        trial(undecided(1.45), 10, "inconclusive"),
    )
    (finding,) = ledger.findings_of([claim])
    assert finding.status == {
        "7": "on its edge",
        "8": "on its edge",
        "9": "off its edge",
        "10": "left open",
    }
    assert finding.came_out == {
        "7": CameOut(1.45, False),
        "8": CameOut(1.55, True),
        "9": CameOut(1.8, True),
    }


def test_findings_of_runs_cut_short_or_left_out_did_not_run(ledger: Ledger):
    for claims in ([], [claim_record(trial(length(1.2), 7), verdict="not meaningful")]):
        assert set(ledger.findings_of(claims)[0].status.values()) == {"not run"}


def test_findings_of_controls_are_those_of_their_trials(write):
    ledger = load(write(CONTROL))
    declared = Control("no_water", "S.")
    control = ControlRecord(
        declared.id,
        "S.",
        [],
        "",
        "does not fail",
        "",
        [trial(length(1.7), 7), trial(length(1.0), 8)],
    )
    claim = claim_record(trial(length(2.0), 7), controls=(control,))
    assert ledger.findings_of([claim])[0].status == {
        "7": "as known",
        "8": "holds now",
        "9": "not run",
    }
