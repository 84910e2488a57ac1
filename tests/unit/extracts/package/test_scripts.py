"""The scripts of a package read its CSV with types, labels and codes: run where the program is there, else by a strict reader."""

import datetime as dt
import io
import json
import runpy
import shutil
import subprocess
import zipfile

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

from extracts.package.bag import iter_parts
from extracts.package.dictionary import DataDictionary, FieldDoc, aggregated_dictionary
from extracts.package.documents import inner_readme
from extracts.package.formats import column_names
from tests.parts import require
from tests.unit.extracts.package.programs import Sas, Stata

COUNTIES = (("001", "Alameda"), ("073", "San Diego"))
WHY = (("not_recorded", "no value"), ("emptied", "it's emptied"))
DICTIONARY = DataDictionary(
    "One row is one order.",
    (
        FieldDoc("person_ref", "text", "Who: `x' and $y, \"so\" it's.", required=True),
        FieldDoc("order_county", "text", "County.", codes=COUNTIES),
        FieldDoc("person_age_band", "text", "Age.", codes=(("00-17", "under 18"), ("18+", "O'er"))),
        FieldDoc("order_issue_date", "date", "Day of issue."),
        FieldDoc("order_month", "month", "Month."),
        FieldDoc("order_year", "year", "Year."),
        FieldDoc(
            "order_renewal", "yes/no", "Renewed.", missing=WHY, companion="order_renewal_status"
        ),
        FieldDoc("order_firearms", "number", "Firearms. " * 30, missing=WHY, companion="why"),
        FieldDoc(
            "order_conditions", "list", "Conditions.", codes=(("01", "No contact"), ("02", "é"))
        ),
        FieldDoc("order_relinquishment_disposition_of_arms", "text", "A long name."),
        FieldDoc("order_renewal_status", "text", "Why.", codes=(("recorded", "given"), *WHY)),
        FieldDoc("why", "text", "Why.", codes=(("recorded", "given"), *WHY)),
    ),
    key=("person_ref",),
)
SCHEMA = pa.schema(
    [
        ("person_ref", pa.string()),
        ("order_county", pa.string()),
        ("person_age_band", pa.string()),
        ("order_issue_date", pa.date32()),
        ("order_month", pa.string()),
        ("order_year", pa.int16()),
        ("order_renewal", pa.bool_()),
        ("order_firearms", pa.int64()),
        ("order_conditions", pa.string()),
        ("order_relinquishment_disposition_of_arms", pa.string()),
        ("order_renewal_status", pa.string()),
        ("why", pa.string()),
    ]
)
HARD = [
    ("001", "001", "00-17", dt.date(2020, 1, 2), "2020-01", 2020, True, 3, "01;02", "=1+1, \"x\"", "recorded", "recorded"),
    ("NA", "073", None, None, None, None, None, None, None, None, "emptied", "not_recorded"),
    ("Zoë ", None, "18+", dt.date(1890, 5, 6), "1999-12", 1999, False, 0, "01", "  lead", "recorded", "recorded"),
    ("00", "001", "18+", dt.date(9999, 12, 31), "2020-01", 2021, False, None, "02", "NULL", "recorded", "emptied"),
]  # fmt: skip


def table(times=1):
    rows = [dict(zip(SCHEMA.names, row, strict=True)) for row in HARD] * times
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def unpacked(folder, facts, rows, **more):
    kind = more.pop("kind", "deidentified")
    described = more.pop("dictionary", DICTIONARY)
    for part in iter_parts(facts(kind=kind), rows, described, "<p>", **more):
        with zipfile.ZipFile(io.BytesIO(part.content)) as archive:
            archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def opened(facts, tmp_path_factory):
    place = tmp_path_factory.mktemp("opened")
    return unpacked(place, facts, table(), formats=("stata", "spss", "sas"))


@pytest.fixture(scope="module")
def in_parts(facts, tmp_path_factory):
    """Rows in several files."""
    rows = table(2_500)
    fat = pa.array([f"{n:05}{'x' * 1_000}" for n in range(rows.num_rows)])
    place = tmp_path_factory.mktemp("parts")
    made = unpacked(
        place, facts, rows.set_column(9, SCHEMA.names[9], fat), max_part_bytes=4 * 2**20
    )
    assert len(list(made.glob("data/*.csv"))) > 1
    return made


def as_told(rows, missing=None):
    """The rows column by column, as a program without yes and no or missing texts has them."""
    plain = {name: rows[name].to_pylist() for name in rows.column_names}
    for name, field in zip(rows.column_names, rows.schema, strict=True):
        if pa.types.is_string(field.type):
            plain[name] = [missing if v is None else v for v in plain[name]]
    return plain


