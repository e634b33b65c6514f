"""What this process computes on: the first few of a session train on the accelerators, if there
are any, and the others measure on the processor.
"""

from __future__ import annotations

import sys

import pytest

from icl_repro.plugin import library
from icl_repro.plugin.declared_options import CPU, DASK, DEVICE_FLAG, GPU
from icl_repro.plugin.session import is_worker, process_number, processes_of, state_of


def require(config: pytest.Config) -> None:
    """Require that there is what the user asks for.

    Raises:
        pytest.UsageError: there is not.
    """
    settings = state_of(config).settings
    if settings.device != GPU or settings.executor == DASK or is_worker(config):
        return
    devices = library.devices()
    if not devices.present():
        why = devices.why_none() or "CUDA_VISIBLE_DEVICES or JAX_PLATFORMS leaves none to JAX"
        raise pytest.UsageError(f"{DEVICE_FLAG} {GPU}: {why}")


def take(config: pytest.Config, *, to_train: bool) -> bool:
    """Take a device, if there is one and something to train, before anything is computed.

    Returns:
        Whether this process may train.
    """
    settings, devices = state_of(config).settings, library.devices()
    if not devices.present():
        return True
    if settings.device == CPU or settings.executor == DASK or not to_train:
        devices.keep_to_processor()
        return True
    return devices.take(process_number(config), processes_of(config), _tell)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
