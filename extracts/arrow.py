"""Arrow's compute functions and DuckDB's Arrow results, which have no types of their own."""

from typing import Any

import pyarrow as pa
import pyarrow.compute

compute: Any = pyarrow.compute


def fetched(result: Any) -> pa.Table:
    """Return the whole result of an executed query as an Arrow table."""
    return result.to_arrow_table()
