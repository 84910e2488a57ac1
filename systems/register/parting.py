"""What linkage reads of a register, read once and kept by entry: bringing some entries together then reads these entries' rows alone.

Tables that are read anew for every million entries cost the square of a register. What is kept is let go part by part.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from systems.database import guarded, quoted
from systems.description import System
from systems.errors import RegisterUnreadable
from systems.register.views import linkage_tables

if TYPE_CHECKING:
    import duckdb

_ROWS: Final = 1 << 17  # read at a time


def by_entry(
    con: "duckdb.DuckDBPyConnection", system: System, entries: pa.Table, many: int
) -> "Iterator[tuple[duckdb.DuckDBPyConnection, pa.Table]]":
    """Entries, so many at a time, each with a connection whose tables hold their rows, as far as `linkage_sql` and `entries_sql` look at them.

    Args:
        con: a connection with the register's tables; nothing of it is changed.
        system: the data system.
        entries: ``record_id`` (whole number), ascending.
        many: entries at a time.

    Raises:
        RegisterUnreadable: the database gave up.
    """
    if entries.num_rows <= many:
        yield con, entries
        return
    firsts = entries["record_id"].to_numpy()[many::many]
    with closing(con.cursor()) as own:
        with guarded(RegisterUnreadable, system=system.code):
            kept = {
                table: _parted(own, table, columns, firsts)
                for table, columns in linkage_tables(system).items()
            }
        for start in range(0, entries.num_rows, many):
            with guarded(RegisterUnreadable, system=system.code):
                _show(own, {table: parts.pop(0) for table, parts in kept.items()})
            yield own, entries.slice(start, many)


def _parted(
    con: "duckdb.DuckDBPyConnection",
    table: str,
    columns: Sequence[str],
    firsts: npt.NDArray[np.int64],
) -> list[pa.Table]:
    """The rows of a table by their first column: below the first of some keys, from there to the next, and so on."""
    shown: Any = con.sql(f"SELECT {', '.join(map(quoted, columns))} FROM {quoted(table)}")
    reader: pa.RecordBatchReader = shown.to_arrow_reader(_ROWS)
    parts: list[list[pa.RecordBatch]] = [[] for _ in range(len(firsts) + 1)]
    for rows in reader:
        keys = rows.column(0).fill_null(-1).to_numpy(zero_copy_only=False)  # nobody's
        batch, part = rows, np.searchsorted(firsts, keys, side="right")
        if bool((part[1:] < part[:-1]).any()):
            order = np.argsort(part, kind="stable")
            part, batch = part[order], batch.take(pa.array(order))
        ends = np.searchsorted(part, np.arange(len(parts)), side="right").tolist()
        for one, begin, end in zip(parts, [0, *ends], ends, strict=False):
            if end > begin:
                one.append(batch.slice(begin, end - begin))
    return [pa.Table.from_batches(one, reader.schema) for one in parts]


def _show(con: "duckdb.DuckDBPyConnection", parts: Mapping[str, pa.Table]) -> None:
    """Temporary views come before any others of their name; their rows stay in order, as those of a file do."""
    for table, rows in parts.items():
        con.register(f"part of {table}", rows)
        source = quoted(f"part of {table}")
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {quoted(table)} AS SELECT * FROM {source} OFFSET 0"
        )
