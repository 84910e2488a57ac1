"""Keys made once, the openssl program, and a plain opener as oracle for sealed bytes."""

import functools
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from crypto.cms.certificates import make_recipient
from crypto.cms.recipients import Recipient, derive_kek
from crypto.cms.signing import FileSigner, make_signing_identity
from crypto.token import TokenPlace
from tests.unit.crypto import der, tokens

WYCHEPROOF = Path(__file__).resolve().parents[4] / "shared" / "vectors" / "wycheproof"
collect_ignore = [] if WYCHEPROOF.is_dir() else ["test_wycheproof.py"]


def pytest_terminal_summary(terminalreporter):
    if "test_wycheproof.py" in collect_ignore:
        terminalreporter.write_line("Wycheproof vectors are not beside this clone: not collected")


@pytest.fixture(scope="session")
def members():
    """Map each kind of recipient to private key and certificate, both PEM."""
    return {kind: make_recipient(kind, f"Member {kind}") for kind in ("rsa3072", "p384")}


@pytest.fixture(scope="session")
def recipients(members):
    return [Recipient.from_pem(pem, on=datetime.now(UTC)) for _, pem in members.values()]


@pytest.fixture(scope="session")
def signer():
    key, certificate = make_signing_identity("Department", b"a long passphrase")
    return FileSigner.load(key, certificate, b"a long passphrase")


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """A key in a software token; its library reads its configuration once a process."""
    pin = tokens.make_token(tmp_path_factory.mktemp("token"))
    return TokenPlace(tokens.library(), tokens.TOKEN, tokens.KEY, pin)


@pytest.fixture
def openssl():
    def run(*arguments, cwd=None):
        return subprocess.run(
            ["openssl", *map(str, arguments)], cwd=cwd, capture_output=True, timeout=60
        )

    return run


@pytest.fixture(scope="session")
def opened():
    """Open sealed bytes with a private key: read in one piece, obviously right, no streaming."""
    return _opened


@functools.cache
def _loaded(key_pem):
    return load_pem_private_key(key_pem, None)  # it checks the primes, which takes a while


def _opened(sealed, key_pem):
    key = _loaded(key_pem)
    outer = der.Reader(sealed)
    info = outer.inside(der.SEQUENCE)
    outer.end()
    assert info.element(der.OID) == der.oid("1.2.840.113549.1.9.16.1.23")
    explicit = info.inside(der.context(0))
    info.end()
    body = explicit.inside(der.SEQUENCE)
    explicit.end()
    assert body.integer() == 0
    infos = body.inside(der.SET)
    content = body.inside(der.SEQUENCE)
    tag = body.content(der.OCTET_STRING)
    body.end()
    assert content.element(der.OID) == der.oid("1.2.840.113549.1.7.1")
    algorithm = content.inside(der.SEQUENCE)
    assert algorithm.element(der.OID) == der.oid("2.16.840.1.101.3.4.1.46")
    gcm = algorithm.inside(der.SEQUENCE)
    nonce, tag_length = gcm.content(der.OCTET_STRING), gcm.integer()
    assert len(nonce) == 12
    assert tag_length == len(tag) == 16
    ciphertext = content.content(der.context(0, constructed=False))
    content.end()
    return AESGCM(_content_key(infos, key)).decrypt(nonce, ciphertext + tag, None)


def _content_key(infos, key):
    while infos.more():
        if infos.next_tag() == der.SEQUENCE and isinstance(key, rsa.RSAPrivateKey):
            return _transported(infos.inside(der.SEQUENCE), key)
        if infos.next_tag() == der.context(1) and isinstance(key, ec.EllipticCurvePrivateKey):
            return _agreed(infos.inside(der.context(1)), key)
        infos.element()
    raise AssertionError("no such recipient")


def _transported(info, key):
    info.integer()
    info.element()
    info.element(der.SEQUENCE)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    return key.decrypt(info.content(der.OCTET_STRING), oaep)


def _agreed(info, key):
    assert info.integer() == 3
    originator = info.inside(der.context(0)).inside(der.context(1))
    originator.element(der.SEQUENCE)
    point = originator.content(der.BIT_STRING)[1:]
    info.element(der.SEQUENCE)
    wrapped = info.inside(der.SEQUENCE).inside(der.SEQUENCE)
    wrapped.element()
    ephemeral = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), point)
    kek = derive_kek(key.exchange(ec.ECDH(), ephemeral))
    return aes_key_unwrap(kek, wrapped.content(der.OCTET_STRING))


@pytest.fixture(scope="session")
def today():
    return datetime.now(UTC)
