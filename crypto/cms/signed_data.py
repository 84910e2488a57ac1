"""Reads a detached CMS SignedData (RFC 5652 § 5) the way our signers write it, and no other way.

One signer, named by issuer and serial; SHA-384; no content inside; signed attributes that name the
content type and carry the content's digest. It verifies nothing: `signing` does.
"""

from dataclasses import dataclass

from crypto.cms import der, oids
from crypto.errors import DerMalformed, SignatureUnreadable

LONGEST = 64 * 1024  # bytes: ours have about 1 KiB
_DIGEST = 48  # bytes of SHA-384


@dataclass(frozen=True)
class SignedData:
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


def read_signed_data(data: bytes) -> SignedData:
    """Read a signature strictly.

    Raises:
        SignatureUnreadable: anything unexpected, trailing bytes included.
    """
    try:
        if len(data) > LONGEST:
            raise DerMalformed
        return _content_info(data)
    except DerMalformed:
        raise SignatureUnreadable from None


def _content_info(data: bytes) -> SignedData:
    outer = der.Reader(data)
    info = outer.inside(der.SEQUENCE)
    outer.end()
    _expect(info.element(der.OID), oids.SIGNED_DATA)
    explicit = info.inside(der.context(0))
    info.end()
    signed = explicit.inside(der.SEQUENCE)
    explicit.end()
    _expect(signed.integer(), 1)  # § 5.1: X.509 certificates, id-data, issuerAndSerialNumber
    algorithms = signed.inside(der.SET)
    _digest_algorithm(algorithms)
    algorithms.end()
    _expect(signed.content(der.SEQUENCE), oids.DATA)  # eContent absent: detached
    certificates = signed.content(der.context(0)) if signed.next_tag() == der.context(0) else b""
    signers = signed.inside(der.SET)
    signed.end()
    signer = signers.inside(der.SEQUENCE)
    signers.end()
    return _signer_info(signer, certificates)


def _signer_info(signer: der.Reader, certificates: bytes) -> SignedData:
    _expect(signer.integer(), 1)
    name = signer.element(der.SEQUENCE)
    _digest_algorithm(signer)
    # § 5.4: what is signed is the SET OF, not the [0] IMPLICIT under which it stands here
    attributes = der.tlv(der.SET, signer.content(der.context(0)))
    message_digest = _attributes(attributes)
    by_rsa = _signature_algorithm(signer)
    signature = signer.content(der.OCTET_STRING)
    signer.end()
    return SignedData(name, message_digest, attributes, signature, by_rsa, certificates)


def _attributes(encoded: bytes) -> bytes:
    values: dict[bytes, bytes] = {}
    every = der.Reader(encoded).inside(der.SET)
    while every.more():
        attribute = every.inside(der.SEQUENCE)
        kind, value = attribute.element(der.OID), attribute.inside(der.SET)
        attribute.end()
        if kind in values:
            raise DerMalformed
        values[kind] = value.element()
        value.end()
    _expect(values.get(oids.CONTENT_TYPE), oids.DATA)
    digest = der.Reader(values.get(oids.MESSAGE_DIGEST, b"")).content(der.OCTET_STRING)
    _expect(len(digest), _DIGEST)
    return digest


def _digest_algorithm(reader: der.Reader) -> None:
    algorithm = reader.content(der.SEQUENCE)
    if algorithm not in (oids.SHA384, oids.SHA384 + der.null()):  # RFC 5754 § 2: accept both
        raise DerMalformed


def _signature_algorithm(reader: der.Reader) -> bool:
    algorithm = reader.content(der.SEQUENCE)
    if algorithm == oids.ECDSA_WITH_SHA384:
        return False
    if algorithm in (oids.RSA_ENCRYPTION + der.null(), oids.SHA384_WITH_RSA + der.null()):
        return True
    raise DerMalformed


def _expect(found: object, wanted: object) -> None:
    if found != wanted:
        raise DerMalformed
