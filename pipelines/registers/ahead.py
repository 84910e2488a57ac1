"""What a stage reads of a register, begun while an earlier one waits: one thing at a time, for whoever asks for the same.

Nothing hangs on it: what another would have read, or what could not be read, is read by who asks, who says what is wrong with it.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, Self, TypeVar, cast

Read = TypeVar("Read")
What = tuple[object, ...]


class ReadAhead:
    """What one run has begun to read; nothing of it is kept beyond the ``with`` block that it is handed on in."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._begun: tuple[What, Future[Any]] | None = None

    def begin(self, what: What, read: Callable[[], object]) -> None:
        """Begin to read; what was begun before and nobody took is let go."""
        pool = ThreadPoolExecutor(1, "ahead")
        with self._lock:
            self._begun = what, pool.submit(read)
        pool.shutdown(wait=False)

    def taken(self, what: What, read: Callable[[], Read]) -> Read:
        """What was read under this name, once, or what is read now."""
        with self._lock:
            begun, self._begun = self._begun, None
        if begun is not None and begun[0] == what and begun[1].exception() is None:
            return cast("Read", begun[1].result())
        return read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._begun = None
