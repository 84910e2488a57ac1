"""Disclosure control of additive tables: which cells to hide, and a proof that they stay hidden.

Usable alone: ``suppress_file`` and ``audit_file`` are the commands ``suppress`` and ``audit``;
``suppress`` and ``audit_table`` work on tables in memory. See ``docs/suppression.md`` for attacker, rule
and algorithm. Names are loaded when they are first used, since the solver takes its time.
"""

from extracts.suppression.audit import AuditReport, Fall, Hint, audit_table
from extracts.suppression.command import audit_file, suppress_file
from extracts.suppression.errors import (
    AuditFellError,
    AuditInfeasibleError,
    AuditUnsolvedError,
    CannotProtectError,
    HistoryUnreadableError,
    RevisedError,
    TabulationError,
    UnknownDimensionError,
    YearNotFullError,
)
from extracts.suppression.files import derive_file, share_of_total
from extracts.suppression.model import (
    TOTAL,
    CellTable,
    Dimension,
    PublishedRow,
    PublishedTable,
    SuppressionPolicy,
    Zeros,
    stacked,
)
from extracts.suppression.proposals import MOSTLY, Outlook, outlook, proposals_for, write_heat_map
from extracts.suppression.reports import Cross, Labels, MapCell, Names, heat_map_page, name_of
from extracts.suppression.solver import (
    Job,
    Pattern,
    Progress,
    demanded,
    publish,
    start,
    suppress_all,
)

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
    "HistoryUnreadableError",
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
    "TabulationError",
    "UnknownDimensionError",
    "YearNotFullError",
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
