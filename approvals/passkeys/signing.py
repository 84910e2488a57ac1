"""Signatures of events as they are recorded: asked for where they are missing, checked and added where they are given."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from approvals import errors
from approvals.ledger import KINDS, SIGNATURE, Entry, Event, FactValue, Ledger
from approvals.passkeys.keys import RegisteredPasskey, in_force, may_stand, signature_counter
from approvals.passkeys.statements import Statement, StatementWanted
from crypto.passkeys import (
    Assertion,
    Passkey,
    Site,
    check_nothing_else,
    passkey_fingerprint,
    to_base64url,
    verify_assertion,
)

CALIFORNIA = ZoneInfo("America/Los_Angeles")


def required_at(at: datetime, since: date | None) -> bool:
    """Whether an event at this time is signed where its kind has to be; ``since``: the first day, None: never."""
    return since is not None and at.astimezone(CALIFORNIA).date() >= since


def is_automatic(event: Event | Entry) -> bool:
    """Whether policy decided, and no person: nobody could sign."""
    return event.kind == "release_approved" and event.facts.get("policy") == "auto"


class Signing:
    """What one step of one person at the desk, or of a command, may record.

    A signature is of one event. A step that records several, as a key that waits in two projects, is taken again for each that
    has to be signed; where one only may be, it follows unsigned.

    Args:
        since: asked when it is needed, the first day on which decisions that have to be signed are; None: no day.
        site: of the desk; None: a command, or somebody who has no passkey to sign with.
        new: the passkey that is being registered, which signs its own registration.
        optional: whoever has no passkey in force signs nothing, as in a command: they came in by a certificate.
        given: the statement that was asked for and the answer; None: where a signature is wanted, it is asked for.
    """

    def __init__(
        self,
        since: Callable[[], date | None],
        *,
        site: Site | None = None,
        new: Passkey | None = None,
        optional: bool = False,
        given: tuple[Statement, Assertion] | None = None,
    ) -> None:
        self._since = since
        self._site = site
        self._new = new
        self._optional = optional
        self._given, self._spent = given, False

    def prove(self, ledger: Ledger, event: Event, at: datetime) -> Event:
        """The event as it is recorded.

        Raises:
            StatementWanted: it is to be signed first.
            PasskeyNeeded: it has to be signed, and can't be from here.
            StatementMoved: what was signed is not what is being recorded.
            PasskeyNotInForce: nobody's passkey that could sign it, or not any more.
            AssertionDoesNotHold, CounterStoodStill, PasskeyUnreadable: see their texts.
            EventRefused: it comes with a signature that nobody checked.
            StateMoved: somebody else confirmed, registered or revoked the same at the same time.
        """
        if not SIGNATURE.keys().isdisjoint(event.facts):
            raise errors.EventRefused(kind=event.kind, what="its signature is given by nobody")
        if not may_stand(ledger, event, at):
            raise errors.StateMoved
        signed = KINDS[event.kind].signed
        if not signed or is_automatic(event):
            return event
        keys = self._signers(ledger, event)
        if self._site is None or (self._optional and not keys):
            own = event.kind == "passkey_registered"
            if own or (signed == "must" and required_at(at, self._since())):
                raise errors.PasskeyNeeded(step=event.kind)
            return event
        if not keys:
            raise errors.PasskeyNotInForce
        if self._spent and signed == "may":  # what follows from a decision that was signed
            return event
        if self._given is None:
            after = ledger.size()
            head, nonce = ledger.hash_at(after) or "", secrets.token_hex(32)
            raise StatementWanted(
                Statement(event, after, head, nonce), [one.credential for one in keys]
            )
        proven = self._signed(ledger, event, *self._given, keys)
        self._given, self._spent = None, True  # one gesture, one decision
        return proven

    def _signers(self, ledger: Ledger, event: Event) -> list[RegisteredPasskey]:
        """The passkeys that may sign it: of the person who acts, and of this site; a new one signs its own registration."""
        if self._site is None:
            return []
        site, new = self._site.place, self._new
        if event.kind == "passkey_registered" and new is not None:
            fingerprint = passkey_fingerprint(new.public_key)
            return [
                RegisteredPasskey(
                    fingerprint, event.actor, site, new.credential, new.public_key, new.counter
                )
            ]
        return [one for one in in_force(ledger, event.actor) if one.site == site]

    def _signed(
        self,
        ledger: Ledger,
        event: Event,
        statement: Statement,
        answer: Assertion,
        keys: list[RegisteredPasskey],
    ) -> Event:
        assert self._site is not None  # asked before
        now = replace(statement, event=event)
        if now.text() != statement.text() or ledger.hash_at(now.after) != now.head:
            raise errors.StatementMoved
        check_nothing_else(answer.client)
        key = next((k for k in keys if k.credential == answer.credential), None)
        if key is None:
            raise errors.PasskeyNotInForce
        verify_assertion(
            self._site, key.public_key, now.challenge, answer, signature_counter(ledger, key)
        )
        signature: dict[str, FactValue] = {
            "signed_by": key.fingerprint,
            "signed_after": now.after,
            "signed_nonce": now.nonce,
            "authenticator": to_base64url(answer.authenticator),
            "client_data": to_base64url(answer.client),
            "signature": to_base64url(answer.signature),
        }
        return replace(event, facts={**event.facts, **signature})
