"""The verification record as documents for people: one HTML file, and a short Markdown summary.

Words and tables are made in ``text``, drawings in ``pictures``; neither knows of the other.
"""

from icl_repro.report.compared import write_comparison_html, write_comparison_markdown
from icl_repro.report.page import write_html
from icl_repro.report.side_by_side import write_side_by_side
from icl_repro.report.summary import write_markdown

__all__ = [
    "write_comparison_html",
    "write_comparison_markdown",
    "write_html",
    "write_markdown",
    "write_side_by_side",
]
