"""Text that is safe to put into XML and HTML, whatever a claim, a test or a traceback held."""

from __future__ import annotations

import re

# What XML 1.0 cannot hold, and the surrogates that cannot be encoded. Terminal colour codes go
# whole: their letters would stay behind otherwise.
_TERMINAL_CODES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    """`text` without terminal codes, and with ``�`` for what XML cannot hold."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", _TERMINAL_CODES.sub("", text))
