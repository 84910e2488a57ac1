"""What the gate refuses, with the reasons that it gives."""

from dataclasses import dataclass

from errors import CodedError, Exit


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

    def as_dict(self) -> dict[str, str]:
        """For ``--json``."""
        return {"rule": self.rule, "section": self.section, "text": self.text, "cure": self.cure}


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
        return super().as_dict() | {"reasons": [r.as_dict() for r in self.reasons]}
