"""Structures are written as openssl reads them; the library's codec accepts nothing but strict DER.

`tests.unit.crypto.der` is a reader and writer by hand: the oracle of the codec.
"""

import pytest
from cryptography.hazmat import asn1
from cryptography.x509 import ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

from crypto.cms import structures
from crypto.cms.signing import read_signed_data
from crypto.errors import SignatureUnreadable
from tests.examples import examples
from tests.unit.crypto import der
from tests.unit.crypto.test_fuzz import mutated

LENGTHS = [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000, 2**24 - 1, 2**24, 2**28, 2**32, 2**40]


@pytest.mark.parametrize("length", LENGTHS)
def test_a_header_has_the_shortest_length(length):
    head = structures.header(der.OCTET_STRING, length)
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
    assert asn1.encode_der(value) == der.integer(value) == bytes.fromhex(encoded)
    assert asn1.decode_der(int, bytes.fromhex(encoded)) == value


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
    encoded = bytes.fromhex(encoded)
    assert asn1.encode_der(ObjectIdentifier(dotted)) == der.oid(dotted) == encoded


@asn1.sequence
class Mixed:
    """What any structure here is made of."""

    kind: ObjectIdentifier
    items: asn1.SetOf[asn1.TLV]
    number: int
    octets: bytes


def mixed(number, octets, several):
    """The same structure twice: by the codec, and by hand."""
    items = [asn1.decode_der(asn1.TLV, der.octet_string(item)) for item in several]
    kind = structures.DATA
    made = Mixed(kind=kind, items=asn1.SetOf(items), number=number, octets=octets)
    by_hand = der.sequence(
        der.oid(kind.dotted_string),
        der.set_of(map(der.octet_string, several)),
        der.integer(number),
        der.octet_string(octets),
    )
    return asn1.encode_der(made), by_hand


def test_openssl_reads_what_is_written(tmp_path, openssl):
    (tmp_path / "x.der").write_bytes(mixed(70000, b"x" * 300, [b"", b"ab"])[0])
    run = openssl("asn1parse", "-inform", "DER", "-in", tmp_path / "x.der")
    text = run.stdout.decode()
    assert run.returncode == 0
    for expected in ("pkcs7-data", "INTEGER           :011170", "l= 300 prim: OCTET"):
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
    "a high tag number that has a low form": "1f0100",
    "a high tag number with a zero in front": "1f808100",
    "a rest": "050000",
}


@pytest.mark.parametrize("encoded", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_elements_are_refused(encoded):
    with pytest.raises(ValueError, match="parsing"):
        asn1.decode_der(asn1.TLV, bytes.fromhex(encoded))


@pytest.mark.parametrize("encoded", ["0200", "02020001", "0202007f", "0202ff80"])
def test_padded_integers_are_refused(encoded):
    with pytest.raises(ValueError, match="parsing"):
        asn1.decode_der(int, bytes.fromhex(encoded))


def test_a_rest_a_wrong_tag_and_a_set_out_of_order_are_refused():
    good = mixed(1, b"x", [b"a", b"b"])[1]
    swapped = good.replace(b"\x04\x01a\x04\x01b", b"\x04\x01b\x04\x01a")
    wrong = good.replace(b"\x04\x01x", b"\x0c\x01x")
    constructed = good.replace(b"\x04\x01x", b"\x24\x01x")
    inside = der.sequence(good[2:] + der.null())
    assert asn1.decode_der(Mixed, good).octets == b"x"
    for bad in (swapped, wrong, constructed, inside, good + b"\x00", good[:-1]):
        assert bad != good
        with pytest.raises(ValueError, match="parsing"):
            asn1.decode_der(Mixed, bad)


@given(st.integers(0, 2**80), st.binary(max_size=400), st.lists(st.binary(max_size=9), max_size=4))
def test_what_is_written_by_hand_is_written_and_read(number, octets, several):
    written, by_hand = mixed(number, octets, several)
    assert written == by_hand
    read = asn1.decode_der(Mixed, by_hand)
    assert (read.number, read.octets) == (number, octets)
    assert sorted(bytes(item.data) for item in read.items.as_list()) == sorted(several)


@given(st.binary(max_size=200))
def test_any_bytes_that_the_oracle_refuses_are_refused(data):
    reader = der.Reader(data)
    try:
        reader.element()
        reader.end()
    except der.DerMalformed:
        if (
            data and data[0] & 0x1F != 0x1F
        ):  # the oracle knows no high tags, and nothing asks for one
            with pytest.raises(ValueError, match="parsing"):
                asn1.decode_der(asn1.TLV, data)
        return
    assert asn1.encode_der(asn1.decode_der(asn1.TLV, data)) == data


def _attributes(data):
    """Walk a signature as the oracle reads it, to its signed attributes; all of it strict."""
    outer = der.Reader(data)
    info = outer.inside(der.SEQUENCE)
    outer.end()
    assert info.element(der.OID) == der.oid("1.2.840.113549.1.7.2")
    explicit = info.inside(der.context(0))
    info.end()
    signed = explicit.inside(der.SEQUENCE)
    explicit.end()
    assert signed.integer() == 1
    algorithms = signed.inside(der.SET)
    algorithms.element(der.SEQUENCE)
    algorithms.end()
    assert signed.content(der.SEQUENCE) == der.oid("1.2.840.113549.1.7.1")
    if signed.next_tag() == der.context(0):
        signed.element()
    signers = signed.inside(der.SET)
    signed.end()
    signer = signers.inside(der.SEQUENCE)
    signers.end()
    assert signer.integer() == 1
    signer.element(der.SEQUENCE)
    signer.element(der.SEQUENCE)
    attributes = der.tlv(der.SET, signer.content(der.context(0)))
    signer.element(der.SEQUENCE)
    signer.content(der.OCTET_STRING)
    signer.end()
    every, seen = der.Reader(attributes).inside(der.SET), set()
    while every.more():
        attribute = every.inside(der.SEQUENCE)
        kind, values = attribute.element(der.OID), attribute.inside(der.SET)
        attribute.end()
        values.element()
        values.end()
        assert kind not in seen
        seen.add(kind)
    return attributes


@examples(300)
@given(data=st.data())
def test_a_signature_is_read_only_where_the_oracle_reads_the_same(data, signature):
    sample = data.draw(mutated(signature))
    try:
        read = read_signed_data(sample)
    except SignatureUnreadable:
        return
    assert _attributes(sample) == read.attributes


@pytest.fixture(scope="module")
def signature(signer):
    return signer.sign_detached(b"list")