@pytest.mark.parametrize("folder", ["opened", "in_parts"])
def test_python_reads_every_column(folder, request):
    place = request.getfixturevalue(folder)
    frame = runpy.run_path(str(place / "read" / "extract.py"))["extract"]
    whole = pq.read_table(sorted((place / "data").glob("*.parquet")))
    for name in SCHEMA.names:
        read = [None if pd.isna(v) else v for v in frame[name]]
        if name == "order_issue_date":
            assert str(frame[name].dtype) == "datetime64[s]"
            read = [v and v.date() for v in read]
        assert read == whole[name].to_pylist()
    assert str(frame["order_renewal"].dtype) == "boolean"
    assert str(frame["order_firearms"].dtype) == "Int64"
    assert frame.attrs["labels"]["person_ref"] == DICTIONARY.fields[0].meaning
    assert frame.attrs["codes"]["order_county"] == dict(COUNTIES)
    assert frame.attrs["companions"] == {
        "order_renewal": "order_renewal_status",
        "order_firearms": "why",
    }


EMPTY = {
    "order_renewal": "e",
    "order_firearms": "ne",
}  # letters of the empty cells of HARD, by column


READ_IN_R = """
source("read/extract.R")
shown <- lapply(extract, function(column) {
  text <- if (inherits(column, "Date")) format(column, "%Y-%m-%d") else if (is.numeric(column)) format(column, scientific = FALSE, trim = TRUE) else as.character(column)
  ifelse(is.na(column), NA, text)
})
labels <- lapply(extract, function(column) attr(column, "label"))
codes <- lapply(extract, function(column) as.list(attr(column, "labels")))
classes <- lapply(extract, function(column) class(column)[1])
cat(jsonlite::toJSON(list(values = shown, labels = labels, codes = codes, classes = classes), auto_unbox = TRUE, na = "null"))
"""


def r(folder, script):
    """Run a script as somebody's R in a locale of their own does, and return what it says as JSON."""
    require("R")
    done = subprocess.run(
        ["Rscript", "--vanilla", "-e", script],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(folder)},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.machine("R")
@pytest.mark.parametrize("folder", ["opened", "in_parts"])
def test_r_reads_every_column(folder, request):
    place = request.getfixturevalue(folder)
    told = r(place, READ_IN_R)
    whole = pq.read_table(sorted((place / "data").glob("*.parquet")))
    for name, values in as_told(whole).items():
        wanted = [
            None if v is None else v.isoformat() if isinstance(v, dt.date) else str(v)
            for v in values
        ]
        wanted = [v.upper() if name == "order_renewal" and v else v for v in wanted]
        assert told["values"][name] == wanted, name
    assert told["classes"] == {
        **dict.fromkeys(SCHEMA.names, "character"),
        "order_issue_date": "Date",
        "order_year": "integer",
        "order_renewal": "logical",
        "order_firearms": "numeric",
    }
    assert told["labels"]["person_ref"] == DICTIONARY.fields[0].meaning
    assert told["codes"]["person_age_band"] == {"under 18": "00-17", "O'er": "18+"}


@pytest.mark.machine("R")
def test_r_opens_every_file_of_a_package(opened):
    """The lines of the README, and haven for the files of the other programs."""
    told = r(
        opened,
        """
        line <- read.csv("data/extract.csv", colClasses="character", na.strings="", encoding="UTF-8")
        tidy <- readr::read_csv("data/extract.csv", col_types = readr::cols(.default = "c"), na = "", trim_ws = FALSE, progress = FALSE)
        stopifnot(identical(lapply(line, c), lapply(tidy, c)))
        files <- list(csv = line, dta = haven::read_dta("data/extract.dta"), sav = haven::read_sav("data/extract.sav"), xpt = haven::read_xpt("data/extract.xpt"))
        cat(jsonlite::toJSON(list(
          rows = lapply(files, nrow), names = lapply(files, names),
          county = lapply(files, function(d) { v <- d[[2]]; as.character(haven::zap_labels(v)) }),
          label = lapply(files[c("dta", "sav", "xpt")], function(d) attr(d[[2]], "label")),
          package = jsonlite::fromJSON("datapackage.json")$version
        ), auto_unbox = TRUE, na = "null"))
        """,
    )
    assert set(told["rows"].values()) == {len(HARD)}
    assert told["names"]["csv"] == SCHEMA.names
    for form, extension in (("stata", "dta"), ("spss", "sav"), ("sas", "xpt")):
        assert told["names"][extension] == [*column_names(form, SCHEMA.names).values()]
        assert told["label"][extension] == "County."
    assert told["county"]["csv"] == ["001", "073", None, "001"]
    for extension in ("dta", "sav", "xpt"):
        assert [value or None for value in told["county"][extension]] == told["county"]["csv"]


