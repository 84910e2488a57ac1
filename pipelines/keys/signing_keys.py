"""The Department's signing keys, as a person changes them: each change is an event of the ledger."""

from pathlib import Path

from approvals.ledger import Event
from approvals.people import check_role
from crypto.cms import certificate_fingerprint, public_key_fingerprint, read_identity
from crypto.keyring import accepted_certificates, revoke_signer, revoked_certificates
from crypto.token import TokenPlace
from pipelines.home import write_private
from pipelines.keys.sealing import read_file
from pipelines.session import Session, today

_ROLES = ("administrator", "security")


def overview(session: Session) -> list[dict[str, object]]:
    """Every signing key that this home had: which signs, which verifies, which is revoked."""
    keys = session.home.keys
    current, *former = accepted_certificates(keys)
    states = [("signs", current), *(("verifies", pem) for pem in former)]
    states += [("revoked", pem) for pem in revoked_certificates(keys)]
    return [_row(state, pem) for state, pem in states]


def rotate(session: Session, reason: str, token: TokenPlace | None = None) -> dict[str, object]:
    """Let another key sign from now on: a new one, or one that a token already has.

    Raises:
        RoleMissing: an administrator or a security officer does this.
        EventRefused: the reason is none of those that the ledger takes; nothing changed.
        CodedError: the token does not sign, or the keyring can't be written; nothing changed.
    """
    check_role(session.person, _ROLES)
    _check_reason(session, reason)
    former = session.keyring.replace_signer(session.settings.department.name, token)
    pem = session.keyring.signing_certificate()
    write_private(session.home.signing_certificate, pem.decode("ascii"))
    session.home.signing_certificate.chmod(0o644)
    fingerprint, place = public_key_fingerprint(pem), "token" if token else "file"
    facts = {"former": former, "fingerprint": fingerprint, "place": place, "reason": reason}
    session.append(
        Event("signing_key_changed", session.person.id, facts=facts | {"on": today().isoformat()})
    )
    return {
        "fingerprint": fingerprint,
        "fingerprint for letters": certificate_fingerprint(pem),
        "former": former,
        "kept in": place,
        "signing certificate": str(session.home.signing_certificate),
    }


def revoke(session: Session, fingerprint: str, reason: str) -> dict[str, object]:
    """Let a former key verify nothing any more: neither packages nor checkpoints.

    Raises:
        RoleMissing: an administrator or a security officer does this.
        SignerUnknown: no former key has this fingerprint.
        EventRefused: the reason is none of those that the ledger takes; nothing changed.
    """
    check_role(session.person, _ROLES)
    _check_reason(session, reason)
    wanted = "".join(c for c in fingerprint.lower() if c in "0123456789abcdef")
    revoke_signer(session.home.keys, wanted)
    facts = {"fingerprint": wanted, "reason": reason, "on": today().isoformat()}
    session.append(Event("signing_key_revoked", session.person.id, facts=facts))
    return {"fingerprint": wanted, "revoked": True}


def change_passphrase(session: Session, file: Path) -> dict[str, object]:
    """Wrap the keyring's root under the passphrase in a file; a kept one is removed.

    Raises:
        RoleMissing: an administrator or a security officer does this.
        PassphraseTooShort: under eight characters.
    """
    check_role(session.person, _ROLES)
    session.keyring.change_passphrase(read_file(file, "passphrase", 4096).rstrip(b"\r\n"))
    facts = {"on": today().isoformat()}
    session.append(Event("passphrase_changed", session.person.id, facts=facts))
    return {"changed": True}


def _check_reason(session: Session, reason: str) -> None:
    """The ledger refuses another word than its own: before a key changes, not after."""
    facts = {"fingerprint": "0" * 64, "reason": reason, "on": today().isoformat()}
    Event("signing_key_revoked", session.person.id, facts=facts)


def _row(state: str, pem: bytes) -> dict[str, object]:
    certificate = read_identity(pem, bare_key=False).certificate
    assert certificate is not None
    return {
        "state": state,
        "fingerprint": public_key_fingerprint(pem),
        "from": certificate.not_valid_before_utc.date().isoformat(),
        "until": certificate.not_valid_after_utc.date().isoformat(),
    }
