"""Disclosure control of additive tables: which cells to hide, and a proof that they stay hidden.

Usable alone: ``suppress_file`` and ``audit_file`` are the commands ``suppress`` and ``audit``;
``suppress_all`` and ``audit_table`` work on tables in memory. See ``docs/suppression.md`` for
attacker, rule and algorithm. It never reads a register, and knows nothing of releases.
"""

from extracts.suppression.audit import AuditReport, Fall, Hint, audit_table
from extracts.suppression.coarser import MOSTLY, Outlook, outlook
from extracts.suppression.commands import (
    audit_file,
    derive_file,
    proposals_for,
    share_of_total,
    suppress_file,
    write_heat_map,
)
from extracts.suppression.errors import (
    AuditFellError,
    AuditInfeasibleError,
    AuditUnsolvedError,
    CannotProtectError,
    RevisedError,
)
from extracts.suppression.heat_map import Cross, Labels, MapCell, Names, heat_map_page, name_of
from extracts.suppression.model import (
    TOTAL,
    CellTable,
    Dimension,
    SuppressionPolicy,
    publish,
    stacked,
)
from extracts.suppression.published import PublishedRow, PublishedTable, Zeros
from extracts.suppression.solver import Job, Pattern, Progress, demanded, start, suppress_all

__all__ = [
    "MOSTLY",
    "TOTAL",
    "AuditFellError",
    "AuditInfeasibleError",
    "AuditReport",
    "AuditUnsolvedError",
    "CannotProtectError",
    "CellTable",
    "Cross",
    "Dimension",
    "Fall",
    "Hint",
    "Job",
    "Labels",
    "MapCell",
    "Names",
    "Outlook",
    "Pattern",
    "Progress",
    "PublishedRow",
    "PublishedTable",
    "RevisedError",
    "SuppressionPolicy",
    "Zeros",
    "audit_file",
    "audit_table",
    "demanded",
    "derive_file",
    "heat_map_page",
    "name_of",
    "outlook",
    "proposals_for",
    "publish",
    "share_of_total",
    "stacked",
    "start",
    "suppress_all",
    "suppress_file",
    "write_heat_map",
]
