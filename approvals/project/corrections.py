"""Corrections: an event that was wrong is taken back by another event, never edited.

What was taken back stays in the ledger for everybody to read and counts for nothing else: the fold,
the clocks and the letters see the events that stand. The right fact is then recorded as a new event.
"""

from collections.abc import Sequence
from datetime import date

from approvals.ledger import Entry
from approvals.project.errors import CorrectionRefused, EvidenceMissing
from approvals.project.evidence import Given, check_evidence
from approvals.project.fold import fold, standing
from approvals.project.lifecycle import IN_FORCE, is_move, moves_for
from approvals.project.state import ProjectState

# A project begins with its submission; a correction is not corrected, the event is recorded again; a
# letter that went out went out; a refused attempt is not the refused person's to take back.
_LASTING = frozenset(
    {"project_submitted", "event_corrected", "notice_written", "notice_sent", "attempt_refused",
     "aggregates_refreshed"}
)  # fmt: skip
_NEED_FORCE = frozenset({"cohort_registered", "recipient_added", "amendment_submitted"})


def check_correction(entries: Sequence[Entry], number: int) -> Entry:
    """Find the event to take back, and refuse where later events rest on it.

    Args:
        entries: all events of the project's own life.
        number: the event's number in the ledger.

    Returns:
        the event.

    Raises:
        CorrectionRefused: no such event, one that lasts, or one that others rest on.
    """
    upright = standing(entries)
    wrong = next((e for e in upright if e.seq == number), None)
    if wrong is None or wrong.kind in _LASTING:
        raise CorrectionRefused(
            event=number, what="no event of this project that can be taken back"
        )
    _replay([e for e in upright if e.seq != number], number)
    return wrong


def _replay(entries: Sequence[Entry], taken: int) -> None:
    """Walk through what is left, asking of each event what was asked when it was recorded."""
    for position, entry in enumerate(entries):
        if entry.seq < taken or entry.kind == "event_corrected":
            continue
        state = fold(entries[:position])
        if state is None or not _could_happen(state, entries[:position], entry):
            raise CorrectionRefused(event=taken, rests=entry.seq, kind=entry.kind)


def _could_happen(state: ProjectState, before: Sequence[Entry], entry: Entry) -> bool:
    on = date.fromisoformat(str(entry.facts["on"]))
    now = state.state_on(on)
    if is_move(entry.kind):
        moves = moves_for(entry.kind, str(entry.facts.get("outcome")))
        if not any(now in move.sources for move in moves):
            return False
    if entry.kind in _NEED_FORCE and now not in IN_FORCE:
        return False
    try:
        check_evidence(entry.kind, Given(state, before, entry.facts, on))
    except EvidenceMissing:
        return False
    return True
