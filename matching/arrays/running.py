"""How work runs: on all cores (numpy and rapidfuzz let other threads run meanwhile), timed by stage, without the collector."""

import ctypes
import gc
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Final, TypeVar, cast

import pyarrow as pa

MUCH: Final = 3 << 30  # bytes of a process, beside which giving back what was freed costs nothing

_AHEAD: Final = 2  # tasks: results wait, and are large

Task = TypeVar("Task")
Result = TypeVar("Result")


def in_threads(
    work: Callable[[Task], Result],
    tasks: Iterable[Task],
    threads: int | None,
    ahead: int = _AHEAD,
) -> Iterator[Result]:
    """``work`` done for each task, in the tasks' order whoever finishes first; on all cores where no number is given.

    ``ahead`` tasks of each thread are begun or done before their turn.
    """
    number = threads or len(os.sched_getaffinity(0))
    if number > 1:
        tasks = list(tasks)
        number = min(number, len(tasks))
    if number <= 1:  # nothing to do beside it
        yield from map(work, tasks)
        return
    rest = iter(tasks)
    with ThreadPoolExecutor(number, "linkage") as pool:
        waiting = deque(pool.submit(work, task) for task in islice(rest, ahead * number))
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(work, task) for task in islice(rest, 1))
            yield result


def prefetch(parts: Iterable[Result]) -> Iterator[Result]:
    """Parts, of which the next is made while one is worked."""
    source, end = iter(parts), object()
    with ThreadPoolExecutor(1, "prefetch") as other:
        waiting = other.submit(next, source, end)
        while (part := waiting.result()) is not end:
            waiting = other.submit(next, source, end)
            yield cast("Result", part)


class Clock:
    """Adds the seconds of a block of code to a stage."""

    def __init__(self, seconds: dict[str, float], stage: str) -> None:
        self._seconds, self._stage = seconds, stage

    def __enter__(self) -> None:
        self._start = perf_counter()

    def __exit__(self, *_: object) -> None:
        spent = perf_counter() - self._start
        self._seconds[self._stage] = self._seconds.get(self._stage, 0.0) + spent


def give_back(beyond: int = 0) -> None:
    """Let the machine have what was freed: many threads' large arrays leave holes that are kept otherwise, a third of all.

    Where the process has no more than ``beyond`` bytes nothing is done: what is taken again must be cleared again.
    """
    if beyond and _process_bytes() <= beyond:
        return
    pa.default_memory_pool().release_unused()
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:  # glibc's
        trim(0)


def _process_bytes() -> int:
    """The memory that this process has; 0 where the machine does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def gc_paused() -> Generator[None, None, None]:
    """No search for cycles inside; it goes on afterwards where it was on before.

    A linkage makes millions of texts: the collector would look at all of them and find no cycle.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
