"""What a table must have before it is linked: ids, and columns of the right type."""

import numpy as np
import pyarrow as pa

from matching.arrow import EMPTY, array, pc
from matching.columns import IDENTIFYING
from matching.errors import BadTable, DuplicateIds, MissingIdColumn, MissingIds, NoCommonColumns

_SHOWN = 1000  # row numbers kept in an error


def check_tables(cohort: pa.Table, records: pa.Table) -> None:
    """Check both tables of a linkage.

    Raises:
        MissingIdColumn: no ``cohort_id`` or ``record_id``.
        MissingIds: null or blank ids.
        DuplicateIds: a cohort id in two rows.
        BadTable: ids or identities of another type.
        NoCommonColumns: nothing to link on.
    """
    check_ids(cohort, "cohort_id", unique=True)
    check_ids(records, "record_id", unique=False)
    for name in ("identity", "group"):
        if name in records.column_names and not pa.types.is_integer(records[name].type):
            raise BadTable(columns=[name])
    both = [c for c in IDENTIFYING if c in cohort.column_names and c in records.column_names]
    if not both:
        raise NoCommonColumns(needed=list(IDENTIFYING))


def check_ids(table: pa.Table, name: str, *, unique: bool) -> None:
    """Check one id column.

    Raises:
        MissingIdColumn, MissingIds, DuplicateIds, BadTable: see ``check_tables``.
    """
    if name not in table.column_names:
        raise MissingIdColumn(column=name)
    ids = table[name]
    kind = ids.type
    textual = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)
    if not (textual or pa.types.is_integer(kind)):
        raise BadTable(columns=[name])
    text = pc.cast(ids, pa.string())
    empty = pc.equal(pc.utf8_trim_whitespace(pc.fill_null(text, EMPTY)), EMPTY)
    rows = np.flatnonzero(array(empty)) + 1
    if len(rows):
        raise MissingIds(column=name, count=len(rows), rows=rows[:_SHOWN].tolist())
    if unique and len(pc.unique(text)) != len(text):
        rows = repeated(text)
        raise DuplicateIds(column=name, count=len(rows), rows=rows[:_SHOWN])


def repeated(ids: pa.ChunkedArray) -> list[int]:
    """Row numbers (from 1) of all ids that occur more than once."""
    values = ids.to_numpy()
    _, place, counts = np.unique(values.astype(str), return_inverse=True, return_counts=True)
    return (np.flatnonzero(counts[place] > 1) + 1).tolist()
