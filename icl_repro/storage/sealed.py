"""Sealed files: content with its checksum at the end, so that damage is seen when it is read."""

from __future__ import annotations

import hashlib
from pathlib import Path

from icl_repro.numbers import count
from icl_repro.storage.files import write_whole

_DIGEST_BYTES = hashlib.sha256().digest_size


class Damaged(Exception):
    """A file is not as it was written; the message says how it differs."""


def write(path: Path, content: bytes) -> None:
    """Write content and its checksum, in one step.

    Raises:
        OSError: it could not be written.
    """
    write_whole(path, content + hashlib.sha256(content).digest())


def read(path: Path) -> bytes:
    """Read the content of a sealed file.

    Raises:
        Damaged: it is not as it was written.
        OSError: it is not there or cannot be read.
    """
    written = path.read_bytes()
    content, digest = written[:-_DIGEST_BYTES], written[-_DIGEST_BYTES:]
    if hashlib.sha256(content).digest() != digest:
        raise Damaged(f"its checksum does not match its {count(len(written), 'byte')}")
    return content
