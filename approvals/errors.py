"""What applications, projects, the gate, the ledger and custody refuse: one class for each cause."""

from dataclasses import asdict, dataclass

from errors import CodedError, Exit

# -- who acts


# fmt: off
class NothingToConfirm(CodedError, code="APPROVAL-07", exit=Exit.REFUSED): ...
class PeopleFileMissing(CodedError, code="PEOPLE-01", exit=Exit.REFUSED): ...
class PeopleFileUnsafe(CodedError, code="PEOPLE-02", exit=Exit.REFUSED): ...
class UnknownPerson(CodedError, code="PEOPLE-03", exit=Exit.REFUSED): ...
class PeopleFileWrong(CodedError, code="PEOPLE-04", exit=Exit.REFUSED): ...
class SamePerson(CodedError, code="PEOPLE-05", exit=Exit.REFUSED): ...
class RoleMissing(CodedError, code="PEOPLE-06", exit=Exit.REFUSED): ...
class PersonInactive(CodedError, code="PEOPLE-07", exit=Exit.REFUSED): ...
class UserAmbiguous(CodedError, code="PEOPLE-08", exit=Exit.REFUSED): ...
class UserChanged(CodedError, code="PEOPLE-09", exit=Exit.REFUSED): ...
class ReviewerNotNamed(CodedError, code="PEOPLE-10", exit=Exit.REFUSED): ...
class NobodyOfThatName(CodedError, code="PEOPLE-11", exit=Exit.REFUSED): ...
class SwitchNotConfirmed(CodedError, code="APPROVAL-42", exit=Exit.REFUSED): ...
# fmt: on


# -- the ledger


_LISTED = 20  # problems of a ledger in a text


@dataclass(frozen=True, slots=True)
class LedgerProblem:
    """What is wrong, and at which number."""

    seq: int
    what: str


class LedgerMissing(CodedError, code="LEDGER-01", exit=Exit.INTEGRITY): ...


class LedgerExists(CodedError, code="LEDGER-02", exit=Exit.USAGE): ...


class LedgerBroken(CodedError, code="LEDGER-03", exit=Exit.INTEGRITY):
    def __init__(self, problems: tuple[LedgerProblem, ...]) -> None:
        self.problems = problems
        first = problems[0]
        super().__init__(event=first.seq, what=first.what, problems=len(problems))

    def text(self) -> str:
        """The first line, then one line for each problem."""
        lines = (f"  - event {p.seq}: {p.what}" for p in self.problems[:_LISTED])
        return "\n".join([super().text(), *lines])

    def as_dict(self) -> dict[str, object]:
        """The same for machines, with every problem."""
        listed = [{"event": p.seq, "what": p.what} for p in self.problems]
        return super().as_dict() | {"problems": listed}


# fmt: off
class EventRefused(CodedError, code="LEDGER-04", exit=Exit.USAGE): ...
class KeyReused(CodedError, code="LEDGER-05", exit=Exit.INTEGRITY): ...
class LedgerUnavailable(CodedError, code="LEDGER-06", exit=Exit.INTERNAL): ...
class AttemptUnrecorded(CodedError, code="LEDGER-09", exit=Exit.REFUSED): ...
class ClockBehind(CodedError, code="LEDGER-10", exit=Exit.INTEGRITY): ...
class StateMoved(CodedError, code="APPROVAL-15", exit=Exit.HELD): ...
class CheckpointWrong(CodedError, code="LEDGER-07", exit=Exit.INTEGRITY): ...
class HeadWrong(CodedError, code="LEDGER-08", exit=Exit.INTEGRITY): ...
# fmt: on


# -- calendars


class CalendarEnds(CodedError, code="APPROVAL-12", exit=Exit.FAILED): ...


