"""A command run to its end: seconds, processor seconds, and the memory of all its processes together."""

import os
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE") // 1024  # KiB
_SAMPLED = 0.2  # seconds between looks at the memory


@dataclass
class Run:
    """One process from start to end."""

    seconds: float
    cpu: float
    gib: float
    output: str


def timed(command: list[str]) -> Run:
    """Run a command; the memory of its whole tree of processes is added up."""
    begin = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = subprocess.Popen(command, stdout=out, stderr=err)
        peak = [0]
        done = threading.Event()

        def watch() -> None:
            while not done.wait(_SAMPLED):
                peak[0] = max(peak[0], memory(tree(child.pid)))

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        _, status, used = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        done.set()
        watcher.join()
        out.seek(0)
        err.seek(0)
        if child.returncode:
            raise SystemExit(f"{command[0]} failed: {err.read()[-2000:]}{out.read()[-2000:]}")
        biggest = max(peak[0], used.ru_maxrss if peak[0] == 0 else 0)
        return Run(seconds, used.ru_utime + used.ru_stime, biggest / 2**20, out.read())


def tree(pid: int) -> list[int]:
    """A process and all its descendants."""
    found, at = [pid], 0
    while at < len(found):
        try:
            for task in Path(f"/proc/{found[at]}/task").iterdir():
                found += [int(p) for p in (task / "children").read_text().split()]
        except OSError:
            pass
        at += 1
    return found


def memory(pids: list[int]) -> int:
    """Memory of some processes, in KiB: what is resident, and of several their shares of what they share (PSS).

    Shares are added up page by page while the process waits: where there is one process alone nobody need wait.
    """
    return resident(pids[0]) if len(pids) == 1 else sum(share(pid) for pid in pids)


def resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0


def share(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except (OSError, ValueError):
        pass
    return 0
