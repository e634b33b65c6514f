"""How much of a suite was judged: said first, and no more is called verified."""

import msgspec
import pytest

from icl_repro.report.page import render_html
from icl_repro.report.summary import render_markdown
from icl_repro.report.text import judged
from icl_repro.report.text.methods import methods
from icl_repro.verification.evidence import EvidenceRecord
from icl_repro.verification.record import NOT_REACHED, Profile
from tests.support.report_builders import at_least, claim, control, trial
from tests.support.report_fixture import rich_record

MEASURED = EvidenceRecord([at_least("length", 9, 8)])


def ended(name, run, case=""):
    done = trial(name, 5, MEASURED, "passed", case=case)
    return msgspec.structs.replace(done, runs=[run])


def not_reached(name, run, case=""):
    never = trial(name, 5, EvidenceRecord(), "not run", NOT_REACHED, case=case)
    return msgspec.structs.replace(never, runs=[run])


def record_of(*ended_claims, of=4, **changes):
    """A record of claims of which some came to their end, each with one control and two runs."""
    names = [f"a.{number}" for number in range(of)]
    claims = [
        claim(
            name, "S.", "Section 1", "consistent" if name in ended_claims else "not run", "",
            [made(name, f"{name}-run")],
            [control("c", "N.", ruled, [made(name, f"{name}-control", case="c")])],
        )
        for name in names
        for made, ruled in [
            (ended, "fails as it should") if name in ended_claims else (not_reached, "not run")
        ]
    ]  # fmt: skip
    changes = {"not_selected": [], "comparisons": None, "coverage": [], **changes}
    return msgspec.structs.replace(
        rich_record(), claims=claims, profile=Profile("standard", [5], meaningful=True), **changes
    )


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (record_of("a.0"), "Interrupted after 1 of 4 claims."),
        (
            record_of("a.0", not_selected=[f"b.{one}" for one in range(9)]),
            "Interrupted after 1 of 4 claims; only 4 of 13 claims were selected.",
        ),
        (record_of("a.0", of=1, not_selected=["b.c"]), "Only 1 of 2 claims was selected."),
        (record_of("a.0", "a.1", of=2, not_selected=["b.c"]), "2 of 3 claims were selected."),
        (record_of("a.0", of=1), ""),
    ],
)
def test_what_was_left_out_is_said_first(record, told):
    assert judged.opening(record) == told
    assert render_markdown(record).startswith(f"**{told}".rstrip("."))
    assert f'<p class="overall">{told}' in render_html(record)


def test_few_that_could_be_judged_are_told_without_an_interruption():
    record = record_of("a.0")
    claims = [
        msgspec.structs.replace(
            one,
            trials=[msgspec.structs.replace(each, message="no run") for each in one.trials],
            controls=[],
        )
        for one in record.claims
    ]
    one = msgspec.structs.replace(record, claims=claims)
    assert judged.opening(one) == "Only 1 of 4 claims was judged."


def test_claims_that_the_coverage_names_are_of_the_suite_though_nobody_collected_them():
    (row, *_) = rich_record().coverage
    others = [msgspec.structs.replace(row, claims=["a.0", "b.1", "b.2"])]
    told = judged.opening(record_of("a.0", of=1, coverage=others, not_selected=["b.1"]))
    assert told == "Only 1 of at least 3 claims was selected."


def test_methods_count_what_was_judged():
    first, second, *_ = methods(record_of("a.0"))
    assert first.startswith("1 of 4 claims was verified, each by a test")
    assert "(1 check)" in first
    assert "In 1 control the same measurement" in first
    assert "The tests read 2 training runs." in second


def test_methods_of_a_session_that_judged_nothing_say_so():
    told = methods(record_of())
    assert told[0] == (
        "Nothing was verified: of 4 selected claims none was judged in this session."
    )
    whole = "\n".join(told)
    for untrue in ("were verified", "The tests read", "In 4 controls", "It judged", "judged seed"):
        assert untrue not in whole
    assert "The profile of the session was “standard”, with seed 5." in whole
