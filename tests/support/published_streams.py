"""What the published implementation draws: numbers recorded by running it.

Weights are every eighth or sixteenth row of large matrices; all else is whole.
"""

from functools import cache
from pathlib import Path

import numpy as np

from icl_repro.episodes import EpisodeSettings

CONDITIONS = {
    "seed5": EpisodeSettings(),
    "classes100": EpisodeSettings(classes=100),
    "classes200": EpisodeSettings(classes=200),
    "labels10": EpisodeSettings(labels=10),
    "labels15": EpisodeSettings(labels=15),
}
"""The conditions of Figure 6, by what they are called in the file."""
SETS = {
    "train": "fsl_train",
    "test_relabel": "fsl_val_rl",
    "other_exemplars": "fsl_train_valex",
    "test_exemplars": "fsl_test_class",
}
"""What the evaluation sets are called in the file."""
N_CLASSES = 1_623
"""Classes of the authors' exemplars."""


@cache
def published_streams() -> dict[str, np.ndarray]:
    with np.load(Path(__file__).parents[1] / "data" / "published_streams.npz") as arrays:
        return dict(arrays)
