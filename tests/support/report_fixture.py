"""A verification record like a real one, made up without training anything.

It has every verdict, five seeds, controls that do and do not fail, figures with published curves
drawn over them, gaps, bands and logarithmic axes. Nothing in it is random.
"""

from __future__ import annotations

import base64
import io
import math

import numpy as np
from PIL import Image, ImageDraw

from claims.published import published_data, published_series, reported
from icl_repro.statistics.intervals import Interval
from icl_repro.verification.evidence import Check, EvidenceRecord, Quantity
from icl_repro.verification.pictures import Figure, Panel, ReferenceLine, Series
from icl_repro.verification.record import (
    SCHEMA_VERSION,
    ClaimRecord,
    ControlRecord,
    Environment,
    ExemplarSample,
    Profile,
    Training,
    Trial,
    VerificationRecord,
)
from tests.support.report_pictures import all_figures, paper_tables

SEEDS = [5, 6, 7, 8, 9]
HALF_OF_FIVE = Interval(low=0.283, high=0.995, method="Clopper-Pearson")
ALL_OF_FIVE = Interval(low=0.478, high=1.0, method="Clopper-Pearson")
NONE_OF_FIVE = Interval(low=0.0, high=0.522, method="Clopper-Pearson")


def at_least(name, value, low, **more):
    return Check(name, value, "at_least", low, None, value is not None and value >= low, **more)


def at_most(name, value, high, **more):
    return Check(name, value, "at_most", None, high, value is not None and value <= high, **more)


def between(name, value, low, high, **more):
    holds = value is not None and low <= value <= high
    return Check(name, value, "between", low, high, holds, **more)


def trial(claim_id, seed, evidence, outcome=None, message="", duration=1.7):
    family, _, name = claim_id.partition(".")
    parameter = "" if seed is None else f"[seed{seed}]"
    return Trial(
        nodeid=f"claims/test_{family}.py::test_{name}{parameter}",
        outcome=outcome or ("passed" if evidence.holds else "failed"),
        seed=seed,
        message=message,
        duration=duration + (seed or 0) / 10,
        evidence=evidence,
        runs=[] if seed is None else [f"{seed:02x}9f0c4be1a7d3" + "5c" * 25],
    )


def claim(claim_id, statement, source, verdict, reason, trials, controls, share=None):
    return ClaimRecord(
        id=claim_id,
        family=claim_id.partition(".")[0],
        statement=statement,
        source=source,
        verdict=verdict,
        reason=reason,
        trials=trials,
        controls=controls,
        seeds_held=sum(t.outcome == "passed" for t in trials),
        seeds_judged=sum(t.outcome in ("passed", "failed") for t in trials),
        share=share,
    )


def _shifted(curve_id, seed, group):
    """The published curve moved a little in time: what another seed might look like."""
    curve = published_data().curves[curve_id]
    x, y = np.array(curve.x), np.array(curve.y)
    shift = 1 + 0.05 * (seed - 6.4)
    wobble = 1 + 0.02 * np.sin(x / 23_000 + seed)
    moved = np.interp(x, x * shift, y) * wobble
    return Series(curve.label, x.tolist(), moved.tolist(), group=group)


def loss_figure(seed):
    names = {
        "train": "fig3a.main.train",
        "test (exemplars)": "fig3a.main.test_exemplars",
        "test (relabel)": "fig3a.main.test_relabel",
    }
    series = [_shifted(curve, seed, name) for name, curve in names.items()]
    if seed == 5:
        series += [published_series(curve, group=name) for name, curve in names.items()]
    guess = ReferenceLine("ln 2: a guess between the two labels", math.log(2))
    return Figure(
        name="loss",
        caption="Loss during training, on the training sequences and on the two test sets.",
        source="Figure 3a",
        panels=[Panel("", "sequences seen", "loss", series, [guess], y_limits=(0, 2.1))],
    )


