"""The evidence recorder: checks at their thresholds, misuse, and the sentences of failed checks."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from icl_repro.statistics.intervals import Interval
from icl_repro.verification.pictures import Figure, Panel
from icl_repro.verification.recorder import Evidence, MisusedEvidence
from icl_repro.verification.reported import Reported
from icl_repro.verification.wording import failed_sentence, number, undue_sentence

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
        ({"at_least": math.nan}, "the threshold nan is not finite"),
        ({"between": (2, 1)}, "ends before it starts"),
    ],
)
def test_thresholds_that_say_nothing_are_refused(recorder, fields: dict, message: str):
    with pytest.raises(MisusedEvidence, match=message):
        recorder.check("length", 1, **fields)


def test_a_measurement_is_one_number(recorder):
    with pytest.raises(MisusedEvidence, match="'length' must be one number"):
        recorder.check("length", [1, 2], at_least=0)
    with pytest.raises(MisusedEvidence, match="'length' must be one number"):
        recorder.quantity("length", "long")


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


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (150000.0, "150,000"),
        (61_000.4, "61,000"),
        (0.99995, "0.99995"),
        (0.00012345, "0.0001234"),
        (1e-7, "1e-07"),
        (-2.5, "-2.5"),
        (None, "not finite"),
    ],
)
def test_numbers_as_they_are_written(value: float | None, text: str):
    assert number(value) == text
