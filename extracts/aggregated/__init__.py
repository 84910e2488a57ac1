"""Aggregated extracts: counted, suppressed, audited, beside all that went out before."""

from extracts.aggregated.aggregated import build_aggregate, has_version, published_before
from extracts.aggregated.cells import AggregateSpec
from extracts.aggregated.coarser import coarser_versions
from extracts.aggregated.explaining import explain
from extracts.aggregated.history import load_published, save_published
from extracts.aggregated.late_records import REASONS, ClosedYear

__all__ = [
    "REASONS",
    "AggregateSpec",
    "ClosedYear",
    "build_aggregate",
    "coarser_versions",
    "explain",
    "has_version",
    "load_published",
    "published_before",
    "save_published",
]
