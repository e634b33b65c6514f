"""Stands in for verdicts, margins and the ledger until they are there; then this file goes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from icl_repro.verification import ledger, margins, verdict
from icl_repro.verification.ledger import TrialJudgement
from icl_repro.verification.record import Comparisons


class NoLedger:
    """A ledger that knows nothing: whatever fails is new."""

    configured = False

    def judge(self, claim, case, seed, evidence, *, only=(), undefined=""):
        from icl_repro.plugin.outcomes import sentences_of

        return TrialJudgement(new_failures=sentences_of(case, evidence, only, undefined))

    def findings_of(self, claims):
        return []

    def unknown(self, claims):
        return []

    def unstated(self, claim, checks):
        return []


def load(path: Any) -> Any:
    """The ledger, or one that knows nothing."""
    try:
        return ledger.load(path)
    except NotImplementedError:
        return NoLedger()


def over_seeds(*args: Any) -> list[Any]:
    """The checks over seeds, or none."""
    try:
        return margins.over_seeds(*args)
    except NotImplementedError:
        return []


def judge_control(control: Any, trials: Any, claim_trials: Any, *, meaningful: bool) -> Any:
    """The verdict on a control, simply by the outcomes of its trials."""
    try:
        return verdict.judge_control(control, trials, claim_trials, meaningful=meaningful)
    except NotImplementedError:
        outcomes = {trial.outcome for trial in trials}
        for outcome, name in (("error", "error"), ("failed", "does not fail")):
            if outcome in outcomes:
                return name, "interim"
        return ("fails as it should" if "passed" in outcomes else "not run"), "interim"


def judge_claim(claim: Any, trials: Any, controls: Any, checks: Any, *, meaningful: bool) -> Any:
    """The verdict on a claim, simply by the outcomes of its trials."""
    try:
        return verdict.judge_claim(claim, trials, controls, checks, meaningful=meaningful)
    except NotImplementedError:
        outcomes = {trial.outcome for trial in trials}
        wrong = next((t.message for t in trials if t.outcome in ("error", "not run")), "")
        name = "consistent"
        for outcome, other in (
            ("error", "error"),
            ("failed", "contradicted"),
            ("not run", "not run"),
        ):
            if outcome in outcomes:
                name = other
                break
        return SimpleNamespace(
            verdict=name,
            reason=wrong.partition("\n")[0] or "interim",
            held=0,
            judged=0,
            share=None,
            p_value=None,
        )


def correct(claims: Any) -> Any:
    """The claims as they are."""
    try:
        return verdict.correct(claims)
    except NotImplementedError:
        return list(claims), Comparisons(len(claims))
