"""The paper's clamps and ablations: plain data, each a short composition of edits.

A clamp is hashable and survives a trip through JSON, so that it can stand in a description of a
run. Its edits hold heads and strengths as arrays: runs that differ only in those share a program.

Layers count from 0: the paper's Layer 1 is layer 0 here, its Layer 2 Head 3 is layer 1 head 3.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

import msgspec
import numpy as np
from jaxtyping import Bool

from icl_repro.episodes import N_POSITIONS
from icl_repro.network.transformer import ModelSettings
from icl_repro.optogenetics.edits import (
    CLEAN,
    LAST,
    Constant,
    Edit,
    InductionPattern,
    LabelPattern,
    OutOfRange,
    Pass,
    PreviousTokenPattern,
    ScoresAsLogits,
    Taken,
    TokenBefore,
)
from icl_repro.optogenetics.passes import Intervention

Preserved = Literal["pattern", "value", "key", "query"]


class _Heads(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="clamp"):
    """What clamps on some heads of a layer share: heads are kept sorted and without repeats."""

    heads: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.heads:
            raise OutOfRange(f"{type(self).__name__} names no heads, so that it would do nothing")
        msgspec.structs.force_setattr(self, "heads", tuple(sorted(set(self.heads))))


def _mask(heads: Iterable[int], layer: int, model: ModelSettings) -> Bool[np.ndarray, " heads"]:
    """Heads of a layer as an array of booleans."""
    if layer not in range(model.layers):
        raise OutOfRange(
            f"layer {layer} is out of range, the model has layers 0 to {model.layers - 1}"
        )
    for head in heads:
        if head not in range(model.heads):
            raise OutOfRange(
                f"head {head} is out of range, the model has heads 0 to {model.heads - 1} "
                f"(nearest: {round(min(max(head, 0), model.heads - 1))})"
            )
    return np.isin(np.arange(model.heads), list(heads))


class AblateHeads(_Heads, frozen=True, tag="ablate_heads"):
    """Turns heads of a layer off (Section 3.1): they write nothing into the residual stream."""

    layer: int = 1

    def edits(self, model: ModelSettings) -> tuple[Edit, ...]:
        """The edits of this ablation."""
        mask = _mask(self.heads, self.layer, model)
        return (Edit(f"layers.{self.layer}.attention.mixed", Constant(0.0), heads=mask),)  # pyright: ignore[reportArgumentType]


def only_heads(heads: Iterable[int], layer: int = 1, n_heads: int = 8) -> AblateHeads:
    """All heads of a layer off but these (Sections 3.1, 3.2 and 4.2)."""
    kept = set(heads)
    return AblateHeads(tuple(set(range(n_heads)) - kept), layer)


class ClampPreviousToken(_Heads, frozen=True, tag="previous_token"):
    """Step 1, PT-attend (Appendix D.1.2, "Clamping Step 1"): heads attend to the token before with
    weight 1. The first token, which has none before it, attends to itself.

    `shift` is how many tokens before: 1 for the clamp of the paper, more for a wrong pattern to
    compare with, in which labels attend to labels and exemplars to exemplars when it is 2. Tokens
    with fewer before them attend to themselves.
    """

    layer: int = 0
    shift: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shift not in range(1, N_POSITIONS):
            raise OutOfRange(
                f"shift {self.shift} must be from 1 to {N_POSITIONS - 1}, for the "
                f"{N_POSITIONS} tokens of a sequence of the paper "
                f"(nearest: {round(min(max(self.shift, 1), N_POSITIONS - 1))})"
            )

    def edits(self, model: ModelSettings) -> tuple[Edit, ...]:
        """The edits of this clamp."""
        mask = _mask(self.heads, self.layer, model)
        pattern = f"layers.{self.layer}.attention.pattern"
        return (Edit(pattern, PreviousTokenPattern(self.shift), heads=mask),)


class ClampMatch(_Heads, frozen=True, tag="match"):
    """Steps 1, 2, 3qk and 4, match (Appendix D.1.2): at the query, heads attend with weight 1 to
    the label of the query's class.

    `strength` (Figure 15) is the weight on that label, the rest going to the other label (shared by
    several others alike); the induction strength of two is then 2 `strength` - 1.
    """

    layer: int = 1
    strength: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.strength <= 1:
            raise OutOfRange(f"match strength {self.strength} must be between 0 and 1")
        msgspec.structs.force_setattr(self, "strength", float(self.strength))

    def edits(self, model: ModelSettings) -> tuple[Edit, ...]:
        """The edits of this clamp."""
        mask = _mask(self.heads, self.layer, model)
        value = LabelPattern(np.asarray(self.strength, np.float32))  # pyright: ignore[reportArgumentType]
        pattern = f"layers.{self.layer}.attention.pattern"
        return (Edit(pattern, value, heads=mask, positions=LAST),)


class ClampCopy(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="clamp", tag="copy"
):
    """Steps 3v and 5, copy (Appendix D.1.2): the logits of the labels in context are the
    scores that the head gives them, those of the other labels minus infinity.
    """

    head: int
    layer: int = 1

    def edits(self, model: ModelSettings) -> tuple[Edit, ...]:
        """The edits of this clamp."""
        _mask([self.head], self.layer, model)
        return (Edit("logits", ScoresAsLogits(self.layer, np.asarray(self.head, np.int32))),)  # pyright: ignore[reportArgumentType]


class ClampFirstLayer(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="clamp", tag="first_layer"
):
    """Steps 1 and 2, the paper's Layer 1, layer 0 here (Appendix D.1.2, "Clamping Steps 1, 2").

    Layer 1 compares queries and keys as if layer 0 had handed on "A A 0 B A" for "A 0 B 1 A", and
    takes its values from the embeddings "A 0 B 1 A" themselves. Together with :class:`ClampCopy`
    it clamps steps 1, 2, 3v and 5.
    """

    def edits(self, model: ModelSettings) -> tuple[Edit, ...]:
        """The edits of this clamp."""
        if model.layers != 2:
            raise OutOfRange(f"the first-layer clamp needs 2 layers, the model has {model.layers}")
        routed = Pass((Edit("layers.0.residual.post", TokenBefore()),))
        scores = "layers.1.attention.scores"
        return (
            Edit("layers.0.residual.post", Taken("embedding")),
            Edit(scores, Taken(scores), base=routed),
        )


class PreservingAblation(_Heads, frozen=True, tag="preserving_ablation"):
    """Heads off, with what later layers compute from them preserved (Figure 2, Appendix E).

    `preserve` names the activations of all later layers that are set to those of a clean pass:
    ``pattern`` (pattern-preserving ablation), ``value`` (value-preserving), ``key``, ``query``.
    With pattern and value both preserved, only the heads' direct path to the output is gone
    (Section 3, Figure 12).
    """

    preserve: tuple[Preserved, ...]
    layer: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.preserve:
            raise OutOfRange("PreservingAblation preserves nothing: use AblateHeads")
        wrong = [kept for kept in self.preserve if kept not in get_args(Preserved)]
        if wrong:
            raise OutOfRange(
                f"PreservingAblation cannot preserve {wrong[0]!r}, only "
                f"{', '.join(get_args(Preserved))}"
            )
        msgspec.structs.force_setattr(self, "preserve", tuple(sorted(set(self.preserve))))

    def edits(self, model: ModelSettings) -> tuple[Edit, ...]:
        """The edits of this ablation."""
        if self.layer == model.layers - 1:
            raise OutOfRange(f"no layer comes after layer {self.layer}: nothing can be preserved")
        kept = [
            f"layers.{later}.attention.{activation}"
            for later in range(self.layer + 1, model.layers)
            for activation in self.preserve
        ]
        return (
            *AblateHeads(self.heads, self.layer).edits(model),
            *(Edit(site, Taken(site), base=CLEAN) for site in kept),
        )


class ClampInduction(_Heads, frozen=True, tag="induction"):
    """Match, in text: heads attend to the tokens that came next when the token of a query came
    before, the same to each of them, and to nothing where there is none.
    """

    layer: int = 1

    def edits(self, model: ModelSettings) -> tuple[Edit, ...]:
        """The edits of this clamp."""
        mask = _mask(self.heads, self.layer, model)
        return (Edit(f"layers.{self.layer}.attention.pattern", InductionPattern(), heads=mask),)


Clamp = (
    AblateHeads | ClampPreviousToken | ClampMatch | ClampCopy | ClampFirstLayer | PreservingAblation
)
"""Every clamp and ablation that a run on few-shot episodes can be described with."""

TextClamp = AblateHeads | ClampPreviousToken | ClampInduction | PreservingAblation
"""Every clamp and ablation that a run on text can be described with."""


def intervention(clamps: Iterable[Clamp | TextClamp], model: ModelSettings) -> Intervention:
    """The edits of several clamps together."""
    return Intervention(edit for clamp in clamps for edit in clamp.edits(model))
