"""The last look at the columns before a table may be staged: exactly those promised, no other.

Names come from us (the plan) or from the researcher's file; a name that is not ours is told by its
position, since a file without a header has a person's data where names should be.
"""

from typing import get_args

import pyarrow as pa

from extracts.errors import ColumnMissing, ColumnNotAllowed
from extracts.records.plan import Plan, RowKind, plan_for
from systems.description import System
from systems.standard import STANDARD_COLUMNS

STANDARD = frozenset(STANDARD_COLUMNS)


def check_columns(table: pa.Table, system: System, kind: str) -> None:
    """Refuse a table that holds anything that the system's file does not allow for this kind.

    Raises:
        ColumnNotAllowed: with positions (1-based), or for a kind that has no rows.
        ColumnMissing: with names from the system's file.
        ColumnPlanRefused: the file itself would let an identifier leave.
    """
    rows: dict[str, RowKind] = {one: one for one in get_args(RowKind)}
    if kind not in rows:
        raise ColumnNotAllowed(kind="unknown")
    echoed = tuple(n.removeprefix("supplied_") for n in table.column_names if _echo(n))
    check_against(table, plan_for(system, rows[kind]), echoed if kind == "identified" else ())


def check_against(table: pa.Table, plan: Plan, supplied: tuple[str, ...] = ()) -> None:
    """Refuse a table whose columns are not those of ``plan`` and the supplied ones, in order."""
    expected = expected_columns(plan, supplied)
    names = table.column_names
    wrong = [i for i, name in enumerate(names, start=1) if name not in expected]
    strange = [i for i, name in enumerate(supplied, start=1) if name not in STANDARD]
    if strange:
        raise ColumnNotAllowed(supplied_positions=strange)
    if wrong:
        raise ColumnNotAllowed(positions=wrong)
    if missing := [name for name in expected if name not in names]:
        raise ColumnMissing(columns=missing)
    if tuple(names) != expected:
        raise ColumnNotAllowed(columns=len(names), expected=len(expected))


def expected_columns(plan: Plan, supplied: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the column names of an extract after ``plan``, in order."""
    register = tuple(column.name for column in plan.columns)
    if plan.kind == "identified":
        return ("row_id", *(f"supplied_{name}" for name in supplied), "matched", *register)
    return register


def _echo(name: str) -> bool:
    return name.startswith("supplied_")
