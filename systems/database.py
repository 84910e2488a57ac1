"""The embedded database, as every room opens it: in memory, no spill, no network, no surprises.

It does not know any table. Two rules make it safe for records about people: nothing is ever
written to disk by DuckDB itself (it would spill plain), and none of its error texts gets out (they
quote cell values).
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

from errors import CodedError, Fact
from systems.without_pandas import leave_pandas_out

if TYPE_CHECKING:
    import duckdb


def connect(
    threads: int | None = None, memory_limit: str | None = None
) -> duckdb.DuckDBPyConnection:
    """Open an in-memory connection that can't spill, load extensions or pick up Python variables.

    Tables from Python are given by ``con.register(name, table)``; a variable's name in SQL is
    never looked up, so that a misspelt table is an error.

    Args:
        threads: worker threads; all cores where none are given.
        memory_limit: as DuckDB writes it, such as ``"2GiB"``; 80 % of the machine's otherwise.
    """
    import duckdb

    leave_pandas_out()
    config: dict[str, str | bool | int | float | list[str]] = {
        "temp_directory": "",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "python_enable_replacements": "false",
    }
    if threads is not None:
        config["threads"] = str(threads)
    if memory_limit is not None:
        config["memory_limit"] = memory_limit
    con = duckdb.connect(":memory:", config=config)
    con.execute("SET enable_progress_bar = false")
    return con


@contextmanager
def unordered(con: duckdb.DuckDBPyConnection) -> Generator[None]:
    """Let DuckDB forget the order of rows: it then reads one staged file with all its threads."""
    (kept,) = con.execute("SELECT current_setting('preserve_insertion_order')").fetchall()[0]
    con.execute("SET preserve_insertion_order = false")
    try:
        yield
    finally:
        con.execute(f"SET preserve_insertion_order = {kept}")


class guarded:  # noqa: N801 - reads as a statement: `with guarded(RegisterUnreadable):`
    """Turn any DuckDB or Arrow error inside the block into one coded error without its text.

    The original is dropped, not only hidden: neither the message nor the exception chain keeps it,
    since both quote values and both end up in logs.

    Example:
        with guarded(RegisterUnreadable, table="person"):
            rows = con.execute(sql).fetchall()
    """

    def __init__(self, error: type[CodedError], **facts: Fact) -> None:
        self._error = error
        self._facts = facts

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        caught: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None or not _is_engine_error(kind):
            return
        if issubclass(kind, MemoryError) or kind.__name__ == "OutOfMemoryException":
            raise MemoryError from None  # says nothing about the data
        coded = self._error(**self._facts)
        try:
            raise coded from None
        except CodedError:
            coded.__context__ = None
            raise


def _is_engine_error(kind: type[BaseException]) -> bool:
    """True for errors of the engines, by module, so that neither is imported to ask."""
    return any(
        base.__module__.partition(".")[0] in {"duckdb", "_duckdb", "pyarrow"}
        for base in kind.__mro__
    )


def quoted(identifier: str) -> str:
    """Return an SQL identifier in double quotes."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return an SQL string literal; for text from a system's description, never for a value."""
    return "'" + text.replace("'", "''") + "'"
