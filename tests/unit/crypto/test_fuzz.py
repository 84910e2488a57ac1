"""Whatever bytes come from outside, only our own coded errors come out."""

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from crypto import errors
from crypto.cms.recipients import Recipient
from crypto.cms.signing import FileSigner, read_signed_data, verify_detached
from crypto.package import sealed_package
from crypto.package.sealed_package import verify_package
from crypto.resting import document
from crypto.secret import Secret
from errors import CodedError
from tests.examples import examples

DEEP = examples(300, suppress_health_check=[HealthCheck.function_scoped_fixture])


INTEGRITY = (errors.SignatureUnreadable, errors.SignatureDoesNotHold, errors.SignerUnknown)


@pytest.fixture(scope="module")
def good(signer):
    return signer.sign_detached(b"list")


def mutated(seed):
    """Bytes near a valid sample: cut, flipped, spliced, with lengths that lie."""
    edit = st.tuples(st.integers(0, len(seed)), st.integers(0, 40), st.binary(max_size=12))
    return st.lists(edit, min_size=1, max_size=4).map(lambda edits: _apply(seed, edits))


def _apply(seed, edits):
    for at, length, put in edits:
        seed = seed[:at] + put + seed[at + length :]
    return seed


@DEEP
@given(data=st.data())
def test_certificates(data, members, today):
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    pem = members["p384"][1]
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    sample = data.draw(st.one_of(st.binary(max_size=300), mutated(der), mutated(pem)))
    try:
        recipient = Recipient.from_pem(sample, on=today)
        recipient.recipient_info(Secret("content key", bytes(32)))
    except CodedError:
        return


@DEEP
@given(data=st.data())
def test_signatures(data, signer, good):
    content = b"list"
    sample = data.draw(st.one_of(st.binary(max_size=200), mutated(good)))
    try:
        verify_detached(content, sample, signer.certificate_pem)
    except INTEGRITY:
        return
    # what still holds says the same as the good one; only the certificate inside may differ
    assert read_signed_data(sample).attributes == read_signed_data(good).attributes


@DEEP
@given(data=st.data())
def test_lists(data):
    good = sealed_package.write_sums({"README.txt": "0" * 64, "part-001.zip.cms": "a" * 64})
    sample = data.draw(st.one_of(st.binary(max_size=300), mutated(good)))
    try:
        read = sealed_package.read_sums(sample)
    except errors.PackageUnreadable:
        return
    assert sealed_package.write_sums(read) == sample
    assert all("/" not in name and not name.startswith(".") for name in read)


@DEEP
@given(data=st.data())
def test_private_keys(data, members, signer):
    sample = data.draw(st.one_of(st.binary(max_size=200), mutated(members["p384"][0])))
    with pytest.raises(CodedError):
        FileSigner.load(sample, signer.certificate_pem, data.draw(st.none() | st.binary()))


@DEEP
@example(sample=b"doj-release document v1\n")
@given(sample=st.binary(max_size=200).map(lambda b: b"doj-release document v1\n" + b))
def test_documents(sample, tmp_path):
    (tmp_path / "d").write_bytes(sample)
    with pytest.raises(errors.DocumentDoesNotHold):
        document.decrypt_document(tmp_path / "d", Secret("x", bytes(32)))


@examples(60, suppress_health_check=list(HealthCheck))
@given(names=st.lists(st.sampled_from(["SHA256SUMS", "SHA256SUMS.p7s", "a.cms", "x"]), unique=True),
       data=st.binary(max_size=100))  # fmt: skip
def test_directories(names, data, tmp_path_factory, signer):
    directory = tmp_path_factory.mktemp("package")
    for name in names:
        (directory / name).write_bytes(data)
    with pytest.raises(CodedError) as raised:
        verify_package(directory, signer.certificate_pem)
    assert raised.value.exit == 5
