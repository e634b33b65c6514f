"""The evidence recorder: checks at their thresholds, misuse, and the sentences of failed checks."""

from __future__ import annotations

import contextlib
import math
from fractions import Fraction
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icl_repro.numbers import number
from icl_repro.statistics.intervals import Interval
from icl_repro.verification.evidence import EvidenceRecord
from icl_repro.verification.pictures import (
    Bars,
    Cell,
    Figure,
    Panel,
    ReferenceLine,
    Series,
    Table,
)
from icl_repro.verification.recorder import Evidence, MisusedEvidence
from icl_repro.verification.reported import Reported
from icl_repro.verification.wording import failed_sentence, undue_sentence

PANEL = Panel("", "x", "y", [])


@pytest.fixture
def recorder() -> Evidence:
    return Evidence()


def sentence(recorder: Evidence, name: str, value: float, **fields) -> str:
    recorder.check(name, value, **fields)
    return failed_sentence(recorder.evidence.checks[-1])


@pytest.mark.parametrize(
    ("value", "threshold", "holds"),
    [
        (2, {"at_least": 2}, True),
        (1.999, {"at_least": 2}, False),
        (2, {"at_most": 2}, True),
        (2.001, {"at_most": 2}, False),
        (0.6, {"between": (0.6, 0.85)}, True),
        (0.85, {"between": (0.6, 0.85)}, True),
        (0.86, {"between": (0.6, 0.85)}, False),
        (math.nan, {"at_most": 2}, False),
        (-math.inf, {"at_most": 2}, False),
        (np.float32(3), {"at_least": 2}, True),
        (Fraction(5, 2), {"at_least": 2}, True),
    ],
)
def test_a_check_holds_up_to_its_threshold(recorder, value, threshold: dict, holds: bool):
    assert recorder.check("length", value, **threshold) is holds
    assert recorder.evidence.holds is holds


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "exactly one of at_least, at_most and between, but got 0"),
        ({"at_least": 1, "at_most": 2}, "but got 2"),
        ({"at_least": math.nan}, "at_least must be a finite number, not nan"),
        ({"at_least": "low"}, "at_least must be a finite number, not 'low'"),
        ({"at_most": True}, "at_most must be a finite number, not True"),
        ({"at_most": 10**400}, "at_most must be a finite number, not 1000"),
        ({"between": (2, 1)}, "ends before it starts"),
        ({"between": 3}, "between must be two numbers, the lower one first, not 3"),
        ({"between": (1, 2, 3)}, "between must be two numbers"),
        ({"between": "12"}, "between must be two numbers"),
        ({"between": (0, "high")}, "between must be a finite number, not 'high'"),
    ],
)
def test_thresholds_that_say_nothing_are_refused(recorder, fields: dict, message: str):
    with pytest.raises(MisusedEvidence, match=message):
        recorder.check("length", 1, **fields)


@pytest.mark.parametrize(
    "value",
    [
        [1, 2],
        "3",
        b"3",
        True,
        np.True_,
        np.array([1.0]),
        np.array("3"),
        10**400,
        10**5000,
        1j,
        None,
    ],
    ids=lambda value: f"{type(value).__name__}{str(value)[:8] if type(value) is bool else ''}",
)
def test_a_measurement_is_one_number(recorder, value):
    for state in (lambda: recorder.check("length", value, at_least=0),
                  lambda: recorder.quantity("length", value)):  # fmt: skip
        with pytest.raises(MisusedEvidence, match="'length' must be one number, but is") as said:
            state()
        assert len(str(said.value)) < 120


@pytest.mark.parametrize("name", ["", " ", None, 3, "half \ud800", "x\0"])
def test_names_say_something(recorder, name):
    for state in (
        lambda: recorder.check(name, 1, at_least=0),
        lambda: recorder.quantity(name, 1),
        lambda: recorder.curve_snapshot(name, [0, 1], [0, 1]),
        lambda: recorder.figure(name, caption="c", source="", panels=[PANEL]),
        lambda: recorder.figure(Figure(name, "c", "", [PANEL])),
        lambda: recorder.table(Table(name, "", "", ["a"], [("r", [Cell(1.0)])])),
    ):
        with pytest.raises(MisusedEvidence, match=r"the name of a .* must be a text, not"):
            state()
    assert recorder.evidence == EvidenceRecord()


