"""Passkeys of a standing desk: whose are in force, which wait, and which are ended, as `passkey …` does it."""

from starlette.responses import Response

from approvals.passkeys import CONFIRMERS, INVITERS
from pipelines import passkeys
from pipelines.desk.web import Pages, Visit

PAGES = Pages("Passkeys", "/passkeys")
_FIGURES = 200  # characters of a fingerprint as somebody writes it down


@PAGES.get("/passkeys", step="passkey.list")
def shown(visit: Visit) -> Response:
    """Every passkey; the fingerprint of one that waits is its owner's to tell, so it does not stand here."""
    who, session = visit.session.person, visit.session
    rows = passkeys.list_passkeys(session)
    for row in rows:
        row["mine"] = row["person"] == who.id
    return visit.page(
        "passkeys.html.j2",
        rows=rows,
        confirms=bool(who.roles & CONFIRMERS),
        invites=bool(who.roles & INVITERS) and bool(session.settings.desk.origin),
        people=[one.id for one in session.people.persons if one.active],
    )


@PAGES.post("/passkeys/invite", step="passkey.invite", roles=tuple(INVITERS))
def invite(visit: Visit) -> Response:
    """Invite a person; the address is shown once, on this page alone."""
    done = passkeys.invite(visit.session, visit.value("person", longest=32))
    return visit.page("invitation.html.j2", invitation=done)


@PAGES.post("/passkeys/confirm", step="passkey.confirm", roles=tuple(CONFIRMERS))
def confirm(visit: Visit) -> Response:
    """Confirm a passkey by the fingerprint that its owner told."""
    done = passkeys.confirm(visit.session, visit.value("fingerprint", longest=_FIGURES))
    return visit.go("/passkeys", f"The passkey of {done['person']} is in force.")


@PAGES.post("/passkeys/revoke", step="passkey.revoke")
def revoke(visit: Visit) -> Response:
    """End a passkey, and every visit that began with it."""
    fingerprint, reason = visit.value("fingerprint", longest=_FIGURES), visit.value("reason")
    done = passkeys.revoke(visit.session, fingerprint, reason)
    return visit.go("/passkeys", f"The passkey of {done['person']} is revoked.")
