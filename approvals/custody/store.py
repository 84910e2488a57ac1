"""Looking at releases, and recording what was done to one: its reports stored, the gate asked, every event written once.

The decisions of persons are `Releases`' own; this knows nobody's role.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import partial

from approvals import errors
from approvals.custody.memory import Memory
from approvals.custody.state import LOOKS, ReleaseState, Status, release_state
from approvals.gate import GatePolicy, ReleaseRequest, Verdict, check
from approvals.ledger import KINDS, RELEASE, Entry, Event, FactValue, canonical_json
from approvals.people import Person
from approvals.project import Projects
from errors import nearest

# Decisions of persons: only their own methods record them.
_DECISIONS = LOOKS - {"pair_decided"} | frozenset(
    {"release_ordered", "release_approved", "package_handed_over", "receipt_recorded",
     "release_withdrawn", "release_destroyed", "release_resumed", "outbox_cleared", "release_returned",
     "return_answered", "ending_asked", "ending_dropped"}
)  # fmt: skip
_OF_STATE = frozenset(KINDS) - LOOKS


class ReleaseStore:
    """All releases of a home, to look at and to record what stages did."""

    def __init__(
        self,
        projects: Projects,
        *,
        policy: GatePolicy | None = None,
        memory: Memory | None = None,
    ) -> None:
        """Use the projects' ledger; ``policy`` are the gate's switches, ``memory`` what was read of it before."""
        self.projects = projects
        self.ledger = projects.ledger
        self.policy = policy or GatePolicy()
        self._memory = memory or Memory()

    def show(self, release: str) -> ReleaseState:
        """A release.

        Raises:
            UnknownRelease: there is none.
        """
        # the newest first: an event between the two is one that the state does not say to know of
        last = self.ledger.last_of(release)
        state = release_state(self.ledger.events(release=release, kind=_OF_STATE))
        if state is None:
            raise errors.UnknownRelease(**nearest(release, (r.release for r in self.list())))
        return replace(state, last_event=max(last, state.last_event))

    def list(self, project: str | None = None) -> list[ReleaseState]:
        """All releases, of a project or of all, in the order in which they were ordered."""
        if project is None:
            return [*self._memory.releases.of(self.ledger).values()]
        of_each: dict[str, list[Entry]] = {}
        for entry in self.ledger.events(project=project):
            if entry.release is not None:
                of_each.setdefault(entry.release, []).append(entry)
        return [*filter(None, map(release_state, of_each.values()))]

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
            raise errors.ReleaseMoveNotAllowed(step=kind, what="has a method of its own")
        state = self.show(release)
        return self._append(state, kind, actor.id if actor else state.ordered_by, facts or {}, once)

    def ask_gate(
        self,
        release: str,
        request: ReleaseRequest,
        actor: Person | None = None,
        *,
        stage: str | None = None,
    ) -> Verdict:
        """Ask the gate for a release and record its answer, whichever it is, under a stage's name.

        By default the person who ordered the release asks, and the stage is the request's own.

        Raises:
            ReleaseMoveNotAllowed: somebody asked for its end: nothing goes on until another has decided.
        """
        state = self.show(release)
        if state.ending is not None:
            raise errors.ReleaseMoveNotAllowed(
                step=stage or request.stage, asked_before=state.ending.what
            )
        verdict = check(self.projects.show(state.project), request)
        facts: dict[str, FactValue] = {
            "stage": stage or request.stage,
            "on": request.on.isoformat(),
        }
        if not verdict.allowed:
            facts["rules"] = verdict.rules
        kind = "gate_allowed" if verdict.allowed else "gate_refused"
        self._append(state, kind, actor.id if actor else state.ordered_by, facts, once=False)
        return verdict

    def attach_report(
        self,
        release: str,
        report: bytes,
        recipient: bytes | None = None,
        model: bytes | None = None,
        beside: Mapping[str, bytes] | None = None,
    ) -> str:
        """Store the report with the project and record the keyed digests of its editions.

        ``report`` is the Department's edition, on which a second person approves and whose digest is
        returned; ``recipient`` travels in the package; ``model`` is the report as JSON; ``beside`` is what
        else stands with it to be read, by file name.
        """
        state = self.show(release)
        folder = self.projects.folder(state.project)
        given = {"report": report, "recipient": recipient, "model": model}
        facts: dict[str, FactValue] = {
            name: folder.digest("report", content) for name, content in given.items() if content
        }
        if beside:
            facts["beside"] = tuple(sorted(beside))
            facts["digests"] = tuple(folder.digest("report", beside[n]) for n in sorted(beside))

        def store() -> None:
            for content in filter(None, given.values()):
                folder.put("report", content)

        self._append(state, "report_attached", state.ordered_by, facts, once=True, store=store)
        return str(facts["report"])

    def edition(self, release: str, name: str) -> bytes:
        """The stored bytes of one edition (``report``, ``recipient`` or ``model``).

        Raises:
            ReportDiffers: none is attached.
            DocumentChanged: it is gone or was changed.
        """
        state = self.show(release)
        if name not in state.editions:
            raise errors.ReportDiffers(what="none attached")
        return self.projects.folder(state.project).get("report", state.editions[name])

    def check_editions(self, release: str, found: Mapping[str, bytes | None]) -> None:
        """Compare files that people read, by edition (None: gone), with what the ledger names.

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
            raise errors.DocumentChanged(what="report", editions=sorted(wrong))

    def comments(self, state: ReleaseState) -> tuple[tuple[str, str], ...]:
        """What was written with each of the release's returns, and with its answer ("" where there is none).

        Raises:
            DocumentChanged: a comment is gone or was changed.
        """
        folder = self.projects.folder(state.project)

        def text(digest: str) -> str:
            return folder.get("comment", digest).decode("utf-8") if digest else ""

        return tuple((text(one.comment), text(one.answer)) for one in state.returns)

    def _write(
        self, state: ReleaseState, kind: str, actor: Person, on: date, said: bytes
    ) -> ReleaseState:
        """Record a step that carries what somebody wrote; the ledger gets its keyed digest."""
        folder = self.projects.folder(state.project)
        facts: dict[str, FactValue] = {
            "report": self._check_report(state, None),
            "comment": folder.digest("comment", said),
            "on": on.isoformat(),
        }
        store = partial(folder.put, "comment", said)
        self._append(state, kind, actor.id, facts, once=False, unmoved=True, store=store)
        return self.show(state.release)

    def _check_report(self, state: ReleaseState, report: str | None) -> str:
        """The digest of the attached report, which is the one named and is still there unchanged."""
        if state.report is None or report not in (None, state.report):
            raise errors.ReportDiffers
        self.projects.folder(state.project).get("report", state.report)
        return state.report

    def _standing(self, release: str, statuses: frozenset[Status], step: str) -> ReleaseState:
        state = self.show(release)
        if state.status not in statuses:
            raise errors.ReleaseMoveNotAllowed(step=step, status=str(state.status))
        return state

    def _decide(
        self, state: ReleaseState, kind: str, actor: Person, facts: Mapping[str, FactValue]
    ) -> ReleaseState:
        self._append(state, kind, actor.id, facts, once=False, unmoved=True)
        return self.show(state.release)

    def _append(
        self,
        state: ReleaseState,
        kind: str,
        actor: str,
        facts: Mapping[str, FactValue],
        once: bool,
        unmoved: bool = False,
        store: Callable[[], object] | None = None,
    ) -> Entry:
        """Write one event about a release; see ``record``. ``unmoved``: nothing newer may be there."""
        key = None
        if once:
            said = hashlib.sha256(canonical_json(facts).encode()).hexdigest()[:16]
            key = f"{state.release}:{kind}:{state.attempt}:{said}"
        event = Event(kind, actor, state.project, state.release, facts, key)
        last = state.last_event if unmoved else None
        return self.ledger.append(event, last_of_release=last, store=store)
