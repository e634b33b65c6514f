"""What is wrong with a field of a file that people write, in words."""

from __future__ import annotations

import re
from collections.abc import Collection

import msgspec

from icl_repro.nearest import nearest


def in_words(
    error: msgspec.ValidationError, fields: Collection[str], choices: Collection[str]
) -> str:
    """What msgspec says, without its dollar sign, and the nearest choice where there are some.

    Args:
        error: what it raised.
        fields: the fields that there are where an unknown one stands.
        choices: the words that there are where an unknown one stands.
    """
    said, _, at = str(error).partition(" - at ")
    where = at.strip("`").removeprefix("$").removeprefix(".")
    sentences = [f"{where}: {said}" if where else said]
    if unknown := re.search(r"unknown field `(.+)`", said):
        sentences.append(nearest(unknown[1], fields))
    if wrong := re.search(r"Invalid enum value '(.*)'", said):
        sentences.append(nearest(wrong[1], choices))
    return "; ".join(sentences)
