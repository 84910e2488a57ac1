"""A project's documents as people read them: their bytes, decrypted, and what kind of file they are by what they begin with."""

from approvals import project
from approvals.people import check_role
from pipelines.custody.releases import READERS
from pipelines.session import Session
from systems.texts import acts

# What a browser shows by itself; everything else is a file to keep.
_BEGINS = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}
# A reviewer looks at an application, too.
PAPER_READERS = (*READERS, "reviewer")
PAGE, TEXT = "text/html", "text/plain"


def read_document(session: Session, number: str, event: int, what: str) -> tuple[bytes, str]:
    """A document that an event of a project pins, and its media type: "" where no browser shows it.

    Raises:
        UnknownProject: there is none.
        RoleMissing: this person neither makes, reviews, approves nor audits; of a release, nor do reviewers read its report.
        DocumentChanged: there is no such document, or it is gone or was changed (exit 5).
    """
    session.projects.show(number)
    of_release = any(e.seq == event and e.release for e in session.ledger.events(number))
    check_role(session.person, READERS if of_release else PAPER_READERS)
    content = project.stored_document(session.projects, number, event, what)
    return content, media_type(content, ours=what.endswith(".html"))


def media_type(content: bytes, *, ours: bool = False) -> str:
    """What a browser shows of it: a picture, a PDF, plain text; a page where it is one that we wrote; else nothing."""
    for begin, kind in _BEGINS.items():
        if content.startswith(begin):
            return kind
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    if ours:
        return PAGE
    return "" if acts(text) else TEXT
