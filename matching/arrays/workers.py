"""Work on both cores: numpy and rapidfuzz let other threads run while they work on arrays."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

Task = TypeVar("Task")
Result = TypeVar("Result")


def cores(threads: int | None) -> int:
    """How many threads to use: as told, or one for each core this process may use."""
    return threads or len(os.sched_getaffinity(0))


def each(
    work: Callable[[Task], Result], tasks: Iterable[Task], threads: int | None
) -> Iterator[Result]:
    """``work`` done for each task, in the tasks' order whoever finishes first."""
    number = cores(threads)
    if number == 1:
        yield from map(work, tasks)
        return
    with ThreadPoolExecutor(number, "linkage") as pool:
        yield from pool.map(work, tasks)


def ahead(parts: Iterable[Result]) -> Iterator[Result]:
    """Parts, of which the next is made while one is worked."""
    source, end = iter(parts), object()
    with ThreadPoolExecutor(1, "ahead") as other:
        waiting = other.submit(next, source, end)
        while (part := waiting.result()) is not end:
            waiting = other.submit(next, source, end)
            yield cast("Result", part)
