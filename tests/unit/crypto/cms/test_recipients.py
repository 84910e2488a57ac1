"""Which keys may receive, by name."""

import contextlib
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from crypto import errors
from crypto.cms.certificates import key_usage, read_identity
from crypto.cms.recipients import Recipient
from tests.unit.crypto import der
from tests.unit.crypto.sealing import seal_bytes

DSA_2048 = Path(cryptography_vectors.__file__).parent.joinpath(
    "asymmetric", "Traditional_OpenSSL_Serialization", "dsa.2048.pem"
)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def rsa_key(members):
    return load_pem_private_key(members["rsa3072"][0], None)


@pytest.fixture(scope="module")
def ec_key():
    return ec.generate_private_key(ec.SECP384R1())


def certificate(key, *uses, begin=NOON - timedelta(days=1), end=NOON + timedelta(days=1)):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Someone")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(2**127 + 5)
        .not_valid_before(begin)
        .not_valid_after(end)
    )
    if uses:
        builder = builder.add_extension(key_usage(*uses), critical=True)
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(Encoding.PEM)


def spki(key, encoding=Encoding.PEM):
    return key.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
@pytest.mark.parametrize("which", ["rsa_key", "ec_key"])
def test_certificates_and_bare_keys_have_one_fingerprint(which, encoding, request):
    key = request.getfixturevalue(which)
    der = x509.load_pem_x509_certificate(certificate(key)).public_bytes(encoding)
    known = Recipient.from_pem(der, on=NOON)
    bare = Recipient.from_pem(spki(key, encoding), on=NOON)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(spki(key, Encoding.DER))
    assert known.fingerprint == bare.fingerprint == digest.finalize().hex()
    assert known.kind == bare.kind == ("RSA-3072" if which == "rsa_key" else "P-384")


def test_what_is_kept_can_be_read_again(rsa_key):
    recipient = Recipient.from_pem(certificate(rsa_key), on=NOON)
    assert Recipient.from_pem(recipient.pem, on=NOON) == recipient


USES = [
    ("rsa_key", (), True),
    ("rsa_key", ("key_encipherment",), True),
    ("rsa_key", ("digital_signature", "key_encipherment"), True),
    ("rsa_key", ("digital_signature",), False),
    ("rsa_key", ("key_agreement",), False),
    ("rsa_key", ("data_encipherment",), False),
    ("ec_key", (), True),
    ("ec_key", ("key_agreement",), True),
    ("ec_key", ("digital_signature",), False),
    ("ec_key", ("key_encipherment",), False),
]


@pytest.mark.parametrize(("which", "uses", "good"), USES)
def test_the_certificates_use(which, uses, good, request):
    pem = certificate(request.getfixturevalue(which), *uses)
    if good:
        Recipient.from_pem(pem, on=NOON)
    else:
        with pytest.raises(errors.WrongCertificateUse):
            Recipient.from_pem(pem, on=NOON)


DAY = timedelta(days=1)
VALIDITY = {
    # begin, end, on, good
    "in force": (NOON - DAY, NOON + DAY, NOON, True),
    "its last second": (NOON - DAY, NOON, NOON, True),
    "a second late": (NOON - DAY, NOON - timedelta(seconds=1), NOON, False),
    "not yet": (NOON + timedelta(seconds=1), NOON + DAY, NOON, False),
    "today, made this noon": (NOON, NOON + DAY, date(2026, 6, 1), True),
    "today, ended this noon": (NOON - DAY, NOON, date(2026, 6, 1), True),
    "ended yesterday": (NOON - 2 * DAY, NOON - DAY, date(2026, 6, 1), False),
    "made in California's evening": (NOON + DAY / 2, NOON + DAY, date(2026, 6, 1), True),
    "begins tomorrow": (NOON + DAY, NOON + 2 * DAY, date(2026, 6, 1), False),
}


@pytest.mark.parametrize(("begin", "end", "on", "good"), VALIDITY.values(), ids=VALIDITY.keys())
def test_the_certificates_days(begin, end, on, good, ec_key):
    pem = certificate(ec_key, begin=begin, end=end)
    if good:
        Recipient.from_pem(pem, on=on)
    else:
        with pytest.raises(errors.CertificateExpired):
            Recipient.from_pem(pem, on=on)


