"""One line on the terminal while runs train: how many are done, how fast, how long still.

The only process draws it as its training reports progress. Under xdist each worker leaves its
progress in the scratch folder and a thread of the controller draws the sum, once all workers have
collected. Whenever pytest has something to write, such as the outcome of a test, the line is left
to stand and the thread pauses for a moment; the next line begins below. Without a terminal
nothing is drawn.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Any

import pytest

from icl_repro.plugin.session import is_controller, is_worker, process_name, scratch_of
from icl_repro.plugin.transport import Scratch, WorkerProgress

_TICK = 0.25
"""Seconds between two drawings."""
_STILL = 0.75
"""Seconds that the terminal is left alone after xdist had something to say."""

Report = Callable[[Any], None]


def summed(progress: Iterable[WorkerProgress]) -> WorkerProgress:
    """The progress of all processes together.

    All see the same plan and which of its runs are done, by whomever; each counts the units of work
    that it has done itself.
    """
    parts = list(progress)
    return WorkerProgress(
        runs_done=max((part.runs_done for part in parts), default=0),
        runs_total=max((part.runs_total for part in parts), default=0),
        units_done=sum(part.units_done for part in parts),
        units_total=max((part.units_total for part in parts), default=0),
        units_per_second=sum(part.units_per_second for part in parts),
        current=next((part.current for part in parts if part.current), ""),
        unit=next((part.unit for part in parts if part.unit), ""),
    )


def line(progress: WorkerProgress) -> str:
    """The progress in words, without the end of the line."""
    text = (
        f"training: {progress.runs_done} of {progress.runs_total} runs, "
        f"{progress.units_done:,} of {progress.units_total:,} {progress.unit}"
    )
    speed = progress.units_per_second
    if speed > 0:
        left = max(progress.units_total - progress.units_done, 0) / speed
        text += f", {speed:,.0f}/s, {_clock(left)} left"
    return text


class StatusLine:
    """A line of the terminal that is drawn again and again, and then left to stand."""

    def __init__(self, reporter: Any, writer: Any) -> None:
        self._reporter = reporter
        self._writer = writer
        self._width = writer.fullwidth
        self._drawn = ""

    def show(self, text: str) -> None:
        """Draw `text` in place of what the line showed before."""
        text = text[: self._width - 1]
        if text != self._drawn:
            if not self._drawn:
                self._leave_what_stands()
            self._drawn = text
            self._reporter.rewrite(text, erase=True)
            self._reporter.flush()

    @property
    def is_drawn(self) -> bool:
        """Whether the line is there to be drawn over."""
        return bool(self._drawn)

    def _leave_what_stands(self) -> None:
        """Go on below what pytest has written, such as the outcomes of tests."""
        self._reporter.ensure_newline()
        if self._writer.width_of_current_line:
            self._writer.line()

    def finish(self) -> None:
        """Go on below the line, if there is one."""
        if self._drawn:
            self._drawn = ""
            self._reporter.write_line("")


def status_line(config: pytest.Config) -> StatusLine | None:
    """A status line on the terminal of this session, or ``None`` where nobody would see it."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or is_worker(config) or config.get_verbosity() < 0:
        return None
    if not reporter.isatty or os.environ.get("TERM") == "dumb":
        return None
    return StatusLine(reporter, config.get_terminal_writer())


@contextmanager
def reporting(config: pytest.Config) -> Generator[Report, None, None]:
    """Take the progress of the training in this process to where it is drawn."""
    if is_worker(config):
        yield _to_controller(scratch_of(config), process_name(config))
        return
    status = status_line(config)
    if status is None:
        yield lambda _: None
        return
    try:
        yield _limited(lambda progress: status.show(line(progress)))
    finally:
        status.finish()


