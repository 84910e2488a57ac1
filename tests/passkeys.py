"""People with passkeys at a ledger: invited, registered, confirmed, and steps that they sign as at a standing desk."""

from datetime import date, datetime

from approvals.passkeys import (
    Signing,
    StatementWanted,
    confirm_passkey,
    invite,
    open_invitation,
    register_passkey,
)
from crypto.passkeys import verify_registration
from tests.unit.crypto.passkeys.authenticators import SITE, Authenticator

CHALLENGE = b"what the page asked with"


def proving(ledger, *, since=None, **how):
    """Let a ledger record as a desk, or (without more) as a command."""
    signing = Signing(lambda: since, **how)
    ledger._prove = lambda event, at: signing.prove(ledger, event, at)


def signed(ledger, step, authenticator, *, since=None, answer=None, site=SITE, new=None):
    """Take a step at the desk: its statement is asked for, signed, and the step taken again; what it gives."""
    try:
        proving(ledger, since=since, site=site, new=new)
        try:
            step()
        except StatementWanted as wanted:
            statement = wanted.statement
        else:
            raise AssertionError("nobody asked for a signature")
        given = statement, (answer or authenticator.sign)(statement.challenge, site)
        proving(ledger, since=since, site=site, new=new, given=given)
        return step()
    finally:
        proving(ledger, since=since)


def registered(
    ledger, person, administrator, on: date, digest, *, now: datetime, authenticator=None
):
    """A person's authenticator, and the fingerprint of its passkey, which waits."""
    mine = authenticator or Authenticator(credential=f"credential of {person}".encode())
    code = invite(ledger, person, administrator, on, hours=24, digest=digest)
    whose, invitation = open_invitation(ledger, code, now, digest)
    passkey = verify_registration(SITE, CHALLENGE, *mine.create(CHALLENGE))

    def step():
        return register_passkey(ledger, whose, invitation, passkey, SITE.place, on)

    return mine, signed(ledger, step, mine, new=passkey)


def enrolled(ledger, person, administrator, second, on: date, digest, *, now: datetime):
    """The same, confirmed by a command of a second person."""
    mine, fingerprint = registered(ledger, person, administrator, on, digest, now=now)
    confirm_passkey(ledger, fingerprint, second, on, demo=False)
    return mine, fingerprint
