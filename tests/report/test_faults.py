"""Planted faults in the report: a matrix that can be read without colours, and in Markdown."""

from __future__ import annotations

import re

import msgspec

from icl_repro.report.page import render_html
from icl_repro.report.summary import render_markdown
from icl_repro.report.text.faults import faults_note, matrix
from icl_repro.verification.fault_records import Catch, FaultOnClaim, FaultRecord
from icl_repro.verification.record import VerificationRecord
from tests.support.report_fixture import long_record, rich_record

STATUSES = ("caught", "not caught", "not comparable", "not run")


def fault(record: VerificationRecord, number: int, caught: bool, planted: bool = True):
    told = []
    for at, claim in enumerate(record.claims):
        status = "not affected" if at > 3 or not planted else STATUSES[at] if caught else "not run"
        status = "not caught" if planted and not caught and at == 0 else status
        catches = [Catch("check", f"length <{number}> is 1", "length", value=1.0)]
        found = catches if status == "caught" else []
        why = catches[0].sentence if found else f"because it is {status}"
        told.append(FaultOnClaim(claim.id, status, why, found, ["ab"] if found else []))
    name = f"fault_{number}"
    return FaultRecord(name, f"it is <b>wrong</b> {number}", "slips", planted, caught, told)


def with_faults(record: VerificationRecord) -> VerificationRecord:
    faults = [fault(record, 1, True), fault(record, 2, False), fault(record, 3, False, False)]
    return msgspec.structs.replace(record, faults=faults)


def small_record() -> VerificationRecord:
    """A few claims of the rich record, without what takes long to draw."""
    rich = rich_record()
    claims = [
        msgspec.structs.replace(claim, trials=[], controls=[], checks=[]) for claim in rich.claims
    ]
    return msgspec.structs.replace(rich, claims=claims[:6], findings=[], coverage=[], sample=None)


RECORD = with_faults(small_record())


def test_the_first_line_tells_what_nobody_caught():
    told = (
        "Of 3 planted faults, 1 was caught and 1 by nobody: fault_2; fault_3 could be judged on no "
        "claim of this session."
    )
    assert faults_note(RECORD) == told
    assert f'<p class="overall">{told}</p>' in render_html(RECORD)
    assert told.replace("_", "\\_") in render_markdown(RECORD).splitlines()[0]


def test_the_matrix_is_a_table_with_headers_words_and_links():
    html = render_html(RECORD)
    section = html.partition('<section id="faults" data-folds>')[2].partition("</section>")[0]
    table = section.partition('<table class="fault-matrix">')[2].partition("</table>")[0]
    assert table.count('<th scope="col">') == 4
    rows = matrix(RECORD)
    assert len(rows) == 4
    assert table.count('<th scope="row">') == len(rows)
    words = re.findall(r'<span class="word">(.*?)</span>', table)
    assert words[:3] == ["caught", "not caught", "not affected"]
    assert 'title="' in table
    for anchor in re.findall(r'href="#([^"]+)"', section):
        assert f'id="{anchor}"' in html
    assert "Length &lt;1&gt; is 1." in section
    assert "it is <b>" not in section
    assert f"No fault changes what {len(RECORD.claims) - 4} claims read" in section


def test_markdown_has_the_same_table():
    text = render_markdown(RECORD)
    claim = RECORD.claims[0].id.replace("_", "\\_")
    assert f"| {claim} | ✓ caught | ✗ not caught | · not affected |" in text
    assert "1. ✓ **caught** fault\\_1" in text
    assert "2. ✗ **caught by nobody** fault\\_2" in text
    assert "3. – **planted nowhere** fault\\_3" in text


def test_with_the_table_of_a_whole_suite_it_fits_a_comment():
    whole = long_record(10)
    each = [FaultOnClaim(claim.id, "not caught", "nothing fails", [], []) for claim in whole.claims]
    planted = [
        FaultRecord(f"fault_{n}", "it is wrong", "slips", True, False, each) for n in "12345678"
    ]
    text = render_markdown(msgspec.structs.replace(whole, faults=planted))
    assert len(text) < 65_536
    assert text.count("✗ not caught") >= 8 * len(whole.claims)


def test_a_session_without_faults_has_no_such_section():
    html = render_html(small_record())
    assert 'id="faults"' not in html
    assert "#faults" not in html
    assert "planted" not in render_markdown(small_record())
