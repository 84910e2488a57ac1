"""Everything that approvals and people refuse, one class for each cause."""

from typing import TYPE_CHECKING

from faults import CodedError, Exit

if TYPE_CHECKING:
    from approvals.application import Problem
    from approvals.gate import Verdict


class ApplicationRefused(CodedError):
    """The application can't be taken; ``problems`` lists everything that is wrong with it."""

    code = "APPROVAL-01"
    exit = Exit.INPUT
    cause = "the application is not complete or not eligible"
    cure = "Correct every point below and submit again; a commented example shows each field"

    def __init__(self, problems: "tuple[Problem, ...]") -> None:
        self.problems = problems
        super().__init__(problems=len(problems))

    def text(self) -> str:
        """The first line, then one line for each problem."""
        return "\n".join([super().text(), *(f"  - {p.text()}" for p in self.problems)])

    def as_dict(self) -> dict[str, object]:
        """The same for machines, with the complete list."""
        return super().as_dict() | {"problems": [p.as_dict() for p in self.problems]}


class GateRefused(CodedError):
    """The gate says no; ``verdict`` holds every reason."""

    code = "APPROVAL-02"
    exit = Exit.REFUSED
    cause = "the approval does not allow this release"
    cure = "Every reason stands below with its section and what would cure it"

    def __init__(self, verdict: "Verdict") -> None:
        self.verdict = verdict
        super().__init__(reasons=len(verdict.reasons))

    def text(self) -> str:
        """The first line, then one line for each reason."""
        return "\n".join([super().text(), *(f"  - {r.line()}" for r in self.verdict.reasons)])

    def as_dict(self) -> dict[str, object]:
        """The same for machines, with every reason."""
        return super().as_dict() | {"reasons": [r.as_dict() for r in self.verdict.reasons]}


class UnknownProject(CodedError):
    """No project has this number."""

    code = "APPROVAL-03"
    exit = Exit.USAGE
    cause = "there is no project with this number"
    cure = "`doj-release project list` shows all of them"


class MoveNotAllowed(CodedError):
    """The project's state does not allow this step."""

    code = "APPROVAL-04"
    exit = Exit.REFUSED
    cause = "the project is in a state that does not allow this step"
    cure = "`doj-release project show` says where it stands and which steps are open"


class ApplicationChanged(CodedError):
    """The stored application is not the one that was submitted."""

    code = "APPROVAL-05"
    exit = Exit.INTEGRITY
    cause = "the stored application is missing or is not the one that the ledger names"
    cure = "Put back the file as submitted from a backup, and find out who changed it"


class CohortRefused(CodedError):
    """This cohort can't be registered with this project."""

    code = "APPROVAL-06"
    exit = Exit.REFUSED
    cause = "the approved application does not allow this cohort (§ 963(a)(3))"
    cure = "The application must declare a cohort, show the authority to hold it, and set its size"


class NothingToConfirm(CodedError):
    """No registered cohort or recipient fits what was to be confirmed."""

    code = "APPROVAL-07"
    exit = Exit.REFUSED
    cause = "nothing that waits for a second person fits this"
    cure = "Register it first; `doj-release project show` lists what waits"


class UnknownMember(CodedError):
    """The application names no team member with this id."""

    code = "APPROVAL-08"
    exit = Exit.REFUSED
    cause = "the approved application names no recipient with this id (§ 962(r))"
    cure = "Use the id of a team member whose `recipient` is true, or amend the application"


class UnknownRelease(CodedError):
    """No release has this id."""

    code = "APPROVAL-09"
    exit = Exit.USAGE
    cause = "there is no release with this id"
    cure = "`doj-release release list` shows all of them"


class ReleaseMoveNotAllowed(CodedError):
    """The release's state does not allow this step."""

    code = "APPROVAL-10"
    exit = Exit.REFUSED
    cause = "the release is in a state that does not allow this step"
    cure = "`doj-release release show` says where it stands"


class ReportDiffers(CodedError):
    """The report approved is not the report of this release."""

    code = "APPROVAL-11"
    exit = Exit.INTEGRITY
    cause = "the validation report is not the one that the ledger names for this release"
    cure = "Read the report named by `doj-release release show` and approve that one"


class CalendarEnds(CodedError):
    """The holiday table does not reach this year."""

    code = "APPROVAL-12"
    exit = Exit.FAILED
    cause = "the holiday table does not cover this year, so no deadline can be counted"
    cure = "Add the year's movable holidays to approvals/holidays.toml with their source"


class DocumentChanged(CodedError):
    """An attached document is missing or was changed."""

    code = "APPROVAL-13"
    exit = Exit.INTEGRITY
    cause = "an attached document is missing or is not the one that the ledger names"
    cure = "Put back the document from a backup, and find out who changed it"


class ApplicationUnreadable(CodedError):
    """The application is no TOML file."""

    code = "APPROVAL-14"
    exit = Exit.INPUT
    cause = "the application can't be read as a TOML file in UTF-8"
    cure = "`doj-release project example standard` prints one that passes"


class StateMoved(CodedError):
    """Somebody else wrote about this project in the meantime."""

    code = "APPROVAL-15"
    exit = Exit.HELD
    cause = "somebody else recorded something for this project in the meantime"
    cure = "Look again with `doj-release project show`, then repeat the step if it still fits"


class NotAutomatic(CodedError):
    """Only scheduled aggregates may be let go without a second person."""

    code = "APPROVAL-16"
    exit = Exit.REFUSED
    cause = "only a scheduled aggregated release may be approved automatically"
    cure = "Let a second person approve it: `doj-release release approve`"


class PeopleFileMissing(CodedError):
    """people.toml is missing."""

    code = "PEOPLE-01"
    exit = Exit.REFUSED
    cause = "the file people.toml of this home is missing or can't be read"
    cure = "The administrator writes it: one [[person]] for each operating-system user"


class PeopleFileUnsafe(CodedError):
    """people.toml could have been written by anybody."""

    code = "PEOPLE-02"
    exit = Exit.REFUSED
    cause = "people.toml or its folder can be written by somebody who is not the administrator"
    cure = "It must belong to root or to the home's owner and be closed to others (chmod go-w)"


class UnknownPerson(CodedError):
    """The operating system's user is nobody in people.toml."""

    code = "PEOPLE-03"
    exit = Exit.REFUSED
    cause = "the operating system's user is not in people.toml"
    cure = "Ask the administrator to add a [[person]] for this user"


class PeopleFileWrong(CodedError):
    """people.toml does not say who is who."""

    code = "PEOPLE-04"
    exit = Exit.REFUSED
    cause = "people.toml has an entry that can't be used"
    cure = "Each [[person]] has id, name, user and roles; ids and users stand once"


class SamePerson(CodedError):
    """The second person is the first."""

    code = "PEOPLE-05"
    exit = Exit.REFUSED
    cause = "this step takes a second person"
    cure = "Somebody other than the person who did the first step must do it"


class RoleMissing(CodedError):
    """The person may not do this."""

    code = "PEOPLE-06"
    exit = Exit.REFUSED
    cause = "this person has none of the roles that may do this"
    cure = "Somebody with one of these roles must do it, or the administrator adds the role"
