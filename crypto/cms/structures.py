"""The ASN.1 structures of CMS and X.509 that are used here, declared for `cryptography.hazmat.asn1`.

Its codec writes DER and reads nothing else: an indefinite or padded length, a padded integer, a set out of order, a
wrong tag and a rest are all refused with a ValueError. It can't write the header of a content that is not in memory:
`header` does. Nothing here knows what a structure means.
"""

from typing import Annotated

from cryptography.hazmat import asn1
from cryptography.x509 import ObjectIdentifier

DATA = ObjectIdentifier("1.2.840.113549.1.7.1")
SIGNED_DATA = ObjectIdentifier("1.2.840.113549.1.7.2")
AUTH_ENVELOPED_DATA = ObjectIdentifier("1.2.840.113549.1.9.16.1.23")  # RFC 5083
AES256_GCM = ObjectIdentifier("2.16.840.1.101.3.4.1.46")  # RFC 5084
AES256_WRAP = ObjectIdentifier("2.16.840.1.101.3.4.1.45")  # RFC 3565
RSA_ENCRYPTION = ObjectIdentifier("1.2.840.113549.1.1.1")
RSAES_OAEP = ObjectIdentifier("1.2.840.113549.1.1.7")  # RFC 4055
MGF1 = ObjectIdentifier("1.2.840.113549.1.1.8")
EC_PUBLIC_KEY = ObjectIdentifier("1.2.840.10045.2.1")
STD_DH_SHA384_KDF = ObjectIdentifier("1.3.132.1.11.2")  # RFC 5753
SHA256 = ObjectIdentifier("2.16.840.1.101.3.4.2.1")
SHA384 = ObjectIdentifier("2.16.840.1.101.3.4.2.2")
ECDSA_WITH_SHA384 = ObjectIdentifier("1.2.840.10045.4.3.3")
SHA384_WITH_RSA = ObjectIdentifier("1.2.840.113549.1.1.12")
CONTENT_TYPE = ObjectIdentifier("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = ObjectIdentifier("1.2.840.113549.1.9.4")

SEQUENCE = 0x30
CONTEXT_0, CONTEXT_0_CONSTRUCTED = 0x80, 0xA0


def header(tag: int, length: int) -> bytes:
    """Tag and minimal definite length of a value that follows (X.690 §§ 8.1.3, 10.1)."""
    if length < 0x80:  # § 8.1.3.4, short form
        return bytes((tag, length))
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets


def fields(value: object) -> bytes:
    """The encoded fields of a structure, without the header around them."""
    return bytes(asn1.decode_der(asn1.TLV, asn1.encode_der(value)).data)


# -- algorithms


@asn1.sequence
class Algorithm:
    """AlgorithmIdentifier without parameters, or with NULL."""

    algorithm: ObjectIdentifier
    parameters: asn1.Null | None = None


@asn1.sequence
class AlgorithmOfAlgorithm:
    """AlgorithmIdentifier whose parameter is another: MGF1, and key agreement with its key wrap."""

    algorithm: ObjectIdentifier
    parameters: Algorithm


@asn1.sequence
class OaepParameters:
    """RSAES-OAEP-params (RFC 4055 § 4.1), the label left out."""

    digest: Annotated[Algorithm, asn1.Explicit(0)]
    mask: Annotated[AlgorithmOfAlgorithm, asn1.Explicit(1)]


@asn1.sequence
class OaepAlgorithm:
    """AlgorithmIdentifier of RSAES-OAEP."""

    algorithm: ObjectIdentifier
    parameters: OaepParameters


@asn1.sequence
class GcmParameters:
    """GCMParameters (RFC 5084 § 3.2)."""

    nonce: bytes
    tag_length: int


@asn1.sequence
class GcmAlgorithm:
    """AlgorithmIdentifier of AES-GCM."""

    algorithm: ObjectIdentifier
    parameters: GcmParameters


@asn1.sequence
class SharedInfo:
    """ECC-CMS-SharedInfo (RFC 5753 § 7.2), without entityUInfo."""

    key_info: Algorithm
    key_bits: Annotated[bytes, asn1.Explicit(2)]


# -- certificates


@asn1.sequence
class TbsCertificate:
    """TBSCertificate (RFC 5280 § 4.1), read for its issuer's very bytes."""

    version: Annotated[int, asn1.Explicit(0), asn1.Default(0)]
    serial_number: int
    signature: asn1.TLV
    issuer: asn1.TLV
    validity: asn1.TLV
    subject: asn1.TLV
    key: asn1.TLV
    issuer_unique_id: Annotated[asn1.BitString | None, asn1.Implicit(1)]
    subject_unique_id: Annotated[asn1.BitString | None, asn1.Implicit(2)]
    extensions: Annotated[list[asn1.TLV] | None, asn1.Explicit(3)]


@asn1.sequence
class IssuerAndSerialNumber:
    """Which certificate (RFC 5652 § 10.2.4)."""

    issuer: asn1.TLV
    serial_number: int


# -- AuthEnvelopedData (RFC 5083) and its recipients (RFC 5652 § 6.2)


@asn1.sequence
class KeyTransport:
    """KeyTransRecipientInfo: by certificate (version 0) or by key identifier (version 2)."""

    version: int
    recipient: IssuerAndSerialNumber | Annotated[bytes, asn1.Implicit(0)]
    algorithm: OaepAlgorithm
    encrypted_key: bytes


@asn1.sequence
class OriginatorKey:
    """OriginatorPublicKey: the ephemeral one."""

    algorithm: Algorithm
    public_key: asn1.BitString


@asn1.sequence
class RecipientKeyIdentifier:
    """RecipientKeyIdentifier, without date and other attributes."""

    key_identifier: bytes


@asn1.sequence
class RecipientEncryptedKey:
    """RecipientEncryptedKey: the content key under the agreed one."""

    recipient: IssuerAndSerialNumber | Annotated[RecipientKeyIdentifier, asn1.Implicit(0)]
    encrypted_key: bytes


@asn1.sequence
class KeyAgreement:
    """KeyAgreeRecipientInfo, version 3."""

    version: int
    originator: Annotated[
        IssuerAndSerialNumber
        | Annotated[bytes, asn1.Implicit(0)]
        | Annotated[OriginatorKey, asn1.Implicit(1)],
        asn1.Explicit(0),
    ]
    algorithm: AlgorithmOfAlgorithm
    encrypted_keys: list[RecipientEncryptedKey]


RecipientInfo = KeyTransport | KeyAgreement


@asn1.sequence
class EnvelopedHead:
    """The fields of AuthEnvelopedData that come before its content."""

    version: int
    recipients: asn1.SetOf[KeyTransport | Annotated[KeyAgreement, asn1.Implicit(1)]]


@asn1.sequence
class ContentHead:
    """The fields of EncryptedContentInfo that come before the ciphertext."""

    content_type: ObjectIdentifier
    algorithm: GcmAlgorithm


# -- SignedData (RFC 5652 § 5), as far as our signers write it: detached, with signed attributes


@asn1.sequence
class Attribute:
    """One attribute and its values."""

    kind: ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class SignerInfo:
    """One signer, named by issuer and serial number."""

    version: int
    signer: IssuerAndSerialNumber
    digest_algorithm: Algorithm
    signed_attributes: Annotated[asn1.SetOf[Attribute], asn1.Implicit(0)]
    signature_algorithm: Algorithm
    signature: bytes


@asn1.sequence
class DetachedContent:
    """EncapsulatedContentInfo without content."""

    content_type: ObjectIdentifier


@asn1.sequence
class SignedData:
    """SignedData without revocation lists."""

    version: int
    digest_algorithms: asn1.SetOf[Algorithm]
    content: DetachedContent
    certificates: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(0)]
    signers: asn1.SetOf[SignerInfo]


@asn1.sequence
class SignedContentInfo:
    """ContentInfo of SignedData."""

    content_type: ObjectIdentifier
    content: Annotated[SignedData, asn1.Explicit(0)]
