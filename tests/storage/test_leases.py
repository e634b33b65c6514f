"""Leases: who stands still loses them, who lives keeps them, and everybody respects them."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from icl_repro.storage import leases
from icl_repro.storage.entries import Entries, LostLease, Name
from icl_repro.storage.leases import Leases

NAME = Name("a" * 64, "b" * 12, "c" * 64, "an entry")
LAPSE = 1.0
HOLDER = """
import sys
from pathlib import Path
from icl_repro.storage import leases
leases.BEAT_SECONDS = 0.1
leases.this_machine = lambda: sys.argv[2]
from tests.storage.test_leases import NAME, entries_in, written
entries = entries_in(Path(sys.argv[1]))
with entries.lock(NAME.key) as mine:
    print(mine, flush=True)
    sys.stdin.readline()
    print(written(entries), flush=True)
"""


def entries_in(root: Path) -> Entries:
    return Entries(root, "runs", ("numbers",), leases=True)


def written(entries: Entries) -> str:
    try:
        entries.write(NAME, b"{}", {"numbers": {"x": np.zeros(1)}}, 0.0)
    except LostLease as error:
        return str(error)
    return "written"


class Holder:
    """A process that has the lock and lease of :data:`NAME`, as if on some machine."""

    def __init__(self, root: Path, machine: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, root, machine],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.says() == "True"

    def says(self) -> str:
        return self.process.stdout.readline().strip()

    def write(self) -> str:
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.says()


@pytest.fixture
def holding(tmp_path: Path) -> Iterator:
    with ExitStack() as ended:

        def start(machine: str) -> Holder:
            holder = Holder(tmp_path, machine)
            ended.callback(holder.process.communicate)
            ended.callback(holder.process.kill)
            # As on another machine, where the locks of the system tell nothing.
            (tmp_path / "locks" / f"{NAME.key}.lock").unlink(missing_ok=True)
            return holder

        yield start


@pytest.fixture(autouse=True)
def short(monkeypatch) -> None:
    monkeypatch.setattr(leases, "BEAT_SECONDS", 0.1)


def impatient(root: Path) -> Entries:
    entries = entries_in(root)
    entries._leases = Leases(root / "locks" / "leases", lapse_seconds=LAPSE)
    return entries


def test_who_stands_still_loses_the_lease_and_writes_nothing(tmp_path, holding):
    holder, other = holding("another machine"), impatient(tmp_path)
    until = time.monotonic() + 2 * LAPSE
    while time.monotonic() < until:
        with other.lock(NAME.key) as mine:
            assert not mine, "it lives"
        time.sleep(0.05)
    holder.process.send_signal(signal.SIGSTOP)
    stopped = time.monotonic()
    while True:
        with other.lock(NAME.key) as mine:
            if mine:
                assert time.monotonic() - stopped > LAPSE / 2
                holder.process.send_signal(signal.SIGCONT)
                assert holder.write() == "an entry was taken over by another process"
                assert other.newest(NAME) is None
                assert written(other) == "written"
                break
        assert time.monotonic() - stopped < 20 * LAPSE
        time.sleep(0.05)
    assert other.read(NAME) is not None
    assert not (tmp_path / "locks" / "leases" / NAME.key).exists()


def test_what_was_left_by_a_process_that_was_killed_here_is_taken_at_once(tmp_path, holding):
    holder, other = holding(leases.this_machine()), entries_in(tmp_path)
    holder.process.kill()
    holder.process.wait()
    with other.lock(NAME.key) as mine:
        assert mine


def test_who_takes_no_leases_respects_those_of_others(tmp_path, holding):
    holder = holding("another machine")
    plain = Entries(tmp_path, "runs", ("numbers",))
    with plain.lock(NAME.key) as mine:
        assert not mine
    plain.clear_abandoned()
    assert holder.write() == "written"
    holder.process.wait()
    with plain.lock(NAME.key) as mine:
        assert mine


def test_a_lease_has_one_holder_and_is_gone_when_released(tmp_path):
    here, there = Leases(tmp_path), Leases(tmp_path)
    lease = here.acquire("one", locked_here=False)
    assert lease is not None
    assert there.acquire("one", locked_here=False) is None
    assert there.is_held("one", locked_here=False)
    assert not lease.is_lost()
    lease.release()
    assert list(tmp_path.iterdir()) == []
    again = there.acquire("one", locked_here=False)
    assert again is not None
    assert lease.is_lost()
    lease.release()
    lease.beat()
    assert not again.is_lost()
    again.release()
