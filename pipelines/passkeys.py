"""Passkeys of the standing desk, as persons change them: who is invited, whose is confirmed, and which is ended."""

from datetime import UTC, datetime, timedelta

from approvals import passkeys
from approvals.errors import NobodyOfThatName
from errors import nearest
from pipelines.errors import OptionsDisagree
from pipelines.keys import plain_digest
from pipelines.session import Session, today

_REGISTER = "/register#"  # the code stands behind the # so that no request, and no log, has it


def list_passkeys(session: Session) -> list[dict[str, object]]:
    """Every passkey that was registered: whose, where, by whom it was confirmed, and whether it is in force."""
    return [
        {
            "fingerprint": one.fingerprint,
            "person": one.person,
            "site": one.site,
            "since": one.on,
            "confirmed_by": one.confirmed_by,
            "state": "revoked" if one.revoked else "in force" if one.confirmed_by else "waits",
        }
        for one in passkeys.passkeys(session.ledger)
    ]


def invite(session: Session, person: str) -> dict[str, object]:
    """Let a person register a passkey at the standing desk, as an administrator, by a code that opens its page once.

    Raises:
        OptionsDisagree: this home has no standing desk.
        NobodyOfThatName: nobody active has this id.
        RoleMissing: see its text.
    """
    chosen = session.settings.desk
    if not chosen.origin:
        raise OptionsDisagree(option="the settings name no standing desk (desk.origin)")
    if session.people.active(person) is None:
        raise NobodyOfThatName(**nearest(person, (one.id for one in session.people.persons)))
    hours = chosen.invitation_hours
    code = passkeys.invite(
        session.ledger, person, session.person, today(), hours=hours, digest=session.keyring.digest
    )
    until = datetime.now(UTC) + timedelta(hours=hours)
    return {
        "person": person,
        "open": f"{chosen.origin}{_REGISTER}{code}",
        "until": until.isoformat(timespec="minutes"),
    }


def confirm(session: Session, fingerprint: str) -> dict[str, object]:
    """Confirm a passkey by the fingerprint that its owner told out of band; the first sixteen figures will do.

    Raises:
        NothingToConfirm, RoleMissing, SamePerson, PasskeyNeeded: see their texts.
    """
    done = passkeys.confirm_passkey(
        session.ledger, plain_digest(fingerprint), session.person, today(), demo=session.demo
    )
    return {"person": done.person, "fingerprint": done.fingerprint, "confirmed": True}


def revoke(session: Session, fingerprint: str, reason: str) -> dict[str, object]:
    """End a passkey, one's own or, as who confirms them, anybody's: its visits at the desk end with it.

    Raises:
        NothingToConfirm, RoleMissing, EventRefused: see their texts.
    """
    done = passkeys.revoke_passkey(
        session.ledger, plain_digest(fingerprint), reason, session.person, today()
    )
    return {"person": done.person, "fingerprint": done.fingerprint, "revoked": True}
