"""A session that is asked to terminate (SIGTERM) still writes its record and leaves no scratch."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

import pytest

from icl_repro.plugin.session import is_worker, remove_scratch, scratch_of


@contextmanager
def heeding_termination(config: pytest.Config) -> Generator[None, None, None]:
    """Take SIGTERM as an interruption, once; where there are no claims, end as without the plugin.

    Workers of xdist are left alone: their controller ends them. So is whoever has a handler.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if is_worker(config) or not is_main or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        _heed_no_more()
        if scratch_of(config).catalogue() is not None:
            raise KeyboardInterrupt("asked to terminate")
        remove_scratch(config)
        os.kill(os.getpid(), signal.SIGTERM)

    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, _once)
        config.add_cleanup(_heed_no_more)


def _once(number: int, frame: FrameType | None) -> None:
    """Let a session that ends anyway finish its record; the second signal ends it."""
    _heed_no_more()


def _heed_no_more() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
