"""A verification record like a real one, made up without training anything.

It has every verdict but one, five seeds, tables of rows, controls that do and do not fail, known
failures of every status, seeds that were added, figures with published curves drawn over them,
gaps, bands and logarithmic axes. Nothing in it is random.
"""

from __future__ import annotations

import base64
import io

import msgspec
from PIL import Image, ImageDraw

from icl_repro.verification.coverage import CoverageRow
from icl_repro.verification.past import Past, PastSession, Step, Trend
from icl_repro.verification.record import (
    SCHEMA_VERSION,
    CameOut,
    Comparisons,
    Environment,
    Finding,
    KnownFailure,
    Profile,
    Sample,
    Seeds,
    TrainingDone,
    VerificationRecord,
)
from tests.support.report_builders import SEEDS
from tests.support.report_claims import circuit_claims, emergence_claims, toy_claims


def known(claim_id, check, values, status, came_out=None, **more):
    """A known failure; `status` by seed, or one for all; `came_out` of an edge, by seed."""
    of_seeds = status if isinstance(status, dict) else dict.fromkeys(values, status)
    fields = {
        "within": 0.05,
        "date": "2026-10-20",
        "why": "the spread over seeds is as large as the distance to the published value",
        "evidence": "Commit 482e768, five seeds.",
    }
    return Finding(
        KnownFailure(claim_id, check, values, **(fields | more)), of_seeds, came_out or {}
    )


def _findings():
    return [
        known("emergence.induction_strength", "distance of half-rise and half-fall",
              {"7": 0.20004}, "as known", within=0.001),
        known("emergence.generalisation", "accuracy on test (exemplars)",
              {"5": 0.8579, "6": 0.82, "7": 0.8645},
              {"5": "as known", "6": "another value", "7": "as known"}, within=0.01),
        known("circuits.order", "half-time with both clamped over that with one",
              {"5": 1.02, "6": 1.9}, {"5": "on its edge", "6": "off its edge"},
              {"5": CameOut(1.03, True), "6": CameOut(1.9, False)},
              edge=True, bound=1.0, spread=0.04, pairs=3),
        known("emergence.final_accuracy", "accuracy over all training sequences",
              {"5": 0.9961}, "as known", case="shuffled", evidence=""),
        known("race.strength", "rank correlation of strength and speed",
              {"5": -0.4}, "not run", why="seed 5 of the paper does not show it either"),
    ]  # fmt: skip


def exemplar_pictures(classes=8, exemplars=5):
    rows = []
    for kind in range(classes):
        row = []
        for copy in range(exemplars):
            image = Image.new("L", (52, 52), 255)
            pen = ImageDraw.Draw(image)
            turn = 50 * kind + 7 * copy
            box = (8 + copy, 8, 44, 30 + 2 * kind)
            pen.arc(box, start=turn, end=turn + 180 + 12 * kind, fill=0, width=3)
            pen.line([(8, 40 - copy), (20 + 3 * kind, 12 + 2 * copy), (44, 44)], fill=0, width=3)
            stream = io.BytesIO()
            image.save(stream, format="PNG")
            row.append(base64.b64encode(stream.getvalue()).decode("ascii"))
        rows.append(row)
    return rows


def coverage():
    """Rows of every kind: of claims judged, not selected and unknown, and of nothing."""
    section, appendix = "Section 3, Emergence", "Appendix B"
    return [
        CoverageRow(section, "Section 3, Figure 3a", "It learns the task.", "as the paper did",
                    claims=["emergence.final_accuracy"]),
        CoverageRow(section, "Section 3", "It generalises widely.", "weaker",
                    "one held-out set of two",
                    ["emergence.generalisation", "wiring.previous_token"]),
        CoverageRow(section, "Section 3, footnote 8", "it hesitates", "not covered", "not yet"),
        CoverageRow(appendix, "Appendix B", "A run takes five minutes.", "different",
                    "ours is another machine", ["emergence.final_accuracy", "of.another_file"]),
    ]  # fmt: skip


