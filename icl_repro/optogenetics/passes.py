"""Passes: evaluating a model under edits, whose values may come from other passes.

A pass runs the one transformer with a tap that replaces what its edits name and records every
activation. A base pass (clean, under other edits, or of another model) is run when an edit first
reads from it, once however many edits read it; gradients flow through it. What nobody reads is
never compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import equinox as eqx
import jax
from jaxtyping import Array, Float

from icl_repro.network.transformer import AttentionOnly, Inputs
from icl_repro.optogenetics.edits import (
    Context,
    Edit,
    NeverFires,
    Pass,
    apply,
    check_conflict,
    require_edits,
)
from icl_repro.optogenetics.sites import EditError, bears_on, sites, unknown_site


class Trace(eqx.Module):
    """Logits of what is predicted, and every activation by the name of its site."""

    logits: Float[Array, "labels *positions episodes"]
    activations: dict[str, Float[Array, "..."]]

    def __getitem__(self, site: str) -> Float[Array, "..."]:
        """The activation of `site`.

        Raises:
            UnknownSite: with the nearest names.
        """
        if site not in self.activations:
            raise unknown_site(site, self.activations, "asked for")
        return self.activations[site]


class Intervention(eqx.Module):
    """Edits that are applied together, validated whenever a program is traced with them.

    Raises (when made): :class:`WrongKind` for anything but edits.

    Raises (on evaluation): the subclasses of :class:`EditError`, each with the nearest valid
    choice: a site, layer, head or position that does not exist, a shape that does not fit, two
    edits that fight over the same entries, an edit that never fires.
    """

    edits: tuple[Edit, ...]

    def __init__(self, edits: Iterable[Edit] = ()) -> None:
        given = tuple(edits) if isinstance(edits, Iterable) else edits
        require_edits(given, "Intervention")
        self.edits = given

    @property
    def meets_itself(self) -> bool:
        """Whether two edits act on one site in a pass, and could fight over the same entries."""
        return _meet(self.edits)

    def predict(self, model: AttentionOnly, episodes: Inputs) -> Trace:
        """Logits at the query, and the activations that they depend on: the last layer's queries,
        patterns and what follows from them are there for the query position only.
        """
        return _Evaluation(self.edits, model, episodes, full=False).run()

    def trace(self, model: AttentionOnly, episodes: Inputs) -> Trace:
        """Logits at the query, and every activation at every position."""
        return _Evaluation(self.edits, model, episodes, full=True).run()


def trace(model: AttentionOnly, episodes: Inputs, edits: Iterable[Edit] = ()) -> Trace:
    """Evaluate `model` under `edits` and keep every activation."""
    return Intervention(edits).trace(model, episodes)


def _meet(edits: tuple[Edit, ...]) -> bool:
    sites = [edit.site for edit in edits]
    bases = [edit.base.edits for edit in edits if edit.base is not None]
    return len(set(sites)) < len(sites) or any(map(_meet, bases))


class _Evaluation:
    """One pass under way: a tap that edits, records, and runs the base passes it needs."""

    def __init__(
        self, edits: tuple[Edit, ...], model: AttentionOnly, episodes: Inputs, full: bool
    ) -> None:
        self.model, self.episodes, self.full = model, episodes, full
        self.edits = edits
        self.activations: dict[str, Array] = {}
        self.read: set[str] = set()
        self.fired: set[int] = set()
        self._bases: dict[object, _Evaluation] = {}

    def run(self) -> Trace:
        logits = self.model(self.episodes, self._tap, full=self.full)
        for index, edit in enumerate(self.edits):
            if index not in self.fired:
                raise unknown_site(edit.site, self.activations, "an edit acts on")
        for base in self._bases.values():
            base.check_edits_reach_what_is_read()
        return Trace(logits, self.activations)

    def check_edits_reach_what_is_read(self) -> None:
        order = list(self.activations)
        for edit in self.edits:
            if not any(bears_on(edit.site, site, order) for site in self.read):
                raise NeverFires(
                    f"{edit} in a base pass bears on nothing that is read from that pass "
                    f"({', '.join(sorted(self.read))}), so that it would change nothing"
                )

    def _tap(self, site: str, activation: Array, positions: tuple[int, ...]) -> Array:
        here = [index for index, edit in enumerate(self.edits) if edit.site == site]
        for later, second in enumerate(here):
            for first in here[:later]:
                check_conflict(
                    self.edits[first],
                    self.edits[second],
                    activation.shape,
                    self.episodes.n_positions,
                )
        for index in here:
            edit = self.edits[index]
            reads: set[str] = set()
            context = Context(self.episodes, activation, positions, self._reader(edit, reads))
            activation = apply(edit, context)
            if edit.base is not None and not reads:
                raise NeverFires(f"{edit} has a base pass, but its value reads nothing from it")
            self.fired.add(index)
        self.activations[site] = activation
        return activation

    def _reader(self, edit: Edit, reads: set[str]) -> Callable[[str], Array]:
        source = self if edit.base is None else self._base(edit.base)

        def read(site: str) -> Array:
            if site not in source.activations:
                if source is self and site in sites(self.model):
                    raise EditError(
                        f"{edit} reads {site!r} of its own pass, where it has not been computed "
                        f"yet: so far there are {', '.join(self.activations)}"
                    )
                raise unknown_site(site, sites(source.model), f"{edit} reads")
            reads.add(site)
            source.read.add(site)
            return source.activations[site]

        return read

    def _base(self, base: Pass) -> _Evaluation:
        leaves, structure = jax.tree.flatten(base)
        same_pass = (structure, *map(id, leaves))
        if same_pass not in self._bases:
            model = self.model if base.model is None else base.model
            evaluation = _Evaluation(base.edits, model, self.episodes, self.full)
            evaluation.run()
            self._bases[same_pass] = evaluation
        return self._bases[same_pass]
