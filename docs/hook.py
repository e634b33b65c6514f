"""What MkDocs calls while it builds the site: adds the pages that are made from code and records.

Nothing of them is written into the checkout. Links from one page to another are checked by MkDocs
(``validation`` in mkdocs.yml); a docstring's roles of Sphinx become plain names.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(_ROOT))  # MkDocs knows the folder of this file alone, and pages need claims
from docs.generate import everything  # noqa: E402

_ROLE = re.compile(r":(?:class|func|meth|mod|data|exc):(?=<code>)")
_REPORTS = "reference.html", "lecture.html"
_CATALOGUE = "Catalogue of claims"

_made = everything.Made({}, {})


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Make the pages, and put those of the catalogue into the navigation."""
    global _made
    _made = everything.made(_ROOT)
    for part in config.nav or []:
        if _CATALOGUE in part:
            part[_CATALOGUE] += [{title: at} for title, at in _made.families.items()]
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages, and the reports that pages link to."""
    for path, text in _made.pages.items():
        files.append(File.generated(config, path, content=text))
    for name in _REPORTS:
        report = _ROOT / "reports" / name
        files.append(File.generated(config, name, abs_src_path=str(report)))
    return files


def on_page_content(html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Show the names that docstrings refer to without the marks of Sphinx."""
    return _ROLE.sub("", html)
