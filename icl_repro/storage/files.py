"""Files that are written in one step, so that a reader never meets half of one.

Any number of threads and processes may write into one folder, and to one file.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import uuid
from collections.abc import Callable, Generator
from pathlib import Path

from icl_repro.storage.locks import lock_of


def write_whole(path: Path, content: str | bytes) -> None:
    """Put `content` into `path`, text as UTF-8, making its folders and replacing what was there.

    What UTF-8 cannot carry, half of a surrogate pair, becomes a question mark.

    Raises:
        OSError: it could not be written; what was there before is still there.
    """
    data = content.encode(errors="replace") if isinstance(content, str) else content
    with replacing(path) as partial:
        partial.write_bytes(data)


@contextlib.contextmanager
def replacing(path: Path) -> Generator[Path]:
    """Give a path to write to, which takes the place of `path` once that has gone well.

    A link stays one, to what is written. A device or a pipe, as `/dev/stdout` may be, is written to
    and never replaced.

    Raises:
        OSError: it could not; what was there before is still there.
    """
    is_stream = path.exists() and not path.is_file()
    place = Path(tempfile.gettempdir(), "stream") if is_stream else _behind_links(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    # Names may be as long as the file system allows, so that only a part of it fits.
    partial = place.with_name(f"{place.name[:40]}.{uuid.uuid4().hex}.partial")
    try:
        yield partial
        if is_stream:
            with partial.open("rb") as source, path.open("wb") as stream:
                shutil.copyfileobj(source, stream)
        else:
            partial.replace(place)
    finally:
        partial.unlink(missing_ok=True)


def update(path: Path, change: Callable[[bytes | None], bytes | None]) -> None:
    """Replace the content of a file by what `change` makes of it, while no other process does.

    Args:
        path: the file.
        change: takes what is in the file, None if it is not there; gives what shall be in it, None
            to remove it. It must not update any file itself.

    Raises:
        OSError: the file could not be read or written.
    """
    with lock_of(path) as resolved:
        try:
            before = resolved.read_bytes()
        except FileNotFoundError:
            before = None
        after = change(before)
        if after is None:
            resolved.unlink(missing_ok=True)
        elif after != before:
            write_whole(resolved, after)


def append_line(path: Path, line: str) -> None:
    """Add a line at the end of a text file, in UTF-8, making the file and its folders if need be.

    If the last line was cut short when its writer was killed, it stays a line of its own.

    Raises:
        ValueError: it is more than one line.
        OSError: the file could not be written.
    """
    if "\n" in line or "\r" in line:
        raise ValueError(f"one line is expected, but got {line!r}")
    with lock_of(path) as resolved:
        resolved.parent.mkdir(parents=True, exist_ok=True)
        with resolved.open("ab+") as file:
            end = file.tell()
            file.seek(max(end - 1, 0))
            is_cut = file.read(1) not in (b"", b"\n")
            start = "\n" if is_cut else ""
            file.write(f"{start}{line}\n".encode(errors="replace"))


def _behind_links(path: Path) -> Path:
    """What a link leads to; the path itself where nothing is there, or links go in a circle."""
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError):
        return path
