"""A snapshot's index: tables that were worked out of its own, for releases to read whole or in parts.

What they hold, and what their version means, is for others to say. Files are numbered (``index1_rows``), since one that is made
again stands beside the old one until the manifest names it.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa

from crypto.errors import StagingDoesNotHold
from crypto.resting import read_some, read_staged, staged_batches, staged_schema, staged_writer
from crypto.secret import StagingKey
from systems.errors import IndexDamaged

PATTERN = "index*_*.parquet"
Tabular: TypeAlias = pa.Table | pa.RecordBatchReader
Indexed: TypeAlias = tuple[str, Tabular, int]
"""A table of an index: its name, its rows, and how many of these are read together."""


class Index:
    """The tables of one snapshot's index.

    Args:
        directory: the snapshot's folder.
        files: the index's files, by name.
        key: their key.
    """

    def __init__(self, directory: Path, files: Iterable[str], key: StagingKey) -> None:
        self._paths = {_table_of(name): directory / f"{name}.parquet" for name in files}
        self._key = key

    @property
    def files(self) -> tuple[Path, ...]:
        """Where its tables are; one that is made anew has others."""
        return tuple(self._paths.values())

    def read(self, table: str) -> pa.Table:
        """A table.

        Raises:
            IndexDamaged: its file is not what was written.
        """
        with _whole(table):
            return read_staged(self._paths[table], self._key)

    def batches(self, table: str) -> Iterator[pa.RecordBatch]:
        """A table, batch by batch, in its order.

        Raises:
            IndexDamaged: see `read`.
        """
        with _whole(table):
            yield from staged_batches(self._paths[table], self._key)

    def columns(self, table: str) -> list[str]:
        """The columns of a table.

        Raises:
            IndexDamaged: see `read`.
        """
        with _whole(table):
            return staged_schema(self._paths[table], self._key).names

    def some(
        self, table: str, columns: Sequence[str], by: str, chosen: Callable[[pa.Array], pa.Array]
    ) -> pa.Table:
        """Some columns of chosen rows, in their order; parts without any are not read.

        Args:
            table: which.
            columns: which of its columns.
            by: a column.
            chosen: says of values of this column which rows are wanted.

        Raises:
            IndexDamaged: see `read`.
        """
        with _whole(table):
            return read_some(self._paths[table], self._key, columns, by, chosen)


@contextmanager
def _whole(table: str) -> Generator[None]:
    """Say of a file that can't be read that it is the index's, which is made again and not by running anything again."""
    try:
        yield
    except StagingDoesNotHold:
        raise IndexDamaged(table=table) from None


def write_tables(
    tables: Iterable[Indexed], before: Iterable[str], directory: Path, key: StagingKey
) -> Mapping[str, tuple[int, list[str]]]:
    """Write the tables of an index beside those of one before; rows and columns of each file, by its name."""
    number = max((int(name.partition("_")[0][5:]) for name in before), default=0) + 1
    written: dict[str, tuple[int, list[str]]] = {}
    for table, data, part in tables:
        name = f"index{number}_{table}"
        path, schema = directory / f"{name}.parquet", data.schema
        batches = data.to_batches() if isinstance(data, pa.Table) else data
        rows = 0
        with staged_writer(path, schema, key, part=part) as writer:
            for batch in batches:
                writer.write(batch)
                rows += batch.num_rows
        written[name] = rows, schema.names
    return written


def _table_of(name: str) -> str:
    return name.partition("_")[2]
