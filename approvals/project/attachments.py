"""Every document that the ledger pins, and whether it is still there as it was stored."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from approvals.ledger import Entry
from approvals.project.documents import State
from approvals.project.errors import DocumentsGone
from approvals.project.store import ProjectStore

# kind of event → the fact that pins a stored file, and the label that it is stored under
PINNED: Mapping[str, tuple[str, str]] = {
    "project_submitted": ("application", "application"),
    "application_revised": ("application", "application"),
    "amendment_submitted": ("application", "application"),
    "recipient_added": ("certificate", "recipient"),
    "report_attached": ("report", "report"),
    "notice_written": ("letter", "notice"),
    "recall_sent": ("letter", "notice"),
    "document_stored": ("digest", "document"),
}


@dataclass(frozen=True, slots=True)
class Attachment:
    """One stored document: what it is, the event that pins it, and how it was found."""

    project: str
    what: str
    event: int
    on: str
    digest: str
    state: State

    def as_dict(self) -> dict[str, object]:
        """For ``project documents --json``."""
        return {name: getattr(self, name) for name in self.__slots__}


def attachments(projects: ProjectStore, number: str | None = None) -> list[Attachment]:
    """Read every pinned document of a project, or of all, once each."""
    seen: set[tuple[str, str, str]] = set()
    found: list[Attachment] = []
    for entry in _pinning(projects, number):
        fact, label = PINNED[entry.kind]
        digest, project = str(entry.facts.get(fact, "")), entry.project or ""
        if digest and (project, label, digest) not in seen:
            seen.add((project, label, digest))
            state = projects.folder(project).state(label, digest)
            what = str(entry.facts.get("document", label))
            on = str(entry.facts.get("on", entry.at.date().isoformat()))
            found.append(Attachment(project, what, entry.seq, on, digest, state))
    return found


def check_attachments(projects: ProjectStore, number: str | None = None) -> int:
    """How many documents are held, all of them as they were stored.

    Raises:
        DocumentsGone: some are missing or changed, with the events that pin them (exit 5).
    """
    found = attachments(projects, number)
    missing = [a.event for a in found if a.state == "missing"]
    changed = [a.event for a in found if a.state == "changed"]
    if missing or changed:
        raise DocumentsGone(missing=missing, changed=changed)
    return len(found)


def _pinning(projects: ProjectStore, number: str | None) -> Iterator[Entry]:
    entries = [e for kind in PINNED for e in projects.ledger.events(number, kind=kind)]
    yield from sorted(entries, key=lambda e: e.seq)
