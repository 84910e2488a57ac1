"""What stops a run from outside: no room, no memory, no database, no cluster, no bucket.

Such a stop says nothing about the release: it is not recorded as a failure of it, its approval
stands, and the run is resumed where it was.
"""

import contextlib
import errno
from collections.abc import Generator
from typing import Literal

from approvals.errors import LedgerMissing, LedgerUnavailable
from crypto.errors import FileUnusable
from errors import CodedError
from pipelines.cluster import ClusterLost, ClusterUnavailable, ShardStopped
from pipelines.operations.errors import RunInterrupted
from pipelines.storage import INTERRUPTIONS

What = Literal["disk", "memory", "database", "cluster", "bucket"]
_DISK = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE}
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
    return error if isinstance(error, CodedError) else RunInterrupted(what=what)


@contextlib.contextmanager
def if_possible() -> Generator[None, None, None]:
    """Do something that must not hide why a run stopped: a full disk may stop it, too."""
    try:
        yield
    except (OSError, MemoryError, LedgerUnavailable, LedgerMissing, FileUnusable):
        return
