"""What lies where in a store, without anything that trains: for whoever looks after one."""

from __future__ import annotations

import hashlib
from pathlib import Path

RUNS = "runs"
"""The folder, and the kind, of trained runs."""
FILES = ("curves", "weights")
"""The files of arrays of a run."""
MEASURED = "measured"
"""The folder of what was measured on them, one below it for each set of circumstances."""
COMPILED = "compiled"
"""The folder of compiled programs, one below it for each kind of processor."""

MARK = "mark"
"""The file that tells a store from all others, by whatever path it is reached."""

FOLDERS = {
    RUNS: "trained runs",
    MEASURED: "what was measured on them",
    COMPILED: "compiled programs",
    "exemplars": "encoded exemplars",
    "incoming": "half-made, or left by killed processes",
    "damaged": "damaged, set aside",
    "locks": "locks",
}
"""What each folder of a store holds, in words."""


def key_of(address: str, made: str) -> str:
    """The key of a run: of what it is (its address), and of what it was made with.

    Args:
        address: 64 hexadecimal digits, those of its spec.
        made: 64 hexadecimal digits, :func:`icl_repro.training.provenance.source_and_libraries`.
    """
    return hashlib.sha256(f"{address} {made}".encode()).hexdigest()


def marked(root: Path) -> str:
    """What tells the store in that folder from all others; empty if there is none."""
    try:
        return (root / MARK).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
