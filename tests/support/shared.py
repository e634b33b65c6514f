"""Files that are too large for the repository, in a folder beside it."""

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("ICL_SHARED") or Path(__file__).parents[2].parent / "shared")


def shared(name: str) -> Path:
    """The path of one of them; skips the test where it is not there."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"there is no {path}")
    return path
