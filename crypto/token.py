"""The Department's signing key in a PKCS#11 token: it signs there and never leaves.

PKCS #11 v2.40, `CKM_ECDSA` over a SHA-384 computed here. The token is found by its library, its
label and the key's label; the PIN is read from a file each time and not kept.
"""

import json
import os
import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from crypto import errors, files
from crypto.cms import SIGNER_DAYS, Signer, check_validity, digest, self_signed
from crypto.process import only_the_owner_writes

_LONGEST_PIN = 256  # bytes; tokens allow 64 to 255
_SETTINGS = "SOFTHSM2_CONF"  # names a library's own settings

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class TokenPlace:
    """Where a key is.

    Attributes:
        library: the token's PKCS#11 module, a shared library.
        token: the token's label.
        key: the label of the private and the public key.
        pin_file: a file that holds the user's PIN and nothing else.
    """

    library: Path
    token: str
    key: str
    pin_file: Path

    def __repr__(self) -> str:
        return f"<TokenPlace {self.token!r} {self.key!r}>"


def place_of(stored: dict[str, str], pin_file: str | None) -> TokenPlace:
    """Read what `stored_place` wrote; the PIN's file is named by whoever runs the process.

    Raises:
        TokenUnusable: it names no token.
        PinWrong: no file of a PIN is named.
    """
    if set(stored) != {"library", "token", "key"}:
        raise errors.TokenUnusable
    if not pin_file:
        raise errors.PinWrong
    return TokenPlace(Path(stored["library"]), stored["token"], stored["key"], Path(pin_file))


def stored_place(place: TokenPlace) -> bytes:
    """Give what stands in the keyring in place of a key: where it is, and no PIN."""
    said = {"library": str(place.library), "token": place.token, "key": place.key}
    return json.dumps(said, sort_keys=True).encode() + b"\n"


class TokenKey(ec.EllipticCurvePrivateKey):
    """A P-384 private key that signs inside its token and can't be exported."""

    def __init__(self, place: TokenPlace) -> None:
        self._place = place
        self._public = _public_key(place)

    @property
    def curve(self) -> ec.EllipticCurve:
        """P-384."""
        return ec.SECP384R1()

    @property
    def key_size(self) -> int:
        """384 bits."""
        return 384

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Give the public key, as the token stores it."""
        return self._public

    def sign(
        self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm, *_: Any
    ) -> bytes:
        """Sign in the token; DER.

        Raises:
            TokenLibraryMissing, TokenUnusable, PinWrong: the token does not sign.
            ValueError: another algorithm than ECDSA with SHA-384.
        """
        if not isinstance(signature_algorithm.algorithm, hashes.SHA384):
            raise ValueError("the token signs SHA-384")  # noqa: TRY004 - the interface's own error
        hashed = digest(data, hashes.SHA384())

        def ecdsa(pkcs11: Any, session: Any) -> bytes:
            from pkcs11.util.ec import encode_ecdsa_signature

            private = pkcs11.ObjectClass.PRIVATE_KEY
            key = session.get_key(object_class=private, label=self._place.key)
            return encode_ecdsa_signature(key.sign(hashed, mechanism=pkcs11.Mechanism.ECDSA))

        return _in_session(self._place, ecdsa)

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> NoReturn:
        """It signs and does nothing else."""
        del algorithm, peer_public_key
        raise TypeError("a signing key agrees on nothing")

    def private_numbers(self) -> NoReturn:
        """It never leaves its token."""
        raise TypeError("the key never leaves its token")

    def private_bytes(self, *_: Any, **__: Any) -> NoReturn:
        """It never leaves its token."""
        raise TypeError("the key never leaves its token")

    def __copy__(self) -> "TokenKey":
        return self

    def __deepcopy__(self, _: object) -> "TokenKey":
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a key is not pickled")

    def __repr__(self) -> str:
        return f"<TokenKey {self._place!r}>"


class TokenSigner(Signer):
    """A signer whose private key is in a token."""

    @classmethod
    def open(
        cls, place: TokenPlace, certificate_pem: bytes, *, on: date | datetime | None = None
    ) -> "TokenSigner":
        """Find the key and make sure that it is the certificate's, by one signature.

        Args:
            place: where the key is.
            certificate_pem: its certificate.
            on: when the certificate must be in force; now by default.

        Raises:
            TokenLibraryMissing, TokenUnusable, PinWrong: the token or the key is not there.
            SignerKeyMismatch: the token's key is another one than the certificate's.
            CertificateExpired, WrongCertificateUse, WrongCurve: the certificate can't sign.
        """
        key = TokenKey(place)
        signer = cls(key, certificate_pem)
        check_validity(signer.identity, on or datetime.now(UTC))
        probe, ecdsa = secrets.token_bytes(48), ec.ECDSA(hashes.SHA384())
        public = signer.identity.key
        try:
            assert isinstance(public, ec.EllipticCurvePublicKey)
            public.verify(key.sign(probe, ecdsa), probe, ecdsa)
        except InvalidSignature:
            raise errors.SignerKeyMismatch from None
        return signer


def token_certificate(place: TokenPlace, subject: str) -> bytes:
    """Make a self-signed certificate (PEM) for the token's key, signed in the token.

    Raises:
        TokenLibraryMissing, TokenUnusable, PinWrong: the token does not sign.
        WrongCurve: its key is not on P-384.
    """
    return self_signed(TokenKey(place), subject, usage="digital_signature", days=SIGNER_DAYS)


def _public_key(place: TokenPlace) -> ec.EllipticCurvePublicKey:
    def read(pkcs11: Any, session: Any) -> bytes:
        from pkcs11.util.ec import encode_ec_public_key

        key = session.get_key(object_class=pkcs11.ObjectClass.PUBLIC_KEY, label=place.key)
        return encode_ec_public_key(key)

    try:
        key = load_der_public_key(_in_session(place, read))
    except ValueError:
        raise errors.TokenUnusable from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP384R1):
        raise errors.WrongCurve
    return key


def _in_session(place: TokenPlace, act: Callable[[Any, Any], _Result]) -> _Result:
    named = os.environ.get(_SETTINGS)
    if not all(map(only_the_owner_writes, [place.library, *([Path(named)] if named else [])])):
        raise errors.TokenUnusable
    with _coded() as pkcs11:
        library = pkcs11.lib(str(place.library))
        token = library.get_token(token_label=place.token)
        with token.open(user_pin=_pin(place.pin_file)) as session:
            return act(pkcs11, session)


@contextmanager
def _coded() -> Generator[Any, None, None]:
    """Turn what a token's library says, which may quote paths and labels, into our errors."""
    try:
        import pkcs11
    except ImportError:
        raise errors.TokenLibraryMissing from None
    try:
        yield pkcs11
    except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.PinLocked):
        raise errors.PinWrong from None
    except (pkcs11.PKCS11Error, RuntimeError, OSError):
        raise errors.TokenUnusable from None


def _pin(path: Path) -> str:
    try:
        return files.read_small(path, _LONGEST_PIN).decode("utf-8").strip("\r\n")
    except (errors.FileUnusable, UnicodeDecodeError):
        raise errors.PinWrong from None
