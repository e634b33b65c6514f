"""Writes a text file in one step, so that a reader never meets half of it."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Put `text` into `path` as UTF-8, creating its folders and replacing what was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # The process id keeps two writers from sharing one partial file.
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(text.encode("utf-8", errors="replace"))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
