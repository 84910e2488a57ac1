"""Files that a command's options name: looked at before it begins, so that what can't be read or written is told by its option.

An option is said by the name that a person gives it (``--columns``, ``COHORT``), a file never by its path.
"""

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from errors import CodedError
from pipelines.cli import caller
from pipelines.errors import FileExists, FileMissing


@dataclass(frozen=True)
class Naming:
    """How an option names files: ``options.json`` says of each what is written, what is a folder and what is NAME=PATH."""

    option: str
    folder: bool = False
    within: bool = False  # NAME=PATH
    either: bool = False  # a digest, or a file
    written: bool = False
    checked_here: bool = False  # what is written; else the command checks all of its outputs itself
    large: bool = False  # what is written may not fit into memory

    @classmethod
    def of(cls, name: str, said: Mapping[str, Any], *, argument: bool) -> "Naming":
        """Of an option as it is described."""
        spoken = name.strip("_").replace("_", "-")
        flags, metavar = said.get("flags") or [f"--{spoken}"], str(said.get("metavar", ""))
        return cls(
            spoken.upper() if argument else flags[0],
            folder=metavar == "DIR",
            within=metavar.endswith(("=PATH", "=FILE")),
            either=metavar.startswith("DIGEST|"),
            written="writes" in said,
            checked_here=bool(said.get("writes")),
            large=bool(said.get("large")),
        )

    @property
    def role(self) -> str | None:
        """What a descriptor in its place is for (`pipelines.cli.caller`); None where it takes none."""
        if self.checked_here:
            return caller.LARGE if self.large else caller.FOLDER if self.folder else caller.WRITES
        return None if self.written or self.folder else caller.READS


Named = tuple[Naming, Path]


def named_files(
    namings: Mapping[str, Naming],
    given: Mapping[str, object],
    placed: Callable[[Path], Path],
) -> Iterator[Named]:
    """Each file that a command line names, with the option that does; ``placed`` puts a relative one into the caller's folder."""
    for name, naming in namings.items():
        value = given.get(name)
        for one in cast("Sequence[object]", value if isinstance(value, list | tuple) else [value]):
            if isinstance(one, str) and naming.within and "=" in one:
                yield naming, placed(Path(one.partition("=")[2]))
            elif isinstance(one, str) and naming.either and not is_digest(one):
                yield naming, placed(Path(one))
            elif isinstance(one, Path):
                yield naming, one


def is_digest(text: str) -> bool:
    """Whether a text is a SHA-256 and no file's name."""
    return len(text) == 64 and not set(text) - set("0123456789abcdef")


def check_files(named: Sequence[Named], may_know: Callable[[], bool]) -> None:
    """Refuse what can't be written, or read, before a command begins: nothing was done then.

    What is there already, in an output's place, the command refuses itself; and who is not known to the home learns from it, not
    from here, which files its user could read.

    Raises:
        OutputTaken, OutputUnwritable: see ``systems.outputs``.
        FileExists: a folder is where a file should go.
        FileMissing: an input is not there, is a folder (or none where one is needed), or is closed to this user.
    """
    outputs = [(n.option, path) for n, path in named if n.checked_here and not _is_folder(path)]
    if outputs:
        from systems.outputs import check_outputs

        check_outputs(outputs, [(n.option, path) for n, path in named if not n.checked_here])
    for naming, path in named:
        if naming.checked_here and not naming.folder and _is_folder(path):
            raise FileExists(option=naming.option)
        problem = None if naming.written else _unreadable(path, folder=naming.folder)
        if problem and may_know():
            raise FileMissing(option=naming.option, problem=problem)


def file_refused(error: OSError, named: Sequence[Named]) -> CodedError | None:
    """The coded error of what the system refused later, where it was a file that an option names, or lies in one."""
    from pipelines.operations import problem_of
    from systems.errors import OutputUnwritable

    place = error.filename
    for naming, path in named if isinstance(place, str) else ():
        if Path(place).is_relative_to(path):
            kind = OutputUnwritable if naming.written else FileMissing
            return kind(option=naming.option, problem=problem_of(error))
    return None


def _unreadable(path: Path, *, folder: bool) -> str | None:
    """What keeps a file, or a folder, from being read; nothing is opened: it may be a pipe."""
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except OSError as error:
        return os.strerror(error.errno or 0).lower()
    if is_folder != folder:
        return "is a directory" if is_folder else "is no directory"
    rights = os.R_OK | (os.X_OK if folder else 0)
    return None if os.access(path, rights, effective_ids=True) else "permission denied"


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long, a folder that can't be entered: no output either
        return False
