"""Signing by the Department and checking its signatures: detached CMS over SHA-384.

A signer is a certificate and something that signs with its key: a file here, a token elsewhere.
A signature is accepted from the one pinned certificate and from nobody else; no chain is built.
A certificate inside the signature proves nothing; where there is one it must be the pinned one.
"""

from datetime import UTC, date, datetime
from typing import Protocol, cast

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

from crypto.cms.certificates import Identity, check_use, check_validity, read_identity
from crypto.cms.selfmade import PrivateKey, self_signed
from crypto.cms.signed_data import read_signed_data
from crypto.errors import (
    PassphraseMissing,
    PassphraseWrong,
    PrivateKeyUnusable,
    SignatureDoesNotHold,
    SignerKeyMismatch,
    SignerUnknown,
)

SIGNER_DAYS = 1095  # three years: how long a made signing certificate is valid; policy
_LONGEST_KEY = 64 * 1024  # bytes of a private key's file


class Signer(Protocol):
    """Whoever signs for the Department."""

    @property
    def certificate_pem(self) -> bytes:
        """The signing certificate."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hex SHA-256 of the public key."""
        ...

    def sign_detached(self, content: bytes) -> bytes:
        """Sign as detached CMS SignedData, DER."""
        ...

    def sign_raw(self, content: bytes) -> bytes:
        """Sign without any container (ECDSA in DER, or RSA), SHA-384."""
        ...


class KeySigner:
    """A signer by a private key, wherever it is."""

    def __init__(self, key: PrivateKey, certificate_pem: bytes) -> None:
        self._identity = read_identity(certificate_pem, bare_key=False)
        check_use(self._identity, signing=True)
        if _spki(key) != self._identity.spki:
            raise SignerKeyMismatch
        self._key = key

    @property
    def identity(self) -> Identity:
        """The certificate and its public key."""
        return self._identity

    @property
    def certificate_pem(self) -> bytes:
        """The signing certificate, PEM."""
        return self._identity.pem

    @property
    def fingerprint(self) -> str:
        """Hex SHA-256 of the public key (SubjectPublicKeyInfo, DER)."""
        return self._identity.fingerprint

    def sign_detached(self, content: bytes) -> bytes:
        """Sign as detached CMS SignedData, DER, with the time in its signed attributes."""
        assert self._identity.certificate is not None
        options = [PKCS7Options.DetachedSignature, PKCS7Options.Binary, PKCS7Options.NoCapabilities]
        return (
            PKCS7SignatureBuilder()
            .set_data(content)
            .add_signer(self._identity.certificate, self._key, hashes.SHA384())
            .sign(Encoding.DER, options)
        )

    def sign_raw(self, content: bytes) -> bytes:
        """Sign without a container: ECDSA (DER) or RSA PKCS #1 v1.5, SHA-384."""
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return self._key.sign(content, ec.ECDSA(hashes.SHA384()))
        return self._key.sign(content, padding.PKCS1v15(), hashes.SHA384())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._identity.kind} {self.fingerprint[:16]}>"


class FileSigner(KeySigner):
    """A signer whose private key comes from a PEM file."""

    @classmethod
    def load(
        cls,
        key_pem: bytes,
        cert_pem: bytes,
        passphrase: bytes | None = None,
        *,
        on: date | datetime | None = None,
    ) -> "FileSigner":
        """Read a private key and its certificate.

        Args:
            key_pem: PEM private key, best as encrypted PKCS#8.
            cert_pem: the certificate, PEM or DER.
            passphrase: of the key, if it is encrypted.
            on: when the certificate must be in force; now by default.

        Raises:
            PrivateKeyUnusable: no readable private key.
            PassphraseMissing, PassphraseWrong: encrypted, and not opened.
            SignerKeyMismatch: key and certificate belong to different signers.
            NotACertificate, WeakKey, WrongCurve, CertificateExpired, WrongCertificateUse: the
                certificate can't sign.
        """
        signer = cls(_private_key(key_pem, passphrase), cert_pem)
        check_validity(signer.identity, on or datetime.now(UTC))
        return signer


