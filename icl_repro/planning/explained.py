"""A claim in words: what it says, what it is judged on and by, and what is known of it.

As text for a terminal, or as Markdown; both are made of the same parts.
"""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from icl_repro.numbers import count, duration, number
from icl_repro.planning.reach import checks_of
from icl_repro.planning.suite import PlannedClaim, PlannedControl, Suite
from icl_repro.planning.times import Span, Times
from icl_repro.verification.ledger import Threshold
from icl_repro.verification.record import (
    CheckOverSeeds,
    ClaimRecord,
    KnownFailure,
    Retired,
    ThresholdEntry,
)
from icl_repro.verification.reported import Reported
from icl_repro.verification.standing import standing
from icl_repro.verification.wording import bounds, listed

LAST_VERDICT = "The last verdict"
"""Under which title stands what a record says of a claim."""

_OF_FEW_SEEDS = ("consistent", "contradicted", "mixed")
_WIDTH = 100
_STANDING = {
    "the paper": "the paper says so",
    "the lecture": "the lecture slides say so",
    "ours": "ours, in whole or in part",
    "printed numbers": "printed numbers are held against each other",
}


class Item(NamedTuple):
    """One thing that is said, and what is said of it."""

    text: str
    below: tuple[str, ...] = ()


class Part(NamedTuple):
    """Items under a title; `code` is for what can be copied."""

    title: str
    items: tuple[Item, ...]
    code: str = ""


class Explanation(NamedTuple):
    """All parts of what there is to say of a claim, after its statement."""

    id: str
    statement: str
    parts: tuple[Part, ...]


def explained(
    suite: Suite, claim: PlannedClaim, times: Times | None, options: Sequence[str] = (),
    record: ClaimRecord | None = None,
) -> Explanation:  # fmt: skip
    """What there is to say of a claim.

    Args:
        suite: what it is declared in.
        claim: one whose runs are known.
        times: how long runs take; ``None`` to say nothing of it, nor of what the store has, as on
            a page for other machines.
        options: those of pytest that the claim was collected with, for the command that runs it.
        record: the claim in an earlier record, if it is there.
    """
    parts = [
        Part("Where it is said", tuple(_source(suite, claim))),
        Part("What is trained", tuple(_trained(suite, claim, times))),
        Part("What is measured", tuple(_measured(suite, claim, record))),
        Part("Controls: the same test has to fail", tuple(map(_control, claim.controls))),
        Part("What is known of it", tuple(_known(suite, claim))),
        Part("What is checked no longer", tuple(_retired(suite, claim))),
        Part("Statements of the paper that it tests", tuple(_coverage(suite, claim))),
        Part(LAST_VERDICT, tuple(_verdict(record)) if record is not None else ()),
        Part("To run this claim alone", (), command(suite, claim, options)),
    ]
    kept = tuple(part for part in parts if part.items or part.code)
    return Explanation(claim.id, claim.claim.statement, kept)


def command(suite: Suite, claim: PlannedClaim, options: Sequence[str] = ()) -> str:
    """The command that runs a claim with its controls, and nothing else.

    Raises:
        ValueError: the id would select other claims, too.
    """
    alike = [one.id for one in suite.claims if fnmatchcase(one.id, claim.id)]
    if alike != [claim.id]:
        raise ValueError(f"{claim.id!r} as a pattern selects {listed(alike) or 'nothing'}")
    profile = claim.profiles[0] if claim.profiles and suite.profile not in claim.profiles else ""
    given = [one for one in options if not (profile and one.startswith("--icl-profile"))]
    given += [f"--icl-profile={profile}"] if profile else []
    return shlex.join(["pytest", claim.file, f"--icl-claims={claim.id}", *given])


def _source(suite: Suite, claim: PlannedClaim) -> Iterator[Item]:
    told = standing(claim.claim.source, claim.claim.about)
    yield Item(f"{claim.claim.source} ({_STANDING[told]})")
    yield Item(f"{claim.place}, test {claim.test}")
    how = f"judged {claim.judged}"
    if claim.claim.rests_on:
        how += f"; the verdict rests on {claim.claim.rests_on}"
    yield Item(how)
    if claim.profiles:
        yield Item(f"judged in the {listed(claim.profiles)} profile only")
    if claim.rows:
        yield Item(f"rows of its table: {', '.join(claim.rows)}")


