"""Wycheproof (C2SP, Apache-2.0) over the primitives under the writer, and our key parser.

Collected only where the vectors stand beside the clone; see conftest.
"""

import json
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from cryptography.hazmat.primitives.serialization import load_der_private_key

from crypto.cms.certificates import read_identity
from crypto.cms.recipients import OAEP
from crypto.cms.signing import _verify
from crypto.errors import CodedError, SignatureDoesNotHold

VECTORS = Path(__file__).resolve().parents[4] / "shared" / "vectors" / "wycheproof"


def cases(name):
    """Yield group and case, with every hexadecimal field as bytes."""
    for group in json.loads((VECTORS / f"{name}_test.json").read_text())["testGroups"]:
        for case in group["tests"]:
            text = ("tcId", "comment", "flags", "result")
            yield group, {k: v if k in text else bytes.fromhex(_even(v)) for k, v in case.items()}


def _even(text):
    return text if len(text) % 2 == 0 else "0" + text


def test_aes_256_gcm():
    seen = 0
    for group, case in cases("aes_gcm"):
        if (group["keySize"], group["ivSize"], group["tagSize"]) != (256, 96, 128):
            continue  # our writer and staging use no other shape
        seen += 1
        aead, sealed = AESGCM(case["key"]), case["ct"] + case["tag"]
        if case["result"] == "valid":
            assert aead.decrypt(case["iv"], sealed, case["aad"]) == case["msg"]
            assert aead.encrypt(case["iv"], case["msg"], case["aad"]) == sealed
        else:
            with pytest.raises(InvalidTag):
                aead.decrypt(case["iv"], sealed, case["aad"])
    assert seen > 50


def test_aes_key_wrap():
    seen = 0
    for group, case in cases("aes_wrap"):
        if group["keySize"] != 256:
            continue
        seen += 1
        if case["result"] == "valid":
            assert aes_key_unwrap(case["key"], case["ct"]) == case["msg"]
            assert aes_key_wrap(case["key"], case["msg"]) == case["ct"]
        elif case["result"] == "invalid":
            with pytest.raises((InvalidUnwrap, ValueError)):
                aes_key_unwrap(case["key"], case["ct"])
    assert seen > 30


@pytest.mark.long
def test_ecdh_over_our_reader_of_public_keys():
    """A key that our reader accepts gives the right secret; an invalid one is refused or does."""
    accepted = 0
    for _, case in cases("ecdh_secp384r1"):
        try:
            peer = read_identity(case["public"], bare_key=True).key
        except CodedError:
            assert case["result"] != "valid" or "CompressedPoint" in case["flags"], case["tcId"]
            continue
        private = ec.derive_private_key(int.from_bytes(case["private"], "big"), ec.SECP384R1())
        accepted += 1
        assert private.exchange(ec.ECDH(), peer) == case["shared"], case["tcId"]
    assert accepted > 700


def test_ecdsa_p384_sha384():
    seen = 0
    for group, case in cases("ecdsa_secp384r1_sha384"):
        signer = read_identity(bytes.fromhex(group["publicKeyDer"]), bare_key=True)
        seen += 1
        try:
            _verify(signer, case["sig"], case["msg"], rsa_named=False)
            assert case["result"] == "valid", case["tcId"]
        except SignatureDoesNotHold:
            assert case["result"] == "invalid", case["tcId"]
    assert seen > 400


def test_rsa_oaep_sha256():
    key, seen = None, 0
    for group, case in cases("rsa_oaep_3072_sha256_mgf1sha256"):
        key = key or load_der_private_key(bytes.fromhex(group["privateKeyPkcs8"]), None)
        if case["label"]:
            continue  # CMS has no label here
        seen += 1
        if case["result"] == "valid":
            assert key.decrypt(case["ct"], OAEP) == case["msg"], case["tcId"]
        else:
            with pytest.raises(ValueError, match=r"Decryption|Ciphertext"):
                key.decrypt(case["ct"], OAEP)
    assert seen > 20
