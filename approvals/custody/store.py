"""Reading releases, and recording what the stages of a run did, once each."""

import hashlib
from collections.abc import Mapping
from datetime import date

from approvals.custody.errors import ReleaseMoveNotAllowed, ReportDiffers, UnknownRelease
from approvals.custody.state import ReleaseState, release_state
from approvals.gate import GatePolicy, ReleaseRequest, Verdict, check
from approvals.ledger import KINDS, RELEASE, Entry, Event, FactValue, canonical
from approvals.people import Person
from approvals.project import DocumentChanged
from approvals.projects import Projects

# Decisions of persons: only their own methods record them.
_DECISIONS = frozenset(
    {"release_ordered", "release_approved", "package_handed_over", "receipt_recorded",
     "release_withdrawn", "release_destroyed", "release_resumed", "outbox_cleared"}
)  # fmt: skip


class ReleaseStore:
    """All releases of a home, to look at and to record stages of."""

    def __init__(self, projects: Projects, *, policy: GatePolicy | None = None) -> None:
        """Use the projects' ledger; ``policy`` are the gate's switches."""
        self.projects = projects
        self.ledger = projects.ledger
        self.policy = policy or GatePolicy()

    # -------------------------------------------------------------- looking

    def show(self, release: str) -> ReleaseState:
        """A release.

        Raises:
            UnknownRelease: there is none.
        """
        state = release_state(self.ledger.events(release=release))
        if state is None:
            raise UnknownRelease
        return state

    def list(self, project: str | None = None) -> list[ReleaseState]:
        """All releases, of a project or of all, in the order in which they were ordered."""
        ordered = self.ledger.events(project=project, kind="release_ordered")
        return [self.show(e.release) for e in ordered if e.release]

    def handover_request(
        self, state: ReleaseState, on: date, recipients: tuple[str, ...] | None = None
    ) -> ReleaseRequest:
        """The question for the gate right before a release leaves."""
        years = tuple(int(y) for y in state.years.split("-")) if state.years else None
        return ReleaseRequest(
            kind=state.kind,
            on=on,
            system=state.system,
            years=(years[0], years[1]) if years else None,
            cohort_digest=state.cohort,
            cohort_rows=state.cohort_rows,
            recipients=recipients,
            stage="handover",
            policy=self.policy,
        )

    def record(
        self,
        release: str,
        kind: str,
        facts: Mapping[str, FactValue] | None = None,
        *,
        actor: Person | None = None,
        once: bool = True,
    ) -> Entry:
        """Record what a stage did.

        Args:
            release: its id.
            kind: a kind of event about a release that is no person's decision.
            facts: of that kind.
            actor: who; by default the person who ordered the release.
            once: the same facts twice in one attempt are one event, so that a resumed run records
                once.

        Raises:
            ReleaseMoveNotAllowed: the kind is a decision and has its own method.
            EventRefused: the facts are not those of the kind.
        """
        if kind in _DECISIONS or (kind in KINDS and KINDS[kind].about != RELEASE):
            raise ReleaseMoveNotAllowed(step=kind, what="has a method of its own")
        state = self.show(release)
        return self.append(state, kind, actor.id if actor else state.ordered_by, facts or {}, once)

    def ask_gate(
        self,
        release: str,
        request: ReleaseRequest,
        actor: Person | None = None,
        *,
        stage: str | None = None,
    ) -> Verdict:
        """Ask the gate for a release and record its answer, whichever it is.

        Args:
            release: its id.
            request: what is to be released.
            actor: who asks; by default the person who ordered the release.
            stage: under which name the answer is recorded; by default the question's own.
        """
        state = self.show(release)
        verdict = check(self.projects.show(state.project), request)
        facts: dict[str, FactValue] = {
            "stage": stage or request.stage,
            "on": request.on.isoformat(),
        }
        if not verdict.allowed:
            facts["rules"] = verdict.rules
        kind = "gate_allowed" if verdict.allowed else "gate_refused"
        self.append(state, kind, actor.id if actor else state.ordered_by, facts, once=False)
        return verdict

    def attach_report(
        self,
        release: str,
        report: bytes,
        recipient: bytes | None = None,
        model: bytes | None = None,
    ) -> str:
        """Store the report with the project and record the keyed digests of its editions.

        Args:
            release: the release.
            report: the Department's edition, on which a second person approves.
            recipient: the edition that travels in the package.
            model: the report as JSON.

        Returns:
            the digest of the Department's edition, which the approver names.
        """
        state = self.show(release)
        folder = self.projects.folder(state.project)
        given = {"report": report, "recipient": recipient, "model": model}
        facts: dict[str, FactValue] = {
            name: folder.put("report", content) for name, content in given.items() if content
        }
        self.append(state, "report_attached", state.ordered_by, facts, once=True)
        return str(facts["report"])

    def edition(self, release: str, name: str) -> bytes:
        """The stored bytes of one edition (``report``, ``recipient`` or ``model``).

        Raises:
            ReportDiffers: none is attached.
            DocumentChanged: it is gone or was changed.
        """
        state = self.show(release)
        if name not in state.editions:
            raise ReportDiffers(what="none attached")
        return self.projects.folder(state.project).get("report", state.editions[name])

    def check_editions(self, release: str, found: Mapping[str, bytes | None]) -> None:
        """Compare files that people read with what the ledger names.

        Args:
            release: the release.
            found: the edition's name → the file's bytes, or None where it is gone.

        Raises:
            DocumentChanged: with the editions that are gone or differ.
        """
        state = self.show(release)
        folder = self.projects.folder(state.project)
        wrong = [
            name
            for name, digest in state.editions.items()
            if name in found and not folder.is_same("report", digest, found[name])
        ]
        if wrong:
            raise DocumentChanged(what="report", editions=sorted(wrong))

    def report(self, release: str) -> bytes:
        """The stored report of a release.

        Raises:
            ReportDiffers: none is attached.
            DocumentChanged: it is gone or was changed.
        """
        state = self.show(release)
        if state.report is None:
            raise ReportDiffers(what="none attached")
        return self.projects.folder(state.project).get("report", state.report)

    def append(
        self,
        state: ReleaseState,
        kind: str,
        actor: str,
        facts: Mapping[str, FactValue],
        once: bool,
        unmoved: bool = False,
    ) -> Entry:
        """Write one event about a release; see ``record``. ``unmoved``: nothing newer may be there."""
        key = None
        if once:
            said = canonical(
                {k: v if isinstance(v, int | str) else list(v) for k, v in facts.items()}
            )
            key = f"{state.release}:{kind}:{state.attempt}:{hashlib.sha256(said.encode()).hexdigest()[:16]}"
        event = Event(kind, actor, state.project, state.release, facts, key)
        return self.ledger.append(
            event, last_of_release=state.last_event if unmoved else None
        )  # fmt: skip
