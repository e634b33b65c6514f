"""The sections "claims" and "outcome" at the end of pytest's output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from icl_repro.numbers import apart, count, estimate, number, percent
from icl_repro.plugin import fault_lines
from icl_repro.plugin.options import shown
from icl_repro.plugin.session import SessionState, has_state, state_of
from icl_repro.verification.compared import Comparison
from icl_repro.verification.controls import unguarded
from icl_repro.verification.record import (
    CheckOverSeeds,
    ClaimRecord,
    ControlRecord,
    Finding,
    KnownFailure,
    Trial,
    VerificationRecord,
)
from icl_repro.verification.wording import (
    KNIFE_EDGE_MEANS,
    MARGIN_NOT_SHOWN_MEANS,
    bounds,
    on_seeds,
)

_COLOURS = {
    "supported": {"green": True},
    "consistent": {"green": True},
    "refuted": {"red": True},
    "contradicted": {"red": True},
    "error": {"red": True},
    "mixed": {"yellow": True},
    "inconclusive": {"yellow": True},
    "not run": {"yellow": True},
    "not meaningful": {"cyan": True},
}

_LINES = 8
_CHANGES = 4
_INDENT = 15
_CHANGED = {
    "holds now": "holds now",
    "another value": "another value",
    "left open": "can no longer be told",
}
"""What became of known failures that are so no more, and how that is said."""


def write(reporter: Any, config: pytest.Config) -> None:
    """Write the verdict on each claim, and why."""
    judged = _judged(config)
    if judged is None:
        return
    state, record = judged
    from icl_repro.report.text.judged import opening  # a session without claims needs none

    reporter.write_sep("=", "claims")
    if told := opening(record):
        reporter.write_line(told, yellow=True)
    for one in record.basis.ingredients:
        reporter.write_line(one.sentence)
    if record.faults:
        fault_lines.write(reporter, record)
    for claim in [] if record.faults else record.claims:
        reporter.write(f"{claim.verdict:<{_INDENT}}", **_COLOURS[claim.verdict])
        reporter.write(f"{claim.id}\n")
        for line in details(claim):
            reporter.write_line(f"{'':{_INDENT}}{line}")
    for line in (*findings(record.findings), *footer(record)):
        reporter.write_line(line)
    if record.compared is not None:
        _compared(reporter, record.compared)
    for notice in state.notices:
        reporter.write_line(notice, yellow=True)


def write_last(reporter: Any, config: pytest.Config) -> None:
    """Write below pytest's summary what all came to, what is wrong, and where the report is."""
    judged = _judged(config)
    if judged is None:
        return
    state, record = judged
    from icl_repro.report.text.judged import opening, was_interrupted
    from icl_repro.report.text.verdicts import outcome

    reporter.write_sep("=", "outcome")
    reporter.write_line(" ".join(filter(None, [opening(record), outcome(record)])))
    if was_interrupted(record):
        store = shown(state.settings.store, config.rootpath)
        reporter.write_line(f"trained networks are kept in {store}: the same command goes on there")
    red = list(dict.fromkeys([*record.red, *state.problems]))
    if red:
        reporter.write_line(f"The session is red for {count(len(red), 'reason')}:", red=True)
    for reason in red:
        reporter.write_line(reason, red=True)
    html = [path for path in state.written if path.suffix == ".html"]
    for path in html or state.written[:1]:
        reporter.write_line(f"report: {shown(path, config.rootpath)}")


def _judged(config: pytest.Config) -> tuple[SessionState, VerificationRecord] | None:
    """The session and its record, if claims were judged."""
    if not has_state(config):
        return None
    state = state_of(config)
    return None if state.record is None else (state, state.record)


def _compared(reporter: Any, comparison: Comparison) -> None:
    """What changed since the record compared with: the outcome first, then the worst of it."""
    from icl_repro.report.compared import terminal_lines

    first, *further = terminal_lines(comparison, _CHANGES)
    reporter.write_sep("-", "what changed")
    reporter.write_line(first, red=bool(comparison.failing()))
    for line in further:
        reporter.write_line(line)


def details(claim: ClaimRecord) -> list[str]:
    """Why the verdict is what it is, and what else there is to say on a claim."""
    lines = [claim.reason]
    if claim.verdict == "not meaningful":
        return lines
    lines += _after_correction(claim)
    for trial in claim.trials:
        said = trial.message.splitlines()[:_LINES]
        lines += [f"{line}{_on(trial)}" for line in said if line != claim.reason]
    for check in claim.checks:
        lines += _of_check(check)
    for control in claim.controls:
        if claim.verdict != "not run" or control.verdict != "not run":
            lines += _of_control(control)
    if all(
        control.verdict in ("fails as it should", "does not fail") for control in claim.controls
    ):
        lines += [one.sentence for one in unguarded(claim)]
    return lines