@pytest.mark.machine("pspp")
@pytest.mark.parametrize("folder", ["opened", "in_parts"])
def test_spss_reads_every_column(folder, request, tmp_path):
    """By PSPP, which runs the language of SPSS."""
    require("pspp")
    place = request.getfixturevalue(folder)
    script = tmp_path / "run.sps"
    script.write_text(
        (place / "read" / "extract.sps").read_text() + f"SAVE OUTFILE='{tmp_path}/read.sav'.\n"
    )
    done = subprocess.run(
        ["pspp", "-o", tmp_path / "out.txt", script],
        cwd=place, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    frame, meta = pyreadstat.read_sav(tmp_path / "read.sav", user_missing=True)
    whole = pq.read_table(sorted((place / "data").glob("*.parquet")))
    names = column_names("spss", SCHEMA.names)
    assert list(frame.columns) == [*names.values()]
    for name, values in as_told(whole, missing="").items():
        read = [None if v is None or v != v else v for v in frame[names[name]].tolist()]
        if name in EMPTY:
            wanted = [{"n": -8, "e": -9}[c] for c in EMPTY[name]]
            assert [v for v in read if v in (-8, -9)][: len(wanted)] == wanted
            read = [None if v in (-8, -9) else v for v in read]
        kept = [v.rstrip(" ") if isinstance(v, str) else v for v in values]
        assert read == kept, name
    labels = meta.column_names_to_labels
    assert labels["person_ref"] == DICTIONARY.fields[0].meaning
    assert meta.variable_value_labels["order_county"] == dict(COUNTIES)
    assert meta.variable_value_labels["order_renewal"] == {
        1: "yes",
        0: "no",
        -8: "no value",
        -9: "it's emptied",
    }
    assert [one["lo"] for one in meta.missing_ranges["order_firearms"]] in ([-8, -9], [-9, -8])
    assert [meta.variable_measure[names[f.name]] for f in DICTIONARY.fields] == [
        f.level for f in DICTIONARY.fields
    ]


@pytest.mark.parametrize("folder", ["opened", "in_parts"])
def test_sas_reads_every_column(folder, request):
    place = request.getfixturevalue(folder)
    read = Sas((place / "read" / "extract.sas").read_text(), place)
    whole = pq.read_table(sorted((place / "data").glob("*.parquet")))
    names = column_names("spss", SCHEMA.names)
    assert read.order == [*names.values()]
    for name, values in as_told(whole, missing="").items():
        got = read.columns[names[name]]
        if name in EMPTY:
            assert [v for v in got if str(v).startswith(".")][: len(EMPTY[name])] == [
                f".{c.upper()}" for c in EMPTY[name]
            ]
            got = [None if str(v).startswith(".") else v for v in got]
        assert got == values, name
    assert read.labels["person_ref"] == DICTIONARY.fields[0].meaning
    assert read.formats[read.shown["order_county"]] == dict(COUNTIES)


@pytest.mark.parametrize("folder", ["opened", "in_parts"])
def test_stata_reads_every_column(folder, request):
    place = request.getfixturevalue(folder)
    read = Stata((place / "read" / "extract.do").read_text(), place)
    whole = pq.read_table(sorted((place / "data").glob("*.parquet")))
    names = column_names("stata", SCHEMA.names)
    assert [*read.columns] == [*names.values()]
    for name, values in as_told(whole, missing="").items():
        got = read.columns[names[name]]
        if name == "person_age_band":
            labels = read.value_labels[read.labelled[name]]
            got = [labels[v].partition("  ")[0] if v is not None else "" for v in got]
        elif name in {"why", "order_renewal_status"}:
            got = [read.value_labels[name][v].partition("  ")[0] for v in got]
        elif name in EMPTY:
            assert [v for v in got if str(v).startswith(".")][: len(EMPTY[name])] == [
                f".{c}" for c in EMPTY[name]
            ]
            got = [None if str(v).startswith(".") else v for v in got]
        elif name == "order_month":
            got = [f"{v[0]}-{v[1]:02}" if v else "" for v in got]
        assert got == values, name
    assert read.columns["order_county"][:2] == ["001", "073"]
    assert read.labels["person_ref"] == "Who: 'x' and \\$y, 'so' it's."


def test_a_table_is_read_too(carpos, facts, tmp_path):
    """The dictionary of an aggregate: years, codes with TOTAL, hidden counts."""
    rows = pa.table(
        {
            "year": pa.array([2024, 2025], pa.int64()),
            "county": ["001", "TOTAL"],
            "county_label": ["Alameda", "Total"],
            "orders": [40, None],
            "persons": [31, None],
            "status": ["published", "suppressed"],
        }
    )
    described = aggregated_dictionary(carpos, rows.schema)
    place = unpacked(tmp_path, facts, rows, kind="aggregated", dictionary=described)
    frame = runpy.run_path(str(place / "read" / "extract.py"))["extract"]
    assert frame["county"].tolist() == ["001", "TOTAL"]
    assert frame["orders"].isna().tolist() == [False, True]
    assert Stata((place / "read" / "extract.do").read_text(), place).columns["orders"] == [40, None]
    assert Sas((place / "read" / "extract.sas").read_text(), place).columns["year"] == [2024, 2025]
    text = inner_readme(facts(kind="aggregated"))
    assert "DESTR" not in text.upper()
    assert not (place / "DESTRUCTION.txt").exists()


def test_no_rows_are_read_as_none(facts, tmp_path):
    place = unpacked(tmp_path, facts, table(0))
    assert len(runpy.run_path(str(place / "read" / "extract.py"))["extract"]) == 0
    assert Stata((place / "read" / "extract.do").read_text(), place).columns["order_year"] == []
    if shutil.which("Rscript"):
        assert r(place, 'source("read/extract.R"); cat(nrow(extract))') == 0
