"""The HTML report: everything that the template shows, and the one file that it makes."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from icl_repro import numbers
from icl_repro.report.pictures.figures import FigureView, view_figure
from icl_repro.report.text import tables, words
from icl_repro.report.text.paper_tables import PaperTable, view_table
from icl_repro.report.text.plain_text import printable
from icl_repro.storage.files import write_whole
from icl_repro.verification.record import (
    ClaimRecord,
    ControlRecord,
    ExemplarSample,
    Trial,
    VerificationRecord,
)

if TYPE_CHECKING:
    from jinja2 import Environment

_NOT_FOR_ANCHORS = re.compile(r"[^A-Za-z0-9_.-]+")
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class Message(msgspec.Struct, frozen=True):
    """What the tests of some seeds had to say: why not run, what was raised, what did not hold.

    `long` messages (tracebacks) keep their lines.
    """

    where: str
    outcome: str
    tone: str
    text: str
    long: bool


class SeedFigures(msgspec.Struct, frozen=True):
    """The figures of one seed, and its tables like those of the paper."""

    seed: str
    figures: list[FigureView]
    tables: list[PaperTable]


class ControlView(msgspec.Struct, frozen=True):
    """A control as the page shows it; `repeats` where an earlier claim has it too."""

    record: ControlRecord
    anchor: str
    repeats: bool
    words: words.VerdictWords
    table: tables.EvidenceTable
    messages: list[Message]
    figures: list[SeedFigures]


class ClaimView(msgspec.Struct, frozen=True):
    """A claim as the page shows it."""

    record: ClaimRecord
    anchor: str
    words: words.VerdictWords
    reason: str
    held: str
    summaries: list[tables.CheckSummary]
    table: tables.EvidenceTable
    messages: list[Message]
    figures: list[SeedFigures]
    controls: list[ControlView]


class FamilyView(msgspec.Struct, frozen=True):
    """The claims of one family, in the order of the record."""

    title: str
    anchor: str
    outcome: str
    claims: list[ClaimView]


class _Anchors:
    """Ids for the page: readable, free of anything a claim's id may hold, and never twice."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, kind: str, name: str) -> str:
        wanted = f"{kind}-{_NOT_FOR_ANCHORS.sub('-', name)}"
        anchor, copy = wanted, 2
        while anchor in self._taken:
            anchor, copy = f"{wanted}-{copy}", copy + 1
        self._taken.add(anchor)
        return anchor


class _Controls:
    """The controls seen so far: several claims may share one, whose evidence is shown once."""

    def __init__(self, anchors: _Anchors) -> None:
        self._anchors = anchors
        self._shown: list[ControlView] = []

    def view(self, control: ControlRecord) -> ControlView:
        for shown in self._shown:
            if shown.record == control:
                return msgspec.structs.replace(shown, repeats=True)
        anchor = self._anchors.take("control", control.id)
        view = ControlView(
            record=control,
            anchor=anchor,
            repeats=False,
            words=words.CONTROL_VERDICTS[control.verdict],
            table=tables.control_table(control),
            messages=_messages(control.trials, words.CONTROL_OUTCOMES),
            figures=_figures(control.trials, anchor),
        )
        self._shown.append(view)
        return view


def render_html(record: VerificationRecord) -> str:
    """The report of `record` as one HTML document that needs nothing else.

    The same record gives the same text.
    """
    return _environment().get_template("report.html.j2").render(_context(record))


