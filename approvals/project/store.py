"""Reading projects and their documents, and recording a step that a person may take from a state."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from approvals import errors
from approvals.application import (
    Application,
    TermsOf,
    parse_application,
    stored_application,
    terms_of,
)
from approvals.ledger import Entry, Event, FactValue, Ledger
from approvals.people import Person, check_role, two_people_required
from approvals.project.documents import Digest, FileState, ProjectFolder
from approvals.project.evidence import Proposal, check_evidence
from approvals.project.lifecycle import MOVES, TABLE, Move, is_move, moves_for, moves_from
from approvals.project.state import ProjectState, fold, standing_events
from crypto.secret import Secret
from errors import nearest

DocumentKey = Callable[[str, bool], Secret]

RECORDERS = frozenset({"engineer", "reviewer", "approver"})

_ROLES = {kind: frozenset(roles) for kind, roles in TABLE["roles"].items()}

_ONLY: Mapping[str, Callable[[ProjectState], bool]] = {
    "aggregated": lambda state: state.kinds == ("aggregated",),
    "relied_on": lambda state: bool(state.relied_on_by),
}


class ProjectStore:
    """All projects of a home, to look at and to add to."""

    def __init__(
        self,
        ledger: Ledger,
        directory: Path,
        *,
        digest: Digest,
        key: DocumentKey,
        terms: TermsOf = terms_of,
        review_required: bool = False,
    ) -> None:
        """Use a ledger and a folder.

        Args:
            ledger: the home's.
            directory: ``<home>/projects``.
            digest: keyed digest of bytes under a label (``Keyring.digest``).
            key: of a project's documents, by its number; True makes it (``document_key``).
            terms: the systems' terms by code.
            review_required: policy: an approval rests on a recorded review by another person.
        """
        self.ledger = ledger
        self.demo = ledger.is_demo()
        self._directory = directory
        self._digest = digest
        self._key = key
        self._terms = terms
        self._review_required = review_required

    def show(self, number: str) -> ProjectState:
        """A project with its application: the approved one, before that the submitted one.

        Raises:
            UnknownProject: there is none.
            ApplicationChanged: the stored application is not the recorded one.
        """
        state = fold(self.ledger.project_events(number))
        if state is None:
            known = {entry.project for entry in self.ledger.events(kind="project_submitted")}
            raise errors.UnknownProject(**nearest(number, filter(None, known)))
        digest = state.approved_digest or state.application_digest
        form = self.application(number, digest)
        return replace(state, application=form, terms=self._terms(state.system))

    def entries(self, number: str) -> Sequence[Entry]:
        """The events of a project's own life that stand."""
        return standing_events(self.ledger.project_events(number))

    def next_moves(self, state: ProjectState, on: date) -> tuple[Move, ...]:
        """The moves that are open on a day, by state alone."""
        open_ = moves_from(state.state_on(on))
        return tuple(m for m in open_ if m.only is None or _ONLY[m.only](state))

    def history(self, number: str) -> Sequence[tuple[Entry, int | None]]:
        """Every event of a project's own life, with the number of the one that took it back."""
        entries = self.ledger.project_events(number)
        taken = {e.facts["event"]: e.seq for e in entries if e.kind == "event_corrected"}
        return [(e, taken.get(e.seq)) for e in entries]

    def list(self) -> list[ProjectState]:
        """All projects, by number."""
        numbers = {e.project for e in self.ledger.events(kind="project_submitted") if e.project}
        return [self.show(number) for number in sorted(numbers)]

    def folder(self, number: str) -> ProjectFolder:
        """The project's files."""
        return ProjectFolder(
            self._directory, number, self._digest, lambda create: self._key(number, create)
        )

    def application(self, number: str, digest: str) -> Application:
        """The stored application with this digest.

        Raises:
            ApplicationChanged: it is gone or was changed.
        """
        try:
            content = self.folder(number).get("application", digest)
            return stored_application(content, terms=self._terms)
        except (errors.DocumentChanged, errors.ApplicationRefused, errors.ApplicationUnreadable):
            raise errors.ApplicationChanged(project=number) from None

    def check_again(self, number: str, digest: str) -> Application:
        """The stored application, judged by today's rules and switches as if it were new.

        Raises:
            ApplicationChanged: it is gone or was changed.
            ApplicationRefused: it would not be taken today.
        """
        self.application(number, digest)
        return parse_application(self.folder(number).get("application", digest), terms=self._terms)

    def record(
        self,
        state: ProjectState,
        kind: str,
        actor: Person,
        facts: Mapping[str, FactValue],
        *,
        on: date,
        first: str | None = None,
        key: str | None = None,
        store: Callable[[], object] | None = None,
    ) -> Entry:
        """Record one event about a project.

        Args:
            state: the project as the caller saw it; a newer event makes this fail.
            kind: the kind of event; a move is checked against the table.
            actor: who does it.
            facts: without ``on``.
            on: the day on which it happened.
            first: person id of the step that this one confirms, if it takes two people.
            key: see ``Event``.
            store: stores what the event pins; see ``Ledger.append``.

        Raises:
            RoleMissing, MoveNotAllowed, EvidenceMissing, SamePerson, EventRefused, StateMoved: see
                their texts.
        """
        if is_move(kind):
            move = _allowed_move(state, kind, facts, on)
            check_role(actor, move.roles)
            first = first or (state.actors.get(move.second) if move.second else None)
        else:
            check_role(actor, _ROLES.get(kind, RECORDERS))
        if first is not None:
            two_people_required(first, actor.id, demo=self.demo)
        check_evidence(kind, Proposal(state, self.entries(state.number), facts, on))
        event = Event(kind, actor.id, state.number, facts={**facts, "on": on.isoformat()}, key=key)
        return self.ledger.append(event, last_of_project=state.last_event, store=store)


