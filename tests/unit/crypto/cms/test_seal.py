"""What is sealed opens with stock openssl and with nothing less than every byte of it."""

import hashlib
import io
import os
import traceback

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap
from hypothesis import given
from hypothesis import strategies as st

from crypto.cms import seal
from crypto.cms.recipients import Recipient
from crypto.cms.seal import seal_stream
from crypto.errors import PartTooLarge, RecipientsWrong, SourceChanged
from tests.examples import examples, places
from tests.unit.crypto import der
from tests.unit.crypto.sealing import seal_bytes

C = seal._CHUNK
SIZES = [0, 1, 15, 16, 17, 127, 128, 65535, 65536, C - 1, C, C + 1, 2 * C - 1, 2 * C, 2 * C + 17]


@pytest.fixture(scope="module")
def sealed(recipients):
    return seal_bytes(b"forty-two bytes that nobody may read, yet.", recipients)


@pytest.mark.parametrize("size", SIZES)
def test_every_recipient_opens_every_size(size, members, recipients, opened):
    plain = os.urandom(size)
    sealed = seal_bytes(plain, recipients)
    for key, _ in members.values():
        assert opened(sealed, key) == plain


@pytest.mark.parametrize("kind", ["rsa3072", "p384"])
@pytest.mark.parametrize("size", [0, 1, C, 3 * C + 1])
def test_openssl_opens_it(kind, size, members, recipients, tmp_path, openssl):
    plain = os.urandom(size)
    key, certificate = members[kind]
    (tmp_path / "x.cms").write_bytes(seal_bytes(plain, recipients))
    (tmp_path / "my.key").write_bytes(key)
    (tmp_path / "my.pem").write_bytes(certificate)
    decrypt = ("cms", "-decrypt", "-binary", "-inform", "DER", "-in", "x.cms")
    with_certificate = openssl(*decrypt, "-recip", "my.pem", "-inkey", "my.key", cwd=tmp_path)
    with_key = openssl(*decrypt, "-inkey", "my.key", cwd=tmp_path)
    assert (with_certificate.returncode, with_certificate.stdout) == (0, plain)
    assert (with_key.returncode, with_key.stdout) == (0, plain)


@pytest.mark.parametrize("kind", ["rsa3072", "p384"])
def test_openssl_opens_it_for_a_bare_public_key(kind, members, tmp_path, openssl, today):
    key, certificate = members[kind]
    (tmp_path / "my.key").write_bytes(key)
    (tmp_path / "my.pem").write_bytes(certificate)
    bare = openssl("pkey", "-in", "my.key", "-pubout", cwd=tmp_path).stdout
    (tmp_path / "x.cms").write_bytes(seal_bytes(b"plain", [Recipient.from_pem(bare, on=today)]))
    decrypt = ("cms", "-decrypt", "-binary", "-inform", "DER", "-in", "x.cms", "-inkey", "my.key")
    assert openssl(*decrypt, cwd=tmp_path).stdout == b"plain"
    assert openssl(*decrypt, "-recip", "my.pem", cwd=tmp_path).stdout == b"plain"


def test_openssl_reads_the_structure(sealed, tmp_path, openssl):
    (tmp_path / "x.cms").write_bytes(sealed)
    run = openssl("cms", "-cmsout", "-print", "-inform", "DER", "-in", tmp_path / "x.cms")
    text = run.stdout.decode()
    for expected in (
        "id-smime-ct-authEnvelopedData",
        "aes-256-gcm",
        "rsaesOaep",
        "dhSinglePass-stdDH-sha384kdf-scheme",
        "id-aes256-wrap",
        "authAttrs:\n      <ABSENT>",
    ):
        assert expected in text


def test_the_hash_is_of_what_was_written(recipients):
    sink = io.BytesIO()
    digest = seal_stream(io.BytesIO(b"x" * 1000), 1000, recipients, sink)
    assert digest.sha256_hex == hashlib.sha256(sink.getvalue()).hexdigest()
    assert digest.bytes == len(sink.getvalue())


def test_no_two_objects_share_key_or_nonce(recipients):
    one, two = seal_bytes(bytes(64), recipients), seal_bytes(bytes(64), recipients)
    assert one[-80:] != two[-80:]


