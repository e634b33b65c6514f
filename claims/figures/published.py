"""What the paper prints of its network without heads of Layer 1 (Appendix E)."""

from __future__ import annotations

from collections.abc import Mapping

from icl_repro import Bars, Figure, ReferenceLine, Series


def layer_1_figure(accuracies: Mapping[str, tuple[float, float]]) -> Figure:
    """Accuracy by which heads of Layer 1 are ablated: with patterns, and with values preserved."""
    places: list[float | None] = [float(place) for place in range(len(accuracies))]
    series = [
        Series(label, places, list(heights), origin="published", style="points")
        for label, heights in zip(
            ("patterns preserved", "values preserved"),
            zip(*accuracies.values(), strict=True),
            strict=True,
        )
    ]
    return Figure(
        "Appendix E",
        "Accuracy without heads of the paper's Layer 1, with the patterns or the values of its "
        "Layer 2 preserved, as published; and with the two numbers for all heads exchanged.",
        "Appendix E, Table 1",
        [
            Bars(
                "Published accuracies",
                "heads of Layer 1 ablated",
                "accuracy",
                list(accuracies),
                series,
                [ReferenceLine("a guess among five labels", 0.2)],
                y_limits=(0.0, 1.05),
            )
        ],
    )
