"""Who works on what: locks that the operating system releases with their owner."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from pipelines.home.errors import ReleaseHeld


@contextmanager
def held(*places: Path, wait: float = 0) -> Generator[None, None, None]:
    """Hold the lock of each folder, or say that somebody else does.

    ``flock`` locks end with the process, however it ends, so none outlives its owner.

    Args:
        places: the folders; made where they are not there.
        wait: seconds for which others may keep one of them; at once where it is none.

    Raises:
        ReleaseHeld: another process has one of them (exit 8).
    """
    with ExitStack() as stack:
        for place in sorted(places):
            place.mkdir(exist_ok=True, mode=0o700)
            lock = FileLock(place / ".lock", timeout=wait, mode=0o600)
            try:
                stack.enter_context(lock.acquire())
            except Timeout:
                raise ReleaseHeld(what=_named(place)) from None
        yield


_KINDS = {"runs": "release", "projects": "project", "register": "register", "history": "history"}


def _named(place: Path) -> str:
    """What a person calls the folder: ``project 2026-001``."""
    kind = _KINDS.get(place.parent.name)
    return f"{kind} {place.name}" if kind else "home"
