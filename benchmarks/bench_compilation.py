"""How long programs take to compile, and to load where they are kept."""

from __future__ import annotations

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

from benchmarks import contestants
from icl_repro.training import engine
from icl_repro.training.engine import Trainee
from icl_repro.training.evaluation import evaluate

PROGRAMS = {
    "training": lambda: contestants.start(),
    "training, two passes": lambda: contestants.clamped("pattern-preserving ablation"),
    "evaluation": lambda: contestants.start(),
}


def compile_program(name: str, trainee: Trainee) -> None:
    """Trace and compile a program as if it had never been."""
    jax.clear_caches()
    arrays, rest = eqx.partition(trainee, eqx.is_array)
    if name == "evaluation":
        sets = contestants.sets()
        whole = functools.partial(evaluate, sets=sets)
        jax.jit(whole).lower(trainee.model, trainee.intervention).compile()
        return

    def advance(arrays, start, stop):
        trained = engine._advance(eqx.combine(arrays, rest), start, stop, contestants.BATCH)
        return eqx.filter(trained, eqx.is_array)

    jax.jit(advance).lower(arrays, jnp.asarray(0), jnp.asarray(1)).compile()


@pytest.mark.parametrize("name", PROGRAMS)
def test_compilation(beside, name):
    trainee = PROGRAMS[name]()
    beside(name, lambda: compile_program(name, trainee), group="compilation", rounds=3)


def test_kept_programs(beside, tmp_path):
    """With the program in the persistent cache, as all sessions after the first have it."""
    trainee = PROGRAMS["training"]()
    settings = {
        "jax_compilation_cache_dir": str(tmp_path),
        "jax_persistent_cache_min_compile_time_secs": 0.2,
    }
    before = {name: getattr(jax.config, name) for name in settings}
    for name, value in settings.items():
        jax.config.update(name, value)
    try:
        beside(
            "training, from the cache",
            lambda: compile_program("training", trainee),
            group="compilation",
            rounds=3,
        )
    finally:
        for name, value in before.items():
            jax.config.update(name, value)
