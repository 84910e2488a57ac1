"""Processes that read outside files for this one (`systems.tabular.confined`): begun, kept for the next file, ended.

Nothing of Arrow is imported here: whoever knows that a file will be read has a process begin while it imports the rest.
"""

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

# The environment holds nothing of ours; libraries start no threads of their own beside Arrow's.
_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "MALLOC_ARENA_MAX": "2",
    "OPENBLAS_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "mimalloc",
}
# Arrow does without numpy, whose import takes as long as its own.
_START = "import json, sys; sys.modules['numpy'] = None; sys.path[:] = json.loads(sys.argv[1]); from systems.tabular import confined; confined.serve()"
_PATIENCE = 5  # seconds in which a process whose channel broke is gone by itself


class Reader:
    """One process, and the channel to it.

    Attributes:
        channel: the socket of which the process has the other end.
        at_work: it was asked something, and has not come to an end.
        last: it said that it ends after this.
    """

    def __init__(self) -> None:
        self._owner = os.getpid()
        self.at_work = self.last = False
        self.channel, theirs = socket.socketpair()
        with theirs:
            path = [place for place in sys.path if place]
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _START, json.dumps(path)],
                stdin=theirs.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=_ENVIRONMENT, cwd="/", start_new_session=True,
            )  # fmt: skip

    def died_of(self) -> int:
        """The signal that ended it, 0 for another end."""
        try:
            return max(0, -self._process.wait(_PATIENCE))
        except subprocess.TimeoutExpired:
            return 0

    def usable(self) -> bool:
        """Whether it is this process's, there, and came to an end with what it was asked."""
        free = not (self.at_work or self.last)
        return free and self._owner == os.getpid() and self._process.poll() is None

    def end(self) -> None:
        """End the process; what it was at is lost."""
        self.channel.close()
        if self._owner == os.getpid():
            self._process.kill()
            self._process.wait()


_spare: list[Reader] = []
_lock = threading.Lock()


def begin_for(paths: Sequence[Path]) -> None:
    """Have a process begin that will read them, if one of them looks like a file that is read so."""
    if any(path.suffix.lower() in (".parquet", ".pq", ".xlsx") for path in paths):
        with _lock:
            if not _spare:
                _spare.append(Reader())


def taken() -> Reader:
    """A process that waits for work, or a new one."""
    with _lock:
        while _spare:
            reader = _spare.pop()
            if reader.usable():
                return reader
            reader.end()
    return Reader()


def given_back(reader: Reader) -> None:
    """Keep one process for the next file; another ends."""
    with _lock:
        if not _spare and reader.usable():
            _spare.append(reader)
            return
    reader.end()


@atexit.register
def _end_all() -> None:
    with _lock:
        while _spare:
            _spare.pop().end()
