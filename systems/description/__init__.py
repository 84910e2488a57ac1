"""A data system as its TOML describes it; nothing here opens a register."""

from systems.description.loading import load_system, system_codes
from systems.description.model import Column, ForeignKey, LinkageColumn, System, Table
from systems.description.releases import Dimension, Exclusion, OutputColumn, RowRelease
from systems.description.terms import Record

__all__ = [
    "Column",
    "Dimension",
    "Exclusion",
    "ForeignKey",
    "LinkageColumn",
    "OutputColumn",
    "Record",
    "RowRelease",
    "System",
    "Table",
    "load_system",
    "system_codes",
]
