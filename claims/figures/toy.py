"""Figures 5a and 9, and the time of escape by the number of vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from icl_repro import Figure, Panel, Series
from icl_repro.toy.vectors import STEPS, Training
from icl_repro.verification.draws import Median, band, points

SHOWN = np.concatenate([np.arange(60), np.arange(60, STEPS + 1, 10)])
"""Steps at which curves are drawn and recorded: every one early on, then every tenth."""

CONDITIONS = ("no clamp", "one clamped", "two clamped")


def escape_figure(
    counts: Sequence[int], medians: Mapping[str, Sequence[Median]], draws: int
) -> Figure:
    """Time of escape by the number of vectors, for each meaning of the same distance."""
    panel = Panel(
        title="Escape from the same small distance",
        x_label="Vectors",
        y_label="Steps until the loss has halved",
        series=[points(distance, counts, of_counts) for distance, of_counts in medians.items()],
        y_scale="log",
        x_limits=(1.5, 5.5),
    )
    return Figure(
        name="escape",
        caption=f"Median over {draws} draws, with its exact 95 % interval. Every vector that is "
        "added makes the saddle harder to escape.",
        source="Appendix F.2",
        panels=[panel],
    )


def clamping_figure(training: Training, paper: Training | None = None) -> Figure:
    """Figure 5a, over the one draw of the paper where it is given."""
    return Figure(
        name="clamping",
        caption="Loss of three vectors learnt together (plateau, then a phase change), with one "
        "clamped (earlier, still a phase change) and with two clamped (exponential). Median and "
        f"quartiles over {_draws(training)} draws.{_beside(paper)}",
        source="Figure 5a",
        panels=[
            _losses("Training loss", training, (0.0, float(STEPS)), paper),
            _losses("The first 100 steps", training, (0.0, 100.0), paper),
        ],
    )


def progress_figure(training: Training, paper: Training | None = None) -> Figure:
    """Figure 9, over the one draw of the paper where it is given."""
    limits = (0.0, float(STEPS))
    measured = {
        "Progress: squared cosine": ("squared_cosine", "Squared cosine of a and its target"),
        "Progress: loss with b, c set": ("loss_with_others_set", "Loss with b, c set"),
    }
    return Figure(
        name="progress measures",
        caption="Left: loss under clamping. Middle and right: both progress measures of the first "
        f"vector in training without a clamp. Median and quartiles over {_draws(training)} draws. "
        "The measures change suddenly, though the vector alone (left, two clamped) learns "
        f"smoothly.{_beside(paper)}",
        source="Figure 9",
        panels=[
            _losses("Loss under clamping", training, limits, paper),
            *(
                Panel(
                    title=title,
                    x_label="Step",
                    y_label=label,
                    series=[
                        band(CONDITIONS[0], getattr(training, name)[0], SHOWN),
                        *_of_paper(paper, name, CONDITIONS[:1]),
                    ],
                    x_limits=limits,
                )
                for title, (name, label) in measured.items()
            ),
        ],
    )


def _losses(
    title: str, training: Training, x_limits: tuple[float, float], paper: Training | None
) -> Panel:
    return Panel(
        title=title,
        x_label="Step",
        y_label="Loss",
        series=[
            *(
                band(label, curves, SHOWN)
                for label, curves in zip(CONDITIONS, training.loss, strict=True)
            ),
            *_of_paper(paper, "loss", CONDITIONS),
        ],
        x_limits=x_limits,
    )


def _of_paper(paper: Training | None, name: str, conditions: Sequence[str]) -> list[Series]:
    """The curves of the one draw of the paper."""
    if paper is None:
        return []
    of_conditions = getattr(paper, name)[:, 0, SHOWN].tolist()
    return [
        Series(label, SHOWN.astype(float).tolist(), curve, origin="published", group=label)
        for label, curve in zip(conditions, of_conditions, strict=False)
    ]


def _beside(paper: Training | None) -> str:
    beside = (
        " Published: the one draw that the paper shows, computed again from its seed; the paper "
        "draws half of this loss."
    )
    return beside if paper is not None else ""


def _draws(training: Training) -> int:
    return training.loss.shape[1]
