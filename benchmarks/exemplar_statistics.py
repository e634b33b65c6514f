"""What exemplars are like: norm, spread within and between classes, spectrum, margins.

    python benchmarks/exemplar_statistics.py glyphs FEATURES.h5 omniglot:gabor

prints a Markdown table with a column for each source, chosen as by ``--icl-exemplars``. Nothing is
trained: where verdicts differ between kinds of exemplars, these are the quantities that may be why.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from jaxtyping import Float

from icl_repro.exemplars import about, chosen
from icl_repro.exemplars.source import UnusableExemplars
from icl_repro.report.markdown import table

CACHE = Path(".icl-repro/exemplars")
CLASSES = 50
"""The classes of the paper's task, among which a query has to be told from the others."""
DRAWS = 200
"""So many sets of that many classes are looked at."""
MOST_CLASSES = 400
"""Looked at of a source, drawn at random: more would tell no more, and take minutes to draw."""


def statistics(features: Float[np.ndarray, "classes exemplars features"]) -> dict[str, float]:
    """The quantities of the table, by their names; of features in double precision."""
    classes, exemplars, _ = features.shape
    first = features[:, 0]
    norms = np.linalg.norm(first, axis=1)
    means = features.mean(axis=1)
    centre = means.mean(axis=0)
    between = np.sqrt(np.square(means - centre).sum(axis=1).mean())
    within = np.sqrt(np.square(features - means[:, None]).sum(axis=2).mean())
    within *= np.sqrt(exemplars / (exemplars - 1)) if exemplars > 1 else np.nan
    unit = first / norms[:, None]
    cosines = (np.square(unit.sum(axis=0)).sum() - classes) / (classes * (classes - 1))
    spectrum = np.square(np.linalg.svd(means - centre, compute_uv=False))
    shares = spectrum / spectrum.sum()
    return {
        "norm of the first exemplars, mean": float(norms.mean()),
        "norm, standard deviation over classes": float(norms.std(ddof=1)),
        "cosine between exemplars of different classes, mean": float(cosines),
        "spread between classes (root mean square from the middle)": float(between),
        "spread within classes (root mean square from their middle)": float(within),
        "spread between over within": float(between / within),
        "effective dimensions of the classes (participation ratio)": float(1 / (shares**2).sum()),
        "share of the largest component": float(shares[0]),
        **_among_few(features),
    }


def _among_few(features: Float[np.ndarray, "classes exemplars features"]) -> dict[str, float]:
    """How well a class stands out among as many as the networks see."""
    draw = np.random.default_rng(0)
    nearest: list[float] = []
    right: list[float] = []
    for _ in range(DRAWS):
        few = features[draw.choice(len(features), CLASSES, replace=False)]
        first = few[:, 0]
        apart = np.linalg.norm(first[:, None] - first, axis=2)
        apart[np.diag_indices(CLASSES)] = np.nan
        nearest.extend(np.nanmin(apart, axis=1) / np.nanmean(apart))
        if few.shape[1] > 1:
            other = few[:, draw.integers(1, few.shape[1])]
            guesses = np.linalg.norm(other[:, None] - first, axis=2).argmin(axis=1)
            right.append(float(np.mean(guesses == np.arange(CLASSES))))
    return {
        f"distance to the nearest of {CLASSES} classes over the mean distance, median": float(
            np.median(nearest)
        ),
        "the same, smallest hundredth": float(np.quantile(nearest, 0.01)),
        f"another exemplar is nearest to its own of {CLASSES} classes, share": (
            float(np.mean(right)) if right else np.nan
        ),
    }


def main() -> None:
    """Print the table of the sources that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help="as for --icl-exemplars")
    parser.add_argument("--exemplars", type=int, default=5, help="of each class (5)")
    options = parser.parse_args()
    names: list[str] = []
    columns: list[dict[str, float]] = []
    for text in options.sources:
        try:
            source = chosen(text)
            each = range(min(options.exemplars, source.n_exemplars))
            number = min(MOST_CLASSES, source.n_classes)
            some = np.random.default_rng(1).choice(source.n_classes, number, replace=False)
            features = source.features(some, each, CACHE)
        except UnusableExemplars as error:
            parser.error(str(error))
        names.append(about(source).label)
        columns.append(statistics(features.astype(np.float64)))
    rows = ([of, *(f"{column[of]:.3g}" for column in columns)] for of in columns[0])
    print("\n".join(table(["quantity", *names], rows)))


if __name__ == "__main__":
    main()
