"""Encrypted documents: every size around a chunk's edge, every change, cut and addition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import errors
from crypto.resting import document
from crypto.secret import Secret
from tests.examples import examples, places

KEY, OTHER = Secret("a", b"\x01" * 32), Secret("b", b"\x02" * 32)
C = document.CHUNK
SIZES = [0, 1, C - 1, C, C + 1, 2 * C - 1, 2 * C, 2 * C + 1, 5 * C]


@pytest.mark.parametrize("size", SIZES)
def test_every_size_comes_back(size, tmp_path):
    plain = bytes(i % 251 for i in range(size))
    document.encrypt_document(plain, tmp_path / "sealed", KEY)
    assert document.decrypt_document(tmp_path / "sealed", KEY) == plain
    assert (tmp_path / "sealed").stat().st_mode & 0o777 == 0o600
    chunks = max(1, -(-size // C))
    assert (tmp_path / "sealed").stat().st_size == 24 + 32 + size + 16 * chunks


def test_the_same_bytes_never_encrypt_alike(tmp_path):
    document.encrypt_document(b"cohort", tmp_path / "a", KEY)
    document.encrypt_document(b"cohort", tmp_path / "b", KEY)
    assert document.decrypt_document(tmp_path / "a", KEY) == b"cohort"
    assert (tmp_path / "a").read_bytes() != (tmp_path / "b").read_bytes()
    assert b"cohort" not in (tmp_path / "a").read_bytes()


class Attack:
    """Edits the chunks of a document whose chunks hold eight bytes each."""

    def __init__(self, data):
        self.head, body = data[:56], data[56:]
        self.chunks = [body[i : i + 24] for i in range(0, len(body), 24)]

    def make(self, *order):
        return self.head + b"".join(self.chunks[i] for i in order)


@pytest.fixture
def eight(tmp_path, monkeypatch):
    monkeypatch.setattr(document, "CHUNK", 8)
    document.encrypt_document(b"0123456789abcdefXYZ", tmp_path / "sealed", KEY)
    return tmp_path / "sealed"


def refused(path, data):
    path.write_bytes(data)
    with pytest.raises(errors.DocumentDoesNotHold) as raised:
        document.decrypt_document(path, KEY)
    assert raised.value.exit == 5


def test_chunks_cut_swapped_repeated_or_added_are_refused(eight):
    attack = Attack(eight.read_bytes())
    assert len(attack.chunks) == 3
    for order in ((), (0,), (0, 1), (1, 0, 2), (0, 0, 1, 2), (0, 2), (2,), (0, 1, 2, 2), (1, 2)):
        refused(eight, attack.make(*order))


def test_every_flipped_byte_cut_and_addition_is_refused(eight):
    whole = eight.read_bytes()
    for at in places(len(whole)):
        changed = bytearray(whole)
        changed[at] ^= 0x01
        refused(eight, bytes(changed))
        refused(eight, whole[:at])
    refused(eight, whole + b"\x00")
    refused(eight, whole + whole[-24:])


def test_an_empty_last_chunk_after_others_is_refused(eight):
    """It would be a second spelling of the same document."""
    salt = bytes(32)
    aead = document._file_key(KEY, salt)
    first = aead.encrypt(document._nonce(0, last=False), b"12345678", None)
    empty = aead.encrypt(document._nonce(1, last=True), b"", None)
    refused(eight, document._MAGIC + salt + first + empty)


def test_another_key_or_no_document(eight, tmp_path):
    with pytest.raises(errors.DocumentDoesNotHold):
        document.decrypt_document(eight, OTHER)
    for missing in (tmp_path / "missing", tmp_path):
        with pytest.raises(errors.FileUnusable):
            document.decrypt_document(missing, KEY)
    with pytest.raises(errors.FileUnusable):
        document.encrypt_document(b"x", tmp_path / "missing" / "x", KEY)


def test_too_much_for_memory_is_a_usage_error(eight, monkeypatch):
    monkeypatch.setattr(document, "MAX_IN_MEMORY", 0)
    with pytest.raises(errors.PartTooLarge):
        document.decrypt_document(eight, KEY)


@examples(50)
@given(st.binary(max_size=100), st.integers(1, 20))
def test_any_bytes_in_any_chunks(tmp_path_factory, plain, chunk):
    path = tmp_path_factory.mktemp("d") / "sealed"
    whole = document.CHUNK
    document.CHUNK = chunk
    try:
        document.encrypt_document(plain, path, KEY)
        assert document.decrypt_document(path, KEY) == plain
    finally:
        document.CHUNK = whole
