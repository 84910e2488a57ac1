"""What a process may still do that is to see something that it could not be trusted with, or to reach nothing: read the program's own code."""

import ctypes
import os
import resource
import struct
import sys

_SET_DUMPABLE, _SET_NO_NEW_PRIVS = 4, 38  # prctl(2)
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = (
    444,
    445,
    446,
)  # landlock(7); the same on every architecture
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_OPEN_PATH = getattr(os, "O_PATH", 0)


def confine() -> None:
    """Write no file, get no new privilege; where the kernel has Landlock open nothing but the program's own code, reach no network, signal nobody.

    For good, and for the calling thread and what it begins from here on.
    """
    for kind in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        resource.setrlimit(kind, (0, 0))
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as worst:  # noqa: PTH123
            worst.write("1000")  # where memory ends for all, this process is the one to go
    except OSError:
        pass
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    if libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    _close_file_system(libc)


def _close_file_system(libc: ctypes.CDLL) -> None:
    """Landlock: read the program and its libraries, and nothing else of files, network and other processes."""
    version = libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:  # not in this kernel: the limits remain
        return
    # Every right that this version knows is taken away: of files, of TCP, of sockets and signals.
    files = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    rights = struct.pack("=QQQ", files, 0b11, 0b11)[: 8 if version < 4 else 16 if version < 6 else 24]  # fmt: skip
    rules = libc.syscall(_CREATE_RULESET, rights, len(rights), 0)
    for place in {
        *sys.path,
        sys.base_prefix,
        sys.prefix,
        "/usr",
        "/lib",
        "/lib64",
        "/etc/ld.so.cache",
    }:
        try:
            handle = os.open(place, _OPEN_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        allowed = _READ_FILE | (_READ_DIR if os.path.isdir(place) else 0)  # noqa: PTH112
        libc.syscall(_ADD_RULE, rules, 1, struct.pack("=Qi", allowed, handle), 0)
        os.close(handle)
    if libc.syscall(_RESTRICT_SELF, rules, 0) != 0:
        raise OSError(ctypes.get_errno(), "landlock")
    os.close(rules)
