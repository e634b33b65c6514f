"""What git says of a folder."""

from __future__ import annotations

import subprocess
from pathlib import Path

_SECONDS = 30


def git(root: Path, *arguments: str) -> str | None:
    """What git says of a folder, or None where there is no git or no repository."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.rstrip("\n")
