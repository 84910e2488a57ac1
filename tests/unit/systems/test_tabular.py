"""Outside files: every encoding, delimiter and format gives the same strings; bad ones are named."""

import csv
import datetime as dt
import io
import itertools
from decimal import Decimal

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import CodedError
from systems import errors
from systems.tabular import Limits
from systems.tabular import reading as streaming
from systems.tabular.reading import read_table, stream_table
from tests.examples import examples

ROWS = [
    ["cohort_id", "first_name", "last_name", "zip", "note"],
    ["001", "José", "Núñez Peña", "02134", "said “no”"],
    ["2", "Zoë", "O\u2019Neil", "90001", "two\nlines"],
    ["3 ", " Ana", "Smith, Jr", "", 'a "quoted" word'],
    ["4", "Bob", "tab\there;pipe|", "95616", ""],
]
EXPECTED = {name: [row[i] or None for row in ROWS[1:]] for i, name in enumerate(ROWS[0])}


def written(rows, delimiter=",", newline="\r\n", quoting=csv.QUOTE_MINIMAL):
    sink = io.StringIO()
    csv.writer(sink, delimiter=delimiter, lineterminator=newline, quoting=quoting).writerows(rows)
    return sink.getvalue()


def read(tmp_path, content, name="file.csv", **options):
    path = tmp_path / name
    path.write_bytes(content)
    return read_table(path, role="cohort", **options)


@pytest.mark.parametrize(
    ("encoding", "delimiter", "newline"),
    list(
        itertools.product(
            [
                "utf-8",
                "utf-8-sig",
                "utf-16",
                "utf-16-le",
                "utf-16-be",
                "utf-32",
                "cp1252",
                "mac_roman",
            ],
            [",", ";", "\t", "|"],
            ["\n", "\r\n"],
        )
    ),
)
def test_every_encoding_and_delimiter_gives_the_same_table(tmp_path, encoding, delimiter, newline):
    found = read(tmp_path, written(ROWS, delimiter, newline).encode(encoding))
    assert found.table.to_pydict() == EXPECTED
    assert found.delimiter == delimiter
    assert found.rows == 4


def test_values_outside_every_sample_are_read_too(tmp_path):
    body = "id,name\n" + "1,Smith\n" * 300_000 + "2,José\n"
    found = read(tmp_path, body.encode("cp1252"))
    assert found.rows == 300_001
    assert found.table["name"][300_000].as_py() == "José"


def test_blank_lines_are_no_rows_and_old_mac_line_ends_work(tmp_path):
    assert read(tmp_path, b"a,b\r1,2\r\r3,4\r").table.to_pydict() == {
        "a": ["1", "3"],
        "b": ["2", "4"],
    }


def test_header_names_lose_outer_spaces_and_values_keep_theirs(tmp_path):
    assert read(tmp_path, b" a , b\n 1 ,2\n").table.to_pydict() == {"a": [" 1 "], "b": ["2"]}


@examples(60)
@given(
    rows=st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
            min_size=2,
            max_size=2,
        ),
        min_size=1,
        max_size=6,
    ),
    delimiter=st.sampled_from(",;\t|"),
)
def test_any_text_survives_csv(tmp_path_factory, rows, delimiter):
    content = written([["a", "b"], *rows], delimiter, quoting=csv.QUOTE_ALL).encode()
    table = read(tmp_path_factory.mktemp("csv"), content).table
    assert [list(row.values()) for row in table.to_pylist()] == [
        [v or None for v in r] for r in rows
    ]


def test_parquet_of_any_type_becomes_the_same_strings(tmp_path):
    table = pa.table(
        {
            "id": pa.array([1, 2, None], pa.int32()),
            "float_id": pa.array([1.0, float("nan"), 3.0]),
            "real": [1.5, 2.0, None],
            "day": pa.array([dt.date(2020, 1, 2), None, dt.date(1999, 12, 31)]),
            "midnight": pa.array([dt.datetime(2020, 1, 2), None, dt.datetime(1999, 12, 31)]),
            "coded": pa.array(["x", "", "x"]).dictionary_encode(),
            "nothing": pa.nulls(3),
            "flag": [True, False, None],
        }
    )
    pq.write_table(table, tmp_path / "t.dat")
    found = read_table(tmp_path / "t.dat", role="records")
    assert found.format == "parquet"
    assert found.table.to_pydict() == {
        "id": ["1", "2", None],
        "float_id": ["1", None, "3"],
        "real": ["1.5", "2", None],
        "day": ["2020-01-02", None, "1999-12-31"],
        "midnight": ["2020-01-02", None, "1999-12-31"],
        "coded": ["x", None, "x"],
        "nothing": [None] * 3,
        "flag": ["true", "false", None],
    }


