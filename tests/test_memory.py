"""Freed memory goes back to the system, where that can be asked for."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import pytest

from icl_repro import memory

BLOCKS, SIZE = 4_000, 50_000


def held() -> int:
    """Memory of this process, in bytes."""
    said = Path("/proc/self/status").read_text()
    return 1024 * int(said.split("VmRSS:")[1].split()[0])


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells how much a process holds")
def test_what_was_freed_goes_back():
    library = ctypes.CDLL(None)
    if not hasattr(library, "malloc_trim"):
        pytest.skip("this C library gives nothing back")
    library.malloc.restype = ctypes.c_void_p
    library.malloc.argtypes = [ctypes.c_size_t]
    library.free.argtypes = [ctypes.c_void_p]
    # In small blocks, and one after all of them is kept, so that freeing alone returns nothing.
    blocks = [library.malloc(SIZE) for _ in range(BLOCKS)]
    for block in blocks:
        ctypes.memset(block, 1, SIZE)
    for block in blocks[:-1]:
        library.free(block)
    before = held()
    memory.give_back_freed()
    assert held() < before - BLOCKS * SIZE / 2
    library.free(blocks[-1])


def test_another_c_library_is_left_alone(monkeypatch):
    memory._trim.cache_clear()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    memory.give_back_freed()
    memory._trim.cache_clear()
