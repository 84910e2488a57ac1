"""A project's life: states, moves, evidence, documents, parties; a fold over the ledger's events."""

from approvals.project.attachments import attachments, check_attachments
from approvals.project.corrections import check_correction
from approvals.project.drafts import drafts_of
from approvals.project.errors import (
    DocumentChanged,
    EvidenceMissing,
    MoveNotAllowed,
    RequesterSanctioned,
    ReviewMissing,
    UnknownMember,
)
from approvals.project.evidence import CONDITIONS, FOLLOWS, words_of
from approvals.project.lifecycle import (
    IN_FORCE,
    MOVES,
    RENEWAL_NOTICE_DAYS,
    State,
    diagram,
    is_move,
)
from approvals.project.parties import Parties
from approvals.project.parts import Cohort, Recipient
from approvals.project.state import ProjectState
from approvals.project.store import RECORDERS, roles_for

__all__ = [
    "CONDITIONS",
    "FOLLOWS",
    "IN_FORCE",
    "MOVES",
    "RECORDERS",
    "RENEWAL_NOTICE_DAYS",
    "Cohort",
    "DocumentChanged",
    "EvidenceMissing",
    "MoveNotAllowed",
    "Parties",
    "ProjectState",
    "Recipient",
    "RequesterSanctioned",
    "ReviewMissing",
    "State",
    "UnknownMember",
    "attachments",
    "check_attachments",
    "check_correction",
    "diagram",
    "drafts_of",
    "is_move",
    "roles_for",
    "words_of",
]
