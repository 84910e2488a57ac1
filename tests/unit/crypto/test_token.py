"""The signing key in a token: the same signatures, nothing that leaves, and clear failures."""

import copy
import hashlib
import pickle

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from crypto import errors
from crypto.cms.certificates import self_signed
from crypto.cms.signing import make_signing_identity, verify_detached
from crypto.errors import PinWrong, TokenUnusable
from crypto.package.sealed_package import Part, verify_package, write_package
from crypto.token import TokenKey, TokenPlace, TokenSigner
from tests.unit.crypto import tokens

pytestmark = pytest.mark.machine("softhsm2-util", "pkcs11-tool")


@pytest.fixture(scope="module")
def certificate(place):
    return self_signed(TokenKey(place), "Department", usage="digital_signature", days=10)


@pytest.fixture(scope="module")
def token_signer(place, certificate):
    return TokenSigner.open(place, certificate)


def test_its_signatures_hold_for_us_and_for_openssl(token_signer, certificate, tmp_path, openssl):
    signature = token_signer.sign_detached(b"a list of hashes\n")
    verify_detached(b"a list of hashes\n", signature, certificate)
    (tmp_path / "list").write_bytes(b"a list of hashes\n")
    (tmp_path / "list.p7s").write_bytes(signature)
    (tmp_path / "department.pem").write_bytes(certificate)
    asked = (
        *("cms", "-verify", "-binary", "-inform", "DER", "-in", "list.p7s", "-content", "list"),
        *("-certfile", "department.pem", "-nointern", "-noverify", "-out", tmp_path / "out"),
    )
    assert openssl(*asked, cwd=tmp_path).returncode == 0
    (tmp_path / "list").write_bytes(b"a list of lashes\n")
    assert openssl(*asked, cwd=tmp_path).returncode == 4


def test_openssl_verifies_the_certificate_that_the_token_signed(certificate, tmp_path, openssl):
    (tmp_path / "department.pem").write_bytes(certificate)
    found = openssl("verify", "-CAfile", "department.pem", "department.pem", cwd=tmp_path)
    assert found.returncode == 0, found.stderr


def test_a_package_is_signed_by_the_token(token_signer, certificate, recipients, tmp_path):
    parts = [Part.from_bytes("part-001.zip", b"content")]
    written = write_package(tmp_path / "p", parts, recipients, token_signer)
    verified = verify_package(tmp_path / "p", certificate)
    assert verified.signer == written.signer == token_signer.fingerprint
    spki = TokenKey.public_key(token_signer._key).public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert token_signer.fingerprint == hashlib.sha256(spki).hexdigest()


def test_the_key_does_not_leave(place):
    key = TokenKey(place)
    for attempt in (
        key.private_numbers,
        lambda: key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        lambda: pickle.dumps(key),
        lambda: key.exchange(ec.ECDH(), key.public_key()),
    ):
        with pytest.raises(TypeError):
            attempt()
    assert copy.deepcopy(key) is copy.copy(key) is key
    assert tokens.PIN not in repr(key) + repr(place) + str(vars(key))


def test_another_hash_is_refused(place):
    with pytest.raises(ValueError, match="SHA-384"):
        TokenKey(place).sign(b"x", ec.ECDSA(hashes.SHA256()))


def test_a_certificate_of_another_key_is_refused(place):
    _, other = make_signing_identity("Department", b"a long passphrase")
    with pytest.raises(errors.SignerKeyMismatch):
        TokenSigner.open(place, other)


def test_another_curve_is_refused(place):
    library = tokens.library()
    tool = ("pkcs11-tool", "--module", library, "--token-label", tokens.TOKEN, "--login")
    tokens.run(*tool, "--pin", tokens.PIN, "--keypairgen", "--key-type", "EC:secp256r1", "--label", "small")  # fmt: skip
    with pytest.raises(errors.WrongCurve):
        TokenKey(TokenPlace(library, tokens.TOKEN, "small", place.pin_file))


@pytest.mark.parametrize("wrong", ["library", "token", "key"])
def test_what_is_not_there(wrong, place, tmp_path):
    facts = {"library": place.library, "token": place.token, "key": place.key}
    facts[wrong] = tmp_path / "none.so" if wrong == "library" else "nobody's"
    with pytest.raises(TokenUnusable) as raised:
        TokenKey(TokenPlace(pin_file=place.pin_file, **facts))
    assert raised.value.exit == 5
    assert raised.value.__cause__ is None


def test_a_wrong_or_missing_pin(place, tmp_path):
    wrong = tmp_path / "pin"
    wrong.write_text("000000\n")
    for file in (wrong, tmp_path / "none"):
        with pytest.raises(PinWrong):
            TokenKey(TokenPlace(place.library, place.token, place.key, file))
