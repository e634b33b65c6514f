"""Notices: what a user should know although nothing failed, such as a cache that is out of use.

They are no warnings, because a test that turns warnings into errors must not fail by them. They go
to the log of this package, and are remembered for whoever sums a session up.
"""

from __future__ import annotations

import logging

_told: dict[str, None] = {}


def tell(message: str) -> None:
    """Tell the user something, once a process."""
    if message not in _told:
        _told[message] = None
        logging.getLogger("icl_repro").warning(message)


def told() -> list[str]:
    """What this process has told so far, in order."""
    return list(_told)
