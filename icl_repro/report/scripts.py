"""The scripts of the page: inside of it, and the only ones that it allows."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"


def scripts() -> list[str]:
    """The scripts beside the templates, by name.

    Files that are called alike up to their first point are parts of one script, in their order;
    none sees what another script names.
    """
    parts: dict[str, list[str]] = {}
    for path in sorted(TEMPLATES.glob("*.js")):
        parts.setdefault(path.name.partition(".")[0], []).append(path.read_text("utf-8"))
    return [f'"use strict";\n(() => {{\n{"".join(texts)}}})();\n' for texts in parts.values()]


def policy() -> str:
    """The sources that a content security policy names to allow these scripts and no other."""
    digests = (hashlib.sha256(text.encode()).digest() for text in scripts())
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def styles() -> str:
    """The text of every style sheet beside the templates; ``style.css`` goes first."""
    paths = sorted(TEMPLATES.glob("*.css"), key=lambda path: (path.name != "style.css", path.name))
    return "\n".join(path.read_text("utf-8") for path in paths)
