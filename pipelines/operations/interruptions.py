"""What stops a run from outside: no room, no memory, no database, no cluster, no bucket.

Such a stop says nothing about the release: it is not recorded as a failure of it, its approval
stands, and the run is resumed where it was. What else the operating system may refuse a command gets its code here, too.
"""

import contextlib
import errno
import os
from collections.abc import Generator
from pathlib import Path
from typing import Literal

from approvals.errors import LedgerMissing, LedgerUnavailable
from crypto.errors import FileUnusable
from errors import CodedError
from pipelines.cluster import ClusterLost, ClusterUnavailable, ShardStopped
from pipelines.errors import Unexpected
from pipelines.home import HomeUnusable
from pipelines.operations.errors import PartMissing, RunInterrupted, SystemRefused
from pipelines.storage import INTERRUPTIONS

What = Literal["disk", "memory", "database", "cluster", "bucket", "signal"]
_DISK = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE}
)
_OUR_ROOMS = frozenset(
    [
        "approvals",
        "crypto",
        "errors",
        "expectations",
        "extracts",
        "matching",
        "pipelines",
        "synthetic",
        "systems",
    ]
)
_NO_THREAD = "can't start new thread"  # CPython's own text, a RuntimeError


def what_ran_out(error: BaseException) -> What | None:
    """What an exception says that the machine lacks; None where it says something else."""
    if isinstance(error, RunInterrupted):
        return error.facts.get("what")  # type: ignore[return-value]
    if isinstance(error, LedgerUnavailable | LedgerMissing):
        return "database"
    if isinstance(error, FileUnusable):
        return "disk"
    if isinstance(error, ClusterUnavailable | ClusterLost | ShardStopped):
        return "cluster"
    if isinstance(error, INTERRUPTIONS):
        return "bucket"
    if isinstance(error, MemoryError) or _NO_THREAD in str(error.args[:1]):
        return "memory"
    if isinstance(error, OSError) and error.errno in _DISK:
        return "disk"
    return None


def as_interruption(error: BaseException) -> CodedError | None:
    """The coded error of an interruption: the error itself where it has a code; None otherwise."""
    what = what_ran_out(error)
    if what is None:
        return None
    if isinstance(error, CodedError):
        return error
    said = {"problem": problem_of(error)} if isinstance(error, OSError) else {}
    return RunInterrupted(what=what, **said)


def as_refused(error: BaseException, home: Path | None = None) -> CodedError | None:
    """What a person or a machine can cause, as a coded error without the path; None for what is a mistake of ours.

    An interruption, a file or folder of the home, a library that is not installed, or whatever else the operating system refused.
    """
    if interrupted := as_interruption(error):
        return interrupted
    if isinstance(error, ImportError):
        part = (error.name or "of no name").partition(".")[0]
        return None if part in _OUR_ROOMS else PartMissing(module=part)
    if not isinstance(error, OSError):
        return None
    named = error.filename2 or error.filename
    if home is not None and isinstance(named, str):
        place = Path(os.path.abspath(named))  # noqa: PTH100  # what a link leads to is not asked
        if place.is_relative_to(root := Path(os.path.abspath(home))):  # noqa: PTH100
            below = place.relative_to(root).parts[:1]
            return HomeUnusable(place=below or ("the home itself",), problem=problem_of(error))
    return SystemRefused(problem=problem_of(error))


def problem_of(error: OSError) -> str:
    """The system's own words for it, which name no file: permission denied, is a directory."""
    return os.strerror(error.errno).lower() if error.errno else type(error).__name__


@contextlib.contextmanager
def if_possible() -> Generator[None, None, None]:
    """Do something that must not hide why a run stopped: a full disk may stop it, too."""
    try:
        yield
    except (OSError, MemoryError, LedgerUnavailable, LedgerMissing, FileUnusable):
        return


def unexpected(error: Exception) -> Unexpected:
    """An error that nobody foresaw: its kind and where it happened, without its text, which may quote a value."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else "?"
    return Unexpected(kind=type(error).__name__, at=place)
