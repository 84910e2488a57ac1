"""Reading outside tables exactly as they are: every value a string, nothing parsed or trimmed.

    table = read_table(path, role="cohort").table

CSV in any common encoding and delimiter, Parquet, XLSX. What a value means is for others to say.
No error names the file, a value, or a column by its name: a file without a header has people's
names where column names should be.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from systems.tabular.reading import ReadTable, read_table
    from systems.tabular.streaming import Stream, stream_table

__all__ = ["ReadTable", "Stream", "read_table", "stream_table"]


def __getattr__(name: str) -> Any:
    """Load a part when it is first asked for."""
    if name not in __all__:
        raise AttributeError(name)
    part = "streaming" if name in ("Stream", "stream_table") else "reading"
    return getattr(import_module(f"systems.tabular.{part}"), name)
