"""A home's registers: loaded, judged, accepted by a second person where they fail, compared, retired, listed, indexed.

The system validates, matching resolves entries to persons, both are pinned as one snapshot. It knows which room does what, under
which lock, and what the ledger is told; it never says what a register must hold.
"""

from pipelines.registers.ahead import ReadAhead
from pipelines.registers.databases import as_moment, from_database, left_out
from pipelines.registers.describing import describe_system
from pipelines.registers.indexing import (
    index_of,
    index_version,
    indexed_source,
    make_index,
    read_entries_ahead,
    read_released_ahead,
    records_source,
    released_of,
    renew_index,
    stale_indexes,
)
from pipelines.registers.judging import (
    accept_snapshot,
    diff_page_of,
    diff_snapshots,
    months_chart,
    retire_snapshot,
    show_snapshot,
    snapshot_page_of,
)
from pipelines.registers.listing import as_row, list_registers
from pipelines.registers.loading import Against, Progress, load_register
from pipelines.registers.mapped import write_proposal