def findings(found: list[Finding]) -> list[str]:
    """How the known failures, and the checks on their edge, came out where any was looked at."""
    by_status: dict[str, list[str]] = {}
    for finding in found:
        for status in dict.fromkeys(finding.status.values()):
            if status == "left open" or (status != "not run" and not finding.known.edge):
                by_status.setdefault(status, []).append(_name(finding.known))
    told = ", ".join(f"{len(names)} {status}" for status, names in by_status.items())
    new = [
        f"known failure {how}, so that the ledger is to be corrected: {name}"
        for status, how in _CHANGED.items()
        for name in by_status.get(status, [])
    ]
    return [*([f"known failures: {told}"] if told else []), *new, *_edges(found)]


def _edges(found: list[Finding]) -> Iterator[str]:
    """What lies on the edge of its threshold: value, bound, spread, and how it came out."""
    for finding in found:
        known = finding.known
        for seeds, now in finding.came_out.items():
            off = finding.status[seeds] == "off its edge"
            yield (
                f"{'off' if off else 'on'} the edge of its threshold: {_name(known)}: "
                f"{'holds' if now.held else 'fails'} by {apart(now.value, [known.bound])}"
                f"{on_seeds([int(seed) for seed in seeds.split(',') if seed])}; its bound is "
                f"{number(known.bound)}, and trainings differ by as much as {number(known.spread)}"
                + (", so that the ledger is to be corrected" if off else "")
            )


def _name(known: KnownFailure) -> str:
    return f"{known.claim}{f', control {known.case}' if known.case else ''}: {known.check}"


def footer(record: VerificationRecord) -> Iterator[str]:
    """What holds for the session as a whole."""
    yield from _of_correction(record)
    margins = [check.margin for claim in record.claims for check in claim.checks if check.margin]
    if any(margin.knife_edge for margin in margins):
        yield f"on a knife's edge means that {KNIFE_EDGE_MEANS}"
    if any(margin.not_shown for margin in margins):
        yield f"margin not shown means that {MARGIN_NOT_SHOWN_MEANS}"
    if record.seeds is not None and record.seeds.sentence:
        yield record.seeds.sentence
    stale = record.training.runs_stale
    if stale:
        were = "stored run was" if stale == 1 else "stored runs were"
        again = "is trained again" if stale == 1 else "are trained again"
        if not record.training.runs_trained:
            again = "counts as not trained" if stale == 1 else "count as not trained"
        yield f"{stale:,} {were} made by other source or libraries and {again}"
    if not record.profile.meaningful:
        yield (
            f"the {record.profile.name} profile cuts runs short: no verdict, and curves are not "
            "compared with their snapshots"
        )


def _after_correction(claim: ClaimRecord) -> Iterator[str]:
    after = claim.after_correction
    if after is None or after == claim.verdict != "inconclusive":
        return
    still = "still " if after == claim.verdict else ""
    yield f"after correction for all claims: {still}{after}; {claim.seeds_needed_why}"


def _of_correction(record: VerificationRecord) -> Iterator[str]:
    """How many claims were corrected for one another, and which were not."""
    comparisons = record.comparisons
    if comparisons is None or not comparisons.number:
        return
    corrected = sum(claim.after_correction is not None for claim in record.claims)
    if corrected:
        yield (
            f"{count(comparisons.number, 'claim')} tested over seeds; after correction means "
            f"{comparisons.method}'s, for all of them at {percent(comparisons.level)} each way, "
            "supported or refuted"
        )
    if too_few := comparisons.number - corrected:
        of = f"{count(too_few, 'claim')} of fewer than five seeds"
        yield f"{of}: nothing to correct yet; the record says how many seeds each would take"


def _of_check(check: CheckOverSeeds) -> Iterator[str]:
    margin, ends = check.margin, [check.low, check.high]
    asked = bounds(check.direction, check.low, check.high, check.kind)
    if margin is not None and margin.knife_edge:
        yield (
            f"{check.name} is on a knife's edge: {margin.because} (mean "
            f"{estimate(margin.mean, ends)}, spread {estimate(margin.spread, digits=2)}; {asked})"
        )
    if margin is not None and margin.not_shown:
        bound = estimate(margin.tolerance_bound, ends)
        yield f"{check.name}: margin not shown, tolerance bound {bound} ({asked})"
    if check.agreement is not None and check.agreement.agrees is False:
        yield f"{check.name}: {check.agreement.sentence}"


def _of_control(control: ControlRecord) -> list[str]:
    if control.verdict in ("fails as it should", "not meaningful"):
        return []
    lines = [f"control {control.id}: {control.verdict}"]
    if control.reason and control.verdict != "not run":
        lines[0] += f"; {control.reason}"
    for trial in control.trials:
        said = trial.message.splitlines()[:_LINES]
        lines += [f"  {line}{_on(trial)}" for line in said if line not in control.reason]
    return lines


def _on(trial: Trial) -> str:
    where = [trial.row] if trial.row else []
    where += [f"seed {trial.seed}"] if trial.seed is not None else []
    return f" ({', '.join(where)})" if where else ""
