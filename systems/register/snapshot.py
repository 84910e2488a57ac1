"""One pinned register: opened, verified, never changed."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from crypto.secret import StagingKey
from crypto.staging import attach, read_parquet, scan
from systems import database
from systems.errors import RegisterUnreadable, SnapshotDamaged
from systems.loading import load_system
from systems.model import System
from systems.register import manifest, views
from systems.register.manifest import INDEX, SnapshotInfo

_CHUNK = 1 << 20


class Snapshot:
    """A register as it was on the day of loading.

    Attributes:
        info: counts, digests, description and years.
    """

    def __init__(self, directory: Path, info: SnapshotInfo, key: StagingKey) -> None:
        self._directory = directory
        self._key = key
        self.info = info

    @property
    def snapshot_id(self) -> str:
        """Its name, such as ``CARPOS-20261123-001``."""
        return self.info.snapshot_id

    @property
    def system(self) -> System:
        """The description of its system."""
        return load_system(self.info.system)

    def connect(self, threads: int | None = None, memory_limit: str | None = None) -> Any:
        """Open a connection that reads the encrypted files.

        It has one view per table of the system (empty where the register has no such table),
        ``person_index(record_id, identity, identity_lower)``, ``linkage_records`` and
        ``ref_<code list>``.

        Raises:
            RegisterUnreadable: a file can't be read.
            StagingDoesNotHold: the key is not the one that the files were written under.
        """
        con = database.connect(threads, memory_limit)
        files = {name: self._directory / f"{name}.parquet" for name in self.info.tables}
        columns = {name: table.columns for name, table in self.info.tables.items()}
        open_views(con, self.system, files, columns, self._key)
        return con

    def person_index(self) -> pa.Table:
        """Return the person index: ``record_id``, ``identity``, ``identity_lower`` (int64).

        Raises:
            StagingDoesNotHold: missing, changed, or under another key.
        """
        return read_parquet(self._directory / f"{INDEX}.parquet", self._key)

    def verify(self) -> None:
        """Compare every file with the manifest's digest.

        Raises:
            SnapshotDamaged: a file is missing, changed or unexpected (exit 5).
        """
        expected = {f"{name}.parquet" for name in self.info.tables} | {manifest.FILE}
        if {path.name for path in self._directory.iterdir()} != expected:
            raise SnapshotDamaged(part="files")
        for name, table in self.info.tables.items():
            if digest(self._directory / f"{name}.parquet") != table.sha256:
                raise SnapshotDamaged(part=name)


def open_views(
    con: Any,
    system: System,
    files: Mapping[str, Path],
    columns: Mapping[str, tuple[str, ...]],
    key: StagingKey,
) -> None:
    """Create the views of a register over its encrypted files; see `Snapshot.connect`."""
    name = attach(con, key)
    with database.guarded(RegisterUnreadable, system=system.code):
        for table in system.tables:
            source = scan(files[table.name], name) if table.name in files else None
            con.execute(views.table_view(table, source, columns.get(table.name, ())))
        if INDEX in files:
            con.execute(views.index_view(INDEX, scan(files[INDEX], name)))
        views.create_code_lists(con, system)
        views.create_linkage_records(con, system)


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
