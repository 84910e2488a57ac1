"""A package is a valid bag and a valid data package, exact to the byte, and the same every time."""

import base64
import datetime as dt
import hashlib
import io
import json
import random
import zipfile

import bagit
import frictionless
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracts.errors import DataChanged, PartTooSmall, ReleaseFactsRefused
from extracts.package.bag import iter_parts
from extracts.package.dictionary import DataDictionary, FieldDoc
from extracts.package.documents import conditions
from extracts.package.formats import csv_bytes, encode_rows, parquet_bytes
from tests.examples import examples

MIB = 1024 * 1024
REPORT = "<!DOCTYPE html><html lang='en'><title>Report</title><p>passed</p></html>"
DICTIONARY = DataDictionary(
    "One row is one cohort row.",
    (
        FieldDoc("row_id", "text", "Your id.", required=True),
        FieldDoc(
            "supplied_first_name", "text", "As you gave it.", "letters", "your file", "Copied."
        ),
        FieldDoc("matched", "text", "Found.", codes=(("yes", "found"), ("no", "not found"))),
        FieldDoc("order_issue_date", "date", "Day of issue."),
        FieldDoc("order_month", "month", "Month."),
        FieldDoc("order_renewal", "yes/no", "Renewed."),
        FieldDoc("order_count", "number", "Firearms."),
    ),
    ("Free text.",),
)
SCHEMA = pa.schema(
    [
        ("row_id", pa.string()),
        ("supplied_first_name", pa.string()),
        ("matched", pa.string()),
        ("order_issue_date", pa.date32()),
        ("order_month", pa.string()),
        ("order_renewal", pa.bool_()),
        ("order_count", pa.int64()),
    ]
)
HARD = ["0012", ' "quoted", comma', "line\nbreak", "=cmd|' /C calc'!A0", "Zoë", None, "  ", "TRUE"]


def table(rows: int = 8, seed: int = 1) -> pa.Table:
    chance = random.Random(seed)
    return pa.Table.from_pylist(
        [
            {
                "row_id": f"r{n}",
                "supplied_first_name": HARD[n % len(HARD)],
                "matched": chance.choice(["yes", "no"]),
                "order_issue_date": dt.date(2020, 1, 1) + dt.timedelta(n % 900),
                "order_month": chance.choice(["2020-01", None]),
                "order_renewal": chance.choice([True, False, None]),
                "order_count": chance.choice([0, 3, None]),
            }
            for n in range(rows)
        ],
        schema=SCHEMA,
    )


def unpacked(parts, folder):
    for part in parts:
        with zipfile.ZipFile(io.BytesIO(part.content)) as archive:
            assert archive.testzip() is None
            archive.extractall(folder)
    return folder


@pytest.fixture
def opened(facts, tmp_path):
    return unpacked(iter_parts(facts(), table(), DICTIONARY, REPORT), tmp_path)


def test_bagit_accepts_the_bag(opened):
    bag = bagit.Bag(str(opened))
    bag.validate()
    assert bag.info["External-Identifier"] == "R-20261123-01"
    assert bag.info["Recipient-Fingerprint"] == ["ab" * 32, "cd" * 32]


def test_bagit_finds_a_changed_document(opened):
    (opened / "CONDITIONS.txt").write_text("do as you like")
    with pytest.raises(bagit.BagValidationError):
        bagit.Bag(str(opened)).validate()


def test_frictionless_accepts_the_data(opened):
    report = frictionless.validate(str(opened / "datapackage.json"))
    assert report.valid, report.flatten(["type", "message"])


def test_frictionless_finds_a_value_outside_the_codes(opened):
    data = opened / "data" / "extract.csv"
    data.write_text(data.read_text().replace('"yes"', '"perhaps"'))
    assert not frictionless.validate(str(opened / "datapackage.json")).valid


def test_every_promised_file_is_there(opened):
    found = {str(p.relative_to(opened)) for p in opened.rglob("*") if p.is_file()}
    assert found == {
        "data/extract.parquet",
        "data/extract.csv",
        "datapackage.json",
        "dictionary.html",
        "validation-report.html",
        "CONDITIONS.txt",
        "DESTRUCTION.txt",
        "README.txt",
        "RELEASE.txt",
        "codebook.xml",
        "catalogue.jsonld",
        "read/extract.R",
        "read/extract.py",
        "read/extract.do",
        "read/extract.sas",
        "read/extract.sps",
        "provenance.json",
        "ledger-checkpoint.json",
        "bagit.txt",
        "bag-info.txt",
        "manifest-sha256.txt",
        "tagmanifest-sha256.txt",
    }


