"""Suites of claims that are named on the command line, and the options that say which and how."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from icl_repro.cli.records import Refused, read_named
from icl_repro.planning.suite import Suite, UnknownClaim, matching
from icl_repro.plugin.collecting import NotCollected, collected
from icl_repro.verification.record import ClaimRecord

_F = TypeVar("_F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--suite",
        type=click.Path(path_type=Path),
        metavar="PATH",
        help="The folder or file of the claims; if not said, 'claims', or this folder where it has "
        "files of tests and no folder 'claims'.",
    ),
    click.option("--profile", metavar="NAME", help="The profile, as --icl-profile takes it."),
    click.option("--seeds", metavar="SEEDS", help="The seeds, as --icl-seeds takes them."),
    click.option(
        "--store",
        type=click.Path(path_type=Path),
        metavar="PATH",
        help="The folder of trained runs, as --icl-store takes it.",
    ),
    click.option(
        "--pytest",
        "more",
        metavar="OPTION",
        multiple=True,
        help="A further option of pytest, such as --pytest=--icl-streams=published; may be "
        "repeated.",
    ),
    click.option(
        "--record",
        type=click.Path(path_type=Path),
        metavar="RECORD",
        help="An earlier verification.json, as it is or packed with gzip, for what it measured.",
    ),
)


def options(command: _F) -> _F:
    """Give a command the options that say which claims, collected how, beside which record."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def pytest_options(
    profile: str | None, seeds: str | None, store: Path | None, more: tuple[str, ...]
) -> list[str]:
    """The options of pytest that those of a command come to."""
    said = {"--icl-profile": profile, "--icl-seeds": seeds, "--icl-store": store}
    return [*(f"{name}={value}" for name, value in said.items() if value is not None), *more]


def _usual() -> Path:
    """Where claims are if nobody says it: this repository has a folder of them, and a project of a
    few claims may have their files alone.
    """
    claims, here = Path("claims"), Path()
    return here if not claims.exists() and any(here.glob("test_*.py")) else claims


def named(
    suite: Path | None,
    patterns: tuple[str, ...],
    given: list[str],
    *,
    of_profile: bool,
    with_published: bool = False,
) -> Suite:
    """The claims at a path, with the runs of those that match.

    Args:
        suite: the path; if there is none, a folder `claims`, or the current one.
        patterns: ids, or patterns of them, each of which may be several with commas between.
        given: options of pytest.
        of_profile: whether they have to be judged in the profile.
        with_published: whether to look up the published values.

    Raises:
        Refused: it cannot be collected, or a pattern matches nothing.
    """
    asked = [part.strip() for pattern in patterns for part in pattern.split(",") if part.strip()]
    try:
        return collected(
            [suite or _usual()],
            lambda claims, its: matching(asked, claims, its if of_profile else ""),
            given,
            with_published=with_published,
        )
    except (NotCollected, UnknownClaim) as error:
        raise Refused(str(error)) from None


def claims_of(record: Path | None) -> dict[str, ClaimRecord]:
    """The claims of a record by id; none without one.

    Raises:
        Refused: it cannot be read.
    """
    return {} if record is None else {one.id: one for one in read_named(record).claims}
