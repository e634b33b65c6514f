"""Keeping compiled programs between processes and sessions.

JAX's persistent cache is addressed by the program and the versions that compiled it, but on a CPU
not by the processor, whose instructions a program may use. So each kind of processor has a folder
of its own here.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
from pathlib import Path

SECONDS_WORTH_KEEPING = 0.01
"""Programs that compile faster than this are not kept: to load one takes about as long."""


def reuse_compiled_programs(folder: Path) -> None:
    """Keep compiled programs below `folder`, unless the user has said where JAX shall keep them."""
    if "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    import jax

    jax.config.update("jax_compilation_cache_dir", str(folder / processor()))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", SECONDS_WORTH_KEEPING)


@functools.cache
def processor() -> str:
    """A name for the kind of processor: short, the same on machines with the same instructions."""
    described = [platform.machine(), platform.processor()]
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        wanted = ("model name", "flags", "Features")
        lines = cpuinfo.read_text().splitlines()
        described += sorted({line for line in lines if line.startswith(wanted)})
    return hashlib.sha256("\n".join(described).encode()).hexdigest()[:16]
