"""The checkout at hand: its root, and what its ini file says of the suite.

Read as pytest reads it, but without pytest, whose import takes longer than most commands.
"""

from __future__ import annotations

import configparser
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from icl_repro.cli.records import Refused

_INI_FILES = {
    "pytest.ini": "pytest",
    ".pytest.ini": "pytest",
    "pyproject.toml": "",
    "tox.ini": "pytest",
    "setup.cfg": "tool:pytest",
}
"""Where pytest looks, in its order, and the section that holds its settings."""
_STORE = ".icl-repro"


@dataclass(frozen=True)
class Checkout:
    """A folder with an ini file of pytest's, and what that says: keys of the suite, as text."""

    root: Path
    settings: Mapping[str, str] = field(default_factory=dict[str, str])

    def path(self, key: str) -> Path | None:
        """The file or folder that a key names, or None."""
        text = self.settings.get(key, "")
        return (self.root / Path(text).expanduser()) if text else None

    @property
    def store(self) -> Path:
        """The store that a session would take if nothing else is said."""
        return self.path("icl_store") or self.root / _STORE


def at_hand() -> Checkout:
    """The checkout of the working directory, or that directory where no ini file tells.

    Raises:
        Refused: an ini file cannot be read.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        for name in _INI_FILES:
            path = folder / name
            if path.is_file() and (settings := _settings(path)) is not None:
                return Checkout(folder, settings)
    return Checkout(here)


def shown(path: Path) -> str:
    """The path as a user reads it best: relative to the working directory if it is in there."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _settings(path: Path) -> dict[str, str] | None:
    """What an ini file says to pytest; None if it says nothing to it."""
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".toml":
            tool: Any = tomllib.loads(text).get("tool", {}).get("pytest", {})
            found: Any = tool.get("ini_options", tool) or None
        else:
            parser = configparser.ConfigParser(interpolation=None)
            parser.read_string(text)
            section = _INI_FILES[path.name]
            found = dict(parser[section]) if section in parser else None
    except (OSError, ValueError, configparser.Error) as error:
        raise Refused(f"cannot read {path}: {error}") from None
    return None if found is None else {str(key): str(value) for key, value in found.items()}
