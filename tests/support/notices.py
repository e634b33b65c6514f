"""What a piece of a test told the user."""

import contextlib
from collections.abc import Iterator
from unittest import mock

from icl_repro.storage import notices


@contextlib.contextmanager
def noticing() -> Iterator[list[str]]:
    """Gives a list that holds what was told within, once that is over."""
    heard: list[str] = []
    with mock.patch.object(notices, "_told", {}):
        yield heard
        heard += notices.told()
