"""Interrupts the saving of a run at each of its steps, and prints what is there afterwards.

`python -m tests.support.interrupted_saves FOLDER` interrupts in three ways, for k = 0, 1, ... until
a save is over before it is interrupted:

- ``killed``: the process dies before its k-th call to the file system,
- ``failed``: that call fails as if the disk were full,
- ``cut``: the process dies in the middle of writing a file, after some more bytes each time;

each with another run of the same spec there before, or ``none``. A line of JSON is printed for each
interruption, and for the save at the end that was not interrupted.
"""

import errno
import itertools
import json
import os
import resource
import signal
import sys
import traceback
import warnings
from pathlib import Path

from icl_repro.training import MissingRun, RunStore, UnusableStore
from tests.support.tiny import TINY, assert_same_run, made_up_run

STEPS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.listdir", "os.scandir")
STRIDE = 250
SAVED, RAISED, NOT_INTERRUPTED, BROKE = range(10, 14)
OLD, NEW, LATER = (made_up_run(mark=mark) for mark in (1.0, 2.0, 3.0))


class Interruption:
    """Counts calls to the file system, and interrupts the one that it is armed for."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.fail = False
        sys.addaudithook(self)

    def __call__(self, event: str, arguments: tuple) -> None:
        if self.left is None or event not in STEPS:
            return
        self.left -= 1
        if self.left < 0:
            self.left = None
            if not self.fail:
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(errno.ENOSPC, "No space left on device")


INTERRUPTION = Interruption()


def save(store: RunStore, kind: str, k: int) -> int:
    """Save the new run, interrupted at its k-th step; the exit status of a process."""
    if kind == "cut":
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (k * STRIDE, resource.RLIM_INFINITY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    else:
        INTERRUPTION.fail = kind == "failed"
        INTERRUPTION.left = k
    try:
        with store.lock(TINY) as mine:
            assert mine
            store.save(NEW)
    except UnusableStore:
        return RAISED
    # A failure in clean-up does not matter.
    return SAVED if kind == "failed" and INTERRUPTION.left is None else NOT_INTERRUPTED


def found(store: RunStore) -> str:
    try:
        run = store.load(TINY)
    except MissingRun:
        return "none"
    assert_same_run(run, OLD if run.seconds == OLD.seconds else NEW)
    return "old" if run.seconds == OLD.seconds else "new"


def interrupt(folder: Path, kind: str, before: str, k: int) -> bool:
    """Report on one interruption; whether there was one."""
    store = RunStore(folder)
    if before == "old":
        store.save(OLD)
    child = os.fork()
    if child == 0:
        try:
            os._exit(save(store, kind, k))
        except BaseException:
            traceback.print_exc()
            os._exit(BROKE)
    _, status = os.waitpid(child, 0)
    seen = found(store)
    store.clear_abandoned()
    after_clearing = found(store)
    with store.lock(TINY) as mine:
        store.save(LATER)
    assert_same_run(store.load(TINY), LATER)
    report = {
        "kind": kind,
        "before": before,
        "k": k,
        "interrupted": status != NOT_INTERRUPTED << 8,
        "died": os.WIFSIGNALED(status),
        "raised": status == RAISED << 8,
        "broke": status == BROKE << 8,
        "found": seen,
        "found_after_clearing": after_clearing,
        "lock_was_free": mine,
        "incoming": [path.name for path in (folder / "incoming").iterdir()],
        "entries": len([*(folder / "runs").glob("*/*/*")]),
        "damaged": (folder / "damaged").exists(),
    }
    print(json.dumps(report))
    return report["interrupted"]


if __name__ == "__main__":
    # JAX warns about forks because of threads that it starts when it first computes; it does not.
    warnings.filterwarnings("error")
    warnings.filterwarnings("ignore", message=".*fork")
    os.fsync = lambda descriptor: None  # slow, and no process that dies can tell
    for kind, before in itertools.product(("killed", "failed", "cut"), ("none", "old")):
        k = 0
        while interrupt(Path(sys.argv[1]) / f"{kind}-{before}-{k}", kind, before, k):
            k += 1
