"""Memory that a process no longer uses, back to the system.

The C library of Linux keeps what was freed for what is asked for next. Compilers ask for a lot,
from several threads, and little of it fits anything later: after a dozen programs of training a
process was twice as large as what it held.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable


def give_back_freed() -> None:
    """Return to the system what was freed, where the C library can; elsewhere nothing happens."""
    _trim()(0)


@functools.cache
def _trim() -> Callable[[int], int]:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library than that of GNU, or none
        return lambda kept: 0
