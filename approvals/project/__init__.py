"""A project's life: states, moves, evidence, documents, cohorts and recipients, all from the ledger's events.

It knows who may record what, and when. It never says whether something may be released: that is the gate's.
"""

from approvals.project.evidence import CONDITIONS, FOLLOWS, words_of
from approvals.project.lifecycle import (
    EXTENSIONS_AT_MOST,
    IN_FORCE,
    MOVES,
    RENEWAL_NOTICE_DAYS,
    State,
    is_move,
)
from approvals.project.memory import ProjectMemory
from approvals.project.projects import Projects, criteria, project_event_kinds
from approvals.project.state import Cohort, Evidence, ProjectState, Recipient
from approvals.project.store import (
    check_pinned_documents,
    pinned_documents,
    roles_for,
    stored_document,
)
