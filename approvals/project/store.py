"""Reading projects and their documents, and recording a step that a person may take from a state."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, partial
from pathlib import Path

from approvals import errors
from approvals.application import (
    Application,
    SystemTerms,
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
from approvals.project.memory import ProjectMemory
from approvals.project.state import ProjectState, fold, standing_events
from crypto.secret import Secret
from errors import nearest

DocumentKey = Callable[[str, bool], Secret]

RECORDERS = frozenset({"engineer", "reviewer", "approver"})

_ROLES = {kind: frozenset(roles) for kind, roles in TABLE["roles"].items()}

_ONLY: Mapping[str, Callable[[ProjectState], bool]] = {
    "aggregated": lambda state: state.tables_only,
    "rows": lambda state: not state.tables_only,
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
        memory: ProjectMemory | None = None,
    ) -> None:
        """Use a ledger and a folder.

        Args:
            ledger: the home's.
            directory: ``<home>/projects``.
            digest: keyed digest of bytes under a label (``Keyring.digest``).
            key: of a project's documents, by its number; True makes it (``document_key``).
            terms: the systems' terms by code.
            review_required: policy: an approval rests on a recorded review by another person.
            memory: what was read of this ledger before.
        """
        self.ledger = ledger
        self.demo = ledger.is_demo()
        self._directory = directory
        self._digest = digest
        self._key = key
        self._terms = terms
        self._review_required = review_required
        self._memory = memory or ProjectMemory()

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

    def reviewers(self, number: str) -> frozenset[str] | None:
        """Who alone reviews the releases of a project; None: whoever has the role, as of a project that is not there."""
        state = fold(self.ledger.project_events(number))
        return state.reviewers if state is not None else None

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
        """All projects, by number; see `lives`."""
        return [state for state, _ in self.lives()]

    def lives(self) -> Iterator[tuple[ProjectState, Sequence[Entry]]]:
        """All projects, by number, each with the events of its own life that stand; the ledger is read once.

        An application is read when it is asked for: that raises ApplicationChanged where it is not the recorded one.
        """
        terms = cache(self._terms)
        for number, known in self._memory.of(self.ledger).items():
            state, own = known.state, terms(known.state.system)
            read = partial(
                self._remembered, number, state.approved_digest or state.application_digest, own
            )
            yield state.reading(read, own), known.standing

    def _remembered(self, number: str, digest: str, terms: SystemTerms | None) -> Application:
        mark = self.folder(number).mark("application", digest)
        read = partial(self.application, number, digest)
        return self._memory.application(number, digest, mark, terms, read)

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

    def versions(self, number: str) -> Sequence[dict[str, object]]:
        """Every version of a project's application, oldest first: its event, kind, day and digest.

        Raises:
            UnknownProject: there is no such project.
        """
        digest = self.show(number).approved_digest
        return [
            {
                "event": entry.seq,
                "kind": entry.kind,
                "on": entry.facts["on"],
                "digest": str(entry.facts["application"]),
                "in_force": entry.facts["application"] == digest,
            }
            for entry in self.entries(number)
            if entry.kind in ("project_submitted", "application_revised", "amendment_submitted")
        ]

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


# kind of event → fact → label of the stored file that it pins; and the place of its plain copy, where there is one
PINNED: Mapping[str, Mapping[str, str]] = TABLE["pinned"]
READABLE: Mapping[str, Mapping[str, str]] = TABLE["readable"]


@dataclass(frozen=True, slots=True)
class PinnedDocument:
    """One stored document or plain copy: what it is, the event that pins it, and how it was found."""

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
    """Read every pinned document of a project, or of all, once each, and the plain copies that people read.

    Of what is attached or written again at one place the newest counts. A letter may leave the folder
    once it was sent, a report may not.
    """
    found: dict[tuple[str, str, str], PinnedDocument] = {}
    for entry in projects.ledger.events(number, kind=PINNED):
        project, folder = entry.project or "", projects.folder(entry.project or "")
        on = str(entry.facts.get("on", entry.at.date().isoformat()))
        for what, label, digest in _stored(entry):
            if (project, label, digest) not in found:
                state = folder.state(label, digest)
                one = PinnedDocument(project, what, entry.seq, on, digest, state)
                found[project, label, digest] = one
        if (
            "model" in entry.facts
        ):  # a report whole: what an earlier one of this release had beside it is past
            past = f"reports/{entry.release}/"
            found = {k: v for k, v in found.items() if k[2] or not k[1].startswith(past)}
        for place, label, digest in _readable(entry):
            state = folder.plain_state(place, label, digest)
            found.pop((project, place, ""), None)
            if state != "missing" or entry.release is not None:
                one = PinnedDocument(project, place, entry.seq, on, digest, state)
                found[project, place, ""] = one
    return list(found.values())


def stored_document(projects: ProjectStore, number: str, event: int, what: str) -> bytes:
    """The bytes of a document that an event pins, stored or as a plain copy, by what `pinned_documents` calls it.

    Raises:
        DocumentChanged: no such document, or it is gone or was changed.
    """
    folder = projects.folder(number)
    for entry in projects.ledger.events(number, kind=PINNED):
        if entry.seq == event:
            for named, label, digest in _stored(entry):
                if named == what:
                    return folder.get(label, digest)
            for place, label, digest in _readable(entry):
                if place == what:
                    return folder.get_plain(place, label, digest)
    raise errors.DocumentChanged(what="no document of this name")


def _stored(entry: Entry) -> Iterator[tuple[str, str, str]]:
    """What it is, label and digest of each file that an event pins."""
    for fact, label in PINNED[entry.kind].items():
        if fact in entry.facts:
            yield str(entry.facts.get("document", label)), label, str(entry.facts[fact])


def _readable(entry: Entry) -> Iterator[tuple[str, str, str]]:
    """Place below the project's folder, label and digest of each plain copy that an event pins."""
    known = {**entry.facts, "release": entry.release}
    for fact, place in READABLE.get(entry.kind, {}).items():
        if fact in entry.facts:
            label = PINNED[entry.kind][fact]
            yield place.format(**known), label, str(entry.facts[fact])
    names, digests = entry.facts.get("beside", ()), entry.facts.get("digests", ())
    if isinstance(names, tuple) and isinstance(digests, tuple):
        for name, digest in zip(names, digests, strict=True):
            yield f"reports/{entry.release}/{name}", "report", digest


def check_pinned_documents(projects: ProjectStore, number: str | None = None) -> int:
    """How many documents are held, all of them as they were stored, and the copies that people read as well.

    Raises:
        DocumentsGone: some are missing or changed, with the events that pin them (exit 5).
    """
    found = pinned_documents(projects, number)
    missing = [a.event for a in found if a.state == "missing"]
    changed = [a.event for a in found if a.state == "changed"]
    if missing or changed:
        raise errors.DocumentsGone(missing=missing, changed=changed)
    return len(found)
