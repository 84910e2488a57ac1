"""A new isolated Python of ours at the other end of a socket: it holds no key, knows nothing of our environment, and ends with who began it."""

import json
import os
import socket
import subprocess
import sys

# The environment holds nothing of ours; libraries start no threads of their own beside Arrow's, and find no user's folder.
_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "HOME": "/nonexistent",
    "MALLOC_ARENA_MAX": "2",
    "OPENBLAS_NUM_THREADS": "1",
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
    "ARROW_DEFAULT_MEMORY_POOL": "mimalloc",
}
_PATIENCE = 5  # seconds in which a process whose channel broke is gone by itself


class Aside:
    """One process, and the channel to it.

    Args:
        start: what it runs; ``sys.argv[1]`` is where it finds our code, as JSON, and its standard input the channel.

    Attributes:
        channel: the socket of which the process has the other end.
    """

    def __init__(self, start: str) -> None:
        self._owner = os.getpid()
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
        """Whether it is this process's, and there."""
        return self._owner == os.getpid() and self._process.poll() is None

    def end(self) -> None:
        """End the process; what it was at is lost."""
        self.channel.close()
        if self._owner == os.getpid():
            self._process.kill()
            self._process.wait()
