"""Where a side of a linkage comes from: a table, or a file that is read part by part."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from matching.arrow import column, pc
from matching.errors import MissingIdColumn
from matching.normalise import DICTIONARY_COLUMNS, READ_COLUMNS, batches_of
from matching.reports import GROUPED
from matching.tables import IDS, STANDARD, ColumnMap, Side

_MAGIC = b"PAR1"


@dataclass(frozen=True)
class Source:
    """One side.

    Attributes:
        columns: the standard columns that it has.
        keep: the columns that a linkage needs as they are: ids, identities, groups of the report.
        parts: makes its parts, with all these columns; those of distinct texts may be dictionaries.
    """

    columns: tuple[str, ...]
    keep: tuple[str, ...]
    parts: Callable[[], Iterator[pa.Table]]


def table_source(table: pa.Table, side: Side) -> Source:
    """A table with standard names as a source."""
    return parts_source(table.column_names, side, lambda: iter([table]))


def parts_source(
    names: Sequence[str], side: Side, parts: Callable[[], Iterator[pa.Table]]
) -> Source:
    """A table that comes part by part as a source.

    Args:
        names: its columns, with standard names, all text (but a record's whole-number ids and identities).
        side: which side of the linkage it is.
        parts: makes its parts, at least one, of any size.
    """
    keep = (IDS[side], "identity") if side == "records" else (IDS[side], *GROUPED)
    return Source(
        tuple(c for c in STANDARD if c in names),
        tuple(c for c in keep if c in names),
        lambda: (piece for part in parts() for piece in batches_of(part)),
    )


@dataclass(frozen=True)
class FileSide:
    """A file as a source, the type of its ids, and how many of its columns are ignored."""

    source: Source
    plain: Callable[[], Iterator[pa.Table]]  # its parts with every column as text
    id_type: pa.DataType
    ignored: int

    def row(self, side: Side, wanted: str) -> pa.Table:
        """The rows of one id."""
        parts = self.plain()
        name = IDS[side]
        return pa.concat_tables(
            part.filter(pc.equal(pc.cast(part[name], pa.string()), wanted)) for part in parts
        )


def file_source(path: Path, side: Side, columns: ColumnMap, id_name: str) -> FileSide:
    """Open a file; its columns get their standard names part by part.

    Raises:
        CodedError: not a table, a map that does not fit, or no id column.
    """
    from systems.tabular import stream_table

    stream = stream_table(path, role=side)
    own_id = IDS[side]
    if id_name == own_id:
        id_name = columns.theirs(own_id, side)
    if id_name not in stream.names:
        raise MissingIdColumn(file=side, needed=own_id)
    named = columns.apply(_positions(stream.names), side)
    wanted = [c for c in (*STANDARD, *GROUPED[1:]) if c in named.column_names]
    groups = GROUPED if side == "cohort" else ()
    keep = (own_id, *(c for c in groups if c in wanted))
    looked_at = [c for c in wanted if c in READ_COLUMNS or c in keep]
    theirs = [stream.names[named[c].chunk(0)[0].as_py()] for c in looked_at]
    asked = list(dict.fromkeys([id_name, *theirs]))
    coded = [
        n
        for c, n in zip(looked_at, theirs, strict=True)
        if c in DICTIONARY_COLUMNS and c not in keep
    ]

    def parts(codes: Sequence[str] = ()) -> Iterator[pa.Table]:
        for part in stream.coded(asked, codes):
            chosen = [part[id_name], *(part[name] for name in theirs)]
            yield pa.Table.from_arrays(chosen, names=[own_id, *looked_at])

    standard = tuple(c for c in STANDARD if c in wanted)
    ignored = len(stream.names) - len(wanted) - 1
    source = Source(standard, keep, lambda: parts(coded))
    return FileSide(source, parts, _id_type(path, id_name), ignored)


def _positions(names: tuple[str, ...]) -> pa.Table:
    """A table of one row in which each column holds its own position, to follow it through a map."""
    number = column(np.arange(len(names)))
    return pa.Table.from_arrays(
        [pa.chunked_array([number.slice(i, 1)]) for i in range(len(names))], names=list(names)
    )


def _id_type(path: Path, name: str) -> pa.DataType:
    """The type of the ids in the file, so that they come back as they were given."""
    with path.open("rb") as file:
        if file.read(4) != _MAGIC:
            return pa.string()
    for field in pq.read_schema(path):
        if field.name.strip() == name and pa.types.is_integer(field.type):
            return field.type
    return pa.string()