def strength_figure(seed):
    strengths, overlay = [], []
    for head in range(8):
        curve = f"fig3b.main.l2_head_{head}"
        group = f"head {head}"
        strengths.append(Series(**{**as_fields(_shifted(curve, seed, group)), "label": group}))
        if seed == 5:
            overlay.append(published_series(curve, group=group))
    change = ReferenceLine("phase change", 253_833, axis="x")
    return Figure(
        name="induction strength",
        caption="Induction strength of the eight heads of layer 1 (Layer 2 in the paper), and the "
        "loss over the same sequences.",
        source="Figure 3b",
        panels=[
            Panel(
                "Induction strength", "sequences seen", "strength", strengths + overlay, [change]
            ),
            Panel(
                "Loss",
                "sequences seen",
                "train loss",
                [_shifted("fig3a.main.train", seed, "loss")],
                [change],
            ),
        ],
    )


def as_fields(series):
    return {name: getattr(series, name) for name in series.__struct_fields__}


def _emergence_claims():
    def plateau(seed, length, low=80_000, value=0.737):
        return [
            at_least(
                "plateau length",
                length,
                low,
                unit="sequences",
                note="the longest stretch with loss and accuracy within the bounds",
            ),
            between(
                "train loss on the plateau",
                value + seed / 1000,
                0.6,
                0.85,
                published=reported("dig.fig3a.main.train.plateau_level"),
            ),
            between(
                "accuracy on the plateau",
                0.53 + seed / 500,
                0.45,
                0.65,
                published=reported("paper.plateau_accuracy"),
            ),
            at_least("probability of the two labels", 0.93 + seed / 200, 0.85),
        ]

    untrained = ControlRecord(
        id="emergence.untrained",
        statement="An untrained model has no plateau between two labels.",
        must_fail=["plateau length", "probability of the two labels"],
        verdict="fails as it should",
        trials=[
            trial(
                "emergence.untrained",
                seed,
                EvidenceRecord(
                    checks=[
                        at_least("plateau length", 0.0, 80_000, unit="sequences"),
                        at_least("probability of the two labels", 0.4123 + seed / 77, 0.85),
                        between("accuracy on the plateau", 0.2051, 0.45, 0.65),
                    ]
                ),
                outcome="passed",
            )
            for seed in SEEDS
        ],
    )
    shuffled = ControlRecord(
        id="emergence.shuffled",
        statement="A model trained on shuffled labels never solves the task.",
        must_fail=["accuracy over all training sequences"],
        verdict="does not fail",
        trials=[
            trial(
                "emergence.shuffled",
                5,
                EvidenceRecord(
                    checks=[at_least("accuracy over all training sequences", 0.9961, 0.995)]
                ),
                outcome="failed",
                message="accuracy over all training sequences is 0.9961, which is at least 0.995, "
                "but this control must fail that check",
            )
        ],
    )
    yield claim(
        "emergence.plateau",
        "Training first reaches a plateau on which the network picks one of the two labels in "
        "context at random.",
        "Section 3, Figure 3a",
        "supported",
        "holds on 5 of 5 seeds (95 % interval of the share 0.48 to 1.00)",
        [
            trial(
                "emergence.plateau",
                seed,
                EvidenceRecord(
                    checks=plateau(seed, 80_000 + 7_300 * (seed - 4)),
                    quantities=[
                        Quantity("start of the plateau", 21_000 + 500 * seed, unit="sequences"),
                        Quantity("learning rate", 1e-5, note="as in Appendix A"),
                    ],
                    figures=[loss_figure(seed)],
                ),
            )
            for seed in SEEDS
        ],
        [untrained],
        ALL_OF_FIVE,
    )
    accuracies = [0.99998724, 0.99980867, 0.99998724, 0.9993112, 0.99760205]
    yield claim(
        "emergence.final_accuracy",
        "After the phase change the network solves nearly all 78,400 training sequences.",
        "Section 3, Figure 3a",
        "inconclusive",
        "control emergence.shuffled does not fail where it should: the checks cannot tell; holds "
        "on 5 of 5 seeds",
        [
            trial(
                "emergence.final_accuracy",
                seed,
                EvidenceRecord(
                    checks=[
                        at_least(
                            "accuracy over all training sequences",
                            accuracy,
                            0.995,
                            published=reported("paper.final_accuracy"),
                        )
                    ],
                    figures=all_figures() if seed == 5 else [],
                    tables=paper_tables() if seed == 5 else [],
                ),
            )
            for seed, accuracy in zip(SEEDS, accuracies, strict=True)
        ],
        [shuffled],
        ALL_OF_FIVE,
    )
    held = [True, True, False, True, True]
    yield claim(
        "emergence.induction_strength",
        "The induction strength of the strongest head of layer 1 rises when the loss falls.",
        "Section 3, Figure 3b",
        "inconclusive",
        "holds on 4 of 5 seeds (95 % interval of the share 0.28 to 0.99)",
        [
            trial(
                "emergence.induction_strength",
                seed,
                EvidenceRecord(
                    checks=[
                        at_most(
                            "distance of half-rise and half-fall",
                            0.07 + seed / 100 if holds else 0.20004,
                            0.2,
                            note="in sequences, relative to the half-fall",
                        )
                    ],
                    quantities=[
                        Quantity(
                            "half-rise of the strength",
                            278_922 + 9_000 * (seed - 5),
                            unit="sequences",
                            published=reported("dig.fig3b.main.l2_head_3.half_rise"),
                        ),
                        Quantity(
                            "half-fall of the loss",
                            253_833 + 11_000 * (seed - 5),
                            unit="sequences",
                            published=reported("dig.fig3a.main.train.half_time"),
                        ),
                    ],
                    figures=[strength_figure(seed)],
                ),
                message=""
                if holds
                else "distance of half-rise and half-fall is 0.20004, but must be at most 0.2",
            )
            for seed, holds in zip(SEEDS, held, strict=True)
        ],
        [untrained],
        HALF_OF_FIVE,
    )
    yield claim(
        "emergence.generalisation",
        "At the end the network generalises to unseen classes and to unseen pairs of labels.",
        "Section 3, Figure 3a",
        "refuted",
        "holds on 0 of 5 seeds (95 % interval of the share 0.00 to 0.52)",
        [
            trial(
                "emergence.generalisation",
                seed,
                EvidenceRecord(
                    checks=[
                        at_least("accuracy on test (exemplars)", 0.8412 + seed / 300, 0.9),
                        at_most(
                            "loss on test (exemplars)",
                            None if seed == 9 else 0.351 + seed / 70,
                            0.35,
                            published=reported("dig.fig3a.main.test_exemplars.final_loss"),
                        ),
                        at_least("accuracy on test (relabel)", 0.985, 0.9),
                    ]
                ),
            )
            for seed in SEEDS
        ],
        [untrained],
        NONE_OF_FIVE,
    )
    missing = "run missing from the store: 2 layers, 8 heads, 50 classes, 5 labels, seed {}"
    yield claim(
        "emergence.layer_0_output",
        "Heads of layer 0 (Layer 1 in the paper) do not drive the output at the end of training.",
        "Section 3, Figure 12",
        "not run",
        missing.format(5),
        [
            trial(
                "emergence.layer_0_output", seed, EvidenceRecord(), "not run", missing.format(seed)
            )
            for seed in SEEDS
        ],
        [],
    )


