"""What is due, as a list and on a calendar, and the letters that go with it, to be read before they go."""

import re
from datetime import date

from starlette.responses import Response

from approvals.deadlines import month_of, open_deadlines
from approvals.project import roles_for
from pipelines.desk.errors import PageUnknown
from pipelines.desk.pages.lists import page_of
from pipelines.desk.web import Pages, Visit
from pipelines.operations import letter_id, letter_to_read, owed_letters
from pipelines.session import today

PAGES = Pages("Deadlines", "/deadlines")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
WRITERS = tuple(sorted(roles_for("notice_written")))


@PAGES.get("/deadlines", step="deadlines")
def deadlines(visit: Visit) -> Response:
    """A month as a calendar, and every open deadline, the nearest first."""
    session, on = visit.session, today()
    year, month = _month(visit.asked("month") or f"{on:%Y-%m}")
    due = open_deadlines(session.projects, on, session.counting)
    shown, at, last = page_of(visit, due)
    return visit.page(
        "deadlines.html.j2",
        weeks=month_of(due, year, month, session.counting),
        first=date(year, month, 1),
        before=_turned(year, month, -1),
        after=_turned(year, month, 1),
        rows=shown,
        many=len(due),
        overdue=sum(one.overdue(on) for one in due),
        on=on,
        at=at,
        last=last,
        address=f"/deadlines?month={year}-{month:02}&page=",
    )


@PAGES.get("/deadlines/calendar", step="deadlines")
def calendar(visit: Visit) -> Response:
    """The same for a calendar program."""
    return visit.download(visit.session.deadlines_ics(today()).encode(), "deadlines.ics")


@PAGES.get("/deadlines/letters", step="remind", roles=WRITERS)
def letters(visit: Visit) -> Response:
    """The letters that are due, by today or by a later day."""
    session, on = visit.session, _day(visit.asked("on"))
    owed = [(letter_id(one), one) for one in owed_letters(session, on)]
    shown, at, last = page_of(visit, owed)
    address = f"/deadlines/letters?on={on}&page="
    return visit.page("letters.html.j2", rows=shown, on=on, address=address, at=at, last=last)


@PAGES.get("/deadlines/letters/{known_by}", step="remind", roles=WRITERS)
def letter(visit: Visit, known_by: str) -> Response:
    """One letter as it would go on that day."""
    on = _day(visit.asked("on"))
    owed = letter_to_read(visit.session, on, known_by)
    return visit.page("letter.html.j2", owed=owed, known_by=known_by, on=on)


@PAGES.get("/deadlines/letters/{known_by}/page", step="remind", roles=WRITERS)
def letter_page(visit: Visit, known_by: str) -> Response:
    """Its printed page, to be framed."""
    owed = letter_to_read(visit.session, _day(visit.asked("on")), known_by)
    return visit.framed(owed.letter.page.encode())


def _month(text: str) -> tuple[int, int]:
    found = _MONTH.fullmatch(text)
    if not found or not (1900 <= int(found[1]) < 2200 and 1 <= int(found[2]) <= 12):
        raise PageUnknown
    return int(found[1]), int(found[2])


def _turned(year: int, month: int, by: int) -> str:
    months = year * 12 + month - 1 + by
    return f"{months // 12}-{months % 12 + 1:02}"


def _day(text: str) -> date:
    if not text:
        return today()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise PageUnknown from None
