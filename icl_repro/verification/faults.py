"""Planted faults: what goes wrong on purpose, to see which claims would notice.

A fault is data. A suite gives its faults by the hook ``pytest_icl_faults``; ``--icl-faults`` judges
every claim once more under each of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from icl_repro.verification.declared import Run, Spec

_ID = re.compile(r"[A-Za-z0-9_]+")

ChangeOfSpec = Callable[[Spec], Spec | None]
"""Takes the spec of a run and returns that of the faulty one, or none where the fault leaves it."""
ChangeOfRun = Callable[[Run, Run], Run]
"""Takes a run and that of another seed in its place, and returns what measures see."""
Measuring = Callable[[], AbstractContextManager[None]]
"""Gives a context in which measures are faulty."""


class BrokenFault(Exception):
    """A fault that does not do what it should; nobody has caught it then."""


@dataclass(frozen=True)
class Fault:
    """One fault. It changes specs, what measures see of a run, or measures, or several of these.

    Attributes:
        id: what it is called in options and in the ids of tests.
        statement: what goes wrong, in words.
        stands_for: which mistakes it stands for, and why this form is faithful to them.
        spec: changes the spec of a run, which is then trained and kept as any other.
        run: changes what a test is shown of a trained run, after all runs were chosen.
        other_seed: for `run`, the seed whose run of the same name, or else in the same place, is
            given beside it.
        measuring: changes measures while a test runs.
        unaffected: why runs and measures that it leaves as they are have no part in it: follows
            "not affected:".
        errors: with what errors the test of a claim may notice it. Any other error says only that
            something is broken, which may be the fault; a run that diverges and ``pytest.fail``
            always count.
        enough: ids of claims, or patterns of them, that are enough to see whether it is noticed,
            where not all are to be judged.
    """

    id: str
    statement: str
    stands_for: str
    spec: ChangeOfSpec | None = None
    run: ChangeOfRun | None = None
    other_seed: Callable[[int], int] | None = None
    measuring: Measuring | None = None
    unaffected: str = "nothing that it reads is changed"
    enough: tuple[str, ...] = ()
    errors: tuple[type[Exception], ...] = ()

    @property
    def changes_measures(self) -> bool:
        """Whether it changes more than what is trained."""
        return self.run is not None or self.measuring is not None

    def changed(self, spec: Any) -> Any:
        """The spec of the faulty run; the same where the fault leaves it.

        Raises:
            BrokenFault: `spec` raises.
        """
        if self.spec is None:
            return spec
        try:
            faulty = self.spec(spec)
        except Exception as error:
            raise BrokenFault(self._broken(error)) from error
        return spec if faulty is None else faulty

    def shown(self, run: Any, other: Any) -> Any:
        """What measures see of a run.

        Raises:
            BrokenFault: `run` raises.
        """
        if self.run is None:
            return run
        try:
            return self.run(run, other)
        except Exception as error:
            raise BrokenFault(self._broken(error)) from error

    @contextmanager
    def in_measures(self) -> Generator[None]:
        """The context in which measures are faulty.

        Raises:
            BrokenFault: `measuring` raises where it begins.
        """
        with ExitStack() as planted:
            if self.measuring is not None:
                try:
                    planted.enter_context(self.measuring())
                except Exception as error:
                    raise BrokenFault(self._broken(error)) from error
            yield

    def _broken(self, error: Exception) -> str:
        return f"the fault {self.id} is broken: {type(error).__name__}: {error}"


def problems(faults: Iterable[Fault]) -> Iterator[str]:
    """What is wrong with the declarations of some faults, a sentence each."""
    seen: set[str] = set()
    for fault in faults:
        if not _ID.fullmatch(fault.id):
            yield f"the id {fault.id!r} of a fault must be made of letters, digits and underscores"
        if fault.id in seen:
            yield f"two faults have the id {fault.id!r}"
        seen.add(fault.id)
        if not (fault.statement and fault.stands_for):
            yield f"the fault {fault.id!r} has to say what goes wrong and what it stands for"
        if fault.spec is None and fault.run is None and fault.measuring is None:
            yield f"the fault {fault.id!r} changes nothing: give spec, run or measuring"
        if (fault.run is None) != (fault.other_seed is None):
            yield f"the fault {fault.id!r} has to give both of run and other_seed, or neither"
