"""What a stage leaves behind in its run's folder: encrypted tables, and a record by which a finished stage is skipped.

Where the settings name a bucket for staging, the folder holds copies and a finished stage's tables are sent there.
"""

import functools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from crypto import resting
from crypto.keyring import Keyring
from crypto.secret import StagingKey
from pipelines.home import write_private
from pipelines.release.errors import StageChanged
from pipelines.storage import ObjectStore
from systems.database import guarded, quoted

if TYPE_CHECKING:
    import duckdb

FactValue = Any


@dataclass(frozen=True)
class StageRecord:
    """One finished stage: keyed digests of its files and their bytes, facts (counts, codes), seconds."""

    stage: str
    files: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    seconds: float = 0.0
    bytes: int = 0


FileDigest = Callable[[Path], str]
Fetch = Callable[[str, Path], None]
"""Fetches a staged file (stage, path) from where it is kept."""


class Records:
    """The stage records of one run folder.

    Args:
        folder: the run's.
        digest: keyed digest of a file.
        fetch: where staged tables are kept elsewhere and the folder only holds copies.
    """

    def __init__(self, folder: Path, digest: FileDigest, fetch: Fetch | None = None) -> None:
        self._folder = folder
        self._digest = digest
        self._fetch = fetch

    def _path(self, stage: str) -> Path:
        return self._folder / "stages" / f"{stage}.json"

    def keep(
        self,
        stage: str,
        files: Sequence[Path],
        facts: Mapping[str, FactValue],
        seconds: float,
    ) -> StageRecord:
        """Write the record of a stage after all its files are complete."""
        digests = {p.relative_to(self._folder).as_posix(): self._digest(p) for p in files}
        size = sum(p.stat().st_size for p in files)
        record = StageRecord(stage, digests, dict(facts), round(seconds, 3), size)
        write_private(self._path(stage), json.dumps(asdict(record), indent=1, sort_keys=True))
        return record

    def read(self, stage: str) -> StageRecord | None:
        """The record of a finished stage, or None where it has not finished."""
        path = self._path(stage)
        return StageRecord(**json.loads(path.read_text("utf-8"))) if path.is_file() else None

    def verified(self, stage: str) -> StageRecord | None:
        """Like :meth:`read`, after checking that every file is still the one recorded.

        Raises:
            StageChanged: a file is missing or differs.
        """
        record = self.read(stage)
        for name, digest in record.files.items() if record else ():
            self._require(stage, self._folder / name, digest)
        return record

    def table(self, stage: str, name: str) -> Path:
        """The file of a staged table; where it is kept elsewhere, the very one that was recorded, each time.

        Raises:
            StageChanged: it is not.
        """
        path = self._folder / stage / f"{name}.parquet"
        record = self.read(stage) if self._fetch is not None else None
        digest = record.files.get(f"{stage}/{name}.parquet") if record else None
        if digest is not None:
            self._require(stage, path, digest)
        return path

    def facts(self, stage: str) -> Mapping[str, FactValue]:
        """The facts that a finished stage recorded, empty where it has not finished."""
        record = self.read(stage)
        return record.facts if record else {}

    def tables(self, stage: str) -> list[Path]:
        """The encrypted tables that a finished stage recorded."""
        record = self.read(stage)
        named = record.files if record else {}
        return [self._folder / name for name in named if name.endswith(".parquet")]

    def _require(self, stage: str, path: Path, digest: str) -> None:
        if self._is(path, digest):
            return
        if self._fetch is None or path.suffix != ".parquet":
            raise StageChanged(stage=stage)
        self._fetch(stage, path)
        if not self._is(path, digest):
            raise StageChanged(stage=stage)

    def _is(self, path: Path, digest: str) -> bool:
        return path.is_file() and self._digest(path) == digest


class Staging:
    """Tables and records of one run's folder.

    Args:
        folder: the run's.
        release: its id, by which its key and its objects in a bucket are known.
        keyring: keys of the home.
        store: where staging is kept in a bucket.
    """

    def __init__(
        self, folder: Path, release: str, keyring: Keyring, store: ObjectStore | None
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
        resting.write_staged(table, path, self._key, schema=schema)
        return path

    def write_parts(self, stage: str, name: str, table: pa.Table, part: int) -> Path:
        """Write a table encrypted for `some`, in parts of so many rows; the file."""
        path = self.place(stage, f"{name}.parquet")
        with resting.staged_writer(path, table.schema, self._key, part=part) as writer:
            writer.write(table)
        return path

    def some(
        self,
        stage: str,
        name: str,
        columns: Sequence[str],
        by: str,
        chosen: Callable[[pa.Array], pa.Array],
    ) -> pa.Table:
        """Chosen rows of a table of `write_parts`; parts of it without any are not read. See `crypto.resting.read_some`."""
        return resting.read_some(self.records.table(stage, name), self._key, columns, by, chosen)

    def has(self, stage: str, name: str) -> bool:
        """Whether a stage left this table."""
        path = self._folder / stage / f"{name}.parquet"
        return path.is_file() or path in self.records.tables(stage)

    @property
    def encrypted(self) -> bool:
        """Whether every table that lies in the folder is."""
        return all(map(resting.is_encrypted, self._folder.glob("*/*.parquet")))

    def read(self, stage: str, name: str) -> pa.Table:
        """A table, whole."""
        return resting.read_staged(self.records.table(stage, name), self._key)

    def batches(
        self, stage: str, name: str, columns: Sequence[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """A table batch by batch, in its order."""
        return resting.staged_batches(self.records.table(stage, name), self._key, columns)

    def schema(self, stage: str, name: str) -> pa.Schema:
        """The schema of a table."""
        return resting.staged_schema(self.records.table(stage, name), self._key)

    def digest(self, stage: str, name: str) -> str:
        """Keyed digest of a table's file."""
        return self._digest(self.records.table(stage, name))

    def view(self, con: "duckdb.DuckDBPyConnection", stage: str, name: str, relation: str) -> None:
        """Let a connection read a table from its file as ``relation``, column by column; a small one is read now.

        Raises:
            StageChanged: it is gone, or under another key.
        """
        path = self.records.table(stage, name)
        source = resting.scan_staged(path, resting.attach_key(con, self._key))
        kind = resting.held_as(path)
        with guarded(StageChanged, stage=stage):
            con.execute(f"CREATE TEMP {kind} {quoted(relation)} AS SELECT * FROM {source}")
