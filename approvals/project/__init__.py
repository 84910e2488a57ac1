"""A project's life: states, moves, evidence, documents, cohorts and recipients, all from the ledger's events.

It knows who may record what, and when. It never says whether something may be released: that is the gate's.
"""

from approvals.project.errors import DocumentChanged, EvidenceMissing, UnknownMember
from approvals.project.evidence import CONDITIONS, FOLLOWS, words_of
from approvals.project.lifecycle import (
    IN_FORCE,
    MOVES,
    RENEWAL_NOTICE_DAYS,
    State,
    diagram,
    is_move,
)
from approvals.project.projects import Projects, project_event_kinds
from approvals.project.state import Cohort, ProjectState, Recipient
from approvals.project.store import attachments, check_attachments, roles_for

__all__ = [
    "CONDITIONS",
    "FOLLOWS",
    "IN_FORCE",
    "MOVES",
    "RENEWAL_NOTICE_DAYS",
    "Cohort",
    "DocumentChanged",
    "EvidenceMissing",
    "ProjectState",
    "Projects",
    "Recipient",
    "State",
    "UnknownMember",
    "attachments",
    "check_attachments",
    "diagram",
    "is_move",
    "project_event_kinds",
    "roles_for",
    "words_of",
]