def _trained(suite: Suite, claim: PlannedClaim, times: Times | None) -> Iterator[Item]:
    if claim.problem:
        yield Item(f"its runs cannot be told: {claim.problem}")
    if not claim.runs:
        yield Item("nothing")
        return
    for name, keys in claim.names.items():
        yield Item(f"{name}: {_about(suite, keys)}", tuple(_after(suite, keys)))
    known = set(claim.own_runs)
    for control in claim.controls:
        further = [key for key in control.runs if key not in known]
        known |= set(further)
        by_kind: dict[str, list[str]] = {}
        for key in further:
            by_kind.setdefault(suite.runs[key].about, []).append(key)
        for keys in by_kind.values():
            yield Item(f"for the control {control.id}: {_about(suite, keys)}")
    if claim.chooses:
        yield Item("and further ones, chosen by what is measured on these once they are trained")
    keys = suite.with_sources(claim.runs)
    runs = [suite.runs[key] for key in keys]
    units = sum(run.units for run in runs)
    together = f"together {count(len(runs), 'run')}, {units:,} {suite.unit} at most"
    if times is None:
        yield Item(together)
        return
    stored = sum(run.stored for run in runs)
    seconds = sum((times.of(run).seconds for run in runs), start=Span())
    yield Item(f"{together}, {_stored(stored, runs)}; {_seconds(seconds)}")


def _about(suite: Suite, keys: Sequence[str]) -> str:
    """What runs are, the same ones but for their seeds told once."""
    seeds: dict[str, list[str]] = {}
    for key in keys:
        run = suite.runs[key]
        seeds.setdefault(run.about, []).append("" if run.seed is None else str(run.seed))
    return "; ".join(
        about + (f" (seed{'s' if len(of) > 1 else ''} {listed(of)})" if any(of) else "")
        for about, of in seeds.items()
    )


def _after(suite: Suite, keys: Sequence[str]) -> Iterator[str]:
    after = [suite.runs[key].after for key in keys if suite.runs[key].after]
    if after:
        yield f"starts from the weights of {_about(suite, list(dict.fromkeys(after)))}"


def _stored(stored: int, runs: Sequence[object]) -> str:
    if stored == len(runs):
        return "in the store"
    return f"{stored:,} of them in the store" if stored else "none of them in the store"


def _seconds(span: Span) -> str:
    if not span.likely:
        return "how long they take is not known"
    return (
        f"training takes about {duration(span.likely)} of one worker ({duration(span.low)} to "
        f"{duration(span.high)}), by times of the store"
    )


def _measured(suite: Suite, claim: PlannedClaim, record: ClaimRecord | None) -> Iterator[Item]:
    over_seeds = {check.name: check for check in record.checks} if record is not None else {}
    for (owner, name), known in suite.ledger.thresholds.items():
        if owner != claim.id:
            continue
        newest = known.history[-1]
        is_condition = "on the condition that " if known.condition else ""
        below = [*_origins(known.history)]
        below += _published(suite, known)
        if known.published_fails:
            below.append(f"the published value fails this: {known.published_fails}")
        below += [
            f"no control fails it{f' on seed {seeds}' if seeds else ''}: {why}"
            for seeds, why in known.no_control.items()
        ]
        spread = suite.spreads.of(claim.id, "", name)
        if spread is not None:
            below.append(
                f"trainings of one seed differ by {number(spread.largest)} at the most, in "
                f"{count(spread.pairs, 'pair')}"
            )
        if name in over_seeds:
            below.append(_values(over_seeds[name]))
        yield Item(f"{is_condition}{name}: {_bounds(newest)}", tuple(below))
    if not checks_of(suite, claim.id):
        yield Item("the ledger has no checks of it; its test states them")


def _bounds(entry: ThresholdEntry) -> str:
    direction, low, high = entry.bounds
    return bounds(direction, low, high, entry.kind)


def _origins(history: Sequence[ThresholdEntry]) -> Iterator[str]:
    """Where a threshold comes from, newest first."""
    for at, entry in enumerate(reversed(history)):
        seen = "results seen" if entry.seen else "before results were seen"
        commit = f", commit {entry.commit}" if entry.commit else ""
        reason = f": {entry.reason}" if entry.reason else ""
        earlier = f"before that {_bounds(entry)}, " if at else ""
        yield f"{earlier}{entry.origin}, {entry.date}, {seen}{commit}{reason}"


def _published(suite: Suite, known: Threshold) -> Iterator[str]:
    if known.published is None:
        return
    if not isinstance(known.published, str):
        yield f"published: {number(known.published)}"
        return
    value = suite.published.get(known.published)
    yield f"published: {known.published if value is None else _reported(value)}"


def _reported(value: Reported) -> str:
    about = "about " if value.approximate else ""
    seeds = f" (by seed: {', '.join(map(number, value.over_seeds))})" if value.over_seeds else ""
    return f"{about}{number(value.value)}{seeds}, {value.source}"


def _values(check: CheckOverSeeds) -> str:
    unit = f", {check.unit}" if check.unit else ""
    values = ", ".join(
        f"{number(value)}{f' on seed {seed}' if seed else ''}"
        for seed, value in check.values.items()
    )
    return f"last measured{unit}: {values}; held in {check.held} of {check.judged}"


