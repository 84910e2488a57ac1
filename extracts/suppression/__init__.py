"""Disclosure control of additive tables: which cells to hide, and a proof that they stay hidden.

Usable alone: ``suppress_file`` and ``audit_file`` are the commands ``suppress`` and ``audit``;
``suppress`` and ``audit`` work on tables in memory. See ``docs/suppression.md`` for attacker, rule
and algorithm. Names are loaded when they are first used, since the solver takes its time.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from extracts.suppression.auditing import AuditReport, Fall, audit
    from extracts.suppression.command import SuppressOutcome, audit_file, suppress_file
    from extracts.suppression.policy import SuppressionPolicy
    from extracts.suppression.published import PublishedRow, PublishedTable
    from extracts.suppression.suppressing import Pattern, suppress
    from extracts.suppression.tables import TOTAL, CellTable, Dimension

__all__ = [
    "TOTAL",
    "AuditReport",
    "CellTable",
    "Dimension",
    "Fall",
    "Pattern",
    "PublishedRow",
    "PublishedTable",
    "SuppressOutcome",
    "SuppressionPolicy",
    "audit",
    "audit_file",
    "suppress",
    "suppress_file",
]

_PLACES = {
    "AuditReport": "auditing",
    "Fall": "auditing",
    "audit": "auditing",
    "SuppressOutcome": "command",
    "audit_file": "command",
    "suppress_file": "command",
    "SuppressionPolicy": "policy",
    "PublishedRow": "published",
    "PublishedTable": "published",
    "Pattern": "suppressing",
    "suppress": "suppressing",
    "TOTAL": "tables",
    "CellTable": "tables",
    "Dimension": "tables",
}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