def test_csv_and_parquet_hold_identical_values(opened):
    parquet = pq.read_table(opened / "data" / "extract.parquet")
    assert parquet.equals(table())
    types = {field.name: field.type for field in SCHEMA}
    csv = pyarrow.csv.read_csv(
        opened / "data" / "extract.csv",
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=types,
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
        ),
    )
    assert csv.equals(parquet)


def test_provenance_says_for_whom(opened):
    provenance = json.loads((opened / "provenance.json").read_text())
    assert [one["member"] for one in provenance["recipients"]] == ["m-2", "m-3"]
    assert provenance["snapshot_id"] == "CARPOS-20261101-001"


RUN_FACTS = {
    "RELEASE.txt",
    "bag-info.txt",
    "provenance.json",
    "ledger-checkpoint.json",
    "tagmanifest-sha256.txt",
}


def test_another_run_of_the_same_release_has_the_same_bytes(facts, tmp_path):
    later = facts(
        release_id="R-20270101-09", packaged_on=dt.date(2027, 1, 1), ledger_checkpoint={"size": 99}
    )
    first = unpacked(iter_parts(facts(), table(), DICTIONARY, REPORT), tmp_path / "1")
    again = unpacked(iter_parts(later, table(), DICTIONARY, REPORT), tmp_path / "2")
    files = [p.relative_to(first) for p in first.rglob("*") if p.is_file()]
    differing = {str(f) for f in files if (first / f).read_bytes() != (again / f).read_bytes()}
    assert differing == RUN_FACTS


def test_the_same_run_gives_the_same_parts(facts):
    digests = [
        [
            hashlib.sha256(p.content).hexdigest()
            for p in iter_parts(facts(), table(), DICTIONARY, REPORT)
        ]
        for _ in range(2)
    ]
    assert digests[0] == digests[1]


def test_a_signature_over_the_manifest_travels_inside(facts, tmp_path):
    seen = []
    parts = iter_parts(
        facts(), table(), DICTIONARY, REPORT, sign=lambda b: seen.append(b) or b"sig"
    )
    opened = unpacked(parts, tmp_path)
    assert (opened / "tagmanifest-sha256.txt.p7s").read_bytes() == b"sig"
    assert seen == [(opened / "tagmanifest-sha256.txt").read_bytes()]
    bagit.Bag(str(opened)).validate()


class TestSplit:
    @pytest.fixture(scope="class")
    @staticmethod
    def big():
        chance = random.Random(7)
        ids = [base64.b64encode(chance.randbytes(600)).decode() for _ in range(10_000)]
        return table(10_000).set_column(0, "row_id", pa.array(ids))

    @pytest.fixture(scope="class")
    @staticmethod
    def parts(big, facts):
        return list(iter_parts(facts(), big, DICTIONARY, REPORT, max_part_bytes=4 * MIB))

    def test_parts_are_small_enough_and_numbered(self, parts):
        assert len(parts) > 3
        assert max(len(part.content) for part in parts) <= 4 * MIB
        assert [p.name for p in parts] == [f"part-{n:03}.zip" for n in range(1, len(parts) + 1)]

    def test_all_parts_in_one_folder_are_a_valid_bag_and_data_package(self, parts, big, tmp_path):
        opened = unpacked(parts, tmp_path)
        bagit.Bag(str(opened)).validate()
        files = sorted((opened / "data").glob("*.parquet"))
        assert files[0].name == "extract-001.parquet"
        assert pa.concat_tables([pq.read_table(f) for f in files]).equals(big)
        package = json.loads((opened / "datapackage.json").read_text())
        listed = [r["path"] for r in package["resources"] if "path" in r]
        assert sorted(listed) == sorted(f"data/{p.name}" for p in (opened / "data").iterdir())

    def test_batches_do_not_decide_where_rows_are_cut(self, big):
        def pieces(batch):
            reader = pa.RecordBatchReader.from_batches(
                big.schema, big.to_batches(max_chunksize=batch)
            )
            return [
                hashlib.sha256(b"".join(pair.values())).hexdigest()
                for pair in encode_rows(reader, 3 * MIB)
            ]

        assert pieces(777) == pieces(9_999)

    def test_a_row_larger_than_a_part_is_refused(self, facts):
        row = table(1).set_column(0, "row_id", pa.array(["x" * 5 * MIB]))
        with pytest.raises(PartTooSmall):
            list(iter_parts(facts(), row, DICTIONARY, REPORT, max_part_bytes=4 * MIB))


