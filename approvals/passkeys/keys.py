"""Passkeys over time: invited by one person, registered by its owner, confirmed by a third, revoked by whoever may stop things.

What is in force is worked out of the ledger each time; nothing else says it.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from approvals import errors
from approvals.ledger import KINDS, Entry, Event, FactValue, Ledger
from approvals.people import Person, check_role, two_people_required
from crypto.errors import PasskeyUnsuitable
from crypto.passkeys import Passkey, from_base64url, passkey_fingerprint, to_base64url

INVITERS = frozenset({"administrator"})
Digest = Callable[[str, bytes], str]  # keyed, of bytes under a label
CONFIRMERS = frozenset({"administrator", "approver", "security"})
_CODE_BYTES = 15  # 120 bits, 24 letters
_COUNTED = ("desk_entered", *(kind for kind, spec in KINDS.items() if spec.signed))
EVENTS = ("passkey_invited", "passkey_registered", "passkey_confirmed", "passkey_revoked")
_COUNTER_AT = slice(33, 37)  # of authenticator data


@dataclass(frozen=True, slots=True)
class RegisteredPasskey:
    """A passkey as the ledger has it: ``fingerprint`` and ``public_key`` (COSE), whose it is, and where it is used.

    ``site`` is host and port of the desk's origin; ``counter`` the one that it had when it was registered.
    """

    fingerprint: str
    person: str
    site: str
    credential: bytes
    public_key: bytes
    counter: int
    invited_by: str = ""
    on: str = ""
    confirmed_by: str | None = None
    revoked: bool = False

    @property
    def in_force(self) -> bool:
        """Confirmed, and not revoked."""
        return self.confirmed_by is not None and not self.revoked


@dataclass(frozen=True, slots=True)
class _Invitation:
    person: str
    by: str
    until: datetime


class Book:
    """Every passkey and invitation, event by event; events out of place change nothing."""

    def __init__(self) -> None:
        self.passkeys: dict[str, RegisteredPasskey] = {}
        self.invitations: dict[str, _Invitation] = {}

    def take(self, entry: Entry) -> bool:
        """Take the next event; whether it is one that may stand there."""
        match entry.kind:
            case "passkey_invited":
                return self._invited(entry, entry.facts)
            case "passkey_registered":
                return self._registered(entry, entry.facts)
            case "passkey_confirmed":
                return self._confirmed(entry, entry.facts)
            case "passkey_revoked":
                return self._revoked(entry.facts)
            case _:
                return True

    def _invited(self, entry: Entry, facts: Mapping[str, FactValue]) -> bool:
        until = entry.at + timedelta(hours=int(str(facts["hours"])))
        self.invitations[str(facts["invitation"])] = _Invitation(
            str(facts["person"]), entry.actor, until
        )
        return True

    def _registered(self, entry: Entry, facts: Mapping[str, FactValue]) -> bool:
        used = self.invitations.pop(str(facts["invitation"]), None)
        fingerprint, public_key = str(facts["passkey"]), from_base64url(facts["public_key"])
        if used is None or used.person != entry.actor or entry.at > used.until:
            return False
        credential = from_base64url(facts["credential"])
        known = any(one.credential == credential for one in self.passkeys.values())
        if known or passkey_fingerprint(public_key) != fingerprint or fingerprint in self.passkeys:
            return False
        self.passkeys[fingerprint] = RegisteredPasskey(
            fingerprint,
            entry.actor,
            str(facts["site"]),
            credential,
            public_key,
            int(str(facts["counter"])),
            used.by,
            str(facts["on"]),
        )
        return True

    def _confirmed(self, entry: Entry, facts: Mapping[str, FactValue]) -> bool:
        found = self.passkeys.get(str(facts["passkey"]))
        if found is None or found.confirmed_by is not None or found.person != facts["person"]:
            return False
        self.passkeys[found.fingerprint] = replace(found, confirmed_by=entry.actor)
        return True

    def _revoked(self, facts: Mapping[str, FactValue]) -> bool:
        found = self.passkeys.get(str(facts["passkey"]))
        if found is None or found.revoked:
            return False
        self.passkeys[found.fingerprint] = replace(found, revoked=True)
        return True


def _book(ledger: Ledger) -> Book:
    book = Book()
    for entry in ledger.events(kind=EVENTS):
        book.take(entry)
    return book


def may_stand(ledger: Ledger, event: Event, at: datetime) -> bool:
    """Whether an event of passkeys may be the next: asked under the ledger's lock, so that two who act at once are one too many."""
    if event.kind not in EVENTS:
        return True
    about = (event.kind, event.actor, event.project, event.release, event.key)
    return _book(ledger).take(Entry(0, at, *about, event.facts, ""))


def passkeys(ledger: Ledger) -> list[RegisteredPasskey]:
    """Every passkey that was registered, in order."""
    return list(_book(ledger).passkeys.values())


def in_force(ledger: Ledger, person: str | None = None) -> list[RegisteredPasskey]:
    """The passkeys in force, of one person or of all."""
    return [one for one in passkeys(ledger) if one.in_force and person in (None, one.person)]


def counted(entry: Entry) -> tuple[str, int] | None:
    """Whose counter an event tells, by fingerprint, and where it stood."""
    if entry.kind == "desk_entered" and "passkey" in entry.facts:
        return str(entry.facts["passkey"]), int(str(entry.facts.get("counter", 0)))
    if "signed_by" in entry.facts:
        data = from_base64url(entry.facts["authenticator"])
        return str(entry.facts["signed_by"]), int.from_bytes(data[_COUNTER_AT], "big")
    return None