# -- applications


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, by which section, what."""

    path: str
    section: str
    what: str

    def text(self) -> str:
        """One line."""
        return f"{self.path} [{self.section}]: {self.what}"


class ApplicationRefused(CodedError, code="APPROVAL-01", exit=Exit.INPUT):
    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__(problems=len(problems))

    def text(self) -> str:
        """The first line, then one line for each problem."""
        return "\n".join([super().text(), *(f"  - {p.text()}" for p in self.problems)])

    def as_dict(self) -> dict[str, object]:
        """The same for machines, with the complete list."""
        return super().as_dict() | {"problems": [asdict(p) for p in self.problems]}


class ApplicationUnreadable(CodedError, code="APPROVAL-14", exit=Exit.INPUT): ...


# -- a project's life, documents, cohorts and recipients


class EvidenceMissing(CodedError, code="APPROVAL-17", exit=Exit.REFUSED):
    def __init__(self, step: str, needs: str, section: str) -> None:
        self.needs, self.section = needs, section
        super().__init__(step=step)

    def text(self) -> str:
        """The first line, then what is missing, with its section."""
        return f"{super().text()}\n  - {self.section}: it needs {self.needs}"

    def as_dict(self) -> dict[str, object]:
        """The same for machines."""
        return super().as_dict() | {"needs": self.needs, "section": self.section}


# fmt: off
class CorrectionRefused(CodedError, code="APPROVAL-18", exit=Exit.REFUSED): ...
class ReviewMissing(CodedError, code="APPROVAL-19", exit=Exit.REFUSED): ...
class RequesterSanctioned(CodedError, code="APPROVAL-20", exit=Exit.REFUSED): ...
class UnknownProject(CodedError, code="APPROVAL-03", exit=Exit.USAGE): ...
class MoveNotAllowed(CodedError, code="APPROVAL-04", exit=Exit.REFUSED): ...
class ApplicationChanged(CodedError, code="APPROVAL-05", exit=Exit.INTEGRITY): ...
class CohortRefused(CodedError, code="APPROVAL-06", exit=Exit.REFUSED): ...
class UnknownMember(CodedError, code="APPROVAL-08", exit=Exit.REFUSED): ...
class DocumentChanged(CodedError, code="APPROVAL-13", exit=Exit.INTEGRITY): ...
class DocumentsGone(CodedError, code="APPROVAL-37", exit=Exit.INTEGRITY): ...
class LetterNotDue(CodedError, code="APPROVAL-43", exit=Exit.REFUSED): ...
# fmt: on


# -- the gate


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason against it: rule, section, what is the matter, what would cure it."""

    rule: str
    section: str
    text: str
    cure: str

    def line(self) -> str:
        """One line."""
        return f"{self.section} ({self.rule}): {self.text}. {self.cure}"


class GateRefused(CodedError, code="APPROVAL-02", exit=Exit.REFUSED):
    def __init__(self, reasons: tuple[Reason, ...]) -> None:
        self.reasons = reasons
        super().__init__(reasons=len(reasons))

    def text(self) -> str:
        """The first line, then one line for each reason."""
        return "\n".join([super().text(), *(f"  - {r.line()}" for r in self.reasons)])

    def as_dict(self) -> dict[str, object]:
        """The same for machines, with every reason."""
        return super().as_dict() | {"reasons": [asdict(r) for r in self.reasons]}


# -- custody of releases, and the escrow key


# fmt: off
class PackageDiffers(CodedError, code="APPROVAL-38", exit=Exit.INTEGRITY): ...
class ReceiptCodeWrong(CodedError, code="APPROVAL-39", exit=Exit.REFUSED): ...
class EscrowRefused(CodedError, code="APPROVAL-40", exit=Exit.REFUSED): ...
class EscrowChanged(CodedError, code="APPROVAL-41", exit=Exit.INTEGRITY): ...
class UnknownRelease(CodedError, code="APPROVAL-09", exit=Exit.USAGE): ...
class ReleaseMoveNotAllowed(CodedError, code="APPROVAL-10", exit=Exit.REFUSED): ...
class ReportDiffers(CodedError, code="APPROVAL-11", exit=Exit.INTEGRITY): ...
class CommentUnusable(CodedError, code="APPROVAL-44", exit=Exit.INPUT): ...
class NotAutomatic(CodedError, code="APPROVAL-16", exit=Exit.REFUSED): ...
# fmt: on


# -- passkeys: who signs at the desk


# fmt: off
class InvitationOver(CodedError, code="PASSKEY-01", exit=Exit.REFUSED): ...
class PasskeyNeeded(CodedError, code="PASSKEY-02", exit=Exit.REFUSED): ...
class PasskeyNotInForce(CodedError, code="PASSKEY-03", exit=Exit.REFUSED): ...
class StatementMoved(CodedError, code="PASSKEY-04", exit=Exit.REFUSED): ...
# fmt: on
