"""What was made of events is kept, and only what has newer events is made on: for lists over everything that happened.

One object may be kept by a process that lives long and asked from several threads. What it gives is what reading everything again
would give: where the ledger is another, or was put back, it begins anew.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from approvals.ledger.ledger import Entry, Ledger

T = TypeVar("T")
# Goes on from what was made of the events before (None: there were none) with newer ones; None: nothing comes of them.
Step = Callable[[T | None, Sequence[Entry]], T | None]


class Remembered(Generic[T]):
    """What is made of the events of each project's own life, or of each release, by its id and in the order of their first events."""

    def __init__(self, step: Step[T], *, releases: bool) -> None:
        """``releases``: of each release, and not of each project."""
        self._step = step
        self._releases = releases
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._made: dict[str, T] = {}
        self._seq, self._hash = 0, ""  # of the newest event that was read

    def of(self, ledger: Ledger) -> Mapping[str, T]:
        """Everything as the ledger stands now; a copy of the caller's own.

        Raises:
            LedgerUnavailable: the database failed; what was read before is kept.
        """
        with self._lock:
            if self._seq and ledger.hash_at(self._seq) != self._hash:
                self._forget()
            for some in ledger.newer(self._seq, releases=self._releases):
                newer: dict[str, list[Entry]] = {}
                for entry in some:
                    about = entry.release if self._releases else entry.project
                    newer.setdefault(about or "", []).append(entry)
                for about, entries in newer.items():
                    if (made := self._step(self._made.get(about), entries)) is not None:
                        self._made[about] = made
                self._seq, self._hash = some[-1].seq, some[-1].hash
            return dict(self._made)
