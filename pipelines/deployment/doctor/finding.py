"""One thing that ``doctor`` looked at, and how it is."""

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

    def as_json(self) -> dict[str, str]:
        """For ``--json``."""
        return {"what": self.what, "state": self.state, "detail": self.detail}
