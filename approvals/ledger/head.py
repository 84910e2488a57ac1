"""The ledger's head, kept beside it under a key: how far it reached when it was last appended to.

A chain that was cut at its end, or restamped, holds together by itself. Checkpoints that left the
building show it up to the day on which they were made; the head shows it up to the last event, to
everybody who can't also make its keyed digest: a database's administrator, or a backup that was put
back too early. It may lag behind (a process killed between the two writes), never run ahead.
"""

import fcntl
import hmac
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from approvals.ledger.errors import HeadWrong

Digest = Callable[[str, bytes], str]
_LABEL = "ledger head"


@dataclass(frozen=True, slots=True)
class Head:
    """The newest event that the home has seen: its number and hash."""

    size: int
    hash: str

    def content(self) -> bytes:
        """The bytes under the keyed digest."""
        return f"{self.size} {self.hash}".encode()


class HeadFile:
    """``<home>/ledger.head``; several processes may advance it."""

    def __init__(self, path: Path, digest: Digest) -> None:
        self._path = path
        self._digest = digest

    def advance(self, size: int, digest: str) -> None:
        """Note that the ledger reached ``size``; an older note never replaces a newer one."""
        lock = os.open(self._path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            found = self._size_there()
            if found is None or found < size:
                self._write(Head(size, digest))
        finally:
            os.close(lock)

    def read(self) -> Head:
        """The head.

        Raises:
            HeadWrong: it is missing, or was not written by this home.
        """
        try:
            content = cast("dict[str, Any]", json.loads(self._path.read_text("ascii")))
            head = Head(int(content["size"]), str(content["hash"]))
            mark = str(content["mark"])
        except (OSError, ValueError, KeyError, TypeError):
            raise HeadWrong(what="missing or unreadable") from None
        if not hmac.compare_digest(mark, self._digest(_LABEL, head.content())):
            raise HeadWrong(what="not written by this home")
        return head

    def _size_there(self) -> int | None:
        try:
            return int(json.loads(self._path.read_text("ascii"))["size"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write(self, head: Head) -> None:
        mark = self._digest(_LABEL, head.content())
        partial = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            handle = os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                json.dump({"size": head.size, "hash": head.hash, "mark": mark}, file)
            partial.replace(self._path)
        finally:
            partial.unlink(missing_ok=True)
