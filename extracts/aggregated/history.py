"""The history of publication: every aggregated table that ever left, one Parquet file each.

A published table holds no hidden value, so that the history needs no encryption; it must be whole,
though: a file that can't be read stops every further publication.
"""

import os
import re
import tempfile
from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from extracts.aggregated.published_arrow import from_arrow
from extracts.suppression import HistoryUnreadableError

_NAME = re.compile(r"^[A-Za-z0-9._-]{1,100}$")


def save_published(directory: Path, name: str, table: pa.Table) -> Path:
    """Keep a table that has left.

    Args:
        directory: the history of one data system.
        name: of the release that published it; a name that is there already is never overwritten.
        table: as ``build`` made it.

    Returns:
        The file.

    Raises:
        HistoryUnreadableError: the table is no published one, or another one has this name.
    """
    from_arrow(table)
    if not _NAME.match(name):
        raise HistoryUnreadableError(name_length=len(name))
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = directory / f"{name}.parquet"
    if path.exists():
        if pq.read_table(path).equals(table, check_metadata=True):
            return path
        raise HistoryUnreadableError(tables_of_one_release=2)
    handle, temporary = tempfile.mkstemp(dir=directory, suffix=".tmp")
    with os.fdopen(handle, "wb") as stream:
        pq.write_table(table, stream, compression="zstd")
        stream.flush()
        os.fsync(stream.fileno())
    Path(temporary).replace(path)
    return path


def load_published(directory: Path, names: Collection[str] | None = None) -> list[pa.Table]:
    """All tables that have left, by name of release; only those of some releases where named.

    Raises:
        HistoryUnreadableError: one can't be read.
    """
    if not directory.exists():
        return []
    tables: list[pa.Table] = []
    for path in sorted(directory.glob("*.parquet")):
        if names is not None and path.stem not in names:
            continue
        try:
            table = pq.read_table(path)
        except (OSError, pa.ArrowException):
            raise HistoryUnreadableError(read=len(tables)) from None
        from_arrow(table)
        tables.append(table)
    return tables
