"""Stata, SPSS and SAS files: read back by another program's reader, they say what the CSV says."""

import datetime as dt
import io
import subprocess
import time
from string import ascii_lowercase, digits

import pandas as pd
import pyarrow as pa
import pyreadstat
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from errors import Exit
from extracts.errors import FormatCannotHold, FormatMissing, FormatUnknown
from extracts.package import formats
from extracts.package.dictionary import DataDictionary, FieldDoc, dictionary_for
from systems.description.loading import load_system, system_codes
from tests.examples import examples, first_of

DICTIONARY = DataDictionary(
    "One row is one order.",
    (
        FieldDoc("row_id", "text", "Your id."),
        FieldDoc("supplied_first_name", "text", "The first name that you supplied."),
        FieldDoc("matched", "text", "Found.", codes=(("yes", "found"), ("no", "not found"))),
        FieldDoc("order_issue_date", "date", "Day of issue. " * 12),
        FieldDoc("order_issue_day", "text", "Another."),
        FieldDoc("order_renewal", "yes/no", "Renewed."),
        FieldDoc("order_firearms", "number", "Firearms."),
    ),
)
SCHEMA = pa.schema(
    [
        ("row_id", pa.string()),
        ("supplied_first_name", pa.string()),
        ("matched", pa.string()),
        ("order_issue_date", pa.date32()),
        ("order_issue_day", pa.string()),
        ("order_renewal", pa.bool_()),
        ("order_firearms", pa.int64()),
    ]
)
READERS = {
    "stata": ("dta", pyreadstat.read_dta),
    "spss": ("sav", pyreadstat.read_sav),
    "sas": ("xpt", pyreadstat.read_xport),
}


def table(rows):
    return pa.Table.from_pylist(
        [dict(zip(SCHEMA.names, row, strict=True)) for row in rows], schema=SCHEMA
    )


ROWS = table(
    [
        ("001", "Zoë", "yes", dt.date(2020, 1, 2), " lead", True, 3),
        ("002", None, "no", None, "", None, None),
        ("003", "=1+1", None, dt.date(1890, 5, 6), "x", False, 2**53),
    ]
)


def written(form, rows=ROWS):
    return formats.program_file(form, DICTIONARY, "CARPOS, project A", rows)


def opened(form, content, folder):
    extension, read = READERS[form]
    path = folder / f"extract.{extension}"
    path.write_bytes(content)
    return read(str(path))


def as_given(form, frame):
    """The frame in the terms of the rows: names, codes, days, yes and no, missing as None."""
    names = formats.column_names(form, SCHEMA.names)
    found = []
    for row in frame.to_dict("records"):
        plain = []
        for field in DICTIONARY.fields:
            value = row[names[field.name]]
            value = None if value is None or value == "" or value != value else value
            codes = formats.labelled_codes(form, field)
            if codes and value is not None:
                value = codes[int(value)][0]
            elif field.type == "yes/no" and value is not None:
                value = bool(value)
            plain.append(value)
        found.append(tuple(plain))
    return found


def expected(form, rows):
    """What the losses that the dictionary names leave of the rows."""
    kept = (lambda text: text) if form == "stata" else (lambda text: text.rstrip(" "))
    return [
        tuple((kept(value) or None) if isinstance(value, str) else value for value in row.values())
        for row in rows.to_pylist()
    ]


# What can stand in a file of a court or a university; NUL ends a text in all three programs.
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
rows = st.tuples(
    texts.filter(lambda t: t.strip(" ")),
    st.none() | texts,
    st.sampled_from(["yes", "no", None]),
    st.none() | st.dates(dt.date(1583, 1, 1), dt.date(2200, 1, 1)),
    st.none() | texts,
    st.none() | st.booleans(),
    st.none() | st.integers(-(2**53), 2**53),
)


@pytest.mark.parametrize("form", READERS)
@examples(40)
@given(given_rows=st.lists(rows, min_size=1, max_size=5))
@example(given_rows=[tuple(row.values()) for row in ROWS.to_pylist()])
def test_what_is_read_back_is_what_the_csv_says(form, given_rows, tmp_path_factory):
    made = table(given_rows)
    frame, _ = opened(form, written(form, made), tmp_path_factory.mktemp("s"))
    assert as_given(form, frame) == expected(form, made)


WHY = (("not_recorded", "nothing is recorded"), ("emptied", "taken out"))
NUMBERS = (("year", pa.int64()), ("renewal", pa.bool_()), ("sex", pa.string()))


