"""Compiling with fewer optimisations: for tests that compile much and run little."""

from collections.abc import Callable
from typing import Any

import jax

OPTIONS = {"xla_backend_optimization_level": 0}


def quickly_compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """`jax.jit` in about half the time."""
    return jax.jit(function, compiler_options=OPTIONS)
