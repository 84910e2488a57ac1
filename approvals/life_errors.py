"""What a project's life refuses beyond its table: missing evidence, corrections, reviews, sanctions."""

from faults import CodedError, Exit


class EvidenceMissing(CodedError):
    """What must be there before this step is not."""

    code = "APPROVAL-17"
    exit = Exit.REFUSED
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


class CorrectionRefused(CodedError):
    """This event can't be taken back."""

    code = "APPROVAL-18"
    exit = Exit.REFUSED
    cause = "this event can't be taken back"
    cure = "Take back the later events that rest on it first; `doj-release project history`"


class ReviewMissing(CodedError):
    """The application was not reviewed, or the review found that a criterion fails."""

    code = "APPROVAL-19"
    exit = Exit.REFUSED
    cause = "the review of the application is missing, or says that a criterion does not hold"
    cure = "A reviewer records it: event review_completed with holds=C-03,C-04,C-08,C-15,C-48"


class RequesterSanctioned(CodedError):
    """Future requests of this requester are denied."""

    code = "APPROVAL-20"
    exit = Exit.REFUSED
    cause = (
        "a sanction against this requester in another project denies further requests (§ 968(c))"
    )
    cure = "Deny the application, or lift the sanction in the project that is named here"