def _control(control: PlannedControl) -> Item:
    below = [f"what is changed: {control.how}"] if control.how else []
    must = listed([repr(name) for name in control.only]) if control.only else "every check"
    below.append(f"must fail: {must}")
    if control.undefined:
        below.append(f"a value may be undefined there: {control.undefined}")
    return Item(f"{control.id}: {control.statement}", tuple(below))


def _known(suite: Suite, claim: PlannedClaim) -> Iterator[Item]:
    for known in suite.ledger.findings:
        if known.claim == claim.id:
            yield _failure(known)
    for known in suite.ledger.elsewhere:
        if known.claim == claim.id:
            yield _failure(known, f"on {known.basis or 'the usual basis'}, ")


def _failure(known: KnownFailure, where: str = "") -> Item:
    values = ", ".join(
        f"{number(value)}{f' on seed {seed}' if seed else ''}"
        for seed, value in known.values.items()
    )
    what = "does not fail in its control " + known.case if known.case else "fails"
    if known.edge:
        what = "lies on the edge of its threshold" + (
            f" in control {known.case}" * bool(known.case)
        )
    below = [f"since {known.date}: {known.why}"]
    if known.edge and known.spread is not None:
        below.append(
            f"trainings of one seed differ by {number(known.spread)} "
            f"({count(known.pairs, 'pair')} compared)"
        )
    if known.evidence:
        below.append(f"evidence: {known.evidence}")
    return Item(
        f"{where}{known.check!r} {what}: {values}, within {number(known.within)}", tuple(below)
    )


def _retired(suite: Suite, claim: PlannedClaim) -> Iterator[Item]:
    for one in suite.ledger.retired:
        if one.claim == claim.id:
            below = [f"{_seen(one)}: {one.why}"]
            below += [
                f"it was {_bounds(entry)}, {entry.origin}, {entry.date}" for entry in one.thresholds
            ]
            yield Item(f"control {one.case}" if one.case else one.check, tuple(below))


def _seen(one: Retired) -> str:
    seen = "results seen" if one.seen else "before results were seen"
    return f"dropped {one.date}, {seen}{f', commit {one.commit}' if one.commit else ''}"


def _coverage(suite: Suite, claim: PlannedClaim) -> Iterator[Item]:
    for row in suite.coverage.rows:
        if claim.id in row.claims:
            others = [one for one in row.claims if one != claim.id]
            below = [
                f"tested {row.how}" if row.how == "as the paper did" else f"the test is {row.how}"
            ]
            below[0] += f": {row.because}" if row.because else ""
            below += [f"with {listed(others)}"] if others else []
            work = f"{row.work}, " if row.work else ""
            yield Item(f"{work}{row.where}: {row.statement}", tuple(below))


def _verdict(record: ClaimRecord) -> Iterator[Item]:
    yield Item(f"{record.verdict}: {record.reason}")
    if record.after_correction is not None:
        yield Item(f"after the correction for all claims: {record.after_correction}")
    if record.seeds_needed_why:
        # What it says is of that verdict, which a claim of fewer than five seeds does not have yet.
        lacks = record.after_correction is None and record.verdict in _OF_FEW_SEEDS
        of = "for a verdict that is corrected for all claims: " if lacks else ""
        yield Item(f"{of}{record.seeds_needed_why}")
    for control in record.controls:
        yield Item(f"its control {control.id} {control.reason}")


# --- text and Markdown ---


def as_text(one: Explanation) -> Iterator[str]:
    """For a terminal, a line at a time, at most a hundred characters wide."""
    yield one.id
    yield "=" * len(one.id)
    yield from _wrapped(one.statement, "")
    for part in one.parts:
        yield ""
        yield part.title
        if part.code:
            yield f"  {part.code}"
        for item in part.items:
            yield from _wrapped(item.text, "  ")
            for said in item.below:
                yield from _wrapped(said, "      ")


def as_markdown(one: Explanation) -> Iterator[str]:
    """As Markdown, a line at a time."""
    yield f"## {_escaped(one.id)}"
    yield ""
    yield _escaped(one.statement)
    for part in one.parts:
        yield from ("", f"### {part.title}", "")
        if part.code:
            yield from ("```sh", part.code, "```")
        for item in part.items:
            yield f"- {_escaped(item.text)}"
            yield from (f"  - {_escaped(said)}" for said in item.below)


def _wrapped(text: str, indent: str) -> Iterable[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  " if indent else "",
        break_on_hyphens=False,
        break_long_words=False,
    )


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    for sign in "\\`*_<>[]|":
        text = text.replace(sign, f"\\{sign}")
    return text
