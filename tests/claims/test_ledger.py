"""The ledger beside the claims says something about each of them, and nothing about others."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

from claims.published import reported
from icl_repro.verification import spreads
from icl_repro.verification.declare import Declaration, declaration_of
from icl_repro.verification.ledger import load
from icl_repro.verification.record import VerificationRecord, read_record

CLAIMS = Path(__file__).parents[2] / "claims"
FILES = {
    "_".join([*path.relative_to(CLAIMS).parent.parts, path.stem.removeprefix("test_")]): path
    for path in sorted(CLAIMS.rglob("test_*.py"))
}
"""The files of claims by the names of their ledgers."""
SPREADS = spreads.load(CLAIMS / "spread.json")
LEDGER = load(CLAIMS / "ledger", SPREADS)
RECORDS = [read_record(path) for path in sorted((CLAIMS.parent / "reports").glob("*.json*"))]


def declared(file: str) -> list[Declaration]:
    """What the claim functions of a file declare."""
    parts = FILES[file].relative_to(CLAIMS.parent).with_suffix("").parts
    module = importlib.import_module(".".join(parts))
    found = [declaration_of(function) for _, function in inspect.getmembers(module)]
    return [declaration for declaration in found if declaration is not None]


def test_every_claim_and_control_that_it_names_exists():
    controls = {
        declaration.claim.id: [control.id for control in declaration.controls]
        for file in FILES
        for declaration in declared(file)
    }
    assert LEDGER.unknown(controls) == []


@pytest.mark.parametrize("file", FILES)
def test_every_claim_has_its_thresholds_in_the_ledger_of_its_file(file):
    ledger = load(CLAIMS / "ledger" / f"{file}.toml", SPREADS)
    ids = {declaration.claim.id for declaration in declared(file)}
    assert ids
    assert {claim for claim, _ in ledger.thresholds} == ids
    assert {known.claim for known in ledger.findings} <= ids


def test_every_ledger_belongs_to_a_file_of_claims_or_to_what_runs_are_made_from():
    """The latter holds what is known not to hold on it, and nothing else."""
    ledgers = {path.stem: path for path in (CLAIMS / "ledger").glob("*.toml")}
    assert set(FILES) <= ledgers.keys()
    for name in ledgers.keys() - set(FILES):
        ledger = load(ledgers[name], SPREADS)
        assert not ledger.thresholds
        assert {known.basis for known in ledger.elsewhere} == {name}
        assert not ledger.findings


def test_what_is_known_to_fail_is_a_check_with_a_threshold():
    for known in LEDGER.findings:
        assert (known.claim, known.check) in LEDGER.thresholds


def test_a_range_around_a_published_value_has_slack_which_the_paper_does_not_state():
    for (claim, check), threshold in LEDGER.thresholds.items():
        low, high = threshold.history[-1].between or (0, 0)
        if threshold.published is not None and low < high:
            assert threshold.history[-1].origin != "stated in the paper", (claim, check)


def calls_of(name: str) -> list[ast.Call]:
    """All calls of a method of that name in the files of claims."""
    nodes = [
        node for path in CLAIMS.rglob("*.py") for node in ast.walk(ast.parse(path.read_text()))
    ]
    return [
        node
        for node in nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == name
    ]


def test_whatever_leaves_a_claim_open_states_its_condition():
    calls = calls_of("inconclusive")
    assert calls
    for call in calls:
        assert "unless" in {keyword.arg for keyword in call.keywords}, ast.unparse(call)


def test_no_claim_skips_itself():
    """What decides whether a claim can be judged is a condition, which the ledger holds."""
    assert not [ast.unparse(call) for name in ("skip", "skipif") for call in calls_of(name)]
    text = "".join(path.read_text() for path in CLAIMS.rglob("*.py"))
    assert "SkipTest" not in text
    assert "importorskip" not in text


def test_every_published_value_that_it_names_exists():
    for threshold in LEDGER.thresholds.values():
        if isinstance(threshold.published, str):
            assert reported(threshold.published).id == threshold.published


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.profile.name)
def test_what_a_committed_report_says_of_a_threshold_stays_in_its_history(
    record: VerificationRecord,
):
    """A correction is a new entry, so that it is seen: none is edited or taken away."""
    kept = {place: threshold.history for place, threshold in LEDGER.thresholds.items()}
    kept |= {(one.claim, one.check): tuple(one.thresholds) for one in LEDGER.retired if one.check}
    for claim in record.claims:
        for check in claim.checks:
            history = tuple(check.thresholds)
            assert kept[claim.id, check.name][: len(history)] == history, check.name


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.profile.name)
def test_every_published_value_of_a_committed_report_is_named(record: VerificationRecord):
    stated = [(claim.id, check) for claim in record.claims for check in claim.checks]
    # Of the lecture and of conditions that nobody tried, there are no published values to be had.
    of_none = all(claim.startswith(("lecture.", "robustness.")) for claim, _ in stated)
    assert any(check.published for _, check in stated) is not of_none
    retired = {(one.claim, one.check) for one in LEDGER.retired}
    for claim, check in stated:
        if (claim, check.name) in retired:
            continue
        named = LEDGER.thresholds[claim, check.name].published
        # One that was found since then is not in the report yet.
        assert named is not None or check.published is None, check.name


def test_what_was_set_with_results_at_hand_says_why():
    """A new threshold of a claim whose results had been seen, as well as a changed one."""
    for place, threshold in LEDGER.thresholds.items():
        for entry in threshold.history:
            assert entry.reason or not entry.seen or entry.commit, place
