"""Reading outside tables exactly as they are: every value a string, nothing parsed or trimmed.

    table = read_table(path, role="cohort").table

CSV in any common encoding and delimiter, Parquet, XLSX. What a value means is for others to say.
No error names the file, a value, or a column by its name: a file without a header has people's
names where column names should be.
"""

from systems.tabular.apart import DEFAULT, Limits
from systems.tabular.origin import Bytes, Source
from systems.tabular.reading import (
    Stream,
    check_file,
    cut,
    is_parquet,
    native_batches,
    read_schema,
    read_table,
    sheet_cells,
    stream_table,
    stream_texts,
)
