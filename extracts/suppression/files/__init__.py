"""Cells, published tables and hierarchies as files."""

from extracts.suppression.files.columnar import is_parquet, write_parquet
from extracts.suppression.files.derived import derive_file, share_of_total
from extracts.suppression.files.files import (
    PUBLISHED,
    SUPPRESSED,
    check_columns,
    columns_of,
    read_cells,
    read_hierarchy,
    read_published,
    write_csv,
)
from extracts.suppression.files.rows import table_from_rows

__all__ = [
    "PUBLISHED",
    "SUPPRESSED",
    "check_columns",
    "columns_of",
    "derive_file",
    "is_parquet",
    "read_cells",
    "read_hierarchy",
    "read_published",
    "share_of_total",
    "table_from_rows",
    "write_csv",
    "write_parquet",
]
