"""Aggregated extracts: counted, suppressed, audited, beside all that went out before."""

from extracts.aggregated import aggregated
from extracts.aggregated.coarser import coarser_versions
from extracts.aggregated.explaining import explain
from extracts.aggregated.history import load_published, save_published
from extracts.aggregated.late_records import REASONS, ClosedYear

__all__ = [
    "REASONS",
    "ClosedYear",
    "aggregated",
    "coarser_versions",
    "explain",
    "load_published",
    "save_published",
]
