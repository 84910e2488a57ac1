"""SIGTERM as an orderly end: what is half written is removed, locks go, and the signal is passed on.

An orchestrator cancels with SIGTERM and kills a while later. Python would end at once, without its ``finally`` blocks; a run that is
killed leaves what the next one sweeps up (`pipelines.home`).
"""

import os
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType


class Stopped(BaseException):
    """A signal asks this process to end; no ``except Exception`` keeps it."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def orderly() -> Generator[None, None, None]:
    """Let SIGTERM and SIGHUP unwind what runs in the block, then end this process by that signal.

    Only the first is heard: a second one while things are put away would leave them half done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {n: signal.signal(n, _stop) for n in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    except Stopped as stopped:
        signal.signal(stopped.number, signal.SIG_DFL)
        os.kill(os.getpid(), stopped.number)
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, _frame: FrameType | None) -> None:
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise Stopped(number)
