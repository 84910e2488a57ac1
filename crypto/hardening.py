"""What a process does first of all: new files are private, and its memory goes into no file.

Imports nothing but the standard library, so that every command can afford it.
"""

import ctypes
import os
import sys

_SET_DUMPABLE, _GET_DUMPABLE = 4, 3  # prctl(2)


def harden_process() -> None:
    """Make new files private (umask 077) and switch core dumps off; call it first of all.

    A limit of zero keeps the kernel from writing a file. It does not where cores are handed to a program
    (``core_pattern`` with a pipe, as systemd-coredump has it), so the process says that it
    is not to be dumped; its memory is then closed to other processes of the same user, too.
    """
    os.umask(0o077)
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    _prctl(_SET_DUMPABLE, 0)


def core_dumps() -> bool:
    """Whether a crash of this process could write its memory, keys included, to a file."""
    try:
        import resource
    except ImportError:
        return False
    return resource.getrlimit(resource.RLIMIT_CORE)[0] != 0 or _prctl(_GET_DUMPABLE, 0) == 1


def _prctl(what: int, value: int) -> int:
    """Linux's own call; elsewhere there is none."""
    if sys.platform != "linux":
        return 0
    return int(ctypes.CDLL(None).prctl(what, value, 0, 0, 0))
