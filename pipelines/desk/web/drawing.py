"""How a page is drawn: its template, the frame around it, and what every page shows."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from starlette.responses import HTMLResponse

from systems.texts import page_templates

_TEMPLATES = Path(__file__).parents[1] / "templates"


class Drawing:
    """All templates of the desk, read once a process.

    Args:
        topics: title and first path of each topic of the navigation.
    """

    def __init__(self, topics: Sequence[tuple[str, str]]) -> None:
        from jinja2 import FileSystemLoader

        self._topics = tuple(topics)
        filters = {"day": _day, "number": _number, "words": _words, "groups": _groups}
        self._templates = page_templates(FileSystemLoader(_TEMPLATES), filters=filters)

    def page(
        self, template: str, path: str, status: int, shown: Mapping[str, object]
    ) -> HTMLResponse:
        """Draw a page with what it shows, as the answer to a request for a path."""
        frame = {"topics": self._topics, "here": _topic(path, self._topics)}
        return HTMLResponse(
            self._templates.get_template(template).render(frame | dict(shown)), status
        )


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


def _groups(value: str) -> str:
    """Figures in groups of four, as they are read out."""
    return " ".join(value[at : at + 4] for at in range(0, len(value), 4))
