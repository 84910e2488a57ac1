"""A home in one file, and back: what is needed to go on elsewhere, and nothing that must not live on.

Staging and the keys of runs stay out: what was forgotten must not come back from a backup. Prefect's
folder, locks and unfinished files stay out too. The ledger's file is copied through SQLite, in one
piece whoever writes meanwhile; a PostgreSQL ledger is backed up by its own tools. Numbers of users
are the machine's and learned anew. Registers, cohorts and
documents are in it as they rest, encrypted; the passphrase is left out and kept elsewhere. Of a snapshot that is whole
in a bucket only the manifest is in it: the bucket is backed up by its own means.
"""

import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from approvals.errors import LedgerUnavailable
from pipelines.errors import BackupDisturbed, BackupDoesNotHold, BackupIncomplete, FileExists
from pipelines.home import FOLDERS, Home, HomeExists, is_unfinished
from systems import bounded

_LONGEST_MANIFEST = 64 << 20  # bytes: some hundred thousand files

MANIFEST = "BACKUP.json"
_LEDGER = "ledger.sqlite3"
_NEEDED = frozenset({"settings.toml", "people.toml", "signing.pem"})  # no home is one without them
_KEYS_OF_RUNS = re.compile(r"keys/runs/.+")
_LEFT_OUT = re.compile(
    r"(.*/)?\.[^/]+(/.*)?|prefect/.*|logs/.*|keys/passphrase|people\.uids|ledger\.sqlite3.*|ledger\.lock"
    # of a run: the order, its records and what was sealed; never what was staged
    r"|runs/[^/]+/(?!order\.json\Z|system\.toml\Z|outcome\.json\Z|checkpoint(?:-recipients)?\.json\Z|doubtful\.json\Z"
    r"|stages/|withdrawn/|kept/).*"
)


def back_up(home: Home, out: Path) -> dict[str, object]:
    """Write a home into a new tar file (0600), which appears whole.

    Raises:
        FileExists: there is something of this name.
        LedgerUnavailable: the ledger can't be read.
        CodedError: of the bucket, where it can't be asked whether it has the register.
        BackupIncomplete: the home lacks what a restored one would need.
        BackupDisturbed: a file went away meanwhile (exit 8).
    """
    _require(name for name in _NEEDED if (home.root / name).is_file())
    if out.exists():
        raise FileExists(file="backup")
    partial = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as sink, tarfile.open(fileobj=sink, mode="w") as archive:
            hashes, where = _everything(home, archive, partial)
            manifest = {
                "format": 1,
                "made": datetime.now(UTC).isoformat(timespec="seconds"),
                "code_version": version("doj-release"),
                "ledger": where,
                "files": hashes,
            }
            _add(archive, MANIFEST, json.dumps(manifest, indent=1, sort_keys=True).encode())
            sink.flush()
            os.fsync(sink.fileno())
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    return {"backup": str(out), "files": len(hashes), "bytes": out.stat().st_size, "ledger": where}


def restore(backup: Path, root: Path) -> dict[str, object]:
    """Put a backup into a new or empty folder, after every file was compared with the manifest.

    Raises:
        HomeExists: there is something in the folder.
        BackupDoesNotHold: it is no backup, or not the one that was written (exit 5).
        BackupIncomplete: it is the one that was written, of a home that lacked files (exit 6).
    """
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise HomeExists
    root.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{root.name}.", dir=root.parent))
    try:
        manifest = _unpacked(backup, partial)
        for name in FOLDERS:
            (partial / name).mkdir(mode=0o700, exist_ok=True)
        for kind in ("projects", "runs", "snapshots", "documents"):
            (partial / "keys" / kind).mkdir(mode=0o700, exist_ok=True)
        (partial / "signing.pem").chmod(0o644)
        if root.exists():
            root.rmdir()
        partial.rename(root)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return {
        "home": str(root),
        "made": manifest["made"],
        "code_version": manifest["code_version"],
        "ledger": manifest["ledger"],
    }


def _everything(home: Home, archive: tarfile.TarFile, beside: Path) -> tuple[dict[str, str], str]:
    """Add it all, in the order in which a home that is at work stays in agreement with itself.

    What the ledger must not lag behind (its head, its checkpoints) comes before it; what its
    events name (documents, reports, packages) after it.
    """
    early = [home.ledger_head, *_files(home.checkpoints, home)]
    hashes = {_name(home, p): _add_file(archive, p, _name(home, p)) for p in early}
    where = "elsewhere"
    if not home.settings().storage.ledger_url:
        where = "sqlite"
        with _ledger(home, beside) as copy:
            hashes[_LEDGER] = _add_file(archive, copy, _LEDGER)
    elsewhere = _in_the_bucket(home)
    for path in _files(home.root, home):
        if _name(home, path) not in hashes and path not in elsewhere:
            hashes[_name(home, path)] = _add_file(archive, path, _name(home, path))
    return hashes, where


