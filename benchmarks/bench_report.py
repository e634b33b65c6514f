"""How long the report takes to draw: the one that its tests draw, with every kind of verdict and
figure and five seeds.
"""

from __future__ import annotations

from icl_repro.report.page import render_html
from tests.support.report_fixture import rich_record


def test_report(beside):
    record = rich_record()
    name = f"report of {len(record.claims)} claims"
    beside(name, lambda: render_html(record), group="report", rounds=3)
