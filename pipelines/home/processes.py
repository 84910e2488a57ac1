"""How processes share a home: locks, which end with their owner, and what a killed process leaves behind.

Every file of a home is written under a hidden name beside its place and renamed when it is complete, so that a name tells what is
unfinished. Nothing of it is plain but texts that the home shows anyway. Who sweeps must know that nobody is writing: the holder
of a run's lock in the run's own folders, or the day's housekeeping by age.
"""

import os
import re
import shutil
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pipelines.home.errors import ReleaseHeld
from pipelines.home.home import Home


@contextmanager
def locked(*places: Path, wait: float = 0) -> Generator[None, None, None]:
    """Hold the lock of each folder, or say that somebody else does.

    ``flock`` locks end with the process, however it ends, so none outlives its owner.

    Args:
        places: the folders; made where they are not there.
        wait: seconds for which others may keep one of them; at once where it is none.

    Raises:
        ReleaseHeld: another process has one of them (exit 8).
    """
    from filelock import FileLock, Timeout  # slow to import, and most commands lock nothing

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


# Names of what is unfinished: of crypto.files, write_private and the ledger's head, save_published.
_NAMES = re.compile(r"\.[0-9a-f]{16}\.partial|\..+\.\d+(\.tmp)?|tmp[a-z0-9_]{8}\.tmp")
_A_DAY = 24 * 3600  # seconds: no file takes that long to write


def sweep(*folders: Path) -> int:
    """Remove what is unfinished in folders; how many there were.

    For the holder of the folders' lock alone: it can't tell what was left from work in progress.
    """
    return sum(_remove(path) for folder in folders for path in _in(folder))


def sweep_home(home: Home, *, older: float = _A_DAY) -> int:
    """Remove what is unfinished anywhere in a home and was not touched for so many seconds."""
    assert isinstance(home, Home)  # a path has a root, too: that of the whole machine
    before = time.time() - older
    return sum(_remove(p) for p in _in(home.root) if _touched(p) <= before)


def unfinished(home: Home) -> Iterator[float]:
    """The age in seconds of everything unfinished in a home."""
    now = time.time()
    return (now - _touched(path) for path in _in(home.root))


def is_unfinished(name: str) -> bool:
    """Whether a file of this name is one that somebody is still writing, or never finished."""
    return _NAMES.fullmatch(name) is not None


def _in(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        unfinished = [n for n in (*folders, *files) if is_unfinished(n)]
        folders[:] = [n for n in folders if n not in unfinished]
        yield from (Path(place) / name for name in unfinished)


def _touched(path: Path) -> float:
    try:
        return path.stat(follow_symlinks=False).st_mtime
    except FileNotFoundError:
        return time.time()


def _remove(path: Path) -> bool:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
    return not path.exists()
