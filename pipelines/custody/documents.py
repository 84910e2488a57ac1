"""The papers of a project: its documents and drafts, looked at each time that it is shown."""

from approvals.project import attachments, check_attachments, drafts_of
from errors.coded import CodedError
from pipelines.session import Session, today

Rows = list[dict[str, object]]


def papers_of(session: Session, number: str) -> tuple[Rows, Rows, CodedError | None]:
    """Documents, drafts, and the error where a document is missing or changed."""
    documents = [a.as_dict() for a in attachments(session.projects, number)]
    drafts = [d.as_dict(today()) for d in drafts_of(session.projects.entries(number))]
    try:
        check_attachments(session.projects, number)
    except CodedError as error:
        return documents, drafts, error
    return documents, drafts, None
