"""Edits: the primitive interventions on activations.

An :class:`Edit` says where it acts (site, heads, positions), what it puts there (a *value*), which
pass the value reads from, and whether gradients flow through it. Where it acts on which site is
static; head masks, strengths and constants are arrays, so that one compiled program serves them
all and can be vmapped over them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from icl_repro.episodes import Episodes
from icl_repro.network.transformer import AttentionOnly, Inputs
from icl_repro.numbers import count
from icl_repro.optogenetics.arguments import (
    OutOfRange,
    WrongKind,
    as_shown,
    is_array_like,
    require_in_range,
    require_kind,
    require_tokens_before,
    whole_numbers,
)
from icl_repro.optogenetics.sites import EditError, axes_of
from icl_repro.text import Text


class ShapeMismatch(EditError):
    """A value or a mask whose shape does not fit the site."""


class Conflict(EditError):
    """Two edits that fight over the same entries of a site."""


class NeverFires(EditError):
    """An edit that would change nothing: a silent no-op, refused."""


class WrongSequences(EditError):
    """A value that reads what the sequences of the model do not have."""


class Context(eqx.Module):
    """What a value may look at.

    Attributes:
        episodes: the batch.
        current: the activation that is about to be replaced.
        positions: the positions that its ``position`` or ``query`` axis covers.
        read: gives any activation of the edit's base pass by its site's name.
    """

    episodes: Inputs
    current: Float[Array, "..."]
    positions: tuple[int, ...] = eqx.field(static=True)
    read: Callable[[str], Float[Array, "..."]] = eqx.field(static=True)


class Value(eqx.Module):
    """What an edit puts in place of an activation."""

    @abstractmethod
    def __call__(self, context: Context) -> Float[Array, "..."]:
        """An array that broadcasts to the shape of the activation."""


class Constant(Value):
    """The same array (or number) always."""

    array: Float[Array, "..."]

    def __check_init__(self) -> None:
        """Raise WrongKind for a function or a text. Axes to map over may stand here too."""
        if callable(self.array) or isinstance(self.array, str):
            raise WrongKind(
                f"a Constant is {as_shown(self.array)}, but must be a number or an array"
            )

    def __call__(self, context: Context) -> Array:
        """The value; see the class."""
        return jnp.asarray(self.array)


class Taken(Value):
    """The activation of `site` in the edit's base pass, at the positions that are replaced."""

    site: str = eqx.field(static=True)

    def __check_init__(self) -> None:
        """Raise WrongKind for anything but a name."""
        require_kind(self.site, str, "the site of Taken", "a name, such as 'embedding'")

    def __call__(self, context: Context) -> Float[Array, "..."]:
        """The value; see the class."""
        taken = context.read(self.site)
        axis = _position_axis(axes_of(self.site))
        if axis is not None and len(context.positions) < taken.shape[axis]:
            return jnp.take(taken, np.array(context.positions), axis=axis)
        return taken


class PreviousTokenPattern(Value):
    """Attention with weight 1 to the token `shift` positions before; the first `shift` tokens,
    which have none, attend to themselves.
    """

    shift: int = eqx.field(static=True, default=1)

    def __call__(self, context: Context) -> Float[Array, "1 queries keys 1"]:
        """The value; see the class."""
        require_tokens_before(self.shift, context.episodes.n_positions)
        attended = [p - self.shift if p >= self.shift else p for p in context.positions]
        row = np.eye(context.episodes.n_positions, dtype=np.float32)
        return jnp.asarray(row[attended])[None, :, :, None]


class LabelPattern(Value):
    """Attention from the query to the labels only: `strength` to the one of its own class,
    1 - `strength` to the other, or the same share of it to each of several others.
    """

    strength: Float[Array, ""]

    def __call__(self, context: Context) -> Float[Array, "1 1 keys episodes"]:
        """The value; see the class."""
        episodes = _episodes(context, self)
        correct = jax.nn.one_hot(episodes.correct_position, episodes.n_positions, axis=0)
        first, *more = (
            jax.nn.one_hot(position, episodes.n_positions, axis=0)
            for position in episodes.incorrect_positions
        )
        incorrect = sum(more, first) / (1 + len(more)) if more else first
        return (self.strength * correct + (1 - self.strength) * incorrect)[None, None]


