"""Draws how the cost of training grows, from what `bench_scaling.py` saved (see README.md)."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import matplotlib.pyplot as plt


def points(saved: dict) -> dict[str, list[tuple[float, float]]]:
    """Microseconds a sequence by the value of what was varied."""
    found: dict[str, list[tuple[float, float]]] = {}
    for benchmark in saved["benchmarks"]:
        info = benchmark["extra_info"]
        if "what" in info:
            cost = 1e6 * benchmark["stats"]["median"] / info["per"]
            found.setdefault(info["what"], []).append((info["value"], cost))
    return {what: sorted(of_what) for what, of_what in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("saved", type=Path, help="what --benchmark-json wrote")
    parser.add_argument("picture", type=Path, help="file to draw to, such as curves.svg")
    options = parser.parse_args()
    curves = points(json.loads(options.saved.read_text()))
    figure, axes = plt.subplots(1, len(curves), figsize=(3 * len(curves), 3), sharey=True)
    for ax, (what, of_what) in zip(axes, curves.items(), strict=True):
        values, costs = zip(*of_what, strict=True)
        ax.plot(values, costs, marker="o")
        ax.set(xscale="log", yscale="log", xlabel=what, xticks=values)
        ax.set_xticks([], minor=True)
        ax.set_xticklabels([str(value) for value in values])
    axes[0].set_ylabel("microseconds a sequence")
    figure.tight_layout()
    figure.savefig(options.picture)


if __name__ == "__main__":
    main()