def make_signing_identity(
    subject: str, passphrase: bytes, *, days: int = SIGNER_DAYS
) -> tuple[bytes, bytes]:
    """Make a P-384 signing key (encrypted PKCS#8 PEM) and its self-signed certificate (PEM).

    Args:
        subject: common name, at most 64 characters.
        passphrase: must be strong by itself; the format stretches it but little.
        days: how long the certificate is valid.
    """
    key = ec.generate_private_key(ec.SECP384R1())
    encryption = BestAvailableEncryption(passphrase)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    return pem, self_signed(key, subject, usage="digital_signature", days=days)


def verify_detached(content: bytes, p7s: bytes, signer_cert_pem: bytes) -> None:
    """Check a detached CMS signature (DER) by one pinned signer.

    Raises:
        SignatureUnreadable: not the SignedData that a signer of ours writes.
        SignerUnknown: it names another certificate, or the pinned one can't be a signer's.
        SignatureDoesNotHold: other content, made with another key, or a changed certificate inside.
        NotACertificate, WeakKey, WrongCurve, WrongCertificateUse: the pinned certificate is unfit.
    """
    pinned = read_identity(signer_cert_pem, bare_key=False)
    check_use(pinned, signing=True)
    # (1) strict structure: one signer, SHA-384, exactly the attributes that bind the content
    signed = read_signed_data(p7s)
    # (2) it names the pinned certificate: a courtesy that tells a stranger from a forger
    if signed.signer != pinned.issuer_and_serial():
        raise SignerUnknown
    # (3) it carries that certificate unchanged, or none: no byte of it stays unchecked
    if signed.certificates not in (b"", pinned.encoded):
        raise SignatureDoesNotHold
    # (4) the signed attributes carry the digest of this content
    if signed.message_digest != _sha384(content):
        raise SignatureDoesNotHold
    # (5) the pinned key made the signature over those attributes
    _verify(pinned, signed.signature, signed.attributes, rsa_named=signed.by_rsa)


def verify_raw(content: bytes, signature: bytes, signer_cert_pem: bytes) -> None:
    """Check a signature of `Signer.sign_raw` by one pinned signer.

    Raises:
        SignatureDoesNotHold: it does not hold.
        NotACertificate, WeakKey, WrongCurve, WrongCertificateUse: the pinned certificate is unfit.
    """
    pinned = read_identity(signer_cert_pem, bare_key=False)
    check_use(pinned, signing=True)
    _verify(pinned, signature, content, rsa_named=isinstance(pinned.key, rsa.RSAPublicKey))


def public_key_fingerprint(certificate_pem: bytes) -> str:
    """Hex SHA-256 of a certificate's public key: what the ledger and `Recipient` call a key by.

    Raises:
        NotACertificate, WeakKey, WrongCurve: it can't be a certificate of ours.
    """
    return read_identity(certificate_pem, bare_key=False).fingerprint


def certificate_fingerprint(certificate_pem: bytes) -> str:
    """Give the fingerprint that ``openssl x509 -fingerprint -sha256`` prints, for letters.

    Raises:
        NotACertificate, WeakKey, WrongCurve: it can't be a certificate of ours.
    """
    certificate = read_identity(certificate_pem, bare_key=False).certificate
    assert certificate is not None
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _verify(pinned: Identity, signature: bytes, content: bytes, *, rsa_named: bool) -> None:
    if isinstance(pinned.key, rsa.RSAPublicKey) != rsa_named:
        raise SignatureDoesNotHold
    try:
        if isinstance(pinned.key, rsa.RSAPublicKey):
            pinned.key.verify(signature, content, padding.PKCS1v15(), hashes.SHA384())
        else:
            pinned.key.verify(signature, content, ec.ECDSA(hashes.SHA384()))
    except (InvalidSignature, ValueError):
        raise SignatureDoesNotHold from None


def _sha384(content: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA384())
    digest.update(content)
    return digest.finalize()


def _private_key(pem: bytes, passphrase: bytes | None) -> PrivateKey:
    if len(pem) > _LONGEST_KEY or b"-----BEGIN" not in pem:
        raise PrivateKeyUnusable
    encrypted = b"ENCRYPTED" in pem
    if encrypted and not passphrase:
        raise PassphraseMissing
    try:
        key = load_pem_private_key(pem, passphrase if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise (PassphraseWrong if encrypted else PrivateKeyUnusable) from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise PrivateKeyUnusable
    return key


def _spki(key: PrivateKey) -> bytes:
    return Identity(cast("rsa.RSAPublicKey", key.public_key()), None).spki
