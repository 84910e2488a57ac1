"""The DER writer writes what openssl reads; the reader accepts nothing but strict DER."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.cms import der
from crypto.errors import DerMalformed

LENGTHS = [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000, 2**24 - 1, 2**24, 2**28, 2**32, 2**40]


@pytest.mark.parametrize("length", LENGTHS)
def test_a_header_has_the_shortest_length(length):
    head = der.header(der.OCTET_STRING, length)
    if length < 0x80:
        assert head == bytes((0x04, length))
    else:
        octets = head[2:]
        assert head[1] == 0x80 | len(octets)
        assert octets[0] != 0
        assert int.from_bytes(octets, "big") == length


@pytest.mark.parametrize(
    ("value", "encoded"),
    [(0, "020100"), (1, "020101"), (127, "02017f"), (128, "02020080"), (256, "02020100")],
)
def test_integers_by_hand(value, encoded):
    assert der.integer(value).hex() == encoded


@pytest.mark.parametrize(
    ("dotted", "encoded"),
    [
        ("1.2.840.113549.1.7.1", "06092a864886f70d010701"),
        ("2.16.840.1.101.3.4.1.46", "060960864801650304012e"),
        ("1.3.132.1.11.2", "06062b8104010b02"),
        ("2.5.4.3", "0603550403"),
    ],
)
def test_object_identifiers_by_hand(dotted, encoded):
    assert der.oid(dotted).hex() == encoded


def test_a_set_is_in_the_order_of_its_encodings():
    items = [der.integer(3), der.octet_string(b""), der.integer(1), der.null()]
    assert der.set_of(items) == der.tlv(der.SET, *sorted(items))


def test_openssl_reads_what_is_written(tmp_path, openssl):
    structure = der.sequence(
        der.oid("1.2.840.113549.1.7.1"),
        der.set_of([der.integer(70000), der.null()]),
        der.tlv(der.context(1), der.bit_string(b"\x05\x06")),
        der.octet_string(b"x" * 300),
    )
    (tmp_path / "x.der").write_bytes(structure)
    run = openssl("asn1parse", "-inform", "DER", "-in", tmp_path / "x.der")
    text = run.stdout.decode()
    assert run.returncode == 0
    for expected in ("pkcs7-data", "INTEGER           :011170", "cont [ 1 ]", "l= 300 prim: OCTET"):
        assert expected in text


MALFORMED = {
    "nothing": "",
    "a tag alone": "04",
    "a length without its content": "0405aabb",
    "an indefinite length": "3080020100 0000",
    "a long length that is short": "048103aabbcc",
    "a long length with a zero in front": "04820081" + "00" * 0x81,
    "a length whose octets are missing": "0484ff",
    "a length of nine octets": "0489010000000000000000",
    "a high tag number": "1f810100",
}


@pytest.mark.parametrize("encoded", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_elements_are_refused(encoded):
    with pytest.raises(DerMalformed):
        der.Reader(bytes.fromhex(encoded)).element()


@pytest.mark.parametrize("encoded", ["0200", "0201ff", "02020001", "0202007f", "0202ff80"])
def test_negative_and_padded_integers_are_refused(encoded):
    with pytest.raises(DerMalformed):
        der.Reader(bytes.fromhex(encoded)).integer()


def test_a_rest_and_a_wrong_tag_are_refused():
    reader = der.Reader(der.null() + der.null())
    with pytest.raises(DerMalformed):
        reader.element(der.OID)
    reader.element(der.NULL)
    with pytest.raises(DerMalformed):
        reader.end()


@given(st.integers(0, 2**80), st.binary(max_size=400), st.lists(st.binary(max_size=9), max_size=4))
def test_what_is_written_is_read_again(number, octets, several):
    encoded = der.sequence(
        der.integer(number), der.octet_string(octets), der.set_of(map(der.octet_string, several))
    )
    outer = der.Reader(encoded)
    inner = outer.inside(der.SEQUENCE)
    outer.end()
    assert inner.integer() == number
    assert inner.content(der.OCTET_STRING) == octets
    found = inner.inside(der.SET)
    inner.end()
    read = []
    while found.more():
        read.append(found.content(der.OCTET_STRING))
    assert sorted(read) == sorted(several)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    reader = der.Reader(data)
    spans = b""
    try:
        while reader.more():
            spans += reader.element()
    except DerMalformed:
        return
    assert spans == data
