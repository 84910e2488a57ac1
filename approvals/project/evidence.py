"""What must be there before an event may be recorded, and when an event may be taken back.

``FOLLOWS`` (of ``approvals/life.toml``) says which event each answer answers; ``CONDITIONS`` what else must hold on the day. Both
are asked for moves of the life table and for all other events of a project.

An event that was wrong is taken back by another event, never edited. What was taken back stays in the
ledger for everybody to read and counts for nothing else: the fold, the clocks and the letters see the
events that stand. The right fact is then recorded as a new event.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from approvals.clocks import DEPARTMENT
from approvals.errors import CorrectionRefused, EvidenceMissing
from approvals.ledger import Entry, FactValue
from approvals.project import lifecycle as life
from approvals.project.state import ProjectState, fold, standing_events

APPEAL_DAYS = 10  # calendar days, §§ 964(h)(1), 966(h)(1), 968(e)(1)


@dataclass(frozen=True, slots=True)
class Follows:
    """An event that answers another.

    Args:
        after: kinds of which one must stand before it.
        same: fact by which the two belong together, where there can be several.
        once: each of those before can be answered once, by any of ``answers``.
        answers: kinds that answer it, where there are several.
    """

    after: Sequence[str]
    section: str
    same: str | None = None
    once: bool = False
    answers: Sequence[str] = ()

    def words(self) -> str:
        """For the documentation."""
        open_ = "an unanswered " if self.once else ""
        return open_ + " or ".join(self.after) + (f" of the same {self.same}" if self.same else "")


FOLLOWS: Mapping[str, Follows] = {k: Follows(**row) for k, row in life.TABLE["follows"].items()}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an event is judged by: the project, its standing events, the new facts, the day."""

    state: ProjectState
    entries: Sequence[Entry]
    facts: Mapping[str, FactValue]
    on: date


Condition = Callable[[Proposal], str | None]


def check_evidence(kind: str, given: Proposal) -> None:
    """Refuse an event whose evidence is not there.

    Raises:
        EvidenceMissing: with what is missing and the section.
    """
    follows = FOLLOWS.get(kind)
    if follows is not None and not _stands(kind, follows, given):
        raise EvidenceMissing(
            step=kind, needs=follows.words(), section=given.state.cite(follows.section)
        )
    for section, condition in CONDITIONS.get(kind, ()):
        if (missing := condition(given)) is not None:
            raise EvidenceMissing(step=kind, needs=missing, section=given.state.cite(section))


def _stands(kind: str, follows: Follows, given: Proposal) -> bool:
    def count(kinds: Sequence[str]) -> int:
        return sum(
            1 for e in given.entries
            if e.kind in kinds
            and (follows.same is None or e.facts.get(follows.same) == given.facts.get(follows.same))
        )  # fmt: skip

    before = count(follows.after)
    return before > (count(follows.answers or (kind,)) if follows.once else 0)


# ------------------------------------------------------------------ conditions, each with its words


def appeal_in_time(given: Proposal) -> str | None:
    """An appeal within 10 calendar days of the notice of denial; a late one is appeal_late."""
    notice = _last_day(given, "denial_statement_sent")
    if notice is None or given.on <= appeal_ends(notice):
        return None
    return f"an appeal by {appeal_ends(notice)}; record a late one as appeal_late"


def appeal_ends(notice: date) -> date:
    """The last day of an appeal: a filing that would end on a closed day moves to the next open."""
    return DEPARTMENT.on_or_after(notice + timedelta(days=APPEAL_DAYS))


def extension_in_time(given: Proposal) -> str | None:
    """Asked for with the notice of completion, later before the extension that runs ends."""
    state = given.state
    if state.recorded is life.State.COMPLETED:
        noticed = _last_day(given, "project_completed")
        if noticed is None or given.on > noticed:
            return "a request that came with the notice of completion"
    elif state.recorded is not life.State.EXTENSION:
        return "a completed project"
    elif state.extension_until is not None and given.on > state.extension_until:
        return f"a request before the extension ended on {state.extension_until}"
    return None


