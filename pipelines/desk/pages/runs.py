"""Releases while they are made: which stage, since when, how much is done; and what of one is better looked at than read."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from errors import CodedError
from expectations.report import drawn, mapped, written
from pipelines.custody import READERS
from pipelines.desk.errors import PageUnknown
from pipelines.desk.pages.lists import page_of
from pipelines.desk.web import Desk, Pages, Visit

if TYPE_CHECKING:  # a release has everything behind it: read when the first page asks for one
    from pipelines.release import RunProgress

PAGES = Pages("Runs", "/runs")
_EVERY = 1.0  # seconds between two looks at a run's folder
_ALIVE = 15.0  # seconds after which a browser is told that the desk is still there
_LONGEST = 300.0  # seconds of one answer: the browser asks again


@PAGES.get("/runs", step="release.watch")
def runs(visit: Visit) -> Response:
    """Every release that is being made, or stopped on its way, those that somebody works on first."""
    from pipelines.release import in_making, under_way

    found = in_making(visit.session)
    shown, at, last = page_of(visit, found)
    rows = under_way(visit.session, shown)
    return visit.page(
        "runs.html.j2", rows=rows, many=len(found), address="/runs?page=", at=at, last=last
    )


@PAGES.get("/runs/{release}", step="release.watch")
def run(visit: Visit, release: str) -> Response:
    """The stages of one; its script follows them as they go, without it a link shows them anew."""
    from pipelines.release import progress_of

    session = visit.session
    now = progress_of(session, release)
    may_look = bool(session.person.roles & set(READERS))
    return visit.page("run.html.j2", run=now, may_look=may_look)


@PAGES.get("/runs/{release}/events", step="release.watch", quiet=True)
def events(visit: Visit, release: str) -> Response:
    """The same as server-sent events, one whenever it changes, until nobody works on it any more."""
    from pipelines.release import progress_of

    _ = progress_of(visit.session, release)
    token = visit.request.cookies.get(visit.desk.cookie, "")
    return visit.stream(_followed(visit.desk, token, release))


async def _followed(desk: Desk, token: str, release: str) -> AsyncIterator[bytes]:
    """Looks in a thread and waits without one: whoever watches keeps nobody else from an answer."""
    shown, began, told = "", time.monotonic(), time.monotonic()
    while time.monotonic() - began < _LONGEST:
        try:
            now = await run_in_threadpool(_look, desk, token, release)
        except CodedError:
            return  # signed out, or gone: the browser's next question is refused
        body = json.dumps(now.as_dict())
        if body != shown:
            yield f"data: {body}\n\n".encode()
            shown, told = body, time.monotonic()
        elif time.monotonic() - told > _ALIVE:
            yield b": here\n\n"
            told = time.monotonic()
        if not now.working:
            yield b"event: end\ndata: {}\n\n"
            return
        await asyncio.sleep(_EVERY)


def _look(desk: Desk, token: str, release: str) -> "RunProgress":
    from pipelines.release import progress_of

    visitor = desk.visitors.find(token, step=False)
    with desk.open(visitor) as session:
        _ = session.person
        return progress_of(session, release)


@PAGES.get("/runs/{release}/plots", step="release.map", roles=READERS)
def plots(visit: Visit, release: str) -> Response:
    """The charts of its report, and the counties of a table on a map, by year."""
    from pipelines.release import charts_of, county_maps

    session = visit.session
    state = session.releases.show(release)
    charts = charts_of(session, release) if state.report else ()
    maps = county_maps(session, release)
    asked = visit.asked("year")
    year = int(asked) if asked.isascii() and asked.isdigit() else max(maps, default=0)
    if maps and year not in maps:
        raise PageUnknown
    return visit.page(
        "plots.html.j2",
        release=state,
        charts=[one for one in charts if one.kind != "tiles" or not maps],
        map=maps.get(year),
        years=sorted(maps),
        year=year,
        drawn=drawn,
        mapped=mapped,
        written=written,
    )
