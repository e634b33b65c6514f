"""The compiled programs of this process: compiled side by side, and kept while they are in use.

What was compiled in other processes is loaded by JAX, where :mod:`icl_repro.storage.programs` has
said where it is.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent import futures
from typing import Any, NamedTuple

import jax

from icl_repro import memory

Program = Callable[..., Any]

ON_PROCESSORS: Mapping[str, int] = {
    "xla_backend_optimization_level": 1,
    "xla_cpu_prefer_vector_width": 512,
}
"""Options of XLA where programs run on processors: at level 1 they compile a fifth faster than at
3 and run as fast; vectors as wide as the processor has make a step some five per cent faster.
"""


class Call(NamedTuple):
    """A jitted function with the arguments that it is to be compiled for.

    Attributes:
        function: what :func:`jax.jit` returned.
        arguments: arrays, or trees of them: their shapes decide the program, their values do not.
        static: further arguments, which are part of the program.
    """

    function: Any
    arguments: tuple[Any, ...]
    static: tuple[Any, ...] = ()

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal for calls of the same program."""
        leaves, structure = jax.tree.flatten(self.arguments)
        return self.function, structure, tuple(map(jax.typeof, leaves)), self.static


class Programs:
    """The programs that were used last.

    Attributes:
        most: how many are held: each takes some 15 MB.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._kept: OrderedDict[tuple[Any, ...], Program] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, calls: Sequence[Call]) -> list[Program]:
        """The program of each call, to be called with its arguments alone.

        Those that are missing are compiled at the same time, each in a thread: a session with more
        cores than workers has some to spare. Tracing is not safe in threads, and comes before.
        """
        missing = {call.key: call for call in calls if call.key not in self._kept}
        if missing:
            traced = [
                call.function.lower(*call.arguments, *call.static) for call in missing.values()
            ]
            with futures.ThreadPoolExecutor(len(traced)) as beside:
                options = _options()
                compiled = beside.map(lambda lowered: lowered.compile(options), traced)
                self._kept |= zip(missing, compiled, strict=True)
            memory.give_back_freed()
        for call in calls:
            self._kept.move_to_end(call.key)
        found = [self._kept[call.key] for call in calls]
        while len(self._kept) > self.most:
            (function, *_), _ = self._kept.popitem(last=False)
            function.clear_cache()  # what was traced: that of the others is needed no more
        return found


def _options() -> dict[str, Any] | None:
    """What the compiler is told: nothing on other devices, nor where it is to do little."""
    if jax.default_backend() != "cpu" or jax.config.read("jax_disable_most_optimizations"):
        return None
    return dict(ON_PROCESSORS)
