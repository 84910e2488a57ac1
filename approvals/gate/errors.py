"""approvals.gate.errors."""

from typing import TYPE_CHECKING

from errors.coded import CodedError, Exit

if TYPE_CHECKING:
    from approvals.gate.gate import Verdict


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
