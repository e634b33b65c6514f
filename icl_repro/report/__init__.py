"""The verification record as documents for people: one HTML file, and a short Markdown summary."""

from icl_repro.report.text.page import write_html
from icl_repro.report.text.summary import write_markdown

__all__ = ["write_html", "write_markdown"]
