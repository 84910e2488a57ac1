"""Text to codes, as tables that can be read."""

from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from matching.normalise import Vocabulary, addresses, dates, names, numbers
from matching.normalise.vocabulary import representatives
from systems.dates import BIRTH_DATE_FORMS, birth_date_sql
from tests.unit.matching.sound import sound

LAST = [
    ("O'Brien", "obrien"),
    ("O BRIEN", "o brien"),
    ("Peña-López", "pena lopez"),
    ("De la Cruz", "de la cruz"),
    ("DELACRUZ", "delacruz"),
    ("García López", "garcia lopez"),
    ("McDonald", "mcdonald"),
    ("Mc Donald", "mc donald"),
    ("Van der Berg", "van der berg"),
    ("Smith, Jr.", "smith"),
    ("Smith III", "smith"),
    ("Łukasz", "lukasz"),
    ("Müller", "muller"),
    ("unknown", ""),
    ("Li", "li"),
    ("Иванов", "иванов"),
    ("--", ""),
]


@pytest.mark.parametrize(("text", "want"), LAST)
def test_last_names_are_folded(text, want):
    assert names.last_name(text) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [("Jr.", "jr"), ("SENIOR", "sr"), ("2nd", "ii"), ("IV", "iv"), ("Esq", ""), ("", "")],
)
def test_suffixes_have_one_spelling(text, want):
    assert names.suffix(text) == want


def test_a_suffix_is_found_inside_a_last_name():
    assert names.suffix_in("Smith, Jr.") == "jr"
    assert names.suffix_in("Smith") == ""
    assert names.suffix_in("Ii") == ""  # a name of its own, not a suffix


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("smith", "smyth"),
        ("philips", "fillips"),
        ("gonzales", "gonzalez"),
        ("catherine", "katherine"),
    ],
)
def test_names_that_sound_alike_share_a_key(a, b):
    assert sound(a) == sound(b)


def test_names_that_do_not_sound_alike_have_other_keys():
    assert sound("smith") != sound("jones")


@pytest.mark.parametrize(
    ("nickname", "formal"),
    [
        ("chava", "salvador"), ("beto", "alberto"), ("beto", "humberto"), ("chelo", "consuelo"), ("chelo", "marcelo"),
        ("naco", "ignacio"), ("pepa", "josefina"), ("lalo", "eduardo"), ("quique", "enrique"), ("meche", "mercedes"),
        ("hovo", "hovhannes"), ("vartan", "vardan"), ("sasha", "alexander"), ("sasha", "alexandra"), ("dima", "dmitry"),
        ("kolya", "nikolai"), ("natasha", "natalia"), ("mo", "mohammad"), ("jassi", "jaswinder"), ("harry", "harpreet"),
        ("gosia", "malgorzata"), ("beppe", "giuseppe"), ("ze", "jose"), ("caloy", "carlos"), ("tasha", "latasha"),
    ],
)  # fmt: skip
def test_nicknames_of_many_communities(nickname, formal):
    pair = tuple(sorted((nickname, formal)))
    assert names.nickname_pairs([nickname, formal]) == {pair}


def test_a_name_that_only_looks_like_a_nickname_is_none():
    apart = ["kevin", "sangwoo", "jun", "boy", "josefina", "jose", "alice", "ali", "jason", "james"]
    pairs = names.nickname_pairs(apart)
    assert not pairs, pairs


@pytest.mark.parametrize(
    ("written", "want"),
    [
        (["luis miguel", "luis miguel", "lui smiguel"], "luis miguel"),
        (["sangwoo", "sangwoo", "sang woo"], "sang woo"),
        (["maria"] * 20 + ["mar ia"], "maria"),
    ],
)
def test_the_usual_spelling_with_most_words_stands_for_names_that_differ_by_blanks(written, want):
    words = Vocabulary()
    codes = np.array(words.codes(written), np.int32)
    table = representatives(words, [codes])
    assert {words.texts[code] for code in table[codes + 1]} == {want}


def test_nicknames_have_roots_and_pairs():
    assert names.root("bob") == "robert"
    assert names.root("zebulon") == "zebulon"
    assert ("bob", "robert") in names.nickname_pairs(["robert", "bob", "mary"])


BIRTH = [
    ("1980-02-29", 19800229),
    ("1980/2/9", 19800209),
    ("19800229", 19800229),
    ("02/29/1980", 19800229),
    ("29/02/1980", 19800229),  # a 29th month can only be a day
    ("2/9/80", 19800209),
    ("02/09/1980 00:00", 19800209),
    ("29 Feb 1980", 19800229),
    ("February 29, 1980", 19800229),
    ("29-FEB-80", 19800229),
    ("1980", 19800000),
    ("1980-02", 19800200),
    ("19800299", 19800299),  # mistyped, but seven digits still say something
    ("1980-02-29T00:00:00", 19800229),
    ("n/a", 0),
    ("", 0),
    ("9999-01-01", 0),
    ("12JUL1984", 19840712),
    ("12-Jul-84", 19840712),
    ("Jul 12 1984 12:00AM", 19840712),
    ("7121984", 19840712),
    ("19840712.0", 19840712),
]


