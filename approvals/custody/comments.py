"""What people write to each other about a release: plain text, kept encrypted, never in the ledger."""

from approvals.errors import CommentUnusable
from systems.texts import acts

LONGEST = 16_000  # characters: some pages


def read_comment(content: bytes) -> bytes:
    """A comment as it is kept: UTF-8, line ends as Unix has them, no blanks around it.

    Raises:
        CommentUnusable: empty, longer than ``LONGEST``, no UTF-8, or with what is no writing (controls, direction marks).
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CommentUnusable(what="no text in UTF-8") from None
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text:
        raise CommentUnusable(what="empty")
    if len(text) > LONGEST:
        raise CommentUnusable(what="too long", characters=len(text), at_most=LONGEST)
    if acts(text):
        raise CommentUnusable(what="characters that are no writing")
    return text.encode("utf-8")
