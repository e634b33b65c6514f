"""Times whole sessions of `pytest claims/ -n auto`: cold, from an empty store, and warm, again.

    python benchmarks/sessions.py                      # the standard profile
    python benchmarks/sessions.py --profile paper --warm 1 --keep FOLDER

Prints a table: time by the clock from the command to its end, networks and sequences trained, and
the most memory that any one process had. Nothing else should run on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import psutil

from icl_repro.verification.record import VerificationRecord, read_record

ROOT = Path(__file__).parents[1]
SAMPLED_EVERY = 0.5
"""Seconds between two looks at the memory."""


class Timed(NamedTuple):
    """One session: seconds, bytes of its largest process, how it ended, and what it recorded."""

    seconds: float
    largest: int
    exit_status: int
    record: VerificationRecord


def session(profile: str, store: Path, report: Path) -> Timed:
    """Run the claims in a process of their own."""
    command = [sys.executable, "-m", "pytest", "claims/", "-n", "auto", "-q"]
    command += [f"--icl-profile={profile}", f"--icl-store={store}", f"--icl-report={report}"]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    largest = 0
    while process.poll() is None:
        largest = max(largest, largest_process(process.pid))
        time.sleep(SAMPLED_EVERY)
    seconds = time.perf_counter() - started
    return Timed(seconds, largest, process.returncode, read_record(report / "verification.json"))


def largest_process(root: int) -> int:
    """Resident memory of the largest of a process and those that it started, in bytes."""
    # One of them, or all, may just have ended.
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(root)
        processes = (parent, *parent.children(recursive=True))
        return max(process.memory_info().rss for process in processes)
    return 0


def row(kind: str, profile: str, timed: Timed) -> str:
    """A session as a line of the table."""
    training = timed.record.training
    return (
        f"| {profile}, {kind} | {timed.seconds:,.1f} | {training.runs_trained} | "
        f"{training.units_trained / 1e6:,.1f} | {timed.largest / 2**30:.2f} | "
        f"{timed.exit_status} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--profile", default="standard", choices=("smoke", "standard", "paper"))
    parser.add_argument("--warm", type=int, default=3, help="how many sessions after the first")
    parser.add_argument("--keep", type=Path, help="new folder for the store and the reports")
    options = parser.parse_args()
    if options.keep is not None and options.keep.exists():
        parser.error(f"{options.keep} is there already: a cold session needs an empty store")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        kinds = ["cold", *["warm"] * options.warm]
        for number, kind in enumerate(kinds):
            report = folder / f"report {number}"
            timed = session(options.profile, (folder / "store").resolve(), report.resolve())
            if number == 0:
                machine = timed.record.environment
                print(
                    f"{machine.processor}, {machine.cores} cores, {machine.memory_gib} GiB, "
                    f"{machine.workers} workers; {machine.platform}; commit {machine.commit}\n"
                )
                print("| session | seconds | networks | million sequences | GiB | exit |")
                print("|---|---:|---:|---:|---:|---:|")
            print(row(kind, options.profile, timed), flush=True)


if __name__ == "__main__":
    main()
