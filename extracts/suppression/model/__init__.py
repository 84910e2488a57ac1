"""Additive tables with true values, and the system of equations that several of them form.

They are for the suppressor alone: the audit imports nothing from here.
"""

from extracts.suppression.model.programmes import load, solver_with
from extracts.suppression.model.relations import Floats, Relations, parts
from extracts.suppression.model.table_system import Place, TableSystem, join_tables
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
