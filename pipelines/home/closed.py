"""Whether a home is its owner's alone: its files, the folders above it, and the file system that it lies on.

Who may write a folder above a home can put another home in its place. A link in it leads to what somebody else writes, and a second name of
a key outlives the key's forgetting. On a network's file system the server says who owns a file, and a lock may end with nobody's word.
It looks at names, owners and modes; it reads no file of the home.
"""

import os
import re
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pipelines.home.errors import HomeExposed, HomeLinked, HomeTooOpen

MOUNTS = Path("/proc/self/mountinfo")
# A virtual machine's view of its host's disk (9p, virtiofs) is none of them, nor is a local disk that a program shows (FUSE).
_SHOWN = (
    "sshfs|s3fs|mount-s3|gcsfuse|blobfuse2?|rclone|curlftpfs|davfs2?|glusterfs|ceph|juicefs|moosefs"
)
NETWORK = re.compile(
    rf"nfs\d?|cifs|smb\d?|smbfs|ncpfs|afs|ceph|lustre|gpfs|glusterfs|beegfs|orangefs|davfs2?|fuse\.({_SHOWN})"
)
_WRITABLE, _OTHERS = stat.S_IWGRP | stat.S_IWOTH, 0o077
_FOLDERS_OF_NAMES = ("projects", "runs", "register", "outbox", "history", "checkpoints", "systems")


def check_closed(root: Path, named: Path) -> None:
    """Refuse a home that somebody else could change, or put another in the place of.

    A sticky folder above it, as /tmp is, is all right where it is root's or the owner's: others may add names there, not
    exchange ours. A demo home, which takes synthetic records alone, may lie in a folder of another user's.

    Args:
        root: the home's folder, resolved.
        named: the same as the caller named it, perhaps through a link.

    Raises:
        HomeTooOpen: group or others have any right in it.
        HomeLinked: the home or a file of it is another user's, a link, or has a second name elsewhere.
        HomeExposed: a folder above it is writable for others, or theirs.
    """
    here = root.stat()
    if stat.S_IMODE(here.st_mode) & _OTHERS:
        raise HomeTooOpen
    if here.st_uid not in _owners():
        raise HomeLinked(what="the home's folder")
    for place in {*root.parents, *named.absolute().parents}:
        found = place.stat()
        above = len(root.parents) - len(place.parents)
        ours = found.st_uid in _owners() or (root / "demo").is_dir()
        if not ours or (found.st_mode & _WRITABLE and not found.st_mode & stat.S_ISVTX):
            raise HomeExposed(levels_above=above)
    for what in _wrong(root):
        raise HomeLinked(what=what)


def check_file(path: Path, what: str) -> None:
    """Refuse a file outside of the home's folder that is not the owner's alone to write; one that is not there is no problem.

    Raises:
        HomeLinked: see `check_closed`.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if _is_wrong(found) or found.st_nlink != 1:
        raise HomeLinked(what=what)


def network_file_system(root: Path, mounts: Path = MOUNTS) -> str | None:
    """The kind of the network's file system that a folder lies on, by the kernel's table of mounts (proc_pid_mountinfo(5))."""
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    at, kind = Path("/"), ""
    for line in lines:
        left, _, right = line.partition(" - ")
        fields = left.split(" ")
        if len(fields) < 5 or not right:  # the fifth is the place
            continue
        place = Path(re.sub(r"\\(\d{3})", lambda found: chr(int(found[1], 8)), fields[4]))
        if root.is_relative_to(place) and len(place.parts) >= len(at.parts):  # the last one covers
            at, kind = place, right.split(" ")[0]
    return kind if NETWORK.fullmatch(kind) else None


def _owners() -> set[int]:
    return {0, os.geteuid()}


def _there(folder: str | Path) -> list[tuple[os.DirEntry[str], os.stat_result]]:
    """What lies in a folder, all of it seen in one look: another process may take a file away meanwhile, as SQLite does its log."""
    while True:
        try:
            return [(one, one.stat(follow_symlinks=False)) for one in os.scandir(folder)]
        except FileNotFoundError:
            if not Path(folder).is_dir():
                return []


def _is_wrong(found: os.stat_result) -> bool:
    plain = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
    return not plain or found.st_uid not in _owners() or bool(found.st_mode & _WRITABLE)


def _wrong(root: Path) -> Iterator[str]:
    """What of a home is no plain file or folder of its owner's with one name."""
    for entry, found in _there(root):
        second = stat.S_ISREG(found.st_mode) and found.st_nlink != 1 and entry.name[0] != "."
        if _is_wrong(found) or second:
            yield entry.name
    for name in _FOLDERS_OF_NAMES:
        if (root / name).is_dir() and any(entry.is_symlink() for entry in os.scandir(root / name)):
            yield name
    for folder, _, _ in os.walk(root / "keys"):
        entries = [found for _, found in _there(folder)]
        # A key appears by a second name beside it, which a process that was killed may have left.
        names = Counter(found.st_ino for found in entries)
        files = (found for found in entries if stat.S_ISREG(found.st_mode))
        if any(map(_is_wrong, entries)) or any(f.st_nlink != names[f.st_ino] for f in files):
            yield "keys"
