"""Files that a command writes where its caller says: never over what it reads, all of them or none.

Whether two names are one file is asked of the file system (links, hard links, names that differ in case
alone). Nothing is known of what the files hold.
"""

import contextlib
import os
import shutil
import tempfile
import unicodedata
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path

from crypto import files
from errors import CodedError
from systems.errors import OutputTaken, OutputUnwritable

Named = tuple[str, Path]  # what the caller knows a file by: its option


def check_outputs(
    outputs: Iterable[Named],
    inputs: Iterable[Named] = (),
    unwritable: type[CodedError] = OutputUnwritable,
) -> None:
    """Refuse outputs that can't be written, before any work is done; nothing is left behind.

    Raises:
        OutputTaken: one is an input, or another output.
        CodedError: ``unwritable``: its folder is not there or can't be written, or it is no regular file.
    """
    before = list(inputs)
    for option, path in outputs:
        folds = _folds(option, path, unwritable)
        for other, taken in before:
            if _same(path, taken, folds=folds):
                raise OutputTaken(option=option, other=other)
        before.append((option, path))


def _folds(option: str, path: Path, unwritable: type[CodedError]) -> bool:
    """Whether names in the folder are one whatever their case; it is found by writing there."""
    try:
        if not (path.is_file() or not os.path.lexists(path) or _leads_nowhere(path)):
            raise unwritable(option=option, problem="no regular file")
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".doj-", suffix=".tmp") as probe:
            return Path(probe.name).with_name(Path(probe.name).name.upper()).exists()
    except OSError:
        raise unwritable(option=option) from None


def _leads_nowhere(path: Path) -> bool:
    return path.is_symlink() and not path.exists()


def _same(one: Path, other: Path, *, folds: bool) -> bool:
    """Whether two names are one file, there or not; an input in a folder that is not there is none."""
    with contextlib.suppress(OSError):
        return one.samefile(other)
    with contextlib.suppress(OSError, RuntimeError):
        one, other = one.resolve(), other.resolve()
        if one == other:
            return True
        folded = (unicodedata.normalize("NFC", path.name).casefold() for path in (one, other))
        return folds and len(set(folded)) == 1 and one.parent.samefile(other.parent)
    return False


@contextlib.contextmanager
def written_together(
    paths: Sequence[Path], unwritable: type[CodedError] = OutputUnwritable
) -> Generator[list[Path], None, None]:
    """Give an empty file (0600) beside each path; after the block all get their names, in this order, or none.

    What stood there before is back where one can't be named.

    Raises:
        CodedError: ``unwritable``: they can't be written or named.
    """
    made: list[Path] = []
    try:
        try:
            made += (_beside(path) for path in paths)
            with files.unfinished(*made):
                yield made
            for part in made:
                with part.open("rb") as handle:
                    os.fsync(handle.fileno())
            _name(made, paths)
        except OSError:
            raise unwritable(files=len(paths)) from None
    finally:
        for part in made:
            part.unlink(missing_ok=True)


def _name(made: Sequence[Path], paths: Sequence[Path]) -> None:
    done: list[tuple[Path, Path | None]] = []
    try:
        for part, path in zip(made, paths, strict=True):
            done.append((path, _kept(path)))
            part.replace(path)
    except BaseException:
        for path, before in reversed(done):
            if before is None:
                path.unlink(missing_ok=True)
            else:
                before.replace(path)
        raise
    finally:  # also after a rename to what is the same file: that does nothing
        for _, before in done:
            if before is not None:
                before.unlink(missing_ok=True)


def _kept(path: Path) -> Path | None:
    """What stands there under another name, too; none where nothing does."""
    if not os.path.lexists(path):
        return None
    before = _beside(path)
    before.unlink()
    try:
        os.link(path, before, follow_symlinks=False)
    except OSError:  # the file system has no such links
        shutil.copy2(path, before, follow_symlinks=False)
    return before


def _beside(path: Path) -> Path:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".doj-", suffix=".tmp")
    os.close(handle)
    return Path(name)
