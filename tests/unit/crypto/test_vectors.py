"""NIST's vectors (package cryptography-vectors) for the parts of ECDH recipients and signers."""

import re
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from crypto import errors
from crypto.cms.certificates import read_identity
from crypto.cms.signing import read_signed_data
from tests.unit.crypto import der

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

VECTORS = Path(cryptography_vectors.__file__).parent


def records(path):
    """Yield the ``name = value`` lines of each COUNT of a NIST response file."""
    for block in re.split(r"^COUNT = \d+\s*$", path.read_text(), flags=re.MULTILINE)[1:]:
        yield dict(re.findall(r"^(\w+) = (\w*)$", block, re.MULTILINE)), "FAIL" in block


def test_sp_800_38f_key_wrap():
    folder = VECTORS / "keywrap" / "kwtestvectors"
    wrapped = list(records(folder / "KW_AE_256.txt"))
    for fields, _ in wrapped:
        key, plain, sealed = (bytes.fromhex(fields[name]) for name in "KPC")
        assert aes_key_wrap(key, plain) == sealed
    unwrapped = list(records(folder / "KW_AD_256.txt"))
    for fields, fails in unwrapped:
        key, sealed = bytes.fromhex(fields["K"]), bytes.fromhex(fields["C"])
        if fails:
            with pytest.raises(InvalidUnwrap):
                aes_key_unwrap(key, sealed)
        else:
            assert aes_key_unwrap(key, sealed).hex() == fields["P"]
    assert len(wrapped) > 100
    assert any(fails for _, fails in unwrapped)


def test_x963_kdf_with_sha384():
    text = (VECTORS / "KDF" / "ansx963_2001.txt").read_text()
    seen = 0
    for section in text.split("[SHA-384]")[1:]:
        lengths = re.findall(r"\[(?:SharedInfo|key data) length = (\d+)\]", section)[:2]
        bits = int(lengths[1])
        part = section.split("[SHA-")[0]
        for secret, info, expected in re.findall(
            r"^Z = (\w+)\s+SharedInfo = (\w*)$.*?^key_data = (\w+)$", part, re.DOTALL | re.MULTILINE
        ):
            kdf = X963KDF(hashes.SHA384(), bits // 8, bytes.fromhex(info))
            assert kdf.derive(bytes.fromhex(secret)).hex() == expected
            seen += 1
    assert seen >= 20


def test_every_sample_certificate_is_read_or_refused_by_our_own_error():
    read = 0
    for path in sorted((VECTORS / "x509").rglob("*")):
        if not path.is_file():
            continue
        try:
            identity = read_identity(path.read_bytes(), bare_key=True)
        except errors.CodedError:
            continue
        read += 1
        if identity.certificate is not None:
            raw = asn1.encode_der(identity.issuer_and_serial())
            assert identity.certificate.issuer.public_bytes() in raw
    assert read > 3


def test_every_sample_key_is_read_or_refused_by_our_own_error():
    for path in sorted((VECTORS / "asymmetric").rglob("*.*")):
        if path.is_file() and path.stat().st_size < 100_000:
            try:
                read_identity(path.read_bytes(), bare_key=True)
            except errors.CodedError:
                continue


def test_every_sample_of_cms_is_no_signature_of_ours():
    samples = [p for p in sorted((VECTORS / "pkcs7").iterdir()) if p.is_file()]
    assert samples
    for path in samples:
        with pytest.raises(errors.SignatureUnreadable):
            read_signed_data(path.read_bytes())


def test_the_issuers_bytes_are_the_certificates_own(members):
    for _, pem in members.values():
        identity = read_identity(pem, bare_key=False)
        certificate = x509.load_pem_x509_certificate(pem)
        named = asn1.encode_der(identity.issuer_and_serial())
        issuer = certificate.issuer.public_bytes()
        assert named == der.sequence(issuer, der.integer(certificate.serial_number))
