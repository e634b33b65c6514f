"""Figure 7: train loss by the network that layer 0 comes from."""

from __future__ import annotations

from collections.abc import Mapping

from claims.figures.panels import loss_panels
from claims.networks.transplanted import DATA_SEEDS, LONGEST, STANDARD, name_of, sources_of
from claims.phase_changes import loss_line
from claims.published import published_series
from icl_repro import Figure
from icl_repro.training import Run

SOURCES = tuple(f"fig7.main.fixed_layer_1_weights_from_seed_{seed}" for seed in (5, 6, 7))
"""The published curves: the learner is of seed 5."""
STANDARD_TRAINING = "fig7.main.standard_training"
GROUPS = ("own", "second", "third")


def weights_figure(seed: int, runs: Mapping[str, Run]) -> Figure:
    """Measured curves, with every order of the data, beside the published ones."""
    measured = [loss_line("standard training", runs[STANDARD], STANDARD)]
    published = [published_series(STANDARD_TRAINING, group=STANDARD)]
    for group, source, curve_id in zip(GROUPS, sources_of(seed), SOURCES, strict=True):
        of_source = [runs[name_of(source, data_seed)] for data_seed in DATA_SEEDS]
        measured += [loss_line(f"layer 0 of seed {source}", run, group) for run in of_source]
        published.append(published_series(curve_id, group=group))
    return Figure(
        "Figure 7",
        f"Train loss of networks of seed {seed} whose layer 0 (the paper's Layer 1) is that of a "
        "finished network and frozen, and of standard training. Measured with three orders of the "
        "data for each source, until the loss is 0.05.",
        "Appendix D.1.1, Figure 7",
        loss_panels({"Measured": measured, "Published, seed 5": published}, end=float(LONGEST)),
    )
