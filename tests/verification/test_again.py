"""A record judged again: what was edited in it is found and named, also with a new checksum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from icl_repro.verification.again import Findings, verified
from icl_repro.verification.held_thresholds import against_ledger, files_differing
from icl_repro.verification.ledger import load
from icl_repro.verification.record import VerificationRecord, decoded
from tests.support.judged_record import LEDGER, edited, judged_record, ledger_folder

Edit = Callable[[Any], Any]


@pytest.fixture(scope="module")
def record(tmp_path_factory) -> VerificationRecord:
    return judged_record(ledger_folder(tmp_path_factory.mktemp("checkout")))


def found_in(content: bytes) -> Findings:
    return verified(content, decoded(content, "a record"))


def test_the_record_has_what_there_is_to_judge(record):
    verdicts = {claim.id: (claim.verdict, claim.after_correction) for claim in record.claims}
    assert verdicts == {
        "growth.early": ("inconclusive", "inconclusive"),
        "growth.mean": ("supported", "supported"),
        "growth.rows": ("inconclusive", "inconclusive"),
    }
    assert record.claims[0].controls[0].verdict == "fails as it should"
    assert record.findings[0].status == {"9": "as known"}


def test_what_a_session_wrote_agrees_in_everything(record):
    found = found_in(msgspec.json.encode(record))
    assert (found.differs, found.unchecked, found.notes) == ([], [], [])
    assert "the verdicts on 3 claims, judged again" in found.agrees
    assert "3 verdicts after correction for all comparisons" in found.agrees


def test_layout_and_the_order_of_fields_play_no_part(record):
    content = msgspec.json.decode(msgspec.json.encode(record))
    turned = msgspec.json.encode(dict(reversed(content.items())))
    assert found_in(msgspec.json.format(turned, indent=4)).differs == []


def early(content: Any) -> Any:
    return content["claims"][0]


def first_check(content: Any) -> Any:
    return early(content)["trials"][0]["evidence"]["checks"][0]


def of_mean(content: Any) -> Any:
    return content["claims"][1]["trials"][0]["evidence"]["checks"][0]


def set_(path: Callable[[Any], Any], **fields: Any) -> Edit:
    return lambda content: path(content).update(fields)


def all_of_one_value(content: Any) -> None:
    """A failing value that is made to hold wherever it stands."""
    trial = early(content)["trials"][4]
    trial["evidence"]["checks"][0].update(value=0.7, holds=True)
    trial["outcome"] = "passed"
    early(content)["checks"][0]["values"]["9"] = 0.7
    early(content).update(verdict="supported")


EDITS: dict[str, tuple[Edit, str]] = {
    "a verdict": (
        set_(early, verdict="supported"),
        "growth.early: the verdict is recorded as 'supported', but is 'inconclusive'",
    ),
    "a verdict after correction": (
        set_(lambda content: content["claims"][1], after_correction="inconclusive"),
        "growth.mean: the verdict after correction is recorded as 'inconclusive'",
    ),
    "the verdict on a control": (
        set_(lambda content: early(content)["controls"][0], verdict="does not fail"),
        "growth.early, control short: the verdict is recorded as 'does not fail'",
    ),
    "a value that still holds": (
        set_(first_check, value=0.6),
        "growth.early: the value on seed 5 of 'length' over seeds is recorded as 0.9, but is 0.6",
    ),
    "a value that no longer holds": (
        set_(first_check, value=0.4),
        "growth.early, seed 5: 'length' is recorded to hold, but does not: it is 0.4 m, where at "
        "least 0.5 is asked for",
    ),
    "a value by seed": (
        lambda content: of_mean(content)["over_seeds"].update({"5": 0.9}),
        "growth.mean: 'ratio' is recorded as 0.624, but the mean of its values by seed is 0.756",
    ),
    "the summary of a value": (
        lambda content: early(content)["checks"][0]["values"].update({"6": 0.99}),
        "growth.early: the value on seed 6 of 'length' over seeds is recorded as 0.99, but is 0.8",
    ),
    "a value everywhere": (
        all_of_one_value,
        "growth.early: the known failure of 'length' on seed 9 is recorded as 'as known', but is "
        "'holds now'",
    ),
    "a threshold": (
        set_(first_check, low=0.2),
        "growth.early: the verdict is recorded as 'inconclusive', but is 'error'",
    ),
    "the history of a threshold": (
        lambda content: early(content)["checks"][0]["thresholds"][0].update(at_least=0.2),
        "growth.early: 'length' is held to at least 0.5, but the newest of its history says at "
        "least 0.2",
    ),
    "what no test states": (
        set_(first_check, kind="equivalence", low=None),
        "its claims cannot be judged again, as no test states what stands in it",
    ),
    "whether a check holds": (
        lambda content: early(content)["trials"][4]["evidence"]["checks"][0].update(holds=True),
        "growth.early, seed 9: 'length' is recorded to hold, but does not",
    ),
    "whether a condition is met": (
        lambda content: early(content)["trials"][0]["evidence"]["conditions"][0].update(met=False),
        "growth.early, seed 5: 'delay' is recorded not to be met, but does: it is 0.2",
    ),
    "how a test came out": (
        lambda content: early(content)["trials"][4].update(outcome="passed"),
        "growth.early, seed 9: the test is recorded as 'passed', but its checks make it 'failed'",
    ),
    "that a test did not run": (
        lambda content: early(content)["trials"][4].update(outcome="not run"),
        "growth.early, seed 9: the test is recorded as not run, but has measured something",
    ),
    "a p value": (
        set_(lambda content: content["claims"][1], p_value=0.001),
        "growth.mean: the field p_value is recorded as 0.001, but is",
    ),
    "a margin": (
        lambda content: early(content)["checks"][0]["margin"].update(knife_edge=False),
        "growth.early: the field margin.knife_edge of 'length' over seeds is recorded as False",
    ),
    "the number of comparisons": (
        lambda content: content["comparisons"].update(number=1),
        "the session: the number of comparisons is recorded as 1, but is 3",
    ),
    "which rows were left out": (
        lambda content: content["seal"].update(rows_left_out={}),
        "growth.rows: the verdict is recorded as 'inconclusive', but is 'supported'",
    ),
    "the key of a run": (
        lambda content: early(content)["trials"][0].update(runs=["ab" * 32]),
        "growth.early read runs that the record does not list: abababababab",
    ),
    "a spec": (
        lambda content: content["seal"]["specs"].popitem(),
        "1 run of the record has no spec in it",
    ),
}


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_is_named_although_the_checksum_was_taken_anew(record, what: str):
    edit, said = EDITS[what]
    found = found_in(edited(record, edit, anew=True))
    assert any(sentence.startswith(said) for sentence in found.differs), found.differs
    assert not any("checksum" in sentence for sentence in found.differs)


@pytest.mark.parametrize(
    "edit",
    [
        set_(early, reason="because"),
        lambda content: content.update(started="2026-11-22T00:00:00+00:00"),
        lambda content: content["environment"].update(commit="0" * 40),
        lambda content: content["claims"].pop(),
    ],
)
def test_whatever_else_was_changed_shows_in_the_checksum(record, edit: Edit):
    found = found_in(edited(record, edit, anew=False))
    assert found.differs[0].startswith("its content was changed after it was written")


def test_words_that_another_release_would_choose_are_no_difference(record):
    found = found_in(edited(record, set_(early, reason="because"), anew=True))
    assert found.differs == []
    assert found.notes == [
        "1 sentence that tells why would read otherwise in this release",
    ]


def test_numbers_may_differ_in_their_last_digits(record):
    def nudged(content: Any) -> None:
        content["claims"][1]["p_value"] *= 1 + 1e-9

    assert found_in(edited(record, nudged, anew=True)).differs == []


def test_of_an_older_record_it_says_what_it_could_not_check(record):
    older = msgspec.structs.replace(record, seal=None)
    found = found_in(msgspec.json.encode(older))
    assert [sentence.partition(":")[0] for sentence in found.unchecked] == [
        "whether anything in it was changed",
        "which rows of tables were left out of the session",
        "how its runs are described",
    ]
    assert found.differs == [
        "growth.rows: the verdict is recorded as 'inconclusive', but is 'supported'"
    ]


def test_thresholds_are_held_against_a_ledger(record, tmp_path):
    (tmp_path / "ledger.toml").write_text(LEDGER)
    assert list(against_ledger(record, load(tmp_path / "ledger.toml"))) == []
    (tmp_path / "ledger.toml").write_text(LEDGER.replace("at_most = 2.0 }", "at_most = 1.9 }"))
    differs = list(against_ledger(record, load(tmp_path / "ledger.toml")))
    assert differs[0].startswith("growth.rows: the threshold of 'width' moved: it is at most 2")
    assert "the history of the threshold of 'width' is not that" in differs[1]


def test_files_of_the_ledger_are_told_apart():
    recorded = {"a.toml": "1", "b.toml": "2"}
    assert files_differing(recorded, recorded) == []
    assert files_differing(recorded, {"a.toml": "3", "c.toml": "2"}) == [
        "a.toml is not as it was when it was judged",
        "b.toml is not there, by which it was judged",
        "c.toml was not there when it was judged",
    ]