def test_workbook_shows_cells_as_they_look(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["id", "zip", "ssn", "born", "name", "x"])
    sheet.append([1, 2134, 12345678, dt.datetime(1980, 5, 6), "José", 1.25])
    sheet["B2"].number_format, sheet["C2"].number_format = "00000", "000-00-0000"
    sheet.append([2.0, "00501", None, dt.date(1990, 1, 1), " A ", None])
    book.create_sheet("other").append(["only"])
    book.save(tmp_path / "b.xlsx")
    assert read_table(tmp_path / "b.xlsx", role="cohort").table.to_pylist() == [
        {
            "id": "1",
            "zip": "02134",
            "ssn": "012-34-5678",
            "born": "1980-05-06",
            "name": "José",
            "x": "1.25",
        },
        {"id": "2", "zip": "00501", "ssn": None, "born": "1990-01-01", "name": " A ", "x": None},
    ]
    assert read_table(tmp_path / "b.xlsx", role="c", sheet="other", allow_empty=True).rows == 0
    with pytest.raises(errors.SheetUnknown):
        read_table(tmp_path / "b.xlsx", role="c", sheet="third")


SECRET = "SECRETVALUE"
BAD = {
    "nothing": (b"", errors.TableEmpty, {}),
    "only blank lines": (b"\n\n", errors.TableEmpty, {}),
    "header alone": (b"a,b\n", errors.TableWithoutRows, {}),
    "short and long rows": (
        f"a,b\n1,2\n{SECRET}\n1,2,{SECRET}\n".encode(),
        errors.RowsRagged,
        {"count": 2, "rows": (2, 3)},
    ),
    "a name twice": (
        f"{SECRET},b,{SECRET}\n1,2,3\n".encode(),
        errors.HeaderWrong,
        {"repeated": (3,)},
    ),
    "a name missing": (b"a,,c\n1,2,3\n", errors.HeaderWrong, {"empty": (2,)}),
    "zero bytes": (b"a,b\n1,\x00\n", errors.NulBytes, {}),
    "control bytes": (b"a,b\n1,\x81\x8d\xff\xfe\x00", errors.NulBytes, {}),
    "cut UTF-16": ("a,b\n1,2\n".encode("utf-16")[:-1], errors.EncodingUnknown, {}),
    "open quote": (f'a,b\n1,2\n3,"{SECRET}\n5,6\n'.encode(), errors.QuoteOpen, {"row": 2}),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, errors.FormatUnknown, {}),
    "gzip": (b"\x1f\x8b\x08\x00rest", errors.FormatUnknown, {}),
    "broken Parquet": (b"PAR1" + SECRET.encode(), errors.FormatUnknown, {}),
    "broken workbook": (b"PK\x03\x04" + SECRET.encode(), errors.FormatUnknown, {}),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_refused_with_place_and_without_values(tmp_path, case):
    content, expected, facts = BAD[case]
    with pytest.raises(CodedError) as caught:
        read(tmp_path, content)
    assert type(caught.value) is expected
    assert facts.items() <= caught.value.facts.items()
    assert SECRET not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_missing_file_a_directory_and_a_large_file(tmp_path):
    with pytest.raises(errors.TableMissing):
        read_table(tmp_path / "none.csv", role="cohort")
    with pytest.raises(errors.TableIsDirectory):
        read_table(tmp_path, role="cohort")
    with pytest.raises(errors.TableTooLarge):
        read(tmp_path, b"a,b\n1,2\n", limits=Limits(size=4))
    book = openpyxl.Workbook()
    book.active.append(["a" * 30_000])
    book.save(tmp_path / "b.xlsx")
    with pytest.raises(errors.TableTooLarge):
        read_table(tmp_path / "b.xlsx", role="c", limits=Limits(size=9_000))