def signature_counter(ledger: Ledger, passkey: RegisteredPasskey) -> int:
    """Where a passkey's counter stood when it was last used; 0 where its authenticator does not count."""
    found = filter(None, map(counted, ledger.events(kind=_COUNTED, actor=passkey.person)))
    return max(
        [passkey.counter, *(n for fingerprint, n in found if fingerprint == passkey.fingerprint)]
    )


# Steps


def invite(
    ledger: Ledger, person: str, actor: Person, on: date, *, hours: int, digest: Digest
) -> str:
    """Let a person register a passkey, as an administrator; returns the code that they are given, which nothing keeps.

    Raises:
        RoleMissing: only an administrator may.
    """
    check_role(actor, INVITERS)
    code = secrets.token_hex(_CODE_BYTES)
    facts: dict[str, FactValue] = {
        "person": person, "invitation": digest("invitation", code.encode()), "hours": hours,
        "on": on.isoformat(),
    }  # fmt: skip
    ledger.append(Event("passkey_invited", actor.id, facts=facts))
    return code


def open_invitation(ledger: Ledger, code: str, now: datetime, digest: Digest) -> tuple[str, str]:
    """The person whom a code invites, and the invitation's digest.

    Raises:
        InvitationOver: it was used, is too old, or never was.
    """
    wanted = digest("invitation", code.encode())
    found = _book(ledger).invitations.get(wanted)
    if found is None or now > found.until:
        raise errors.InvitationOver
    return found.person, wanted


def register_passkey(
    ledger: Ledger, person: str, invitation: str, passkey: Passkey, site: str, on: date
) -> str:
    """Record a new passkey of a person, which counts when another has confirmed it; returns its fingerprint.

    Args:
        ledger: of the home; it adds the passkey's own signature.
        person: whom the invitation names.
        invitation: its digest.
        passkey: as it was verified.
        site: host and port of the desk's origin.
        on: day.

    Raises:
        PasskeyUnsuitable: its credential or its key is another's already (WebAuthn § 7.1 step 22).
    """
    fingerprint = passkey_fingerprint(passkey.public_key)
    for other in passkeys(ledger):
        if passkey.credential == other.credential or fingerprint == other.fingerprint:
            raise PasskeyUnsuitable(what="it is registered already")
    facts: dict[str, FactValue] = {
        "passkey": fingerprint,
        "invitation": invitation,
        "credential": to_base64url(passkey.credential),
        "public_key": to_base64url(passkey.public_key),
        "counter": passkey.counter,
        "copied": passkey.copied,
        "site": site,
        "on": on.isoformat(),
    }
    ledger.append(Event("passkey_registered", person, facts=facts))
    return fingerprint


def confirm_passkey(
    ledger: Ledger, fingerprint: str, actor: Person, on: date, *, demo: bool
) -> RegisteredPasskey:
    """Confirm a passkey by the fingerprint that its owner told: as somebody else than they, and than who invited them.

    Raises:
        NothingToConfirm: no such passkey waits.
        RoleMissing, SamePerson: see their texts.
    """
    check_role(actor, CONFIRMERS)
    waiting = [p for p in passkeys(ledger) if p.confirmed_by is None and not p.revoked]
    found = _only(waiting, fingerprint)
    for other in (found.person, found.invited_by):
        two_people_required(other, actor.id, demo=demo)
    facts = {"passkey": found.fingerprint, "person": found.person, "on": on.isoformat()}
    ledger.append(Event("passkey_confirmed", actor.id, facts=facts))
    return found


def revoke_passkey(
    ledger: Ledger, fingerprint: str, reason: str, actor: Person, on: date
) -> RegisteredPasskey:
    """End a passkey: its owner may, and whoever confirms them; what it signed stays signed.

    Raises:
        NothingToConfirm: no such passkey.
        RoleMissing: see its text.
    """
    found = _only([p for p in passkeys(ledger) if not p.revoked], fingerprint)
    if found.person != actor.id:
        check_role(actor, CONFIRMERS)
    facts = {"passkey": found.fingerprint, "reason": reason, "on": on.isoformat()}
    ledger.append(Event("passkey_revoked", actor.id, facts=facts))
    return found


def enter(
    ledger: Ledger, person: str, on: date, passkey: str | None = None, counter: int = 0
) -> Entry:
    """Record that a person signed in at the desk, with a passkey or by a certificate that a proxy verified."""
    facts: dict[str, FactValue] = {
        "by": "passkey" if passkey else "certificate", "on": on.isoformat(),
    }  # fmt: skip
    if passkey:
        facts |= {"passkey": passkey, "counter": counter}
    return ledger.append(Event("desk_entered", person, facts=facts))


def _only(found: Iterable[RegisteredPasskey], fingerprint: str) -> RegisteredPasskey:
    fitting = [p for p in found if p.fingerprint.startswith(fingerprint)]
    if len(fitting) != 1 or len(fingerprint) < _FEWEST:
        raise errors.NothingToConfirm(what="passkey", waiting=len(fitting))
    return fitting[0]


_FEWEST = 16  # figures of a fingerprint that a person repeats: 64 bits