class TokenBefore(Value):
    """The embedding of the token before, except at the first token and the query, which keep
    their own: what a perfect layer of previous-token heads would hand on.
    """

    def __call__(self, context: Context) -> Float[Array, "width positions episodes"]:
        """The value; see the class."""
        n_positions = _episodes(context, self).n_positions
        source = np.maximum(np.arange(n_positions) - 1, 0)
        source[-1] = n_positions - 1
        return context.read("embedding")[:, source]


class InductionPattern(Value):
    """Attention to the tokens that came next when the token of a query came before: the same to
    each of them, and none at all where there is none.
    """

    def __call__(self, context: Context) -> Float[Array, "1 queries keys sequences"]:
        """The value; see the class."""
        tokens = _text(context, self).read
        n_positions = tokens.shape[0]
        after = jnp.concatenate([jnp.full_like(tokens[:1], -1), tokens[:-1]])
        before = np.tri(n_positions, dtype=bool)[:, :, None]
        matches = (tokens[:, None] == after[None]) & before
        weight = matches / jnp.maximum(matches.sum(axis=1, keepdims=True), 1)
        return weight[None, np.array(context.positions)]


class ScoresAsLogits(Value):
    """Logits of the labels in context: the scores with which one head compares the query to
    them. Every other label gets minus infinity.
    """

    layer: int = eqx.field(static=True)
    head: Int[Array, ""]

    def __call__(self, context: Context) -> Float[Array, "labels episodes"]:
        """The value; see the class."""
        episodes = _episodes(context, self)
        scores = context.read(f"layers.{self.layer}.attention.scores")
        if not isinstance(self.head, jax.core.Tracer):  # pyright: ignore[reportAttributeAccessIssue]
            require_in_range(int(self.head), "head", scores.shape[0], "the site has")
        from_query = jnp.take(scores, self.head, axis=0)[-1]
        label = jnp.arange(context.current.shape[0])[:, None]
        logits = jnp.full_like(context.current, -jnp.inf)
        shown_labels = episodes.labels[: episodes.pairs]
        for position, shown in zip(episodes.label_positions, shown_labels, strict=True):
            logits = jnp.where(label == shown, from_query[position], logits)
        return logits


def _episodes(context: Context, value: Value) -> Episodes:
    if not isinstance(context.episodes, Episodes):
        raise WrongSequences(f"{type(value).__name__} is for few-shot episodes, not for text")
    return context.episodes


def _text(context: Context, value: Value) -> Text:
    if not isinstance(context.episodes, Text):
        raise WrongSequences(f"{type(value).__name__} is for text, not for few-shot episodes")
    return context.episodes


class Pass(eqx.Module):
    """A pass to take activations from.

    Attributes:
        edits: the edits it runs under; none for a clean pass.
        model: another model to run (a graft); None for the model that is being edited.
    """

    edits: tuple[Edit, ...] = ()
    model: AttentionOnly | None = None

    def __check_init__(self) -> None:
        """Raise WrongKind for anything else."""
        require_edits(self.edits, "Pass")
        expected = "a model with weights, or None for the one that is edited"
        require_kind(self.model, AttentionOnly | None, "the model of a Pass", expected)


def require_edits(given: object, where: str) -> None:
    """Raise WrongKind unless something is a list or tuple of edits."""
    if not isinstance(given, list | tuple):
        raise WrongKind(
            f"{where} takes a list of edits, not {as_shown(given)}: write {where}([Edit(...), ...])"
        )
    for one in given:
        if not isinstance(one, Edit):
            raise WrongKind(
                f"{where} takes edits, not {as_shown(one)}: clamps become edits by "
                "intervention([...], settings)"
            )


CLEAN = Pass()
"""The model as it is."""

LAST = (-1,)
"""As positions of an edit: the last token, however many there are."""


