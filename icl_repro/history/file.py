"""The file of the history: a line of JSON a session, appended so that two at once lose nothing."""

from __future__ import annotations

from dataclasses import dataclass
from io import FileIO
from pathlib import Path

import msgspec

from icl_repro.history.line import FORMAT, Line
from icl_repro.storage.locks import lock_of

NAME = "history.jsonl"
"""What the file is called, in the folder of the report."""


_START = b'{"format":'
"""What every line starts with, also one that was cut short."""


class UnreadableHistory(ValueError):
    """A file that is no history; the message is one sentence with its path."""


@dataclass(frozen=True)
class History:
    """Sessions in the order in which they began, and a sentence for each line that is damaged."""

    lines: list[Line]
    damaged: list[str]


def append(path: Path, line: Line) -> str:
    """Add the line of a session at the end, making the file and its folders if need be.

    A last line that was cut short, because its writer was killed, is moved to a file beside it
    (``history.jsonl.damaged``).

    Returns:
        A sentence about that, empty where there was none.

    Raises:
        OSError: the file could not be written.
    """
    content = msgspec.json.encode(line) + b"\n"
    with lock_of(path) as resolved:
        resolved.parent.mkdir(parents=True, exist_ok=True)
        # Without a buffer and at the end of the file, whoever else writes there, lock or not.
        with resolved.open("ab+", buffering=0) as file:
            told, start = _mended(file, resolved)
            _write(file, start + content)
    return told


def read(path: Path) -> History:
    """All sessions of a history.

    Raises:
        UnreadableHistory: there is no such file, it cannot be read, or it is something else.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise UnreadableHistory(
            f"there is no history at {path}; every session of pytest that judges claims and writes "
            "a report adds a line to it"
        ) from error
    except OSError as error:
        raise UnreadableHistory(f"{path} cannot be read: {error.strerror}") from error
    lines: list[Line] = []
    damaged: list[tuple[int, ValueError]] = []
    for number, text in enumerate(content.split(b"\n"), start=1):
        if not text.strip():
            continue
        try:
            lines.append(_decoded(text))
        except ValueError as error:
            damaged.append((number, error))
    start = content.lstrip()[: len(_START)]
    if not lines and not _START.startswith(start):
        number, error = damaged[0]
        raise UnreadableHistory(f"{path} is not a history of sessions: line {number}: {error}")
    told = [f"line {number} of {path} is left out: {error}" for number, error in damaged]
    return History(sorted(lines, key=lambda line: line.started), told)


def _decoded(text: bytes) -> Line:
    """The line of a session.

    Raises:
        ValueError: it is none, or that of a later release.
    """

    class Head(msgspec.Struct):
        format: int

    written = msgspec.json.decode(text, type=Head).format
    if written != FORMAT:
        raise ValueError(f"it has format {written}, but this release reads {FORMAT}")
    return msgspec.json.decode(text, type=Line)


def _mended(file: FileIO, path: Path) -> tuple[str, bytes]:
    """What there is to tell of the last line, and what has to be written before the next."""
    end = file.seek(0, 2)
    file.seek(max(end - 1, 0))
    if file.read(1) in (b"", b"\n"):
        return "", b""
    file.seek(0)
    rest = file.readall().rpartition(b"\n")[2]
    try:
        _decoded(rest)
    except ValueError:
        aside = path.with_name(f"{path.name}.damaged")
        with aside.open("ab", buffering=0) as other:
            _write(other, rest + b"\n")
        file.truncate(end - len(rest))
        return (
            f"the last line of {path} was cut short, as by a session that was killed while it "
            f"wrote; it is now in {aside}"
        ), b""
    return "", b"\n"


def _write(file: FileIO, content: bytes) -> None:
    while content:
        content = content[file.write(content) or 0 :]
