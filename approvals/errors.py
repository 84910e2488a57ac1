"""What applications, projects, the gate, the ledger and custody refuse: one class for each cause."""

from dataclasses import asdict, dataclass

from errors import CodedError, Exit

# -- who acts


class NothingToConfirm(CodedError, code="APPROVAL-07", exit=Exit.REFUSED):
    cause = "nothing that waits for a second person fits this"
    cure = "Register it first; `doj-release project show` lists what waits"


class PeopleFileMissing(CodedError, code="PEOPLE-01", exit=Exit.REFUSED):
    cause = "the file people.toml of this home is missing or can't be read"
    cure = "The administrator writes it: one [[person]] for each operating-system user"


class PeopleFileUnsafe(CodedError, code="PEOPLE-02", exit=Exit.REFUSED):
    cause = "people.toml or its folder can be written by somebody who is not the administrator"
    cure = "It must belong to root or to the home's owner and be closed to others (chmod go-w)"


class UnknownPerson(CodedError, code="PEOPLE-03", exit=Exit.REFUSED):
    cause = "the operating system's user is not in people.toml"
    cure = "Ask the administrator to add a [[person]] for this user"


class PeopleFileWrong(CodedError, code="PEOPLE-04", exit=Exit.REFUSED):
    cause = "people.toml has an entry that can't be used"
    cure = "Each [[person]] has id, name, user and roles; ids and users stand once"


class SamePerson(CodedError, code="PEOPLE-05", exit=Exit.REFUSED):
    cause = "this step takes a second person"
    cure = "Somebody other than the person who did the first step must do it"


class RoleMissing(CodedError, code="PEOPLE-06", exit=Exit.REFUSED):
    cause = "this person has none of the roles that may do this"
    cure = "Somebody with one of these roles must do it, or the administrator adds the role"


class SwitchNotConfirmed(CodedError, code="APPROVAL-42", exit=Exit.REFUSED):
    cause = "settings are less cautious than their defaults and were not confirmed by two people"
    cure = "`doj-release switch override NAME`, then another person `switch confirm NAME`"


# -- the ledger


_LISTED = 20  # problems of a ledger in a text


@dataclass(frozen=True, slots=True)
class LedgerProblem:
    """What is wrong, and at which number."""

    seq: int
    what: str


class LedgerMissing(CodedError, code="LEDGER-01", exit=Exit.INTEGRITY):
    cause = "the ledger is missing"
    cure = "`doj-release init` makes a new home; a lost ledger must come back from its backup"


class LedgerExists(CodedError, code="LEDGER-02", exit=Exit.USAGE):
    cause = "there is a ledger already"
    cure = "Open it, or choose another home"


class LedgerBroken(CodedError, code="LEDGER-03", exit=Exit.INTEGRITY):
    cause = "the ledger was changed after it was written"
    cure = "Stop all releases, keep the file as it is, and compare it with the last checkpoint"

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


class EventRefused(CodedError, code="LEDGER-04", exit=Exit.USAGE):
    cause = "this kind of event is unknown or does not carry these facts"
    cure = "docs/approvals.md lists each kind of event with its facts"


class KeyReused(CodedError, code="LEDGER-05", exit=Exit.INTEGRITY):
    cause = "the ledger has another event under the same key"
    cure = "Look at the event named here: what is being recorded differs from it"


class LedgerUnavailable(CodedError, code="LEDGER-06", exit=Exit.INTERNAL):
    cause = "the ledger's database can't be used"
    cure = "Look whether it runs, has room, and admits this user"


class AttemptUnrecorded(CodedError, code="LEDGER-09", exit=Exit.REFUSED):
    cause = "the step stays refused, but the ledger could not record that it was tried"
    cure = "Tell the security officer what was tried; see `doj-release doctor` for the ledger"


class StateMoved(CodedError, code="APPROVAL-15", exit=Exit.HELD):
    cause = "somebody else recorded something for this project in the meantime"
    cure = "Look again with `doj-release project show`, then repeat the step if it still fits"


class CheckpointWrong(CodedError, code="LEDGER-07", exit=Exit.INTEGRITY):
    cause = "the checkpoint can't be read or its signature does not hold"
    cure = "Use a checkpoint that this home exported, and its own signing certificate"


class HeadWrong(CodedError, code="LEDGER-08", exit=Exit.INTEGRITY):
    cause = "ledger.head, the keyed note of how far the ledger had come, does not hold"
    cure = "Put it back from the backup that the ledger came from; compare with a checkpoint"


# -- calendars


class CalendarEnds(CodedError, code="APPROVAL-12", exit=Exit.FAILED):
    cause = "the holiday table does not cover this year, so no deadline can be counted"
    cure = "Add the year's movable holidays to approvals/holidays.toml with their source"


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
    cause = "the application is not complete or not eligible"
    cure = "Correct every point below and submit again; a commented example shows each field"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__(problems=len(problems))

    def text(self) -> str:
        """The first line, then one line for each problem."""
        return "\n".join([super().text(), *(f"  - {p.text()}" for p in self.problems)])

    def as_dict(self) -> dict[str, object]:
        """The same for machines, with the complete list."""
        return super().as_dict() | {"problems": [asdict(p) for p in self.problems]}


