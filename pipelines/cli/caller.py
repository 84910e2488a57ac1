"""Files between a caller and the user who owns the home: through descriptors that the caller opened, never by path.

The service's user can't look into its callers' folders, and a caller can't look into the home. Where ``DOJ_RELEASE_SERVICE``
names that user, a command that wants the home is handed over: the caller's own process opens what is read and makes what is written
(0600, new, behind no link), and starts the same command with sudo, each such path replaced by ``/dev/fd/N/NAME``. There
the path is a file in memory, filled before the command and delivered after it; ``-`` is standard input or output. So the service
opens nothing that a caller names, and the caller owns what comes back.
"""

import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from crypto.process import only_the_owner_writes
from errors import Exit
from pipelines.errors import FileExists, FileMissing, OptionsDisagree

VARIABLE = "DOJ_RELEASE_SERVICE"
READS, WRITES, FOLDER, LARGE = (
    "reads",
    "writes",
    "folder",
    "large",
)  # what options.json says of a path
_STANDARD = 2  # the last of the descriptors that every process has

_DESCRIPTOR = re.compile(r"/dev/fd/(\d{1,4})(?:/(?!\.\.\Z)[^/]+)?")
_MEMORY = Path("/dev/shm")  # noqa: S108  # a folder of our own below it; nothing plain on a disk


def service() -> str | None:
    """The user who owns the home, where that is somebody else than this process."""
    named = os.environ.get(VARIABLE)
    try:
        return None if not named or pwd.getpwnam(named).pw_uid == os.geteuid() else named
    except KeyError:
        raise OptionsDisagree(option=f"{VARIABLE} names no user of this machine") from None


def behind_sudo() -> bool:
    """Whether somebody else, who is not root, started this process with sudo as a user who is not root."""
    by = os.environ.get("SUDO_UID", "")
    return by.isdigit() and int(by) not in (0, os.geteuid()) and os.geteuid() != 0


def may_be_named(path: Path, home: Path | None, *, register: bool) -> bool:
    """Whether a caller behind sudo may name a file to be read, as root put it where everybody reads it.

    Args:
        path: what the caller named.
        home: the home.
        register: it is a register's file, which may also lie in a folder of the service's outside of the home: it is too large to go through
            memory, and nothing of it goes back to who names it.
    """
    real = path.resolve()
    if register and only_the_owner_writes(real, os.geteuid()):
        return home is None or not real.is_relative_to(home.resolve())
    ways = ((real, stat.S_IROTH), *((folder, stat.S_IXOTH) for folder in real.parents))
    return only_the_owner_writes(real) and all(p.stat().st_mode & right for p, right in ways)


def check_outside(path: Path, home: Path | None) -> None:
    """Refuse to write into the home what is for a person: the service could, where its caller may not.

    Raises:
        OutputUnwritable: it lies there.
    """
    from systems.errors import OutputUnwritable

    if home and path.resolve().is_relative_to(home.resolve()):
        raise OutputUnwritable(problem="it lies in the home")


# On the service's side: paths that are descriptors


def descriptor(path: Path, role: str | None) -> int | None:
    """The descriptor that a path of this role stands for, if it stands for one."""
    if role is None:
        return None
    if str(path) == "-":
        return 0 if role == READS else 1
    found = _DESCRIPTOR.fullmatch(str(path))
    return int(found[1]) if found else None


class Handed:
    """Descriptors that one command was handed, each as a file of its own in memory until `close`."""

    def __init__(self, home: Path | None = None) -> None:
        self.names: dict[str, str] = {}  # what each file is called by the caller
        self.aside = False  # standard output is one of them
        self._home, self._folders = home, list[Path]()
        self._outputs: list[tuple[int, Path]] = []
        self._taken: dict[Path, Path] = {}

    def taken(self, path: Path, number: int, role: str) -> Path:
        """A file with what the descriptor holds, or one whose content `deliver` sends there.

        Raises:
            OptionsDisagree: it is a terminal.
            FileMissing: it can't be read.
        """
        if path in self._taken:
            return self._taken[path]
        if number <= _STANDARD and os.isatty(number):
            raise OptionsDisagree(option="- is a file or a pipe, not a terminal")
        name = path.name if _DESCRIPTOR.fullmatch(str(path)) else "file"
        place = self._folder(role) / name
        self.names[str(place)] = name if number > _STANDARD else "-"
        try:
            if number > _STANDARD:
                os.set_inheritable(number, False)
            if role == READS:
                with os.fdopen(os.dup(number), "rb") as source, place.open("xb") as sink:
                    shutil.copyfileobj(source, sink)
            else:
                os.fstat(number)
                self._outputs.append((number, place))
        except OSError:
            raise FileMissing(file=f"descriptor {number}") from None
        self.aside |= role != READS and number == 1
        self._taken[path] = place
        return place

    def _folder(self, role: str) -> Path:
        """A new one: in memory, for what is large in the home; what a killed process left in memory goes."""
        ours = f"doj-release-{os.getuid()}."
        for left in _MEMORY.glob(f"{ours}*"):
            if not Path("/proc", left.name.split(".")[1]).exists():
                shutil.rmtree(left, ignore_errors=True)
        if role == LARGE and self._home:
            place = self._home / f".out.{os.getpid()}.tmp"  # as the home's sweep knows it
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(mode=0o700)
        else:
            place = Path(tempfile.mkdtemp(prefix=f"{ours}{os.getpid()}.", dir=_MEMORY))
        self._folders.append(place)
        return place

    def deliver(self) -> None:
        """Send what the command wrote: a file as it is, a folder as a tar stream.

        Raises:
            OutputUnwritable: it can't be sent.
        """
        from systems.errors import OutputUnwritable

        try:
            for number, place in self._outputs:
                if place.exists():
                    with os.fdopen(os.dup(number), "wb") as sink:
                        _send(place, sink)
        except OSError:
            raise OutputUnwritable(problem="the caller's descriptor") from None

    def close(self) -> None:
        """Forget all of it."""
        for place in self._folders:
            shutil.rmtree(place, ignore_errors=True)