def with_companions():
    """A number, a yes or no and a code, each given, not recorded and emptied, and a text."""
    types, columns, fields = (
        {"year": "year", "renewal": "yes/no", "sex": "text", "month": "text"},
        {},
        [],
    )
    given = {"year": 2020, "renewal": True, "sex": "F", "month": "2020-01"}
    for name, kind in (*NUMBERS, ("month", pa.string())):
        columns[name] = pa.array([given[name], None, None], kind)
        columns[f"{name}_status"] = ["recorded", "not_recorded", "emptied"]
        codes = (("F", "female"), ("M", "male")) if name == "sex" else ()
        fields.append(
            FieldDoc(name, types[name], "It.", codes=codes, missing=WHY, companion=f"{name}_status")
        )
        fields.append(
            FieldDoc(
                f"{name}_status", "text", "Why.", codes=(("recorded", "given"), *WHY), about=name
            )
        )
    return DataDictionary("One row is one order.", tuple(fields)), pa.table(columns)  # fmt: skip


@pytest.mark.parametrize(("form", "codes"), [("stata", ("n", "e")), ("spss", (-8.0, -9.0))])
def test_an_emptied_number_is_another_missing_value_than_one_never_recorded(form, codes, tmp_path):
    described, rows = with_companions()
    extension, read = READERS[form]
    path = tmp_path / f"extract.{extension}"
    path.write_bytes(formats.program_file(form, described, "A", rows))
    frame, meta = read(str(path), user_missing=True)
    for name, _ in NUMBERS:
        assert frame[name].tolist()[1:] == list(codes)
        labels = meta.variable_value_labels[name]
        assert [labels[c] for c in codes] == ["nothing is recorded", "taken out"]
    assert frame["month"].tolist() == ["2020-01", "", ""]
    assert frame["month_status"].tolist() == [1, 2, 3]
    plain, _ = read(str(path))
    assert plain[["year", "renewal", "sex"]].isna().sum().tolist() == [2, 2, 2]
    notes = formats.program_notes((form,), described)[0].missing
    assert [written for _, written in notes] == ([".n", ".e"] if form == "stata" else ["-8", "-9"])


