"""One pinned signer: everybody else, and every change, is refused."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

from crypto import errors
from crypto.cms.certificates import key_usage, self_signed
from crypto.cms.signing import (
    FileSigner,
    certificate_fingerprint,
    make_signing_identity,
    public_key_fingerprint,
    verify_detached,
)
from tests.examples import places

LIST = b"0" * 64 + b"  part-001.zip.cms\n"


@pytest.fixture(scope="module")
def rsa_signer(members):
    key = load_pem_private_key(members["rsa3072"][0], None)
    return FileSigner(key, self_signed(key, "RSA signer", usage="digital_signature", days=2))


@pytest.fixture(scope="module", params=["p384", "rsa"])
def each_signer(request, signer, rsa_signer):
    return signer if request.param == "p384" else rsa_signer


def twin(signer):
    """Forge a signer of the same name and serial with another key."""
    mine = signer.identity.certificate
    key = ec.generate_private_key(ec.SECP384R1())
    forged = (
        x509.CertificateBuilder()
        .subject_name(mine.subject)
        .issuer_name(mine.issuer)
        .public_key(key.public_key())
        .serial_number(mine.serial_number)
        .not_valid_before(mine.not_valid_before_utc)
        .not_valid_after(mine.not_valid_after_utc)
        .add_extension(key_usage("digital_signature"), critical=True)
        .sign(key, hashes.SHA384())
    )
    return FileSigner(key, forged.public_bytes(Encoding.PEM))


def test_a_signature_holds_for_us(each_signer):
    verify_detached(LIST, each_signer.sign_detached(LIST), each_signer.certificate_pem)


def test_a_signature_holds_for_openssl_and_a_forgery_does_not(each_signer, tmp_path, openssl):
    (tmp_path / "list").write_bytes(LIST)
    (tmp_path / "department.pem").write_bytes(each_signer.certificate_pem)

    def verify():
        return openssl(
            *[
                "cms",
                "-verify",
                "-binary",
                "-inform",
                "DER",
                "-in",
                "p7s",
                "-content",
                "list",
                "-certfile",
                "department.pem",
                "-nointern",
                "-noverify",
                "-out",
                "out",
            ],
            cwd=tmp_path,
        )

    (tmp_path / "p7s").write_bytes(each_signer.sign_detached(LIST))
    good = verify()
    assert (good.returncode, good.stderr) == (0, b"CMS Verification successful\n")
    (tmp_path / "p7s").write_bytes(twin(each_signer).sign_detached(LIST))
    assert verify().returncode == 4


def test_changed_content_is_refused(each_signer):
    signature = each_signer.sign_detached(LIST)
    for changed in (LIST[:-1], LIST + b"\n", b"1" + LIST[1:], b""):
        with pytest.raises(errors.SignatureDoesNotHold):
            verify_detached(changed, signature, each_signer.certificate_pem)


def test_strangers_and_forgers_are_refused(signer, rsa_signer):
    with pytest.raises(errors.SignerUnknown):
        verify_detached(LIST, rsa_signer.sign_detached(LIST), signer.certificate_pem)
    with pytest.raises(errors.SignatureDoesNotHold):
        verify_detached(LIST, twin(signer).sign_detached(LIST), signer.certificate_pem)


def test_every_flipped_byte_of_a_signature_is_refused(signer):
    """The certificate that it carries included, although nothing rests on it."""
    signature = signer.sign_detached(LIST)
    for at in places(len(signature)):
        changed = bytearray(signature)
        changed[at] ^= 0x01
        with pytest.raises(
            (errors.SignatureUnreadable, errors.SignatureDoesNotHold, errors.SignerUnknown)
        ):
            verify_detached(LIST, bytes(changed), signer.certificate_pem)


def test_cut_and_lengthened_signatures_are_refused(signer):
    signature = signer.sign_detached(LIST)
    for wrong in [signature[:i] for i in range(0, len(signature), 7)] + [signature + b"\x00"]:
        with pytest.raises(errors.SignatureUnreadable):
            verify_detached(LIST, wrong, signer.certificate_pem)


def _signature(signer, *options, algorithm=None, twice=False):
    certificate = signer.identity.certificate
    builder = PKCS7SignatureBuilder().set_data(LIST)
    for _ in range(2 if twice else 1):
        builder = builder.add_signer(certificate, signer._key, algorithm or hashes.SHA384())
    return builder.sign(Encoding.DER, [PKCS7Options.Binary, *options])


DETACHED = PKCS7Options.DetachedSignature


@pytest.mark.parametrize(
    ("options", "more"),
    [
        ([], {}),
        ([DETACHED, PKCS7Options.NoAttributes], {}),
        ([DETACHED], {"algorithm": hashes.SHA256()}),
        ([DETACHED], {"twice": True}),
    ],
    ids=["content inside", "no attributes", "another hash", "two signers"],
)
def test_valid_cms_of_another_shape_is_refused(options, more, signer):
    signature = _signature(signer, *options, **more)
    with pytest.raises(errors.SignatureUnreadable):
        verify_detached(LIST, signature, signer.certificate_pem)


def test_attributes_cannot_be_passed_off_as_content(signer):
    """The signed attributes are signed bytes too; as a list of hashes they must not hold."""
    from crypto.cms.signing import read_signed_data

    signed = read_signed_data(signer.sign_detached(LIST))
    with pytest.raises(errors.SignatureDoesNotHold):
        verify_detached(signed.attributes, signer.sign_detached(LIST), signer.certificate_pem)


def test_key_and_certificate_must_belong_together(signer, rsa_signer):
    with pytest.raises(errors.SignerKeyMismatch):
        FileSigner(signer._key, twin(signer).certificate_pem)
    with pytest.raises(errors.SignerKeyMismatch):
        FileSigner(signer._key, rsa_signer.certificate_pem)


def test_loading_a_signer():
    key, certificate = make_signing_identity("Department", b"open sesame")
    assert b"ENCRYPTED" in key
    signer = FileSigner.load(key, certificate, b"open sesame")
    assert signer.fingerprint == public_key_fingerprint(certificate)
    assert "open sesame" not in repr(signer)
    with pytest.raises(errors.PassphraseMissing):
        FileSigner.load(key, certificate)
    with pytest.raises(errors.PassphraseWrong):
        FileSigner.load(key, certificate, b"open barley")
    with pytest.raises(errors.CertificateExpired):
        FileSigner.load(
            key, certificate, b"open sesame", on=datetime.now(UTC) + timedelta(days=1100)
        )
    for wrong in (b"", certificate, key[:100], b"x" * 70_000):
        with pytest.raises((errors.PrivateKeyUnusable, errors.PassphraseWrong)):
            FileSigner.load(wrong, certificate, b"open sesame")


def test_a_plain_key_loads_with_and_without_a_passphrase(signer):
    plain = signer._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for passphrase in (None, b"not needed"):
        FileSigner.load(plain, signer.certificate_pem, passphrase)


def test_a_certificate_for_another_use_signs_nothing(members):
    for key, certificate in members.values():
        with pytest.raises(errors.WrongCertificateUse):
            FileSigner.load(key, certificate)
        with pytest.raises(errors.WrongCertificateUse):
            verify_detached(LIST, b"", certificate)


def test_weak_signers_are_refused():
    for key, error in (
        (rsa.generate_private_key(65537, 2048), errors.WeakKey),
        (ec.generate_private_key(ec.SECP256R1()), errors.WrongCurve),
    ):
        with pytest.raises(error):
            FileSigner(key, self_signed(key, "weak", usage="digital_signature", days=2))


def test_the_letters_fingerprint_is_the_one_that_openssl_prints(signer, tmp_path, openssl):
    (tmp_path / "c").write_bytes(signer.certificate_pem)
    printed = openssl("x509", "-in", tmp_path / "c", "-noout", "-fingerprint", "-sha256").stdout
    assert printed.decode().strip().split("=")[1] == certificate_fingerprint(signer.certificate_pem)


def test_the_encrypted_key_is_a_standard_file(tmp_path, openssl):
    key, _ = make_signing_identity("Department", b"open sesame")
    (tmp_path / "k").write_bytes(key)
    run = openssl("pkey", "-in", tmp_path / "k", "-passin", "pass:open sesame", "-noout", "-check")
    assert run.returncode == 0
    assert isinstance(load_pem_private_key(key, b"open sesame").curve, ec.SECP384R1)
