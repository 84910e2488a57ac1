"""Arrow's compute functions and DuckDB's Arrow results, which have no types of their own."""

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute

if TYPE_CHECKING:
    import duckdb

compute: Any = pyarrow.compute


def fetched(
    con: "duckdb.DuckDBPyConnection", query: str, bound: dict[str, object] | None = None
) -> pa.Table:
    """Return the whole result of a query as an Arrow table, without a copy in between."""
    result: Any = con.sql(query, params=bound or {})
    return result.to_arrow_table()