@pytest.mark.machine("R")
@pytest.mark.long
def test_r_tells_an_emptied_number_from_one_never_recorded(tmp_path):
    described, rows = with_companions()
    for form, name in (("stata", "e.dta"), ("spss", "e.sav")):
        (tmp_path / name).write_bytes(formats.program_file(form, described, "A", rows))
    asked = (
        'library(haven); d <- read_dta("e.dta"); s <- read_sav("e.sav", user_na = TRUE);'
        'cat(na_tag(d$year), is.na(s$year), as.numeric(s$year), sep = " ")'
    )
    said = subprocess.run(
        ["Rscript", "-e", asked], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert said.split() == ["NA", "n", "e", "FALSE", "TRUE", "TRUE", "2020", "-8", "-9"]


def test_a_number_that_means_missing_in_a_program_is_refused():
    described, rows = with_companions()
    rows = rows.set_column(0, "year", pa.array([-9, None, None], pa.int64()))
    with pytest.raises(FormatCannotHold):
        formats.check_formats(("spss",), described, rows)


@pytest.mark.parametrize("form", ["stata", "spss"])
def test_codes_and_columns_have_their_labels(form, tmp_path):
    _, meta = opened(form, written(form), tmp_path)
    assert meta.variable_value_labels["matched"] == {1: "yes  found", 2: "no  not found"}
    assert meta.variable_value_labels["order_renewal"] == {0: "no", 1: "yes"}
    labels = dict(zip(meta.column_names, meta.column_labels, strict=True))
    assert labels["row_id"] == "Your id."
    assert len(labels["order_issue_date"].encode()) <= formats.PROGRAMS[form].label


def test_figures_stay_text_and_spss_knows_levels_and_forms(tmp_path):
    """A county's FIPS code is 001 in every program; where texts may have labels it has its own."""
    fields = (
        FieldDoc("county", "text", "County.", codes=(("001", "Alameda"), ("073", "San Diego"))),
        FieldDoc("band", "text", "Age.", codes=(("0-9", "child"), ("10+", "older")), ordered=True),
        FieldDoc("day", "date", "Day."),
        FieldDoc("year", "year", "Year."),
    )
    rows = pa.table(
        {
            "county": ["001", "073", None],
            "band": ["0-9", "10+", None],
            "day": pa.array([dt.date(2020, 1, 2), dt.date(9999, 12, 31), None]),
            "year": pa.array([2020, 2021, None], pa.int16()),
        }
    )
    dictionary = DataDictionary("One row is one order.", fields)
    for form in READERS:
        made = formats.program_file(form, dictionary, "title", rows)
        frame, meta = opened(form, made, tmp_path)
        assert list(frame["county"]) == ["001", "073", ""]
        assert list(frame["day"])[:2] == [dt.date(2020, 1, 2), dt.date(9999, 12, 31)]
        if form == "spss":
            assert meta.variable_value_labels["county"] == {"001": "Alameda", "073": "San Diego"}
            assert meta.variable_measure == {
                "county": "nominal",
                "band": "ordinal",
                "day": "scale",
                "year": "ordinal",
            }
            assert meta.original_variable_types["day"] == "SDATE10"
            assert meta.original_variable_types["year"] == "F4.0"


def test_stata_itself_would_read_it():
    """pandas has a reader of its own, which shares nothing with the writer."""
    frame = pd.read_stata(io.BytesIO(written("stata")), convert_categoricals=False)
    assert list(frame["row_id"]) == ["001", "002", "003"]
    assert list(frame["matched"])[:2] == [1, 2]
    assert pd.isna(frame["order_firearms"][1])


def test_sas_itself_would_read_it():
    frame = pd.read_sas(io.BytesIO(written("sas")), format="xport", encoding="utf-8")
    assert list(frame.columns) == list(formats.column_names("sas", SCHEMA.names).values())
    assert list(frame["matched"])[:2] == ["yes", "no"]


ROWS = [
    (code, kind)
    for code in system_codes()
    for kind in load_system(code).given_kinds
    if kind != "aggregated"
]


@pytest.mark.parametrize(("system", "kind"), first_of(ROWS, 2, several=True))
def test_every_column_of_every_system_can_be_written(system, kind):
    """The first code of each list, and nothing at all, in each of the three files."""
    described = dictionary_for(load_system(system), kind)
    types = {"date": pa.date32(), "number": pa.int64(), "yes/no": pa.bool_(), "year": pa.int16()}
    some = {"date": dt.date(2020, 1, 2), "number": 1, "yes/no": True, "year": 2020}
    columns = {}
    for field in described.fields:
        coded = field.codes[0][0] if field.codes and field.type == "text" else "a;b"
        value = some.get(field.type, coded)
        columns[field.name] = pa.array([value, None], types.get(field.type, pa.string()))
    formats.check_formats(("stata", "spss", "sas"), described, pa.table(columns))


def test_names_fit_and_differ():
    names = formats.column_names("sas", [*SCHEMA.names, "order_issued_daylight"])
    assert names["row_id"] == "row_id"
    assert names["order_issue_date"] == "oissudat"
    assert all(len(made) <= 8 for made in names.values())
    assert len(set(names.values())) == len(names)


ALPHANUMERIC = ascii_lowercase + digits
column_names = st.builds(
    lambda first, rest, more: "_".join((first + rest, *more)),
    st.sampled_from(ascii_lowercase),
    st.text(ALPHANUMERIC, max_size=9),
    st.lists(st.text(ALPHANUMERIC, min_size=1, max_size=9), max_size=5),
)


@given(st.lists(column_names, unique=True))
def test_any_names_fit_and_differ(names):
    for form, program in formats.PROGRAMS.items():
        made = formats.column_names(form, names)
        assert list(made) == names
        assert len(set(made.values())) == len(names)
        assert all(0 < len(short) <= program.name for short in made.values())


@pytest.mark.long
def test_the_same_rows_give_the_same_bytes():
    first = {form: written(form) for form in READERS}
    time.sleep(1.1)  # the headers tell the second
    assert {form: written(form) for form in READERS} == first
    assert not [f for f, made in first.items() if str(dt.date.today().year).encode() in made[:640]]


@pytest.mark.parametrize(
    ("form", "row"),
    [
        ("sas", ("1", "x" * 201, None, None, None, None, None)),
        ("stata", ("1", "é" * 1023, None, None, None, None, None)),
        ("spss", ("1", None, None, None, None, None, 2**53 + 1)),
        ("stata", ("1", None, "perhaps", None, None, None, None)),
    ],
    ids=["a text too long", "too long in bytes", "a number too wide", "a code without a label"],
)
def test_what_would_be_cut_is_refused_by_column(form, row):
    with pytest.raises(FormatCannotHold) as refused:
        formats.check_formats((form,), DICTIONARY, table([row]))
    assert refused.value.exit == Exit.USAGE
    assert "xxx" not in str(refused.value)
    assert "perhaps" not in str(refused.value)


def test_an_unknown_format_is_refused():
    assert formats.known_formats(["sas", "stata", "sas"]) == ("stata", "sas")
    with pytest.raises(FormatUnknown):
        formats.known_formats(["excel"])


def test_the_dictionary_says_how_they_differ():
    stata, sas = formats.program_notes(("stata", "sas"), DICTIONARY)
    assert stata.names == ()
    assert stata.labelled == ("matched",)
    assert ("order_issue_date", "oissudat") in sas.names
    assert any("eight letters" in loss for loss in sas.losses)


def test_nothing_is_written_to_a_disk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    for form in READERS:
        written(form)
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra_an_order_of_them_is_refused_and_no_other(monkeypatch):
    monkeypatch.setattr(formats, "find_spec", lambda name: None)
    assert formats.known_formats(()) == ()
    with pytest.raises(FormatMissing):
        formats.known_formats(("stata",))