def _toy_curves():
    steps = np.arange(0, 1001, 10.0)
    three = 1 / (1 + np.exp((steps - 420) / 45))
    two = 1 / (1 + np.exp((steps - 210) / 40))
    one = np.exp(-steps / 85)
    return steps, {"no clamp": three, "a clamped": two, "a and b clamped": one}


def _toy_claims():
    steps, curves = _toy_curves()
    x = steps.tolist()

    def banded(label, y):
        y = np.maximum(y, 1e-9)
        return Series(label, x, y.tolist(), (y * 0.8).tolist(), np.minimum(y * 1.25, 1.1).tolist())

    with_gap = curves["no clamp"].tolist()
    with_gap[30:36] = [None] * 6
    panels = [
        Panel("Loss", "steps", "mean squared error", [banded(n, y) for n, y in curves.items()]),
        Panel(
            "The same, logarithmic",
            "steps",
            "mean squared error",
            [banded(name, y) for name, y in curves.items()],
            y_scale="log",
            y_limits=(1e-5, 1.5),
        ),
        Panel(
            "Progress measures",
            "steps",
            "1 − cos² to the true vector",
            [
                Series("no clamp", x, with_gap),
                Series("measured by loss", x, curves["a clamped"].tolist()),
            ],
        ),
    ]
    escape = Panel(
        "Steps to escape",
        "number of vectors",
        "steps",
        [
            Series(
                "median of 20 draws",
                [2.0, 3.0, 4.0, 5.0],
                [31.0, 402.0, 9_840.0, 253_833.0],
                low=[25.0, 310.0, 7_000.0, 170_000.0],
                high=[40.0, 520.0, 13_000.0, 310_000.0],
                style="points",
            )
        ],
        y_scale="log",
    )
    control = ControlRecord(
        id="toy_saddle.convex",
        statement="At the minimum of a convex loss no direction lowers it.",
        must_fail=["slope of the best direction"],
        verdict="fails as it should",
        trials=[
            trial(
                "toy_saddle.convex",
                None,
                EvidenceRecord(checks=[at_most("slope of the best direction", 0.25, -1e-9)]),
                outcome="passed",
            )
        ],
    )
    yield claim(
        "toy_saddle.origin",
        "The origin is a saddle of the toy model: its gradient is zero, one direction lowers the "
        "loss and another raises it.",
        "Section 4.2, Appendix F",
        "supported",
        "every check holds",
        [
            trial(
                "toy_saddle.origin",
                None,
                EvidenceRecord(
                    checks=[
                        at_most("norm of the gradient", 0.0, 1e-12),
                        at_most("slope of the best direction", -3.2e-7, -1e-9),
                    ],
                    quantities=[Quantity("largest entry of the Hessian", 0.0)],
                ),
            )
        ],
        [control],
    )
    yield claim(
        "toy_saddle.dynamics",
        "Unclamped and one-clamped training accelerate after a plateau; two-clamped training is "
        "exponential.",
        "Section 4.2, Figures 5a and 9, Appendix D.2",
        "supported",
        "every check holds",
        [
            trial(
                "toy_saddle.dynamics",
                None,
                EvidenceRecord(
                    checks=[
                        at_least(
                            "share of draws that accelerate, no clamp",
                            1.0,
                            0.9,
                            interval=Interval(0.832, 1.0, method="Clopper-Pearson, 20 draws"),
                        ),
                        at_least(
                            "fit of a line to the log loss, two clamped",
                            0.99987,
                            0.99,
                            interval=Interval(0.99981, 0.99993, method="bootstrap"),
                        ),
                    ],
                    figures=[
                        Figure("dynamics", "The toy model from 20 draws: median, and the range of "
                               "the middle 80 % as a band.", "Figures 5a and 9", panels),
                        Figure("escape", "Steps until the loss has halved, from the same small "
                               "distance to the saddle.", "Appendix F", [escape]),
                    ],
                ),
            )
        ],
        [control],
    )  # fmt: skip
    traceback = "\n".join(
        [
            "    def test_hessian(evidence):",
            ">       hessian = second_derivative(loss)(origin)",
            "E       TypeError: second_derivative() missing 1 required keyword-only argument: "
            "'vectors' (got <class 'jaxlib._jax.ArrayImpl'> & nothing else)",
            "",
            "claims/test_toy_saddle.py:88: TypeError",
        ]
    )
    yield claim(
        "toy_saddle.hessian",
        "For three vectors the Hessian at the origin is zero; for two it is indefinite.",
        "Appendix F",
        "error",
        "TypeError: second_derivative() missing 1 required keyword-only argument: 'vectors'",
        [trial("toy_saddle.hessian", None, EvidenceRecord(), "error", traceback)],
        [control],
    )


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


def rich_record():
    """A record of the paper profile with every verdict that it can have."""
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
        training=Training(
            runs_planned=35,
            runs_trained=28,
            runs_reused=7,
            sequences_trained=28_000_000,
            seconds=3_980.2,
        ),
        claims=[*_emergence_claims(), *_toy_claims()],
        exemplars=ExemplarSample(
            source="drawn characters (seed 0) through a frozen bank of Gabor filters",
            pictures=exemplar_pictures(),
        ),
        not_selected=["wiring.previous_token", "wiring.many_to_many"],
        runs={
            "5e" * 32: "seed 5, unclamped, 1,000,000 sequences",
            "0a"
            * 32: "seed 5, AblateHeads(heads=(0, 1, 2, 4, 5, 6, 7), layer=1), at most 1,000,000 "
            "sequences, until the loss is at most 0.01 at 3 evaluations in a row",
        },
    )
