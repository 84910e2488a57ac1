"""A signal as an orderly end: what is half written is removed, locks go, what was under way is named, exit 128 + its number.

Python hears a signal between two steps of its main thread, and a call into native code may take minutes. So a thread of its own watches
as well: what has not come to its end two seconds after the first signal, or when a second one comes, is ended by force, as a machine
would end it: whoever holds the run next sweeps up (`pipelines.home`).
"""

import contextlib
import multiprocessing
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from types import FrameType

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
_PATIENCE = 2.0  # seconds; that the process is gone within three is promised


class Stopped(BaseException):
    """A signal asks this process to end; no ``except Exception`` keeps it."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@dataclass(frozen=True)
class UnderWay:
    """A release that a command of this process works on, for whoever is told that it stopped."""

    release: str
    project: str
    orchestrated: bool


# Signals are a process's own, and so is what is known of them: their handlers are handed nothing of ours.
_under_way: list[UnderWay] = []
_asked: list[int] = []
_heard: list[int] = []
_noticing: list[int] = []
_patience: list[float] = [_PATIENCE]
_if_forced: list[Callable[[int], None]] = []


@contextlib.contextmanager
def under_way(release: str, project: str, *, orchestrated: bool) -> Generator[None, None, None]:
    """Name what is worked on in the block; after a signal it stays named."""
    _under_way.append(UnderWay(release, project, orchestrated))
    yield
    _under_way.pop()  # not where the block was left by an exception


@contextlib.contextmanager
def if_forced(ended: Callable[[int], None]) -> Generator[None, None, None]:
    """Have something said of what is in the block should it be ended by force, by the number of the signal."""
    _if_forced.append(ended)
    try:
        yield
    finally:
        _if_forced.remove(ended)


def raise_if_stopped() -> None:
    """Go on ending: for whoever catches exceptions of libraries. DuckDB turns a signal into one of its own.

    Raises:
        Stopped: a signal asked this process to end.
    """
    for pipe in _noticing:
        with contextlib.suppress(BlockingIOError):
            _asked.extend(number for number in os.read(pipe, 64) if number in SIGNALS)
    if _asked:
        raise Stopped(_asked[0])


@contextlib.contextmanager
def noticed(as_heard: Callable[[int], BaseException]) -> Generator[None, None, None]:
    """Notice signals that somebody else hears in the block, which ends with the hearer's exception for one.

    A flow's in a worker are Prefect's: a cancellation and a crash look alike here, and it tells them apart by what it was told before.
    """
    if _heard or threading.current_thread() is not threading.main_thread():
        yield
        return
    _asked.clear()
    pipe, hears = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    woken = signal.set_wakeup_fd(hears, warn_on_full_buffer=False)
    _noticing.append(pipe)
    try:
        yield
    except Stopped as stopped:
        raise as_heard(stopped.number) from None
    finally:
        signal.set_wakeup_fd(woken)
        _noticing.clear()
        os.close(pipe)
        os.close(hears)


@contextlib.contextmanager
def patient(seconds: float) -> Generator[None, None, None]:
    """Give what is in the block so many seconds to end itself: it has others to end first."""
    _patience.append(seconds)
    yield
    _patience.pop()  # not where the block was left by an exception: what comes after has this time, too


def hear_again() -> None:
    """Hear what a library has begun to hear in our place: Prefect takes SIGTERM, and sends it once more at its end."""
    for number in _heard:
        signal.signal(number, _stop)


@contextlib.contextmanager
def orderly(announce: Callable[[int, UnderWay | None], None]) -> Generator[None, None, None]:
    """Let SIGHUP, SIGINT and SIGTERM unwind what runs in the block, then leave with 128 + the signal's number.

    Args:
        announce: says what was stopped, and how to go on.

    Raises:
        SystemExit: a signal came.
        OSError: this process may open no file more.
        RuntimeError: it may start no thread more.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _under_way.clear()
    _asked.clear()
    _patience[1:] = []
    heard, hears = os.pipe()
    os.set_blocking(hears, False)
    watching = threading.Thread(target=_watch, args=(heard, announce), name="signals", daemon=True)
    try:
        watching.start()
    except RuntimeError:
        os.close(heard)
        os.close(hears)
        raise
    # What is ignored stays so: `nohup`, and what a shell runs in the background.
    wanted = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, _stop) for number in wanted}
    _heard.extend(wanted)
    woken = signal.set_wakeup_fd(hears, warn_on_full_buffer=False)
    try:
        yield
    except Stopped as stopped:
        announce(stopped.number, _under_way[-1] if _under_way else None)
        raise SystemExit(128 + stopped.number) from None
    finally:
        signal.set_wakeup_fd(woken)
        _heard.clear()
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(hears)
        watching.join()  # the other end closed, it ends at once: whoever comes next has its files


def _stop(number: int, _frame: FrameType | None) -> None:
    """Unwind, once: the thread has heard the others."""
    first = not _asked or threading.current_thread() is not threading.main_thread()
    _asked.append(number)
    if first:
        raise Stopped(number)


def _watch(heard: int, announce: Callable[[int, UnderWay | None], None]) -> None:
    try:
        while (first := _next(heard)) is not None and first not in SIGNALS:
            pass
        while first is not None and select.select([heard], [], [], _patience[-1])[0]:
            second = _next(heard)
            if second is None:
                return  # the block has ended by itself
            if second in SIGNALS:
                break
        if first is not None:
            _by_force(first, announce)
    finally:
        os.close(heard)


def _next(heard: int) -> int | None:
    return next(iter(os.read(heard, 1)), None)


def _by_force(number: int, announce: Callable[[int, UnderWay | None], None]) -> None:
    """End here and now, with children and half-written files; the embedded server notices by itself."""
    try:
        for child in multiprocessing.active_children():
            child.kill()
        if (files := sys.modules.get("crypto.files")) is not None:
            files.discard_unfinished()
        for ended in _if_forced:
            with contextlib.suppress(Exception):
                ended(number)
        if sys.stderr.isatty():
            sys.stderr.write("\x1b[?25h\n")  # a spinner hid the cursor
        announce(number, _under_way[-1] if _under_way else None)
    finally:
        os._exit(128 + number)
