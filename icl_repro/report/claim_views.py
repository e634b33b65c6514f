"""Claims as the page shows them: words, tables and pictures of each, with their controls."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from icl_repro.report.pictures.figures import FigureView, view_figure
from icl_repro.report.pictures.over_seeds import Merged, merge
from icl_repro.report.text import (
    checks,
    commands,
    matrix,
    published,
    tables,
    trained,
    verdicts,
    words,
)
from icl_repro.report.text.findings import FindingView, finding_views
from icl_repro.report.text.paper_tables import PaperTable, view_table
from icl_repro.verification.pictures import Figure
from icl_repro.verification.record import (
    CheckOverSeeds,
    ClaimRecord,
    ControlRecord,
    Trial,
    VerificationRecord,
)

_NOT_FOR_ANCHORS = re.compile(r"[^A-Za-z0-9_.-]+")


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
    """Figures of one seed, and its tables like those of the paper.

    The first of several also has those that are over all seeds together.
    """

    seed: str
    figures: list[FigureView]
    tables: list[PaperTable]


class LinkedFinding(msgspec.Struct, frozen=True):
    """A known failure with its place in the page, and those of the claim that it is about.

    `claim_anchor` is empty where that claim is not in the record; `statement` then is its id.
    """

    finding: FindingView
    anchor: str
    claim_anchor: str
    statement: str


class ControlView(msgspec.Struct, frozen=True):
    """A control as the page shows it. `must_fail` says which of its checks must."""

    record: ControlRecord
    anchor: str
    words: verdicts.VerdictWords
    reason: str
    must_fail: str
    table: tables.EvidenceTable
    messages: list[Message]
    figures: list[SeedFigures]
    known: list[LinkedFinding]


class ClaimView(msgspec.Struct, frozen=True):
    """A claim as the page shows it.

    `conditions` are sentences on what it takes to judge it. `brief` are the checks that stand in
    the overview, `more` says how many others there are.
    `known` are the known failures of its checks, by their names. `matrix` is its row among all
    claims, `published` are its checks with a published value, `command` runs it alone.
    """

    record: ClaimRecord
    anchor: str
    words: verdicts.VerdictWords
    reason: str
    corrected: str
    agreement: str
    share: str
    conditions: list[str]
    brief: list[checks.CheckView]
    more: str
    table: tables.EvidenceTable
    messages: list[Message]
    figures: list[SeedFigures]
    controls: list[ControlView]
    known: dict[str, list[LinkedFinding]]
    matrix: matrix.MatrixRow
    published: list[published.PublishedPoint]
    trained: trained.Trained
    command: str


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


def view_claims(record: VerificationRecord) -> tuple[list[FamilyView], list[LinkedFinding]]:
    """The claims of the record by family, and its known failures, with links between them."""
    anchors = _Anchors()
    places = [anchors.take("claim", claim.id) for claim in record.claims]
    first_place: dict[str, str] = {}
    for claim, place in zip(record.claims, places, strict=True):
        first_place.setdefault(claim.id, place)
    statements = {claim.id: claim.statement for claim in record.claims}
    seeds, corrected = matrix.matrix_seeds(record), matrix.is_corrected(record)
    findings = [
        LinkedFinding(
            finding=finding,
            anchor=anchors.take("known", f"{finding.claim}-{number}"),
            claim_anchor=first_place.get(finding.claim, ""),
            statement=statements.get(finding.claim, finding.claim),
        )
        for number, finding in enumerate(finding_views(record), 1)
    ]
    by_family: dict[str, list[tuple[ClaimRecord, str]]] = {}
    for claim, place in zip(record.claims, places, strict=True):
        by_family.setdefault(claim.family, []).append((claim, place))
    families = [
        FamilyView(
            title=words.family_title(family),
            anchor=anchors.take("family", family),
            outcome=_outcome([claim for claim, _ in members]),
            claims=[
                _view_claim(
                    record,
                    claim,
                    place,
                    anchors,
                    matrix.matrix_row(claim, seeds, corrected),
                    [one for one in findings if one.finding.claim == claim.id],
                )
                for claim, place in members
            ],
        )
        for family, members in by_family.items()
    ]
    return families, findings


def _outcome(claims: Sequence[ClaimRecord]) -> str:
    return ", ".join(f"{amount} {verdict}" for verdict, amount in verdicts.verdict_counts(claims))


def _view_claim(
    record: VerificationRecord,
    claim: ClaimRecord,
    anchor: str,
    anchors: _Anchors,
    row: matrix.MatrixRow,
    known: list[LinkedFinding],
) -> ClaimView:
    views = checks.check_views(claim)
    brief, more = checks.in_brief(views)
    own = [one for one in known if not one.finding.case]
    return ClaimView(
        record=claim,
        anchor=anchor,
        words=verdicts.VERDICTS[claim.verdict],
        reason=verdicts.reason(claim),
        corrected=verdicts.corrected(claim, record.comparisons),
        agreement=checks.agreements(views),
        share=verdicts.share_of_seeds(claim),
        conditions=checks.condition_sentences(claim),
        brief=brief,
        more=more,
        table=tables.claim_table(claim.trials, views),
        # The reason of a claim that was not run is often its one message: once is enough.
        messages=[
            message
            for message in _messages(claim.trials, verdicts.OUTCOMES)
            if len(claim.trials) > 1 or message.text != _without(claim.verdict, claim.reason)
        ],
        figures=_figures(claim.trials, anchor),
        controls=[
            _view_control(
                control,
                claim.checks,
                anchors.take("control", f"{claim.id}-{control.id}"),
                [one for one in known if one.finding.case == control.id],
            )
            for control in claim.controls
        ],
        known={
            name: [one for one in own if one.finding.check == name]
            for name in dict.fromkeys(one.finding.check for one in own)
        },
        matrix=row,
        published=published.published_points(claim),
        trained=trained.trained_for(record, claim),
        command=commands.claim_command(record, claim),
    )


def _view_control(
    control: ControlRecord,
    own: Sequence[CheckOverSeeds],
    anchor: str,
    known: list[LinkedFinding],
) -> ControlView:
    return ControlView(
        record=control,
        anchor=anchor,
        words=verdicts.CONTROL_VERDICTS[control.verdict],
        reason=words.as_full_sentence(words.as_sentence(control.reason)),
        must_fail="; ".join(control.only),
        table=tables.control_table(control, own),
        messages=_messages(control.trials, verdicts.CONTROL_OUTCOMES),
        figures=_figures(control.trials, anchor),
        known=known,
    )


def _messages(
    trials: Sequence[Trial], outcomes: Mapping[str, verdicts.OutcomeWords]
) -> list[Message]:
    """The messages of the trials; seeds that say the same thing say it once."""
    said: dict[tuple[str, str, str], list[int]] = {}
    for trial in trials:
        if trial.message:
            seeds = said.setdefault((trial.outcome, trial.row, trial.message), [])
            seeds += tables.seeds_of(trial)
    return [
        Message(
            where=where,
            outcome=outcomes[outcome].word if where else words.as_sentence(outcomes[outcome].word),
            tone=outcomes[outcome].tone,
            text=told if is_long else words.as_sentence(told),
            long=is_long,
        )
        for (outcome, row, text), seeds in said.items()
        for where in [_where(row, seeds)]
        for told, is_long in [(_without(outcome, text.strip("\n").rstrip()), "\n" in text.strip())]
    ]


def _where(row: str, seeds: Sequence[int]) -> str:
    """Seeds and row of some tests, as far as they have any: ``Seed 1, first row``."""
    return ", ".join(filter(None, [words.seed_list(seeds), row]))


def _without(outcome: str, message: str) -> str:
    """`message` without the outcome at its start, which stands beside it anyway."""
    return message.removeprefix(f"{outcome}: ")


def _figures(trials: Sequence[Trial], anchor: str) -> list[SeedFigures]:
    """Figures and tables: first those over all seeds as far as they can be merged, then what is
    left of each seed.
    """
    tables_of: dict[tuple[int, ...], list[PaperTable]] = {}
    same: dict[tuple[str, int, str], list[tuple[tuple[int, ...], Figure, str]]] = {}
    for number, trial in enumerate(trials):
        seeds = tables.seeds_of(trial)
        if trial.evidence.figures or trial.evidence.tables:
            tables_of.setdefault(seeds, []).extend(map(view_table, trial.evidence.tables))
        for position, figure in enumerate(trial.evidence.figures):
            prefix = f"{anchor}-{number}-{position}"
            place = (trial.row, position, figure.name)
            same.setdefault(place, []).append((seeds, figure, prefix))
    views: dict[tuple[int, ...], list[FigureView]] = {seeds: [] for seeds in tables_of}
    for found in same.values():
        if len(found) > 1 and all(len(seeds) == 1 for seeds, *_ in found):
            merged = merge([(seeds[0], figure) for seeds, figure, _ in found])
            whose = _whose([seeds[0] for seeds, *_ in found], merged)
            views[next(iter(views))].append(view_figure(merged.figure, found[0][2], whose))
            left = [((seed,), figure) for seed, figure in merged.rest]
            prefixes = {seeds: prefix for seeds, _, prefix in found}
            others = [(seeds, figure, prefixes[seeds]) for seeds, figure in left]
        else:
            others = found
        for seeds, figure, prefix in others:
            views[seeds].append(view_figure(figure, prefix, words.seed_list(seeds)))
    return [
        SeedFigures(seed=words.seed_list(seeds), figures=figures, tables=tables_of[seeds])
        for seeds, figures in views.items()
        if figures or tables_of[seeds]
    ]


def _whose(seeds: list[int], merged: Merged) -> str:
    """Whose figure it is, where some panels are over all seeds and some of the first one only."""
    everyone, first = words.seed_list(seeds), words.seed_list(seeds[:1])
    if merged.first is None:
        return everyone
    one = f"{first} of {len(seeds)}" if merged.rest else first
    if merged.over:
        one = f"{everyone}; where only one can be shown, {one.lower()}"
    return f"{one}, the others folded away below" if merged.rest else one