def test_a_moment_needs_its_zone(ec_key):
    with pytest.raises(ValueError, match="zone"):
        Recipient.from_pem(certificate(ec_key), on=datetime(2026, 6, 1, 12))


def spki_of_rsa(bits, exponent):
    """An RSA public key of any size: nobody has its private one."""
    numbers = der.sequence(der.integer(2 ** (bits - 1) + 1), der.integer(exponent))
    kind = der.sequence(der.oid("1.2.840.113549.1.1.1"), der.null())
    return der.sequence(kind, der.bit_string(numbers))


def nested(depth):
    """Sequences in one another, the length of each definite."""
    data = b""
    for _ in range(depth):
        data = der.header(0x30, len(data)) + data if len(data) < 60_000 else data
    return data


def certificate_twice():
    """Two in one file."""
    return certificate(ec.generate_private_key(ec.SECP384R1())) * 2


def with_private_key():
    """A certificate, and its private key under it."""
    key = ec.generate_private_key(ec.SECP384R1())
    plain = NoEncryption()
    encoding, form = Encoding.PEM, PrivateFormat.PKCS8
    return certificate(key) + key.private_bytes(encoding, form, plain)


def test_weak_and_strange_keys_are_refused():
    for key in (
        rsa.generate_private_key(65537, 2048),
        rsa.generate_private_key(3, 3072),
        ed25519.Ed25519PrivateKey.generate(),
        load_pem_private_key(DSA_2048.read_bytes(), None),  # making one takes seconds
    ):
        with pytest.raises(errors.WeakKey) as error:
            Recipient.from_pem(certificate(key), on=NOON)
        assert error.value.exit == 5
        with pytest.raises(errors.WeakKey):
            Recipient.from_pem(spki(key), on=NOON)
    with pytest.raises(errors.WeakKey):
        Recipient.from_pem(spki(x25519.X25519PrivateKey.generate()), on=NOON)


def _explicit() -> bytes:
    """A public key on P-384 that spells its curve out, with a generator of the sender's."""
    curve = ec.generate_private_key(ec.SECP384R1()).public_key().public_numbers()
    point = b"\x04" + curve.x.to_bytes(48, "big") + curve.y.to_bytes(48, "big")
    prime = 2**384 - 2**128 - 2**96 + 2**32 - 1
    b = 0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF  # fmt: skip
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973  # fmt: skip
    field = der.sequence(der.oid("1.2.840.10045.1.1"), der.integer(prime))
    law = der.sequence(
        der.octet_string((prime - 3).to_bytes(48, "big")), der.octet_string(b.to_bytes(48, "big"))
    )
    told = der.sequence(
        der.integer(1), field, law, der.octet_string(point), der.integer(order), der.integer(1)
    )
    return der.sequence(der.sequence(der.oid("1.2.840.10045.2.1"), told), der.bit_string(point))


