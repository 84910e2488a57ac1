"""How a page is drawn: its template, the frame around it, and what every page shows."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse

from errors import CodedError
from systems.texts import page_templates

if TYPE_CHECKING:
    from pipelines.desk.web.visit import Visit

_TEMPLATES = Path(__file__).parents[1] / "templates"


class Drawing:
    """All templates of the desk, read once a process.

    Args:
        topics: title and first path of each topic of the navigation.
    """

    def __init__(self, topics: Sequence[tuple[str, str]]) -> None:
        from jinja2 import FileSystemLoader

        self._topics = tuple(topics)
        filters = {"day": _day, "number": _number, "words": _words}
        self._templates = page_templates(FileSystemLoader(_TEMPLATES), filters=filters)

    def page(
        self, visit: "Visit", template: str, status: int, shown: Mapping[str, object]
    ) -> HTMLResponse:
        """Draw a page for a visitor, or for a stranger."""
        text = self._templates.get_template(template).render(self._frame(visit) | dict(shown))
        return HTMLResponse(text, status)

    def _frame(self, visit: "Visit") -> dict[str, object]:
        visitor, path = visit.visitor_or_none, visit.request.url.path
        person = None
        if visitor is not None:
            try:
                person = visit.session.person
            except (CodedError, OSError):  # a home that is broken, or somebody who was taken out
                person = None
        said = list(visitor.said) if visitor else []
        if visitor:
            visitor.said.clear()
        return {
            "person": person,
            "demo": person is not None and visit.session.demo,
            "token": visitor.form_token if visitor else "",
            "said": said,
            "idle": int(visit.desk.visitors.idle),
            "topics": self._topics if person is not None else (),
            "here": _topic(path, self._topics),
        }


def _topic(path: str, topics: Sequence[tuple[str, str]]) -> str:
    """The first path of the topic that a page belongs to: the longest that it begins with."""
    begun = [
        first for _, first in topics if path == first or path.startswith(first.rstrip("/") + "/")
    ]
    return max(begun, key=len, default="")


def _day(value: object) -> str:
    """A day, or the day of a time, as 2026-11-30."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return value.isoformat() if isinstance(value, date) else str(value or "")


def _number(value: object) -> str:
    """A count with its thousands apart."""
    return f"{value:,}" if isinstance(value, int | float) else str(value or "")


def _words(value: object) -> str:
    """A code of ours as words: ``waiting_approval`` is *waiting approval*."""
    return str(value).replace("_", " ")