def test_nested_parquet_names_columns_by_place(tmp_path):
    pq.write_table(pa.table({"a": [1], "b": [[1, 2]], "c": [b"x"]}), tmp_path / "n.parquet")
    with pytest.raises(errors.ColumnUnreadable) as caught:
        read_table(tmp_path / "n.parquet", role="records")
    assert caught.value.facts["columns"] == (2, 3)


@pytest.mark.parametrize("rows", [0, 1, 50])
def test_a_stream_has_the_values_of_the_whole_table(tmp_path, rows, monkeypatch):
    monkeypatch.setattr(streaming, "_ROWS", 7)
    table = pa.table(
        {
            " id ": pa.array(range(rows), pa.int32()),
            "name": pa.array([f" n{i}" if i % 3 else "" for i in range(rows)], pa.string()),
            "born": pa.array([i * 100 for i in range(rows)], pa.int32()).cast(pa.date32()),
        }
    )
    for extra in ({}, {"share": pa.array([i / 2 for i in range(rows)], pa.float64())}):
        path = tmp_path / "t.parquet"
        pq.write_table(
            pa.table({**dict(zip(table.column_names, table.columns, strict=True)), **extra}),
            path,
            row_group_size=11,
        )
        whole = read_table(path, role="t", allow_empty=True).table
        stream = stream_table(path, role="t")
        assert list(stream.names) == whole.column_names
        assert stream.rows == rows
        wanted = ["born", *extra, "id", "name"]
        parts = list(stream.parts(wanted))
        assert (
            pa.concat_tables(parts).combine_chunks().equals(whole.select(wanted).combine_chunks())
        )
        assert len(parts) >= max(1, rows // 11)


@pytest.mark.parametrize(
    "odd",
    [[{"a": 1}], [b"x"], pa.array([b"ab"], pa.binary(2))],
    ids=["struct", "binary", "fixed"],
)  # fmt: skip
def test_a_column_of_an_unusual_kind_stops_only_who_asks_for_it(tmp_path, odd):
    pq.write_table(pa.table({"id": ["1"], "odd": odd, "share": [0.5]}), tmp_path / "n.parquet")
    stream = stream_table(tmp_path / "n.parquet", role="records")
    assert stream.names == ("id", "odd", "share")
    (part,) = stream.parts(["share", "id"])
    assert part.to_pylist() == [{"share": "0.5", "id": "1"}]
    with pytest.raises(errors.ColumnUnreadable) as caught:
        list(stream.parts(["id", "odd"]))
    assert caught.value.facts["columns"] == (2,)


def test_lists_are_refused_as_a_table_and_told_and_read_in_parts(tmp_path):
    """A linkage takes them for aliases; nothing else asks for them."""
    path = tmp_path / "n.parquet"
    pq.write_table(pa.table({"id": ["1"], "last_name": [["A", "B"]]}), path)
    with pytest.raises(errors.ColumnUnreadable):
        read_table(path, role="records")
    stream = stream_table(path, role="records")
    assert stream.lists == {"last_name"}
    (part,) = stream.parts(["last_name"])
    assert part.to_pylist() == [{"last_name": ["A", "B"]}]


def test_decimals_that_are_whole_numbers_are_such(tmp_path):
    two = pa.decimal128(9, 2)
    table = pa.table(
        {"zip": pa.array([93318, None], two), "dose": pa.array([Decimal("1.50"), 2], two)}
    )
    pq.write_table(table, tmp_path / "n.parquet")
    read = read_table(tmp_path / "n.parquet", role="records").table
    assert read.to_pydict() == {"zip": ["93318", None], "dose": ["1.50", "2.00"]}


def test_further_sheets_that_hold_something_are_counted_where_none_was_named(tmp_path):
    book = openpyxl.Workbook()
    for sheet in (book.active, book.create_sheet("more"), book.create_sheet("blank")):
        if sheet.title != "blank":
            sheet.append(["id"])
            sheet.append([sheet.title])
    book.save(tmp_path / "b.xlsx")
    read = read_table(tmp_path / "b.xlsx", role="c")
    assert (read.other_sheets, read.table["id"].to_pylist()) == (1, ["Sheet"])
    named = stream_table(tmp_path / "b.xlsx", role="c", sheet="more")
    assert (named.other_sheets, named.rows) == (0, 1)
