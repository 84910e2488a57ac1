"""Recipients' keys made here, for the demo and for tests: synthetic, unencrypted, never real ones.

A real recipient makes the private key on a machine of their own; it never comes to the Department.
"""

from datetime import UTC, datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

Kind = Literal["rsa3072", "p384"]
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_SKEW = timedelta(minutes=5)  # other machines' clocks are a little slow


def make_recipient(kind: Kind, name: str, *, days: int = 730) -> tuple[bytes, bytes]:
    """Make an unencrypted PKCS#8 key and its self-signed certificate, both PEM.

    Args:
        kind: ``rsa3072`` or ``p384``.
        name: common name, at most 64 characters.
        days: how long the certificate is valid.
    """
    key: PrivateKey = (
        rsa.generate_private_key(65537, 3072)
        if kind == "rsa3072"
        else ec.generate_private_key(ec.SECP384R1())
    )
    usage = "key_encipherment" if kind == "rsa3072" else "key_agreement"
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem, self_signed(key, name, usage=usage, days=days)


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