HOSTILE = {
    "explicit curve": _explicit(),
    "RSA of 16384 bits": spki_of_rsa(16384, 65537),
    "RSA of 200,000 bits": spki_of_rsa(200_000, 65537),
    "RSA with exponent 3": spki_of_rsa(3072, 3),
    "RSA with an exponent as long as its modulus": spki_of_rsa(4096, 2**4095 + 1),
    "RSA with exponent 0": spki_of_rsa(3072, 0),
    "nested 15,000 deep": nested(15_000),
    "of indefinite length": b"\x30\x80" + b"\x30\x80" * 30_000,
    "a length that lies": b"\x30\x84\xff\xff\xff\xff" + bytes(100),
    "two certificates": certificate_twice(),
    "a private key beside": with_private_key(),
    "a long text before": b"x" * (70 << 10) + b"-----BEGIN CERTIFICATE-----\n",
    "begins alone": b"-----BEGIN CERTIFICATE-----\n" * 2000,
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_certificate_is_refused_at_once(data):
    began = time.process_time()
    for bare_key in (True, False):
        with pytest.raises((errors.NotACertificate, errors.WeakKey, errors.WrongCurve)):
            read_identity(data, bare_key=bare_key)
    assert time.process_time() - began < 1


def test_a_certificate_of_many_extensions_is_read_or_refused_at_once(ec_key):
    """Nine hundred extensions of kinds that nobody knows, and a key usage."""
    builder = x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(x509.Name([]))
    builder = builder.public_key(ec_key.public_key()).serial_number(1)
    builder = builder.not_valid_before(NOON).not_valid_after(NOON + timedelta(days=1))
    for number in range(900):
        kind = x509.ObjectIdentifier(f"1.3.6.1.4.1.99999.{number}")
        builder = builder.add_extension(x509.UnrecognizedExtension(kind, bytes(20)), critical=False)
    pem = builder.sign(ec_key, hashes.SHA384()).public_bytes(Encoding.PEM)
    began = time.process_time()
    with contextlib.suppress(errors.NotACertificate):
        Recipient.from_pem(pem, on=NOON)
    assert time.process_time() - began < 1


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP521R1(), ec.SECP256K1()])
def test_other_curves_are_refused(curve):
    key = ec.generate_private_key(curve)
    for pem in (certificate(key), spki(key)):
        with pytest.raises(errors.WrongCurve):
            Recipient.from_pem(pem, on=NOON)


def test_a_key_bound_to_signing_by_its_kind_is_refused(tmp_path, openssl):
    made = openssl(
        *["req", "-x509", "-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:3072", "-nodes", "-keyout", "k", "-out", "c", "-days", "2"], "-subj", "/CN=x", cwd=tmp_path,
    )  # fmt: skip
    assert made.returncode == 0
    with pytest.raises(errors.WeakKey):
        Recipient.from_pem((tmp_path / "c").read_bytes(), on=datetime.now(UTC))


def test_anything_else_is_no_certificate(ec_key):
    pem = certificate(ec_key)
    private = ec_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for data in (
        b"", b"\x30\x00", b"hello", private, pem + private, pem + pem, pem[:-40], b"x" * 70_000,
    ):  # fmt: skip
        with pytest.raises(errors.NotACertificate) as error:
            Recipient.from_pem(data, on=NOON)
        assert error.value.exit == 6


def test_openssl_made_certificates_are_accepted(tmp_path, openssl):
    """`openssl req -x509` without options: CA:TRUE and no key usage."""
    for new in ("rsa:3072", "ec:p"):
        (tmp_path / "p").write_bytes(
            openssl("genpkey", "-genparam", "-algorithm", "EC", "-pkeyopt",
                    "ec_paramgen_curve:P-384").stdout
        )  # fmt: skip
        made = openssl(
            *f"req -x509 -newkey {new} -nodes -keyout k -out c -days 2 -subj".split(),
            "/C=US/ST=California/O=Universität/CN=Dr. Member",
            "-utf8",
            cwd=tmp_path,
        )
        assert made.returncode == 0, made.stderr
        recipient = Recipient.from_pem((tmp_path / "c").read_bytes(), on=datetime.now(UTC))
        (tmp_path / "x.cms").write_bytes(seal_bytes(b"plain", [recipient]))
        opened = openssl(
            *[
                "cms",
                "-decrypt",
                "-binary",
                "-inform",
                "DER",
                "-in",
                "x.cms",
                "-recip",
                "c",
                "-inkey",
                "k",
            ],
            cwd=tmp_path,
        )
        assert opened.stdout == b"plain"


def test_a_serial_that_is_zero_or_long_is_kept_exactly(ec_key, tmp_path, openssl):
    pem = certificate(ec_key)
    private = ec_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "c").write_bytes(pem)
    (tmp_path / "k").write_bytes(private)
    (tmp_path / "x.cms").write_bytes(seal_bytes(b"p", [Recipient.from_pem(pem, on=NOON)]))
    run = openssl(
        *["cms", "-decrypt", "-inform", "DER", "-in", "x.cms", "-recip", "c", "-inkey", "k"],
        cwd=tmp_path,
    )
    assert run.stdout == b"p"
