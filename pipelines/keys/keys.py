"""Keys as persons change them: recipients', bound to a member of a team, and the Department's own, which sign.

Crypto reads and judges them; each change of a signing key is an event of the ledger.
"""

from pathlib import Path

from approvals.ledger import Event
from approvals.people import NothingToConfirm, check_role
from crypto.cms import Recipient, certificate_fingerprint, public_key_fingerprint, read_identity
from crypto.keyring import accepted_certificates, revoke_signer, revoked_certificates
from crypto.token import TokenPlace
from pipelines.home import write_private
from pipelines.keys.sealing import read_file
from pipelines.session import Session, today

_ROLES = ("administrator", "security")


def add_recipient(session: Session, project: str, cert: Path, member: str) -> dict[str, object]:
    """Register a key for a team member.

    Raises:
        CodedError: the certificate is unfit (weak, expired, wrong use), or nobody of the team.
    """
    pem = read_file(cert, "certificate")
    recipient = Recipient.from_pem(pem, on=today())
    session.projects.add_recipient(
        project,
        fingerprint=recipient.fingerprint,
        member=member,
        certificate=pem,
        key_kind=recipient.kind,
        certificate_expires=recipient.expires,
        actor=session.person,
        on=today(),
    )
    return {
        "project": project,
        "member": member,
        "key": recipient.kind,
        "fingerprint": recipient.fingerprint,
        "confirmed": False,
    }


def confirm_recipient(session: Session, fingerprint: str) -> dict[str, object]:
    """Confirm a key, as a second person, in every project that registered it.

    Raises:
        NothingToConfirm: it waits nowhere.
        SamePerson: the one who added it can't confirm it.
    """
    wanted = plain_fingerprint(fingerprint)
    states = session.projects.confirm_recipient(wanted, session.person, today())
    return {
        "fingerprint": wanted,
        "projects": [state.number for state in states],
        "confirmed": True,
    }


def revoke_recipient(
    session: Session, project: str, fingerprint: str, reason: str
) -> dict[str, object]:
    """Take a key out of use for a project; who may record events of the project may do it.

    Raises:
        NothingToConfirm: the project has no such key.
        RoleMissing: see its text.
    """
    wanted = plain_fingerprint(fingerprint)
    found = session.projects.show(project).recipient(wanted)
    if found is None:
        raise NothingToConfirm(what="recipient")
    facts = {"fingerprint": wanted, "reason": reason}
    session.projects.event(project, "recipient_revoked", session.person, today(), facts)
    return {"project": project, "member": found.member, "fingerprint": wanted, "revoked": True}


def plain_fingerprint(fingerprint: str) -> str:
    """The figures of a fingerprint as a person gives it, with colons, blanks or capitals."""
    return "".join(c for c in fingerprint.lower() if c in "0123456789abcdef")


# The Department's signing keys, as a person changes them: each change is an event of the ledger.


def signing_keys(session: Session) -> list[dict[str, object]]:
    """Every signing key that this home had: which signs, which verifies, which is revoked."""
    keys = session.home.keys
    current, *former = accepted_certificates(keys)
    states = [("signs", current), *(("verifies", pem) for pem in former)]
    states += [("revoked", pem) for pem in revoked_certificates(keys)]
    return [_row(state, pem) for state, pem in states]


def rotate_signing_key(
    session: Session, reason: str, token: TokenPlace | None = None
) -> dict[str, object]:
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


def revoke_signing_key(session: Session, fingerprint: str, reason: str) -> dict[str, object]:
    """Let a former key verify nothing any more: neither packages nor checkpoints.

    Raises:
        RoleMissing: an administrator or a security officer does this.
        SignerUnknown: no former key has this fingerprint.
        EventRefused: the reason is none of those that the ledger takes; nothing changed.
    """
    check_role(session.person, _ROLES)
    _check_reason(session, reason)
    wanted = plain_fingerprint(fingerprint)
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
