"""Files of tables that have left, as they stand in the history of publication; `extracts.aggregated` says what is in them."""

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from extracts.errors import HistoryUnreadableError


def read_published(directory: Path, names: Collection[str] | None = None) -> list[pa.Table]:
    """All tables that have left, by name of release; only those of some releases where named.

    Raises:
        HistoryUnreadableError: one can't be read.
    """
    tables: list[pa.Table] = []
    for path in sorted(directory.glob("*.parquet")) if directory.exists() else ():
        if names is None or path.stem in names:
            try:
                tables.append(pq.ParquetFile(path).read())  # read_table brings pandas with it
            except (OSError, pa.ArrowException):
                raise HistoryUnreadableError(read=len(tables)) from None
    return tables
