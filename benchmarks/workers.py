"""How long a cold session takes with 1 to 256 workers: a simulation from measured times of runs.

    python -m benchmarks.workers reports/paper.json.gz STORE --workers 1 2 4 8

A record says which runs a session needs and which test needs which; the store, how many sequences
each was trained on, how long those of a kind take one, and which compiled program each needs.
`--speed` scales these times, so that the plain network trains so many sequences a second. A worker
takes a run, first compiles its program
(`--compile` seconds) or loads it where another has compiled it (`--load`), and trains. Two orders
are simulated: that of local processes, each of which goes for the runs of its next test before
others (:class:`icl_repro.training.local_executor.LocalWork`), and that of a dask cluster
(:attr:`icl_repro.training.plan.Plan.spread`). Judging is not counted.
"""

from __future__ import annotations

import argparse
import heapq
import statistics
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from icl_repro.storage.entry import MANIFEST, SPEC
from icl_repro.training.cost import work_of
from icl_repro.training.engine import PROGRAMS_IN_MEMORY
from icl_repro.training.plan import Plan
from icl_repro.training.spec import RunSpec
from icl_repro.training.tasks import AnySpec, read_spec
from icl_repro.verification.record import read_record


class Run(NamedTuple):
    """A run: which, of which program, how long it trains once that is there, and what it is after.

    `turn` is its turn on a cluster.
    """

    key: str
    program: int
    seconds: float
    turn: int
    after: str


class Manifest(msgspec.Struct):
    """What counts here of the manifest of a stored run."""

    key: str
    seconds: float
    diverged: str | None = None


class Simulated(NamedTuple):
    """When the last run ends, when half of the tests have theirs, the share of their time that
    workers train, and how often a program was compiled or loaded.
    """

    seconds: float
    half_judged: float
    busy: float
    compiled: int
    loaded: int


