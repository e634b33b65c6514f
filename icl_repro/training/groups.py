"""How many runs train as one group: measured once for each device and kind of run, and kept.

A group on a processor does not fit its cache, so that runs train one by one there. An accelerator
is full only with many: groups grow until more runs make it no faster, or its memory is full.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import jax
import msgspec

from icl_repro.storage.files import update
from icl_repro.training import cost
from icl_repro.training.spec import RunSpec
from icl_repro.training.tasks import AnySpec

FILE = "groups.json"
FREE = 16
"""Runs that train about as fast as one, on any card that was measured: nothing is asked there."""
LARGEST = 4096
"""Runs; more were no faster on any card that was measured."""
ENOUGH = 0.9
"""The smallest group counts that is this near to the fastest."""
MEASURED_SECONDS = 2.0

Rate = Callable[[Sequence[RunSpec]], float]
"""Gives the sequences a second that runs train at as a group.

Raises jax.errors.JaxRuntimeError where they do not fit.
"""


class _Kept(msgspec.Struct, frozen=True):
    """What was measured: sequences a second by the size of the group, as text."""

    rates: dict[str, float]


def size_of(waiting: Sequence[AnySpec], store: Path, rate: Rate | None = None) -> int:
    """How many of these runs, which need the same program, train best as a group here.

    Args:
        waiting: at least one run.
        store: the folder of the store, where measurements are kept.
        rate: measures; by default, trains for some seconds.
    """
    device = jax.devices()[0]
    first_of = waiting[0]
    # Runs on text are trained one after the other.
    if device.platform == "cpu" or not isinstance(first_of, RunSpec):
        return 1
    if len(waiting) <= FREE:
        return len(waiting)
    # What is clamped, or taken from another run, is a program of its own, and as fast in the end:
    # to measure each would take longer than to train them.
    plain = first_of.with_(clamps=(), transplant=None)
    known = _measured(store, device.device_kind, plain)
    sizes = _sizes(len(waiting))
    measure = rate or _rate(store)
    for size in sizes:
        if str(size) not in known:
            if _is_enough(known, size):
                break
            copies = [plain.with_(init_seed=seed) for seed in range(size)]
            try:
                known[str(size)] = measure(copies)
            except jax.errors.JaxRuntimeError:
                known[str(size)] = 0.0  # it does not fit
    _keep(store, device.device_kind, plain, known)
    usable = {size: known[str(size)] for size in sizes if known.get(str(size), 0.0) > 0}
    if not usable:
        return 1
    fastest = max(usable.values())
    return min(size for size, speed in usable.items() if speed >= ENOUGH * fastest)


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether an error says that something did not fit the memory of a device."""
    return isinstance(error, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" in str(error)


def _sizes(most: int) -> list[int]:
    """16, 64, 256, ... up to as many as wait, at least."""
    sizes = [FREE]
    while sizes[-1] < min(most, LARGEST):
        sizes.append(sizes[-1] * 4)
    return sizes


def _is_enough(known: dict[str, float], size: int) -> bool:
    """Whether a group a quarter of this size was no faster than the one before it."""
    last, before = known.get(str(size // 4), 0.0), known.get(str(size // 16))
    return before is not None and last * ENOUGH <= before


def _rate(store: Path) -> Rate:
    def measure(specs: Sequence[RunSpec]) -> float:
        return cost.group_units_per_second(specs, store / "exemplars", MEASURED_SECONDS)

    return measure


def _measured(store: Path, device: str, spec: RunSpec) -> dict[str, float]:
    try:
        kept = _decoded((store / FILE).read_bytes())
    except OSError:
        return {}
    found = kept.get(device, {}).get(_kind(spec))
    return dict(found.rates) if found else {}


def _keep(store: Path, device: str, spec: RunSpec, rates: dict[str, float]) -> None:
    def change(there: bytes | None) -> bytes:
        kept = _decoded(there or b"{}")
        kept.setdefault(device, {})[_kind(spec)] = _Kept(rates)
        return msgspec.json.format(msgspec.json.encode(kept)) + b"\n"

    store.mkdir(parents=True, exist_ok=True)
    update(store / FILE, change)


def _decoded(content: bytes) -> dict[str, dict[str, _Kept]]:
    try:
        return msgspec.json.decode(content, type=dict[str, dict[str, _Kept]])
    except msgspec.MsgspecError:
        return {}  # measured anew


def _kind(spec: RunSpec) -> str:
    """What runs have in common that need the same program, as far as speed and memory go."""
    content = [cost.work_of(spec).alike, spec.episodes, spec.exemplars.width]
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:16]