class ApplicationUnreadable(CodedError, code="APPROVAL-14", exit=Exit.INPUT):
    cause = "the application can't be read as a TOML file in UTF-8"
    cure = "`doj-release project example standard` prints one that passes"


# -- a project's life, documents, cohorts and recipients


class EvidenceMissing(CodedError, code="APPROVAL-17", exit=Exit.REFUSED):
    cause = "this step needs something that was not recorded, or comes too late"
    cure = "Record what it needs first; docs/approvals.md lists it for every step"

    def __init__(self, step: str, needs: str, section: str) -> None:
        self.needs, self.section = needs, section
        super().__init__(step=step)

    def text(self) -> str:
        """The first line, then what is missing, with its section."""
        return f"{super().text()}\n  - {self.section}: it needs {self.needs}"

    def as_dict(self) -> dict[str, object]:
        """The same for machines."""
        return super().as_dict() | {"needs": self.needs, "section": self.section}


class CorrectionRefused(CodedError, code="APPROVAL-18", exit=Exit.REFUSED):
    cause = "this event can't be taken back"
    cure = "Take back the later events that rest on it first; `doj-release project history`"


class ReviewMissing(CodedError, code="APPROVAL-19", exit=Exit.REFUSED):
    cause = "the review of the application is missing, or says that a criterion does not hold"
    cure = "A reviewer records it: event review_completed with holds=C-03,C-04,C-08,C-15,C-48"


class RequesterSanctioned(CodedError, code="APPROVAL-20", exit=Exit.REFUSED):
    cause = (
        "a sanction against this requester in another project denies further requests (§ 968(c))"
    )
    cure = "Deny the application, or lift the sanction in the project that is named here"


class UnknownProject(CodedError, code="APPROVAL-03", exit=Exit.USAGE):
    cause = "there is no project with this number"
    cure = "`doj-release project list` shows all of them"


class MoveNotAllowed(CodedError, code="APPROVAL-04", exit=Exit.REFUSED):
    cause = "the project is in a state that does not allow this step"
    cure = "`doj-release project show` says where it stands and which steps are open"


class ApplicationChanged(CodedError, code="APPROVAL-05", exit=Exit.INTEGRITY):
    cause = "the stored application is missing or is not the one that the ledger names"
    cure = "Put back the file as submitted from a backup, and find out who changed it"


class CohortRefused(CodedError, code="APPROVAL-06", exit=Exit.REFUSED):
    cause = "the approved application does not allow this cohort (§ 963(a)(3))"
    cure = "The application must declare a cohort, show the authority to hold it, and set its size"


class UnknownMember(CodedError, code="APPROVAL-08", exit=Exit.REFUSED):
    cause = "the approved application names no recipient with this id (§ 962(r))"
    cure = "Use the id of a team member whose `recipient` is true, or amend the application"


class DocumentChanged(CodedError, code="APPROVAL-13", exit=Exit.INTEGRITY):
    cause = "an attached document is missing or is not the one that the ledger names"
    cure = "Put back the document from a backup, and find out who changed it"


class DocumentsGone(CodedError, code="APPROVAL-37", exit=Exit.INTEGRITY):
    cause = "documents are missing or are not those that the ledger's events name"
    cure = "`doj-release project documents` lists them; put them back from a backup"


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
    cause = "the approval does not allow this release"
    cure = "Every reason stands below with its section and what would cure it"

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


class PackageDiffers(CodedError, code="APPROVAL-38", exit=Exit.INTEGRITY):
    cause = "the package is not the one that was sealed to this member, so it is not handed over"
    cure = "Withdraw the release, find out who changed the outbox, and release again"


class ReceiptCodeWrong(CodedError, code="APPROVAL-39", exit=Exit.REFUSED):
    cause = "this is not the receipt code inside the package that was sealed to this member"
    cure = "The member reads it from provenance.json after opening the package with their own key"


class EscrowRefused(CodedError, code="APPROVAL-40", exit=Exit.REFUSED):
    cause = "the escrow key can't be taken, confirmed or used like this"
    cure = "`doj-release escrow show` says what is recorded; each step takes two people"


class EscrowChanged(CodedError, code="APPROVAL-41", exit=Exit.INTEGRITY):
    cause = "the escrow certificate in the keyring is not the one that two people confirmed"
    cure = "Put the confirmed certificate back, or have the new one added and confirmed"


class UnknownRelease(CodedError, code="APPROVAL-09", exit=Exit.USAGE):
    cause = "there is no release with this id"
    cure = "`doj-release release list` shows all of them"


class ReleaseMoveNotAllowed(CodedError, code="APPROVAL-10", exit=Exit.REFUSED):
    cause = "the release is in a state that does not allow this step"
    cure = "`doj-release release show` says where it stands"


class ReportDiffers(CodedError, code="APPROVAL-11", exit=Exit.INTEGRITY):
    cause = "the validation report is not the one that the ledger names for this release"
    cure = "Read the report named by `doj-release release show` and approve that one"


class NotAutomatic(CodedError, code="APPROVAL-16", exit=Exit.REFUSED):
    cause = "only a scheduled aggregated release may be approved automatically"
    cure = "Let a second person approve it: `doj-release release approve`"
