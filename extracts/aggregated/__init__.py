"""Aggregated extracts: counted, suppressed, audited, beside all that went out before.

The room counts records and persons by full calendar years, decides what becomes of closed years,
and keeps the history of publication. It never publishes a value that the audit did not see.
"""

from extracts.aggregated.closed_years import REASONS, ClosedYear
from extracts.aggregated.coarser import CoarserVersion, coarser_versions
from extracts.aggregated.explanation import explain
from extracts.aggregated.extract import Aggregate, build_aggregate, has_version, published_before
from extracts.aggregated.history import load_published, save_published
from extracts.aggregated.perturbed import build_perturbed, perturbed_before
from extracts.aggregated.tabulation import AggregateSpec
