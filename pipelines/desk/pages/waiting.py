"""The first page: what waits for the visitor, as `status` lists it, and where at the desk it is done."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from starlette.responses import Response

from pipelines.desk.pages.lists import page_of
from pipelines.desk.web import Pages, Visit
from pipelines.operations import waiting_for
from pipelines.session import today

PAGES = Pages("Waiting", "/")
_SOON = 14  # days
_PART = re.compile(r"\{\w+\}")

# Where a step is taken at the desk; what is not here is done at the shell.
_PLACES = {
    "release.review": "/review/{release}",
    "release.approve": "/releases/{release}",
    "release.answer": "/releases/{release}",
    "release.handover": "/releases/{release}#handover",
    "release.resume": "/releases/{release}",
    "release.withdraw": "/releases/{release}#end",
    "release.destroy": "/releases/{release}#end",
    "project.review": "/projects/{project}/papers",
    "project.approve": "/projects/{project}/papers",
    "project.check": "/projects/{project}/events/{event}",
    "project.duty": "/projects/{project}/events/{event}",
    "cohort.confirm": "/projects/{project}/papers#cohorts",
    "recipient.confirm": "/projects/{project}/papers#keys",
    "register.accept": "/snapshots/{snapshot}",
    "switch.confirm": "/settings",
    "switch.override": "/settings",
    "settings.confirm": "/settings",
    "settings.record": "/settings",
    "passkey.confirm": "/passkeys#confirm",
    "remind": "/deadlines/letters",
}


@PAGES.get("/", step="status")
def waiting(visit: Visit) -> Response:
    """What waits for me, or for anybody, the oldest first."""
    everybody, on = visit.asked("for") == "everybody", today()
    rows = waiting_for(visit.session, everybody=everybody)
    shown, at, last = page_of(visit, rows)
    known = {_PART.sub("{}", path) for path in visit.paths}
    return visit.page(
        "waiting.html.j2",
        rows=[row | {"href": _place(row, known)} for row in shown],
        many=len(rows),
        overdue=sum(1 for row in rows if row["due"] and str(row["due"]) < str(on)),
        everybody=everybody,
        on=str(on),
        soon=str(on + timedelta(days=_SOON)),
        address=f"/?{'for=everybody&' if everybody else ''}page=",
        at=at,
        last=last,
    )


def _place(row: Mapping[str, object], known: set[str]) -> str:
    """The address where a step is taken; empty where this desk has no page for it."""
    place = _PLACES.get(str(row["step"]), "")
    about = cast("Mapping[str, Any]", row["about"])
    path = _PART.sub("{}", place.partition("#")[0])
    return place.format_map(about) if path in known else ""
