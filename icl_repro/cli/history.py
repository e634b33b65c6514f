"""``icl-repro history``: what changed over the sessions of a history."""

from __future__ import annotations

import fnmatch
from pathlib import Path

import click

from icl_repro.cli.checkout import at_hand, shown
from icl_repro.cli.records import Refused
from icl_repro.history import file, told, trends
from icl_repro.nearest import nearest
from icl_repro.numbers import count

EXAMPLES = """\b
Examples:
  icl-repro history
  icl-repro history --claim 'timing.*' --steps
  icl-repro history old/history.jsonl --profile paper
  icl-repro history --fail-on-step --newest 3
"""


@click.command(epilog=EXAMPLES)
@click.argument("path", type=click.Path(path_type=Path), metavar="[FILE]", required=False)
@click.option(
    "--claim",
    "claims",
    metavar="ID",
    multiple=True,
    help="Only this claim, or those that match a pattern such as timing.*; may be repeated.",
)
@click.option("--steps", "only_steps", is_flag=True, help="Only quantities that have a step.")
@click.option(
    "--profile",
    metavar="NAME",
    help="Tell of the sessions of this profile, in place of that of the newest session.",
)
@click.option(
    "--fail-on-step",
    is_flag=True,
    help="End with status 1 if the newest session has a step to worse.",
)
@click.option(
    "--newest",
    type=click.IntRange(min=1),
    metavar="N",
    default=1,
    show_default=True,
    help="How many of the newest sessions --fail-on-step looks at.",
)
def command(
    path: Path | None,
    claims: tuple[str, ...],
    only_steps: bool,
    profile: str | None,
    fail_on_step: bool,
    newest: int,
) -> None:
    """Tell the trend of every verdict, measured value and speed over the sessions in FILE
    (if not said, where the ini file here keeps it: icl_history, or beside icl_report), and at which
    commits they changed their level.

    Sessions are compared with the newest if they judged the same seeds in the same profile on the
    same basis; speed only on the same processor, with as many workers. Of each claim, the checks
    are those of the newest session that judged it. Behind a trend stand its last value and, in
    brackets, the change since the session before. A step is a change larger than what else the
    values differ by; in noise alone one is found in less than one of a hundred trends, and in the
    newest session in less than one of twenty sessions. Counts have to stay at a new level for three
    sessions. That a value is not finite any more is a step to worse.
    """
    path = path or _of_ini_file()
    try:
        history = file.read(path)
    except file.UnreadableHistory as error:
        raise Refused(str(error)) from None
    for sentence in history.damaged:
        click.echo(sentence, err=True)
    sessions = history.lines
    if profile is not None:
        sessions = [line for line in sessions if line.profile == profile]
        if not sessions:
            known = nearest(profile, {line.profile for line in history.lines})
            raise Refused(f"no session of {path} was of a profile {profile!r}; {known}")
    chosen = trends.compared(sessions)
    if not chosen.lines:
        raise Refused(f"{path} holds no session yet")
    found = trends.trends(chosen.lines)
    if claims:
        found = [one for one in found if any(fnmatch.fnmatch(one.claim, p) for p in claims)]
        if not found:
            known = nearest(claims[0], {claim for line in chosen.lines for claim in line.verdicts})
            raise Refused(f"no session judged a claim {' or '.join(claims)}; {known}")
    wanted = [one for one in found if one.steps or not only_steps]
    for text in told.head(chosen):
        click.echo(text)
    for line in told.lines(wanted):
        click.secho(line.text, bold=line.name, fg="red" if line.worse else None)
    click.echo(told.tail(found, wanted))
    worse = list(trends.newly_worse(found, len(chosen.lines), newest))
    if fail_on_step and worse:
        sessions_told = f"{newest} sessions" if newest > 1 else "session"
        steps_told = count(len(worse), "step")
        click.echo(f"{steps_told} to worse in the newest {sessions_told}", err=True)
        raise click.exceptions.Exit(1)


def _of_ini_file() -> Path:
    """Where sessions of the checkout at hand keep their history.

    Raises:
        Refused: the ini file says that there is none.
    """
    here = at_hand()
    told = here.settings.get("icl_history", "")
    report = here.settings.get("icl_report", "")
    if told == "none" or (not told and report == "none"):
        key = "icl_history" if told else "icl_report"
        raise Refused(f"the ini file of {here.root} keeps no history ({key} = none); name a file")
    path = here.path("icl_history")
    if path is None:
        path = (here.path("icl_report") or here.root / "reports") / file.NAME
    return Path(shown(path))