class Edit(eqx.Module):
    """Replaces part of one activation.

    Attributes:
        site: name of the site.
        value: what is put there.
        heads: head numbers (fixed when traced); or None.
        head_mask: the same as an array, which may be traced and vmapped; or None. With neither,
            the edit acts on every head, or its site has no head axis.
        positions: positions along the site's ``position`` or ``query`` axis; None for all, `LAST`
            for the last token alone, which is the query.
        base: the pass that `value` reads from; None for the pass being edited, as far as it has
            been computed.
        stop_gradient: whether the value is a constant to the gradient. By default gradients flow
            through it, and so through the base pass.
    """

    site: str = eqx.field(static=True)
    value: Value
    head_mask: Bool[Array, " heads"] | None
    base: Pass | None
    heads: tuple[int, ...] | None = eqx.field(static=True)
    positions: tuple[int, ...] | None = eqx.field(static=True)
    stop_gradient: bool = eqx.field(static=True)

    def __init__(
        self,
        site: str,
        value: Value | float | Float[Array | np.ndarray, "..."],
        *,
        heads: Sequence[int] | Bool[Array | np.ndarray, " heads"] | None = None,
        positions: Sequence[int] | None = None,
        base: Pass | None = None,
        stop_gradient: bool = False,
    ) -> None:
        """See the class. `value` may be a number or an array, `heads` numbers or a mask.

        Raises:
            WrongKind: a site, value or base of another kind.
            OutOfRange: heads or positions that are no whole numbers.
            NeverFires: no heads or no positions.
        """
        require_kind(
            site, str, "the site of an edit", "a name, such as 'layers.0.attention.pattern'"
        )
        if not isinstance(value, Value) and not is_array_like(value):
            raise WrongKind(
                f"the value of an edit of {site} is {as_shown(value)}, but must be a number, an "
                "array or a Value, such as Constant(0.0); what depends on the batch is a subclass "
                "of Value with __call__(context)"
            )
        passes = "a Pass, such as CLEAN, Pass(edits) or Pass(model=...)"
        require_kind(base, Pass | None, f"the base of an edit of {site}", passes)
        self.site = site
        # Numbers and NumPy arrays are arrays of JAX by the time that a program reads them.
        self.value = value if isinstance(value, Value) else Constant(value)  # pyright: ignore[reportArgumentType]
        is_mask = hasattr(heads, "dtype")
        self.head_mask = heads if is_mask else None  # pyright: ignore[reportAttributeAccessIssue]
        self.heads = None if is_mask else _numbers(heads, f"heads of an edit of {site}")
        self.positions = _numbers(positions, f"positions of an edit of {site}")
        self.base = base
        self.stop_gradient = stop_gradient
        if self.heads == () or self.positions == ():
            raise NeverFires(f"{self} acts on no {'heads' if self.heads == () else 'positions'}")

    def __str__(self) -> str:
        where = [self.site]
        if self.heads is not None:
            where.append(f"heads {', '.join(map(str, self.heads))}")
        if self.head_mask is not None:
            where.append("masked heads")
        if self.positions is not None:
            where.append(f"positions {', '.join(map(str, self.positions))}")
        return f"edit of {' '.join(where)}"


def _numbers(given: object, what: str) -> tuple[int, ...] | None:
    """Numbers of heads or positions, if any are given."""
    if given is None:
        return None
    return whole_numbers(given, what, "a mask of heads must be an array of booleans")


def apply(edit: Edit, context: Context) -> Float[Array, "..."]:
    """The activation with the edit's part replaced.

    Raises:
        OutOfRange, ShapeMismatch, NeverFires: see the classes.
    """
    current = context.current
    value = jnp.asarray(edit.value(context), current.dtype)
    if edit.stop_gradient:
        value = jax.lax.stop_gradient(value)
    axes = axes_of(edit.site)
    if not _fits(edit, value.shape, current.shape):
        named = ", ".join(f"{axis} {size}" for axis, size in zip(axes, current.shape, strict=True))
        raise ShapeMismatch(
            f"{edit}: a value of shape {value.shape} does not fit the site's ({named})"
        )
    region = _region(edit, context)
    if region is None:
        return jnp.broadcast_to(value, current.shape)
    return jnp.where(region, value, current)


def _fits(edit: Edit, shape: tuple[int, ...], site_shape: tuple[int, ...]) -> bool:
    """Whether a value has the shape of the site, or of length 1 along some of its axes.

    Fewer axes would be matched from the last one, the episodes, which is never what was meant. An
    activation has to fit exactly: only the query's row of a last layer may be there.
    """
    if shape == site_shape or not shape:
        return True
    if isinstance(edit.value, Taken) or len(shape) != len(site_shape):
        return False
    return all(n in (1, size) for n, size in zip(shape, site_shape, strict=True))


