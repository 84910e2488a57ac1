"""Research ids in place of keys, and row order, without ever holding the project's secret.

One id stands for each person and record, the same throughout a project.
"""

from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from extracts.errors import IdsCollide
from extracts.rows.arrow import compute as pc
from extracts.rows.plan import Plan
from systems.database import quoted

if TYPE_CHECKING:
    import duckdb


class IdMaker(Protocol):
    """Makes ids that are stable within a project and can't be linked across projects.

    Both are keyed digests under the project's own secret; the label keeps the ids of persons,
    orders and rows apart, so that equal inputs under two labels have nothing in common.
    """

    def ids(self, label: str, values: pa.Array) -> pa.Array:
        """Return one research id (string) for each value (string), in the order given."""
        ...

    def order(self, label: str, values: pa.Array) -> pa.Array:
        """Return one sortable key (uint64 or fixed-size bytes) for each value (string)."""
        ...


def distinct_ids(maker: IdMaker, label: str, keys: pa.Array) -> pa.Array:
    """Research ids for the distinct ``keys`` (int64 or string), checked to be distinct too.

    Raises:
        IdsCollide: two keys got one id. At 96 bits and more this does not happen by chance.
    """
    ids = maker.ids(label, keys.cast(pa.string()))
    if pc.count_distinct(ids).as_py() != pc.count_distinct(keys).as_py() or ids.null_count:
        raise IdsCollide(label=label)
    return ids


def with_references(rows: pa.Table, plan: Plan, ids: IdMaker) -> dict[str, pa.ChunkedArray]:
    """Return the plan's columns of ``rows``, keys replaced by research ids.

    ``rows`` has ``record_`` and ``person_`` (register keys, missing where there is no record) beside
    the plan's columns.

    Raises:
        IdsCollide: two keys got one id.
    """
    keys = {plan.noun: "record_", "person": "person_"}
    made = {label: _references(rows[name], label, ids) for label, name in keys.items()}
    return {
        column.name: made[plan.references[column.name]]
        if column.name in plan.references
        else rows[column.name]
        for column in plan.columns
    }


def sort_keys(keys: pa.ChunkedArray, label: str, ids: IdMaker) -> pa.ChunkedArray:
    """Return a key for each value by which rows are sorted without regard to the register."""
    distinct = pc.unique(keys).drop_null()
    return pa.chunked_array(
        [
            ids.order(label, distinct.cast(pa.string())).take(pc.index_in(c, distinct))
            for c in _chunks(keys)
        ]
    )


def unindexed(con: "duckdb.DuckDBPyConnection", plan: Plan) -> int:
    """Number of register entries that the person index does not know."""
    return con.execute(f"""
        SELECT count(*) FROM {quoted(plan.person_table)} p
        ANTI JOIN person_index i ON i.record_id = p.{quoted(plan.person)}""").fetchall()[0][0]


def _references(keys: pa.ChunkedArray, label: str, ids: IdMaker) -> pa.ChunkedArray:
    distinct = pc.unique(keys).drop_null()
    made = distinct_ids(ids, label, distinct)
    return pa.chunked_array(
        [made.take(pc.index_in(chunk, distinct)) for chunk in _chunks(keys)], pa.string()
    )


def _chunks(keys: pa.ChunkedArray) -> list[pa.Array]:
    return keys.chunks or [pa.array([], keys.type)]
