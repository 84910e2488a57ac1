"""Long lists, a page at a time, and the words by which they are filtered."""

import re
from collections.abc import Sequence
from typing import TypeVar

from pipelines.desk.errors import FormUnusable
from pipelines.desk.web import Visit

Row = TypeVar("Row")
_WORD = re.compile(r"[A-Za-z0-9._:/-]{0,100}")
EACH = 50  # rows of a page


def id_or_nothing(name: str, text: str) -> str:
    """What an id, a code or a digest is made of: nothing else is looked for, and nothing else is shown again.

    Raises:
        FormUnusable: it is none.
    """
    if not _WORD.fullmatch(text):
        raise FormUnusable(field=name)
    return text


def page_of(visit: Visit, rows: Sequence[Row]) -> tuple[Sequence[Row], int, int]:
    """The rows of the page that the address asks for (``page``), its number from 1, and how many pages there are."""
    last = max(1, -(-len(rows) // EACH))
    asked = visit.asked("page", "1")
    at = min(int(asked), last) if asked.isascii() and asked.isdigit() and int(asked) > 0 else 1
    return rows[(at - 1) * EACH : at * EACH], at, last
