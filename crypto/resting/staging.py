"""Staged tables: Parquet under AES-256 (footer and columns, AES-GCM), never plain.

pyarrow writes and reads with the key directly; DuckDB reads after `attach_key`. DuckDB quotes keys in
its own errors, so every one of its exceptions is replaced. A file appears whole, 0600.
"""

import base64
import contextlib
import os
import re
import secrets
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

from crypto import files
from crypto.errors import FileUnusable, StagingDoesNotHold
from crypto.secret import StagingKey
from errors import CodedError

_ROWS = 122_880  # rows per row group: DuckDB's own size, so that one is one unit of its work
# DuckDB 2.0.0 can't decrypt a column chunk of more than one data page (it reports a wrong tag), so
# a chunk gets one: no limit by bytes or rows, and no fall-back from a dictionary that grew.
_ONE_PAGE: dict[str, Any] = {
    "compression": "zstd",
    "data_page_size": 2**30,
    "max_rows_per_page": 2**31 - 1,
    "dictionary_pagesize_limit": 2**30,
}
_QUICK: dict[str, Any] = {"use_dictionary": False, "compression": "lz4"}  # reads in half the time
_SMALL = 1 << 20  # bytes of a file that takes longer to open and decrypt than to query
_KEY_NAME = re.compile(r"k[0-9a-f]{16}")


def write_staged(
    data: pa.Table | pa.RecordBatchReader | Iterable[pa.RecordBatch],
    path: Path,
    key: StagingKey,
    *,
    schema: pa.Schema | None = None,
) -> int:
    """Write a table, or batches as they come, as an encrypted Parquet file; rows written.

    Args:
        data: the rows.
        path: appears whole, 0600, after the last batch.
        key: the key of this run or snapshot.
        schema: needed where ``data`` is a plain iterable of batches.

    Raises:
        StagingDoesNotHold: pyarrow refused the data.
        FileUnusable: the file can't be written.
        ValueError: no schema.
    """
    given: Any = data
    batches = given.to_batches(max_chunksize=_ROWS) if isinstance(data, pa.Table) else given
    found = schema if schema is not None else getattr(data, "schema", None)
    if found is None:
        raise ValueError("an iterable of batches needs its schema")
    rows = 0
    with staged_writer(path, found, key) as writer:
        for batch in batches:
            writer.write(batch)
            rows += batch.num_rows
    return rows


