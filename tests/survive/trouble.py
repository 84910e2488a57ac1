"""What happens to a run: a signal, a full disk, no memory, no database; at a point or after a while.

A *point* is the moment before a process changes something on the disk (a file opened for writing, a
rename, a removal, a statement of the ledger), as Python's audit events tell. Every boundary between
stages is a point: a stage's record is written by one rename.
"""

import os
import resource
import signal
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ACTIONS = ("kill", "term", "disk", "full", "memory", "database")  # and "stop", for two at once
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {"os.rename": 1, "os.remove": 0, "os.rmdir": 0, "os.mkdir": 0, "os.link": 1}
HIDDEN, BALLAST = "ledger.gone", "ballast"


@dataclass(frozen=True)
class Trouble:
    """One thing that goes wrong.

    Attributes:
        action: one of ``ACTIONS``.
        point: at which change of the disk, counted from 0; None: after ``seconds``.
        seconds: of the command's work, for signals that come from outside.
        room: bytes or pages that are left on a full disk or in memory.
    """

    action: str
    point: int | None = None
    seconds: float = 0.0
    room: int = 0

    def __str__(self) -> str:
        when = f"point {self.point}" if self.point is not None else f"{self.seconds:.3f} s"
        return f"{self.action} at {when}" + (f" ({self.room} left)" if self.room else "")


class Watch:
    """Counts the points of this process, and lets the trouble happen at its own."""

    def __init__(self, place: Path, trouble: Trouble | None) -> None:
        self.points: list[str] = []
        self._inside = f"{place}/"
        self._home = place / "home"
        self._trouble = trouble
        self._busy = False
        self._done = trouble is None or trouble.point is None

    def begin(self) -> None:
        """Watch from now on; an audit hook can't be taken back, so only in a process of its own."""
        from sqlalchemy import Engine, event

        sys.addaudithook(self._audited)
        event.listen(Engine, "after_cursor_execute", self._executed)

    def _audited(self, name: str, given: tuple[Any, ...]) -> None:
        if self._busy:
            return
        if name == "open":
            path, _, flags = given
            if not isinstance(flags, int) or not flags & _WRITES:
                return
        elif name in _CHANGES:
            path = given[_CHANGES[name]]
        else:
            return
        if isinstance(path, str | os.PathLike) and os.fspath(path).startswith(self._inside):
            self._point(f"{name} {os.fspath(path).removeprefix(self._inside)}")

    def _executed(self, _connection, _cursor, statement: str, *_: object) -> None:
        word = statement.split(None, 1)[0]
        if word in {"INSERT", "COMMIT"} and not self._busy:
            self._point(f"sql {word}")

    def _point(self, label: str) -> None:
        self.points.append(label)
        if not self._done and len(self.points) > self._trouble.point:
            self._busy = True
            try:
                self._done = happen(self._trouble, self._home)
            finally:
                self._busy = False


def happen(trouble: Trouble, home: Path) -> bool:
    """Let it happen to this process; False where it can't just now and is tried at the next point."""
    return _HAPPENS[trouble.action](trouble, home)


def _signal(number: signal.Signals) -> Callable[[Trouble, Path], bool]:
    def send(_trouble: Trouble, _home: Path) -> bool:
        os.kill(os.getpid(), number)
        return True

    return send


def _disk(trouble: Trouble, _home: Path) -> bool:
    """Every file may be so many bytes long, wherever it is."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (trouble.room, resource.RLIM_INFINITY))
    return True


def _full(trouble: Trouble, home: Path) -> bool:
    """The file system has so many pages left."""
    ballast = home.parent.parent / BALLAST
    with ballast.open("wb") as sink:
        system = os.fstatvfs(sink.fileno())
        for _ in range(max(0, system.f_bavail - trouble.room)):
            sink.write(b"\0" * system.f_frsize)
    return True


def _memory(trouble: Trouble, _home: Path) -> bool:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + trouble.room
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
    return True


def _database(_trouble: Trouble, home: Path) -> bool:
    """The ledger's file is gone, between two transactions of this process."""
    path = home / "ledger.sqlite3"
    try:
        con = sqlite3.connect(path, timeout=0, isolation_level=None)
        con.execute("BEGIN IMMEDIATE")
        con.execute("COMMIT")
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        con.close()
    except sqlite3.Error:
        return False
    if path.with_name(f"{path.name}-wal").exists():  # somebody of this process reads
        return False
    path.rename(path.with_name(HIDDEN))
    return True


_HAPPENS: dict[str, Callable[[Trouble, Path], bool]] = {
    "kill": _signal(signal.SIGKILL),
    "term": _signal(signal.SIGTERM),
    "stop": _signal(signal.SIGSTOP),
    "disk": _disk,
    "full": _full,
    "memory": _memory,
    "database": _database,
}


def over(home: Path) -> None:
    """Put back what the trouble took from everybody: the ledger and the room on the disk."""
    hidden = home / HIDDEN
    if hidden.exists():
        hidden.rename(home / "ledger.sqlite3")
    (home.parent.parent / BALLAST).unlink(missing_ok=True)
