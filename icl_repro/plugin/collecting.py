"""Collecting the claims of a suite in this process, for commands that run none of them."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from icl_repro.planning.suite import Suite, UnknownClaim
from icl_repro.plugin.session import state_of
from icl_repro.plugin.suite import Select, suite_of

_QUIET = (
    "--collect-only",
    "-qq",
    "--capture=no",
    "-n0",
    # This package is imported already, so that its asserts cannot be rewritten any more.
    "--assert=plain",
    "-p",
    "no:cacheprovider",
)


class NotCollected(ValueError):
    """Claims that cannot be collected; the message is one sentence."""


class _Catcher:
    """Takes what a session collected while its plugins are there to tell of it."""

    def __init__(self, take: Callable[[pytest.Config], None]) -> None:
        self._take = take
        self.failed: list[str] = []
        self.raised: Exception | None = None

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note what could not be collected, and why."""
        if report.failed:
            lines = report.longreprtext.strip().splitlines() or ["it cannot be collected"]
            self.failed.append(f"{report.nodeid}: {lines[-1].removeprefix('E').strip()}")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take it, if all is well."""
        if self.failed or state_of(session.config).usage_error:
            return
        try:
            self._take(session.config)
        except Exception as error:
            self.raised = error


def collected(
    paths: Sequence[Path | str],
    select: Select,
    options: Sequence[str] = (),
    *,
    with_published: bool = False,
) -> Suite:
    """Collect the claims below some paths, as ``pytest paths --collect-only`` does.

    Args:
        paths: files or folders.
        select: which claims are wanted.
        options: further options of pytest, such as ``--icl-profile=paper``.
        with_published: whether to look up the published values that the ledger names.

    Raises:
        UnknownClaim: what `select` raises.
        NotCollected: a path is not there, a module or a declaration is not right, or there are no
            claims.
    """
    missing = [path for path in paths if not Path(path).exists()]
    if missing:
        raise NotCollected(
            f"there is no file or folder {str(missing[0])!r}: name that of the claims with --suite"
        )
    found: list[Suite] = []
    catcher = _Catcher(
        lambda config: found.append(suite_of(config, select, with_published=with_published))
    )
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        status = pytest.main([*_QUIET, *map(str, paths), *options], plugins=[catcher])
    if isinstance(catcher.raised, UnknownClaim):
        raise catcher.raised
    if catcher.raised is not None:
        raise NotCollected(f"{type(catcher.raised).__name__}: {catcher.raised}")
    if catcher.failed:
        more = f" (and {len(catcher.failed) - 1} more)" if len(catcher.failed) > 1 else ""
        raise NotCollected(f"cannot be collected: {catcher.failed[0]}{more}")
    if not found or not found[0].claims:
        raise NotCollected(_error_in(said.getvalue(), status) or "there are no claims here")
    return found[0]


def _error_in(said: str, status: int | pytest.ExitCode) -> str:
    """What pytest told the user of a mistake."""
    if status in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        return ""
    lines = [line for line in said.splitlines() if line.strip()]
    for of_option in (line for line in lines if ": error: " in line):
        return of_option.partition(": error: ")[2]
    for at, line in enumerate(lines):
        if line.startswith("ERROR: "):
            return "\n".join([line.removeprefix("ERROR: "), *lines[at + 1 :]])
    return lines[-1] if lines else f"pytest ended with status {int(status)}"
