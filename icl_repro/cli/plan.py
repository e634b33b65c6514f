"""``icl-repro plan``: what a session would train and could show, before it does."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec
import psutil

from icl_repro.cli import suites
from icl_repro.planning.plan import planned
from icl_repro.planning.table import ORDERS, Order, lines
from icl_repro.planning.timing import times_of

EXAMPLES = """\b
Examples:
  icl-repro plan
  icl-repro plan 'growth.*' --profile paper --workers 8
  icl-repro plan --seeds n=11 --record reports/verification.json
  icl-repro plan --json --no-timing > plan.json
"""


@click.command(epilog=EXAMPLES)
@click.argument("claims", nargs=-1)
@suites.options
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many processes would train; as many as there are cores, if not said.",
)
@click.option(
    "--sort",
    "order",
    type=click.Choice(ORDERS),
    default="cost",
    show_default=True,
    help="The order of the rows.",
)
@click.option("--no-timing", is_flag=True, help="Train nothing to time it, not for a second.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def command(
    claims: tuple[str, ...],
    suite: Path | None,
    profile: str | None,
    seeds: str | None,
    store: Path | None,
    more: tuple[str, ...],
    record: Path | None,
    workers: int | None,
    order: Order,
    no_timing: bool,
    as_json: bool,
) -> None:
    """Tell what CLAIMS (ids or patterns; all of them, if none is named) cost and can show: runs
    and minutes, how many seeds a verdict takes and with what power, and what stands in its way.

    Nothing is trained, but for a timing of a few seconds where the store has no run of some kind;
    it is kept in the store, for this kind of processor.
    """
    records = suites.claims_of(record)
    given = suites.pytest_options(profile, seeds, store, more)
    found = suites.named(suite, claims, given, of_profile=True)
    times = times_of(found, take=not no_timing, tell=lambda said: click.echo(said, err=True))
    cores = psutil.cpu_count(logical=False) or 1
    plan = planned(found, times, workers or cores, records, str(record or ""))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(plan), indent=1))
        return
    for line in lines(plan, order):
        click.echo(line)