def seven_requests(given: Proposal) -> str | None:
    """Seven requests at most, for a total of seven years."""
    asked = sum(1 for e in given.entries if e.kind == "extension_requested")
    return None if asked < life.EXTENSIONS_AT_MOST else "one of the seven requests: all were made"


def amendment_waits(given: Proposal) -> str | None:
    """An amendment that waits for its decision."""
    return None if given.state.pending_digest else "an amendment that waits"


def transfer_authority(given: Proposal) -> str | None:
    """A transfer is approved only with the statute or court order that authorises it."""
    if given.facts.get("outcome") != "approved" or "authority" in given.facts:
        return None
    return "authority: the statute or court order that authorises the transfer, as a document"


def closure_sanction(given: Proposal) -> str | None:
    """The sanction of closure stands."""
    return None if "closure" in given.state.sanctions else "the standing sanction closure"


def completed_before(given: Proposal) -> str | None:
    """A completion is notified after it happened, not before."""
    day = str(given.facts.get("completed_on", ""))
    return None if day <= given.on.isoformat() else "a completion that has happened"


def destroyed_before(given: Proposal) -> str | None:
    """A destruction is certified after it happened, by at least one witness, of something."""
    facts: Mapping[str, Any] = given.facts
    if str(facts.get("destroyed_on", "")) > given.on.isoformat():
        return "a destruction that has happened"
    return None if facts.get("witnesses") else "at least one witness"


CONDITIONS: Mapping[str, tuple[tuple[str, Condition], ...]] = {
    "appeal_received": (("§ 966(h)(1)", appeal_in_time),),
    "extension_requested": (("§ 967(b)", extension_in_time), ("§ 967(b)", seven_requests)),
    "amendment_refused": (("§ 966(f)", amendment_waits),),
    "amendment_withdrawn": (("§ 966(b)(1)", amendment_waits),),
    "transfer_answered": (("§ 964(c)", transfer_authority),),
    "closure_ordered": (("§ 968(c)", closure_sanction),),
    "project_completed": (("§ 964(l)", completed_before),),
    "destruction_certified": (("§ 967(a)(4)-(7)", destroyed_before),),
}


def words_of(kind: str) -> tuple[str, ...]:
    """What an event needs, in words, for the documentation."""
    found = [FOLLOWS[kind].words()] if kind in FOLLOWS else []
    found += [str(c.__doc__).strip().rstrip(".") for _, c in CONDITIONS.get(kind, ())]
    return tuple(found)


def _last_day(given: Proposal, kind: str) -> date | None:
    days = [date.fromisoformat(str(e.facts["on"])) for e in given.entries if e.kind == kind]
    return days[-1] if days else None


# A project begins with its submission; a correction is not corrected, the event is recorded again; a
# letter that went out went out; a refused attempt is not the refused person's to take back.
_LASTING = frozenset(
    {"project_submitted", "event_corrected", "notice_written", "notice_sent", "attempt_refused",
     "aggregates_refreshed"}
)  # fmt: skip
_NEED_FORCE = frozenset({"cohort_registered", "recipient_added", "amendment_submitted"})


def check_correction(entries: Sequence[Entry], number: int) -> Entry:
    """Find the event to take back by its number, and refuse where later events rest on it.

    Raises:
        CorrectionRefused: no such event, one that lasts, or one that others rest on.
    """
    standing = standing_events(entries)
    wrong = next((e for e in standing if e.seq == number), None)
    if wrong is None or wrong.kind in _LASTING:
        raise CorrectionRefused(
            event=number, what="no event of this project that can be taken back"
        )
    _replay([e for e in standing if e.seq != number], number)
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
    if life.is_move(entry.kind):
        moves = life.moves_for(entry.kind, str(entry.facts.get("outcome")))
        if not any(now in move.sources for move in moves):
            return False
    if entry.kind in _NEED_FORCE and now not in life.IN_FORCE:
        return False
    try:
        check_evidence(entry.kind, Proposal(state, before, entry.facts, on))
    except EvidenceMissing:
        return False
    return True
