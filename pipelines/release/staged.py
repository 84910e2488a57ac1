"""Staged tables where they stand: read by DuckDB from the encrypted file, column by column."""

from typing import TYPE_CHECKING

from crypto.resting import attach_key, scan_staged, staged_schema
from pipelines.release.errors import StageChanged
from pipelines.release.records import DigestFile
from systems.database import guarded, quoted

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from pipelines.release.context import Context


def view(
    context: "Context", con: "duckdb.DuckDBPyConnection", stage: str, name: str, relation: str
) -> None:
    """Let a connection read a staged table from its file as ``relation``.

    Raises:
        StageChanged: it is gone, or under another key.
    """
    source = scan_staged(_place(context, stage, name), attach_key(con, context.key))
    with guarded(StageChanged, stage=stage):
        con.execute(f"CREATE TEMP VIEW {quoted(relation)} AS SELECT * FROM {source}")


def columns(context: "Context", stage: str, name: str) -> list[str]:
    """Names of the columns of a staged table."""
    return list(staged_schema(_place(context, stage, name), context.key).names)


def digest(context: "Context", stage: str, name: str) -> str:
    """Keyed digest of a staged table's file."""
    return DigestFile(context.keyring, "stage")(_place(context, stage, name))


def _place(context: "Context", stage: str, name: str) -> "Path":
    return context.records.table(stage, name)
