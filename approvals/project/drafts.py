"""Drafts of publications: received by hash, the earliest day of publication, and whether one is held.

Nothing is published before the wait of § 964(g) is over, nor, where the review found that an
identity could be compromised, before what identifies was removed (§ 964(g)(1)): a new draft.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from approvals.clocks import CLOCKS, Counting
from approvals.ledger import Entry

_WAIT = next(clock for clock in CLOCKS if clock.name == "publication_wait")


@dataclass(frozen=True, slots=True)
class Draft:
    """One draft, by its keyed digest; ``earliest`` is the first day on which it may appear."""

    digest: str
    received: date
    earliest: date
    reviewed: date | None = None
    finding: str | None = None

    @property
    def held(self) -> bool:
        """Nothing of it may be published as it is."""
        return self.finding not in (None, "none")

    def as_dict(self, on: date) -> dict[str, object]:
        """For ``project show --json``."""
        return {
            "draft": self.digest,
            "received": self.received.isoformat(),
            "earliest_publication": self.earliest.isoformat(),
            "reviewed": self.reviewed.isoformat() if self.reviewed else None,
            "finding": self.finding,
            "may_be_published": not self.held and on >= self.earliest,
        }


def drafts_of(entries: Sequence[Entry], counting: Counting | None = None) -> tuple[Draft, ...]:
    """The drafts of a project, from its standing events, in the order of their receipt.

    Args:
        entries: of the project's own life.
        counting: which calendar counts the wait; by default the cautious one.
    """
    found: dict[str, Draft] = {}
    for entry in entries:
        digest = str(entry.facts.get("draft"))
        if entry.kind == "draft_received":
            received = date.fromisoformat(str(entry.facts["on"]))
            found[digest] = Draft(digest, received, _WAIT.due(received, counting or Counting())[0])
        elif entry.kind == "draft_reviewed" and digest in found:
            found[digest] = replace(
                found[digest],
                reviewed=date.fromisoformat(str(entry.facts["on"])),
                finding=str(entry.facts["finding"]),
            )
    return tuple(found.values())
