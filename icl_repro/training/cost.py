"""What a run costs, told before it is trained: its size, what it is like, and how long others took.

Two runs are the same but for their seeds, or alike: of the same network, kinds of clamps, stopping
rule and schedule, which decide how long a sequence takes and how early a run may end.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from icl_repro.storage.entry import MANIFEST, SPEC
from icl_repro.training import provenance
from icl_repro.training.executors import UNIT
from icl_repro.training.language_spec import LanguageSpec
from icl_repro.training.spec import RunSpec
from icl_repro.training.tasks import AnySpec, train

_SEEDS = ("init_seed", "data_seed", "eval_seed", "neighbour")
_ALIKE = ("model", "optimiser", "schedule", "stop", "streams")


class Work(msgspec.Struct, frozen=True):
    """What a run comes to.

    Attributes:
        units: how many sequences it is trained on, at most; `unit` says what they are.
        about: what is trained, in words, without the seed of its initial weights.
        same: what it has in common with runs that differ by their seeds alone.
        alike: what it has in common with runs that cost as much a sequence.
        after: the key of the run that it takes weights from, if any.
    """

    units: int
    about: str
    same: str
    alike: str
    after: str = ""
    unit: str = UNIT


class Timed(msgspec.Struct, frozen=True):
    """How long a stored run took: `seconds`, of at most `units` sequences; else as `Work`."""

    units: int
    seconds: float
    same: str
    alike: str


class _Manifest(msgspec.Struct):
    """What counts here of the manifest of an entry."""

    seconds: float
    diverged: str | None = None


def work_of(spec: AnySpec) -> Work:
    """What a run comes to."""
    content = msgspec.to_builtins(spec)
    about = spec.describe().removeprefix(f"seed {spec.init_seed}, ")
    after = "" if spec.transplant is None else spec.transplant.source.key
    return Work(spec.sequences, about, *_digests(content), after)


def times_in(root: Path) -> list[Timed]:
    """How long each run of a store took; of those that the present code made, if it made any.

    What cannot be read, or has no results, is left out. On which machine they were trained, and
    what else that had to do, nobody has written down.
    """
    entries = [folder for folder in (root / "runs").glob("*/*/*") if folder.is_dir()]
    made = provenance.source_and_libraries()[:12]
    current = [folder for folder in entries if folder.name.partition(".")[0] == made]
    return list(_timed(current or entries))


def units_per_second(spec: AnySpec, cache: Path, seconds: float) -> float:
    """How many sequences a second training takes on this machine now, once it is compiled.

    Args:
        spec: what to train, with its evaluations; not to its end.
        cache: folder for encoded exemplars.
        seconds: for how long, about; compiling comes on top.
    """
    alone = spec.with_(transplant=None) if isinstance(spec, RunSpec) else spec
    return group_units_per_second([alone], cache, seconds)


def group_units_per_second(specs: Sequence[AnySpec], cache: Path, seconds: float) -> float:
    """The same for several runs that train as a group, all their sequences together; none may take
    weights from another.
    """
    seen: list[tuple[int, float]] = []
    first_of = specs[0]

    def on_step(step: int) -> None:
        sequences = step * first_of.optimiser.batch
        if sequences >= min(first_of.schedule.every, first_of.sequences // 2):
            # Before, it evaluates more often than a whole run does.
            seen.append((sequences, time.perf_counter()))
        if len(seen) > 1 and seen[-1][1] - seen[0][1] > seconds:
            raise _Enough

    with contextlib.suppress(_Enough):
        train([spec.with_(stop=None) for spec in specs], cache, on_step)
    (first, began), (last, ended) = seen[0], seen[-1]
    return len(specs) * (last - first) / (ended - began)


class _Enough(Exception):
    """A timing has lasted long enough."""


def _timed(folders: list[Path]) -> Iterator[Timed]:
    for folder in folders:
        try:
            manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=_Manifest)
            spec = msgspec.json.decode((folder / SPEC).read_bytes())
            if manifest.diverged is None:
                same, alike = _digests(_filled(_usual(spec), spec))
                yield Timed(int(spec["sequences"]), manifest.seconds, same, alike)
        except (OSError, msgspec.MsgspecError, KeyError, TypeError, ValueError):
            continue  # the store itself tells of what is damaged, where it is needed


def _usual(content: dict[str, Any]) -> dict[str, Any]:
    """What a spec of the same kind says that leaves everything out: earlier ones had fewer
    fields.
    """
    return _left_out(LanguageSpec if "text" in content else RunSpec)


def _filled(usual: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """What a spec says, with what it leaves out, in its parts too."""
    filled = usual | content
    for name, part in filled.items():
        of_usual = usual.get(name)
        if isinstance(part, dict) and isinstance(of_usual, dict):
            filled[name] = {**of_usual, **part}
    return filled


@functools.cache
def _left_out(kind: type[AnySpec]) -> dict[str, Any]:
    return msgspec.to_builtins(kind())


def _digests(content: dict[str, Any]) -> tuple[str, str]:
    """What runs have in common that differ by seeds alone, and those that cost as much."""
    alike = {name: content[name] for name in _ALIKE if name in content}
    alike["clamps"] = sorted(clamp["clamp"] for clamp in content["clamps"])
    alike["transplant"] = content.get("transplant") is not None
    if "text" in content:
        alike["text"] = content["text"]
    return _digest(_without_seeds(content)), _digest(alike)


def _without_seeds(content: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in content.items() if name not in _SEEDS}
    if kept.get("transplant") is not None:
        source = kept["transplant"]["source"]
        source = _without_seeds(_filled(_usual(source), source))
        kept["transplant"] = kept["transplant"] | {"source": source}
    return kept


def _digest(content: object) -> str:
    return hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()[:16]
