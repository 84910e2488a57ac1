"""A new isolated Python of ours at the other end of a socket: it holds no key, knows nothing of our environment, and ends with who began it.

Nothing heavy is imported here: whoever knows that there will be work has a process begin while it imports the rest.
"""

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager

# The environment holds nothing of ours; libraries start no threads of their own beside Arrow's, and find no user's folder.
# Memory: as in `pipelines.start`.
_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "HOME": "/nonexistent",
    "OPENBLAS_NUM_THREADS": "1",
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "33554432",
    "MALLOC_TRIM_THRESHOLD_": "1073741824",
}
_PATIENCE = 5  # seconds in which a process whose channel broke is gone by itself


class Aside:
    """One process, and the channel to it.

    Args:
        start: what it runs; ``sys.argv[1]`` is where it finds our code, as JSON, and its standard input the channel.

    Attributes:
        channel: the socket of which the process has the other end.
        idle: it came to an end with all that it was asked, and takes more.
    """

    def __init__(self, start: str) -> None:
        self._owner, self.idle = os.getpid(), True
        self.channel, theirs = socket.socketpair()
        with theirs:
            path = [place for place in sys.path if place]
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", start, json.dumps(path)],
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
        """Whether it is this process's, there, and idle."""
        return self.idle and self._owner == os.getpid() and self._process.poll() is None

    def end(self) -> None:
        """End the process; what it was at is lost."""
        self.channel.close()
        if self._owner == os.getpid():
            self._process.kill()
            self._process.wait()


class Spare:
    """The process of one kind that waits for work: begun ahead, kept from one piece of work for the next, ended with this process.

    There is one of each kind in a process, in the module that knows what it runs, and it is nobody's in particular: what waits
    ended what it was asked, and was told of no home and no run.

    Args:
        start: what it runs; see `Aside`.
    """

    def __init__(self, start: str) -> None:
        self._start = start
        self._waiting: Aside | None = None
        self._lock = threading.Lock()
        atexit.register(self.end)

    def begin(self) -> None:
        """Have a process begin, unless one waits already."""
        with self._lock:
            self._waiting = self._waiting or Aside(self._start)

    @contextmanager
    def at_work(self) -> Generator[Aside, None, None]:
        """The process that waits, or a new one; whoever works with it says when it is idle again, else it ends after the block."""
        one = self._taken()
        if one is not None and not one.usable():
            one.end()
            one = None
        one = one or Aside(self._start)
        one.idle = False
        try:
            yield one
        finally:
            with self._lock:
                if self._waiting is None and one.usable():
                    self._waiting, one = one, None
            if one is not None:
                one.end()

    def end(self) -> None:
        """Let the process go that waits, if one does: beside work that takes long and much memory."""
        if (one := self._taken()) is not None:
            one.end()

    def _taken(self) -> Aside | None:
        with self._lock:
            one, self._waiting = self._waiting, None
        return one
