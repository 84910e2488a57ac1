"""The escrow certificate in the keyring, and sealed packages that leave for the escrow key's machine."""

import shutil
from dataclasses import asdict
from pathlib import Path

from approvals.custody import (
    add_escrow_key,
    allow_escrow_use,
    confirm_escrow_key,
    escrow_state,
    request_escrow_use,
)
from approvals.errors import EscrowChanged, EscrowRefused
from crypto.cms import Recipient
from crypto.keyring import ESCROW
from pipelines import errors, home, keys
from pipelines.custody.releases import copies
from pipelines.session import Session, today


def add_escrow_certificate(session: Session, cert: Path) -> dict[str, object]:
    """Take the certificate of a key that was made elsewhere; it counts once it is confirmed.

    Raises:
        EscrowRefused: the file holds a private key, which may never be on this machine.
        CodedError: the certificate is unfit (weak, expired, wrong use).
    """
    pem = keys.read_file(cert, "certificate")
    if b"PRIVATE KEY" in pem:
        raise EscrowRefused(what="a private key: it is made and kept on another machine")
    found = Recipient.from_pem(pem, on=today())
    add_escrow_key(session.ledger, found.fingerprint, found.expires, session.person, today())
    home.write_private(_waiting(session, found.fingerprint), pem.decode("ascii"))
    return {"fingerprint": found.fingerprint, "key": found.kind, "confirmed": False}


def confirm_escrow_certificate(session: Session, fingerprint: str) -> dict[str, object]:
    """Confirm it as a second person: packages are sealed to it from now on.

    Raises:
        EscrowRefused, SamePerson, RoleMissing: see their texts.
        EscrowChanged: the file is not the one that was added.
    """
    pems = (path.read_bytes() for path in session.home.keys.glob("escrow-*.waiting.pem"))
    wanted = keys.plain_fingerprint(fingerprint, pems)
    waiting = _waiting(session, wanted)
    pem = waiting.read_bytes() if waiting.is_file() else b""
    if pem and Recipient.from_pem(pem, on=today()).fingerprint != wanted:
        raise EscrowChanged
    if not pem:
        raise EscrowRefused(what="no key with this fingerprint waits")
    confirm_escrow_key(session.ledger, wanted, session.person, today(), demo=session.demo)
    home.write_private(session.home.keys / ESCROW, pem.decode("ascii"))
    waiting.unlink()
    return {"fingerprint": wanted, "confirmed": True}


def confirmed_escrow(session: Session) -> Recipient | None:
    """The Department's own recipient: only the certificate that two people confirmed.

    Raises:
        EscrowChanged: the keyring has another certificate than the ledger, or lost it.
    """
    found = session.keyring.escrow(today())
    confirmed = escrow_state(session.ledger).confirmed
    if (found.fingerprint if found else None) != confirmed:
        raise EscrowChanged
    return found


def request_escrow(session: Session, release: str, reason: str) -> dict[str, object]:
    """Ask to use the escrow key for a release.

    Raises:
        UnknownRelease: there is none.
        EscrowRefused, RoleMissing, EventRefused: see their texts.
    """
    session.releases.show(release)
    number = request_escrow_use(session.ledger, release, reason, session.person, today())
    return {"request": number, "release": release, "reason": reason, "allowed": False}


def allow_escrow(session: Session, number: str, out: Path) -> dict[str, object]:
    """Allow a use as a second person, and copy the sealed packages out for the other machine.

    Raises:
        FileExists: something is at the place.
        EscrowRefused: no such request waits, or no sealed copy is left.
        SamePerson, RoleMissing: see their texts.
    """
    use = escrow_state(session.ledger).uses.get(number)
    if use is None:
        raise EscrowRefused(what="no such request waits")
    if out.exists():
        raise errors.FileExists(file="folder of the copies")
    state = session.releases.show(use.release)
    with home.locked(session.home.runs / use.release):
        sealed = next((place for place in copies(session.home, state) if place.is_dir()), None)
        if sealed is None:
            raise EscrowRefused(what="no sealed copy of this release is left")
        use = allow_escrow_use(session.ledger, number, session.person, today(), demo=session.demo)
        shutil.copytree(sealed, out)
    fingerprint = escrow_state(session.ledger).confirmed or ""
    text = Path(__file__).with_name("escrow.txt").read_text("utf-8")
    home.write_private(out / "ESCROW.txt", text.format(fingerprint=fingerprint, **asdict(use)))
    return {"request": number, "release": use.release, "allowed": True, "copies": str(out)}


def escrow_overview(session: Session) -> dict[str, object]:
    """The confirmed key, those that wait, and every use."""
    state = escrow_state(session.ledger)
    return {
        "confirmed": state.confirmed,
        "waiting": sorted(state.waiting),
        "uses": [
            {
                "request": use.request,
                "release": use.release,
                "reason": use.reason,
                "asked_by": use.asked_by,
                "on": use.asked_on,
                "allowed_by": use.allowed_by,
            }
            for use in state.uses.values()
        ],
    }


def _waiting(session: Session, fingerprint: str) -> Path:
    return session.home.keys / f"escrow-{fingerprint[:16]}.waiting.pem"
