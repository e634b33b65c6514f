"""Figure 8: train loss by which heads of layer 0 are clamped to the previous token."""

from __future__ import annotations

from collections.abc import Mapping

from claims.figures.panels import loss_panels
from claims.networks.clamped import ALL_HEADS, CURVES_8, NONE, chosen_heads
from claims.phase_changes import SEQUENCES, loss_line
from claims.published import published_series
from icl_repro import Figure, Panel, ReferenceLine, Series
from icl_repro.training import Run


def pace_figure(runs: Mapping[str, Run]) -> Figure:
    """Measured curves beside the published ones."""
    heads_0 = chosen_heads(runs).sets_of_heads
    measured = [
        loss_line(labelled(name, heads_0.get(name, ())), runs[name], name) for name in CURVES_8
    ]
    published = [published_series(curve_id, group=name) for name, curve_id in CURVES_8.items()]
    return Figure(
        "Figure 8",
        "Train loss of networks with one head of layer 1, by which heads of layer 0 (the paper's "
        "Layer 1, L1 in its names) are clamped to the previous token.",
        "Appendix D.1.2, Figure 8",
        loss_panels({"Measured": measured, "Published": published}, end=600_000.0),
    )


def copy_figure(runs: Mapping[str, Run]) -> Figure:
    """How the copy is learnt, by which heads of layer 0 are clamped."""
    heads_0 = chosen_heads(runs).sets_of_heads
    curve = "context_label_probability"
    lines = [
        Series(
            labelled(name, heads_0.get(name, ())),
            runs[name].sequences.tolist(),
            runs[name].curves[curve].tolist(),
            group=name,
        )
        for name in CURVES_8
    ]
    chance = [ReferenceLine("two in five", 0.4)]
    return Figure(
        "copy",
        "Probability that the same networks give to the two labels in context, whichever is right.",
        "Appendix D.1.2",
        [Panel("", SEQUENCES, "probability", lines, chance, x_limits=(0.0, 200_000.0))],
    )


def labelled(name: str, heads_0: tuple[int, ...]) -> str:
    """A set of heads with the heads, where it does not say them."""
    if name in (NONE, ALL_HEADS):
        return name
    return f"{name} ({', '.join(map(str, heads_0))})"
