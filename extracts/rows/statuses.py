"""Rows of which cells were emptied, with the companions that say so (`systems.companions`)."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from extracts.rows.research_ids import compute as pc
from systems.companions import EMPTIED, NOT_RECORDED, RECORDED, status_name

Mask = npt.NDArray[np.bool_]


def told_by(table: pa.Table, columns: Iterable[str]) -> tuple[str, ...]:
    """Columns, and their companions where the table has them: all that is to be seen of them."""
    columns = tuple(columns)
    companions = (status_name(name) for name in columns)
    return (*columns, *(name for name in companions if name in table.column_names))


def emptied_cells(table: pa.Table, column: str) -> Mask:
    """Which cells of a column were emptied, as the table says."""
    name = status_name(column)
    if name not in table.column_names:
        return np.zeros(table.num_rows, np.bool_)
    return pc.equal(table[name], EMPTIED).to_numpy()


def emptied(table: pa.Table, column: str, rows: Mask) -> pa.Table:
    """The table with a column emptied in some rows, and a companion that says so."""
    if not rows.any():
        return table
    gone = pa.array(rows)
    values = pc.if_else(gone, pa.scalar(None, table[column].type), table[column])
    place, name = table.column_names.index(column), status_name(column)
    known = (
        table[name]
        if name in table.column_names
        else pc.if_else(pc.is_valid(values), RECORDED, NOT_RECORDED)
    )
    status = pc.if_else(gone, EMPTIED, known)
    table = table.set_column(place, table.schema.field(column), values)
    if name in table.column_names:
        return table.set_column(table.column_names.index(name), name, status)
    return table.add_column(place + 1, name, status)
