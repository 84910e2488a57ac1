"""Time by somebody else: requests to a time-stamping authority, and its signed tokens, checked (RFC 3161, RFC 5816).

A token counts where its signature holds over this very imprint, and its signer's certificate is for time-stamping alone and leads,
by certificates that the token carries, to one of the pinned file. No revocation list is asked. It sends nothing itself.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from crypto import errors
from crypto.cms import structures as cms
from crypto.cms.certificates import digest

_Oid = x509.ObjectIdentifier
TST_INFO = _Oid("1.2.840.113549.1.9.16.1.4")
_SIGNING_CERTIFICATE = _Oid("1.2.840.113549.1.9.16.2.12")  # with SHA-1
_SIGNING_CERTIFICATE_V2 = _Oid("1.2.840.113549.1.9.16.2.47")
_HASHES: dict[x509.ObjectIdentifier, hashes.HashAlgorithm] = {
    cms.SHA256: hashes.SHA256(),
    cms.SHA384: hashes.SHA384(),
    _Oid("2.16.840.1.101.3.4.2.3"): hashes.SHA512(),
}
_BY_ECDSA = {_Oid(f"1.2.840.10045.4.3.{n}"): size for n, size in ((2, 32), (3, 48), (4, 64))}
_BY_RSA = {_Oid(f"1.2.840.113549.1.1.{n}"): size for n, size in ((11, 32), (12, 48), (13, 64))}
_GRANTED = (0, 1)  # PKIStatus: granted, granted with modifications
_LONGEST = 64 * 1024  # bytes of an answer: real ones have 2 to 8 KiB
_DEEPEST = 4  # authorities between the signer and the pinned one
_WEAKEST_RSA, _STRONGEST_RSA, _WEAKEST_EC = 2048, 16384, 256  # bits, SP 800-57


@asn1.sequence
class _Imprint:
    algorithm: cms.Algorithm
    digest: bytes


@asn1.sequence
class _Request:
    version: int
    imprint: _Imprint
    nonce: int
    certificate_wanted: bool


@asn1.sequence
class _Status:
    status: int
    texts: list[str] | None = None
    failure: asn1.BitString | None = None


@asn1.sequence
class _Accuracy:
    seconds: int | None
    millis: Annotated[int | None, asn1.Implicit(0)]
    micros: Annotated[int | None, asn1.Implicit(1)]


@asn1.sequence
class _Info:
    version: int
    policy: x509.ObjectIdentifier
    imprint: _Imprint
    serial: int
    time: asn1.GeneralizedTime
    accuracy: _Accuracy | None
    ordering: Annotated[bool, asn1.Default(False)]
    nonce: int | None
    authority: Annotated[list[asn1.TLV] | None, asn1.Implicit(0)]  # its name, not read
    extensions: Annotated[list[asn1.TLV] | None, asn1.Implicit(1)]


@asn1.sequence
class _Content:
    content_type: x509.ObjectIdentifier
    content: Annotated[bytes, asn1.Explicit(0)]


@asn1.sequence
class _Signer:
    version: int
    signer: cms.IssuerAndSerialNumber
    digest_algorithm: cms.Algorithm
    signed_attributes: Annotated[asn1.SetOf[cms.Attribute], asn1.Implicit(0)]
    signature_algorithm: cms.Algorithm
    signature: bytes
    unsigned_attributes: Annotated[list[asn1.TLV] | None, asn1.Implicit(1)]


@asn1.sequence
class _Signed:
    version: int
    digest_algorithms: asn1.SetOf[cms.Algorithm]
    content: _Content
    certificates: Annotated[
        list[asn1.TLV] | None, asn1.Implicit(0)
    ]  # a set that some leave unsorted
    revocations: Annotated[list[asn1.TLV] | None, asn1.Implicit(1)]
    signers: asn1.SetOf[_Signer]


@asn1.sequence
class _Token:
    content_type: x509.ObjectIdentifier
    content: Annotated[_Signed, asn1.Explicit(0)]


@asn1.sequence
class _Response:
    status: _Status
    token: _Token | None


@asn1.sequence
class _CertificateId:
    algorithm: cms.Algorithm | None
    digest: bytes
    issuer: list[asn1.TLV] | None  # and its serial number


@asn1.sequence
class _SigningCertificate:
    certificates: list[_CertificateId]
    policies: list[asn1.TLV] | None


@dataclass(frozen=True)
class Timestamp:
    """What a token says: when, in UTC, and how far that may be off."""

    time: datetime
    accuracy: timedelta


def timestamp_request(content: bytes) -> tuple[bytes, int]:
    """A TimeStampReq (DER) over the SHA-256 of ``content``, and its nonce: an answer to another request is refused."""
    sha256 = cms.Algorithm(algorithm=cms.SHA256, parameters=asn1.Null())
    imprint = _Imprint(algorithm=sha256, digest=digest(content, hashes.SHA256()))
    nonce = secrets.randbits(63) | 1 << 62
    wanted = _Request(version=1, imprint=imprint, nonce=nonce, certificate_wanted=True)
    return asn1.encode_der(wanted), nonce


def token_of(answer: bytes) -> bytes:
    """The token (DER) of a TimeStampResp.

    Raises:
        TimestampUnreadable: it is none, or the authority gave no token.
    """
    try:
        _expect(len(answer) <= _LONGEST)
        response = asn1.decode_der(_Response, answer)
    except ValueError:
        raise errors.TimestampUnreadable(what="not a TimeStampResp") from None
    if response.status.status not in _GRANTED or response.token is None:
        raise errors.TimestampUnreadable(what="rejected", status=response.status.status)
    return asn1.encode_der(response.token)


def check_timestamp(
    token: bytes, content: bytes, authorities: bytes, *, nonce: int | None = None
) -> Timestamp:
    """Check a token over ``content`` and give its time.

    Args:
        token: TimeStampToken, DER.
        content: what was stamped.
        authorities: PEM certificates, to one of which the signer's must lead.
        nonce: of the request, where the token is its answer.

    Raises:
        TimestampUnreadable: it is no token.
        TimestampDoesNotHold: it is of something else, or nobody's whom we trust.
        NotACertificate: ``authorities`` has none.
    """
    pinned = _read_authorities(authorities)
    try:
        _expect(len(token) <= _LONGEST)
        found = asn1.decode_der(_Token, token)
        _expect(found.content_type == cms.SIGNED_DATA)
        signed, (signer,) = found.content, found.content.signers.as_list()
        _expect(signed.content.content_type == TST_INFO)
        info = asn1.decode_der(_Info, signed.content.content)
        _expect(info.version == 1)
        attributes = _attributes(signer)
        carried = [
            x509.load_der_x509_certificate(asn1.encode_der(c)) for c in signed.certificates or ()
        ]
        certificate = _signers_certificate(signer, [*carried, *pinned])
        time = info.time.as_datetime()
        accuracy = _accuracy(info)
    except (ValueError, UnsupportedAlgorithm):
        raise errors.TimestampUnreadable(what="not a TimeStampToken") from None
    # (1) it is of this content, and the answer to this request
    algorithm = _HASHES.get(info.imprint.algorithm.algorithm)
    _hold(algorithm is not None and info.imprint.digest == digest(content, algorithm), "content")
    _hold(nonce is None or info.nonce == nonce, "nonce")
    # (2) the signed attributes bind the time to the signature, and name the certificate
    own = _HASHES.get(signer.digest_algorithm.algorithm)
    _hold(attributes.kind == TST_INFO and own is not None, "attributes")
    assert own is not None
    _hold(attributes.digest == digest(signed.content.content, own), "attributes")
    _hold(certificate is not None and attributes.names(certificate), "certificate")
    assert certificate is not None
    # (3) the certificate's key made the signature
    _hold(_signed_by(certificate, signer, own), "signature")
    # (4) the certificate is for this alone, was in force, and leads to a pinned one
    _hold(_leads_to(certificate, carried, pinned, time), "chain")
    return Timestamp(time, accuracy)


@dataclass(frozen=True)
class _Attributes:
    kind: x509.ObjectIdentifier
    digest: bytes
    certificate: bytes  # digest of the signer's
    by: hashes.HashAlgorithm

    def names(self, certificate: x509.Certificate) -> bool:
        return digest(certificate.public_bytes(Encoding.DER), self.by) == self.certificate


T = TypeVar("T")


def _attributes(signer: _Signer) -> _Attributes:
    values: dict[object, asn1.TLV] = {}
    for attribute in signer.signed_attributes.as_list():
        several = attribute.values.as_list()
        _expect(len(several) == 1 and attribute.kind not in values)
        values[attribute.kind] = several[0]

    def value(kind: x509.ObjectIdentifier, form: type[T]) -> T:
        _expect(kind in values)
        return values[kind].parse(form)

    second = _SIGNING_CERTIFICATE_V2 in values
    kind = _SIGNING_CERTIFICATE_V2 if second else _SIGNING_CERTIFICATE
    named = value(kind, _SigningCertificate).certificates
    _expect(len(named) > 0)
    by: hashes.HashAlgorithm | None = hashes.SHA256() if second else hashes.SHA1()  # noqa: S303  # the signature says whose
    if second and named[0].algorithm is not None:
        by = _HASHES.get(named[0].algorithm.algorithm)
    _expect(by is not None)
    assert by is not None
    content_type = value(cms.CONTENT_TYPE, x509.ObjectIdentifier)
    return _Attributes(content_type, value(cms.MESSAGE_DIGEST, bytes), named[0].digest, by)


def _accuracy(info: _Info) -> timedelta:
    if (said := info.accuracy) is None:
        return timedelta()
    parts = (said.seconds or 0, said.millis or 0, said.micros or 0)
    _expect(all(0 <= part < 100_000 for part in parts))
    return timedelta(seconds=parts[0], milliseconds=parts[1], microseconds=parts[2])


def _signers_certificate(
    signer: _Signer, known: Sequence[x509.Certificate]
) -> x509.Certificate | None:
    issuer = asn1.encode_der(signer.signer.issuer)
    for one in known:
        if one.serial_number == signer.signer.serial_number and one.issuer.public_bytes() == issuer:
            return one
    return None


def _signed_by(certificate: x509.Certificate, signer: _Signer, own: hashes.HashAlgorithm) -> bool:
    """Whether the certificate's key signed these attributes (as a SET: RFC 5652 § 5.4)."""
    content, algorithm = (
        asn1.encode_der(signer.signed_attributes),
        signer.signature_algorithm.algorithm,
    )
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            named = _BY_RSA.get(
                algorithm, own.digest_size if algorithm == cms.RSA_ENCRYPTION else 0
            )
            if named != own.digest_size or not _WEAKEST_RSA <= key.key_size <= _STRONGEST_RSA:
                return False
            key.verify(signer.signature, content, padding.PKCS1v15(), own)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            if _BY_ECDSA.get(algorithm) != own.digest_size or key.key_size < _WEAKEST_EC:
                return False
            key.verify(signer.signature, content, ec.ECDSA(own))
        else:
            return False
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True


