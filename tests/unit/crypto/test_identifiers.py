"""Research ids and order keys against their definition, written out plainly."""

import base64
import hashlib
import hmac
import itertools

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given
from hypothesis import strategies as st

from crypto.identifiers import order_keys, record_keys, research_ids
from crypto.secret import Secret

ONE, TWO = Secret("projects/1", b"\x01" * 32), Secret("projects/2", b"\x02" * 32)


def hkdf(secret, label):
    """RFC 5869 with SHA-256, no salt, one block."""
    extracted = hmac.digest(bytes(32), secret.reveal(), "sha256")
    return hmac.digest(extracted, b"doj-release/v1/" + label.encode() + b"\x01", "sha256")


def plain_id(secret, label, text):
    digest = hmac.new(hkdf(secret, f"research-id/{label}"), text.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:15]).decode().lower()


def plain_key(secret, label, text):
    digest = hmac.new(hkdf(secret, f"row-order/{label}"), text.encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big")


TEXTS = st.lists(st.none() | st.text(max_size=20), max_size=30)


@given(TEXTS)
def test_every_id_is_its_definition(texts):
    expected = [None if t is None else plain_id(ONE, "person", t) for t in texts]
    assert research_ids(ONE, "person", pa.array(texts, pa.string())).to_pylist() == expected


@given(TEXTS)
def test_every_order_key_is_its_definition(texts):
    expected = [None if t is None else plain_key(ONE, "row", t) for t in texts]
    assert order_keys(ONE, "row", pa.array(texts, pa.string())).to_pylist() == expected


def test_a_known_answer_that_must_never_change():
    """Ids that were released stay what they are; another answer here breaks every project."""
    assert research_ids(ONE, "person", ["1"]).to_pylist() == ["hy2ho3d6bluchdixrelj5xzu"]
    assert order_keys(ONE, "person", ["1"]).to_pylist() == [9054167291901832671]


def test_numbers_dates_and_chunks_are_taken_as_text():
    numbers = pa.chunked_array([pa.array([7, None]), pa.array([8, 7])])
    as_text = research_ids(ONE, "order", ["7", None, "8", "7"])
    assert research_ids(ONE, "order", numbers).equals(as_text)
    assert research_ids(ONE, "order", [7, None, 8, 7]).equals(as_text)


def test_projects_labels_and_values_have_their_own():
    values = [str(i) for i in range(200)]
    made = [
        research_ids(secret, label, values).to_pylist()
        for secret in (ONE, TWO)
        for label in ("person", "order")
    ]
    assert len({i for ids in made for i in ids}) == 4 * 200
    assert all(len(i) == 24 and i.isalnum() and i == i.lower() for ids in made for i in ids)


def test_order_is_a_shuffle_of_its_own():
    keys = order_keys(ONE, "row", list(range(1000)))
    order = pc.sort_indices(keys).to_pylist()
    assert sorted(order) == list(range(1000))
    assert sum(a < b for a, b in itertools.pairwise(order)) < 600
    assert order != pc.sort_indices(order_keys(TWO, "row", list(range(1000)))).to_pylist()


def test_keys_of_records_are_no_order_of_rows():
    values = [str(i) for i in range(100)]
    made = record_keys(ONE, "CARPOS", values).to_pylist()
    assert record_keys(ONE, "CARPOS", ["1"]).to_pylist() == [made[1]]
    others = [
        order_keys(ONE, "CARPOS", values),
        record_keys(TWO, "CARPOS", values),
        record_keys(ONE, "RIPA", values),
    ]
    assert not set(made) & {k for one in others for k in one.to_pylist()}


def test_nothing_in_nothing_out():
    for make in (research_ids, order_keys, record_keys):
        assert make(ONE, "x", pa.array([], pa.string())).to_pylist() == []
        assert make(ONE, "x", pa.array([None], pa.string())).to_pylist() == [None]
