"""The conditions, each a description of runs: what is not as in the paper, and for how long runs
may train.

Drawn characters stand for all exemplars here. Others are a session of their own, on the condition
that is otherwise as in the paper (``--icl-exemplars``), because which files there are is known to a
session and not to a claim.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from claims.networks.plain import full
from icl_repro.episodes import EpisodeSettings
from icl_repro.network.transformer import ModelSettings
from icl_repro.training import Optimiser

RATE = Optimiser().learning_rate
LONGEST = full(0).sequences
"""Sequences that the network of Section 3 trains on."""


class Condition(msgspec.Struct, frozen=True):
    """What is not as in the paper.

    Attributes:
        id: what the row of a table is called.
        longer: how many times as many sequences runs may train on as in the paper, where they take
            smaller steps, or fewer of them for as many sequences.
    """

    id: str
    model: ModelSettings = ModelSettings()
    optimiser: Optimiser = Optimiser()
    episodes: EpisodeSettings = EpisodeSettings()
    longer: float = 1

    @property
    def name(self) -> str:
        """It in words, as reports have it."""
        return self.id.replace("_", " ")

    @property
    def last(self) -> int:
        """The last layer, the paper's Layer 2."""
        return self.model.layers - 1

    def sequences(self, in_the_paper: int) -> int:
        """How many sequences a run trains on at most that has so many as in the paper: whole
        batches.
        """
        batch = self.optimiser.batch
        return round(in_the_paper * self.longer / batch) * batch


CONDITIONS = (
    Condition("as_in_the_paper"),
    Condition("width_32", ModelSettings(width=32), longer=2),
    Condition("width_128", ModelSettings(width=128)),
    Condition("4_heads", ModelSettings(heads=4)),
    Condition("16_heads", ModelSettings(heads=16)),
    Condition("3_layers", ModelSettings(layers=3)),
    Condition("5_layers", ModelSettings(layers=5)),
    Condition("MLPs", ModelSettings(mlps=True)),
    Condition("no_LayerNorm", ModelSettings(normalised=False), longer=2),
    Condition("batches_of_16", optimiser=Optimiser(batch=16)),
    Condition("batches_of_128", optimiser=Optimiser(batch=128), longer=4),
    Condition("learning_rate_times_3", optimiser=Optimiser(3 * RATE)),
    Condition("learning_rate_by_3", optimiser=Optimiser(RATE / 3), longer=3),
    Condition(
        "gradient_descent_with_momentum", optimiser=Optimiser(0.01, rule="sgd", momentum=0.9)
    ),
    Condition("AdamW", optimiser=Optimiser(rule="adamw", weight_decay=0.1)),
    Condition("3_pairs_in_context", episodes=EpisodeSettings(pairs=3)),
    Condition("4_pairs_in_context", episodes=EpisodeSettings(pairs=4), longer=2),
    Condition("5_exemplars_a_class", episodes=EpisodeSettings(exemplars_per_class=5)),
)
"""All of them, in the order of the table; the first is there to compare with.

The learning rate of gradient descent is the one of four (0.01, 0.03, 0.1 and 0.3) with which the
full network of seed 5 learned first; of that trial nothing but the loss was looked at.
"""

DEEPER = frozenset(one.id for one in CONDITIONS if one.model.layers > 2)
"""Those with more than two layers."""


def but_for(ids: Collection[str]) -> list[Condition]:
    """The conditions without some."""
    return [one for one in CONDITIONS if one.id not in ids]


OF_TWO_LAYERS = "the clamp of the paper's Layer 1 is that of the first of two layers"
"""Why clamps of Layer 1 mean nothing in deeper networks."""


def in_deeper(why: str) -> Mapping[str, str]:
    """What a claim says of the conditions with more than two layers, where it has no meaning."""
    return {one.id: why for one in CONDITIONS if one.id in DEEPER}