def _leads_to(
    certificate: x509.Certificate,
    carried: Sequence[x509.Certificate],
    pinned: Sequence[x509.Certificate],
    time: datetime,
) -> bool:
    """Whether a certificate for time-stamping alone leads to a pinned one, or is one, all in force at that time."""
    try:
        if certificate in pinned:
            use = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
            _for_time_alone(None, certificate, use.value)
            return (
                use.critical
                and certificate.not_valid_before_utc <= time <= certificate.not_valid_after_utc
            )
        alone = ExtensionPolicy.permit_all().require_present(
            x509.ExtendedKeyUsage, Criticality.CRITICAL, _for_time_alone
        )
        builder = PolicyBuilder().store(Store(list(pinned))).time(time).max_chain_depth(_DEEPEST)
        policies = builder.extension_policies(
            ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=alone
        )
        policies.build_client_verifier().verify(certificate, list(carried))
    except (VerificationError, ValueError, x509.ExtensionNotFound):
        return False
    return True


def _for_time_alone(_policy: object, _certificate: object, use: x509.ExtendedKeyUsage) -> None:
    """RFC 3161 § 2.3: one extended use, critical."""
    _expect(list(use) == [ExtendedKeyUsageOID.TIME_STAMPING])


def _read_authorities(pem: bytes) -> list[x509.Certificate]:
    try:
        _expect(len(pem) <= _LONGEST)
        return x509.load_pem_x509_certificates(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise errors.NotACertificate from None


def _expect(holds: bool) -> None:
    if not holds:
        raise ValueError


def _hold(holds: bool, what: str) -> None:
    if not holds:
        raise errors.TimestampDoesNotHold(what=what)
