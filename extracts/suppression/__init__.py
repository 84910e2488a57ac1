"""Disclosure control of additive tables: which cells to hide, and a proof that they stay hidden.

Usable alone: ``suppress_file`` and ``audit_file`` are the commands ``suppress`` and ``audit``;
``suppress_all`` and ``audit_table`` work on tables in memory. See ``docs/suppression.md`` for
attacker, rule and algorithm. It never reads a register, and knows nothing of releases.
"""

from extracts.suppression.audit import AuditReport, Fall, Hint, Knowledge, audit_table, gather
from extracts.suppression.coarser import ENOUGH, MOSTLY_HIDDEN, Forecast, forecast, information
from extracts.suppression.codebook import Codebook, span
from extracts.suppression.commands import audit_file, suppress_file
from extracts.suppression.errors import (
    AuditFellError,
    AuditInfeasibleError,
    AuditUnsolvedError,
    CannotProtectError,
    RevisedError,
)
from extracts.suppression.heat_map import CrossTable, Labels, MapCell, Names, heat_map_page, name_of
from extracts.suppression.model import (
    TOTAL,
    CellTable,
    Dimension,
    Ints,
    SuppressionPolicy,
    publish,
)
from extracts.suppression.published import PublishedRow, PublishedTable, Zeros
from extracts.suppression.rates import derive_file, share_of_total
from extracts.suppression.solver import (
    Job,
    Pattern,
    Progress,
    proofs_of_pattern,
    suppress_all,
)
