"""How fast the network of the paper trains at one commit beside another, in one run.

    python -m benchmarks.commits 1cfc4cb              # beside the current commit
    python -m benchmarks.commits 1cfc4cb v0.2 --rounds 9

Each commit is checked out into a folder of its own and trains in a process of its own, one after
the other in every round, on one core. Prints processor seconds of a run with its evaluations,
compiled before, and the median over rounds of the ratio of both.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
CHILD = """
import sys, time
from icl_repro.training import RunSpec
from icl_repro.training.engine import train
spec = RunSpec(sequences=int(sys.argv[1]))
train([spec])
for _ in sys.stdin:
    started = time.process_time()
    train([spec])
    print(time.process_time() - started, flush=True)
"""


class Trainer:
    """A process that trains the network of a checkout, as often as it is asked to."""

    def __init__(self, checkout: Path, sequences: int) -> None:
        alone = {"OMP_NUM_THREADS": "1", "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(sequences)],
            cwd=checkout,
            env=os.environ | alone | {"PYTHONPATH": str(checkout), "JAX_PLATFORMS": "cpu"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def seconds(self) -> float:
        """Processor seconds of one run.

        Raises:
            RuntimeError: it cannot train at that commit.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("a process ended before it had trained; above it says why")
        return float(answer)

    def end(self) -> None:
        """Let it go, and wait for it."""
        self.process.communicate()


def compared(commits: Sequence[str], sequences: int, rounds: int) -> list[list[float]]:
    """Processor seconds of each commit in each round, commits first.

    Raises:
        subprocess.CalledProcessError: there is no such commit.
        RuntimeError: one cannot train.
    """
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as ends:
        trainers: list[Trainer] = []
        for number, commit in enumerate(commits):
            checkout = Path(folder) / str(number)
            _git("worktree", "add", "--quiet", "--detach", str(checkout), commit)
            ends.callback(_git, "worktree", "remove", "--force", str(checkout))
            trainers.append(Trainer(checkout, sequences))
            ends.callback(trainers[-1].end)
        found = [[one.seconds() for one in trainers] for _ in range(rounds)]
    return [list(of_one) for of_one in zip(*found, strict=True)]


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=ROOT, check=True)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("before", help="a commit")
    parser.add_argument("now", nargs="?", default="HEAD", help="another one; HEAD, if not said")
    parser.add_argument("--sequences", type=int, default=65_536, help="of a run")
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    try:
        before, now = compared([given.before, given.now], given.sequences, given.rounds)
    except (subprocess.CalledProcessError, RuntimeError) as error:
        parser.error(str(error))
    for name, seconds in ((given.before, before), (given.now, now)):
        print(f"{name}: {statistics.median(seconds):.2f} s of a processor")
    ratio = statistics.median(one / other for one, other in zip(now, before, strict=True))
    print(f"{given.now} takes {ratio:.3f} of the time of {given.before}")


if __name__ == "__main__":
    main()