def test_any_flipped_bit_is_noticed(sealed, members, opened):
    """Outside the other recipient's info: that one is not this recipient's to check."""
    start, end = _infos(sealed)
    for kind, step in (("p384", 1), ("rsa3072", 3)):
        key = members[kind][0]
        silent = [i for i in places(len(sealed), step) if _opens(_flipped(sealed, i), key, opened)]
        assert all(start <= i < end for i in silent), kind


def test_any_cut_and_any_rest_is_noticed(sealed, members, opened):
    key = members["p384"][0]
    assert not any(_opens(sealed[:i], key, opened) for i in places(len(sealed)))
    assert not _opens(sealed + b"\x00", key, opened)


def test_a_stranger_opens_nothing(sealed, opened):
    from crypto.cms.certificates import make_recipient

    assert not _opens(sealed, make_recipient("p384", "Member p384")[0], opened)


class Dripping(io.BytesIO):
    """Gives a few bytes at a time, as pipes and networks do."""

    def readinto(self, buffer):
        return super().readinto(memoryview(buffer)[:7])


class Plain:
    """Has nothing but ``read``."""

    def __init__(self, data):
        self.read = io.BytesIO(data).read


@examples(25)
@given(
    plain=st.binary(max_size=300),
    chunk=st.integers(1, 64),
    source=st.sampled_from([Dripping, Plain]),
)
def test_streaming_in_any_steps_gives_the_same_plaintext(
    plain, chunk, source, members, recipients, opened
):
    whole = seal._CHUNK
    seal._CHUNK = chunk
    try:
        sink = io.BytesIO()
        seal_stream(source(plain), len(plain), recipients[1:], sink)
    finally:
        seal._CHUNK = whole
    assert opened(sink.getvalue(), members["p384"][0]) == plain


@pytest.mark.parametrize("announced", [0, 9, 11, 100])
def test_a_source_of_another_size_is_refused(announced, recipients):
    with pytest.raises(SourceChanged):
        seal_stream(io.BytesIO(b"x" * 10), announced, recipients, io.BytesIO())


def test_too_large_a_part_is_a_usage_error(recipients):
    with pytest.raises(PartTooLarge) as error:
        seal_stream(io.BytesIO(), 256 * 2**20 + 1, recipients, io.BytesIO())
    assert error.value.exit == 2


def test_no_recipient_or_one_twice_is_refused(recipients):
    for wrong in ([], [recipients[0], recipients[0]], recipients * 40):
        with pytest.raises(RecipientsWrong):
            seal_bytes(b"x", wrong)


def _flipped(data, at):
    changed = bytearray(data)
    changed[at] ^= 0x01
    return bytes(changed)


def _opens(sealed, key, opened):
    try:
        return opened(sealed, key) is not None
    except (der.DerMalformed, AssertionError, InvalidTag, InvalidUnwrap, ValueError):
        return False


def _infos(sealed):
    body = der.Reader(sealed).inside(der.SEQUENCE)
    body.element()
    inner = body.inside(der.context(0)).inside(der.SEQUENCE)
    inner.element()
    infos = inner.element(der.SET)
    start = sealed.index(infos)
    return start, start + len(infos)


WRAPPED = {"rsa3072": "KeyTransport", "p384": "RecipientEncryptedKey"}


class _Breaks(io.BytesIO):
    def read(self, *_, **__):
        raise OSError("the disk is gone")

    readinto = write = read


@pytest.mark.parametrize("where", ["source", "sink", "recipient"])
@pytest.mark.parametrize("kind", ["rsa3072", "p384"])
def test_no_traceback_shows_a_content_key(where, kind, members, today, monkeypatch):
    """Not even one that prints every local variable, as monitoring tools do."""
    key = bytes(range(65, 97))
    monkeypatch.setattr(seal.secrets, "token_bytes", lambda count: key[:count])
    recipient = Recipient.from_pem(members[kind][1], on=today)
    source, sink = io.BytesIO(bytes(100)), io.BytesIO()
    if where == "recipient":
        monkeypatch.setattr(f"crypto.cms.recipients.cms.{WRAPPED[kind]}", _Breaks().read)
    else:
        source, sink = (_Breaks(), sink) if where == "source" else (source, _Breaks())
    with pytest.raises(OSError, match="disk is gone") as caught:
        seal_stream(source, 100, [recipient], sink)
    told = "".join(
        traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    )
    assert "seal_stream" in told
    for shape in (key.decode(), key.hex(), repr(list(key))[1:-1]):
        assert shape not in told
