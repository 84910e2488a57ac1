"""What the library reads from texts, and how it numbers values, is what whole arrays and plain Python come to."""

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from matching.ids import blank, number_ids
from matching.integers import numbered
from matching.normalise import numbers
from matching.normalise.address import street_name
from matching.normalise.streets import house_and_street
from matching.normalise.vocabulary import Dictionary
from tests.unit.matching.compiled import both_ways

FEW = settings(max_examples=60, deadline=None)
TEXTS = st.lists(
    st.none()
    | st.text("0123456789 -()", max_size=24)
    | st.text("0aAzZé9\u0661 -", max_size=20)
    | st.sampled_from(["", " ", "NONE", "unknown", "a1234567", "4155550134", "\u00a0", "x" * 40]),
    max_size=12,
)
STREETS = st.lists(
    st.lists(
        st.sampled_from(["12", "12b", "7,", "Main", "ÑANDÚ", "st.", "Apt", "APT.", "unit", "#4", "o'fl", "\t", "no", "1234567890"]),
        max_size=6,
    ).map(" ".join)
    | st.none() | st.text(max_size=12),
    max_size=8,
)  # fmt: skip


def column(values, cut=0):
    """Texts in two chunks that do not begin where their buffers do."""
    padded = pa.array(["12 pad", None, *values[:cut]]), pa.array(["pad", *values[cut:]])
    return pa.chunked_array(
        [padded[0].slice(2).cast(pa.string()), padded[1].slice(1).cast(pa.string())]
    )


@FEW
@given(TEXTS, st.integers(0, 12))
@example(["1" * 18], 0)
def test_figures_are_read_alike(values, cut):
    texts = column(values, min(cut, len(values)))
    for read in (
        numbers.digits,
        numbers.licence,
        numbers.social_security,
        numbers.telephone,
        numbers.zip_code,
    ):
        # a "-" before nothing but digits is a sign to Arrow and a blank to us
        given_ = texts if read is numbers.licence else column([_unsigned(v) for v in values])
        fast, slow = both_ways(lambda r=read, t=given_: r(t))
        assert np.array_equal(fast, slow), read.__name__


def _unsigned(value):
    return value if value is None or not value.lstrip(" ").startswith("-") else value.lstrip(" -")


def test_a_sign_is_no_part_of_a_number():
    assert numbers.telephone(column(["-4155550134", "415"])).tolist() == [4155550134, -1]


@FEW
@given(STREETS, st.integers(0, 8))
def test_houses_and_streets_are_read_alike(values, cut):
    texts = column(values, min(cut, len(values)))
    (fast, rest), (slow, whole) = both_ways(lambda: house_and_street(texts))
    assert fast.tolist() == slow.tolist()
    assert [street_name(t) for t in rest.to_pylist()] == [street_name(t) for t in whole.to_pylist()]


@FEW
@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3), max_size=40))
@example([*range(5_000), *range(5_000)])
def test_values_are_numbered_as_they_appear(values):
    fast, slow = both_ways(lambda: numbered(np.array(values, np.int64)))
    seen = {value: place for place, value in enumerate(dict.fromkeys(values))}
    assert fast[0].tolist() == slow[0].tolist() == [seen[v] for v in values]
    assert fast[1] == slow[1] == len(seen)


@FEW
@given(st.lists(st.text(max_size=3) | st.text("ab", min_size=7, max_size=10), max_size=40))
@example([f"record {i % 4_000}" for i in range(9_000)])
def test_ids_are_numbered_as_they_appear(values):
    texts = column(values, len(values) // 2)
    fast, slow = both_ways(lambda: number_ids(texts))
    seen = {value: place for place, value in enumerate(dict.fromkeys(values))}
    for number, first in (fast, slow):
        assert number.tolist() == [seen[v] for v in values]
        assert first.tolist() == [values.index(v) for v in seen]


@FEW
@given(st.lists(st.none() | st.sampled_from(["", " ", "a", "b", "é"]), max_size=20))
def test_a_files_dictionary_is_numbered_alike(values):
    order = pa.array(["b", "é", "", "unused", "a", " "])
    given_ = pa.chunked_array(
        [pa.DictionaryArray.from_arrays(pa.array(_places(values, order), pa.int32()), order)]
    )
    fast, slow = both_ways(lambda: Dictionary.joined([given_], len(values)))
    assert fast.indices.tolist() == slow.indices.tolist()
    assert fast.values == slow.values


def _places(values, order):
    known = order.to_pylist()
    return [None if v is None else known.index(v) for v in values]


@FEW
@given(TEXTS | st.lists(st.text(" \t\u2003\u00a0x", max_size=3), max_size=10))
def test_blank_is_null_or_white_space(values):
    texts = column(values, len(values) // 2)
    assert blank(texts).tolist() == [v is None or not v.strip() for v in values]
