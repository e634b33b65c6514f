"""Curves of claims as syrupy snapshots: one file a claim, compared within a tolerance.

The file of ``claims/test_x.py::test_y`` is ``claims/__curves__/test_x/test_y.json``; it holds the
curves of all seeds that were stored, of the claim itself and not of its controls. Those of runs on
another than the usual basis are in a folder of their own, ``__curves__/BASIS/test_x/test_y.json``;
those of claims without runs are not.
What is compared, and how, is in :mod:`icl_repro.verification.snapshots`; what to do about it is
decided here.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Container, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from syrupy.data import Snapshot, SnapshotCollection, SnapshotCollections
from syrupy.extensions.base import AbstractSyrupyExtension

from icl_repro.plugin import cases
from icl_repro.plugin.session import state_of
from icl_repro.plugin.trials import Draft
from icl_repro.storage import files
from icl_repro.verification import snapshots
from icl_repro.verification.declare import declaration_of
from icl_repro.verification.recorder import KeepCurve
from icl_repro.verification.snapshots import Curve, Tolerance

if TYPE_CHECKING:
    from syrupy.location import PyTestLocation


class CurveFiles(AbstractSyrupyExtension):
    """Where syrupy keeps curves, and how it compares them."""

    snapshot_dirname = "__curves__"
    file_extension = "json"
    write_immediately = True
    basis = ""

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        """The folder of the test module's curves."""
        folder = Path(super().dirname(test_location=test_location))
        return str(folder / cls.basis / test_location.basename)

    @classmethod
    def get_file_basename(cls, *, test_location: PyTestLocation, index: Any) -> str:
        """The test function, whatever its parameters."""
        owner = f"{test_location.classname}." if test_location.classname else ""
        return owner + str(test_location.methodname)

    @classmethod
    def matches_test_location(
        cls, *, test_location: PyTestLocation, snapshot_location: str
    ) -> bool:
        """Whether the curves of the test are kept at that location."""
        return cls.get_location(test_location=test_location, index=0) == snapshot_location

    def serialize(self, data: Curve, **_: Any) -> str:
        """The curve as the text of a file of its own."""
        return snapshots.encode({"": data}, Tolerance())

    def matches(self, *, serialized_data: Any, snapshot_data: Any) -> bool:
        """Whether the new curve agrees with the stored one."""
        return _drift(serialized_data, snapshot_data) is None

    def diff_lines(self, serialized_data: Any, snapshot_data: Any) -> Iterator[str]:
        """How the new curve drifted from the stored one."""
        drift = _drift(serialized_data, snapshot_data) if snapshot_data else None
        if drift is not None:
            yield snapshots.drift_sentence("", drift)

    def discover_snapshots(self, **_: Any) -> SnapshotCollections:
        """Nothing: a curve that a session does not look at is not unused.

        Which seeds run is an option, so syrupy's search for unused snapshots would drop those of
        other seeds. :func:`conclude` finds the curves that a test recorded once and does no more.
        """
        return SnapshotCollections()

    def read_snapshot_collection(self, *, snapshot_location: str) -> SnapshotCollection:
        """All curves of a file, by name."""
        collection = SnapshotCollection(location=snapshot_location)
        for name in stored(Path(snapshot_location))[0]:
            collection.add(Snapshot(name=name))
        return collection

    def read_snapshot_data_from_location(
        self, *, snapshot_location: str, snapshot_name: str, session_id: str
    ) -> str | None:
        """One curve with the tolerance of its file, or ``None`` if it is not stored."""
        curves, tolerance = stored(Path(snapshot_location))
        if snapshot_name not in curves:
            return None
        return snapshots.encode({"": curves[snapshot_name]}, tolerance)

    @classmethod
    def write_snapshot_collection(
        cls, *, snapshot_collection: SnapshotCollection, name_order: dict[str, int] | None = None
    ) -> None:
        """Put curves into their file, beside those that are there; the tolerance stays."""
        new = {s.name: _single(str(s.data))[0] for s in snapshot_collection}
        rewrite(Path(snapshot_collection.location), new, drop=())

    def delete_snapshots(self, *, snapshot_location: str, snapshot_names: set[str]) -> None:
        """Take curves out of their file."""
        rewrite(Path(snapshot_location), {}, drop=snapshot_names)


@functools.cache
def files_of(basis: str) -> type[CurveFiles]:
    """Where curves of runs on a basis are kept, by its label."""
    return type("CurveFiles", (CurveFiles,), {"basis": basis})


