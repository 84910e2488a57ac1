"""The steps of a release: ordered, approved by a second person, handed over, received, ended.

The pipeline records its stages with ``record``; a decision of a person has a method of its own with
the checks that belong to it. Recording is safe to repeat: the same facts are recorded once.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import partial

from approvals import errors
from approvals.custody.comments import read_comment
from approvals.custody.memory import Memory
from approvals.custody.state import LOOKS, OUT, ReleaseState, Status, release_state
from approvals.gate import GatePolicy, ReleaseRequest, Verdict, check
from approvals.ledger import KINDS, RELEASE, Entry, Event, FactValue, canonical_json
from approvals.people import Person, check_role, two_people_required
from approvals.project import Projects
from errors import nearest

# Decisions of persons: only their own methods record them.
_DECISIONS = LOOKS - {"pair_decided"} | frozenset(
    {"release_ordered", "release_approved", "package_handed_over", "receipt_recorded",
     "release_withdrawn", "release_destroyed", "release_resumed", "outbox_cleared", "release_returned",
     "return_answered", "ending_asked", "ending_dropped"}
)  # fmt: skip
_OF_STATE = frozenset(KINDS) - LOOKS
_RUN = frozenset({"engineer"})
_APPROVE = frozenset({"approver"})
_GIVE = frozenset({"engineer", "approver"})
_STOP = frozenset({"engineer", "approver", "security", "administrator"})
# Who may take a step that waits.
ROLES = {
    "review": frozenset({"reviewer"}),
    "approve": _APPROVE,
    "handover": _GIVE,
    "resume": _GIVE,
    "answer": _GIVE,
    "stop": _STOP,
}


def _open_for(ending: str) -> frozenset[Status]:
    """The states from which a release may be ended so."""
    over = {Status.DESTROYED} | ({Status.WITHDRAWN} if ending == "withdraw" else set())
    return frozenset(Status) - over


class Releases:
    """All releases of a home: ordered, approved, handed over, received, ended.

    A step takes the release's id, the person who acts and the day (Pacific time), and gives the
    release as it stands then.
    """

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

    # -------------------------------------------------------------- looking

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

    def record_decision(
        self, release: str, kind: str, facts: Mapping[str, FactValue], by: str, number: int
    ) -> Entry:
        """Record a reviewer's decision on a pair or a row, or that they took one back, once by its number.

        ``kind`` is pair_decided, row_decided or decision_undone; ``by`` the id of the person. A release has thousands of them, so
        that its state, which they don't change, is not looked at: who calls this holds the run, and has.

        Raises:
            EventRefused: the facts are not those of the kind.
            KeyReused: the number is another decision's.
        """
        project, _, _ = release.rpartition("-R")
        return self.ledger.append(
            Event(kind, by, project, release, facts, f"{release}:decision:{number}")
        )

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

    # -------------------------------------------------------------- ordering and deciding

    def order(
        self,
        project: str,
        kind: str,
        actor: Person,
        on: date,
        facts: Mapping[str, FactValue] | None = None,
    ) -> ReleaseState:
        """Order a release: gives it its id (``2026-001-R001``); the gate is asked by ``ask_gate``.

        ``kind`` is identified, deidentified or aggregated; ``facts`` are those of
        ``release_ordered`` besides kind, system and day.

        Raises:
            UnknownProject, RoleMissing, EventRefused: see their texts.
        """
        check_role(actor, _RUN)
        system = self.projects.show(project).system
        given = {**(facts or {}), "kind": kind, "system": system, "on": on.isoformat()}
        serial = len(self.ledger.events(project=project, kind="release_ordered"))
        while True:  # ends: each failure means that somebody else took the number
            serial += 1
            release = f"{project}-R{serial:03d}"
            if self.ledger.events(release=release):
                continue
            event = Event(
                "release_ordered", actor.id, project, release, given, key=f"release:{release}"
            )
            try:
                self.ledger.append(event)
            except errors.KeyReused:
                continue
            return self.show(release)

    def approve(
        self, release: str, actor: Person, on: date, *, report: str | None = None
    ) -> ReleaseState:
        """Let a release go, as somebody who neither ordered nor resumed it, on the strength of its report.

        ``report`` is the digest of the report that was read; None means the one attached, which must
        still be there unchanged.

        Raises:
            ReleaseMoveNotAllowed: it does not wait for approval.
            ReportDiffers, DocumentChanged: another report, or a changed one.
            SamePerson, RoleMissing: see their texts.
            GateRefused: what was allowed when it ran is not any more; the release goes on waiting.
        """
        state = self._asked(release, actor, report, "approve")
        self.ask_gate(release, self.handover_request(state, on), actor, stage="approve").check()
        return self._approve(self.show(release), actor.id, on, report, "second_person")

    def send_back(
        self, release: str, actor: Person, on: date, comment: bytes, *, report: str | None = None
    ) -> ReleaseState:
        """Return a release to who runs it, with what is to be mended; by whoever could approve it.

        ``comment`` is the text (`read_comment`), kept encrypted with the project's documents; ``report`` is the digest of the
        report that was read. The same report is approved only after an answer.

        Raises:
            CommentUnusable: nothing that can be read by everybody.
            ReleaseMoveNotAllowed, ReportDiffers, DocumentChanged, SamePerson, RoleMissing: see ``approve``.
        """
        said = read_comment(comment)
        state = self._asked(release, actor, report, "return")
        return self._write(state, "release_returned", actor, on, said)

    def answer(self, release: str, actor: Person, on: date, comment: bytes) -> ReleaseState:
        """Answer a return, so that the same report waits for its approver again; who answers can't approve it then.

        Raises:
            CommentUnusable: nothing that can be read by everybody.
            ReleaseMoveNotAllowed: it was not returned, or was answered.
            SamePerson: who returned it does not answer.
            RoleMissing, ReportDiffers, DocumentChanged: see their texts.
        """
        said = read_comment(comment)
        state = self._standing(release, frozenset({Status.RETURNED}), "answer")
        check_role(actor, _GIVE)
        two_people_required(state.returns[-1].by, actor.id, demo=self.projects.demo)
        return self._write(state, "return_answered", actor, on, said)

    def comments(self, state: ReleaseState) -> tuple[tuple[str, str], ...]:
        """What was written with each of the release's returns, and with its answer ("" where there is none).

        Raises:
            DocumentChanged: a comment is gone or was changed.
        """
        folder = self.projects.folder(state.project)

        def text(digest: str) -> str:
            return folder.get("comment", digest).decode("utf-8") if digest else ""

        return tuple((text(one.comment), text(one.answer)) for one in state.returns)

    def resume(self, release: str, actor: Person, on: date) -> ReleaseState:
        """Record that somebody goes on with a run: before its approval, they can't approve it.

        Raises:
            ReleaseMoveNotAllowed: it was withdrawn or destroyed.
            RoleMissing: this person may not.
        """
        open_ = frozenset(Status) - {Status.DESTROYED, Status.WITHDRAWN}
        state = self._standing(release, open_, "resume")
        check_role(actor, _GIVE)
        return self._decide(state, "release_resumed", actor, {"on": on.isoformat()})

    def approve_automatically(self, release: str, on: date) -> ReleaseState:
        """Let a scheduled aggregated release go by policy, without a person.

        Raises:
            NotAutomatic: it is of another kind, or was not scheduled.
        """
        state = self._standing(release, frozenset({Status.WAITING_APPROVAL}), "approve")
        if state.kind != "aggregated" or not state.scheduled:
            raise errors.NotAutomatic(kind=state.kind)
        return self._approve(state, state.ordered_by, on, None, "auto")

    def hand_over(
        self,
        release: str,
        member: str,
        actor: Person,
        on: date,
        *,
        sums: str | None = None,
        by: str | None = None,
    ) -> ReleaseState:
        """Give a package to a member, after asking the gate again (§§ 964(b), 965(c)).

        ``sums`` is the SHA-256 of the signed list of the copy that is given, as found; ``by`` is
        ``portal``, ``sftp``, ``media`` or ``in_person``.

        Raises:
            UnknownMember: nothing was sealed to this member.
            GateRefused: with every reason; the refusal is recorded.
            PackageDiffers: the copy is not the one that was sealed, or was cleared away.
            ReleaseMoveNotAllowed: it is not in the outbox.
        """
        state = self._standing(release, OUT, "handover")
        check_role(actor, _GIVE)
        package = state.packages.get(member)
        if package is None:
            raise errors.UnknownMember
        self.ask_gate(
            release, self.handover_request(state, on, (package.fingerprint,)), actor
        ).check()
        if not state.in_outbox:
            raise errors.ReleaseMoveNotAllowed(
                step="handover", what="its packages were cleared away"
            )
        if sums not in (None, package.sums):
            raise errors.PackageDiffers(member=member)
        facts: dict[str, FactValue] = {
            "member": member, "fingerprint": package.fingerprint, "on": on.isoformat(),
        }  # fmt: skip
        facts |= {"sums": sums} if sums else {}
        facts |= {"by": by} if by else {}
        return self._decide(self.show(release), "package_handed_over", actor, facts)

    def receipt(
        self, release: str, member: str, actor: Person, on: date, *, code_shown: bool = False
    ) -> ReleaseState:
        """Record that a member confirmed having received the package.

        ``code_shown``: the member gave the code that only the opened package tells.

        Raises:
            UnknownMember: nothing was handed over to this member.
        """
        state = self._standing(release, OUT, "receipt")
        check_role(actor, _GIVE)
        if member not in state.packages or not state.packages[member].handed_over:
            raise errors.UnknownMember
        facts: dict[str, FactValue] = {"member": member, "on": on.isoformat()}
        facts |= {"code_shown": True} if code_shown else {}
        return self._decide(state, "receipt_recorded", actor, facts)

    def cleared(self, release: str, actor: Person, on: date) -> ReleaseState:
        """Record that the retention of the outbox is over and its packages are gone.

        Raises:
            ReleaseMoveNotAllowed: it is not in the outbox.
        """
        state = self._standing(release, OUT, "clear")
        check_role(actor, _STOP)
        facts: dict[str, FactValue] = {"on": on.isoformat(), "packages": len(state.packages)}
        return self._decide(state, "outbox_cleared", actor, facts)

    def ask_ending(
        self, release: str, ending: str, actor: Person, on: date, reason: str | None = None
    ) -> ReleaseState:
        """Ask for a release to be withdrawn or destroyed, as the first of two people: it is stopped at once.

        Raises:
            ReleaseMoveNotAllowed: it has ended, or its end was asked for.
            RoleMissing, EventRefused: see their texts.
        """
        state = self._standing(release, _open_for(ending), ending)
        check_role(actor, _STOP)
        if state.ending is not None:
            raise errors.ReleaseMoveNotAllowed(step=ending, asked_before=state.ending.what)
        facts: dict[str, FactValue] = {"ending": ending, "on": on.isoformat()}
        facts |= {"reason": reason} if reason else {}
        return self._decide(state, "ending_asked", actor, facts)

    def drop_ending(self, release: str, actor: Person, on: date) -> ReleaseState:
        """Let a release go on whose end was asked for.

        Raises:
            ReleaseMoveNotAllowed: nobody asked for it.
            RoleMissing: see its text.
        """
        state = self.show(release)
        check_role(actor, _STOP)
        if state.ending is None:
            raise errors.ReleaseMoveNotAllowed(step="keep", what="nobody asked for its end")
        return self._decide(state, "ending_dropped", actor, {"on": on.isoformat()})

    def _confirm_ending(self, state: ReleaseState, ending: str, actor: Person, reason: str) -> None:
        """Whether another person asked for this very end."""
        asked = state.ending
        if asked is None or (asked.what, asked.reason) != (ending, reason):
            raise errors.ReleaseMoveNotAllowed(
                step=ending, asked_before=asked.what if asked else "nothing"
            )
        two_people_required(asked.by, actor.id, demo=self.projects.demo)

    def withdraw(
        self, release: str, reason: str, actor: Person, on: date, *, by_two: bool = False
    ) -> ReleaseState:
        """Take a release back; packages that were given out stay on record.

        ``by_two``: somebody else asked for it, for the same reason (`ask_ending`).
        """
        state = self._standing(release, _open_for("withdraw"), "withdraw")
        check_role(actor, _STOP)
        if by_two:
            self._confirm_ending(state, "withdraw", actor, reason)
        facts: dict[str, FactValue] = {"reason": reason, "on": on.isoformat()}
        return self._decide(state, "release_withdrawn", actor, facts)

    def destroy(
        self, release: str, actor: Person, on: date, *, by_two: bool = False
    ) -> ReleaseState:
        """Record that the Department's copy was destroyed; ``by_two`` as for ``withdraw``."""
        state = self._standing(release, _open_for("destroy"), "destroy")
        check_role(actor, _STOP)
        if by_two:
            self._confirm_ending(state, "destroy", actor, "")
        return self._decide(state, "release_destroyed", actor, {"on": on.isoformat()})

    # -------------------------------------------------------------- recording

    def _approve(
        self, state: ReleaseState, actor: str, on: date, report: str | None, policy: str
    ) -> ReleaseState:
        facts: dict[str, FactValue] = {
            "report": self._check_report(state, report), "policy": policy, "on": on.isoformat(),
        }  # fmt: skip
        self._append(state, "release_approved", actor, facts, once=True, unmoved=True)
        return self.show(state.release)

    def _asked(self, release: str, actor: Person, report: str | None, step: str) -> ReleaseState:
        """A release that waits for its approver, who is this person and read this report."""
        state = self._standing(release, frozenset({Status.WAITING_APPROVAL}), step)
        check_role(actor, _APPROVE)
        for runner in sorted(state.ran_by):
            two_people_required(runner, actor.id, demo=self.projects.demo)
        self._check_report(state, report)
        return state

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
