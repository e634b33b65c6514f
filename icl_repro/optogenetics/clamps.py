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

from icl_repro.network.transformer import ModelSettings
from icl_repro.optogenetics.arguments import (
    OutOfRange,
    WrongKind,
    as_shown,
    require_in_range,
    require_kind,
    require_tokens_before,
    whole_number,
    whole_numbers,
)
from icl_repro.optogenetics.edits import (
    CLEAN,
    LAST,
    Constant,
    Edit,
    InductionPattern,
    LabelPattern,
    NeverFires,
    Pass,
    PreviousTokenPattern,
    ScoresAsLogits,
    Taken,
    TokenBefore,
)
from icl_repro.optogenetics.passes import Intervention

Preserved = Literal["pattern", "value", "key", "query"]


def _require_whole_numbers(clamp: msgspec.Struct) -> None:
    """Keep those fields of a clamp that are whole numbers as Python's, or raise WrongKind."""
    for name in ("head", "layer", "shift"):
        if name in clamp.__struct_fields__:
            number = whole_number(getattr(clamp, name), f"{name} of {type(clamp).__name__}")
            msgspec.structs.force_setattr(clamp, name, number)


class _Heads(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="clamp"):
    """What clamps on some heads of a layer share: heads are kept sorted and without repeats."""

    heads: tuple[int, ...]

    def __post_init__(self) -> None:
        name = type(self).__name__
        heads = whole_numbers(self.heads, f"heads of {name}", "for a single head, (3,)")
        if not heads:
            raise OutOfRange(f"{name} names no heads, so that it would do nothing")
        msgspec.structs.force_setattr(self, "heads", tuple(sorted(set(heads))))
        _require_whole_numbers(self)


def _mask(heads: Iterable[int], layer: int, model: ModelSettings) -> Bool[np.ndarray, " heads"]:
    """Heads of a layer as an array of booleans."""
    require_in_range(layer, "layer", model.layers, "the model has")
    for head in heads:
        require_in_range(head, "head", model.heads, "the model has")
    return np.isin(np.arange(model.heads), list(heads))


class AblateHeads(_Heads, frozen=True, tag="ablate_heads"):
    """Turns heads of a layer off (Section 3.1): they write nothing into the residual stream."""

    layer: int = 1

    def edits(self, model: ModelSettings) -> tuple[Edit, ...]:
        """The edits of this ablation."""
        mask = _mask(self.heads, self.layer, model)
        return (Edit(f"layers.{self.layer}.attention.mixed", Constant(0.0), heads=mask),)  # pyright: ignore[reportArgumentType]


def only_heads(heads: Iterable[int], layer: int = 1, n_heads: int = 8) -> AblateHeads:
    """All heads of a layer off but these (Sections 3.1, 3.2 and 4.2).

    Args:
        heads: those that stay on; with none, all are off.
        layer: the layer of the heads; 1 is the paper's Layer 2.
        n_heads: how many heads the layer has.

    Raises:
        OutOfRange: there is no such head, or all stay on.
    """
    kept = set(whole_numbers(heads, "heads of only_heads", "for a single head, [3]"))
    n_heads = whole_number(n_heads, "n_heads of only_heads")
    if n_heads < 1:
        raise OutOfRange(f"n_heads of only_heads is {n_heads}, but must be at least 1 (nearest: 1)")
    for head in sorted(kept):
        require_in_range(head, "head", n_heads, f"with n_heads={n_heads} there are")
    return AblateHeads(tuple(set(range(n_heads)) - kept), layer)


class ClampPreviousToken(_Heads, frozen=True, tag="previous_token"):
    """Step 1, PT-attend (Appendix D.1.2, "Clamping Step 1"): heads attend to the token before with
    weight 1. The first token, which has none before it, attends to itself.

    `shift` is how many tokens before: 1 for the clamp of the paper, more for a wrong pattern to
    compare with, in which labels attend to labels and exemplars to exemplars when it is 2. Tokens
    with fewer before them attend to themselves; sequences in which all do are refused where they
    are known, see :func:`require_effect`.
    """

    layer: int = 0
    shift: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shift < 1:
            raise OutOfRange(f"shift {self.shift} must be at least 1 (nearest: 1)")

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
        numbers = float | int | np.floating | np.integer
        require_kind(self.strength, numbers, "match strength", "a number between 0 and 1")
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

    def __post_init__(self) -> None:
        _require_whole_numbers(self)

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
        what = "preserve of PreservingAblation"
        names = (tuple, list, set, frozenset)
        require_kind(self.preserve, names, what, 'a tuple of names, such as ("pattern",)')
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


def require_effect(clamps: Iterable[Clamp | TextClamp], n_positions: int | None = None) -> None:
    """Refuse clamps that would do nothing beside the others, or in sequences of so many tokens.

    A pattern does nothing where all of its heads are off. :class:`ClampMatch` may: the matching of
    heads that are off is a clamp without effect on purpose, to compare with.

    Raises:
        NeverFires: a pattern of heads that are off.
        OutOfRange: no token has as many before it as a clamp reads back; where `n_positions` is
            None, that is found when a program is traced.
    """
    clamps = tuple(clamps)
    off = [clamp for clamp in clamps if isinstance(clamp, AblateHeads | PreservingAblation)]
    for clamp in clamps:
        if not isinstance(clamp, ClampPreviousToken | ClampInduction):
            continue
        for ablation in off:
            if ablation.layer == clamp.layer and set(clamp.heads) <= set(ablation.heads):
                names = type(clamp).__name__, type(ablation).__name__
                heads = ", ".join(map(str, clamp.heads))
                raise NeverFires(
                    f"{names[0]} would do nothing, because {names[1]} turns off all of its heads "
                    f"({heads} of layer {clamp.layer}): leave out one of the two"
                )
        if n_positions is not None and isinstance(clamp, ClampPreviousToken):
            require_tokens_before(clamp.shift, n_positions)


def intervention(clamps: Iterable[Clamp | TextClamp], model: ModelSettings) -> Intervention:
    """The edits of several clamps together.

    Args:
        clamps: in any order.
        model: the shape of the model that they are for.

    Raises:
        WrongKind: something that is no clamp, or no settings of a model.
        OutOfRange: a layer or a head that the model does not have.
        NeverFires: see :func:`require_effect`.
    """
    settings = "the settings of one: ModelSettings(...), or run.spec.model for that of a run"
    require_kind(model, ModelSettings, "the model of an intervention", settings)
    clamp_list = "a list of clamps, such as [ClampMatch((3,))]"
    require_kind(clamps, Iterable, "what an intervention is made of", clamp_list)
    clamps = tuple(clamps)
    for clamp in clamps:
        if isinstance(clamp, type) or not callable(getattr(clamp, "edits", None)):
            raise WrongKind(
                f"intervention takes clamps, such as ClampMatch((3,)), not {as_shown(clamp)}"
            )
    require_effect(clamps)
    return Intervention(edit for clamp in clamps for edit in clamp.edits(model))
