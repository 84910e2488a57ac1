"""What a table must have before it is linked: ids, and columns of the right type."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from matching.arrays import blank, number_ids
from matching.arrow import pc
from matching.errors import BadTable, DuplicateIds, MissingIdColumn, MissingIds, NoCommonColumns
from matching.tables.columns import IDENTIFYING, STANDARD

_SHOWN = 1000  # row numbers kept in an error


def check_texts(*tables: pa.Table) -> None:
    """Check that every standard column is text.

    Raises:
        BadTable: one is not.
    """
    for table in tables:
        wrong = [c for c in STANDARD if c in table.column_names and not _is_text(table[c].type)]
        if wrong:
            raise BadTable(columns=wrong)


def check_cohort(cohort: pa.Table) -> None:
    """Check the ids of the cohort of a linkage.

    Raises:
        MissingIdColumn: no ``cohort_id``.
        MissingIds: null or blank ids.
        DuplicateIds: an id in two rows.
        BadTable: ids of another type.
    """
    check_ids(cohort, "cohort_id", unique=True)


def check_records(records: pa.Table) -> None:
    """Check the ids of the records of a linkage, several of which may be one record's.

    Raises:
        MissingIdColumn: no ``record_id``.
        MissingIds: null or blank ids.
        BadTable: ids or identities of another type.
    """
    check_ids(records, "record_id", unique=False)
    if "identity" in records.column_names and not pa.types.is_integer(records["identity"].type):
        raise BadTable(columns=["identity"])


def check_common(cohort: Sequence[str], records: Sequence[str]) -> None:
    """Check that both sides have a column that tells people apart.

    Raises:
        NoCommonColumns: nothing to link on.
    """
    if not any(c in cohort and c in records for c in IDENTIFYING):
        raise NoCommonColumns(needed=list(IDENTIFYING))


def check_ids(table: pa.Table, name: str, *, unique: bool) -> None:
    """Check one id column.

    Raises:
        MissingIdColumn, MissingIds, DuplicateIds, BadTable: see ``check_cohort``.
    """
    if name not in table.column_names:
        raise MissingIdColumn(column=name)
    ids = table[name]
    if not (_is_text(ids.type) or pa.types.is_integer(ids.type)):
        raise BadTable(columns=[name])
    text = pc.cast(ids, pa.string())
    rows = np.flatnonzero(blank(text)) + 1
    if len(rows):
        raise MissingIds(column=name, count=len(rows), rows=rows[:_SHOWN].tolist())
    if unique and len(number_ids(text)[1]) != len(text):
        rows = repeated(text)
        raise DuplicateIds(column=name, count=len(rows), rows=rows[:_SHOWN])


def repeated(ids: pa.ChunkedArray) -> list[int]:
    """Row numbers (from 1) of all ids that occur more than once."""
    values = ids.to_numpy()
    _, place, counts = np.unique(values.astype(str), return_inverse=True, return_counts=True)
    return (np.flatnonzero(counts[place] > 1) + 1).tolist()


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)
