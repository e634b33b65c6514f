"""Annotated types and array shapes of the science rooms, checked at every call by the tests.

Beartype checks types, and jaxtyping that axes of one name have one length within a call. Costs
nothing in compiled programs: those are checked while they are traced.
"""

from __future__ import annotations

import ast
import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, runtime_checkable

from beartype import BeartypeConf, beartype
from jaxtyping import config, install_import_hook

ROOMS = tuple(
    f"icl_repro.{room}"
    for room in (
        "episodes",
        "exemplars",
        "measures",
        "network",
        "optogenetics",
        "statistics",
        "streams",
        "toy",
        "training",
    )
)

# A whole number is a float, as everywhere in Python's typing.
_CHECK = beartype(conf=BeartypeConf(is_pep484_tower=True))
ARRAYS_IN_PROGRAMS = {
    *("Constant.__init__", "LabelPattern.__init__", "ScoresAsLogits.__init__"),
    "Episodes.__init__",
}
"""Modules whose fields are arrays of JAX's within a program, and may be something else outside:
numbers or NumPy's arrays, or the numbers of axes.
"""

_completed: set[str] = set()


def check_shapes() -> None:
    """Check them in every module of these rooms that is imported from now on."""
    install_import_hook(ROOMS, f"{__name__}.checked")


@contextmanager
def unchecked() -> Iterator[None]:
    """Call functions as users do, to see what they say of arguments that do not fit."""
    config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        config.update("jaxtyping_disable", False)


def checked(annotated: Callable[..., Any]) -> Callable[..., Any]:
    """The function or class with its annotations checked, once they can be."""
    module = sys.modules.get(annotated.__module__)
    if module is not None and module.__name__.startswith(ROOMS):
        _complete(module)
    if annotated.__qualname__ in ARRAYS_IN_PROGRAMS:
        return _if_given_arrays(_CHECK(annotated), annotated)
    return _CHECK(annotated)


def _if_given_arrays(check: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    import jax  # which sessions of tests that need none of this do not import

    @functools.wraps(plain)
    def checked_if_given_arrays(self: object, *given: object, **named: object) -> Any:
        arrays = all(isinstance(value, jax.Array) for value in (*given, *named.values()))
        return (check if arrays else plain)(self, *given, **named)

    return checked_if_given_arrays


def _complete(module: ModuleType) -> None:
    """Give a module what only type checkers have: names, and protocols that can be asked for."""
    if module.__name__ not in _completed:
        _completed.add(module.__name__)
        for statement in ast.parse(inspect.getsource(module)).body:
            if isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING":
                body = ast.Module(statement.body, type_ignores=[])
                exec(compile(body, str(module.__file__), "exec"), vars(module))
    for value in list(vars(module).values()):
        if isinstance(value, type) and getattr(value, "_is_protocol", False):
            runtime_checkable(value)
