"""A finding: what was looked at, how it is, and what to do about it."""

from dataclasses import dataclass
from typing import Literal

State = Literal["good", "note", "bad"]


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is, and what to do about it."""

    what: str
    state: State
    detail: str

    @property
    def mark(self) -> str:
        """A sign for the table."""
        return {"good": "ok", "note": "--", "bad": "!!"}[self.state]


def judged(what: str, wrong: object, bad: str, good: str, state: State = "bad") -> Finding:
    """Good where nothing is wrong; else ``state``."""
    return Finding(what, state if wrong else "good", bad if wrong else good)
