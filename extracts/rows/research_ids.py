"""Research ids in place of keys, and row order, without ever holding the project's secret.

One id stands for each person and record, the same in all releases of its kind throughout a project. Identified
rows name people: de-identified ones have references of their own, else the one would name the other.
"""

from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
import pyarrow.compute

from extracts.errors import IdsCollide
from extracts.rows.plan import Plan
from systems.database import quoted

if TYPE_CHECKING:
    import duckdb

compute: Any = pyarrow.compute  # its functions have no types of their own
pc = compute


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


def with_references(rows: pa.Table, plan: Plan, ids: IdMaker) -> dict[str, pa.ChunkedArray]:
    """Return the plan's columns of ``rows``, keys replaced by research ids.

    ``rows`` has ``record_`` and ``person_`` (register keys, missing where there is no record) beside
    the plan's columns.

    Raises:
        IdsCollide: two keys got one id.
    """
    keys = {plan.noun: "record_", "person": "person_"}
    apart = "deidentified/" if plan.kind == "deidentified" else ""
    made = {one: _references(rows[name], f"{apart}{one}", ids) for one, name in keys.items()}
    return {
        column.name: made[plan.references[column.name]]
        if column.name in plan.references
        else rows[column.name]
        for column in plan.columns
    }


def sort_keys(keys: pa.ChunkedArray, label: str, ids: IdMaker) -> pa.ChunkedArray:
    """Return a key for each value by which rows are sorted without regard to the register."""
    distinct = pc.unique(keys).drop_null()
    made = ids.order(label, distinct.cast(pa.string()))
    return _spread(made, keys, distinct)


def unindexed(con: "duckdb.DuckDBPyConnection", plan: Plan) -> int:
    """Number of register entries that the person index does not know."""
    return con.execute(f"""
        SELECT count(*) FROM {quoted(plan.person_table)} p
        ANTI JOIN person_index i ON i.record_id = p.{quoted(plan.person)}""").fetchall()[0][0]


def _references(keys: pa.ChunkedArray, label: str, ids: IdMaker) -> pa.ChunkedArray:
    """Research ids for keys (int64 or string); those of distinct keys must be distinct, too."""
    distinct = pc.unique(keys).drop_null()
    made = ids.ids(label, distinct.cast(pa.string()))
    if pc.count_distinct(made).as_py() != len(distinct) or made.null_count:
        raise IdsCollide(label=label)  # at 96 bits and more this does not happen by chance
    return _spread(made, keys, distinct)


def _spread(made: pa.Array, keys: pa.ChunkedArray, distinct: pa.Array) -> pa.ChunkedArray:
    """What was made for the distinct keys, for every key."""
    chunks = keys.chunks or [pa.array([], keys.type)]
    return pa.chunked_array([made.take(pc.index_in(chunk, distinct)) for chunk in chunks])