class Worker:
    """One worker: when it is free, and the programs that it has in memory."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.programs: OrderedDict[int, None] = OrderedDict()
        self.test: frozenset[str] = frozenset()


def runs_of(record: Path, store: Path, speed: float) -> tuple[list[Run], list[frozenset[str]]]:
    """The runs of a record, as the plan has them, and what each test needs, in order."""
    read = read_record(record)
    specs: dict[str, AnySpec] = {}
    seconds: dict[str, float] = {}
    sequences: dict[str, int] = {}
    for folder in (store / "runs").glob("*/*/*"):
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
        if manifest.key in read.runs and manifest.diverged is None:
            spec = read_spec((folder / SPEC).read_bytes())
            with np.load(folder / "curves.npz", allow_pickle=False) as curves:
                sequences[manifest.key] = int(curves["sequences"][-1])
            specs[manifest.key], seconds[manifest.key] = spec, manifest.seconds
    if missing := len(read.runs.keys() - specs.keys()):
        print(f"{missing} of {len(read.runs)} runs are not in the store and are left out")
    key_of = {spec: key for key, spec in specs.items()}
    # The fastest of a kind: others compiled, too, or the machine had something else to do.
    rates: dict[str, list[float]] = {}
    for key, spec in specs.items():
        rates.setdefault(work_of(spec).alike, []).append(seconds[key] / sequences[key])
    rate = {kind: min(some) for kind, some in rates.items()}
    plain = [key for key, spec in specs.items() if not spec.clamps and spec.transplant is None]
    usual = statistics.median(seconds[key] / sequences[key] for key in plain)
    scale = 1 / speed / usual if speed else 1.0
    found: list[Run] = []
    plan = Plan.of(specs.values())
    turns = {spec: turn for turn, spec in enumerate(plan.spread)}
    for number, group in enumerate(plan.groups):
        for spec in group:
            if (key := key_of.get(spec)) is not None:
                source = spec.transplant if isinstance(spec, RunSpec) else None
                after = "" if source is None else key_of.get(source.source, "")
                taken = scale * rate[work_of(spec).alike] * sequences[key]
                found.append(Run(key, number, taken, turns[spec], after))
    trials = [
        trial
        for claim in read.claims
        for trial in (*claim.trials, *(t for control in claim.controls for t in control.trials))
    ]
    return found, [frozenset(trial.runs) & specs.keys() for trial in trials if trial.runs]


def simulate(
    runs: Iterable[Run],
    tests: Sequence[frozenset[str]],
    workers: int,
    *,
    own_test_first: bool,
    compile_s: float,
    load_s: float,
) -> Simulated:
    """Have so many workers take runs until none is left.

    Args:
        runs: in the order in which they are taken.
        tests: the runs of each test, in order.
        workers: how many.
        own_test_first: whether a worker takes the runs of the next test that nobody has taken up,
            before others.
        compile_s: seconds to compile a program.
        load_s: to load it where it was compiled before.
    """
    waiting = {run.key: run for run in runs}
    left = list(tests)
    done: dict[str, float] = {}
    compiled: dict[int, float] = {}
    crew = [Worker(number) for number in range(workers)]
    free = [(0.0, worker.number) for worker in crew]
    trained = 0.0
    n_loaded = 0
    while waiting:
        now, number = heapq.heappop(free)
        worker = crew[number]

        def ready(run: Run, now: float = now) -> bool:
            return not run.after or done.get(run.after, now + 1) <= now

        if own_test_first:
            while all(done.get(key, now + 1) <= now for key in worker.test) and left:
                worker.test = left.pop(0)
        choice = [run for run in waiting.values() if ready(run)]
        if own_test_first:
            # What another is just compiling comes last, and the own test first.
            choice.sort(
                key=lambda run: (
                    run.program not in worker.programs and compiled.get(run.program, now) > now,
                    run.key not in worker.test,
                )
            )
        if not choice:
            later = [end for end in done.values() if end > now]
            heapq.heappush(free, (min(later), number))
            continue
        run = waiting.pop(choice[0].key)
        before = 0.0
        if run.program not in worker.programs:
            if run.program not in compiled:
                compiled[run.program] = now + compile_s
                before = compile_s
            else:
                # Two may be at it at once.
                before = load_s if compiled[run.program] <= now else compile_s
                n_loaded += 1
        worker.programs[run.program] = None
        worker.programs.move_to_end(run.program)
        # A run needs about three programs: one that trains, one for each set that it measures.
        while len(worker.programs) > PROGRAMS_IN_MEMORY // 3:
            worker.programs.popitem(last=False)
        trained += run.seconds
        done[run.key] = now + before + run.seconds
        heapq.heappush(free, (done[run.key], number))
    end = max(done.values())
    judged = [max((done[key] for key in test), default=0.0) for test in tests]
    return Simulated(
        end, statistics.median(judged), trained / (workers * end), len(compiled), n_loaded
    )


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("record", type=Path)
    parser.add_argument("store", type=Path)
    parser.add_argument(
        "--workers", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32, 64, 128, 256]
    )
    parser.add_argument("--speed", type=float, default=0.0)
    parser.add_argument("--compile", type=float, default=5.0)
    parser.add_argument("--load", type=float, default=1.0)
    asked = parser.parse_args()
    runs, tests = runs_of(asked.record, asked.store, asked.speed)
    total, longest = sum(run.seconds for run in runs), max(run.seconds for run in runs)
    programs = len({run.program for run in runs})
    print(
        f"{len(runs)} runs of {programs} programs, {total:,.0f} s of training, the longest run "
        f"{longest:,.0f} s; {len(tests)} tests\n"
    )
    compiling = programs * asked.compile
    print(
        "| workers | local: s | half judged | busy | cluster: s | half judged | busy | "
        "compiled, loaded | at best, s |"
    )
    print("|---:|" + "---:|" * 8)
    by_turn = sorted(runs, key=lambda run: run.turn)
    for workers in asked.workers:
        local, cluster = (
            simulate(
                order,
                tests,
                workers,
                own_test_first=is_local,
                compile_s=asked.compile,
                load_s=asked.load,
            )
            for order, is_local in ((runs, True), (by_turn, False))
        )
        cells = [
            f"{one.seconds:,.0f} | {one.half_judged:,.0f} | {one.busy:.0%}"
            for one in (local, cluster)
        ]
        best = max((total + compiling) / workers, longest + asked.compile)
        print(
            f"| {workers} | {' | '.join(cells)} | {cluster.compiled}, {cluster.loaded} | "
            f"{best:,.0f} |"
        )


if __name__ == "__main__":
    main()
