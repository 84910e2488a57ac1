"""An authenticator and a browser made of `cryptography` and `fido2`: they answer what a page asks, rightly or as a test wants it."""

import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from fido2 import cbor, cose

from crypto.passkeys import Assertion, Site, to_base64url

SITE = Site("https://desk.example", "desk.example")
PRESENT, VERIFIED, COPIED, ATTESTED, EXTENDED = 0x01, 0x04, 0x08, 0x40, 0x80


def client_data(kind, challenge, origin=SITE.origin, **more):
    said = {"type": f"webauthn.{kind}", "challenge": to_base64url(challenge), "origin": origin}
    return json.dumps(said | {"crossOrigin": False} | more, separators=(",", ":")).encode()


@dataclass
class Authenticator:
    """One passkey on one device; ``counts`` says whether it counts its signatures."""

    key: object = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    counter: int = 0
    counts: bool = True
    flags: int = PRESENT | VERIFIED

    def cose(self):
        kinds = {
            ec.EllipticCurvePrivateKey: lambda: (
                cose.ES256 if self.key.curve.name == "secp256r1" else cose.ES384
            ),
            ed25519.Ed25519PrivateKey: lambda: cose.EdDSA,
            rsa.RSAPrivateKey: lambda: cose.RS256,
        }
        kind = next(make() for one, make in kinds.items() if isinstance(self.key, one))
        return kind.from_cryptography_key(self.key.public_key())

    def data(self, site=SITE, attested=b"", flags=None):
        self.counter += self.counts
        head = hashlib.sha256(site.name.encode()).digest()
        flags = self.flags if flags is None else flags
        return head + struct.pack(">BI", flags, self.counter) + attested

    def create(self, challenge, site=SITE, *, key=None, more=b""):
        """Client data and attestation object of a new passkey."""
        attested = bytes(16) + struct.pack(">H", len(self.credential)) + self.credential
        attested += cbor.encode(key if key is not None else dict(self.cose())) + more
        flags = self.flags | ATTESTED | (EXTENDED if more else 0)
        data = self.data(site, attested, flags)
        said = {"fmt": "none", "attStmt": {}, "authData": data}
        return client_data("create", challenge, site.origin), cbor.encode(said)

    def sign(self, challenge, site=SITE, *, client=None, data=None):
        """An assertion."""
        client = client if client is not None else client_data("get", challenge, site.origin)
        data = data if data is not None else self.data(site)
        return Assertion(
            self.credential, data, client, self.signed(data + hashlib.sha256(client).digest())
        )

    def signed(self, message):
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            digest = hashes.SHA256() if self.key.curve.name == "secp256r1" else hashes.SHA384()
            return self.key.sign(message, ec.ECDSA(digest))
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return self.key.sign(message)

    def copy(self):
        """The same passkey on another device, which goes on counting by itself."""
        return replace(self)
