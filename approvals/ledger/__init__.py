"""The ledger: an append-only, hash-chained list of events, its closed list of kinds, and whether it is what was written."""

from approvals.ledger.errors import (
    AttemptUnrecorded,
    CheckpointWrong,
    EventRefused,
    KeyReused,
    LedgerMissing,
    LedgerUnavailable,
    StateMoved,
)
from approvals.ledger.event_kinds import KINDS, PROJECT, RELEASE
from approvals.ledger.events import Event, parse_facts
from approvals.ledger.facts import DIGEST, ID, FactValue
from approvals.ledger.head import HeadFile
from approvals.ledger.ledger import Entry, Ledger, canonical
from approvals.ledger.schema import postgres_script
from approvals.ledger.store import weaknesses
from approvals.ledger.verification import Checkpoint, make_checkpoint, verify

__all__ = [
    "DIGEST",
    "ID",
    "KINDS",
    "PROJECT",
    "RELEASE",
    "AttemptUnrecorded",
    "Checkpoint",
    "CheckpointWrong",
    "Entry",
    "Event",
    "EventRefused",
    "FactValue",
    "HeadFile",
    "KeyReused",
    "Ledger",
    "LedgerMissing",
    "LedgerUnavailable",
    "StateMoved",
    "canonical",
    "make_checkpoint",
    "parse_facts",
    "postgres_script",
    "verify",
    "weaknesses",
]
