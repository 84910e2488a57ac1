"""The steps of a release: ordered, approved by a second person, handed over, received, ended.

The pipeline records its stages with ``ReleaseStore.record``; a decision of a person has a method of its own here with
the checks that belong to it.
"""

from collections.abc import Mapping
from datetime import date

from approvals import errors
from approvals.custody.comments import read_comment
from approvals.custody.state import OUT, ReleaseState, Status
from approvals.custody.store import ReleaseStore
from approvals.ledger import Entry, Event, FactValue
from approvals.people import Person, check_role, two_people_required

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


class Releases(ReleaseStore):
    """All releases of a home: ordered, approved, handed over, received, ended.

    A step takes the release's id, the person who acts and the day (Pacific time), and gives the
    release as it stands then.
    """

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
