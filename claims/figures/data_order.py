"""Appendix I: loss curves of networks that differ in nothing but the order of the data."""

from __future__ import annotations

from collections.abc import Mapping

from claims.networks.data_order import ANOTHER_ORDER, ONE_ORDER, name_of
from claims.networks.data_properties import PARTS
from claims.phase_changes import SEQUENCES, loss_line
from icl_repro import Figure, Panel, ReferenceLine
from icl_repro.measures.curves.phase_change import HALF_LOSS
from icl_repro.training import Run

TITLES = {"whole": "Whole network", "B": "Subcircuit B, match", "C": "Subcircuit C, copy"}


def orders_figure(runs: Mapping[str, Run]) -> Figure:
    """The train loss in both orders, with one head of layer 1."""
    return Figure(
        "Appendix I, order of the data",
        "Train loss of networks with one head of the last layer, the one that is fastest alone, "
        "in two orders of the data.",
        "Appendix I",
        [
            Panel(
                TITLES[part],
                SEQUENCES,
                "loss (nats)",
                [
                    loss_line(order, runs[name_of(part, order)], order)
                    for order in (ONE_ORDER, ANOTHER_ORDER)
                ],
                [ReferenceLine("half of ln 2", HALF_LOSS)],
            )
            for part in PARTS
        ],
    )
