"""Sessions of pytest in processes of their own that import nothing again.

A new interpreter takes a second and a half to import pytest and the plugin, and a session of a few
claims takes two tenths. So one process imports them once, configures nothing, and forks a process
for each session; before the session begins, it forks its workers from itself in the same way. Each
then is what ``python -m pytest`` is: its own process, arguments, folder, environment and files.

    PYTHONPATH=. python -m tests.support.forked_sessions    serves what :class:`Nursery` asks for
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parents[2]
_ROOMS = "plugin", "verification", "report", "storage", "statistics", "history", "planning"
_OTHERS = "scipy.special", "xdist.remote", "xdist.dsession", "tests.support.plugin_doubles"


class Nursery:
    """The process that forks sessions, started when it is first asked for one."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[bytes] | None = None

    def session(
        self, args: Sequence[str], folder: Path, environment: Mapping[str, str], out: int, err: int
    ) -> Session:
        """Start ``python -m pytest`` with these arguments, its output in these open files.

        Another session may start when this one has ended.
        """
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, "-m", __name__],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
            )
        # Where this process has a file open the other one can open it, too.
        files = [os.readlink(f"/proc/self/fd/{number}") for number in (out, err)]
        asked = {"args": args, "folder": str(folder), "environment": {**environment}}
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps({**asked, "files": files}).encode() + b"\n")
        return Session(self._server)

    def close(self) -> None:
        """End it."""
        if self._server is not None:
            self._server.communicate()


class Session:
    """A session that was started, in what tests ask of a ``subprocess.Popen``."""

    stdin = None

    def __init__(self, server: subprocess.Popen[bytes]) -> None:
        assert server.stdout is not None
        self._told = server.stdout
        self._status: int | None = None
        self.pid = int(self._told.readline())

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, once it has ended; below 0 the signal that ended it."""
        if self._status is None:
            if not select.select([self._told], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("pytest", timeout or 0)
            self._status = int(self._told.readline())
        return self._status

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.wait()


def _serve() -> None:
    """Fork a session for each line that asks for one; tell its process, then its exit status."""
    own = {"", str(ROOT), os.getcwd()}
    installed = [folder for folder in sys.path if folder not in own]
    _import_what_sessions_import()
    # What is imported stays. A session that collects garbage, as each does when it ends, need not
    # look through it again, which takes longer than the rest of the session.
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if not child:
            _be_a_session(installed, **asked)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


class _Imports:
    """A plugin that has a session of pytest import what sessions import, with its own hooks."""

    def pytest_configure(self) -> None:
        for name in _OTHERS:
            importlib.import_module(name)
        for room in _ROOMS:
            package = importlib.import_module(f"icl_repro.{room}")
            for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
                importlib.import_module(module.name)


def _import_what_sessions_import() -> None:
    import pytest

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        before = os.getcwd()
        os.chdir(folder)
        # The plugins that these sessions turn off have to be turned off here, too.
        off = ["-p", "no:hypothesispytest", "-p", "no:jaxtyping", "-p", "no:cacheprovider"]
        code = pytest.main(["--markers", *off], plugins=[_Imports()])
        os.chdir(before)
    assert code == 0
    assert "jax" not in sys.modules, "its threads would not be in the processes that are forked"


def _be_a_session(
    installed: list[str],
    args: list[str],
    folder: str,
    environment: dict[str, str],
    files: list[str],
) -> NoReturn:
    opened = [os.open(name, os.O_RDWR) for name in (os.devnull, *files)]
    # Who asked may close them from now on.
    os.write(1, f"{os.getpid()}\n".encode())
    for number, file in enumerate(opened):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.dont_write_bytecode = bool(environment.get("PYTHONDONTWRITEBYTECODE"))
    sys.path[:] = [folder, *environment.get("PYTHONPATH", "").split(os.pathsep), *installed]
    sys.argv[:] = ["pytest", *args]
    tempfile.tempdir = None
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _fork_workers(args)

    import pytest

    _end(pytest.main())


def _end(code: int) -> NoReturn:
    """End as an interpreter does; only what it would free one by one is freed at once."""
    import atexit
    import threading

    threading._shutdown()  # pyright: ignore[reportAttributeAccessIssue]
    atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage]
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


class _Worker:
    """A process that was forked before the session began and waits for what xdist has it run."""

    def __init__(self, others: list[_Worker]) -> None:
        its_input, self._to = os.pipe()
        self._from, its_output = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.dup2(its_input, 0)
            os.dup2(its_output, 1)
            pipes = [end for worker in (*others, self) for end in (worker._to, worker._from)]
            for end in (its_input, its_output, *pipes):
                os.close(end)
            # As execnet starts an interpreter.
            sys.argv[:] = ["-c"]
            if asked := sys.stdin.readline():
                exec(eval(asked), {"sys": sys, "__name__": "__main__"})
            _end(0)
        os.close(its_input)
        os.close(its_output)
        self.stdin = open(self._to, "wb")  # noqa: SIM115
        self.stdout = open(self._from, "rb")  # noqa: SIM115

    def wait(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


def _fork_workers(args: list[str]) -> None:
    """As many as are asked for; those that replace one that died are interpreters as ever."""
    counts = [arg.removeprefix("-n") for arg in args if arg.startswith("-n")]
    workers: list[_Worker] = []
    for _ in range(int(counts[0]) if counts and counts[0].isdecimal() else 0):
        workers.append(_Worker(workers))

    from execnet.gateway_base import Popen2IO
    from execnet.gateway_io import Popen2IOMaster

    start_an_interpreter = Popen2IOMaster.__init__

    def start(self: Any, args: Any, execmodel: Any) -> None:
        if workers:
            self.popen = worker = workers.pop(0)
            Popen2IO.__init__(self, worker.stdin, worker.stdout, execmodel=execmodel)
        else:
            start_an_interpreter(self, args, execmodel)

    Popen2IOMaster.__init__ = start


if __name__ == "__main__":
    _serve()
