"""Registers: their snapshots, the page of one, and the differences of two."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from starlette.responses import Response

from expectations.report import drawn
from pipelines.desk.errors import PageUnknown
from pipelines.desk.pages.background import begin, kept
from pipelines.desk.pages.lists import page_of
from pipelines.desk.web import Pages, Visit
from pipelines.registers import (
    diff_page_of,
    diff_snapshots,
    list_registers,
    months_chart,
    show_snapshot,
    snapshot_page_of,
)

PAGES = Pages("Registers", "/registers")
_DIFF = "register.diff"
_LONGEST = 64  # characters of a snapshot's id


@dataclass(frozen=True)
class _Compared:
    """What became of a comparison: as `diff_snapshots` tells it, and its page."""

    told: Mapping[str, Any]
    page: bytes


@PAGES.get("/registers", step="register.list")
def registers(visit: Visit) -> Response:
    """The snapshots, the newest first, and two to be compared."""
    every = list_registers(visit.session, None)[::-1]
    shown, at, last = page_of(visit, every)
    return visit.page(
        "registers.html.j2", rows=shown, every=every, address="/registers?page=", at=at, last=last
    )


@PAGES.get("/registers/differences", step=_DIFF)
def differences(visit: Visit) -> Response:
    """Two snapshots of a system beside each other, the pair that was compared last."""
    work = kept(visit.desk, _DIFF)
    found = cast("_Compared | None", work.found)
    return visit.page("differences.html.j2", work=work, told=found.told if found else None)


@PAGES.post("/registers/differences", step=_DIFF)
def compare(visit: Visit) -> Response:
    """Compare two, in the background: of a large register that takes minutes."""
    before, after = (visit.value(name, longest=_LONGEST) for name in ("before", "after"))
    registers, desk, visitor = visit.session.registers, visit.desk, visit.visitor
    for one in (before, after):
        registers.open(one, waiting=True)  # an unknown one is said at once

    def work() -> _Compared:
        with desk.open(visitor) as session:
            told = diff_snapshots(session, before, after)
            return _Compared(told, diff_page_of(session, told).encode())

    begun = begin(desk, _DIFF, work)
    return visit.go("/registers/differences", "" if begun else "Two others are being compared.")


@PAGES.get("/registers/differences/page", step=_DIFF)
def differences_page(visit: Visit) -> Response:
    """The same with every column and code, to be framed."""
    _ = visit.session.person
    found = cast("_Compared | None", kept(visit.desk, _DIFF).found)
    if found is None:
        raise PageUnknown
    return visit.framed(found.page)


@PAGES.get("/registers/{snapshot}", step="register.show")
def snapshot(visit: Visit, snapshot: str) -> Response:
    """One snapshot: what was said of it, and its records by month."""
    told = show_snapshot(visit.session, snapshot)
    chart = months_chart(visit.session, snapshot)
    return visit.page("snapshot.html.j2", told=told, chart=chart, drawn=drawn)


@PAGES.get("/registers/{snapshot}/page", step="register.show")
def snapshot_page(visit: Visit, snapshot: str) -> Response:
    """Its page with every column and code, to be framed."""
    session = visit.session
    return visit.framed(snapshot_page_of(session, show_snapshot(session, snapshot)).encode())
