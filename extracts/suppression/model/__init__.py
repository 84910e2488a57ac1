"""Additive tables, their relations, and what of them is published."""

from extracts.suppression.model.policy import SuppressionPolicy, Zeros
from extracts.suppression.model.published import PublishedRow, PublishedTable
from extracts.suppression.model.relations import Floats, Relations
from extracts.suppression.model.table_system import Stack, stacked
from extracts.suppression.model.tables import (
    TOTAL,
    CellTable,
    Dimension,
    Flags,
    Ints,
    check_level,
    spread,
)

__all__ = [
    "TOTAL",
    "CellTable",
    "Dimension",
    "Flags",
    "Floats",
    "Ints",
    "PublishedRow",
    "PublishedTable",
    "Relations",
    "Stack",
    "SuppressionPolicy",
    "Zeros",
    "check_level",
    "spread",
    "stacked",
]