NAN = math.nan


@pytest.mark.parametrize("reason", [None, "", " ", 3, "\udfff"])
def test_inconclusive_needs_a_reason(recorder, reason):
    with pytest.raises(MisusedEvidence, match="inconclusive needs a reason, in words, not"):
        recorder.inconclusive(reason)


@pytest.mark.parametrize(
    ("value", "bounds", "met"),
    [
        (0.25, {"at_least": 0.25}, True),
        (0.2, {"at_least": 0.25}, False),
        (0.25, {"at_most": 0.2}, False),
        (0.2, {"between": (0.2, 0.3)}, True),
        (math.inf, {"at_least": 0.25}, True),
        (math.inf, {"at_most": 0.25}, False),
        (math.nan, {"at_least": 0.25}, False),
        (math.nan, {"at_most": 0.25}, False),
    ],
)
def test_a_condition_leaves_open_what_follows_unless_it_is_met(recorder, value, bounds, met):
    recorder.check("before", 1, at_least=0)
    recorder.inconclusive("it is dark", unless="light", value=value, unit="lux", **bounds)
    recorder.check("after", 1, at_least=0)
    evidence = recorder.evidence
    (condition,) = evidence.conditions
    assert (condition.name, condition.unit, condition.met) == ("light", "lux", met)
    assert [check.undecided for check in evidence.checks] == [False, not met]
    assert bool(evidence.undecided) != met
    assert msgspec.json.decode(msgspec.json.encode(evidence), type=EvidenceRecord) == evidence


def test_of_several_conditions_the_first_that_is_not_met_says_why(recorder):
    recorder.inconclusive("it is wet", unless="water", value=1, at_most=2)
    recorder.inconclusive("it is dark", unless="light", value=0.2, at_least=0.25, unit="lux")
    recorder.inconclusive("it is cold", unless="warmth", value=1, at_least=2)
    assert recorder.evidence.undecided == (
        "it is dark: light is 0.2 lux, where it takes at least 0.25 to tell"
    )
    assert [condition.met for condition in recorder.evidence.conditions] == [True, False, False]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"value": 1}, "does not say what is measured: unless"),
        ({"at_least": 1}, "does not say what is measured: unless"),
        ({"unless": "light", "value": 1}, "needs exactly one of at_least, at_most and between"),
        ({"unless": "light", "at_least": 1}, "'light' must be one number, but is None"),
        ({"unless": "light", "value": "1", "at_least": 1}, "must be one number, but is '1'"),
        ({"unless": " ", "value": 1, "at_least": 1}, "must be a text, not ' '"),
        ({"unless": "taken", "value": 1, "at_least": 1}, "already .* named 'taken'"),
        ({"unless": "light", "value": 1, "at_least": NAN}, "finite"),
    ],
)
def test_a_condition_is_whole(recorder, fields, message):
    recorder.check("taken", 1, at_least=0)
    with pytest.raises(MisusedEvidence, match=message):
        recorder.inconclusive("it is dark", **fields)


LINES = Panel("", "", "", [], lines=[ReferenceLine("guess", NAN)])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"published": Reported(NAN, "s")}, r"expected a finite number - at `\$.published.value`"),
        ({"published": Reported(10**400, "s")}, "Number out of range"),
        ({"published": Reported(1, "s", over_seeds=[math.inf])}, r"over_seeds\[0\]"),
        ({"published": Reported(1, "\ud800")}, "holds half of a character"),
        ({"interval": Interval(0, 1, level=NAN)}, r"expected a finite number - at `\$.interval"),
        ({"interval": (0, 1)}, "Expected `object | null`"),
        ({"note": "\udfff"}, "holds half of a character"),
        ({"unit": 3}, r"Expected `str`, got `int` - at `\$.unit`"),
    ],
)
def test_what_a_record_cannot_carry_is_refused_where_it_is_stated(recorder, fields, message):
    with pytest.raises(MisusedEvidence, match=f"check 'length' cannot be recorded: .*{message}"):
        recorder.check("length", 1, at_least=0, **fields)
    with pytest.raises(MisusedEvidence, match="quantity 'length' cannot be recorded"):
        recorder.quantity("length", 1, **fields)
    assert recorder.evidence == EvidenceRecord()


