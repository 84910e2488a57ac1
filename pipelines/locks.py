"""Who works on what: locks that the operating system releases with their owner."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from pipelines.errors import ReleaseHeld


@contextmanager
def held(*places: Path) -> Generator[None, None, None]:
    """Hold the lock of each folder, or say at once that somebody else does.

    ``flock`` locks end with the process, however it ends, so none outlives its owner.

    Raises:
        ReleaseHeld: another process has one of them (exit 8).
    """
    with ExitStack() as stack:
        for place in sorted(places):
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = FileLock(place / ".lock", timeout=0, mode=0o600)
            try:
                stack.enter_context(lock.acquire())
            except Timeout:
                raise ReleaseHeld(what=place.parent.name) from None
        yield
