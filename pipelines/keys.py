"""The Department's and the recipients' keys, as persons change them, and what they sign: packages, checkpoints.

It knows certificates, fingerprints and the events that a change of a key is. It never sees what a package holds, and never gives
a private key out.
"""

import contextlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from approvals.errors import CheckpointWrong, NothingToConfirm
from approvals.ledger import (
    Checkpoint,
    Event,
    HeadFile,
    Statement,
    make_checkpoint,
    verify_chain,
)
from approvals.people import check_role
from approvals.project import ProjectState, check_pinned_documents
from crypto import cms
from crypto.errors import NotACertificate, PartTooLarge
from crypto.keyring import accepted_certificates, revoke_signer, revoked_certificates
from crypto.package import verify_by_any, write_package
from crypto.token import TokenPlace
from pipelines.errors import FileExists, FileMissing, FingerprintIsSha1
from pipelines.home import open_home, write_private
from pipelines.session import Session, today
from systems import bounded

# Sealing alone, on files that the command names


_VARIABLE = "DOJ_RELEASE_PASSPHRASE_FILE"


def read_file(path: Path, role: str, longest: int = 1 << 20) -> bytes:
    """Read a small file that a command names.

    Raises:
        FileMissing: not there, not a file, not readable or far too long.
    """
    try:
        content = bounded.read_at_most(path, longest)
    except OSError:
        raise FileMissing(file=role) from None
    if content is None:
        raise FileMissing(file=role, bytes_at_most=longest)
    return content


def seal_files(
    files: Sequence[Path], to: Sequence[Path], sign: Path, sign_cert: Path, out: Path
) -> dict[str, object]:
    """Seal each file to all recipients and sign the list of hashes.

    Raises:
        CodedError: see ``crypto.package.sealed_package.write_package``; a file over 256 MiB is a usage error.
    """
    for position, path in enumerate(files, start=1):
        if not path.is_file():
            raise FileMissing(file="to seal", position=position)
        if path.stat().st_size > cms.MAX_PLAINTEXT:
            raise PartTooLarge(position=position, bytes=path.stat().st_size)
    recipients = [cms.Recipient.from_pem(read_file(path, "recipient"), on=today()) for path in to]
    signer = cms.FileSigner.load(
        read_file(sign, "signing key"), read_file(sign_cert, "signing certificate"), passphrase()
    )
    package = write_package(out.absolute(), list(files), recipients, signer)
    return {
        "directory": str(package.directory),
        "files": len(package.files),
        "bytes": sum(file.bytes for file in package.files),
        "sha256sums": package.list_sha256,
        "signer": package.signer,
        "recipients": list(package.recipients),
    }


def passphrase() -> bytes | None:
    """The passphrase of an encrypted key: from the named file, or asked for at a terminal."""
    named = os.environ.get(_VARIABLE)
    if named:
        return read_file(Path(named), "passphrase", 4096).rstrip(b"\r\n")
    return None


def verify_directory(directory: Path, signer: Path | None, home: Path | None) -> dict[str, object]:
    """Verify a package against the pinned signer: the one named, else the home's, former ones too.

    Raises:
        CodedError: the package does not hold (exit 5).
    """
    if signer is not None:
        pinned = (read_file(signer, "signer"),)
    else:
        pinned = accepted_certificates(open_home(home).keys)
    if not directory.is_dir():
        raise FileMissing(file="package")
    verified = verify_by_any(directory, pinned)
    return {
        "signer": verified.signer,
        "files": [file.name for file in verified.files],
        "bytes": sum(file.bytes for file in verified.files),
        "sha256sums": verified.list_sha256,
    }


# Recipients' keys, bound to a member of a team


_ROLES = ("administrator", "security")


def add_recipient(session: Session, project: str, cert: Path, member: str) -> dict[str, object]:
    """Register a key for a team member.

    Raises:
        CodedError: the certificate is unfit (weak, expired, wrong use), or nobody of the team.
    """
    pem = read_file(cert, "certificate")
    recipient = cms.Recipient.from_pem(pem, on=today())
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
    states = session.projects.list()
    wanted = plain_fingerprint(fingerprint, _certificates(session, states))
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
    state = session.projects.show(project)
    wanted = plain_fingerprint(fingerprint, _certificates(session, [state]))
    found = state.recipient(wanted)
    if found is None:
        raise NothingToConfirm(what="recipient")
    facts = {"fingerprint": wanted, "reason": reason}
    session.projects.event(project, "recipient_revoked", session.person, today(), facts)
    return {"project": project, "member": found.member, "fingerprint": wanted, "revoked": True}


def _certificates(session: Session, states: Iterable[ProjectState]) -> Iterator[bytes]:
    for state in states:
        for known in state.recipients:
            yield session.projects.certificate(state.number, known.fingerprint)


_ALGORITHM = re.compile(r"^\s*(sha-?(1|256))?\s*(fingerprint)?\s*[=:]", re.IGNORECASE)
_SHA1, _FIGURES = 40, frozenset("0123456789abcdef")


def plain_digest(text: str) -> str:
    """The figures of a digest as a person gives it, with its algorithm, colons, blanks or capitals; another text as it is."""
    figures = re.sub(r"[\s:-]", "", _ALGORITHM.sub("", text)).lower()
    return figures if figures and set(figures) <= _FIGURES else text