class StagingWriter:
    """Writes batches into one encrypted file; see `staged_writer`."""

    def __init__(self, writer: pq.ParquetWriter, part: int = _ROWS) -> None:
        self._writer, self._part = writer, part
        self._pending: list[pa.RecordBatch] = []
        self._count = 0

    def write(self, data: pa.RecordBatch | pa.Table) -> None:
        """Add rows; small batches are gathered into row groups.

        Raises:
            StagingDoesNotHold: the rows don't fit the schema.
        """
        batches = data.to_batches() if isinstance(data, pa.Table) else [data]
        for batch in batches:
            self._pending.append(batch)
            self._count += batch.num_rows
        if self._count >= _ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what is gathered."""
        if self._pending:
            with _pyarrow(FileUnusable):
                table = pa.Table.from_batches(self._pending)
                self._writer.write_table(table, row_group_size=self._part)
        self._pending, self._count = [], 0


@contextlib.contextmanager
def staged_writer(
    path: Path, schema: pa.Schema, key: StagingKey, *, part: int = 0
) -> Generator[StagingWriter, None, None]:
    """Write batches one after another; the file appears whole after the block, or not at all.

    With a ``part`` (rows) it is written for `read_some`, and not for DuckDB.

    Raises:
        StagingDoesNotHold: pyarrow refused the data.
        FileUnusable: the file can't be written.
    """
    with files.written_whole(path) as partial:
        properties = pe.create_encryption_properties(
            key.reveal(), encryption_algorithm="AES_GCM_V1", plaintext_footer=False
        )
        with _pyarrow(FileUnusable):
            written = _QUICK if part else _ONE_PAGE
            writer = pq.ParquetWriter(partial, schema, encryption_properties=properties, **written)
        try:
            staged = StagingWriter(writer, part or _ROWS)
            yield staged
            staged.flush()
        finally:
            with _pyarrow(FileUnusable):
                writer.close()


def is_encrypted(path: Path) -> bool:
    """Whether a file is Parquet with an encrypted footer (it ends in ``PARE``, a plain one in ``PAR1``)."""
    with path.open("rb") as file:
        file.seek(-min(4, path.stat().st_size), os.SEEK_END)
        return file.read() == b"PARE"


def read_staged(path: Path, key: StagingKey, columns: Sequence[str] | None = None) -> pa.Table:
    """Read an encrypted file; a plain one is refused.

    Raises:
        StagingDoesNotHold: missing, changed, plain, under another key, or without such a column.
    """
    with _opened(path, key) as file:
        wanted = _wanted(file, columns)
        with _pyarrow(StagingDoesNotHold):
            return file.read(columns=wanted)


def staged_batches(
    path: Path, key: StagingKey, columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """Read an encrypted file batch by batch, in its own order.

    Raises:
        StagingDoesNotHold: missing, changed, plain, under another key, or without such a column.
    """
    with _opened(path, key) as file:
        batches = file.iter_batches(batch_size=_ROWS, columns=_wanted(file, columns))
        while True:
            with _pyarrow(StagingDoesNotHold):
                batch = next(batches, None)
            if batch is None:
                return
            yield batch


def read_some(
    path: Path,
    key: StagingKey,
    columns: Sequence[str],
    by: str,
    chosen: Callable[[pa.Array], pa.Array],
) -> pa.Table:
    """Read some columns of chosen rows of an encrypted file; parts of it without any are not read.

    Args:
        path: the file.
        key: its key.
        columns: which columns.
        by: a column.
        chosen: says of a part's values of this column (there is one at least) which rows are wanted.

    Raises:
        StagingDoesNotHold: missing, changed, plain, under another key, or without such a column.
    """
    with _opened(path, key) as file:
        wanted, _ = _wanted(file, columns), _wanted(file, [by])
        found: list[pa.Table] = []
        with _pyarrow(StagingDoesNotHold):
            values = file.read(columns=[by])[by].combine_chunks()
            at = 0
            for number in range(file.metadata.num_row_groups):
                rows = file.metadata.row_group(number).num_rows
                kept = chosen(values.slice(at, rows)) if rows else None
                at += rows
                if kept is not None and kept.true_count:
                    found.append(file.read_row_group(number, columns=wanted).filter(kept))
            fields = [file.schema_arrow.field(name) for name in columns]
            # `empty_table` would import pandas
            none = [pa.nulls(0, field.type) for field in fields]
            empty = pa.Table.from_arrays(none, schema=pa.schema(fields))
            return pa.concat_tables([empty, *(table.select(columns) for table in found)])


def staged_schema(path: Path, key: StagingKey) -> pa.Schema:
    """Read an encrypted file's schema.

    Raises:
        StagingDoesNotHold: missing, changed, plain, or under another key.
    """
    with _opened(path, key) as file:
        return file.schema_arrow


def staged_rows(path: Path, key: StagingKey) -> int:
    """Read an encrypted file's number of rows.

    Raises:
        StagingDoesNotHold: missing, changed, plain, or under another key.
    """
    with _opened(path, key) as file:
        return file.metadata.num_rows


def _opened(path: Path, key: StagingKey) -> pq.ParquetFile:
    properties = pe.create_decryption_properties(
        key.reveal(), check_footer_integrity=True, allow_plaintext_files=False
    )
    with _pyarrow(StagingDoesNotHold):
        # what is read ahead would stay, batch by batch, until the whole file is in memory
        return pq.ParquetFile(path, decryption_properties=properties, pre_buffer=False)


def _wanted(file: pq.ParquetFile, columns: Sequence[str] | None) -> list[str] | None:
    if columns is None:
        return None
    missing = set(columns) - set(file.schema_arrow.names)
    if missing:  # pyarrow would leave them out without a word
        raise StagingDoesNotHold(missing_columns=len(missing))
    return list(columns)


def attach_key(con: Any, key: StagingKey) -> str:
    """Make a key known to one DuckDB connection, under a random name that is returned.

    Raises:
        StagingDoesNotHold: DuckDB refused; what it said could hold the key and is dropped.
    """
    import duckdb

    name = f"k{secrets.token_hex(8)}"
    encoded = base64.b64encode(key.reveal()).decode("ascii")
    try:
        con.execute(f"PRAGMA add_parquet_key('{name}', '{encoded}')")
    except duckdb.Error:
        raise StagingDoesNotHold from None
    return name


def scan_staged(paths: Path | Sequence[Path], key_name: str) -> str:
    """Give the SQL table expression that reads encrypted files under an attached key.

    Args:
        paths: one file or several of one schema, all encrypted under that key; no patterns.
        key_name: what `attach_key` returned.

    Raises:
        StagingDoesNotHold: no path, one that DuckDB would take for a pattern or that holds control
            characters, or a name that `attach_key` did not make.
    """
    several = [paths] if isinstance(paths, Path) else list(paths)
    if not several or not _KEY_NAME.fullmatch(key_name):
        raise StagingDoesNotHold
    listed = ", ".join(_literal(path) for path in several)
    files_read = f"read_parquet([{listed}], encryption_config = {{footer_key: '{key_name}'}})"
    # A filter that is pushed into an encrypted file makes DuckDB 2.0.0 skip pages and then miscount
    # them; an offset keeps filters out while columns are still read one by one.
    return f"(SELECT * FROM {files_read} OFFSET 0)"


def held_as(path: Path) -> str:
    """How a connection best holds an encrypted file that it scans: a small one as a ``TABLE``, which is read once, else as a ``VIEW``."""
    return "TABLE" if path.is_file() and path.stat().st_size <= _SMALL else "VIEW"


def _literal(path: Path) -> str:
    text = str(path)
    if any(c in text for c in "*?[]{}") or not text.isprintable():
        raise StagingDoesNotHold
    return "'" + text.replace("'", "''") + "'"


@contextlib.contextmanager
def _pyarrow(unreadable: type[CodedError]) -> Generator[None, None, None]:
    """Replace what pyarrow says: cast and parse errors quote values, file errors quote paths.

    When reading, a wrong key is an OSError like a missing file; when writing it is the disk.
    """
    try:
        yield
    except MemoryError:  # pyarrow's own says how much it wanted; it is no word on the file
        raise MemoryError from None
    except OSError:
        raise unreadable from None
    except (pa.ArrowException, ValueError, TypeError):
        raise StagingDoesNotHold from None
