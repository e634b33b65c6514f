"""``icl-repro explain``: all there is to know of a claim before it is run."""

from __future__ import annotations

from pathlib import Path

import click

from icl_repro.cli import suites
from icl_repro.planning.explained import as_markdown, as_text, explained
from icl_repro.planning.timing import times_of

EXAMPLES = """\b
Examples:
  icl-repro explain growth.early
  icl-repro explain 'growth.*' --record reports/verification.json
  icl-repro explain growth.early --markdown > early.md
"""


@click.command(epilog=EXAMPLES)
@click.argument("claims", nargs=-1, required=True)
@suites.options
@click.option("--markdown", is_flag=True, help="Print Markdown.")
def command(
    claims: tuple[str, ...],
    suite: Path | None,
    profile: str | None,
    seeds: str | None,
    store: Path | None,
    more: tuple[str, ...],
    record: Path | None,
    markdown: bool,
) -> None:
    """Explain CLAIMS (ids or patterns): what each says and where, what is trained and measured,
    where its thresholds come from, what its controls are, what is known of it, and the command that
    runs it alone. With --record also its last verdict, and what was measured.
    """
    records = suites.claims_of(record)
    options = suites.pytest_options(profile, seeds, store, more)
    found = suites.named(suite, claims, options, of_profile=False, with_published=True)
    times = times_of(found, take=False)
    write = as_markdown if markdown else as_text
    for at, claim in enumerate(one for one in found.claims if one.id in found.selected):
        if at:
            click.echo("")
        about = explained(found, claim, times, options, records.get(claim.id))
        for line in write(about):
            click.echo(line)
    if missing := [one for one in sorted(found.selected) if records and one not in records]:
        click.echo(f"\n{record} has no {', '.join(missing)}", err=True)
