"""Which process of a machine trains on which accelerator: a few on each, with a share of memory.

JAX takes most of the memory of each device that it sees, so that two processes on one device would
get in each other's way, or fail; but one alone leaves it idle for most of the time, while it
compiles and prepares. So each device has :data:`SHARES`, each of them a lock that a process takes
for as long as it lasts. It then sees no other device, and takes no more memory than its share; who
gets none keeps to the processor, for measuring alone. Nothing here imports JAX, which looks for
devices when it first computes.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import time
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

from icl_repro.storage.locks import acquired, device_lock

_DRIVER = Path("/proc/driver/nvidia/gpus")
_PLUGINS = ("jax_cuda13_plugin", "jax_cuda12_plugin")
_VISIBLE = "CUDA_VISIBLE_DEVICES"
_PLATFORMS = "JAX_PLATFORMS"
_POLL_SECONDS = 1.0
_MEMORY, _OLDER_MEMORY = "XLA_CLIENT_MEM_FRACTION", "XLA_PYTHON_CLIENT_MEM_FRACTION"
"""What says how much of a device's memory JAX takes, of which it wants one alone."""
SHARES = 4
"""How many processes train on one device at the same time, at most."""
SHARE_OF_MEMORY = 0.22
"""The part of a device's memory that each of them takes: together, less than all of it."""

_held: list[Any] = []
"""The locks that this process keeps until it ends."""


def present(
    environment: MutableMapping[str, str] = os.environ, driver: Path = _DRIVER
) -> list[str]:
    """The accelerators that JAX would use here, by the names that the driver knows them by."""
    asked = environment.get(_PLATFORMS, "")
    if asked and not {"cuda", "gpu"} & set(asked.split(",")):
        return []
    if why_none(driver):
        return []
    if _VISIBLE in environment:
        return [name.strip() for name in environment[_VISIBLE].split(",") if name.strip()]
    texts = [file.read_text() for file in sorted(driver.glob("*/information"))]
    return [found[1] for text in texts if (found := re.search(r"GPU UUID:\s*(\S+)", text))]


def why_none(driver: Path = _DRIVER) -> str:
    """Why JAX has no accelerator here, in a sentence; empty where nothing speaks against it."""
    if not driver.is_dir():
        return "this machine has no NVIDIA driver, and so no device that could be used"
    if not any(importlib.util.find_spec(name) for name in _PLUGINS):
        return "JAX has nothing to use it with; pip install 'jax[cuda13]' of the same version"
    return ""


def take(
    number: int,
    processes: int = 1,
    tell: Callable[[str], None] = lambda text: None,
    environment: MutableMapping[str, str] = os.environ,
    driver: Path = _DRIVER,
) -> bool:
    """Take a share of an accelerator for this process, if there are any, or keep it to the
    processor.

    Args:
        number: of this process in its session, from 0. The first ones take what there is, or wait
            for it, where other sessions have all. Of the others none does: who came first would
            take it, and one that is to train would wait for a process that never ends before it.
        processes: with how many the session began. Later ones came in the place of one that died,
            and take what that one had, if anything.
        tell: is told once that it waits.
        environment: of this process; it is changed.
        driver: the folder in which the driver lists what it has.

    Returns:
        Whether this process may train: it has a share, or the machine has no device.
    """
    names = present(environment, driver)
    if not names or _held:
        return True
    # Every device has one process before any has two.
    shares = [(name, share) for share in range(SHARES) for name in names]
    waits = False
    while number < len(shares) or number >= processes:
        for name, share in shares:
            lock = acquired(device_lock(f"{name}, share {share}"))
            if lock is not None:
                _held.append(lock)
                environment[_VISIBLE] = name
                if _OLDER_MEMORY not in environment:
                    environment.setdefault(_MEMORY, str(SHARE_OF_MEMORY))
                return True
        if number >= len(shares):
            break
        if not waits:
            tell("waiting for an accelerator that another session uses")
        waits = True
        time.sleep(_POLL_SECONDS)
    keep_to_processor(environment)
    return False


def keep_to_processor(environment: MutableMapping[str, str] = os.environ) -> None:
    """Have JAX compute on the processor alone, unless it has begun to compute elsewhere."""
    environment[_PLATFORMS] = "cpu"
    jax = sys.modules.get("jax")
    if jax is not None:
        jax.config.update("jax_platforms", "cpu")
