"""Command lines and working folders of what our commands start: sinks that vanish with their process."""

import os
import threading
from pathlib import Path
from typing import Self

_EVERY = 0.1  # seconds


class Processes:
    """Writes down, while it is open, what ``/proc`` tells everybody of our commands' children.

    The commands themselves are left out: what a person types is what they typed.
    """

    def __init__(self, sink: Path) -> None:
        self._sink = sink
        self._seen: set[bytes] = set()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self._sink.write_bytes(b"\n".join(sorted(self._seen)))

    def _watch(self) -> None:
        while not self._end.wait(_EVERY):
            parents = dict(_parents())
            for number in parents:
                if _depth(number, parents) >= 2:
                    self._note(number, parents[number])

    def _note(self, number: int, parent: int) -> None:
        try:
            line, above = (Path(f"/proc/{one}/cmdline").read_bytes() for one in (number, parent))
        except OSError:
            return
        if line != above:  # else it has yet to become what it was started for
            self._seen.add(line.replace(b"\0", b" "))


def _parents() -> list[tuple[int, int]]:
    found = []
    for place in Path("/proc").iterdir():
        try:
            number = int(place.name)
            status = (place / "stat").read_text()
        except (ValueError, OSError):
            continue
        found.append((number, int(status.rsplit(")", 1)[1].split()[1])))
    return found


def _depth(number: int, parents: dict[int, int]) -> int:
    """How many generations below this process; 0 where it is no descendant."""
    depth, own = 0, os.getpid()
    while number in parents:
        if number == own:
            return depth
        number, depth = parents[number], depth + 1
    return 0
