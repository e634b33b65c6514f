"""Phase changes of runs and of published curves, measured in the same way and stated as evidence.

See :mod:`icl_repro.measures.curves.phase_change` for what is measured. A loss that never falls to a
level gets there later than any that does: times are infinite there. How many times later that is
cannot be said: a ratio that is bounded from above is then not a number, and a check of that fails.

Published measures are those of the main seed's figure. Where the figures of all five seeds show as
much, those of all are set beside ours too: see :func:`over_seeds`. With the previous-token pattern
clamped the change of the other four is cut by the end of Figure 5b, and only its beginning can be
compared: see :func:`state_early_times`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypedDict, Unpack

import numpy as np
from jaxtyping import Float

from claims.comparisons import NOT_NEGATIVE
from claims.published import (
    MAIN_SEED,
    SEEDS,
    as_reported,
    of_seeds,
    published_data,
    published_series,
)
from icl_repro import Evidence, Reported, Series
from icl_repro.measures.curves.crossings import time_between, time_to
from icl_repro.measures.curves.phase_change import CHANGE, HALF_LOSS, PhaseChange, phase_change
from icl_repro.measures.curves.profile import Curve, profile_distance
from icl_repro.training import Run

SEQUENCES = "training sequences seen"

SADDLE = (0.8, 0.6)
"""The losses between which a curve is near ln 2, that of a guess between two labels."""
IN_THE_CHANGE = 0.75 * math.log(2)
"""The loss to which profiles are compared, a quarter below that of the guess: the published curves
of Figure 5b, of all seeds, get there before the figure ends.
"""


class Bound(TypedDict, total=False):
    """The bound of a check."""

    at_least: float
    at_most: float
    between: tuple[float, float]


ONE_RUN = (
    "the same number of the same network stands in subcircuits.similar_profile, "
    "previous_token_heads.few (one head) and progress_measures.contrast: where it fails, that is "
    "one finding, not three"
)
"""A remark on the acceleration ratio with one previous-token head clamped."""


def of_run(run: Run, curve: str = "train.loss") -> PhaseChange:
    """The phase change of a run, by its train loss or another of its curves."""
    return phase_change(run.sequences, run.curves[curve])


def of_published(curve_id: str) -> PhaseChange:
    """The phase change of a published curve of the main seed.

    What is known of all seeds was measured with a point for every evaluation, that of the main seed
    like the others; only the rest is measured on the curve as figures show it.
    """
    shown = published_series(curve_id)
    found = phase_change(np.array(shown.x), np.array(shown.y))
    known = {
        measure: getattr(found, measure)._replace(value=_of_main_seed(curve_id, measure))
        for measure in ("half_time", "duration", "plateau", "acceleration")
        if _is_known(curve_id, measure)
    }
    if _is_known(curve_id, "against_s"):
        against_s = _of_main_seed(curve_id, "against_s")
        known["preference"] = found.preference._replace(against_s=against_s)
    return found._replace(**known)


SAME_NETWORK = {
    "fig5b.main.none": "fig4b.main.only_l2_head_3",
    "fig8.main.clamped_l1h2_pattern": "fig5b.main.1",
    "fig10.left_clamping_during_training.1": "fig5b.main.1",
    "fig10.left_clamping_during_training.1_2_3qk_4_match": "fig5b.main.1_2_3qk_4_match",
}
"""A curve of the same network in a figure that there is of all five seeds; without a clamp, in one
that goes on until it has learned.
"""


def over_seeds(curve_id: str, measure: str) -> Float[np.ndarray, " seeds"]:
    """A measure of the published curve of each seed, NaN where it is not known.

    Args:
        curve_id: the id of the curve of the main seed.
        measure: half_time, duration, plateau, acceleration, against_s, saddle or, from the curve
            without a clamp, profile_distance.
    """
    known = _is_known(curve_id, measure)
    return of_seeds(_id_of(curve_id, measure)) if known else np.full(len(SEEDS), math.nan)


def _id_of(curve_id: str, measure: str) -> str:
    """The id of a measure of the same network in a figure that there is of all seeds."""
    return f"dig.{SAME_NETWORK.get(curve_id, curve_id)}.{measure}"


def _is_known(curve_id: str, measure: str) -> bool:
    return _id_of(curve_id, measure) in published_data().over_seeds


def _of_main_seed(curve_id: str, measure: str) -> float:
    return float(over_seeds(curve_id, measure)[SEEDS.index(MAIN_SEED)])


def known_of(curve_id: str, measure: str) -> str:
    """A remark on a measure of the published curve with the previous-token pattern clamped, where
    it is that of one seed; else nothing.
    """
    is_cut = SAME_NETWORK.get(curve_id, curve_id) == "fig5b.main.1"
    if not is_cut or np.isfinite(over_seeds(curve_id, measure)).all():
        return ""
    return (
        f"published, seed {MAIN_SEED} only: on the others the loss is at 0.47 to 0.51 when Figure "
        "5b ends, at 399,000 sequences"
    )


def half_time_of(run: Run) -> float:
    """Sequences until the train loss of a run is 0.35; infinite if it never is."""
    return time_to(run.sequences, run.curves["train.loss"], HALF_LOSS)


def duration_of(run: Run) -> float:
    """Sequences from a train loss of 0.6 to one of 0.1; infinite if it never gets there."""
    return time_between(run.sequences, run.curves["train.loss"], *CHANGE)


def saddle_of(run: Run) -> float:
    """Sequences that the train loss of a run is near ln 2, from 0.8 to 0.6; infinite if it never
    falls so far.
    """
    return time_between(run.sequences, run.curves["train.loss"], *SADDLE)


def apart(one: Run, other: Run) -> float:
    """How far the profiles of the train losses of two runs are apart; NaN if one never falls."""
    first, second = (Curve(run.sequences, run.curves["train.loss"]) for run in (one, other))
    return profile_distance(first, second, IN_THE_CHANGE)


def final_loss(run: Run, which: str = "train") -> float:
    """The last loss of a run on one of its evaluation sets."""
    return float(run.curves[f"{which}.loss"][-1])


def as_published(curve_id: str, value: float, over_seeds: Iterable[float] = ()) -> Reported | None:
    """A number that was measured on a published curve, and those of all seeds; None where the curve
    has none.
    """
    figure = published_data().curves[curve_id].figure
    return as_reported(value, f"{figure}, digitized", over_seeds) if math.isfinite(value) else None


def check_acceleration(
    evidence: Evidence,
    name: str,
    found: PhaseChange,
    curve_id: str = "",
    *,
    note: str = "",
    **bound: Unpack[Bound],
) -> None:
    """Hold an acceleration ratio against a threshold, beside that of a published curve, if any."""
    published = None
    if curve_id:
        theirs = of_published(curve_id).acceleration.value
        published = as_published(curve_id, theirs, over_seeds(curve_id, "acceleration"))
        note = "; ".join(filter(None, (note, known_of(curve_id, "acceleration"))))
    evidence.check(
        name,
        found.acceleration.value,
        **bound,
        published=published,
        interval=found.acceleration.interval,
        note=note,
        limits=NOT_NEGATIVE,
    )


def check_over(
    evidence: Evidence,
    name: str,
    ours: tuple[float, float],
    theirs: tuple[float, float],
    source: str,
    note: str = "{:,.0f} and {:,.0f} sequences",
    over_seeds: Iterable[float] = (),
    **bound: Unpack[Bound],
) -> None:
    """Hold the ratio of two measurements against a threshold, beside that of two published ones,
    and the published ratios of all seeds.
    """
    one, other = ours
    # A time over one that never comes is 0, which fails any bound from below. It would meet any
    # from above, however much had been asked for.
    unknown = math.isinf(other) and "at_least" not in bound
    evidence.check(
        name,
        math.nan if unknown else one / other,
        **bound,
        unit="ratio",
        published=as_reported(theirs[0] / theirs[1], f"{source}, digitized", over_seeds),
        note=note.format(*ours),
        limits=NOT_NEGATIVE,
    )


def state_early_times(evidence: Evidence, clamped: Run, without: Run) -> None:
    """State when the loss with the previous-token pattern clamped begins to fall, over when it does
    so without, beside all published seeds: their figures show this much.
    """
    ours = [time_to(r.sequences, r.curves["train.loss"], IN_THE_CHANGE) for r in (clamped, without)]
    theirs = of_seeds("dig.fig5b.main.1.t_0.75ln2") / of_seeds(
        "dig.fig4b.main.only_l2_head_3.t_0.75ln2"
    )
    evidence.quantity(
        "time to three quarters of ln 2 with the previous-token pattern clamped over that without",
        ours[0] / ours[1],
        unit="ratio",
        published=as_reported(theirs[0], "Figures 4b and 5b, digitized", theirs),
        note="{:,.0f} and {:,.0f} sequences".format(*ours),
    )


def state_phase_change(evidence: Evidence, what: str, found: PhaseChange, curve_id: str) -> None:
    """State every measure of a curve beside that of a published one."""
    published = of_published(curve_id)
    for name, unit in (
        ("half-time", "sequences"),
        ("duration", "sequences"),
        ("plateau", "nats"),
        ("acceleration", ""),
    ):
        measure = name.replace("-", "_")
        ours, theirs = (getattr(one, measure) for one in (found, published))
        evidence.quantity(
            f"{what}: {name}{' ratio' if name == 'acceleration' else ''}",
            ours.value,
            unit=unit,
            published=as_published(curve_id, theirs.value, over_seeds(curve_id, measure)),
            interval=ours.interval,
            note=known_of(curve_id, measure),
        )
    evidence.quantity(
        f"{what}: criterion of an S-shape less that of exponentials",
        found.preference.against_s,
        published=as_published(curve_id, published.preference.against_s),
        interval=found.preference.against_s_interval,
        note=f"{preferred(found)}; the published curve {preferred(published)}",
    )


def preferred(found: PhaseChange) -> str:
    """Which shape a curve prefers, in words."""
    shape, support = found.preference.shape, found.preference.support
    if shape is None:
        return "too few points to prefer a shape"
    return f"prefers {shape}, and so do {support:.0%} of curves with as much noise again"


def keep_loss(evidence: Evidence, name: str, run: Run) -> None:
    """Compare the train loss of a run with its snapshot."""
    evidence.curve_snapshot(name, run.sequences, run.curves["train.loss"])


def loss_line(label: str, run: Run, group: str) -> Series:
    """The train loss of a run as a line of a figure."""
    return Series(label, run.sequences.tolist(), run.curves["train.loss"].tolist(), group=group)
