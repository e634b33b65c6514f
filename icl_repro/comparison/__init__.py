"""Two verification records held against one another: what changed, and what of it is a regression.

Nothing is run: everything is read off the records. Words and pages are made by the report.
"""

from icl_repro.comparison.compare import (
    NothingToCompare,
    UnknownKind,
    compare,
    parse_kinds,
    require_compared,
    require_shared,
)

__all__ = [
    "NothingToCompare",
    "UnknownKind",
    "compare",
    "parse_kinds",
    "require_compared",
    "require_shared",
]
