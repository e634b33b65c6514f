"""The language models that the claims of the lecture train: each a LanguageSpec for a seed."""

from __future__ import annotations

from collections.abc import Mapping

from icl_repro import networks
from icl_repro.network.language_model import LanguageModelSettings
from icl_repro.optogenetics import ClampInduction, ClampPreviousToken
from icl_repro.text import TextSettings
from icl_repro.training import LanguageRun, LanguageSpec, Optimiser

Runs = Mapping[str, LanguageRun]

HEADS = tuple(range(8))
CLAMPED_HEADS = (0,)
"""Of layer 0, to the token before. Heads are alike before training."""
TWO, ONE, THREE = "two layers", "one layer", "three layers"
SMEARED_TWO, SMEARED_ONE = "two layers, smeared keys", "one layer, smeared keys"
PREVIOUS_CLAMPED = "previous-token pattern clamped"
INDUCTION_CLAMPED = "induction pattern clamped"
NO_REPEATS, SHUFFLED, UNTRAINED = "no repeats", "shuffled repeats", "untrained"


def two_layers(seed: int) -> LanguageSpec:
    """The model of most claims."""
    return LanguageSpec(init_seed=seed)


def one_layer(seed: int) -> LanguageSpec:
    """A model in which no head can build on another."""
    return _shaped(seed, layers=1)


def three_layers(seed: int) -> LanguageSpec:
    """A model with a layer more."""
    return _shaped(seed, layers=3)


def smeared_two_layers(seed: int) -> LanguageSpec:
    """Two layers with keys that can look at the token before."""
    return _shaped(seed, layers=2, smeared_keys=True)


def smeared_one_layer(seed: int) -> LanguageSpec:
    """One layer with such keys."""
    return _shaped(seed, layers=1, smeared_keys=True)


def no_repeats(seed: int) -> LanguageSpec:
    """Trained on text in which nothing comes again but by chance."""
    return LanguageSpec(init_seed=seed, text=TextSettings(repeats=0))


def shuffled(seed: int) -> LanguageSpec:
    """Trained on text whose repeats have the tokens of the segment in random order."""
    return LanguageSpec(init_seed=seed, text=TextSettings(shuffled=True))


def untrained(seed: int) -> LanguageSpec:
    """With a learning rate that leaves the model as it was initialised."""
    usual = LanguageSpec()
    still = Optimiser(learning_rate=1e-30, batch=usual.optimiser.batch)
    return LanguageSpec(init_seed=seed, optimiser=still, sequences=4_096)


def previous_token_clamped(seed: int) -> LanguageSpec:
    """A head of layer 0 attends to the token before, throughout: one, as in Section 4.2 of the
    paper, because all of them slow learning down (Figure 8 there, and a trial here).
    """
    return LanguageSpec(init_seed=seed, clamps=(ClampPreviousToken(CLAMPED_HEADS),))


def induction_clamped(seed: int) -> LanguageSpec:
    """All heads of layer 1 attend to what came next before, throughout."""
    return LanguageSpec(init_seed=seed, clamps=(ClampInduction(HEADS),))


def _shaped(seed: int, layers: int, smeared_keys: bool = False) -> LanguageSpec:
    usual = LanguageSpec().model
    shape = LanguageModelSettings(
        layers=layers, width=usual.width, heads=usual.heads, smeared_keys=smeared_keys
    )
    return LanguageSpec(init_seed=seed, model=shape)


DEPTHS = networks(
    lambda seed: {
        TWO: two_layers(seed),
        ONE: one_layer(seed),
        THREE: three_layers(seed),
        NO_REPEATS: no_repeats(seed),
        SHUFFLED: shuffled(seed),
        UNTRAINED: untrained(seed),
    }
)
"""Models by how many layers they have, and those of the controls."""

SMEARED = networks(
    lambda seed: {
        TWO: two_layers(seed),
        ONE: one_layer(seed),
        SMEARED_TWO: smeared_two_layers(seed),
        SMEARED_ONE: smeared_one_layer(seed),
    }
)
"""Models with and without keys that can look at the token before."""

CLAMPED = networks(
    lambda seed: {
        TWO: two_layers(seed),
        PREVIOUS_CLAMPED: previous_token_clamped(seed),
        INDUCTION_CLAMPED: induction_clamped(seed),
    }
)
"""Two layers, clamped and not."""
