"""The sites of a model: every activation that can be read or edited, with shape and named axes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

import equinox as eqx
import msgspec
from jaxtyping import Array

from icl_repro.network.transformer import AttentionOnly, site_axes


class EditError(ValueError):
    """An edit that cannot mean what it says. Every kind has a class of its own below it."""


class UnknownSite(EditError):
    """A name that is no site of the model, or a layer that the model does not have."""


class Site(msgspec.Struct, frozen=True):
    """One activation: its name, the names of its axes, and its shape."""

    name: str
    axes: tuple[str, ...]
    shape: tuple[int, ...]


def sites(model: AttentionOnly, n_episodes: int = 1) -> dict[str, Site]:
    """The sites of `model` in the order of computation, from one abstract evaluation.

    Nothing is computed: shapes come from tracing the model on `n_episodes` abstract episodes.
    """
    table: dict[str, Site] = {}

    def note(site: str, activation: Array, positions: tuple[int, ...]) -> Array:
        table[site] = Site(site, axes_of(site), activation.shape)
        return activation

    def evaluate(model: AttentionOnly) -> Array:
        return model(model.blank(n_episodes), note, full=True)

    eqx.filter_eval_shape(evaluate, model)
    return table


def there_are(noun: str, size: int) -> str:
    """Which of something there are, counted from 0: layers 0 to 2, or only layer 0."""
    return f"{noun}s 0 to {size - 1}" if size > 1 else f"only {noun} 0"


def axes_of(name: str) -> tuple[str, ...]:
    """The named axes of a site that a model has."""
    axes = site_axes(name)
    if axes is None:
        raise AssertionError(f"the model taps {name!r}, which SITE_AXES does not describe")
    return axes


_APART = {
    ("embedding.exemplars", "embedding.labels"),
    ("attention.query", "attention.key"),
    ("attention.query", "attention.value"),
    ("attention.key", "attention.value"),
    ("attention.value", "attention.scores"),
    ("attention.value", "attention.pattern"),
}
"""Sites of one layer of which the second is computed after the first, but not from it."""


def bears_on(site: str, later: str, order: Sequence[str]) -> bool:
    """Whether the activation at `site` has a part in the one at `later` (or is the same), in a
    model whose sites are computed in this `order`.
    """
    if order.index(site) > order.index(later):
        return False
    layer, leaf = _layer_and_leaf(site)
    later_layer, later_leaf = _layer_and_leaf(later)
    return layer != later_layer or (leaf, later_leaf) not in _APART


def _layer_and_leaf(name: str) -> tuple[str, str]:
    if not name.startswith("layers."):
        return "", name
    _, layer, leaf = name.split(".", 2)
    return layer, leaf


def unknown_site(name: str, known: Iterable[str], purpose: str) -> UnknownSite:
    """The error for a `name` that is not among the `known` sites, with the nearest of them."""
    known = list(known)
    if name in known:
        raise AssertionError(f"{name!r} is known")
    prefix, _, leaf = name.partition(".")
    layer, _, rest = leaf.partition(".")
    n_layers = 1 + max((int(k.split(".")[1]) for k in known if k.startswith("layers.")), default=-1)
    if prefix == "layers" and layer.isdecimal() and int(layer) >= n_layers:
        nearest = f"layers.{n_layers - 1}.{rest}"
        also = f"; did you mean {nearest!r}?" if nearest in known else ""
        return UnknownSite(
            f"{purpose} {name!r}: layer {layer} is out of range, the model has "
            f"{there_are('layer', n_layers)}{also}"
        )
    nearest = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    hint = f"the nearest are {', '.join(map(repr, nearest))}" if nearest else "none is near"
    return UnknownSite(f"{purpose} {name!r}, which is not a site of this model: {hint}")