def write_html(record: VerificationRecord, path: Path) -> None:
    """Write the report of `record` to `path`, replacing it in one step.

    The file opens from disk and loads nothing: styles, figures and pictures are inside.
    """
    write_whole(path, render_html(record))


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def finalize(value: Any) -> Any:
        # Markup is what this package made itself; everything else may hold anything.
        return printable(value) if isinstance(value, str) and type(value) is not Markup else value

    environment = Environment(
        loader=PackageLoader("icl_repro.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=finalize,
    )
    environment.globals["nothing"] = words.NOTHING
    environment.filters |= {
        "svg": Markup,
        "number": numbers.number,
        "duration": numbers.duration,
        "count": numbers.count,
        "heading": words.as_heading,
        "sentence": words.as_full_sentence,
        "reference": words.unbroken,
        "unit": words.shown_unit,
    }
    return environment


def _context(record: VerificationRecord) -> dict[str, Any]:
    from markupsafe import Markup

    style = Path(__file__).parents[1] / "templates" / "style.css"
    return {
        "record": record,
        "style": Markup(style.read_text("utf-8")),
        "overall": words.overall(record),
        "left_out": words.left_out(record),
        "one_seed": words.one_seed_note(record.claims),
        "warning": words.not_meaningful_warning(record.profile),
        "tally": [
            (words.VERDICTS[verdict], verdict, amount)
            for verdict, amount in words.verdict_counts(record.claims)
        ],
        "meanings": [
            (words.VERDICTS[verdict], verdict, meaning)
            for verdict, meaning in words.MEANINGS.items()
        ],
        "seeds": words.seed_list(record.profile.seeds).lower(),
        "started": words.moment(record.started),
        "families": _families(record.claims),
        "exemplars": _pictures(record.exemplars),
    }


def _families(claims: Sequence[ClaimRecord]) -> list[FamilyView]:
    anchors = _Anchors()
    controls = _Controls(anchors)
    by_family: dict[str, list[ClaimRecord]] = {}
    for claim in claims:
        by_family.setdefault(claim.family, []).append(claim)
    return [
        FamilyView(
            title=words.family_title(family),
            anchor=anchors.take("family", family),
            outcome=", ".join(
                f"{amount} {verdict}" for verdict, amount in words.verdict_counts(members)
            ),
            claims=[_view_claim(claim, anchors, controls) for claim in members],
        )
        for family, members in by_family.items()
    ]


def _view_claim(claim: ClaimRecord, anchors: _Anchors, controls: _Controls) -> ClaimView:
    anchor = anchors.take("claim", claim.id)
    return ClaimView(
        record=claim,
        anchor=anchor,
        words=words.VERDICTS[claim.verdict],
        reason=_reason(claim),
        held=words.seeds_held(claim),
        summaries=tables.summaries(claim.trials),
        table=tables.claim_table(claim.trials),
        # The reason of a claim that was not run is often its one message: once is enough.
        messages=[
            message
            for message in _messages(claim.trials, words.OUTCOMES)
            if len(claim.trials) > 1 or message.text != _without(claim.verdict, claim.reason)
        ],
        figures=_figures(claim.trials, anchor),
        controls=[controls.view(control) for control in claim.controls],
    )


def _reason(claim: ClaimRecord) -> str:
    """The reason of the verdict; with the seeds and their share where it does not tell them."""
    held = words.seeds_held(claim)
    given = _without(claim.verdict, claim.reason)
    if held and claim.seeds_judged == 1:
        # A share of one seed is 0 or 1, and its interval tells nothing that this does not.
        judged = [trial.seed for trial in claim.trials if trial.outcome in ("passed", "failed")]
        alone = f"{'holds' if claim.seeds_held else 'does not hold'} on {words.only_seed(judged)}"
        counted = f"holds on {claim.seeds_held} of 1 seed"
        rest = [part for part in given.split("; ") if part and part != counted]
        return words.as_sentence("; ".join([*rest, alone]))
    parts = [given]
    if held and held not in claim.reason:
        parts.append(held)
    if claim.share is not None and "interval" not in claim.reason:
        parts.append(f"share of seeds: {words.interval(claim.share)}")
    return words.as_sentence("; ".join(part for part in parts if part))


def _messages(trials: Sequence[Trial], outcomes: dict[str, words.OutcomeWords]) -> list[Message]:
    """The messages of the trials; seeds that say the same thing say it once."""
    seeds: dict[tuple[str, str], list[int | None]] = {}
    for trial in trials:
        if trial.message:
            seeds.setdefault((trial.outcome, trial.message), []).append(trial.seed)
    return [
        Message(
            where=words.seed_list([seed for seed in which if seed is not None]),
            outcome=words.as_sentence(outcomes[outcome].word)
            if all(seed is None for seed in which)
            else outcomes[outcome].word,
            tone=outcomes[outcome].tone,
            text=_without(outcome, text.strip("\n").rstrip()),
            long="\n" in text.strip(),
        )
        for (outcome, text), which in seeds.items()
    ]


def _without(outcome: str, message: str) -> str:
    """`message` without the outcome at its start, which stands beside it anyway."""
    return message.removeprefix(f"{outcome}: ")


def _figures(trials: Sequence[Trial], anchor: str) -> list[SeedFigures]:
    return [
        SeedFigures(
            seed=words.seed_list([] if trial.seed is None else [trial.seed]),
            figures=[
                view_figure(figure, f"{anchor}-{number}-{position}")
                for position, figure in enumerate(trial.evidence.figures)
            ],
            tables=[view_table(table) for table in trial.evidence.tables],
        )
        for number, trial in enumerate(trials)
        if trial.evidence.figures or trial.evidence.tables
    ]


def _pictures(sample: ExemplarSample | None) -> list[list[str | None]]:
    """The pictures by class; ``None`` for one that is not a PNG image in base64."""
    return [[_png(picture) for picture in row] for row in sample.pictures] if sample else []


def _png(picture: str) -> str | None:
    try:
        content = base64.b64decode(picture, validate=True)
    except (binascii.Error, ValueError):
        return None
    return picture if content.startswith(_PNG_SIGNATURE) else None