def _send(place: Path, sink: BinaryIO) -> None:
    if place.is_dir():
        with tarfile.open(fileobj=sink, mode="w|") as archive:
            for path in sorted(p for p in place.rglob("*") if p.is_file() and not p.is_symlink()):
                archive.add(path, path.relative_to(place).as_posix(), recursive=False)
        return
    with place.open("rb") as source:
        shutil.copyfileobj(source, sink)
    sink.flush()
    if stat.S_ISREG(os.fstat(sink.fileno()).st_mode):
        os.fsync(sink.fileno())


# On the caller's side: what is opened, and the same command as the service


def hand_over(
    user: str,
    words: Sequence[str],
    first: int,
    files: Iterable[tuple[Path, Path, str]],
    folder: Path | None,
) -> int:
    """Run a command as the service's user, with descriptors in the place of paths; its exit code.

    What it was to write is there whole, or not at all.

    Args:
        user: the service's.
        words: the command line's.
        first: how many of them come before what the command is given.
        files: each path as it was given, its place, and its role.
        folder: the caller's.

    Raises:
        FileExists: what would be written is there.
        FileMissing, OutputUnwritable: what would be read or written can't be.
        OptionsDisagree: there is no sudo.
    """
    from systems.errors import OutputUnwritable

    said: dict[Path, str] = {}
    ours: list[int] = []  # what the service gets
    made: list[Path] = []
    streams: list[tuple[int, Path]] = []
    done = told = False  # told: a file says what is wrong with an input
    try:
        for given, place, role in files:
            if (number := descriptor(given, role)) is None:
                number = _opened(place, role, made, streams)
                said[given] = f"/dev/fd/{number}/{place.name}"
            ours += [number] if number > _STANDARD else []
        limit = ["-C", f"{max(ours) + 1}"] if ours else []
        command = [*words[:first], *(_said(word, said) for word in words[first:])]
        command = ["sudo", *limit, "-u", user, "--", sys.argv[0], *command]
        try:
            process = subprocess.Popen(command, pass_fds=ours, cwd=folder)
        except OSError:
            raise OptionsDisagree(option=f"{VARIABLE} needs sudo") from None
        while ours:
            os.close(ours.pop())
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells the service, too
        try:
            whole = all(_unpacked(number, place) for number, place in streams)
            code = process.wait()
        finally:
            signal.signal(signal.SIGINT, before)
        done, told = code == Exit.DONE and whole, code == Exit.INPUT
        if code == Exit.DONE and not whole:
            raise OutputUnwritable
    finally:
        for number in ours:
            os.close(number)
        for place in made:  # what was not written is not there
            if place.is_dir():
                if not done:
                    shutil.rmtree(place)
            elif not (done or told) or not place.stat().st_size:
                place.unlink(missing_ok=True)
    return code if code >= 0 else 128 - code


def _said(word: str, said: Mapping[Path, str]) -> str:
    """A word with its path replaced: alone, after ``--option=``, or after ``NAME=``."""
    cuts = [0, *(place + 1 for place, letter in enumerate(word) if letter == "=")]
    found = (cut for cut in cuts if word[cut:] and Path(word[cut:]) in said)
    cut = next(found, None)
    return word if cut is None else word[:cut] + said[Path(word[cut:])]


def _opened(place: Path, role: str, made: list[Path], streams: list[tuple[int, Path]]) -> int:
    """A descriptor for the service; what was made for it, and what is read from it, is noted."""
    from systems.errors import OutputUnwritable

    new = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        if role == READS:
            return os.open(place, os.O_RDONLY | os.O_CLOEXEC)
        if role == FOLDER:
            place.mkdir(mode=0o700)
            number, writing = os.pipe()
            streams.append((number, place))
        else:
            writing = os.open(place, new | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise FileExists(file="output") from None
    except OSError:
        raise FileMissing(file="named") if role == READS else OutputUnwritable from None
    made.append(place)
    return writing


def _unpacked(number: int, place: Path) -> bool:
    try:
        with os.fdopen(number, "rb") as source:
            unpack(source, place)
    except (OSError, ValueError, tarfile.TarError):
        return False
    return True


def unpack(source: BinaryIO, place: Path) -> None:
    """Fill an empty folder of ours from a tar stream: plain files below it alone, 0600 in folders of 0700.

    Raises:
        ValueError: a member is no plain file, or would lie elsewhere.
        OSError, tarfile.TarError: it can't be read or written.
    """
    with tarfile.open(fileobj=source, mode="r|") as archive:
        for member in archive:
            inside = PurePosixPath(member.name)
            plain = member.isreg() and not member.issparse()
            content = archive.extractfile(member) if plain else None
            if content is None or inside.is_absolute() or ".." in inside.parts:
                raise ValueError("no plain file of the folder")
            target = place / inside
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as sink:
                shutil.copyfileobj(content, sink)
