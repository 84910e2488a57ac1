"""Values that SQL makes, against a plain reading of each text in Python."""

import datetime as dt
import hashlib
import re

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from systems.database import connect
from systems.mapping.model import Codes, RegisterMapping, Taken
from systems.mapping.values import value_of
from tests.examples import examples
from tests.unit.systems.conftest import CARPOS

CON = connect(threads=1)
MAPPING = RegisterMapping(
    system="CARPOS",
    empty=("NULL", "00000000"),
    codes={
        "strict": Codes(values={"1": "M", "it's": "F", "3": ""}),
        "kept": Codes(values={"1": "M"}, others="keep"),
        "emptied": Codes(values={"1": "M"}, others="empty"),
        "other": Codes(values={"1": "M"}, otherwise="U"),
    },
    tables={},
)
DAY, WHOLE = CARPOS.source("person.dob"), CARPOS.source("person.height_in")
SEX, ZIP = CARPOS.source("person.sex"), CARPOS.source("person_contact.zip")
TRUTH = CARPOS.source("person.deceased")
TEXTS = st.one_of(
    st.sampled_from(["", " ", "NULL", "00000000", "1", "3", "it's", "J", "n", "12,345", "1,2", "12.00", "12.5", "-7", "007", "R-1"]),
    st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)).map(lambda d: d.strftime("%m/%d/%Y")),
    st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)).map(lambda d: d.strftime("%Y%m%d")),
    st.text("0123456789,./-\t\u00a0 ", max_size=10),
    st.text(max_size=6),
)  # fmt: skip


def made(column, taken, texts):
    """(value, unfit or untranslated) of each text."""
    value = value_of(MAPPING, column, taken, '"t"', pa.string())
    flag = value.unfit or value.untranslated or "false"
    CON.register("given", pa.table({"n": range(len(texts)), "t": pa.array(texts, pa.string())}))
    query = f"SELECT {value.sql}, coalesce({flag}, false) FROM given ORDER BY n"
    return CON.sql(query).fetchall()


def plain(text):
    """A text, or nothing where it stands for nothing."""
    text = None if text is None else text.strip(" \t\u00a0")
    return None if text in {"", None, "NULL", "00000000"} else text


def each(column, taken, texts, read):
    found = made(column, taken, texts)
    for text, (value, flagged) in zip(texts, found, strict=True):
        assert (value, flagged) == ((None, False) if plain(text) is None else read(plain(text))), text  # fmt: skip


LISTS = st.lists(st.one_of(st.none(), TEXTS), min_size=1, max_size=8)


def day(text):
    """Figures alone, so many as the form says."""
    for form, shape in (("%m/%d/%Y", r"\d{1,2}/\d{1,2}/\d{4}"), ("%Y%m%d", r"\d{8}")):
        if re.fullmatch(shape, text, re.ASCII):
            try:
                return dt.datetime.strptime(text, form).date(), False
            except ValueError:
                continue
    return None, True


@given(LISTS)
@examples(60)
def test_days(texts):
    sure = [t for t in texts if t is None or re.fullmatch(r"\d{2}/\d{2}/\d{4}|\d{8}|[^0-9]*", t, re.ASCII)]  # fmt: skip
    each(DAY, Taken(column="t", dates=("%m/%d/%Y", "%Y%m%d")), sure, day)


@given(LISTS)
@examples(60)
def test_numbers_with_marks(texts):
    def read(text):
        fits = re.fullmatch(r"[+-]?(\d+|\d{1,3}(,\d{3})*)(\.0*)?", text, re.ASCII)
        return (text.split(".")[0].replace(",", "") if fits else text), False

    each(WHOLE, Taken(column="t", thousands=",", decimal="."), texts, read)


@given(LISTS)
@examples(60)
def test_codes_keys_zeros_and_truth(texts):
    strict = {"1": "M", "it's": "F"}
    each(SEX, Taken(column="t", codes="strict"), texts, lambda t: (strict.get(t), t not in strict))
    each(SEX, Taken(column="t", codes="kept"), texts, lambda t: ("M" if t == "1" else t, False))
    each(SEX, Taken(column="t", codes="emptied"), texts, lambda t: ("M" if t == "1" else None, False))  # fmt: skip
    each(SEX, Taken(column="t", codes="other"), texts, lambda t: ("M" if t == "1" else "U", False))
    each(ZIP, Taken(column="t", zeros=5), texts, lambda t: (t.zfill(5) if re.fullmatch("[0-9]{1,5}", t) else t, False))  # fmt: skip
    key = lambda t: int(hashlib.md5(t.encode()).hexdigest()[:15], 16)  # noqa: E731
    each(WHOLE, Taken(column="t", key=True), texts, lambda t: (key(t), False))
    truth = {"j": (True, False), "n": (False, False)}
    each(TRUTH, Taken(column="t", yes="J", no="N"), texts, lambda t: truth.get(t.lower(), (None, True)))  # fmt: skip


@given(LISTS)
@examples(30)
def test_a_text_is_as_it_stands(texts):
    each(ZIP, Taken(column="t"), texts, lambda t: (t, False))
