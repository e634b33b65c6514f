"""What a record carries so that others can check it: checksums, and what its runs were made by.

A checksum shows that something was changed since it was taken, by accident or by somebody who did
not take it anew. It cannot show who wrote a record, nor that what stands in it was ever measured:
whoever changes a value, the verdict and the checksum alike leaves no trace in the record itself.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, cast

import msgspec

_FIELD = "seal"


class Seal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What others need to check a record.

    `checksum` is the SHA-256 of all the rest of the record, :func:`checksum_of`. `files` are those
    that its thresholds, known failures and coverage were read from, by their path from the root,
    with their SHA-256 each. `specs` describe its runs as JSON, by key. `rows_left_out` are the rows
    of tables that the session did not select, by the id of the claim, or ``CLAIM/CONTROL``.
    """

    checksum: str = ""
    files: dict[str, str] = {}
    specs: dict[str, str] = {}
    rows_left_out: dict[str, list[str]] = {}


def checksum_of(record: bytes) -> str:
    """The checksum of a record: SHA-256 of its JSON without ``seal.checksum``.

    The form is fixed (keys in order, no spaces), so that neither layout nor the order of fields
    plays a part. It is that of the JSON as it is, so that fields which came later change nothing.

    Args:
        record: the record as JSON.

    Raises:
        msgspec.MsgspecError: it is no JSON.
    """
    content: Any = msgspec.json.decode(record)
    if isinstance(content, dict):
        seal = cast("dict[str, Any]", content).get(_FIELD)
        if isinstance(seal, dict):
            cast("dict[str, Any]", seal).pop("checksum", None)
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()


def sha256(content: bytes) -> str:
    """The SHA-256 of a file's content: 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def checksums_of_files(root: Path, paths: list[Path]) -> dict[str, str]:
    """The checksums of files, and of all TOML files of folders, by their path from the root.

    Paths outside of the root are as they are. What cannot be read has no checksum.
    """
    found: dict[str, str] = {}
    for path in paths:
        for file in sorted(path.glob("*.toml")) if path.is_dir() else [path]:
            name = file.relative_to(root) if file.is_relative_to(root) else file
            try:
                found[name.as_posix()] = sha256(file.read_bytes())
            except OSError:
                continue
    return found