def _region(edit: Edit, context: Context) -> Bool[Array | np.ndarray, "..."] | None:
    """Mask of the entries that the edit replaces, or None for all of them."""
    axes = axes_of(edit.site)
    masks = []
    if edit.heads is not None or edit.head_mask is not None:
        masks.append(_along(axes, "head", head_mask(edit, axes, context.current.shape)))
    if edit.positions is not None:
        n_positions = context.episodes.n_positions
        covered = np.isin(context.positions, _checked_positions(edit, axes, n_positions))
        if not covered.any():
            raise NeverFires(
                f"{edit} cannot reach the prediction, which depends on positions "
                f"{', '.join(map(str, context.positions))} of this site only"
            )
        if not covered.all():
            # Checked above: the site has positions.
            masks.append(_along(axes, axes[_position_axis(axes)], covered))  # pyright: ignore[reportCallIssue, reportArgumentType]
    if not masks:
        return None
    return masks[0] if len(masks) == 1 else masks[0] & masks[1]


def _along(
    axes: tuple[str, ...], axis: str, mask: Bool[Array | np.ndarray, " n"]
) -> Bool[Array | np.ndarray, "..."]:
    return mask.reshape([-1 if name == axis else 1 for name in axes])


def head_mask(
    edit: Edit, axes: tuple[str, ...], shape: tuple[int, ...]
) -> Bool[Array | np.ndarray, " heads"]:
    """The heads that an edit acts on, as a mask; checked against the site.

    Raises:
        OutOfRange: the site has no heads, or not that many.
        ShapeMismatch: a mask of another length or not of booleans.
        NeverFires: a mask that is known to be empty.
    """
    if "head" not in axes:
        raise OutOfRange(f"{edit} names heads, but the site has no head axis: its axes are {axes}")
    n_heads = shape[axes.index("head")]
    if edit.heads is not None:
        for head in edit.heads:
            require_in_range(head, "head", n_heads, "the site has", f"{edit}: ")
        return np.isin(np.arange(n_heads), edit.heads)
    mask = edit.head_mask  # there is one, because `heads` is None
    if mask.shape != (n_heads,) or mask.dtype != bool:  # pyright: ignore[reportOptionalMemberAccess]
        raise ShapeMismatch(
            f"{edit}: the mask is {mask.dtype} of shape {mask.shape}, but must be "  # pyright: ignore[reportOptionalMemberAccess]
            f"{count(n_heads, 'boolean')}, one for each head"
        )
    if not isinstance(mask, jax.core.Tracer) and not np.any(mask):  # pyright: ignore[reportAttributeAccessIssue]
        raise NeverFires(f"{edit} acts on no heads: its mask is empty")
    return mask  # pyright: ignore[reportReturnType]


def _position_axis(axes: tuple[str, ...]) -> int | None:
    """Which axis of a site runs over the positions that are computed, if one does."""
    return next((i for i, axis in enumerate(axes) if axis in ("position", "query")), None)


def _checked_positions(edit: Edit, axes: tuple[str, ...], n_positions: int) -> tuple[int, ...]:
    if _position_axis(axes) is None:
        raise OutOfRange(f"{edit} names positions, but the site has no such axis: {axes}")
    if edit.positions == LAST:
        return (n_positions - 1,)
    for position in edit.positions:  # pyright: ignore[reportOptionalIterable]
        require_in_range(position, "position", n_positions, "sequences have", f"{edit}: ")
    return edit.positions  # pyright: ignore[reportReturnType]


def check_conflict(first: Edit, second: Edit, shape: tuple[int, ...], n_positions: int) -> None:
    """Refuse two edits of one site unless they are known to act on different entries.

    Raises:
        Conflict: they overlap; or one has a traced mask, so that nobody can tell.
    """
    if first.positions and second.positions:
        where = [
            set(_checked_positions(edit, axes_of(edit.site), n_positions))
            for edit in (first, second)
        ]
        if not where[0] & where[1]:
            return
    masks = [
        np.ones(1, bool)
        if edit.heads is None and edit.head_mask is None
        else head_mask(edit, axes_of(edit.site), shape)
        for edit in (first, second)
    ]
    if any(isinstance(mask, jax.core.Tracer) for mask in masks):  # pyright: ignore[reportAttributeAccessIssue]
        raise Conflict(
            f"{first} and {second} act on the same site with masks that are only known when the "
            "program runs, so that they may fight over the same heads: join them into one edit, "
            "or give the heads as numbers"
        )
    if np.any(np.logical_and(*masks)):  # pyright: ignore[reportCallIssue, reportArgumentType]
        raise Conflict(f"{first} and {second} fight over the same entries")
