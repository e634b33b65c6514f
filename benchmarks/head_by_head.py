"""Stored networks beside the published ones of the same seeds, head by head.

    python -m benchmarks.head_by_head --exemplars FEATURES.h5 --streams published

prints a Markdown table with a column for each seed. Nothing is trained: the networks of `claims/`
(the `paper` profile) are read from the store. With the published streams a run starts from the
authors' initial weights, so that its heads have the paper's names; with ours names mean nothing,
and the correlations say what chance gives. Heads count from 0 in either layer, as in the paper. A
dash stands where a figure ends before its curve falls that far; means are of the other seeds.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from claims.networks.clamped import (
    CURVES_5B,
    HEADS,
    chosen_heads,
    fastest_head,
    figure_5b,
    single_heads,
)
from claims.networks.plain import full
from claims.networks.race import final_strengths
from claims.published import MAIN_SEED, SEEDS, published_series
from claims.published.other_seeds import of_other_seed
from icl_repro.exemplars import chosen
from icl_repro.exemplars.source import UnusableExemplars
from icl_repro.measures.curves.crossings import first_rise, time_to
from icl_repro.measures.curves.phase_change import HALF_LOSS
from icl_repro.measures.heads.strengths import induction_strengths
from icl_repro.statistics.ranks import spearman
from icl_repro.storage.programs import reuse_compiled_programs
from icl_repro.streams import STREAMS
from icl_repro.training import Run, RunSpec
from icl_repro.training.store import MissingRun, RunStore

RISEN = 0.1
"""The induction strength at which a head has emerged."""

Row = dict[str, float | str]


def published_curve(curve_id: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A published curve of a seed."""
    main = seed == MAIN_SEED
    series = published_series(curve_id) if main else of_other_seed(curve_id, seed)
    return np.array(series.x, float), np.array(series.y, float)


def beside(seed: int, load: Mapping[str, Run], clamped: Mapping[str, Run]) -> Row:
    """What is told of one seed.

    Args:
        seed: one of the published ones.
        load: the full network as "full", and those with a single head.
        clamped: the networks of Figure 5b, by what is clamped.
    """
    whole, alone = load["full"], [load[f"head {head}"] for head in HEADS]
    strengths = final_strengths(whole)
    theirs_drawn = [published_curve(f"fig3b.main.l2_head_{head}", seed) for head in HEADS]
    theirs = np.array([y[-1] for _, y in theirs_drawn])
    rises = [first_rise(whole.sequences, curve, RISEN) for curve in induction_strengths(whole).T]
    their_rises = [first_rise(x, y, RISEN) for x, y in theirs_drawn]
    times = [_half_time(run) for run in alone]
    their_times = [
        time_to(*published_curve(f"fig4b.main.only_l2_head_{head}", seed), HALF_LOSS)
        for head in HEADS
    ]
    accuracy = [run.curves["train.accuracy"][-1] for run in alone]
    fastest, their_fastest = fastest_head(load), int(np.argmin(their_times))
    half = time_to(*published_curve("fig3a.main.train", seed), HALF_LOSS)
    row: Row = {
        "strongest head (published)": f"{strengths.argmax()} ({theirs.argmax()})",
        "strengths in the end, rank correlation": float(spearman(strengths, theirs)),
        "strengths in the end, largest difference": float(np.abs(strengths - theirs).max()),
        f"emergence (strength {RISEN}), rank correlation": _ranked_alike(rises, their_rises),
        "fastest head alone (published)": f"{fastest} ({their_fastest})",
        "half-times alone, rank correlation": _ranked_alike(times, their_times),
        "half-time alone over published, median of heads": float(
            np.median(np.array(times) / their_times)
        ),
        "lowest accuracy of a head alone in the end": float(np.min(accuracy)),
        "half-time of the full network over published": _half_time(whole) / half,
        "mean difference of its loss from published, nats": _mean_difference(
            whole, published_curve("fig3a.main.train", seed)
        ),
    }
    for name, curve_id in CURVES_5B.items():
        reached = time_to(*published_curve(curve_id, seed), HALF_LOSS)
        over = _half_time(clamped[name]) / reached if np.isfinite(reached) else np.nan
        row[f"half-time over published, {name}"] = over
    return row


def _half_time(run: Run) -> float:
    return time_to(run.sequences, run.curves["train.loss"], HALF_LOSS)


def _ranked_alike(ours: list[float], theirs: list[float]) -> float:
    """Of times, of which one that never comes (NaN) is later than any."""
    first, second = (np.nan_to_num(np.array(times), nan=np.inf) for times in (ours, theirs))
    return float(spearman(first, second))


def _mean_difference(run: Run, published: tuple[np.ndarray, np.ndarray]) -> float:
    """Mean distance of the loss where the published one was evaluated, evenly over sequences."""
    x, y = published
    grid = np.linspace(x[0], min(x[-1], run.sequences[-1]), 1_000)
    loss = np.interp(grid, run.sequences, run.curves["train.loss"])
    return float(np.abs(loss - np.interp(grid, x, y)).mean())


def _shown(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.3g}" if np.isfinite(value) else "—"


def main() -> None:
    """Print the table of the networks that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, default=Path(".icl-repro"), help="(.icl-repro)")
    parser.add_argument("--exemplars", default="glyphs", help="as --icl-exemplars (glyphs)")
    parser.add_argument("--streams", choices=list(STREAMS), default="ours", help="(ours)")
    options = parser.parse_args()
    try:
        source = chosen(options.exemplars)
    except UnusableExemplars as error:
        parser.error(str(error))
    store = RunStore(options.store)
    reuse_compiled_programs(options.store)

    def load(specs: Mapping[str, RunSpec]) -> dict[str, Run]:
        made = {name: spec.made_of(source) for name, spec in specs.items()}
        return {name: store.load(s.drawn_by(options.streams)) for name, s in made.items()}

    rows: dict[int, Row] = {}
    for seed in SEEDS:
        try:
            runs = load({**single_heads(seed), "full": full(seed)})
            clamped = load(figure_5b(seed, chosen_heads(runs)))
        except MissingRun as missing:
            parser.error(f"{missing}: judge the claims on seed {seed} first")
        rows[seed] = beside(seed, runs, clamped)
    print(f"| | {' | '.join(f'seed {seed}' for seed in rows)} | mean |")
    print(f"|{' --- |' * (len(rows) + 2)}")
    for name in rows[MAIN_SEED]:
        values = [row[name] for row in rows.values()]
        numbers = [one for one in values if not isinstance(one, str) and np.isfinite(one)]
        mean = _shown(float(np.mean(numbers))) if numbers else ""
        print(f"| {name} | {' | '.join(map(_shown, values))} | {mean} |")


if __name__ == "__main__":
    main()
