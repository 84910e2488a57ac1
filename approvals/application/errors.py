"""Why an application is not taken: the problems of its fields, each with its section."""

from dataclasses import dataclass

from errors import CodedError, Exit


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, by which section, what."""

    path: str
    section: str
    what: str

    def text(self) -> str:
        """One line."""
        return f"{self.path} [{self.section}]: {self.what}"

    def as_dict(self) -> dict[str, str]:
        """For ``--json``."""
        return {"path": self.path, "section": self.section, "what": self.what}


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
        return super().as_dict() | {"problems": [p.as_dict() for p in self.problems]}


class ApplicationUnreadable(CodedError, code="APPROVAL-14", exit=Exit.INPUT):
    cause = "the application can't be read as a TOML file in UTF-8"
    cure = "`doj-release project example standard` prints one that passes"
