"""A small record that was judged as a session judges: by seed, over all seeds at once, a control,
a condition, known failures, a row left out, and what a ledger says of it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from icl_repro.verification.by_seed import outcome_of
from icl_repro.verification.declare import Claim
from icl_repro.verification.judging import judged
from icl_repro.verification.ledger import Ledger, load
from icl_repro.verification.record import (
    SCHEMA_VERSION,
    Environment,
    Profile,
    TrainingDone,
    Trial,
    VerificationRecord,
    sealed,
)
from icl_repro.verification.recorder import Evidence
from icl_repro.verification.seal import Seal, checksums_of_files
from icl_repro.verification.selection import SelectedClaim, SelectedControl

SEEDS = [5, 6, 7, 8, 9]
COMMIT = "06db511c0f2a4a4f0a8d6f3b8f1d7c9e5b3a2d10"
LEDGER = """
[thresholds."growth.early"]
"length" = { history = [{ origin = "ours", date = 2026-10-02, seen = false, at_least = 0.5 }] }
"delay" = { condition = true, history = [
    { origin = "ours", date = 2026-10-02, seen = false, at_least = 0.1 },
] }

[thresholds."growth.mean"]
"ratio" = { history = [{ origin = "ours", date = 2026-10-02, seen = false, at_least = 0.3 }] }

[thresholds."growth.rows"]
"width" = { no_control = { - = "nothing is narrow" }, history = [
    { origin = "ours", date = 2026-10-02, seen = false, at_most = 2.0 },
] }

[[findings]]
claim = "growth.early"
check = "length"
values = { 9 = 0.25 }
within = 0.002
date = 2026-10-03
why = "one seed is slow"
evidence = "Table 1"
"""
CONTROL = SelectedControl("short", "Cut short.", [], "")


def spec_key(seed: int) -> str:
    return f"{seed}a" * 32


def trial(
    name: str,
    seed: int | None,
    evidence: Evidence,
    control: SelectedControl | None = None,
    **more: Any,
) -> Trial:
    case = control.id if control else ""
    return Trial(
        f"claims/test_{name}.py::test_one[{case}{seed}]",
        outcome_of(evidence.evidence, control=control),
        seed,
        evidence=evidence.evidence,
        runs=[] if seed is None else [spec_key(seed)],
        **more,
    )


def early(seed: int, value: float) -> Evidence:
    evidence = Evidence()
    evidence.inconclusive("too short to tell", unless="delay", value=0.2, at_least=0.1)
    evidence.check("length", value, at_least=0.5, unit="m")
    return evidence


def mean() -> Evidence:
    evidence = Evidence()
    values = dict(zip(SEEDS, (0.24, 0.71, 0.62, 0.81, 0.74), strict=True))
    evidence.check("ratio", values, at_least=0.3)
    return evidence


def width(value: float) -> Evidence:
    evidence = Evidence()
    evidence.check("width", value, at_most=2)
    return evidence


def ledger_folder(root: Path) -> Path:
    """The root of a checkout with a ledger in it and an ini file that names it."""
    (root / "claims" / "ledger").mkdir(parents=True)
    (root / "claims" / "ledger" / "growth.toml").write_text(LEDGER)
    (root / "pytest.ini").write_text("[pytest]\nicl_ledger = claims/ledger\n")
    return root


def judged_record(root: Path, left_out: tuple[str, ...] = ("wide",)) -> VerificationRecord:
    """The record, sealed, of claims judged by the ledger of `root`; `left_out` are rows of one."""
    ledger: Ledger = load(root / "claims" / "ledger")
    growing = dict(zip(SEEDS, (0.9, 0.8, 0.85, 0.95, 0.25), strict=True))
    trials = {
        ("growth.early", ""): [trial("early", n, early(n, v)) for n, v in growing.items()],
        ("growth.early", "short"): [
            trial("early", n, early(n, 0.1 * v), CONTROL) for n, v in growing.items()
        ],
        ("growth.mean", ""): [trial("mean", None, mean(), seeds=SEEDS)],
        ("growth.rows", ""): [trial("rows", n, width(1 + n / 10), row="narrow") for n in SEEDS],
    }
    selected = [
        SelectedClaim(Claim("growth.early", "Grows early.", "Section 1"), [CONTROL], whole=True),
        SelectedClaim(Claim("growth.mean", "Grows on average.", "Section 2"), []),
        SelectedClaim(
            Claim("growth.rows", "Narrow and wide.", "Section 3"), [], rows_left_out=[*left_out]
        ),
    ]
    claims, comparisons = judged(selected, trials, ledger, meaningful=True)
    record = VerificationRecord(
        schema_version=SCHEMA_VERSION,
        title="What grows?",
        paper="A. Author (2024)",
        started="2026-11-21T10:46:12+00:00",
        duration=1.0,
        command="pytest claims/",
        profile=Profile("paper", SEEDS, meaningful=True),
        environment=Environment(
            "3.11.9", "Linux", "a processor", 2, 8.0, {"numpy": "2.4.6"}, COMMIT, False, 1
        ),
        training=TrainingDone(5, 0, 5, 0, 0.0),
        claims=claims,
        comparisons=comparisons,
        findings=ledger.findings_of(claims),
        runs={spec_key(n): f"seed {n}" for n in SEEDS},
    )
    seal = Seal(
        files=checksums_of_files(root, [root / "claims" / "ledger"]),
        specs={spec_key(n): f'{{"seed":{n}}}' for n in SEEDS},
        rows_left_out={"growth.rows": [*left_out]},
    )
    return sealed(record, seal)


def edited(record: VerificationRecord, edit: Callable[[Any], Any], *, anew: bool) -> bytes:
    """The JSON of a record after an edit of its content, with its checksum taken anew or not."""
    content = msgspec.to_builtins(record)
    edit(content)
    changed = msgspec.convert(content, VerificationRecord)
    if anew:
        assert changed.seal is not None
        changed = sealed(changed, changed.seal)
    return msgspec.json.encode(changed)
