"""The cases of a claim as parameters of its test: itself and its controls, rows, seeds.

``test_table[both_preserved-patterns-seed5]`` is the control "both_preserved", on the row "patterns"
of the test's own table, with seed 5. The claim's own case has no name of its own in the ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from icl_repro.plugin import planting
from icl_repro.plugin.session import CaseKey, state_of
from icl_repro.verification.declare import (
    Claim,
    Control,
    Declaration,
    Networks,
    declaration_of,
)
from icl_repro.verification.faults import Fault

MARKERS = (
    "claim: a claim of the paper itself, as icl_repro.claim declared it (added by the plugin).",
    "control: a case in which a claim must fail, as icl_repro.control declared it (added by the"
    " plugin).",
    "fault: a claim judged under a planted fault, as --icl-faults has it (added by the plugin).",
)
_CASE = "icl_case"


@dataclass(frozen=True)
class Case:
    """One test of a claim or of one of its controls, or of a claim under a planted fault.

    Attributes:
        control: the control that it is a case of; none for the claim itself.
        fault: the fault that it is judged under, if any.
        row: which row of the test's own parameters it is, as in the test's id.
        seed: the seed that it runs with; none without seeds, or over all of them.
        seeds: the seeds whose runs it reads: its own, or all if it is judged over all at once.
        over_seeds: whether it is judged over all seeds at once.
    """

    declaration: Declaration
    control: Control | None
    row: str
    seed: int | None
    seeds: tuple[int | None, ...]
    over_seeds: bool
    fault: Fault | None = None

    @property
    def claim(self) -> Claim:
        """The claim that it belongs to."""
        return self.declaration.claim

    @property
    def control_id(self) -> str:
        """The id of its control, empty for the claim itself."""
        return self.control.id if self.control else ""

    @property
    def key(self) -> CaseKey:
        """What tells it from the other cases of its claim: control, row and seed."""
        return self.control_id, self.row, self.seed

    @property
    def all_seeds(self) -> list[int]:
        """The seeds that it is judged over at once, empty where it is not."""
        return [seed for seed in self.seeds if seed is not None] if self.over_seeds else []

    @property
    def name(self) -> str:
        """What it is called in messages."""
        if self.fault is not None:
            return f"{self.claim.id}, fault {self.fault.id}"
        return f"{self.claim.id}, control {self.control_id}" if self.control else self.claim.id

    @property
    def networks(self) -> Networks | None:
        """The networks that it is judged on."""
        other = self.control.on if self.control else None
        found = other or self.declaration.on
        return found and found.of_row(self.row)


def parametrize_cases(metafunc: pytest.Metafunc) -> None:
    """Run a claim's test as itself, then once for each control, or where faults are planted once
    under each of them; before all other parameters.
    """
    declaration = declaration_of(metafunc.function)
    if declaration is None or declaration.problems:
        return
    metafunc.fixturenames.append(_CASE)
    own = pytest.param(None, id=pytest.HIDDEN_PARAM, marks=pytest.mark.claim)
    if state_of(metafunc.config).settings.faults:
        others = [
            pytest.param(fault, id=fault.id, marks=pytest.mark.fault)
            for fault in planting.on_claim(metafunc.config, declaration)
        ]
    else:
        others = [
            pytest.param(control, id=control.id, marks=pytest.mark.control)
            for control in declaration.controls
        ]
    metafunc.parametrize(_CASE, [own, *others])


def parametrize_seeds(metafunc: pytest.Metafunc) -> None:
    """Run a claim's test on each seed in turn, or once if it takes all; after all other parameters.

    A test takes seeds by ``run``, ``runs``, ``seed`` or ``seeds``.
    """
    if declaration_of(metafunc.function) is None or "seed" not in metafunc.fixturenames:
        return
    seeds = state_of(metafunc.config).settings.seeds
    if "seeds" in metafunc.fixturenames:
        metafunc.parametrize("seed", [None], ids=[_all(seeds)])
    else:
        metafunc.parametrize("seed", seeds, ids=[_one(seed) for seed in seeds])


def case_of(item: pytest.Function) -> Case:
    """The case of a test whose function declares a claim."""
    declaration = declaration_of(item.function)
    assert declaration is not None
    callspec = getattr(item, "callspec", None)
    params: dict[str, Any] = callspec.params if callspec else {}
    of_case, seed = params.get(_CASE), params.get("seed")
    seeds = state_of(item.config).settings.seeds
    over_seeds = "seeds" in item.fixturenames
    return Case(
        declaration=declaration,
        control=of_case if isinstance(of_case, Control) else None,
        row=_row(callspec.id if callspec else "", of_case, seed, seeds, over_seeds),
        seed=seed,
        seeds=seeds if over_seeds else (seed,),
        over_seeds=over_seeds,
        fault=of_case if isinstance(of_case, Fault) else None,
    )


def own_name(item: pytest.Function) -> str:
    """What the test of the claim itself is called that a test under a fault stands beside."""
    case = case_of(item)
    if case.fault is None:
        return item.name
    return item.name.replace(f"[{case.fault.id}-", "[", 1).removesuffix(f"[{case.fault.id}]")


def _row(
    id_: str,
    of_case: Control | Fault | None,
    seed: int | None,
    seeds: tuple[int, ...],
    over_seeds: bool,
) -> str:
    """What the test's own parameters add to an id, between the control or fault and the seed."""
    row = f"-{id_}-"
    if of_case is not None:
        row = row.removeprefix(f"-{of_case.id}")
    if over_seeds:
        row = row.removesuffix(f"{_all(seeds)}-")
    elif seed is not None:
        row = row.removesuffix(f"{_one(seed)}-")
    return row[1:-1]


def _one(seed: int) -> str:
    return f"seed{seed}"


def _all(seeds: tuple[int, ...]) -> str:
    return "seeds" + "-".join(map(str, seeds))