def past():
    """Six sessions before: a value fell, a verdict changed twice, and training became faster."""
    commits = ["a1b2c3d4e5", "a1b2c3d4e5+", "b2c3d4e5f6", "c3d4e5f607", "d4e5f60718", "06db511c0f+"]
    sessions = [
        PastSession(f"2026-11-{15 + day}T10:46:12+00:00", commit, {"supported": 5, "refuted": 2})
        for day, commit in enumerate([*commits, "06db511c0f+"])
    ]
    jax = "jax 0.10.1 → 0.10.2"
    value = Trend(
        "emergence.final_accuracy",
        "accuracy over all training sequences",
        "",
        "",
        [0.999, 0.9991, 0.999, 0.9989, 0.95, 0.951, 0.9495],
        [0, 1, 2, 3, 4, 5, 6],
        [Step(4, 0.999, 0.9502, True, "d4e5f60718", "c3d4e5f607", [jax])],
    )
    verdict = Trend(
        "race.strength",
        "",
        "",
        "",
        [2.0, 2.0, 2.0, 0.0, 0.0, 2.0],
        [0, 1, 2, 3, 4, 6],
        [
            Step(3, 2.0, 0.0, True, "c3d4e5f607", "b2c3d4e5f6"),
            Step(5, 0.0, 2.0, False, "06db511c0f+", "06db511c0f+"),
        ],
        ["supported", "supported", "supported", "refuted", "refuted", "supported"],
    )
    speed = Trend(
        "",
        "",
        "",
        "sequences a second and worker",
        [1800.0, 1805.0, 1795.0, 2400.0],
        [0, 2, 3, 6],
        [Step(3, 1800.0, 2400.0, False, "06db511c0f+", "c3d4e5f607", [jax])],
    )
    return Past(
        sessions,
        88,
        [value, verdict, speed],
        "1 session of the standard profile, seed 5, on glyphs and ours left out",
    )


def rich_record():
    """A record of the paper profile with nearly every verdict that it can have."""
    return VerificationRecord(
        schema_version=SCHEMA_VERSION,
        title="What needs to go right for an induction head?",
        paper="Singh, Moskovitz, Hill, Chan and Saxe (2024). What needs to go right for an "
        "induction head? A mechanistic study of in-context learning circuits and their "
        "formation. arXiv 2404.07129.",
        started="2026-11-21T10:46:12+00:00",
        duration=4_271.8,
        command="pytest claims/ -n auto --icl-profile paper --icl-store .icl-repro/runs",
        profile=Profile(name="paper", seeds=SEEDS, meaningful=True),
        environment=Environment(
            python="3.11.9",
            platform="Linux-6.8.0-x86_64-with-glibc2.36",
            processor="AMD EPYC 7B13 64-Core Processor",
            cores=16,
            memory_gib=62.8,
            packages={
                "jax": "0.10.2",
                "equinox": "0.13.8",
                "optax": "0.2.8",
                "numpy": "2.4.6",
                "icl-repro": "0.1.0",
                "pytest": "9.2.0",
            },
            commit="06db511c0f2a4a4f0a8d6f3b8f1d7c9e5b3a2d10",
            uncommitted_changes=True,
            workers=16,
        ),
        training=TrainingDone(
            runs_planned=35,
            runs_trained=28,
            runs_reused=7,
            units_trained=28_000_000,
            seconds=3_980.2,
            runs_stale=3,
            unit="sequences",
        ),
        claims=[*emergence_claims(), *circuit_claims(), *toy_claims()],
        seeds=Seeds(
            judged=SEEDS,
            fixed=[5, 6, 7],
            added=[8, 9],
            sentence="seeds 8 and 9 were added after seeds 5, 6 and 7 had been judged on this "
            "store",
        ),
        comparisons=Comparisons(number=10),
        findings=_findings(),
        sample=Sample(
            source="drawn characters (seed 0) through a frozen bank of Gabor filters",
            pictures=exemplar_pictures(),
            caption="Characters, one class a group",
        ),
        not_selected=["wiring.previous_token", "wiring.many_to_many"],
        runs={
            "5e" * 32: "seed 5, unclamped, 1,000,000 sequences",
            "0a" * 32: "seed 5, all heads of layer 1 off but 3, at most 1,000,000 "
            "sequences, until the loss is at most 0.01 at 3 evaluations in a row",
        },
        coverage=coverage(),
        past=past(),
    )


def long_record(times: int):
    """The same with its claims so many times, and more known failures and statements than there is
    room for in a summary.
    """
    record = rich_record()
    claims = [
        msgspec.structs.replace(claim, id=f"{claim.id}_{number}")
        for number in range(times)
        for claim in record.claims
    ]
    findings = [
        msgspec.structs.replace(one, known=msgspec.structs.replace(one.known, claim=claims[0].id))
        for one in record.findings * 100
    ]
    return msgspec.structs.replace(
        record, claims=claims, findings=findings, coverage=record.coverage * 200
    )