def roles_for(kind: str) -> frozenset[str]:
    """Who may record this kind of project event."""
    moves = [m.roles for m in MOVES if m.event == kind]
    return frozenset[str]().union(*moves) if moves else _ROLES.get(kind, RECORDERS)


def _allowed_move(state: ProjectState, kind: str, facts: Mapping[str, FactValue], on: date) -> Move:
    now = state.state_on(on)
    for move in moves_for(kind, str(facts.get("outcome"))):
        if now in move.sources and (move.only is None or _ONLY[move.only](state)):
            return move
    raise errors.MoveNotAllowed(step=kind, state=str(now))


PINNED: Mapping[str, Sequence[str]] = TABLE[
    "pinned"
]  # kind of event → fact and label of a stored file


@dataclass(frozen=True, slots=True)
class PinnedDocument:
    """One stored document: what it is, the event that pins it, and how it was found."""

    project: str
    what: str
    event: int
    on: str
    digest: str
    state: FileState

    def as_dict(self) -> dict[str, object]:
        """For ``project documents --json``."""
        return {name: getattr(self, name) for name in self.__slots__}


def pinned_documents(projects: ProjectStore, number: str | None = None) -> list[PinnedDocument]:
    """Read every pinned document of a project, or of all, once each."""
    seen: set[tuple[str, str, str]] = set()
    found: list[PinnedDocument] = []
    for entry in projects.ledger.events(number, kind=PINNED):
        fact, label = PINNED[entry.kind]
        digest, project = str(entry.facts.get(fact, "")), entry.project or ""
        if digest and (project, label, digest) not in seen:
            seen.add((project, label, digest))
            state = projects.folder(project).state(label, digest)
            what = str(entry.facts.get("document", label))
            on = str(entry.facts.get("on", entry.at.date().isoformat()))
            found.append(PinnedDocument(project, what, entry.seq, on, digest, state))
    return found


def check_pinned_documents(projects: ProjectStore, number: str | None = None) -> int:
    """How many documents are held, all of them as they were stored.

    Raises:
        DocumentsGone: some are missing or changed, with the events that pin them (exit 5).
    """
    found = pinned_documents(projects, number)
    missing = [a.event for a in found if a.state == "missing"]
    changed = [a.event for a in found if a.state == "changed"]
    if missing or changed:
        raise errors.DocumentsGone(missing=missing, changed=changed)
    return len(found)
