"""Files of TOML that people write: reading them, and what is wrong with them in one sentence."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from icl_repro.nearest import nearest

_Read = TypeVar("_Read", bound=msgspec.Struct)


def tables_of(path: Path, unusable: type[ValueError]) -> dict[str, Any]:
    """All tables of a file; what cannot be read raises `unusable`."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise unusable(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise unusable(f"{path} is not a text in UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise unusable(f"{path} is not TOML: {error}") from error


def converted(
    said: object,
    kind: type[_Read],
    place: str,
    unusable: type[ValueError],
    choices: Collection[str],
    inner: dict[str, type[msgspec.Struct]] | None = None,
) -> _Read:
    """A table as a struct; what does not fit raises `unusable`, with the nearest choice.

    Args:
        said: the table.
        kind: what it has to be.
        place: where it stands, for the sentence.
        unusable: what is raised.
        choices: the words of its fields that take one of several.
        inner: the structs of its fields that hold some, by the name of the field.
    """
    try:
        return msgspec.convert(said, kind)
    except msgspec.ValidationError as error:
        wrong, _, at = str(error).partition(" - at ")
        where = at.strip("`").removeprefix("$").removeprefix(".")
        sentences = [f"{where}: {wrong}" if where else wrong]
        if unknown := re.search(r"unknown field `(.+)`", wrong):
            at_fault = (inner or {}).get(where.partition("[")[0], kind)
            sentences.append(nearest(unknown[1], at_fault.__struct_fields__))
        if word := re.search(r"Invalid enum value '(.*)'", wrong):
            sentences.append(nearest(word[1], choices))
        raise unusable(f"{place}: {'; '.join(sentences)}") from error
