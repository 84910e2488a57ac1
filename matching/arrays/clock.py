"""Seconds by stage."""

from time import perf_counter


class Clock:
    """Adds the seconds of a block of code to a stage."""

    def __init__(self, seconds: dict[str, float], stage: str) -> None:
        self._seconds, self._stage = seconds, stage

    def __enter__(self) -> None:
        self._start = perf_counter()

    def __exit__(self, *_: object) -> None:
        spent = perf_counter() - self._start
        self._seconds[self._stage] = self._seconds.get(self._stage, 0.0) + spent
