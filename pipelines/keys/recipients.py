"""Recipients' keys: read and judged by crypto, bound to a member by approvals."""

from pathlib import Path

from approvals.people import NothingToConfirm
from crypto.cms import Recipient
from pipelines.keys.sealing import read_file
from pipelines.session import Session, today


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
    wanted = _plain(fingerprint)
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
    wanted = _plain(fingerprint)
    found = session.projects.show(project).recipient(wanted)
    if found is None:
        raise NothingToConfirm(what="recipient")
    facts = {"fingerprint": wanted, "reason": reason}
    session.projects.event(project, "recipient_revoked", session.person, today(), facts)
    return {"project": project, "member": found.member, "fingerprint": wanted, "revoked": True}


def _plain(fingerprint: str) -> str:
    return "".join(c for c in fingerprint.lower() if c in "0123456789abcdef")
