"""The Department's signing keys over time: the one that signs, former ones that verify, revoked ones.

    signing.key        where the key is: encrypted PKCS#8, or JSON that names a PKCS#11 token
    signing.pem        its certificate
    former/*.pem       certificates of former keys: what they signed still verifies
    revoked/*.pem      certificates that verify nothing any more

A change writes key and certificate beside the old ones and renames both; `settle` finishes what a
killed process left half done, or takes it back.
"""

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

from crypto import files
from crypto.cms import FileSigner, Signer, check_validity, public_key_fingerprint, read_identity
from crypto.errors import KeyringMissing, SignerKeyMismatch, SignerUnknown

KEY, CERTIFICATE = "signing.key", "signing.pem"
FORMER, REVOKED = "former", "revoked"
_NEXT = ".next"
_LONGEST = 64 * 1024  # bytes of any file here
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
PIN_VARIABLE = "DOJ_RELEASE_PIN_FILE"


def load_signer(directory: Path, password: bytes) -> Signer:
    """Give the signer, from its file or its token.

    Args:
        directory: the keyring's.
        password: of the encrypted key file; a token has a PIN file, named by DOJ_RELEASE_PIN_FILE.

    Raises:
        KeyringMissing: key or certificate is gone.
        CertificateExpired, SignerKeyMismatch, PassphraseWrong: they don't hold.
        TokenLibraryMissing, TokenUnusable, PinWrong: the token does not sign.
    """
    settle(directory, password)
    return _signer(read_key_file(directory / KEY), read_key_file(directory / CERTIFICATE), password)


def accepted_certificates(directory: Path) -> tuple[bytes, ...]:
    """Give the certificates (PEM) whose signatures hold: the current one first, then former ones."""
    former = sorted((directory / FORMER).glob("*.pem"))
    return (read_key_file(directory / CERTIFICATE), *map(read_key_file, former))


def revoked_certificates(directory: Path) -> tuple[bytes, ...]:
    """Give the certificates (PEM) that verify nothing any more."""
    return tuple(map(read_key_file, sorted((directory / REVOKED).glob("*.pem"))))


def replace_signer(directory: Path, key: bytes, certificate_pem: bytes, password: bytes) -> str:
    """Put another key in force; the old certificate becomes a former one. Returns its fingerprint.

    The old private key is written over and removed: it signs nothing any more.

    Args:
        directory: the keyring's.
        key: what is to stand in ``signing.key``.
        certificate_pem: of that key.
        password: see `load_signer`.

    Raises:
        SignerKeyMismatch: they don't belong together, or it is the key in force.
        CertificateExpired, WrongCertificateUse: the certificate can't sign.
        TokenLibraryMissing, TokenUnusable, PinWrong: the token does not sign.
        FileUnusable: the keyring can't be written.
    """
    settle(directory, password)
    fresh = _signer(key, certificate_pem, password)
    check_validity(fresh.identity, datetime.now(UTC))
    old = read_key_file(directory / CERTIFICATE)
    former = public_key_fingerprint(old)
    if former == fresh.fingerprint:
        raise SignerKeyMismatch
    _keep(directory / FORMER, former, old)
    files.write_small(directory / (CERTIFICATE + _NEXT), certificate_pem)
    files.write_small(directory / (KEY + _NEXT), key)
    settle(directory, password)
    return former


def revoke_signer(directory: Path, fingerprint: str) -> None:
    """Let a former certificate verify nothing any more.

    Raises:
        SignerUnknown: no former key has this fingerprint; the one in force is replaced first.
        FileUnusable: the keyring can't be written.
    """
    place = directory / FORMER / f"{fingerprint}.pem"
    if not _FINGERPRINT.fullmatch(fingerprint) or not place.is_file():
        raise SignerUnknown
    _keep(directory / REVOKED, fingerprint, read_key_file(place))
    with files.coded():
        place.unlink()
        files.sync_directory(place.parent)


def settle(directory: Path, password: bytes) -> None:
    """Finish a change that was cut off after its last file was written; take an earlier one back."""
    key, certificate = directory / (KEY + _NEXT), directory / (CERTIFICATE + _NEXT)
    with files.coded():
        if key.exists():  # written last: the certificate beside it is its own
            _signer(read_key_file(key), read_key_file(certificate), password)
            if (directory / KEY).exists():
                files.overwrite(directory / KEY)  # the name goes to the new one in the next step
            key.replace(directory / KEY)
        if certificate.exists():
            if _belong(directory / KEY, certificate, password):
                certificate.replace(directory / CERTIFICATE)
            else:
                certificate.unlink()
            files.sync_directory(directory)


def _belong(key: Path, certificate: Path, password: bytes) -> bool:
    try:
        _signer(read_key_file(key), read_key_file(certificate), password)
    except SignerKeyMismatch:
        return False
    return True


def _signer(key: bytes, certificate_pem: bytes, password: bytes) -> Signer:
    if not key.startswith(b"{"):
        return FileSigner.load(key, certificate_pem, password)
    from crypto.token import TokenSigner, place_of

    place = place_of(json.loads(key), os.environ.get(PIN_VARIABLE))
    return TokenSigner.open(place, certificate_pem)


def _keep(folder: Path, fingerprint: str, pem: bytes) -> None:
    with files.coded():
        folder.mkdir(mode=files.PRIVATE_DIRECTORY, exist_ok=True)
    files.write_small(folder / f"{fingerprint}.pem", read_identity(pem, bare_key=False).pem)


def read_key_file(path: Path) -> bytes:
    """Read a small file of the keyring.

    Raises:
        KeyringMissing: it is gone.
    """
    if not path.exists():
        raise KeyringMissing
    return files.read_small(path, _LONGEST)