@pytest.mark.parametrize(
    ("panel", "message"),
    [
        (LINES, r"expected a finite number - at `\$.panels\[0\].lines\[0\].value`"),
        (Panel("", "", "", [], x_limits=(0, math.inf)), r"x_limits\[1\]"),
        (Panel("", "", "", [], y_limits=(NAN, 1)), r"y_limits\[0\]"),
        (Bars("", "", "", ["a"], [], y_limits=(0, -math.inf)), r"y_limits\[1\]"),
        (Panel("", "", "", [Series("\ud800", [0.0], [0.0])]), "holds half of a character"),
        (3, "Expected `object`, got `int`"),
    ],
)
def test_a_figure_that_a_record_cannot_carry_is_refused(recorder, panel: Any, message: str):
    with pytest.raises(MisusedEvidence, match=f"figure 'f' cannot be recorded: .*{message}"):
        recorder.figure("f", caption="c", source="", panels=[panel])


def test_a_table_is_a_table(recorder):
    with pytest.raises(MisusedEvidence, match="table takes a Table, not 3"):
        recorder.table(3)


LIBRARY = {"paper.length": Reported(2.0, "Section 3")}


def test_published_values_are_looked_up_by_their_id():
    recorder = Evidence(look_up=LIBRARY.get)
    recorder.check("length", 1, at_least=0, published="paper.length")
    recorder.quantity("width", 1, published="paper.length")
    found = Reported(2.0, "Section 3", id="paper.length")
    assert recorder.evidence.checks[0].published == found
    assert recorder.evidence.quantities[0].published == found


def test_an_unknown_published_value_says_what_there_is():
    def look_up(name: str) -> Reported:
        raise LookupError(f"no {name!r}; did you mean 'paper.length'?")

    for recorder, message in (
        (Evidence(), "nothing says what the published value 'paper.lenght' is"),
        (Evidence(look_up=LIBRARY.get), "there is no published value 'paper.lenght'"),
        (Evidence(look_up=look_up), "'length': no 'paper.lenght'; did you mean 'paper.length'?"),
    ):
        with pytest.raises(MisusedEvidence, match=message):
            recorder.check("length", 1, at_least=0, published="paper.lenght")
    with pytest.raises(MisusedEvidence, match="the id of a published value or a Reported, not 3"):
        Evidence().quantity("length", 1, published=3)


@pytest.mark.parametrize(("value", "holds"), [(0.95, True), (1.1, True), (1.2, False)])
def test_a_difference_that_is_none_lies_within_its_margin(recorder, value: float, holds: bool):
    assert recorder.equivalent("ratio", value, margin=(0.9, 1.1), unit="x") is holds
    (check,) = recorder.evidence.checks
    assert (check.kind, check.direction, check.low, check.high) == (
        "equivalence",
        "between",
        0.9,
        1.1,
    )


@pytest.mark.parametrize(
    ("margin", "message"),
    [
        (0.1, "margin must be two numbers"),
        ((1, 1), "has no width"),
        ((2, 1), "ends before it starts"),
        ((0, NAN), "margin must be a finite number, not nan"),
    ],
)
def test_margins_that_say_nothing_are_refused(recorder, margin, message: str):
    with pytest.raises(MisusedEvidence, match=message):
        recorder.equivalent("ratio", 1, margin=margin)


def test_values_by_seed_are_held_against_the_threshold_by_their_mean(recorder):
    values = {5: 0.2, np.int64(6): np.float32(0.5), 7: 0.8}
    assert recorder.check("correlation", values, at_least=0.3)
    assert not recorder.equivalent("ratio", {5: 1, 6: 2}, margin=(0.9, 1.1))
    correlation, ratio = recorder.evidence.checks
    assert (correlation.value, ratio.value) == (pytest.approx(0.5), 1.5)
    assert correlation.over_seeds == {"5": 0.2, "6": 0.5, "7": 0.8}
    # t(0.975; 2) is 4.3027, and the standard error is 0.3 / sqrt 3.
    reach = 4.3027 * 0.3 / math.sqrt(3)
    assert correlation.interval.low == pytest.approx(0.5 - reach, abs=1e-4)
    given_ = Interval(0.0, 1.0)
    recorder.check("speed", values, at_least=0.3, interval=given_)
    assert recorder.evidence.checks[-1].interval == given_