@pytest.mark.parametrize(("text", "want"), BIRTH)
def test_birth_dates(text, want):
    assert dates.birth_date(text) == want


def test_a_column_shows_whether_it_writes_the_day_first():
    assert dates.day_first(["03/04/1980", "25/12/1980"])
    assert not dates.day_first(["03/04/1980", "12/25/1980"])
    assert dates.birth_date("03/04/1980", day_before_month=True) == 19800403


def test_a_spreadsheets_day_numbers_are_dates_where_most_values_are():
    assert dates.birth_dates(["30875", "30876.0", "12345"]) == [19840712, 19840713, 19331018]
    assert dates.birth_dates(["1984-07-12", "1984-07-13", "30875"])[2] == 0


@pytest.mark.parametrize("form", BIRTH_DATE_FORMS)
def test_every_form_of_the_one_list_is_read_here_and_in_sql(form):
    day = datetime(1984, 7, 25)
    text = day.strftime(form)
    assert dates.birth_dates([text]) == [19840725]
    with duckdb.connect() as con:
        sql = birth_date_sql("x")
        assert con.execute(f"SELECT {sql} FROM (SELECT ? AS x)", [text]).fetchone() == (day.date(),)


@given(st.text(max_size=20))
def test_no_text_breaks_the_parsers(text):
    assert isinstance(dates.birth_date(text), int)
    assert isinstance(names.last_name(text), str)
    assert isinstance(sound(names.first_name(text)), str)
    assert isinstance(addresses.street_name(text), str)


def column(*values):
    return pa.chunked_array([pa.array(values, pa.string())])


def test_social_security_numbers():
    whole, last_four = numbers.social_security(
        column(
            "123-45-6788", "123456788", "6788", "000000000", "999-99-9999", "123456789", None, "x"
        )
    )
    assert whole.tolist() == [123456788, 123456788, -1, -1, -1, -1, -1, -1]
    assert last_four.tolist() == [6788, 6788, 6788, -1, -1, -1, -1, -1]


def test_telephones():
    found = numbers.telephone(
        column("(415) 555-0123", "+1 415 555 0123", "5550123", "911", "0000000000")
    )
    assert found.tolist() == [4155550123, 4155550123, 5550123, -1, -1]


def test_zip_codes():
    assert numbers.zip_code(column("94110-1234", "94110", "941101234", "", "0")).tolist() == [
        94110,
        94110,
        94110,
        -1,
        -1,
    ]


@example(["1000"])
@given(st.lists(st.text(alphabet="ABXYZ0129 -", max_size=14), max_size=8))
def test_licences_are_read_like_base_36(values):
    def plain(text):
        kept = "".join(c for c in text if c.isalnum())
        if len(kept) < 4 or len(set(kept)) == 1:
            return -1
        return int(kept[-12:], 36)

    found = numbers.licence(pa.chunked_array([pa.array(values, pa.string())]))
    tail_same = [len({*v.replace(" ", "").replace("-", "")[-12:]}) == 1 for v in values]
    for value, number, odd in zip(values, found.tolist(), tail_same, strict=True):
        if not odd:
            assert number == plain(value)


def test_streets():
    assert addresses.street_name("Main Street, Apt 4") == "main st"
    assert addresses.street_name("N. First Ave #12") == "n 1 av"


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1, max_size=30),
    st.sampled_from([10, 36]),
)
def test_one_place_off_is_what_a_loop_over_places_says(pairs, base):
    from matching.comparison.numbers import one_off

    def places(n):
        return [n // base**k % base for k in range(14)]

    def plain(a, b):
        x, y = places(a), places(b)
        off = [k for k in range(14) if x[k] != y[k]]
        if len(off) == 1:
            return True
        return (
            len(off) == 2
            and off[1] == off[0] + 1
            and x[off[0]] == y[off[1]]
            and x[off[1]] == y[off[0]]
        )

    near = [(a, a + s * base**k) for a, _ in pairs for k in range(3) for s in (1, base - 1)]
    both = pairs + near
    a, b = (np.array(part, np.int64) for part in zip(*both, strict=True))
    assert one_off(a, b, base).tolist() == [plain(x, y) for x, y in both]


@given(st.lists(st.text("abcdefghiklmnopqrstuvwxyz19éß", min_size=1, max_size=9), max_size=8))
def test_many_sound_keys_made_at_once_are_those_made_one_by_one(words):
    assert names.sounds(words) == [sound(word) for word in words]
