"""Files that hold or carry something secret: 0600, whole or not at all, on the disk when named.

Knows nothing of what is inside.
"""

import contextlib
import errno
import os
import secrets
import shutil
import stat
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import BinaryIO

from crypto.errors import FileUnusable

PRIVATE_FILE, PRIVATE_DIRECTORY = 0o600, 0o700
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_BINARY = getattr(os, "O_BINARY", 0)


def standing(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Everything below a folder with what ``lstat`` says of it; what another process takes away meanwhile is left out."""
    for above, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(above, name)
            with contextlib.suppress(FileNotFoundError):
                yield path, path.lstat()


def open_new(path: Path) -> BinaryIO:
    """Open a file that does not exist yet for writing, 0600 whatever the umask.

    Raises:
        FileExistsError: it exists.
        OSError: the directory is missing or can't be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW | _BINARY
    return os.fdopen(os.open(path, flags, PRIVATE_FILE), "wb")


def reserve(sink: BinaryIO, size: int) -> None:
    """Ask the disk for room before anything is written; sinks that are no files have enough.

    A full disk shows now and not after an hour, and blocks that are allocated together cost half.

    Raises:
        OSError: there is no room.
    """
    try:
        handle = sink.fileno()
    except (AttributeError, OSError):  # io.UnsupportedOperation is an OSError
        return
    if size and hasattr(os, "posix_fallocate") and stat.S_ISREG(os.fstat(handle).st_mode):
        try:
            os.posix_fallocate(handle, 0, size)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):  # the file system can't
                raise


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading, and nothing behind a link, a pipe or a device.

    Raises:
        FileUnusable: missing, a link, no regular file, or not readable.
    """
    try:
        flags = os.O_RDONLY | _NOFOLLOW | getattr(os, "O_NONBLOCK", 0) | _BINARY
        handle = os.fdopen(os.open(path, flags), "rb")
    except OSError as error:
        raise FileUnusable(problem=_problem(error)) from None
    if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
        handle.close()
        raise FileUnusable
    return handle


def read_small(path: Path, longest: int) -> bytes:
    """Read a small regular file.

    Raises:
        FileUnusable: as `open_regular`, or larger than ``longest`` bytes.
    """
    with open_regular(path) as handle:
        data = handle.read(longest + 1)
    if len(data) > longest:
        raise FileUnusable
    return data


# What this process is writing, whatever for: it is ended by force as a whole, by a signal that no caller is handed.
_unfinished: set[Path] = set()


@contextlib.contextmanager
def unfinished(*paths: Path) -> Generator[None, None, None]:
    """Name what is half written in the block, for :func:`discard_unfinished`."""
    _unfinished.update(paths)
    try:
        yield
    finally:
        _unfinished.difference_update(paths)


def discard_unfinished() -> None:
    """Remove what this process is writing: it ends at once, and nobody comes to an end of their own."""
    for path in tuple(_unfinished):
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else _discard(path)


def temporary_beside(path: Path) -> Path:
    """Make up a hidden name in the same directory, so that a rename is atomic."""
    return path.with_name(f".{secrets.token_hex(8)}.partial")


@contextlib.contextmanager
def coded() -> Generator[None, None, None]:
    """Turn what the system says about a file, which quotes its path, into `FileUnusable`."""
    try:
        yield
    except OSError as error:
        raise FileUnusable(problem=_problem(error)) from None


def _problem(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno else "unknown"


@contextlib.contextmanager
def written_whole(path: Path) -> Generator[Path, None, None]:
    """Give a temporary path to write; it becomes ``path`` after the block, or vanishes.

    Raises:
        FileUnusable: it could not be written or renamed.
    """
    partial = temporary_beside(path)
    try:
        with coded():
            open_new(partial).close()
        with unfinished(partial):
            yield partial
        with coded():
            sync(partial)
            partial.replace(path)
            sync_directory(path.parent)
    finally:
        _discard(partial)


@contextlib.contextmanager
def directory_written_whole(partial: Path, directory: Path) -> Generator[None, None, None]:
    """Make ``partial`` (0700); after the block it becomes ``directory``, else it vanishes.

    Raises:
        FileUnusable: it could not be made or renamed; an existing directory must be empty.
    """
    try:
        with coded():
            partial.mkdir(mode=PRIVATE_DIRECTORY)
        with unfinished(partial):
            yield
        with coded():
            sync_directory(partial)
            partial.rename(directory)
            sync_directory(directory.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_small(path: Path, data: bytes) -> None:
    """Write a small file whole, 0600; an old one is replaced.

    Raises:
        FileUnusable: it could not be written.
    """
    with written_whole(path) as partial, coded():
        partial.write_bytes(data)


def write_once(path: Path, data: bytes) -> bool:
    """Write a small file unless it exists; whether this call wrote it, also among several.

    Raises:
        FileUnusable: it could not be written.
    """
    partial = temporary_beside(path)
    try:
        with coded():
            with open_new(partial) as handle:
                handle.write(data)
            sync(partial)
            try:
                os.link(partial, path)
            except FileExistsError:
                return False
            sync_directory(path.parent)
    finally:
        _discard(partial)
    return True


def overwrite(path: Path) -> None:
    """Write over a small file.

    On journalling file systems and flash the old blocks may survive: what is forgotten so must
    itself be wrapped under a key, as ours is.

    Raises:
        OSError: it could not be written.
    """
    with path.open("r+b") as handle:
        handle.write(secrets.token_bytes(path.stat().st_size))
        handle.flush()
        os.fsync(handle.fileno())


def overwrite_and_unlink(path: Path) -> None:
    """Write over a small file and remove it; see `overwrite`.

    Raises:
        FileUnusable: it could not be removed.
    """
    with coded():
        overwrite(path)
        path.unlink()
        sync_directory(path.parent)


def _discard(partial: Path) -> None:
    """Remove what was not finished; what can't be removed must not hide why it was not."""
    with contextlib.suppress(OSError):
        partial.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Bring a file to the disk."""
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


def sync_directory(path: Path) -> None:
    """Bring a directory's entries to the disk, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
