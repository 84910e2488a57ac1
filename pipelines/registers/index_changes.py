"""An index from the one of the snapshot that a load was against: worked out again is what its changes touch, the rest is taken over.

The tables are those that a whole index of the new snapshot would have; who is one person is taken from the new one for all.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from extracts import rows as extracts
from extracts.rows import compute as pc
from matching import errors, linking, normalise
from systems import database
from systems.register import BEFORE, Index, Snapshot, differing_sql, touched_sql

if TYPE_CHECKING:
    from collections.abc import Generator

    import duckdb

_MOST = 0.2  # of the entries: where more are touched, taking the others over saves nothing
SourceOf = Callable[[pa.Table], linking.Source]
Numbers = npt.NDArray[np.int64]


class Changes:
    """What a load changed, beside the index of what it changed.

    Args:
        con: the snapshot's connection, with the base's tables in the schema ``before``.
        snapshot: the new one.
        base: the index of the other.
        everybody: ``record_id`` and ``identity`` of the new one's entries, ascending.
    """

    def __init__(
        self, con: "duckdb.DuckDBPyConnection", snapshot: Snapshot, base: Index, everybody: pa.Table
    ) -> None:
        self._con, self._system, self._base = con, snapshot.system, base
        self._ids: Numbers = everybody["record_id"].to_numpy()
        self._identity: Numbers = everybody["identity"].to_numpy()
        differing = {
            name: differing_sql(self._system.table(name), BEFORE, "main")
            for name in snapshot.info.changes
        }
        query = touched_sql(self._system, differing)
        with database.guarded(errors.LinkageBroke, step="touched entries"):
            self._read = con.sql(query).to_arrow_table()
        self._released = extracts.touched_entries(con, self._system, differing, BEFORE)

    @property
    def few(self) -> bool:
        """Whether the rest is worth taking over."""
        touched = self._released
        return touched is not None and touched.num_rows <= _MOST * max(len(self._ids), 1)

    def rows(self, source: SourceOf) -> tuple[pa.Table, pa.Table]:
        """``rows`` and ``texts``; ``source`` gives entries as linkage reads them."""
        before = self._base.read("rows"), self._base.read("texts")
        wanted = self._there(self._read)
        found = source(wanted)
        new = normalise.stored_tables(found.read(found.columns))
        ids = before[0]["record_id"].to_numpy()
        kept = np.isin(ids, self._ids) & ~np.isin(ids, self._read["record_id"].to_numpy())
        rows, texts = normalise.with_changes(before, kept, new, "record_id")
        return self._renamed(rows, "record_id", "identity"), texts

    @contextmanager
    def stored(self) -> "Generator[extracts.StoredRows]":
        """The rows of touched entries as they may leave."""
        assert self._released is not None
        stored = extracts.StoredRows(self._con, self._system, self._there(self._released))
        try:
            yield stored
        finally:
            stored.drop()

    def released(self, new: pa.Table) -> Iterator[pa.RecordBatch]:
        """``released``, at least one batch; ``new`` are the rows of touched entries."""
        by = [("entry_", "ascending"), ("key_", "ascending")]
        begin, ids = 0, new["entry_"].to_numpy()
        yield pa.RecordBatch.from_pylist([], schema=new.schema)
        for batch in self._base.batches("released"):
            rows = pa.Table.from_batches([batch])
            entries: Numbers = rows["entry_"].to_numpy()
            rows = rows.filter(pa.array(self._stays(entries)))
            rows = self._renamed(rows, "entry_", "identity_").cast(new.schema)
            end = int(np.searchsorted(ids, entries[-1], "right")) if len(entries) else begin
            both = pa.concat_tables([rows, new.slice(begin, end - begin)])
            yield from (both.sort_by(by) if end > begin else both).to_batches()
            begin = end
        yield from new.slice(begin).to_batches()

    def scope(self, new: pa.Table) -> pa.Table:
        """``scope``."""
        before = self._base.read("scope")
        kept = before.filter(pa.array(self._stays(before["record_id"].to_numpy())))
        both = pa.concat_tables([kept.cast(new.schema), new])
        return both.sort_by([(name, "ascending") for name in both.column_names])

    def tallies(self, new: pa.Table) -> pa.Table:
        """``tallies``."""
        columns = self._base.columns("released")

        def gone(entries: pa.Array) -> pa.Array:
            return pa.array(~self._stays(entries.to_numpy()))

        rows = self._base.some("released", columns, "entry_", gone)
        former = extracts.tallies_of_rows(self._con, self._system, rows)
        return extracts.tallies_together([self._base.read("tallies"), new], former)

    def _stays(self, entries: Numbers) -> npt.NDArray[np.bool_]:
        """Whose rows are as they were."""
        assert self._released is not None
        touched: Numbers = self._released["record_id"].to_numpy()
        return np.isin(entries, self._ids) & ~np.isin(entries, touched)

    def _there(self, touched: pa.Table) -> pa.Table:
        here = np.isin(touched["record_id"].to_numpy(), self._ids)
        return touched.filter(pa.array(here))

    def _renamed(self, rows: pa.Table, by: str, name: str) -> pa.Table:
        """Rows with their entries' persons as they are now."""
        if not rows.num_rows:
            return rows
        place = np.searchsorted(self._ids, rows[by].to_numpy())
        at = rows.schema.get_field_index(name)
        now = pc.cast(pa.array(self._identity[place]), rows.schema.field(at).type)
        return rows.set_column(at, rows.schema.field(at), now)
