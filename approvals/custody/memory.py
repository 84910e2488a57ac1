"""What one process knows of all projects and releases, so that the ledger is read once and then only what is new."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from approvals.custody.state import ReleaseState, release_state
from approvals.ledger import Entry, Remembered
from approvals.project import ProjectMemory


def _made(before: ReleaseState | None, newer: Sequence[Entry]) -> ReleaseState | None:
    return release_state(newer, before)


@dataclass(frozen=True)
class Memory:
    """Of one home: what lists are made from. A command's own by default; a process that lives long hands the same to each session."""

    projects: ProjectMemory = field(default_factory=ProjectMemory)
    releases: Remembered[ReleaseState] = field(
        default_factory=lambda: Remembered(_made, releases=True)
    )