def test_a_mean_with_a_value_that_is_not_finite_never_holds(recorder):
    assert not recorder.check("correlation", {5: 0.9, 6: math.nan}, at_least=0.3)
    (check,) = recorder.evidence.checks
    assert (check.value, check.interval, check.over_seeds) == (None, None, {"5": 0.9, "6": None})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "must have a value for each seed, but has none"),
        ({"5": 1}, "must have values by seed, not by '5'"),
        ({True: 1}, "must have values by seed, not by True"),
        ({5: "3"}, "'correlation, seed 5' must be one number, but is '3'"),
    ],
)
def test_values_by_seed_are_numbers_by_seed(recorder, values, message: str):
    with pytest.raises(MisusedEvidence, match=message):
        recorder.check("correlation", values, at_least=0)
    with pytest.raises(MisusedEvidence, match="must be one number"):
        recorder.quantity("correlation", values)


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.text(st.characters(categories=["Cs", "L"])),
    st.binary(max_size=3),
    st.tuples(st.floats(), st.floats()),
    st.lists(st.floats(), max_size=3),
    st.dictionaries(st.integers() | st.text(), st.floats(-1e9, 1e9) | st.just(math.nan)),
    st.builds(np.float32, st.floats(width=32)),
    st.builds(Reported, st.floats(), st.text(st.characters(categories=["Cs", "L"]))),
    st.builds(Interval, st.floats(), st.floats(), st.floats()),
)
thresholds = st.sampled_from(["at_least", "at_most", "between", "margin"])


@given(
    name=st.text(min_size=1) | anything,
    value=st.floats() | anything,
    threshold=thresholds,
    bound=st.floats(-1, 1) | st.tuples(st.just(-1), st.just(1)) | anything,
    fields=st.dictionaries(st.sampled_from(["unit", "note", "published", "interval"]), anything),
)
@settings(max_examples=200, deadline=None)
def test_whatever_is_accepted_survives_json(name, value, threshold, bound, fields):
    recorder = Evidence(look_up=LIBRARY.get)
    state: Any = recorder.equivalent if threshold == "margin" else recorder.check
    for record in (
        lambda: state(name, value, **{threshold: bound}, **fields),
        lambda: recorder.quantity(f"{name} too", value, **fields),
        lambda: recorder.inconclusive(bound),
        lambda: recorder.figure(
            Figure(
                name,
                value,
                "",
                [Panel("", "", "", [Series("s", [value], bound)], [ReferenceLine("l", value)])],
            )
        ),
        lambda: recorder.table(Table("t", name, "", ["a"], [("r", [Cell(value)])])),
    ):
        with contextlib.suppress(MisusedEvidence):
            record()
    stated = recorder.evidence
    assert msgspec.json.decode(msgspec.json.encode(stated), type=EvidenceRecord) == stated


def test_names_are_used_once(recorder):
    recorder.check("length", 1, at_least=0)
    recorder.curve_snapshot("loss", [0, 1], [0, 1])
    recorder.figure("3a", caption="c", source="Figure 3a", panels=[PANEL])
    with pytest.raises(MisusedEvidence, match="already a check or a quantity named 'length'"):
        recorder.quantity("length", 2)
    with pytest.raises(MisusedEvidence, match="already a curve named 'loss'"):
        recorder.curve_snapshot("loss", [0, 1], [0, 1])
    with pytest.raises(MisusedEvidence, match="already a figure named '3a'"):
        recorder.figure(Figure("3a", "c", "Figure 3a", [PANEL]))


