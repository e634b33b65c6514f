"""Checks on the fields that describe exemplars."""

from __future__ import annotations

import re

_LARGEST_SEED = 2**63 - 1
_CHECKSUM = re.compile(r"[0-9a-f]{8}|[0-9a-f]{64}")


def require_checksum(name: str, value: str) -> None:
    """Raises ValueError unless `value` is a SHA-256 checksum, or the eight digits that the name of
    a published file of weights has of it.
    """
    if not isinstance(value, str) or not _CHECKSUM.fullmatch(value):
        raise ValueError(f"{name} must be 64 (or the first 8) hexadecimal digits, got {value!r}")


def require_count(name: str, value: int) -> None:
    """Raises ValueError unless `value` is a whole number of at least 1."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}")


def require_seed(name: str, value: int) -> None:
    """Raises ValueError unless `value` is a whole number from 0 to 2**63 - 1."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST_SEED:
        raise ValueError(f"{name} must be a whole number from 0 to 2**63 - 1, got {value!r}")
