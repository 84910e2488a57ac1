"""What a project's life, its documents, cohorts and recipients refuse."""

from errors import CodedError, Exit


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
