"""A recipient: one public key that a file's content key is wrapped for, as CMS RecipientInfo.

RSA: RSAES-OAEP with SHA-256 and MGF1-SHA-256 (RFC 4055). P-384: ephemeral-static ECDH, X9.63 KDF
with SHA-384, AES-256 key wrap (RFC 5753, dhSinglePass-stdDH-sha384kdf). No other way, no options.
"""

from datetime import date, datetime

from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crypto.cms import structures as cms
from crypto.cms.certificates import Identity, check_use, check_validity, read_identity
from crypto.secret import Secret

_SHA256 = cms.Algorithm(algorithm=cms.SHA256, parameters=asn1.Null())
_OAEP = cms.OaepAlgorithm(
    algorithm=cms.RSAES_OAEP,
    parameters=cms.OaepParameters(
        digest=_SHA256,
        mask=cms.AlgorithmOfAlgorithm(algorithm=cms.MGF1, parameters=_SHA256),
    ),
)
_WRAP = cms.Algorithm(algorithm=cms.AES256_WRAP)
OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
_KEY_BITS = 256  # of the key-encryption key under AES-256 wrap


class Recipient(Identity):
    """Somebody's public key, and the certificate it came in, if any; judged fit to receive."""

    @classmethod
    def from_pem(cls, data: bytes, *, on: date | datetime) -> "Recipient":
        """Read a certificate or a bare public key (PEM or DER) and judge it.

        Args:
            data: the file's bytes.
            on: the day or moment on which a certificate must be in force.

        Raises:
            NotACertificate: neither a certificate nor a public key.
            WeakKey: RSA under 3072 bits, a small exponent, or another kind of key.
            WrongCurve: EC on another curve than P-384.
            CertificateExpired: not in force on that day.
            WrongCertificateUse: its key usage forbids receiving; a certificate without key usage
                is accepted.
        """
        identity = read_identity(data, bare_key=True)
        check_validity(identity, on)
        check_use(identity, signing=False)
        return cls(identity.key, identity.certificate)

    @property
    def expires(self) -> date | None:
        """Last day of its certificate (UTC); none for a bare public key."""
        return self.certificate and self.certificate.not_valid_after_utc.date()

    def recipient_info(self, content_key: Secret) -> cms.RecipientInfo:
        """Wrap a content key: one RecipientInfo (RFC 5652 § 6.2)."""
        if isinstance(self.key, rsa.RSAPublicKey):
            return self._key_transport(self.key, content_key)
        return self._key_agreement(self.key, content_key)

    def _key_transport(self, key: rsa.RSAPublicKey, content_key: Secret) -> cms.KeyTransport:
        bare = self.certificate is None
        return cms.KeyTransport(
            version=2 if bare else 0,
            recipient=self.key_identifier() if bare else self.issuer_and_serial(),
            algorithm=_OAEP,
            encrypted_key=key.encrypt(content_key.reveal(), OAEP),
        )

    def _key_agreement(
        self, key: ec.EllipticCurvePublicKey, content_key: Secret
    ) -> cms.KeyAgreement:
        ephemeral = ec.generate_private_key(ec.SECP384R1())
        kek = Secret("kek", derive_kek(ephemeral.exchange(ec.ECDH(), key)))
        point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        wrapped = cms.RecipientEncryptedKey(
            recipient=cms.RecipientKeyIdentifier(key_identifier=self.key_identifier())
            if self.certificate is None
            else self.issuer_and_serial(),
            encrypted_key=aes_key_wrap(kek.reveal(), content_key.reveal()),
        )
        return cms.KeyAgreement(
            version=3,
            originator=cms.OriginatorKey(
                algorithm=cms.Algorithm(algorithm=cms.EC_PUBLIC_KEY),
                public_key=asn1.BitString(point, 0),
            ),
            algorithm=cms.AlgorithmOfAlgorithm(algorithm=cms.STD_DH_SHA384_KDF, parameters=_WRAP),
            encrypted_keys=[wrapped],
        )


def derive_kek(shared: bytes) -> bytes:
    """Derive the key-encryption key from an ECDH secret (X9.63 KDF, RFC 5753 § 7.2)."""
    info = cms.SharedInfo(key_info=_WRAP, key_bits=_KEY_BITS.to_bytes(4, "big"))
    kdf = X963KDF(hashes.SHA384(), _KEY_BITS // 8, sharedinfo=asn1.encode_der(info))
    return kdf.derive(shared)
