"""A release's rows: a system's release section as SQL, research ids, and the last look at the columns."""

from extracts.records.arrow import compute, fetched
from extracts.records.check import check_against
from extracts.records.ids import IdMaker
from extracts.records.plan import Plan, RowKind, plan_for
from extracts.records.records import Step, chain, entry_steps, parameters
from extracts.records.references import sort_keys, unindexed, with_references
from extracts.records.scan import ContentScan, ScanReport, check_content, content_scan
from extracts.records.values import lookups

__all__ = [
    "ContentScan",
    "IdMaker",
    "Plan",
    "RowKind",
    "ScanReport",
    "Step",
    "chain",
    "check_against",
    "check_content",
    "compute",
    "content_scan",
    "entry_steps",
    "fetched",
    "lookups",
    "parameters",
    "plan_for",
    "sort_keys",
    "unindexed",
    "with_references",
]
