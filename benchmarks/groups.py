"""How many runs a device trains at once: sequences a second, and whether the curves agree.

On a graphics card a group of runs costs little more than one, until the card is full:

    python -m benchmarks.groups speed --runs 1 4 16 64 256 1024 4096
    python -m benchmarks.groups agreement
    python -m benchmarks.groups profile SPECS.jsonl --seconds 300

`speed` trains copies of the paper's full network in one group and prints sequences a second of all
runs together. `agreement` trains that network for the five seeds on this device, as a group, and
one by one on the processor, and prints how far their curves lie apart. `profile` trains all runs
of a file (a spec as JSON a line, as the store has them) in groups that share a program, largest
first, and says how far it came. Each prints one JSON line a row, with the name of the device.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Iterator
from pathlib import Path

import jax
import jax.numpy as jnp
import msgspec
import numpy as np

from claims.networks.plain import full
from icl_repro.training import RunSpec, engine
from icl_repro.training.plan import Plan
from icl_repro.training.run import Run
from icl_repro.training.tasks import train

SEEDS = range(5, 10)
STEPS = engine.DRAWN_AT_ONCE
"""Steps of a stretch that is timed, at least."""
MEASURED_S = 3.0
"""How long a group is timed, at least, once it is compiled."""


def _say(row: dict[str, object]) -> None:
    device = {"device": jax.devices()[0].device_kind, "jax": jax.__version__}
    print(json.dumps(device | row), flush=True)


def _stacked(n_runs: int) -> engine.Trainee:
    trainee = engine.begin(full(SEEDS[0]))
    if n_runs == 1:
        return trainee
    return jax.tree.map(lambda leaf: jnp.repeat(jnp.asarray(leaf)[None], n_runs, axis=0), trainee)


def speed(n_runs: int) -> dict[str, object]:
    """Sequences a second of a group of `n_runs` runs, or why it could not be trained."""
    batch = RunSpec().optimiser.batch
    try:
        trainee = _stacked(n_runs)
        begun = time.perf_counter()
        programs = engine.Compiled(trainee, {}, batch, is_group=n_runs > 1)
        trainee = programs.advance(trainee, 0, STEPS)
        jax.block_until_ready(trainee)
        compiled = time.perf_counter() - begun
        steps, begun = STEPS, time.perf_counter()
        while time.perf_counter() - begun < MEASURED_S:
            trainee = programs.advance(trainee, steps, steps + STEPS)
            jax.block_until_ready(trainee)
            steps += STEPS
        seconds = (time.perf_counter() - begun) / (steps - STEPS)
    except jax.errors.JaxRuntimeError as error:
        return {"runs": n_runs, "failed": str(error).splitlines()[0][:200]}
    memory = jax.devices()[0].memory_stats() or {}
    return {
        "runs": n_runs,
        "sequences_per_second": n_runs * batch / seconds,
        "milliseconds_per_step": 1e3 * seconds,
        "compiling_and_first_stretch_s": compiled,
        "peak_memory_gib": memory.get("peak_bytes_in_use", 0) / 2**30,
    }


def agreement(sequences: int) -> Iterator[dict[str, object]]:
    """For each curve of the full network of each seed, the largest difference between a group on
    this device and single runs on the processor.
    """
    specs = [full(seed).with_(sequences=sequences) for seed in SEEDS]
    here = engine.train(specs)
    with jax.default_device(jax.devices("cpu")[0]):
        there = [run for spec in specs for run in engine.train([spec])]
    for spec, one, other in zip(specs, here, there, strict=True):
        if not (isinstance(one, Run) and isinstance(other, Run)):
            yield {"seed": spec.init_seed, "failed": "diverged"}
            continue
        for name in sorted(one.curves):
            if one.curves[name].ndim == 1 and name != "sequences":
                yield {"seed": spec.init_seed, "curve": name, **_apart(one, other, name)}


def _apart(one: Run, other: Run, name: str) -> dict[str, object]:
    shared = np.intersect1d(one.sequences, other.sequences)
    first = one.curves[name][np.searchsorted(one.sequences, shared)]
    second = other.curves[name][np.searchsorted(other.sequences, shared)]
    return {
        "evaluations": len(shared),
        "largest_difference": float(np.abs(first - second).max()),
        "difference_at_the_end": float(abs(first[-1] - second[-1])),
        "at_the_end": float(second[-1]),
    }


def profile(specs: list[RunSpec], seconds: float, most: int) -> Iterator[dict[str, object]]:
    """Train all runs without a transplant in groups of at most `most`, until time is up."""
    plan = Plan.of(spec for spec in specs if spec.transplant is None)
    groups = [
        group[first : first + most] for group in plan.groups for first in range(0, len(group), most)
    ]
    begun, done = time.perf_counter(), 0
    for number, group in enumerate(sorted(groups, key=len, reverse=True)):
        if time.perf_counter() - begun > seconds:
            break
        started = time.perf_counter()
        runs = train(group)
        taken = time.perf_counter() - started
        done += len(group)
        trained = sum(int(run.sequences[-1]) for run in runs if isinstance(run, Run))
        yield {
            "group": number,
            "groups": len(groups),
            "runs": len(group),
            "what": group[0].describe()[:80],
            "seconds": taken,
            "sequences": trained,
            "sequences_per_second": trained / taken,
            "runs_done": done,
            "runs_in_all": len(plan.specs),
            "ends": {
                run.spec.address[:12]: float(run.curves["train.loss"][-1])
                for run in runs
                if isinstance(run, Run)
            },
        }


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parsers = parser.add_subparsers(dest="what", required=True)
    sub = parsers.add_parser("speed")
    sub.add_argument("--runs", type=int, nargs="+", default=[4**power for power in range(7)])
    sub = parsers.add_parser("agreement")
    sub.add_argument("--sequences", type=int, default=1_000_000)
    sub = parsers.add_parser("profile")
    sub.add_argument("specs", type=Path)
    sub.add_argument("--seconds", type=float, default=300)
    sub.add_argument("--most", type=int, default=64, help="runs in one group")
    asked = parser.parse_args()
    if asked.what == "speed":
        for n_runs in asked.runs:
            _say(speed(n_runs))
            gc.collect()
    elif asked.what == "agreement":
        for row in agreement(asked.sequences):
            _say(row)
    else:
        lines = asked.specs.read_text(encoding="utf-8").splitlines()
        specs = [msgspec.json.decode(line, type=RunSpec) for line in lines if line.strip()]
        for row in profile(specs, asked.seconds, asked.most):
            _say(row)


if __name__ == "__main__":
    main()
