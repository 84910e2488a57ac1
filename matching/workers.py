"""Work on both cores: numpy and rapidfuzz let other threads run while they work on arrays."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

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