def plain_fingerprint(text: str, certificates: Iterable[bytes] = ()) -> str:
    """The fingerprint of a key, of what a person gives: its own, or that of one of these certificates.

    Of a certificate ``openssl x509 -fingerprint -sha256`` prints it; the certificate names its key.

    Raises:
        FingerprintIsSha1: as openssl prints it where nobody asks for another.
    """
    wanted = "".join(figure for figure in plain_digest(text) if figure in _FIGURES)
    if len(wanted) == _SHA1:
        raise FingerprintIsSha1
    for pem in certificates:
        with contextlib.suppress(NotACertificate):  # a bare key has no other fingerprint
            if plain_digest(cms.certificate_fingerprint(pem)) == wanted:
                return cms.public_key_fingerprint(pem)
    return wanted


# The Department's signing keys: each change is an event of the ledger


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
    fingerprint, place = cms.public_key_fingerprint(pem), "token" if token else "file"
    session.note(
        "signing_key_changed",
        former=former,
        fingerprint=fingerprint,
        place=place,
        reason=reason,
        on=today().isoformat(),
    )
    return {
        "fingerprint": fingerprint,
        "fingerprint for letters": cms.certificate_fingerprint(pem),
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
    keys = session.home.keys
    wanted = plain_fingerprint(fingerprint, accepted_certificates(keys))
    revoke_signer(keys, wanted)
    on = today().isoformat()
    session.note("signing_key_revoked", fingerprint=wanted, reason=reason, on=on)
    return {"fingerprint": wanted, "revoked": True}


def change_passphrase(session: Session, file: Path) -> dict[str, object]:
    """Wrap the keyring's root under the passphrase in a file; a kept one is removed.

    Raises:
        RoleMissing: an administrator or a security officer does this.
        PassphraseTooShort: under eight characters.
    """
    check_role(session.person, _ROLES)
    session.ledger.clock()
    session.keyring.change_passphrase(read_file(file, "passphrase", 4096).rstrip(b"\r\n"))
    session.note("passphrase_changed", on=today().isoformat())
    return {"changed": True}


def _check_reason(session: Session, reason: str) -> None:
    """A ledger that can't be used, or refuses the word, is asked before a key changes, not after."""
    session.ledger.clock()
    facts = {"fingerprint": "0" * 64, "reason": reason, "on": today().isoformat()}
    Event("signing_key_revoked", session.person.id, facts=facts)


def _row(state: str, pem: bytes) -> dict[str, object]:
    certificate = cms.read_identity(pem, bare_key=False).certificate
    assert certificate is not None
    return {
        "state": state,
        "fingerprint": cms.public_key_fingerprint(pem),
        "from": certificate.not_valid_before_utc.date().isoformat(),
        "until": certificate.not_valid_after_utc.date().isoformat(),
    }


# The home's ledger as a whole: verified against all that was ever signed, checkpointed, exported


def verify_ledger(
    session: Session, checkpoints: Sequence[Path] = (), more: Sequence[Checkpoint] = ()
) -> dict[str, object]:
    """Check the whole ledger, against its head and every checkpoint that this home ever signed.

    Args:
        session: the home.
        checkpoints: more of them, that were kept elsewhere: who can change the ledger may be able
            to remove what lies beside it, but not what left the building.
        more: the same, read back from witnesses.

    Raises:
        LedgerBroken: with every problem and its place, missing and wrong signatures of passkeys among them (exit 5).
        CheckpointWrong: a checkpoint is not one that this home signed.
        DocumentsGone: a document that an event pins is missing or changed.
        HeadWrong: the note of how far the ledger had come is gone or forged.
    """
    head = HeadFile(session.home.ledger_head, session.keyring.digest).read()
    keys = session.home.keys
    stored = [_parse(path) for path in sorted(session.home.checkpoints.glob("*.json"))] + [*more]
    # A checkpoint by a revoked key proves nothing; the verdict says that there are some.
    void = [c for c in stored if signed_by(c, revoked_certificates(keys))]
    kept = [c for c in stored if c not in void]
    found = [*kept, *(Statement.from_json(read_file(p, "checkpoint")) for p in checkpoints)]
    if not all(signed_by(c, accepted_certificates(keys)) for c in found):
        raise CheckpointWrong(what="signature")
    verdict = verify_chain(session.ledger, found, head)
    verdict.check()
    decisions = session.check_signatures()
    documents = check_pinned_documents(session.projects)
    return {
        "size": verdict.entries,
        "root": verdict.root,
        "checkpoints": len(found),
        "checkpoints_of_revoked_keys": len(void),
        "last_checkpoint": max((c.size for c in found if isinstance(c, Checkpoint)), default=0),
        "documents": documents,
        "decisions_signed": decisions.signed,
        "decisions_not_signed": decisions.unsigned,
    }


def _parse(path: Path) -> Checkpoint:
    return Checkpoint.from_json(read_file(path, "checkpoint"))


def signed_by(checkpoint: Statement, certificates: Sequence[bytes]) -> bool:
    """Whether one of these certificates signed it."""
    for pinned in certificates:
        with contextlib.suppress(CheckpointWrong):
            checkpoint.check_signature(pinned)
            return True
    return False


def checkpoint(session: Session) -> dict[str, object]:
    """Sign the ledger's size and root, and keep a copy in the home.

    Raises:
        LedgerBroken: a ledger that does not hold gets no checkpoint.
    """
    made = make_checkpoint(session.ledger, session.keyring.signer())
    body = made.as_dict()
    session.home.checkpoints.mkdir(mode=0o700, exist_ok=True)
    write_private(session.home.checkpoints / f"{made.size:012d}.json", json.dumps(body, indent=1))
    session.note("checkpoint_made", size=made.size, root=made.root)
    return body


def export_ledger(session: Session, out: Path) -> int:
    """Write every event's body, one line each, into a new file; return how many.

    Raises:
        FileExists: something is there.
    """
    try:
        return session.ledger.export(out)
    except FileExistsError:
        raise FileExists(file="export") from None
