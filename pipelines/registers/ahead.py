"""What a stage reads of a register, begun while an earlier one waits: one thing at a time, for whoever asks for the same.

Nothing hangs on it: what another would have read, or what could not be read, is read by who asks, who says what is wrong with it.
"""

from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock
from typing import Any, TypeVar, cast

Read = TypeVar("Read")
What = tuple[object, ...]

_lock = Lock()
_begun: list[tuple[What, "Future[Any]"]] = []


def begin(what: What, read: Callable[[], object]) -> None:
    """Begin to read; what was begun before and nobody took is let go."""
    pool = ThreadPoolExecutor(1, "ahead")
    with _lock:
        _begun[:] = [(what, pool.submit(read))]
    pool.shutdown(wait=False)


def taken(what: What, read: Callable[[], Read]) -> Read:
    """What was read under this name, once, or what is read now."""
    with _lock:
        found = [future for name, future in _begun if name == what]
        _begun.clear()
    if found and found[0].exception() is None:
        return cast("Read", found[0].result())
    return read()


@contextmanager
def let_go() -> Generator[None]:
    """Keep nothing that was begun inside beyond the block."""
    try:
        yield
    finally:
        with _lock:
            _begun.clear()
