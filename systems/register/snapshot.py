"""One pinned register: what it says about itself, and its files, opened, verified, never changed.

Its manifest holds counts and digests, nothing about any person.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crypto.files import written_whole
from crypto.resting import attach_key, decrypt_document, is_encrypted, read_staged, scan_staged
from crypto.secret import StagingKey
from systems import database
from systems.description import System, Systems
from systems.errors import RegisterUnreadable, SnapshotDamaged
from systems.register import views
from systems.register.index import Index

MANIFEST = "manifest.json"
JUDGEMENT = "judgement.sealed"  # what was said before it was pinned: `systems.register.judging`
INDEX = "person_index"  # beside the tables: entry → person, and its lower bound
RESOLUTION = "resolution"  # beside the tables, too: what a later load needs to be resolved alike
_CHUNK = 1 << 20


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StoredTable(_Part):
    """One encrypted file.

    Attributes:
        rows: its rows.
        columns: columns that the loaded file had; the others are all null.
        sha256: digest of the encrypted file.
        bytes: its size.
    """

    rows: int
    columns: tuple[str, ...]
    sha256: str
    bytes: int


class RowChanges(_Part):
    """What became of a table's rows."""

    added: int
    changed: int
    deleted: int


class StoredIndex(_Part):
    """What releases read in the tables' stead: worked out of them once, by others.

    Attributes:
        version: of what was worked out, and of the description that it was worked out by.
        files: the files, by the names that `systems.register.index` gives them.
    """

    version: str
    files: dict[str, StoredTable]


class SnapshotInfo(_Part):
    """A snapshot in one paragraph.

    Attributes:
        snapshot_id: such as ``CARPOS-20261123-001``.
        created: day of loading.
        system, system_version, system_digest: the description that it was validated against.
        tables: the files, by table; `INDEX` among them, and `RESOLUTION` where entries are linked.
        entries: rows of the person table: party entries on orders.
        persons: people, where entries joined by a link are one.
        persons_lower: people, where entries joined by a link or a doubtful pair are one; the number
            that thresholds count by.
        first_year, last_year: calendar years of the orders.
        last_day: latest day of an order, which tells whether the last year is complete.
        synthetic: every file was marked as made up.
        mapping: the TOML by which the tables became ours; empty where they were called like ours.
        base: the snapshot that it was loaded against; none where it stands by itself.
        changes: what became of its tables since; those that did not change are left out.
        resolved: entries whose persons were worked out for it, where there is a base.
        index: what was worked out of the tables; none where nobody did.
        judgement: digest of what was said of it when it was loaded; empty where nobody judged it.
        held: expectations that it failed: where there are any, it waits for a second person.
    """

    format: Literal[1] = 1
    snapshot_id: str
    created: dt.date
    system: str
    system_version: str
    system_digest: str
    tables: dict[str, StoredTable]
    entries: int
    persons: int
    persons_lower: int
    first_year: int | None
    last_year: int | None
    last_day: dt.date | None
    synthetic: bool
    mapping: str = ""
    base: str | None = None
    changes: dict[str, RowChanges] = Field(default_factory=dict[str, RowChanges])
    resolved: int | None = None
    index: StoredIndex | None = None
    judgement: str = ""
    held: int = 0

    @property
    def files(self) -> dict[str, StoredTable]:
        """All encrypted files, those of the index among them."""
        return self.tables | (self.index.files if self.index else {})

    @property
    def rows(self) -> dict[str, int]:
        """Rows of each table."""
        beside = (INDEX, RESOLUTION)
        return {name: table.rows for name, table in self.tables.items() if name not in beside}


def write_manifest(info: SnapshotInfo, directory: Path) -> None:
    """Write the manifest into a snapshot's directory."""
    text = info.model_dump_json(indent=2, exclude=None if info.index else {"index"}) + "\n"
    with written_whole(directory / MANIFEST) as partial:
        partial.write_text(text, encoding="utf-8")


def read_manifest(directory: Path) -> SnapshotInfo:
    """Read a snapshot's manifest.

    Raises:
        SnapshotDamaged: it is missing or not what we wrote.
    """
    try:
        return SnapshotInfo.model_validate_json((directory / MANIFEST).read_bytes())
    except (OSError, ValidationError):
        raise SnapshotDamaged(part="manifest") from None


# Fetches a file of a snapshot (its id, the file's name) from where it is stored to a path.
FetchFile = Callable[[str, str, Path], None]


