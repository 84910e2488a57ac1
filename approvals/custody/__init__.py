"""Custody of releases: ordered, approved by a second person, handed over, received, ended; the escrow key; registers' snapshots.

It records what stages did and what persons decided, and accounts for what was given to whom. It never
opens a package, and never holds the escrow's private key.
"""

from approvals.custody.accounting import (
    destruction_facts,
    disclosures,
    given_packages,
    individuals_known,
    name_of,
    recall_id,
    recall_letter,
)
from approvals.custody.escrow import (
    ASKERS,
    add_escrow_key,
    allow_escrow_use,
    confirm_escrow_key,
    escrow_state,
    request_escrow_use,
)
from approvals.custody.memory import Memory
from approvals.custody.releases import ROLES, Releases
from approvals.custody.snapshots import (
    ACCEPTERS,
    SnapshotState,
    accept_snapshot,
    retire_snapshot,
    snapshot_destroyed,
    snapshot_states,
)
from approvals.custody.state import MAKING, OUT, STEPS, STOPPED, ReleaseState, Status, release_state