def _in_the_bucket(home: Home) -> frozenset[Path]:
    """Files of snapshots that are whole in the bucket."""
    if not home.settings().bucket.register_url:
        return frozenset()
    from pipelines.session import Session, set_of

    with Session(home) as session:
        store = session.object_store("register")
        assert store is not None  # the settings name one
        names = [info.snapshot_id for info in session.registers.list()]
        whole = [name for name in names if store.holds(set_of(name))]
        return frozenset(path for name in whole for path in session.registers.files(name))


def _files(folder: Path, home: Home) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = Path(place) / name
            inside = _name(home, path)
            left_out = _LEFT_OUT.fullmatch(inside) or _KEYS_OF_RUNS.fullmatch(inside)
            if left_out or is_unfinished(name) or path.is_symlink():
                continue
            # What went away meanwhile is missed when it is read.
            if path.is_file() or not path.exists():
                yield path


def _name(home: Home, path: Path) -> str:
    return path.relative_to(home.root).as_posix()


class _Hashed:
    """A file that is hashed while it is read."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._source.read(size)
        self.digest.update(block)
        return block


def _add_file(archive: tarfile.TarFile, path: Path, name: str) -> str:
    """Add a file in blocks, and hash it; one that goes away or is cut meanwhile is missed."""
    try:
        source = path.open("rb")
    except FileNotFoundError:
        raise BackupDisturbed from None
    with source:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = os.fstat(source.fileno()).st_size, 0o600
        hashed = _Hashed(source)
        try:
            archive.addfile(entry, cast("BinaryIO", hashed))
        except OSError as error:
            if error.errno is None:  # tarfile's own: it ended before its length
                raise BackupDisturbed from None
            raise
    return hashed.digest.hexdigest()


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> str:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o600
    archive.addfile(entry, io.BytesIO(content))
    return hashlib.sha256(content).hexdigest()


@contextmanager
def _ledger(home: Home, beside: Path) -> Generator[Path, None, None]:
    """The ledger's database as of now, in one piece, as a file (0600) that ends with the block; never whole in memory."""
    copy = beside.with_name(f"{beside.name}.ledger")
    try:
        os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            with (
                closing(sqlite3.connect(f"file:{home.root / _LEDGER}?mode=ro", uri=True)) as con,
                closing(sqlite3.connect(copy)) as target,
            ):
                con.backup(target)
                target.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.Error:
            raise LedgerUnavailable from None
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def _unpacked(backup: Path, target: Path) -> dict[str, object]:
    found: dict[str, str] = {}
    manifest: dict[str, object] | None = None
    try:
        with tarfile.open(backup, mode="r:") as archive:
            for entry in archive:
                name = _checked(entry)
                source = archive.extractfile(entry)
                assert source is not None  # a regular file
                if name == MANIFEST:
                    manifest = bounded.json_of(source.read(_LONGEST_MANIFEST))
                    continue
                path = target / name
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                hashed = _Hashed(cast("BinaryIO", source))
                with path.open("xb") as sink:
                    shutil.copyfileobj(hashed, sink)
                path.chmod(0o600)
                found[name] = hashed.digest.hexdigest()
    except (tarfile.TarError, OSError, ValueError, KeyError, EOFError, OverflowError):
        raise BackupDoesNotHold from None
    if not manifest or manifest.get("format") != 1 or manifest.get("files") != found:
        raise BackupDoesNotHold(files=len(found))
    _require(found)
    return manifest


def _require(names: Iterable[str]) -> None:
    """Stop where what a home needs is not among these names."""
    if missing := sorted(_NEEDED.difference(names)):
        raise BackupIncomplete(files=missing)


def _checked(entry: tarfile.TarInfo) -> str:
    parts = PurePosixPath(entry.name).parts
    # A sparse file has no bytes and any size.
    if (
        not entry.isfile()
        or entry.issparse()
        or not parts
        or ".." in parts
        or entry.name.startswith("/")
    ):
        raise BackupDoesNotHold
    return entry.name
