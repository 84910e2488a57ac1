"""What concerns the whole home and takes two people: changed settings, people, switches, snapshots that were kept aside."""

from starlette.responses import Response

from approvals.ledger import KINDS
from approvals.people import CONFIRMERS, RECORDERS
from pipelines.desk.errors import PageMoved
from pipelines.desk.web import Pages, Visit
from pipelines.registers import accept_snapshot, retire_snapshot, show_snapshot
from pipelines.safeguards import (
    confirm_change,
    confirm_setting,
    override_setting,
    overview,
    record_change,
    switch_overview,
)

PAGES = Pages("Settings", "/settings")
_SHORT = 100  # characters


@PAGES.get("/settings", step="settings.show")
def settings(visit: Visit) -> Response:
    """What the files say other than what is in force, and every switch."""
    session = visit.session
    return visit.page(
        "settings.html.j2",
        told=overview(session),
        switches=switch_overview(session),
        may_record=bool(session.person.roles & RECORDERS),
        may_confirm=bool(session.person.roles & CONFIRMERS),
    )


def _unmoved(visit: Visit) -> None:
    """Refuse a step on a list of settings that has changed since it was shown.

    Raises:
        PageMoved: it has.
    """
    if visit.value("digest", longest=_SHORT) != overview(visit.session)["digest"]:
        raise PageMoved


@PAGES.post("/settings/record", step="settings.record")
def record(visit: Visit) -> Response:
    """Record the settings as they were on the screen, as the first of two."""
    _unmoved(visit)
    done = record_change(visit.session)
    return visit.go(
        "/settings", "In force." if done["in_force"] else "Recorded: another confirms it."
    )


@PAGES.post("/settings/confirm", step="settings.confirm")
def confirm(visit: Visit) -> Response:
    """Confirm what another person recorded, as it was on the screen."""
    confirm_change(visit.session, visit.value("digest", longest=_SHORT))
    return visit.go("/settings", "Confirmed: the settings are in force.")


@PAGES.post("/settings/switches/override", step="switch.override")
def override(visit: Visit) -> Response:
    """Record a switch's value, as the first of two."""
    name = visit.value("switch", longest=_SHORT)
    override_setting(visit.session, name)
    return visit.go("/settings", f"{name} is recorded: another confirms it.")


@PAGES.post("/settings/switches/confirm", step="switch.confirm")
def confirm_switch(visit: Visit) -> Response:
    """Confirm a switch, as the second."""
    name = visit.value("switch", longest=_SHORT)
    confirm_setting(visit.session, name)
    return visit.go("/settings", f"{name} is confirmed.")


@PAGES.get("/snapshots/{snapshot}", step="register.show")
def snapshot(visit: Visit, snapshot: str) -> Response:
    """A snapshot that was kept aside: why, and what becomes of it."""
    told = show_snapshot(visit.session, snapshot)
    reasons = {
        kind: KINDS[f"register_{kind}"].must["reason"].name.removeprefix("one of ").split(", ")
        for kind in ("accepted", "retired")
    }
    return visit.page("aside.html.j2", told=told, snapshot=snapshot, reasons=reasons)


@PAGES.post("/snapshots/{snapshot}/accept", step="register.accept")
def accept(visit: Visit, snapshot: str) -> Response:
    """Take it into use, as a second person."""
    accept_snapshot(visit.session, snapshot, visit.value("reason", longest=_SHORT))
    return visit.go(f"/snapshots/{snapshot}", f"{snapshot} is in use.")


@PAGES.post("/snapshots/{snapshot}/retire", step="register.retire")
def retire(visit: Visit, snapshot: str) -> Response:
    """Order nothing new from it."""
    retire_snapshot(visit.session, snapshot, visit.value("reason", longest=_SHORT))
    return visit.go(f"/snapshots/{snapshot}", f"{snapshot} is retired.")
