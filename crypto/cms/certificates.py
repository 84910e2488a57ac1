"""Certificates and public keys from outside: read, judged for strength, use and validity.

It does not build chains and asks no revocation service: a key is trusted because two persons of
the Department confirmed its fingerprint, and a signer because it is pinned.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from crypto import errors
from crypto.cms import structures as cms

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

RSA_BITS = range(
    3072, 8192 + 1
)  # 128-bit strength, SP 800-57; above, whoever opens a package waits
RSA_EXPONENTS = range(65537, 2**256)  # FIPS 186-5 § A.1.1
_LONGEST = 64 * 1024  # bytes of a certificate's file: real ones have 1 to 4 KiB
_WEST = timedelta(hours=8)  # California's day ends eight hours after UTC's


def digest(data: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    """A hash in the module that also seals and signs; not Python's own OpenSSL (see `crypto.process`)."""
    made = hashes.Hash(algorithm)
    made.update(data)
    return made.finalize()


@dataclass(frozen=True)
class Identity:
    """A public key, and the certificate that carries it where there is one."""

    key: PublicKey
    certificate: x509.Certificate | None

    @property
    def spki(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        return self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def fingerprint(self) -> str:
        """Hex SHA-256 of the SubjectPublicKeyInfo: stays the same when a certificate is renewed."""
        return digest(self.spki, hashes.SHA256()).hex()

    @property
    def kind(self) -> str:
        """``RSA-3072`` or ``P-384``."""
        return f"RSA-{self.key.key_size}" if isinstance(self.key, rsa.RSAPublicKey) else "P-384"

    @property
    def pem(self) -> bytes:
        """The certificate, or the bare public key, as PEM."""
        if self.certificate is not None:
            return self.certificate.public_bytes(Encoding.PEM)
        return self.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @property
    def encoded(self) -> bytes:
        """The certificate, or the bare public key, as DER."""
        if self.certificate is not None:
            return self.certificate.public_bytes(Encoding.DER)
        return self.spki

    def issuer_and_serial(self) -> cms.IssuerAndSerialNumber:
        """Give issuer and serial number with the certificate's very bytes (RFC 5652 § 10.2.4).

        Raises:
            NotACertificate: a bare key, or a certificate that is not strict DER.
        """
        if self.certificate is None:
            raise errors.NotACertificate
        try:
            body = asn1.decode_der(cms.TbsCertificate, self.certificate.tbs_certificate_bytes)
        except ValueError:
            raise errors.NotACertificate from None
        return cms.IssuerAndSerialNumber(issuer=body.issuer, serial_number=body.serial_number)

    def key_identifier(self) -> bytes:
        """Give the subject key identifier: the certificate's, else RFC 5280 § 4.2.1.2 (1).

        SHA-1 names a key here and protects nothing; another hash would not be found by openssl.
        """
        return x509.SubjectKeyIdentifier.from_public_key(self.key).digest


def read_identity(data: bytes, *, bare_key: bool) -> Identity:
    """Read one certificate, or with ``bare_key`` also one public key, from PEM or DER.

    Raises:
        NotACertificate: anything else, several at once and private keys included.
        WeakKey: RSA under 3072 bits or with a small exponent, or another kind of key.
        WrongCurve: EC on another curve than P-384.
    """
    if not data or len(data) > _LONGEST:
        raise errors.NotACertificate
    certificate = _certificate(data)
    if certificate is not None:
        return Identity(_judged(_key_of(certificate)), certificate)
    if not bare_key:
        raise errors.NotACertificate
    return Identity(_judged(_bare_key(data)), None)


def _certificate(data: bytes) -> x509.Certificate | None:
    try:
        if b"-----BEGIN" not in data:
            return x509.load_der_x509_certificate(data)
        if data.count(b"-----BEGIN") > 1 or b"-----BEGIN CERTIFICATE-----" not in data:
            return None
        return x509.load_pem_x509_certificate(data)
    except (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion):
        return None


def _key_of(certificate: x509.Certificate) -> object:
    # RSASSA-PSS keys load as RSA but are bound to signing; id-ecDH likewise: plain kinds only
    try:
        if certificate.public_key_algorithm_oid not in (cms.RSA_ENCRYPTION, cms.EC_PUBLIC_KEY):
            raise errors.WeakKey
        return certificate.public_key()
    except (ValueError, TypeError, OverflowError, UnsupportedAlgorithm):
        raise errors.WeakKey from None


def _bare_key(data: bytes) -> object:
    try:
        if b"-----BEGIN" not in data:
            return serialization.load_der_public_key(data)
        if data.count(b"-----BEGIN") > 1:
            raise errors.NotACertificate
        return serialization.load_pem_public_key(data)
    except (ValueError, TypeError, OverflowError):
        raise errors.NotACertificate from None
    except UnsupportedAlgorithm:
        raise errors.WeakKey from None


def _judged(key: object) -> PublicKey:
    if isinstance(key, ec.EllipticCurvePublicKey):
        if not isinstance(key.curve, ec.SECP384R1):
            raise errors.WrongCurve
        return key
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size not in RSA_BITS:
        raise errors.WeakKey
    if key.public_numbers().e not in RSA_EXPONENTS:
        raise errors.WeakKey
    return key


def check_validity(identity: Identity, on: date | datetime) -> None:
    """Refuse a certificate that is not in force at a moment, or at no moment of a day.

    A plain date stands for that day in UTC and in California, whichever is kinder by at most
    eight hours: a certificate made this morning is good today.

    Raises:
        CertificateExpired: before its beginning or after its end.
        ValueError: a time without zone.
    """
    if identity.certificate is None:
        return
    begin, end = _moments(on)
    valid = identity.certificate
    if valid.not_valid_before_utc > end or valid.not_valid_after_utc < begin:
        raise errors.CertificateExpired


def _moments(on: date | datetime) -> tuple[datetime, datetime]:
    if isinstance(on, datetime):
        if on.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        return on, on
    midnight = datetime(on.year, on.month, on.day, tzinfo=UTC)
    return midnight, midnight + timedelta(days=1) + _WEST


def check_use(identity: Identity, *, signing: bool) -> None:
    """Refuse a certificate whose key usage is stated and lacks what is needed.

    Raises:
        WrongCertificateUse: receiving without keyEncipherment (RSA) or keyAgreement (EC), signing
            without digitalSignature, or an extension that can't be read.
    """
    if identity.certificate is None:
        return
    try:
        usage = identity.certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    except (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise errors.WrongCertificateUse from None
    if signing:
        allowed = usage.digital_signature
    elif isinstance(identity.key, rsa.RSAPublicKey):
        allowed = usage.key_encipherment
    else:
        allowed = usage.key_agreement
    if not allowed:
        raise errors.WrongCertificateUse


# Recipients' keys made here, for the demo and for tests: synthetic, unencrypted, never real ones.

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_SKEW = timedelta(minutes=5)  # other machines' clocks are a little slow


def make_recipient(kind: Literal["rsa3072", "p384"], name: str) -> tuple[bytes, bytes]:
    """Make an unencrypted PKCS#8 key and its self-signed certificate, both PEM.

    Args:
        kind: ``rsa3072`` or ``p384``.
        name: common name, at most 64 characters.
    """
    key: PrivateKey
    if kind == "rsa3072":
        key, usage = rsa.generate_private_key(65537, 3072), "key_encipherment"
    else:
        key, usage = ec.generate_private_key(ec.SECP384R1()), "key_agreement"
    plain = serialization.NoEncryption()
    pem = key.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return pem, self_signed(key, name, usage=usage, days=730)


def self_signed(key: PrivateKey, name: str, *, usage: str, days: int) -> bytes:
    """Make a self-signed certificate (PEM) that allows one use alone."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return builder.sign(key, hashes.SHA384()).public_bytes(Encoding.PEM)


def key_usage(*allowed: str) -> x509.KeyUsage:
    """Make a key usage extension that allows exactly these."""
    every = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
        "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{use: use in allowed for use in every})
