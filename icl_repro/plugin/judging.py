"""What happens around tests: training before the first, judging after each.

A step of its own, so that sessions without claims never import what training and curves need.
"""

from __future__ import annotations

import pytest

from icl_repro.plugin import session as sessions
from icl_repro.plugin import trials


def prepare(session: pytest.Session) -> None:
    """Train what the claims of this process's session need, if it has any."""
    if sessions.is_controller(session.config):
        return
    if any(trials.draft_of(item) for item in session.items):
        from icl_repro.plugin import training

        training.before_tests(session)


def judge(item: pytest.Item) -> None:
    """Judge a test, if it is of a claim or control: its curves, then its evidence.

    Raises:
        pytest.fail.Exception: the test does not pass, and why.
    """
    draft = trials.draft_of(item)
    if draft is None:
        return
    from icl_repro.plugin import curve_files

    curve_files.conclude(item, draft)
    trials.judge(draft)
