"""Signing keys over time: rotation, revocation, tokens, and a process killed between two renames."""

import contextlib

import pytest

from crypto import errors
from crypto.cms.signing import (
    FileSigner,
    make_signing_identity,
    public_key_fingerprint,
    verify_detached,
)
from crypto.errors import PinWrong
from crypto.keyring import signers
from crypto.keyring.keyring import Keyring
from crypto.package.sealed_package import Part, verify_package, write_package
from tests.unit.crypto import tokens

PASSWORD = b"a password of the key's own"


@pytest.fixture
def keys(tmp_path):
    """A directory with one signing key."""
    key, certificate = make_signing_identity("Department", PASSWORD)
    folder = tmp_path / "keys"
    folder.mkdir()
    (folder / signers.KEY).write_bytes(key)
    (folder / signers.CERTIFICATE).write_bytes(certificate)
    return folder


def signs(keys):
    """Sign, and find the one accepted certificate under which it holds."""
    signature = signers.load_signer(keys, PASSWORD).sign_detached(b"content")
    holding = []
    for position, pem in enumerate(signers.accepted_certificates(keys)):
        try:
            verify_detached(b"content", signature, pem)
        except errors.SignerUnknown:
            continue
        holding.append(position)
    return holding


def test_after_a_rotation_the_new_key_signs_and_the_old_one_still_verifies(keys):
    old = signers.load_signer(keys, PASSWORD)
    signature = old.sign_detached(b"an old checkpoint")
    new = make_signing_identity("Department", PASSWORD)
    assert signers.replace_signer(keys, *new, PASSWORD) == old.fingerprint
    assert signs(keys) == [0]
    current, former = signers.accepted_certificates(keys)
    assert current == new[1]
    assert public_key_fingerprint(former) == old.fingerprint
    verify_detached(b"an old checkpoint", signature, former)
    assert sorted(p.name for p in keys.iterdir()) == ["former", "signing.key", "signing.pem"]


def test_a_revoked_key_verifies_nothing_and_the_one_in_force_is_replaced_first(keys):
    old = signers.load_signer(keys, PASSWORD).fingerprint
    with pytest.raises(errors.SignerUnknown):
        signers.revoke_signer(keys, old)
    signers.replace_signer(keys, *make_signing_identity("Department", PASSWORD), PASSWORD)
    signers.revoke_signer(keys, old)
    assert len(signers.accepted_certificates(keys)) == 1
    assert (keys / "revoked" / f"{old}.pem").is_file()
    for unknown in (old, "0" * 64, "../signing"):
        with pytest.raises(errors.SignerUnknown):
            signers.revoke_signer(keys, unknown)


def test_a_pair_that_does_not_belong_together_changes_nothing(keys):
    before = {p.name: p.read_bytes() for p in keys.iterdir()}
    key, _ = make_signing_identity("Department", PASSWORD)
    _, other = make_signing_identity("Department", PASSWORD)
    with pytest.raises(errors.SignerKeyMismatch):
        signers.replace_signer(keys, key, other, PASSWORD)
    same = (before["signing.key"], before["signing.pem"])
    with pytest.raises(errors.SignerKeyMismatch):
        signers.replace_signer(keys, *same, PASSWORD)
    assert {p.name: p.read_bytes() for p in keys.iterdir()} == before


class Killed(BaseException):
    pass


@pytest.mark.parametrize("after", range(12))
def test_killed_after_any_step_one_pair_is_in_force(after, keys, monkeypatch):
    """Every change of the disk is a step; the process dies after each of them in turn."""
    steps = iter(range(after + 1))

    def dying(real):
        def act(*arguments, **named):
            try:
                next(steps)
            except StopIteration:
                raise Killed from None
            return real(*arguments, **named)

        return act

    old = signers.load_signer(keys, PASSWORD).fingerprint
    key, certificate = make_signing_identity("Department", PASSWORD)
    with monkeypatch.context() as patch:
        patch.setattr(signers.files, "write_small", dying(signers.files.write_small))
        patch.setattr(signers.files, "overwrite", dying(signers.files.overwrite))
        patch.setattr("pathlib.Path.replace", dying(type(keys).replace))
        patch.setattr("pathlib.Path.unlink", dying(type(keys).unlink))
        with contextlib.suppress(Killed):
            signers.replace_signer(keys, key, certificate, PASSWORD)
    found = signers.load_signer(keys, PASSWORD).fingerprint
    assert found in (old, public_key_fingerprint(certificate))
    assert signs(keys)[0] == 0
    assert not list(keys.glob("*.next"))
    signers.replace_signer(keys, *make_signing_identity("Department", PASSWORD), PASSWORD)
    assert old in {public_key_fingerprint(pem) for pem in signers.accepted_certificates(keys)}


@pytest.mark.machine("softhsm2-util", "pkcs11-tool")
def test_a_keyring_moves_its_key_into_a_token_and_back(place, tmp_path, recipients, monkeypatch):
    ring = Keyring.create(tmp_path / "keys", department="Department", passphrase=b"long enough")
    first = ring.signer().fingerprint
    monkeypatch.delenv(signers.PIN_VARIABLE, raising=False)
    with pytest.raises(PinWrong):  # nothing changes as long as the token does not sign
        ring.replace_signer("Department", place)
    assert ring.signer().fingerprint == first
    monkeypatch.setenv(signers.PIN_VARIABLE, str(place.pin_file))
    assert ring.replace_signer("Department", place) == first
    kept = (tmp_path / "keys" / signers.KEY).read_bytes()
    assert b"PRIVATE" not in kept
    assert tokens.PIN.encode() not in kept
    write_package(tmp_path / "p", [Part.from_bytes("a", b"x")], recipients, ring.signer())
    verify_package(tmp_path / "p", ring.signing_certificate())
    assert ring.replace_signer("Department") != first
    assert isinstance(ring.signer(), FileSigner)
    certificates = signers.accepted_certificates(tmp_path / "keys")
    assert len(certificates) == 3
    with pytest.raises(errors.SignerUnknown):
        verify_package(tmp_path / "p", certificates[0])