def test_figures_are_given_whole_or_in_parts(recorder):
    recorder.figure("3a", caption="c", source="Figure 3a", panels=[PANEL])
    recorder.figure(Figure("3b", "c", "Figure 3b", [PANEL]))
    assert [figure.name for figure in recorder.evidence.figures] == ["3a", "3b"]
    with pytest.raises(MisusedEvidence, match="is given whole"):
        recorder.figure(Figure("3c", "c", "", [PANEL]), caption="another")
    with pytest.raises(MisusedEvidence, match="has no panel"):
        recorder.figure("3d", caption="c", source="")


def test_a_failed_check_reads_as_a_sentence(recorder):
    assert sentence(
        recorder,
        "plateau length",
        61_000,
        at_least=80_000,
        unit="sequences",
        published=Reported(150_000, "Figure 3a"),
    ) == (
        "plateau length is 61,000 sequences, but must be at least 80,000 "
        "(the paper reports 150,000, Figure 3a)"
    )
    assert sentence(
        recorder,
        "accuracy",
        0.5,
        between=(0.9, 1),
        interval=Interval(0.4, 0.6),
        published=Reported(0.99, "Section 3", approximate=True),
        note="over 5 draws",
    ) == (
        "accuracy is 0.5 (95 % interval 0.4 to 0.6), but must be between 0.9 and 1 "
        "(the paper reports about 0.99, Section 3); over 5 draws"
    )
    assert sentence(recorder, "loss", math.nan, at_most=1) == (
        "loss is not a finite number, but must be at most 1"
    )


def test_a_value_that_just_misses_is_told_from_its_threshold(recorder):
    assert sentence(recorder, "accuracy", 0.8999999, at_least=0.9).startswith(
        "accuracy is 0.8999999, but must be at least 0.9"
    )


def test_a_control_that_holds_reads_as_a_sentence(recorder):
    recorder.check("rise", 0.2061, at_least=0.05, unit="nats")
    assert undue_sentence(recorder.evidence.checks[0]) == (
        "rise is 0.2061 nats, which is at least 0.05, but this control must fail that check"
    )


def test_checks_that_were_not_stated_name_the_nearest(recorder):
    recorder.check("plateau length", 1, at_least=0)
    assert recorder.unstated(["plateau length", "plateau lenght"]) == [
        "no check is named 'plateau lenght'; did you mean 'plateau length'?"
    ]


def test_numbers_read_the_same_in_messages_and_in_the_report(recorder):
    said = sentence(recorder, "accuracy", 0.99987, at_least=0.9999)
    assert said == f"accuracy is {number(0.99987)}, but must be at least {number(0.9999)}"
    assert "is 0.99987, but must be at least 0.9999" in said
    assert "is −2.5," in sentence(recorder, "change", -2.5, at_least=0)


def test_a_control_without_a_finite_value_reads_as_a_sentence(recorder):
    recorder.check("rise", math.nan, at_least=0.05, unit="nats")
    assert undue_sentence(recorder.evidence.checks[0]) == (
        "rise is not a finite number, which counts as failed only where the control says why it "
        "may be undefined"
    )


def test_a_quantity_may_state_its_limits_and_its_intervals_are_cut_there():
    recorder = Evidence()
    recorder.check("accuracy", {5: 0.98, 6: 1.0, 7: 0.99}, at_least=0.9, limits=(0, 1))
    recorder.equivalent("ratio", 1.0, margin=(0.9, 1.1), limits=(0, None))
    accuracy, ratio = recorder.evidence.checks
    assert (accuracy.limits, ratio.limits) == ((0, 1), (0, None))
    assert accuracy.interval is not None
    assert (accuracy.interval.high, accuracy.interval.method) == (1, "Student's t, cut at 1")
    assert recorder.check("rounded", 1 + 1e-7, at_least=0.9, limits=(0, 1))


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ((0, 0.5), "0.7 lies beyond its limits"),
        ((1, 0), "end before they start"),
        ((0,), "limits must be two numbers"),
        ((0, math.inf), "limits must be a finite number"),
    ],
)
def test_limits_that_are_none_are_refused(limits, said: str):
    with pytest.raises(MisusedEvidence, match=said):
        Evidence().check("accuracy", 0.7, at_least=0.5, limits=limits)
