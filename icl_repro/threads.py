"""One thread a process, so that results are the same bits each time on one machine.

The results of JAX on a processor vary in the last bits with the number of threads, and workers of
pytest-xdist that each start a thread a core get in each other's way.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

# NPROC is what XLA's CPU client sizes its thread pool by; the flag alone leaves that pool as is.
_ONE = ("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_XLA_FLAG = "--xla_cpu_multi_thread_eigen"


def use_one(environment: MutableMapping[str, str] = os.environ) -> None:
    """Ask for one thread in this process and those it starts; what the user set stays.

    Takes effect for libraries that are not loaded yet and, for JAX, until its first computation.
    """
    for name in _ONE:
        environment.setdefault(name, "1")
    flags = environment.get("XLA_FLAGS", "")
    if _XLA_FLAG not in flags:
        environment["XLA_FLAGS"] = f"{flags} {_XLA_FLAG}=false".strip()
