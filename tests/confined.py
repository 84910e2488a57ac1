"""Start a program with what a unit of ours leaves it: its calls, no new privileges, no memory both written and run.

    python tests/confined.py deploy/doj-release-worker.service PROGRAM WORD...

By libseccomp, which systemd itself uses; a call that is not on the list is answered EPERM. Name spaces and mounts of the unit are
not made here, but /proc as it shows it, where root starts this.
"""

import ctypes
import errno
import os
import re
import subprocess
import sys
from pathlib import Path

_ALLOW, _ERRNO, _NO_NEW_PRIVS, _MDWE, _REFUSE_GAIN = 0x7FFF0000, 0x00050000, 38, 65, 1
LIBRARY = "libseccomp.so.2"


def allowed_calls(unit: Path) -> set[str]:
    """The calls that a unit allows: its lines ``SystemCallFilter``, in their order."""
    known: dict[str, set[str]] = {}
    shown = subprocess.run(["/usr/bin/systemd-analyze", "syscall-filter", "--no-pager"], capture_output=True, text=True, check=True)  # fmt: skip
    for line in shown.stdout.splitlines():
        if line.startswith("@"):
            group = known.setdefault(line.strip(), set())
        elif line.startswith("    ") and not line.strip().startswith("#"):
            group.add(line.strip())

    def expanded(name: str) -> set[str]:
        return set().union(*map(expanded, known[name])) if name in known else {name}

    calls: set[str] = set()
    for line in re.findall(r"(?m)^SystemCallFilter=(.+)$", unit.read_text()):
        named = set().union(*(expanded(word) for word in line.removeprefix("~").split()))
        calls = calls - named if line.startswith("~") else calls | named
    return calls


def confine(unit: Path) -> None:
    """Take from this process what the unit takes from its own."""
    calls, libc = allowed_calls(unit), ctypes.CDLL(None, use_errno=True)
    libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    if "MemoryDenyWriteExecute=yes" in unit.read_text():
        libc.prctl(_MDWE, _REFUSE_GAIN, 0, 0, 0)  # from Linux 6.3 on
    seccomp = ctypes.CDLL(LIBRARY)
    seccomp.seccomp_init.restype = ctypes.c_void_p
    filter_ = ctypes.c_void_p(seccomp.seccomp_init(_ERRNO | errno.EPERM))
    for call in calls:
        number = seccomp.seccomp_syscall_resolve_name(call.encode())
        if number >= 0:
            seccomp.seccomp_rule_add(filter_, ctypes.c_uint32(_ALLOW), number, 0)
    if seccomp.seccomp_load(filter_):
        raise OSError("no filter")


if __name__ == "__main__":
    if os.geteuid() == 0:
        os.unshare(0x00020000) if hasattr(os, "unshare") else ctypes.CDLL(None).unshare(0x00020000)
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        hidden = ",hidepid=invisible" * ("ProtectProc=invisible" in Path(sys.argv[1]).read_text())
        subprocess.run(["mount", "-t", "proc", "-o", f"subset=pid{hidden}", "proc", "/proc"], check=True)  # fmt: skip
    confine(Path(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])
