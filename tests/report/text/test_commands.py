"""The command for one claim."""

import msgspec
import pytest

from icl_repro.report.text.commands import claim_command
from icl_repro.verification.basis import Basis, Ingredient
from icl_repro.verification.evidence import EvidenceRecord
from tests.support.report_builders import claim, trial
from tests.support.report_fixture import rich_record

ONE = claim("a.b", "S.", "", "mixed", "", [trial("a.b", 5, EvidenceRecord())])


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("pytest claims/", ""),
        ("pytest claims/ -n auto --icl-profile paper", " --icl-profile paper"),
        ("pytest --icl-profile=paper -k 'a or b'", " --icl-profile=paper"),
        ("pytest -k x --icl-seeds 1,2 --maxfail 1", " --icl-seeds 1,2"),
        ("pytest --icl-claims x.y --icl-store /s --icl-no-train --icl-report none -x", ""),
        ("pytest --icl-kitchen 'of mine'", " --icl-kitchen 'of mine'"),
        ("pytest --icl-neighbour 3 --icl-other 4", " --icl-neighbour 3"),
        ("pytest 'not closed", ""),
    ],
)
def test_it_keeps_what_decides_the_claim_and_selects_only_it(typed, kept):
    basis = Basis([Ingredient("kitchen", "mine", False, "my kitchen")])
    record = msgspec.structs.replace(rich_record(), command=typed, basis=basis)
    assert claim_command(record, ONE) == f"pytest claims/ -n auto --icl-claims a.b{kept}"


def test_tests_beside_the_ini_file_are_named_by_their_file():
    beside = msgspec.structs.replace(ONE.trials[0], nodeid="test_claims.py::test_b[seed5]")
    one = msgspec.structs.replace(ONE, id="a'b c", trials=[beside])
    record = msgspec.structs.replace(rich_record(), command="pytest")
    expected = """pytest test_claims.py -n auto --icl-claims 'a'"'"'b c'"""
    assert claim_command(record, one) == expected
    nothing = msgspec.structs.replace(ONE, trials=[])
    assert claim_command(record, nothing) == "pytest -n auto --icl-claims a.b"
