"""Additive tables with true values, and the system of equations that several of them form.

They are for the suppressor alone: the audit imports nothing from here.
"""

from extracts.suppression.model.table_system import Floats, Relations, TableSystem, join_tables
from extracts.suppression.model.tables import (
    TOTAL,
    CellTable,
    Dimension,
    Flags,
    Ints,
    Levels,
    SuppressionPolicy,
    check_level,
    publish,
    spread,
)
