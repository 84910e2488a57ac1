"""Signing by the Department and checking its signatures: detached CMS over SHA-384.

A signer is a certificate and something that signs with its key: a file here, a token elsewhere.
A signature is accepted from the one pinned certificate and from nobody else; no chain is built.
A certificate inside the signature proves nothing; where there is one it must be the pinned one.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import cast

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

from crypto import errors
from crypto.cms import certificates as certs
from crypto.cms import structures as cms

SIGNER_DAYS = 1095  # three years: how long a made signing certificate is valid; policy
LONGEST_SIGNATURE = 64 * 1024  # bytes: ours have about 1 KiB
_DIGEST = 48  # bytes of SHA-384
_LONGEST_KEY = 64 * 1024  # bytes of a private key's file


class Signer:
    """Whoever signs for the Department: a certificate and its private key, wherever that is.

    Attributes:
        identity: the certificate and its public key.
        certificate_pem: the signing certificate, PEM.
        fingerprint: hex SHA-256 of the public key (SubjectPublicKeyInfo, DER).
    """

    def __init__(self, key: certs.PrivateKey, certificate_pem: bytes) -> None:
        self.identity = certs.read_identity(certificate_pem, bare_key=False)
        certs.check_use(self.identity, signing=True)
        if (
            certs.Identity(cast("rsa.RSAPublicKey", key.public_key()), None).spki
            != self.identity.spki
        ):
            raise errors.SignerKeyMismatch
        self._key = key
        self.certificate_pem, self.fingerprint = self.identity.pem, self.identity.fingerprint

    def sign_detached(self, content: bytes) -> bytes:
        """Sign as detached CMS SignedData, DER, with the time in its signed attributes."""
        assert self.identity.certificate is not None
        options = [PKCS7Options.DetachedSignature, PKCS7Options.Binary, PKCS7Options.NoCapabilities]
        return (
            PKCS7SignatureBuilder()
            .set_data(content)
            .add_signer(self.identity.certificate, self._key, hashes.SHA384())
            .sign(serialization.Encoding.DER, options)
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.identity.kind} {self.fingerprint[:16]}>"


class FileSigner(Signer):
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
        certs.check_validity(signer.identity, on or datetime.now(UTC))
        return signer


def make_signing_identity(subject: str, passphrase: bytes) -> tuple[bytes, bytes]:
    """Make a P-384 signing key (encrypted PKCS#8 PEM) and its self-signed certificate (PEM).

    Args:
        subject: common name, at most 64 characters.
        passphrase: must be strong by itself; the format stretches it but little.
    """
    key = ec.generate_private_key(ec.SECP384R1())
    encryption = serialization.BestAvailableEncryption(passphrase)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(encoding, form, encryption)
    return pem, certs.self_signed(key, subject, usage="digital_signature", days=SIGNER_DAYS)


def verify_detached(content: bytes, p7s: bytes, signer_cert_pem: bytes) -> None:
    """Check a detached CMS signature (DER) by one pinned signer.

    Raises:
        SignatureUnreadable: not the SignedData that a signer of ours writes.
        SignerUnknown: it names another certificate, or the pinned one can't be a signer's.
        SignatureDoesNotHold: other content, made with another key, or a changed certificate inside.
        NotACertificate, WeakKey, WrongCurve, WrongCertificateUse: the pinned certificate is unfit.
    """
    pinned = certs.read_identity(signer_cert_pem, bare_key=False)
    certs.check_use(pinned, signing=True)
    # (1) strict structure: one signer, SHA-384, exactly the attributes that bind the content
    signed = read_signed_data(p7s)
    # (2) it names the pinned certificate: a courtesy that tells a stranger from a forger
    if signed.signer != asn1.encode_der(pinned.issuer_and_serial()):
        raise errors.SignerUnknown
    # (3) it carries that certificate unchanged, or none: no byte of it stays unchecked
    if signed.certificates not in (b"", pinned.encoded):
        raise errors.SignatureDoesNotHold
    # (4) the signed attributes carry the digest of this content
    if signed.message_digest != certs.digest(content, hashes.SHA384()):
        raise errors.SignatureDoesNotHold
    # (5) the pinned key made the signature over those attributes
    _verify(pinned, signed.signature, signed.attributes, rsa_named=signed.by_rsa)


def public_key_fingerprint(certificate_pem: bytes) -> str:
    """Hex SHA-256 of a certificate's public key: what the ledger and `Recipient` call a key by.

    Raises:
        NotACertificate, WeakKey, WrongCurve: it can't be a certificate of ours.
    """
    return certs.read_identity(certificate_pem, bare_key=False).fingerprint


def certificate_fingerprint(certificate_pem: bytes) -> str:
    """Give the fingerprint that ``openssl x509 -fingerprint -sha256`` prints, for letters.

    Raises:
        NotACertificate, WeakKey, WrongCurve: it can't be a certificate of ours.
    """
    certificate = certs.read_identity(certificate_pem, bare_key=False).certificate
    assert certificate is not None
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _verify(pinned: certs.Identity, signature: bytes, content: bytes, *, rsa_named: bool) -> None:
    if isinstance(pinned.key, rsa.RSAPublicKey) != rsa_named:
        raise errors.SignatureDoesNotHold
    try:
        if isinstance(pinned.key, rsa.RSAPublicKey):
            pinned.key.verify(signature, content, padding.PKCS1v15(), hashes.SHA384())
        else:
            pinned.key.verify(signature, content, ec.ECDSA(hashes.SHA384()))
    except (InvalidSignature, ValueError):
        raise errors.SignatureDoesNotHold from None


def _private_key(pem: bytes, passphrase: bytes | None) -> certs.PrivateKey:
    if len(pem) > _LONGEST_KEY or b"-----BEGIN" not in pem:
        raise errors.PrivateKeyUnusable
    encrypted = b"ENCRYPTED" in pem
    if encrypted and not passphrase:
        raise errors.PassphraseMissing
    try:
        key = serialization.load_pem_private_key(pem, passphrase if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise (errors.PassphraseWrong if encrypted else errors.PrivateKeyUnusable) from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise errors.PrivateKeyUnusable
    return key


# -- reading a detached SignedData (RFC 5652 § 5): as our signers write it, and no other way


@dataclass(frozen=True)
class DetachedSignature:
    """What a detached signature says.

    Attributes:
        signer: IssuerAndSerialNumber, DER.
        message_digest: SHA-384 of the content, as signed.
        attributes: the bytes that were signed: the attributes as a SET (RFC 5652 § 5.4).
        signature: the signature over them.
        by_rsa: whether it says RSA (else ECDSA).
        certificates: the certificates that it carries, DER one after another; empty for none.
    """

    signer: bytes
    message_digest: bytes
    attributes: bytes
    signature: bytes
    by_rsa: bool
    certificates: bytes


def read_signed_data(data: bytes) -> DetachedSignature:
    """Read a signature strictly.

    Raises:
        SignatureUnreadable: anything unexpected, trailing bytes included.
    """
    try:
        _expect(len(data) <= LONGEST_SIGNATURE)
        info = asn1.decode_der(cms.SignedContentInfo, data)
        _expect(asn1.encode_der(info) == data)  # no byte stands there that was not read
        return _detached(info)
    except ValueError:
        raise errors.SignatureUnreadable from None


def _detached(info: cms.SignedContentInfo) -> DetachedSignature:
    signed = info.content
    _expect(info.content_type == cms.SIGNED_DATA)
    _expect(signed.version == 1)  # § 5.1: X.509 certificates, id-data, issuerAndSerialNumber
    digest_algorithms, signers = signed.digest_algorithms.as_list(), signed.signers.as_list()
    _expect(len(digest_algorithms) == len(signers) == 1)
    _expect(signed.content.content_type == cms.DATA)
    signer = signers[0]
    _expect(signer.version == 1)
    for algorithm in (*digest_algorithms, signer.digest_algorithm):
        _expect(algorithm.algorithm == cms.SHA384)  # RFC 5754 § 2: with NULL or without
    certificates = signed.certificates.as_list() if signed.certificates else []
    return DetachedSignature(
        signer=asn1.encode_der(signer.signer),
        message_digest=_message_digest(signer.signed_attributes.as_list()),
        # § 5.4: what is signed is the SET OF, not the [0] IMPLICIT under which it stands here
        attributes=asn1.encode_der(signer.signed_attributes),
        signature=signer.signature,
        by_rsa=_by_rsa(signer.signature_algorithm),
        certificates=b"".join(map(asn1.encode_der, certificates)),
    )


def _message_digest(attributes: list[cms.Attribute]) -> bytes:
    values: dict[object, asn1.TLV] = {}
    for attribute in attributes:
        several = attribute.values.as_list()
        _expect(len(several) == 1 and attribute.kind not in values)
        _expect(len(several[0].tag_bytes) == 1)  # no high tag number
        values[attribute.kind] = several[0]
    _expect(cms.CONTENT_TYPE in values and cms.MESSAGE_DIGEST in values)
    _expect(values[cms.CONTENT_TYPE].parse(cms.ObjectIdentifier) == cms.DATA)
    found = values[cms.MESSAGE_DIGEST].parse(bytes)
    _expect(len(found) == _DIGEST)
    return found


def _by_rsa(algorithm: cms.Algorithm) -> bool:
    if algorithm.algorithm == cms.ECDSA_WITH_SHA384:
        _expect(algorithm.parameters is None)
        return False
    _expect(algorithm.algorithm in (cms.RSA_ENCRYPTION, cms.SHA384_WITH_RSA))
    _expect(algorithm.parameters is not None)
    return True


def _expect(holds: bool) -> None:
    if not holds:
        raise ValueError