def test_no_rows_are_a_file_with_a_header(facts, tmp_path):
    opened = unpacked(iter_parts(facts(), table(0), DICTIONARY, REPORT), tmp_path)
    assert (opened / "data" / "extract.csv").read_text().count("\n") == 1
    assert pq.read_table(opened / "data" / "extract.parquet").schema.equals(SCHEMA)
    bagit.Bag(str(opened)).validate()


def test_more_data_files_are_in_the_payload(facts, tmp_path):
    parts = iter_parts(facts(), table(), DICTIONARY, REPORT, extra_data={"extract.xlsx": b"PK"})
    opened = unpacked(parts, tmp_path)
    assert "data/extract.xlsx" in (opened / "manifest-sha256.txt").read_text()


def test_columns_that_nobody_described_are_refused(facts):
    leaked = table().append_column("order_judge", pa.array(["x"] * 8))
    with pytest.raises(DataChanged):
        list(iter_parts(facts(), leaked, DICTIONARY, REPORT))


def test_a_part_does_not_show_its_content(facts):
    (part,) = iter_parts(facts(), table(), DICTIONARY, REPORT)
    assert "PK" not in repr(part)


BAD_FACTS = {
    "no recipient": {"recipients": ()},
    "a fingerprint that is none": {"recipients": (("m-2", "abc"),)},
    "a title of two lines": {"project_title": "one\ntwo"},
    "a path as release": {"release_id": "../x"},
    "an unknown kind": {"kind": "everything"},
    "an approval that ends before it begins": {"expires_on": dt.date(2020, 1, 1)},
    "years the wrong way round": {"years": (2025, 2016)},
}


@pytest.mark.parametrize("change", BAD_FACTS.values(), ids=BAD_FACTS)
def test_facts_that_can_not_stand_in_a_bag_are_refused(facts, change):
    with pytest.raises(ReleaseFactsRefused):
        facts(**change)


texts = st.one_of(
    st.none(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
)


@examples(150)
@given(st.lists(st.tuples(texts, st.dates(), st.none() | st.booleans()), max_size=20))
def test_any_text_survives_csv_and_parquet(rows):
    """Oracle: Python's own csv module, which shares nothing with the writer."""
    import csv

    schema = pa.schema([("t", pa.string()), ("d", pa.date32()), ("b", pa.bool_())])
    given_ = pa.Table.from_pylist(
        [dict(zip(("t", "d", "b"), row, strict=True)) for row in rows], schema=schema
    )
    assert pq.read_table(io.BytesIO(parquet_bytes(given_))).equals(given_)
    raw = csv_bytes(given_).decode()
    read = list(csv.reader(io.StringIO(raw, newline="")))
    assert read[0] == ["t", "d", "b"]
    shown = {True: "true", False: "false", None: ""}
    assert read[1:] == [[t or "", d.isoformat(), shown[b]] for t, d, b in rows]


@pytest.mark.parametrize("kind", ["identified", "deidentified", "aggregated"])
def test_conditions_name_this_project(facts, kind):
    text = conditions(facts(kind=kind))
    for part in (
        "2026-001",
        "2026-10-01",
        "2027-09-30",
        "m-2",
        "2016-2025",
        "fewer than 10",
        "964(i)",
    ):
        assert part in text
    assert "{" not in text
    assert max(map(len, text.splitlines())) <= 100
    assert ("963(a)(3)" in text) == (kind == "identified")
    assert ("967" in text.partition("1. ")[2]) == (kind != "aggregated")


def test_conditions_say_nothing_of_one_run(facts):
    assert conditions(facts()) == conditions(
        facts(release_id="other", packaged_on=dt.date(2030, 1, 1))
    )
