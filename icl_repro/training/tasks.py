"""The kinds of runs that there are, and what trains and holds each: few-shot episodes, and text.

Whoever plans, carries out or stores runs asks here; nobody else tells the kinds apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from icl_repro.training import engine, language
from icl_repro.training.engine import Diverged
from icl_repro.training.language_run import LanguageRun
from icl_repro.training.language_spec import LanguageSpec
from icl_repro.training.run import Run
from icl_repro.training.spec import RunSpec

if TYPE_CHECKING:
    from pathlib import Path

AnySpec = RunSpec | LanguageSpec
"""The description of a run of any kind."""


def read_spec(content: bytes) -> AnySpec:
    """The description that a store keeps of a run, from JSON.

    Raises:
        msgspec.MsgspecError, ValueError, TypeError: it describes no run of either kind.
    """
    said = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    return msgspec.json.decode(content, type=LanguageSpec if "text" in said else RunSpec)


def program(spec: AnySpec) -> object:
    """What compiled program a run needs: hashable, and equal for runs that can train as a group."""
    return language.program(spec) if isinstance(spec, LanguageSpec) else engine.program(spec)


def run_type(spec: AnySpec) -> type[Run]:
    """What a finished run of that description is."""
    return LanguageRun if isinstance(spec, LanguageSpec) else Run


def train(
    specs: Sequence[AnySpec],
    cache: Path | None = None,
    on_step: Callable[[int], None] = lambda step: None,
    load: Callable[[RunSpec], Run] | None = None,
) -> Sequence[Run | Diverged]:
    """Train runs of the same :func:`program`, see :func:`icl_repro.training.engine.train`."""
    of_text = [spec for spec in specs if isinstance(spec, LanguageSpec)]
    if of_text:
        if len(of_text) < len(specs):
            raise ValueError("the runs of a group must need the same program")
        return language.train(of_text, on_step)
    of_episodes = [spec for spec in specs if isinstance(spec, RunSpec)]
    return engine.train(of_episodes, cache, on_step, load)