class Snapshot:
    """A register as it was on the day of loading.

    Attributes:
        info: counts, digests, description and years.

    Args:
        directory: its folder in the home.
        info: its manifest.
        key: the key of its files.
        systems: the systems as the home has them.
        fetch: where the folder only holds copies: gets a file that is missing or not what it should be.
    """

    def __init__(
        self,
        directory: Path,
        info: SnapshotInfo,
        key: StagingKey,
        systems: Systems,
        fetch: FetchFile | None = None,
    ) -> None:
        self._directory = directory
        self._key, self._systems = key, systems
        self._fetch = fetch
        self.info = info

    @property
    def snapshot_id(self) -> str:
        """Its name, such as ``CARPOS-20261123-001``."""
        return self.info.snapshot_id

    @property
    def system(self) -> System:
        """The description of its system."""
        return self._systems.load(self.info.system)

    @property
    def encrypted(self) -> bool:
        """Whether every file of it that lies here is."""
        return all(map(is_encrypted, self._directory.glob("*.parquet")))

    def connect(self, threads: int | None = None, memory_limit: str | None = None) -> Any:
        """Open a connection that reads the encrypted files.

        It has one view per table of the system (empty where the register has no such table),
        ``person_index(record_id, identity, identity_lower)``, ``linkage_records`` and
        ``ref_<code list>``.

        Raises:
            RegisterUnreadable: a file can't be read.
            StagingDoesNotHold: the key is not the one that the files were written under.
            CodedError: see `fetch_files`.
        """
        self.fetch_files()
        con = database.connect(threads, memory_limit)
        open_views(con, self.system, *self._stored, self._key)
        return con

    def open_in(self, con: Any, schema: str, system: System | None = None) -> None:
        """Open a view on each table, and on ``person_index``, in a schema of its own of a connection; see `compare_tables`.

        Args:
            con: the connection.
            schema: made where it is not there.
            system: whose tables and columns there shall be, where not its own: those that it lacks are empty.

        Raises:
            RegisterUnreadable, StagingDoesNotHold, CodedError: see `connect`.
        """
        self.fetch_files()
        open_tables(con, system or self.system, *self._stored, self._key, schema)

    @property
    def _stored(self) -> tuple[dict[str, Path], dict[str, tuple[str, ...]]]:
        """Where each table's file is, and which columns it has."""
        tables = self.info.tables
        files = {name: self._directory / f"{name}.parquet" for name in tables}
        return files, {name: table.columns for name, table in tables.items()}

    def index(self, version: str) -> "Index | None":
        """The index, where it is of this version; files are fetched as for `connect`."""
        if self.info.index is None or self.info.index.version != version:
            return None
        self.fetch_files()
        return Index(self._directory, self.info.index.files, self._key)

    def index_is_whole(self) -> bool:
        """Whether every file of the index is what the manifest says."""
        files = self.info.index.files if self.info.index else {}
        return all(_is(self._directory / f"{n}.parquet", one) for n, one in files.items())

    def fetch_files(self) -> None:
        """Where files are kept elsewhere: have each of them here, with the manifest's digest; once.

        Raises:
            SnapshotDamaged: what came is not what was loaded (exit 5).
            CodedError: of the place where they are kept.
        """
        if self._fetch is None:
            return
        for name, table in self.info.files.items():
            path = self._directory / f"{name}.parquet"
            if not _is(path, table):
                self._fetch(self.snapshot_id, path.name, path)
                if not _is(path, table):
                    raise SnapshotDamaged(part=name)
        self._fetch = None

    def persons(self) -> tuple[pa.Table, pa.Table | None]:
        """The person index, and what a later load needs to be resolved alike, where there is that.

        Raises:
            StagingDoesNotHold, CodedError: see `connect`.
        """
        self.fetch_files()
        index, resolution = (self._directory / f"{name}.parquet" for name in (INDEX, RESOLUTION))
        kept = RESOLUTION in self.info.tables
        return read_staged(index, self._key), read_staged(resolution, self._key) if kept else None

    def judgement(self) -> bytes | None:
        """Decrypt what was said of it when it was loaded; None where nobody judged it.

        Raises:
            SnapshotDamaged: it is missing or not what was said (exit 5).
            DocumentDoesNotHold: the key is not the one that it was written under.
        """
        path = self._directory / JUDGEMENT
        if not self.info.judgement:
            return None
        if digest(path) != self.info.judgement:
            raise SnapshotDamaged(part="judgement")
        return decrypt_document(path, self._key)

    def verify(self) -> None:
        """Compare every file with the manifest's digest.

        Raises:
            SnapshotDamaged: a file is missing, changed or unexpected (exit 5).
        """
        expected = {f"{name}.parquet" for name in self.info.files} | {MANIFEST}
        if self.info.judgement:
            expected.add(JUDGEMENT)
            self.judgement()
        if {path.name for path in self._directory.iterdir()} != expected:
            raise SnapshotDamaged(part="files")
        for name, table in self.info.files.items():
            if digest(self._directory / f"{name}.parquet") != table.sha256:
                raise SnapshotDamaged(part=name)


def stored(path: Path, rows: int, columns: Sequence[str]) -> StoredTable:
    """What a manifest says of a file."""
    return StoredTable(
        rows=rows, columns=tuple(columns), sha256=digest(path), bytes=path.stat().st_size
    )


def open_views(
    con: Any,
    system: System,
    files: Mapping[str, Path],
    columns: Mapping[str, tuple[str, ...]],
    key: StagingKey,
) -> None:
    """Create the views of a register over its encrypted files; see `Snapshot.connect`."""
    open_tables(con, system, files, columns, key)
    with database.guarded(RegisterUnreadable, system=system.code):
        views.create_code_lists(con, system)
        views.create_linkage_records(con, system)


def open_tables(
    con: Any,
    system: System,
    files: Mapping[str, Path],
    columns: Mapping[str, tuple[str, ...]],
    key: StagingKey,
    schema: str = "main",
) -> None:
    """Create the views on the tables alone, and on the person index where there is one."""
    name = attach_key(con, key)
    with database.guarded(RegisterUnreadable, system=system.code):
        con.execute(f"CREATE SCHEMA IF NOT EXISTS {database.quoted(schema)}")
        for table in system.tables:
            source = scan_staged(files[table.name], name) if table.name in files else None
            con.execute(views.table_view(table, source, columns.get(table.name, ()), schema))
        if INDEX in files:
            con.execute(views.index_view(INDEX, scan_staged(files[INDEX], name), schema))


def _is(path: Path, table: StoredTable) -> bool:
    """Whether a file is the one of the manifest; its length is looked at first."""
    return path.is_file() and path.stat().st_size == table.bytes and digest(path) == table.sha256


def digest(path: Path) -> str:
    """SHA-256 of a sealed file, hexadecimal."""
    seen = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                seen.update(chunk)
    except OSError:
        raise SnapshotDamaged(part="files") from None
    return seen.hexdigest()
