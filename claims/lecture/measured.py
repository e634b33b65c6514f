"""What the claims of the lecture measure on runs, by the same functions everywhere."""

from __future__ import annotations

import functools
import math

import jax
import numpy as np
from jaxtyping import Bool, Float

from icl_repro import Evidence
from icl_repro.measures.curves.phase_change import acceleration_ratio
from icl_repro.measures.language.change import NEVER, Change, change_of
from icl_repro.measures.language.heads import MATCHES, induction_heads
from icl_repro.measures.language.score import early_and_late, in_context_score
from icl_repro.network.language_model import LanguageModel
from icl_repro.optogenetics import Intervention
from icl_repro.text import Text, TextSetName, TextSettings, text_samplers
from icl_repro.training import LanguageRun
from icl_repro.training.language_evaluation import losses_of

SEQUENCES = "training sequences seen"
AVERAGED = 5
"""Evaluations whose mean counts where it is measured how sudden a change is. They begin at 32
sequences and lie close together at first, so that a change within the first 1,000 is seen, too.
"""
LEAST_STEP = 0.05
"""Nats. A smaller step of a score is no improvement that could be sudden: this is several times
what one evaluation differs from the next, and a sixth of the least score that counts as one.
"""
LEAST_SCORE = 0.3
"""Nats. A model whose score is nearer to zero, or above it, has none: an untrained one comes to as
much as 0.13 by chance.
"""
SAME_TIME = (0.8, 1.25)
"""The ratio of two half-times that are at most 20 % of the later one apart, whichever that is."""
SUDDEN = 3
"""The acceleration ratio of a sudden improvement: that of a phase change after a plateau."""
EVALUATED = 512
"""Sequences on which a finished model is measured."""

Curve = Float[np.ndarray, " points"]


def score_of(run: LanguageRun) -> Curve:
    """The in-context-learning score over training, on text like that trained on."""
    return in_context_score(run.curves["train.losses"].astype(np.float64))


def late_loss(run: LanguageRun) -> float:
    """Loss late in the context in the end, on text like that trained on, in nats."""
    losses = final(run, "train.losses")
    return float(losses[early_and_late(len(losses))[1]].mean())


def score_change(run: LanguageRun) -> Change:
    """When the score improves."""
    return change_of(run.sequences, score_of(run))


def has_score(score: float) -> bool:
    """Whether an in-context-learning score is one, of which something can be a share."""
    return score <= -LEAST_SCORE


def share_of(score: float, usual: float) -> float:
    """A score over the usual one; not a number where that is none."""
    return score / usual if has_score(usual) else math.nan


def check_same_time(evidence: Evidence, check: str, half_time: float, of_score: float) -> None:
    """Check that a half-time is the same as that of the score, to :data:`SAME_TIME`."""
    note = f"{half_time:,.0f} and {of_score:,.0f} sequences"
    evidence.check(check, half_time / of_score, between=SAME_TIME, unit="ratio", note=note)


def suddenness(run: LanguageRun) -> float:
    """How much the improvement of the score speeds up, as in Section 4 of the paper.

    The score is measured on less text than the losses there, so that it has more noise, which makes
    the ratio larger: five evaluations in a row are averaged, and a speed is that over at least 0.05
    nats.
    """
    x, y = (averaged(curve.astype(np.float64)) for curve in (run.sequences, score_of(run)))
    return acceleration_ratio(x, y, LEAST_STEP)


def averaged(curve: Curve) -> Curve:
    """The means of each five neighbouring points."""
    return np.convolve(curve, np.full(AVERAGED, 1 / AVERAGED), mode="valid")


def best_matching(run: LanguageRun) -> Curve:
    """The largest prefix-matching score of all heads over training."""
    return run.curves["attention.induction"].max(axis=(1, 2)).astype(np.float64)


def matching_change(run: LanguageRun) -> Change:
    """When the best head comes to match prefixes; never, if in the end it matches no more than a
    head may that is no induction head.
    """
    best = best_matching(run)
    return change_of(run.sequences, -best) if best[-1] >= MATCHES else NEVER


def copying(run: LanguageRun) -> Curve | None:
    """The mean copying score over training of those heads that are induction heads in the end, if
    there are any. Heads of other kinds copy what they attend to, too.
    """
    found = induction_heads_of(run)
    of_each = [run.curves["copying"][:, layer, list(heads)] for layer, heads in enumerate(found)]
    scores = np.concatenate(of_each, axis=1).astype(np.float64)
    return scores.mean(axis=1) if scores.size else None


def copying_change(run: LanguageRun) -> Change:
    """When these heads come to copy; never, where there are none."""
    scores = copying(run)
    return NEVER if scores is None else change_of(run.sequences, -scores)


def number_change(run: LanguageRun) -> Change:
    """When heads come to do both, match prefixes and copy: by how many do; never, if none does."""
    curves = run.curves["attention.induction"], run.curves["copying"]
    evaluations = zip(*curves, strict=True)
    numbers = [sum(map(len, _induction_heads(*of_layers))) for of_layers in evaluations]
    return change_of(run.sequences, -np.array(numbers, np.float64))


def final(run: LanguageRun, curve: str) -> np.ndarray:
    """The last value of a curve."""
    return run.curves[curve][-1].astype(np.float64)


def induction_heads_of(run: LanguageRun) -> list[tuple[int, ...]]:
    """The induction heads of each layer in the end."""
    return _induction_heads(final(run, "attention.induction"), final(run, "copying"))


def _induction_heads(matching: np.ndarray, copying: np.ndarray) -> list[tuple[int, ...]]:
    """The induction heads of each layer, by both scores of layers and heads."""
    return [induction_heads(*of_layer) for of_layer in zip(matching, copying, strict=True)]


def repeated_at(text: Text, distances: np.ndarray) -> Bool[np.ndarray, "positions sequences"]:
    """Which tokens to predict repeat one of a segment, where the token before has come before only
    at these distances: what comes next stands nowhere else in the context.
    """
    read = np.asarray(text.read)
    places = np.arange(len(read))
    apart = places[:, None] - places
    same = (read[:, None] == read[None]) & (apart > 0)[..., None]
    elsewhere = same & ~np.isin(apart, distances)[..., None]
    repeats = np.asarray(text.repeated)
    return repeats[:-1] & repeats[1:] & same.any(axis=1) & ~elsewhere.any(axis=1)


def score_where(
    model: LanguageModel, text: Text, counted: Bool[np.ndarray, "positions sequences"]
) -> float:
    """The in-context-learning score with the late loss of some tokens alone, in nats; not a number
    where the text has none of them.
    """
    if not counted[early_and_late(len(counted))[1]].any():
        return math.nan
    losses = np.asarray(losses_of(model, Intervention([]), text), np.float64)
    early, late = early_and_late(len(losses))
    return float(losses[late][counted[late]].mean() - losses[early].mean())


def text_of(run: LanguageRun, name: TextSetName) -> Text:
    """Sequences of an evaluation set, others than those seen while it was trained."""
    return _drawn(run.spec.text, name)


@functools.lru_cache(maxsize=8)
def _drawn(settings: TextSettings, name: TextSetName) -> Text:
    """Models that were trained alike are measured on the same sequences."""
    return text_samplers(settings)[name].sample(jax.random.key(1_000), EVALUATED)
