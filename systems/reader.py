"""Processes that read outside files for this one (`systems.tabular.confined`): begun, kept for the next file, ended.

Nothing of Arrow is imported here: whoever knows that a file will be read has a process begin while it imports the rest.
"""

import atexit
import threading
from collections.abc import Sequence
from pathlib import Path

from systems.aside import Aside

# Arrow does without numpy, whose import takes as long as its own.
_START = "import json, sys; sys.modules['numpy'] = None; sys.path[:] = json.loads(sys.argv[1]); from systems.tabular import confined; confined.serve()"


class Reader(Aside):
    """One process that reads.

    Attributes:
        at_work: it was asked something, and has not come to an end.
        last: it said that it ends after this.
    """

    def __init__(self) -> None:
        super().__init__(_START)
        self.at_work = self.last = False

    def usable(self) -> bool:
        """Whether it is this process's, there, and came to an end with what it was asked."""
        return not (self.at_work or self.last) and super().usable()


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