@contextmanager
def preparing(config: pytest.Config, what: str) -> Generator[Callable[[int, int], None]]:
    """Draw how much of how much is prepared of `what` before anything is trained."""
    status = status_line(config)
    last = -1.0

    def report(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if status is not None and (done == total or now - last >= _TICK):
            last = now
            status.show(f"preparing {what}: {done:,} of {total:,}")

    try:
        yield report
    finally:
        if status is not None:
            status.finish()


class Watcher:
    """The thread of the controller that draws the progress of the workers."""

    def __init__(self, status: StatusLine, scratch: Scratch) -> None:
        self._status = status
        self._scratch = scratch
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._still_until = 0.0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start drawing in a moment, unless that was done before."""
        self.pause()
        if self._thread is None and not self._stop.is_set():
            self._thread = threading.Thread(target=self._draw, daemon=True, name="icl-progress")
            self._thread.start()

    def pause(self) -> None:
        """Leave the terminal to pytest for a moment."""
        with self._lock:
            if self._status.is_drawn:
                self._show()
                self._status.finish()
            self._still_until = time.monotonic() + _STILL

    def stop(self) -> None:
        """Leave the terminal to pytest for good."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            self._status.finish()

    def _draw(self) -> None:
        while not self._stop.wait(_TICK):
            with self._lock:
                if time.monotonic() >= self._still_until:
                    self._show()

    def _show(self) -> None:
        total = summed(self._scratch.progress())
        if total.units_total:
            self._status.show(line(total))


_WATCHER = pytest.StashKey[Watcher]()
_COLLECTED = pytest.StashKey[set[str]]()
_LEFT = pytest.StashKey[set[str]]()


@contextmanager
def watching(config: pytest.Config) -> Generator[None, None, None]:
    """Draw the progress of the workers, where there are workers and somebody to see it."""
    status = status_line(config) if is_controller(config) else None
    if status is None:
        yield
        return
    config.stash[_WATCHER] = Watcher(status, scratch_of(config))
    try:
        yield
    finally:
        config.stash[_WATCHER].stop()


def worker_collected(config: pytest.Config, worker: str, workers: int, tests: set[str]) -> None:
    """Take in that a worker has collected; the last of them starts the drawing."""
    collected = config.stash.setdefault(_COLLECTED, set())
    collected.add(worker)
    watcher = config.stash.get(_WATCHER, None)
    if watcher is not None and len(collected) >= workers:
        config.stash.setdefault(_LEFT, set(tests))
        watcher.start()


def test_finished(config: pytest.Config, nodeid: str) -> None:
    """Take in that a test came to its end; after the last there is nothing more to draw."""
    left = config.stash.get(_LEFT, None)
    if left is not None:
        left.discard(nodeid)
        if not left:
            config.stash[_WATCHER].stop()


def pause(config: pytest.Config) -> None:
    """Leave the terminal to pytest for a moment."""
    watcher = config.stash.get(_WATCHER, None)
    if watcher is not None:
        watcher.pause()


def _to_controller(scratch: Scratch, process: str) -> Report:
    controller = os.getppid()

    def put(progress: WorkerProgress) -> None:
        # A worker learns that its controller was killed when it next reads from it, which is
        # after the training: nobody would wait for that.
        if os.getppid() != controller:
            scratch.remove()
            raise SystemExit(f"{process} stops training, because its controller is gone")
        scratch.put_progress(process, progress)

    return _limited(put)


def _limited(report: Callable[[WorkerProgress], None]) -> Report:
    """Pass progress on a few times a second, and always when a run was finished."""
    last = -1.0
    runs = -1

    def on_progress(progress: Any) -> None:
        nonlocal last, runs
        now = time.monotonic()
        if progress.runs_done == runs and now - last < _TICK:
            return
        last, runs = now, progress.runs_done
        report(
            WorkerProgress(
                runs_done=progress.runs_done,
                runs_total=progress.runs_total,
                units_done=progress.units_done,
                units_total=progress.units_total,
                units_per_second=progress.units_per_second,
                current=progress.current,
                unit=progress.unit,
            )
        )

    return on_progress


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
