"""The language models that the claims of the lecture train: each a LanguageSpec for a seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from icl_repro import networks
from icl_repro.network.language_model import LanguageModelSettings
from icl_repro.optogenetics import ClampInduction, ClampPreviousToken
from icl_repro.text import TextSettings
from icl_repro.training import LanguageRun, LanguageSpec, Optimiser

Runs = Mapping[str, LanguageRun]

SEQUENCES = LanguageSpec().sequences
SEQUENCES_OF_THREE = 49_152
"""Those for a model with three layers, which learns later: about a minute of a core, of which more
than half are evaluations. They come as often as with two layers, as how sudden a change is depends
on that.
"""
LONGER = 81_920
"""Those for a model with one layer that is trained for longer than any other."""
OTHER_WEIGHTS = 1_000
"""Added to the seed of initial weights where a second model of one kind is trained."""
HEADS = tuple(range(8))
CLAMPED_HEADS = (0,)
"""Of layer 0, to the token before. Heads are alike before training."""
TWO, ONE, THREE = "two layers", "one layer", "three layers"
ONE_LONGER = "one layer, trained longer than three"
SMEARED_TWO, SMEARED_ONE = "two layers, smeared keys", "one layer, smeared keys"
ONE_AGAIN = "one layer, other weights"
PREVIOUS_CLAMPED = "previous-token pattern clamped"
WRONG_CLAMPED = "pattern of two tokens before clamped"
INDUCTION_CLAMPED = "induction pattern clamped"
NO_REPEATS, SHUFFLED, UNTRAINED = "no repeats", "shuffled repeats", "untrained"


def model(seed: int, **changes: Any) -> LanguageSpec:
    """A model that starts from weights, and reads text, of its seed."""
    return LanguageSpec(init_seed=seed, data_seed=seed, **changes)


def deep(
    seed: int, layers: int, *, smeared_keys: bool = False, sequences: int = SEQUENCES
) -> LanguageSpec:
    """A model with so many layers. One has no head that could build on another; with smeared keys
    each token can look at the one before.
    """
    usual = LanguageSpec().model
    shape = LanguageModelSettings(
        layers=layers, width=usual.width, heads=usual.heads, smeared_keys=smeared_keys
    )
    return model(seed, model=shape, sequences=sequences)


def no_repeats(seed: int) -> LanguageSpec:
    """Trained on text in which nothing comes again but by chance."""
    return model(seed, text=TextSettings(repeats=0))


def shuffled(seed: int) -> LanguageSpec:
    """Trained on text whose repeats have tokens drawn from the segment, with replacement."""
    return model(seed, text=TextSettings(shuffled=True))


def untrained(seed: int) -> LanguageSpec:
    """With a learning rate that leaves the model as it was initialised."""
    still = Optimiser(learning_rate=1e-30, batch=LanguageSpec().optimiser.batch)
    return model(seed, optimiser=still, sequences=4_096)


def previous_token_clamped(seed: int) -> LanguageSpec:
    """A head of layer 0 attends to the token before, throughout: one, as in Section 4.2 of the
    paper, because all of them slow learning down (Figure 8 there, and a trial here).
    """
    return model(seed, clamps=(ClampPreviousToken(CLAMPED_HEADS),))


def wrong_pattern_clamped(seed: int) -> LanguageSpec:
    """The same head attends to the token before the one before, throughout."""
    return model(seed, clamps=(ClampPreviousToken(CLAMPED_HEADS, shift=2),))


def induction_clamped(seed: int) -> LanguageSpec:
    """All heads of layer 1 attend to what came next before, throughout."""
    return model(seed, clamps=(ClampInduction(HEADS),))


DEPTHS = networks(
    lambda seed: {
        TWO: model(seed),
        ONE: deep(seed, 1),
        THREE: deep(seed, 3, sequences=SEQUENCES_OF_THREE),
        ONE_LONGER: deep(seed, 1, sequences=LONGER),
        ONE_AGAIN: deep(seed, 1).with_(init_seed=seed + OTHER_WEIGHTS),
        NO_REPEATS: no_repeats(seed),
        SHUFFLED: shuffled(seed),
        UNTRAINED: untrained(seed),
    }
)
"""Models by how many layers they have, and those of the controls."""

SMEARED = networks(
    lambda seed: {
        TWO: model(seed),
        ONE: deep(seed, 1),
        SMEARED_TWO: deep(seed, 2, smeared_keys=True),
        SMEARED_ONE: deep(seed, 1, smeared_keys=True),
        THREE: deep(seed, 3, sequences=SEQUENCES_OF_THREE),
        SHUFFLED: shuffled(seed),
    }
)
"""Models with and without keys that can look at the token before."""

CLAMPED = networks(
    lambda seed: {
        TWO: model(seed),
        PREVIOUS_CLAMPED: previous_token_clamped(seed),
        WRONG_CLAMPED: wrong_pattern_clamped(seed),
        INDUCTION_CLAMPED: induction_clamped(seed),
        NO_REPEATS: no_repeats(seed),
    }
)
"""Two layers, clamped and not, and one that reads text without repeats."""
