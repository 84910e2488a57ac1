"""What a process that was killed had begun to write: found by its name, and removed.

Every file of a home is written under a hidden name beside its place and renamed when it is
complete, so that a name tells what is unfinished. Nothing of it is plain but texts that the home
shows anyway. Who sweeps must know that nobody is writing: the holder of a run's lock in the run's
own folders, or the day's housekeeping by age.
"""

import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from pipelines.home.home import Home

# crypto.files, write_private and the ledger's head, save_published.
_NAMES = re.compile(r"\.[0-9a-f]{16}\.partial|\..+\.\d+(\.tmp)?|tmp[a-z0-9_]{8}\.tmp")
_A_DAY = 24 * 3600  # seconds: no file takes that long to write


def sweep(*folders: Path) -> int:
    """Remove what is unfinished in folders; how many there were.

    For the holder of the folders' lock alone: it can't tell leftovers from work in progress.
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


def _in(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        unfinished = [n for n in (*folders, *files) if _NAMES.fullmatch(n)]
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
