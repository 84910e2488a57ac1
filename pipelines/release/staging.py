"""The staged tables of one run: encrypted under the run's key, read whole, batch by batch, or by DuckDB where they stand.

They lie in the run's folder; where the settings name a bucket for staging, the folder holds copies and a
finished stage's tables are sent there.
"""

import functools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from crypto.resting import (
    attach_key,
    read_staged,
    scan_staged,
    staged_batches,
    staged_schema,
    write_staged,
)
from crypto.secret import StagingKey
from pipelines.release.errors import StageChanged
from pipelines.release.records import Records
from systems.database import guarded, quoted

if TYPE_CHECKING:
    import duckdb

    from crypto.keyring import Keyring
    from pipelines.storage import ObjectStore


class Staging:
    """Tables and records of one run's folder.

    Args:
        folder: the run's.
        release: its id, by which its key and its objects in a bucket are known.
        keyring: keys of the home.
        store: where staging is kept in a bucket.
    """

    def __init__(
        self, folder: Path, release: str, keyring: "Keyring", store: "ObjectStore | None"
    ) -> None:
        self._folder = folder
        self._release = release
        self._keyring = keyring
        self._store = store
        self.records = Records(folder, self._digest, self._fetch if store else None)

    @functools.cached_property
    def _key(self) -> StagingKey:
        """The key of this run's staging; forgotten when the run ends, so never made before it is needed."""
        return self._keyring.run_key(self._release, create=True)

    def _digest(self, path: Path) -> str:
        """Keyed digest of a file: a plain hash of a small file is a personal value too."""
        return self._keyring.digest_file("stage", path)

    def _fetch(self, stage: str, path: Path) -> None:
        if self._store is not None:
            self._store.fetch(f"{self._release}/{stage}", path.name, path)

    def upload(self, stage: str) -> None:
        """Where staging is kept in a bucket: have a finished stage's tables there; safe to repeat."""
        if self._store is not None and (tables := self.records.tables(stage)):
            self._store.keep(f"{self._release}/{stage}", tables)

    def place(self, stage: str, name: str) -> Path:
        """A file of a stage, in a folder that only we can read."""
        folder = self._folder / stage
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / name

    def write(
        self,
        stage: str,
        name: str,
        table: pa.Table | Iterable[pa.RecordBatch],
        schema: pa.Schema | None = None,
    ) -> Path:
        """Write a table, or batches of a schema as they come, encrypted; the file."""
        path = self.place(stage, f"{name}.parquet")
        write_staged(table, path, self._key, schema=schema)
        return path

    def has(self, stage: str, name: str) -> bool:
        """Whether a stage left this table."""
        path = self._folder / stage / f"{name}.parquet"
        return path.is_file() or path in self.records.tables(stage)

    def read(self, stage: str, name: str) -> pa.Table:
        """A table, whole."""
        return read_staged(self.records.table(stage, name), self._key)

    def batches(
        self, stage: str, name: str, columns: Sequence[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """A table batch by batch, in its order."""
        return staged_batches(self.records.table(stage, name), self._key, columns)

    def schema(self, stage: str, name: str) -> pa.Schema:
        """The schema of a table."""
        return staged_schema(self.records.table(stage, name), self._key)

    def digest(self, stage: str, name: str) -> str:
        """Keyed digest of a table's file."""
        return self._digest(self.records.table(stage, name))

    def view(self, con: "duckdb.DuckDBPyConnection", stage: str, name: str, relation: str) -> None:
        """Let a connection read a table from its file as ``relation``, column by column.

        Raises:
            StageChanged: it is gone, or under another key.
        """
        source = scan_staged(self.records.table(stage, name), attach_key(con, self._key))
        with guarded(StageChanged, stage=stage):
            con.execute(f"CREATE TEMP VIEW {quoted(relation)} AS SELECT * FROM {source}")
