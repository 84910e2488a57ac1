"""What the library reads from texts, and how it numbers values, is what whole arrays and plain Python come to."""

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from matching.arrays.numbering import blank, number_ids, numbered
from matching.arrow import texts
from matching.normalise import dates, names, numbers
from matching.normalise.addresses import house_and_street, street_name
from matching.normalise.vocabulary import Dictionary
from tests.examples import examples
from tests.unit.matching.compiled import both_ways

FEW = examples(60)
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
@example(["5" * 9, "15555555555", "0000000", "0111", "123-45-6789", "1234567890", "07-8051120"], 3)
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


@pytest.mark.long
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


NAMES = st.lists(
    st.lists(
        st.sampled_from([
            "O'Brien", "PEÑA", "de", "LA", "van", "Cruz", "Smith", "Jr.", "III", "2nd", "Senior", "unknown", "x", "WIFE", "of",
            "the", "child", "mr", "not", "given", "Иванов", "ß", "\u2019Aldo", "Ii", "no.name", "stepgranddaughter", "7", "Phx", "Sch`ll",
        ]),
        max_size=5,
    ).flatmap(lambda words: st.sampled_from([" ", "-", ", ", "  "]).map(lambda by: by.join(words)))
    | st.text(max_size=12) | st.text("aeklschxqu019", max_size=40) | st.just("\0 Smith \0"),
    max_size=8,
)  # fmt: skip


@FEW
@given(NAMES)
@example(
    [
        "a " * 40,
        "b" * 70,
        "Unknown Jr",
        "jr",
        "Jr Jr",
        "the",
        "Van",
        "van der",
        "wife of",
        "x jr iii",
    ]
)
def test_names_become_comparable_alike(values):
    fast, slow = both_ways(lambda: names.last_names(values))
    assert fast == slow
    fast, slow = both_ways(lambda: names.first_names(values))
    assert fast == slow
    folded = [name for name in slow if name]
    fast, slow = both_ways(lambda: names.sound_numbers(folded).tolist())
    assert fast == slow


@FEW
@given(
    st.lists(
        st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
        | st.sampled_from(["13/01/1980", "1/2/80", "1980", " 1980-01-02", "198O-01-02", "1980-0\u0661-02", "", "\0"])
        | st.text("0129-/", max_size=11),
        max_size=8,
    )
)  # fmt: skip
def test_dates_are_read_alike(values):
    fast, slow = both_ways(lambda: dates.birth_dates(values))
    assert fast == slow


@given(st.lists(st.text(max_size=4), max_size=6))
def test_texts_are_made_without_loss(values):
    assert texts(values).to_pylist() == values
    assert texts(values).type == pa.string()


@given(st.text(max_size=8))
def test_marks_alone_are_taken_off_as_letters_are(text):
    plain = unicodedata.normalize("NFKD", text.casefold().translate(names._PLAIN))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    plain = plain.lower().translate(names._APOSTROPHES)
    assert names.fold(text) == " ".join("".join(c if c.isalnum() else " " for c in plain).split())
