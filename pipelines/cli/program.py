"""The installed program: the command, then an end that no library can spoil.

Arrow and DuckDB keep worker threads. One that still lets go of a Python object while the interpreter goes
down is unwound by force, and the C++ runtime then aborts the process: the command's exit code would
be lost (134 for 6), on busy machines now and then. So the process leaves as soon as everything of
Python's own is done: threads joined, exit functions run, streams flushed.
"""

import atexit
import gc
import logging
import os
import sys
from pathlib import Path

from pipelines.cli.app import main

_SIGNALLED = 128  # exit codes above it
_YOUNG = 100_000  # new objects between two looks for cycles: 7 looks while all libraries are imported, 1,038 with Python's 700


def program(folder: Path | None = None) -> None:
    """Run the command of ``sys.argv`` and leave with its exit code.

    Args:
        folder: the caller's, where the process itself stands elsewhere (`pipelines.start`).
    """
    gc.set_threshold(_YOUNG)
    ending = _Ending()
    # Exit functions run in reverse: what libraries register later is done before this one.
    atexit.register(ending.leave)
    try:
        main() if folder is None else main(folder=folder)
    except SystemExit as ended:
        ending.code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if ending.code > _SIGNALLED:
            ending.leave()  # exit functions of libraries would talk to a server that is gone
        raise
    else:
        ending.code = 0


class _Ending:
    """How the process ends; 1 is what an uncaught error gives."""

    def __init__(self) -> None:
        self.code = 1

    def leave(self) -> None:
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):  # a closed pipe: as the interpreter itself says it
                self.code = self.code or 120
        os._exit(self.code)
