"""The history of publication: every aggregated table that ever left, one Parquet file each.

A published table holds no hidden value, so that the history needs no encryption; it must be whole,
though: a file that can't be read stops every further publication. It is the same table that the
recipient gets; what it says beyond its columns (scope, hierarchy, years without a total) stands in
the schema's metadata under ``published``.
"""

import json
import os
import re
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from extracts.errors import HistoryUnreadableError
from extracts.perturbation import PERTURBED
from extracts.publications import read_published
from extracts.suppression import PublishedRow, PublishedTable

# --- published tables as Arrow

PERSONS, STATUS = "persons", "status"
ORDERS = "orders"  # what tables counted before the count had its system's name
_KEY = b"published"
_YEAR = "year"


def to_arrow(
    table: PublishedTable,
    labels: Mapping[str, Mapping[str, str]],
    rows: Sequence[PublishedRow],
    counted: str = ORDERS,
) -> pa.Table:
    """Rows as columns: each dimension with its label, the count of records, persons, status.

    ``table`` gives dimensions, scope and hierarchy, ``labels`` for each dimension code to label;
    ``counted`` is the name of the count of records.
    """
    columns: dict[str, pa.Array] = {}
    for axis, name in enumerate(table.dims):
        codes = [row.labels[axis] for row in rows]
        if name == _YEAR:
            columns[name] = pa.array([int(c) for c in codes], pa.int64())
            continue
        columns[name] = pa.array(codes, pa.string())
        texts = [labels.get(name, {}).get(c, "Total" if c == "TOTAL" else c) for c in codes]
        columns[f"{name}_label"] = pa.array(texts, pa.string())
    columns[counted] = pa.array([row.count for row in rows], pa.int64())
    columns[PERSONS] = pa.array([row.persons for row in rows], pa.int64())
    known = PERTURBED if PERTURBED in table.scope else "published"
    status = ["suppressed" if row.count is None else known for row in rows]
    columns[STATUS] = pa.array(status, pa.string())
    about = {
        "dims": list(table.dims),
        "counted": counted,
        "scope": {k: sorted(v) for k, v in sorted(table.scope.items())},
        "parents": {k: dict(sorted(v.items())) for k, v in sorted(table.parents.items()) if v},
    }
    made = pa.table(columns)
    return made.replace_schema_metadata({_KEY: json.dumps(about, sort_keys=True).encode()})


def counted_in(table: pa.Table) -> str:
    """Name of a published table's count of records; its schema says it, older ones count orders."""
    about = (table.schema.metadata or {}).get(_KEY)
    return str(json.loads(about).get("counted", ORDERS)) if about else ORDERS


def from_arrow(table: pa.Table) -> PublishedTable:
    """Read a published table back.

    Raises:
        HistoryUnreadableError: it is none.
    """
    try:
        about = json.loads((table.schema.metadata or {})[_KEY])
        dims = tuple(str(d) for d in about["dims"])
        axes = [[str(v) for v in table.column(d).to_pylist()] for d in dims]
        records = table.column(str(about.get("counted", ORDERS))).to_pylist()
        persons = table.column(PERSONS).to_pylist()
        rows = tuple(
            PublishedRow(tuple(labels), count, people)
            for *labels, count, people in zip(*axes, records, persons, strict=True)
        )
        scope = {k: tuple(v) for k, v in about["scope"].items()}
        return PublishedTable(dims, rows, about["parents"], has_persons=True, scope=scope)
    except (KeyError, ValueError, TypeError, AttributeError):
        raise HistoryUnreadableError(columns=table.num_columns) from None


# --- files

_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")


def save_published(directory: Path, name: str, table: pa.Table) -> Path:
    """Keep a table that has left.

    Args:
        directory: the history of one data system.
        name: of the release that published it; a name that is there already is never overwritten.
        table: as ``build_aggregate`` made it.

    Returns:
        The file.

    Raises:
        HistoryUnreadableError: the table is no published one, or another one has this name.
    """
    from_arrow(table)
    if not _NAME.fullmatch(name):
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
        HistoryUnreadableError: one can't be read, or is no published table.
    """
    tables = read_published(directory, names)
    for table in tables:
        from_arrow(table)
    return tables
