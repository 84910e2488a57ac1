"""A snapshot read for a release: a system's release section as a checked plan, and as SQL.

It knows research ids in place of keys, what the register holds in the approved scope, and the last
look at columns and values, and how an emptied cell is told from one that never had a value. It never writes, and never holds the project's secret.
"""

from extracts.rows.content_scan import ContentScan, Hits, ScanReport, check_content, content_hits
from extracts.rows.in_scope import pairs_in_scope, records_in_scope, register_tallies
from extracts.rows.plan import Plan, RowKind, RowScope, check_against, plan_for
from extracts.rows.query import Step, chain, entry_steps, fetched, lookups, parameters
from extracts.rows.research_ids import IdMaker, compute, sort_keys, unindexed, with_references
from extracts.rows.statuses import emptied, emptied_cells, told_by
from extracts.rows.stored import (
    VERSION,
    StoredRows,
    records_of,
    stored_columns,
    stored_steps,
    tallies_of,
    tallies_of_rows,
    tallies_together,
    touched_entries,
)
