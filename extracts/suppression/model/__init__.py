"""Additive tables with true values, and the system of equations that several of them form.

They are for the suppressor alone: the audit imports nothing from here.
"""

from extracts.suppression.model.table_system import (
    Floats,
    Place,
    Relations,
    TableSystem,
    join_tables,
    parts,
    programme,
    solver_with,
)
from extracts.suppression.model.tables import (
    TOTAL,
    CellTable,
    Dimension,
    Flags,
    Ints,
    Levels,
    SuppressionPolicy,
    check_level,
    leaves_of,
    publish,
    spread,
)
