"""The ledger: an append-only, hash-chained list of events of a closed list of kinds.

It knows what may be recorded, and whether what is stored is what was written. It never edits an event,
never takes a personal value, and never asks who may record what.
"""

from approvals.ledger.database import postgres_script, weaknesses
from approvals.ledger.events import (
    DIGEST,
    ID,
    KINDS,
    PROJECT,
    RELEASE,
    SIGNATURE,
    Event,
    FactValue,
    parse_facts,
)
from approvals.ledger.ledger import CLOCK_TOLERANCE, Entry, Ledger, Prove, canonical_json
from approvals.ledger.remembered import Remembered
from approvals.ledger.search import Page, Sought, find_events, find_page
from approvals.ledger.verification import (
    Checkpoint,
    HeadFile,
    Statement,
    make_checkpoint,
    verify_chain,
)
from approvals.ledger.witnesses import Unreachable, WitnessDatabase, WitnessFolder, WitnessPlace
