"""Which process of a machine trains on which accelerator: one process a device.

JAX takes most of the memory of every device that it sees, so that two processes on one device get
in each other's way, or fail. A process takes a device by a lock that lasts as long as the process,
and then sees no other; who gets none keeps to the processor, for measuring alone. Nothing here
imports JAX, which looks for devices when it first computes.
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
    tell: Callable[[str], None] = lambda text: None,
    environment: MutableMapping[str, str] = os.environ,
    driver: Path = _DRIVER,
) -> bool:
    """Take an accelerator for this process, if there are any, or keep it to the processor.

    Args:
        number: of this process in its session, from 0. As many of them as there are devices wait
            for one, where another session has them all.
        tell: is told once that it waits.
        environment: of this process; it is changed.
        driver: the folder in which the driver lists what it has.

    Returns:
        Whether this process may train: it has a device, or the machine has none.
    """
    names = present(environment, driver)
    if not names or _held:
        return True
    waits = False
    while True:
        for name in names:
            lock = acquired(device_lock(name))
            if lock is not None:
                _held.append(lock)
                environment[_VISIBLE] = name
                return True
        if number >= len(names):
            keep_to_processor(environment)
            return False
        if not waits:
            tell("waiting for an accelerator that another session uses")
        waits = True
        time.sleep(_POLL_SECONDS)


def keep_to_processor(environment: MutableMapping[str, str] = os.environ) -> None:
    """Have JAX compute on the processor alone, unless it has begun to compute elsewhere."""
    environment[_PLATFORMS] = "cpu"
    jax = sys.modules.get("jax")
    if jax is not None:
        jax.config.update("jax_platforms", "cpu")