def keeper(request: pytest.FixtureRequest, draft: Draft) -> KeepCurve:
    """What ``evidence.curve_snapshot`` does in this test: compare the curve, or store it."""
    settings = state_of(request.config).settings

    def keep(name: str, x: Any, y: Any) -> None:
        new = snapshots.curve(x, y)
        # A control shows what the claim does not say: its curves are nothing to hold on to.
        if not settings.keeps_curves or draft.case.control is not None:
            return
        if draft.case.fault is not None:
            _compare(request.node, draft, name, new)
            return
        draft.attempt.curves.append(name)
        kept_in = files_of(_basis_of(request.node))
        assertion = request.getfixturevalue("snapshot").with_defaults(extension_class=kept_in)
        is_stored = snapshot_name(request.node, name) in stored(curve_file(request.node))[0]
        if not (is_stored or _expected(request.node, draft) or _updates(request.config)):
            return
        agrees = assertion(name=name) == new
        result = assertion.executions[assertion.num_executions - 1]
        if result.exception is not None:
            raise result.exception
        if agrees:
            return
        if result.recalled_data is None:
            draft.attempt.drift.append(f"curve {name!r} has no snapshot")
            return
        drift = _drift(result.asserted_data, result.recalled_data)
        assert drift is not None
        draft.attempt.drift.append(snapshots.drift_sentence(name, drift))

    return keep


def _compare(item: pytest.Function, draft: Draft, name: str, new: Curve) -> None:
    """Hold a curve under a fault against that of the claim itself, which it never replaces."""
    curves, tolerance = stored(curve_file(item))
    old = curves.get(snapshot_name(item, name).replace(item.name, cases.own_name(item), 1))
    drift = None if old is None else snapshots.compare(new, old, tolerance)
    if drift is not None:
        said = snapshots.drift_sentence(name, drift)
        draft.attempt.drift.append(said)
        draft.attempt.drifted[name] = said


def conclude(item: pytest.Item, draft: Draft) -> None:
    """Finish with the curves of a test that ran to the end.

    Stored curves that it no longer records are dropped with ``--snapshot-update``, otherwise they
    count as drift. Where there is drift, say how to accept it.
    """
    settings = state_of(item.config).settings
    of_claim = draft.case.control is None and draft.case.fault is None
    is_own = of_claim and draft.attempt.recorder is not None
    if not (settings.keeps_curves and is_own):
        return
    path = curve_file(item)
    mine = snapshot_name(item, "").removesuffix("]")
    kept = {snapshot_name(item, name) for name in draft.attempt.curves}
    gone = [name for name in stored(path)[0] if name.startswith(mine) and name not in kept]
    if gone and item.config.getoption("update_snapshots", False):
        rewrite(path, {}, drop=gone)
        gone = []
    draft.attempt.drift += [
        f"curve {name.removeprefix(mine).removesuffix(']')!r} is stored, but no longer recorded"
        for name in gone
    ]
    if draft.attempt.drift:
        where = os.path.relpath(path, item.config.rootpath)
        draft.attempt.drift.append(
            f"to accept these curves, run pytest with --snapshot-update ({where})"
        )


def curve_file(item: pytest.Item) -> Path:
    """The file of the curves of a test."""
    files = files_of(_basis_of(item))
    return Path(files.get_location(test_location=_location(item), index=0))


def snapshot_name(item: pytest.Item, curve: str) -> str:
    """The name of a curve of a test in its file."""
    return CurveFiles.get_snapshot_name(test_location=_location(item), index=curve)


def stored(path: Path) -> tuple[dict[str, Curve], Tolerance]:
    """The curves of a file and its tolerance: none and the default where there is no file.

    Raises:
        UnusableCurve: the file does not hold curves.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        content = None
    return _decoded(content, path)


def rewrite(path: Path, new: dict[str, Curve], drop: Container[str]) -> None:
    """Change a file of curves, safe while other workers and other sessions change it too.

    The file is replaced in one step, and removed once it holds no curve.
    """

    def changed(content: bytes | None) -> bytes | None:
        curves, tolerance = _decoded(content, path)
        curves = {name: curve for name, curve in curves.items() if name not in drop} | new
        return snapshots.encode(curves, tolerance).encode() if curves else None

    files.update(path, changed)


def _decoded(content: bytes | None, path: Path) -> tuple[dict[str, Curve], Tolerance]:
    return ({}, Tolerance()) if content is None else snapshots.decode(content, str(path))


def _expected(item: pytest.Item, draft: Draft) -> bool:
    """Whether a curve must have a snapshot: on another basis, once any of its curves are kept."""
    settings, seed = state_of(item.config).settings, draft.case.seed
    if _basis_of(item) and not curve_file(item).parents[1].is_dir():
        return False
    return settings.profile.snapshots_expected and (seed is None or seed in settings.profile_seeds)


def _basis_of(item: pytest.Item) -> str:
    """The label of what the runs of a test are made from; curves without runs are the same on any
    basis, and kept with those of the usual one.
    """
    declared = declaration_of(getattr(item, "function", None))
    with_runs = declared is not None and declared.on is not None
    return state_of(item.config).settings.made_of.label if with_runs else ""


def _updates(config: pytest.Config) -> bool:
    options = ("update_snapshots", "update_new_snapshots_only")
    return any(config.getoption(option, False) for option in options)


def _drift(new: str, stored_: str) -> snapshots.Drift | None:
    old, tolerance = _single(stored_)
    return snapshots.compare(_single(new)[0], old, tolerance)


def _single(text: str) -> tuple[Curve, Tolerance]:
    curves, tolerance = snapshots.decode(text)
    return curves[""], tolerance


def _location(item: pytest.Item) -> PyTestLocation:
    from syrupy.location import PyTestLocation

    return PyTestLocation(item)
