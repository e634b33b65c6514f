"""The options of pytest and the keys of the ini file, as the plugin declares them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from icl_repro.plugin import declared_options

from .markdown import code, escaped, table

PATH = "reference/options.md"

_HEAD = """\
# Options of pytest

Made from what the plugin declares. `pytest --help` shows the same under *icl-repro*.

The command line wins over the ini file, which wins over the default. The default stands in
parentheses at the end. Paths on the command line are relative to where pytest is called, paths in
the ini file to its folder. Write an equals sign between an option and its value
(`--icl-store=PATH`): pytest may take a value that stands apart for a path to tests.

Options of pytest itself do what they always do: `-k`, `-m`, `-x`, `--lf`, `-n 0`, `-p no:xdist`,
`--collect-only`, `--junit-xml`, and `--snapshot-update` of syrupy, which accepts changed curves as
the new snapshots (thresholds do not move). With `--runxfail` no claims are judged: that is a usage
error, and so is a claim that expects itself to fail.
"""


class Option(NamedTuple):
    """An option of the command line, with the key of its twin in the ini file, if it has one."""

    flag: str
    metavar: str
    help: str
    key: str


class Key(NamedTuple):
    """What the ini file alone says."""

    name: str
    help: str


class _Parser:
    """Takes what a plugin declares to pytest's parser."""

    def __init__(self) -> None:
        self.flags: dict[str, tuple[str, str, str]] = {}
        self.keys: dict[str, str] = {}

    def getgroup(self, name: str, description: str = "") -> _Parser:
        return self

    def addoption(self, flag: str, *, dest: str, help: str, **more: Any) -> None:
        self.flags[dest] = flag, more.get("metavar", ""), help

    def addini(self, name: str, help: str, **_: Any) -> None:
        self.keys[name] = help


def declared() -> tuple[list[Option], list[Key]]:
    """Every option of the plugin, and every key that only the ini file has."""
    parser = _Parser()
    declared_options.add(parser)  # pyright: ignore[reportArgumentType]
    found = [
        Option(flag, metavar, text, key if key in parser.keys else "")
        for key, (flag, metavar, text) in parser.flags.items()
    ]
    alone = [Key(name, text) for name, text in parser.keys.items() if name not in parser.flags]
    return found, alone


def page() -> str:
    """The page, as Markdown."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    found, alone = declared()
    yield _HEAD
    for option in found:
        value = f"={option.metavar}" if option.metavar else ""
        yield f"## `{option.flag}` {{ #{option.flag.removeprefix('--')} }}"
        yield ""
        yield code(f"{option.flag}{value}")
        yield f": {escaped(option.help)}"
        if option.key:
            yield from ("", f"    In the ini file: {code(option.key)}.")
        yield ""
    yield "## In the ini file alone { #ini }"
    yield ""
    yield from table(
        ["key", "what it says"], [[code(key.name), escaped(key.help)] for key in alone]
    )
