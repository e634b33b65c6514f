"""The section "claims" at the end of pytest's output."""

from __future__ import annotations

from typing import Any

import pytest

from icl_repro.plugin.options import shown
from icl_repro.plugin.session import has_state, state_of
from icl_repro.verification.record import ClaimRecord, ControlRecord, Trial, VerificationRecord

_COLOURS = {
    "supported": {"green": True},
    "refuted": {"red": True},
    "error": {"red": True},
    "consistent": {"green": True},
    "contradicted": {"red": True},
    "mixed": {"yellow": True},
    "inconclusive": {"yellow": True},
    "not run": {"yellow": True},
    "not meaningful": {"cyan": True},
}

_LINES = 8


def write(reporter: Any, config: pytest.Config) -> None:
    """Write the verdict on each claim, why, and where the report is."""
    if not has_state(config) or state_of(config).record is None:
        return
    state = state_of(config)
    record = state.record
    assert record is not None
    reporter.write_sep("=", "claims")
    width = max((len(claim.id) for claim in record.claims), default=0)
    for claim in record.claims:
        reporter.write(f"{claim.verdict:<15}", **_COLOURS[claim.verdict])
        reporter.write(f"{claim.id:<{width}}  {claim.reason}\n")
        for line in details(claim):
            reporter.write_line(f"{'':15}{line}")
    for line in footer(record):
        reporter.write_line(line)
    for problem in state.problems:
        reporter.write_line(problem, red=True)
    html = [path for path in state.written if path.suffix == ".html"]
    for path in html or state.written[:1]:
        reporter.write_line(f"report: {shown(path, config.rootpath)}")


def details(claim: ClaimRecord) -> list[str]:
    """What there is to say on a claim beyond its verdict: failed checks, drift, controls."""
    lines = []
    for trial in claim.trials:
        if claim.verdict == "not meaningful":
            continue
        said = trial.message.splitlines()[:_LINES]
        lines += [f"{line}{_on(trial)}" for line in said if line != claim.reason]
    for control in claim.controls:
        lines += _of_control(control)
    return lines


def footer(record: VerificationRecord) -> list[str]:
    """What holds for the session as a whole."""
    lines = []
    if record.not_selected:
        count = len(record.not_selected)
        lines.append(
            f"{len(record.claims)} of {len(record.claims) + count} claims were selected; "
            "the record has no others"
        )
    if not record.profile.meaningful:
        lines.append(
            f"the {record.profile.name} profile cuts runs short: no verdict, and curves are not "
            "compared with their snapshots"
        )
    return lines


def _of_control(control: ControlRecord) -> list[str]:
    if control.verdict in ("fails as it should", "not meaningful"):
        return []
    lines = [f"control {control.id}: {control.verdict}"]
    for trial in control.trials:
        lines += [f"  {line}{_on(trial)}" for line in trial.message.splitlines()[:_LINES]]
    return lines


def _on(trial: Trial) -> str:
    return f" (seed {trial.seed})" if trial.seed is not None else ""
