"""Further names and birth dates of a row, as lists or in a file of their own, are variants of it."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matching.errors import BadAliases, DuplicateIds
from matching.linking.aliases import MOST, Aliases, read_aliases
from matching.linking.files import match_files
from tests.unit.matching.tables import cohort, people, records


def unfolded(rows, *, lists=(), table=None, side="records", size=None):
    kind = {name: pa.list_(pa.string()) if name in lists else pa.string() for name in rows[0]}
    whole = pa.table({n: pa.array([r.get(n) for r in rows], kind[n]) for n in rows[0]})
    aliases = Aliases(side, tuple(lists), table)
    size = size or len(rows)
    parts = (whole.slice(i, size) for i in range(0, len(rows), size))
    found = pa.concat_tables(aliases.unfolded(parts)).to_pylist()
    return [tuple(row.values()) for row in found], aliases


def test_names_of_equal_length_belong_together_and_meet_every_birth_date():
    rows = [{
        "record_id": "1", "first_name": ["ANN", "MAY"], "last_name": ["LEE", "KIM"],
        "birth_date": ["1980", "1981"], "sex": "F",
    }]  # fmt: skip
    found, aliases = unfolded(rows, lists=("first_name", "last_name", "birth_date"))
    assert found == [
        ("1", "ANN", "LEE", "1980", "F"),
        ("1", "ANN", "LEE", "1981", "F"),
        ("1", "MAY", "KIM", "1980", "F"),
        ("1", "MAY", "KIM", "1981", "F"),
    ]
    assert aliases.counts() == {"given": 1, "added": 3, "left_out": 0, "unknown": 0}


def test_rows_stay_in_order_and_what_is_missing_is_the_rows_own():
    rows = [
        {"record_id": "1", "first_name": "ANN", "last_name": None},
        {"record_id": "2", "first_name": "BO", "last_name": ["LEE", None, "KIM"]},
        {"record_id": "3", "first_name": "CY", "last_name": []},
    ]
    found, _ = unfolded(rows, lists=("last_name",), size=2)
    assert found == [
        ("1", "ANN", None), ("2", "BO", "LEE"), ("2", "BO", "LEE"), ("2", "BO", "KIM"), ("3", "CY", None),
    ]  # fmt: skip


def test_no_cross_product_explodes():
    many = [str(i) for i in range(9)]
    rows = [{"record_id": "1", "last_name": many, "birth_date": many, "ssn": many}]
    found, aliases = unfolded(rows, lists=("last_name", "birth_date", "ssn"))
    assert len(found) == len(set(found)) == MOST
    assert aliases.left_out == 3 * 8 - (MOST - 1)
    assert all(sum(value != "0" for value in row[1:]) <= 1 for row in found)  # one at a time
    assert [one.count for one in aliases.findings()] == [9]


def test_a_row_of_an_alias_file_is_the_row_with_what_it_says():
    rows = [
        {"record_id": "1", "first_name": "ANN", "last_name": "LEE", "phone": "1"},
        {"record_id": "2", "first_name": "BO", "last_name": "KIM", "phone": "2"},
        {"record_id": "1", "first_name": "ANNE", "last_name": "LEE", "phone": "3"},
    ]
    table = pa.table({
        "record_id": ["1", "9", "1"], "last_name": [None, "X", "OH"], "first_name": ["NAN", "X", None],
        "county": ["A", "B", "C"],
    })  # fmt: skip
    for size in (1, 2, 3):
        found, aliases = unfolded(rows, table=table, size=size)
        assert found == [
            ("1", "ANN", "LEE", "1"), ("1", "NAN", "LEE", "1"), ("1", "ANN", "OH", "1"),
            ("2", "BO", "KIM", "2"), ("1", "ANNE", "LEE", "3"),
        ]  # fmt: skip
        assert aliases.counts() == {"given": 3, "added": 2, "left_out": 0, "unknown": 1}


@pytest.fixture
def folder(tmp_path):
    """Ten people whose records have other names and birth dates years away."""
    rows = people(40, 8)
    mine = [{k: r[k] for k in ("first_name", "last_name", "birth_date", "sex")} for r in rows[:10]]
    theirs = [dict(row) | {"ssn": None} for row in rows]
    for i, row in enumerate(theirs[:10]):
        row |= {"last_name": f"other{chr(97 + i)}x", "birth_date": f"19{20 + i}-05-17"}
    pq.write_table(cohort(*mine), tmp_path / "c.parquet")
    pq.write_table(records(*theirs), tmp_path / "r.parquet")
    return tmp_path, mine, theirs


def run(folder, c="c.parquet", r="r.parquet", **more):
    out = folder / "l.parquet"
    made = match_files(folder / c, folder / r, out, **more)
    links = pq.read_table(out).to_pylist()
    return made, {(x["cohort_id"], x["record_id"]) for x in links if x["decision"] == "link"}


TEN = {(f"c{i}", i) for i in range(1, 11)}


@pytest.mark.long
def test_a_register_with_lists_and_one_with_an_alias_file_are_linked_alike(folder):
    folder, mine, theirs = folder
    assert not run(folder)[1] & TEN
    names = ("last_name", "birth_date")
    lists = {
        n: [[r[n], *([mine[i][n]] if i < 10 else [])] for i, r in enumerate(theirs)] for n in names
    }
    table = records(*theirs)
    for name in names:
        place = table.column_names.index(name)
        table = table.set_column(place, name, pa.array(lists[name]))
    pq.write_table(table, folder / "lists.parquet")
    made, links = run(folder, r="lists.parquet", explain=("c3", "3"))
    assert links >= TEN
    assert made.report.aliases == {
        "records": {"given": 40, "added": 30, "left_out": 0, "unknown": 0}
    }
    shown = {one.field: (one.record, one.level) for one in made.explanation.fields}
    assert shown["birth"] == (mine[2]["birth_date"], "same")
    lines = [f"{i},{m['last_name']},{m['birth_date']}" for i, m in enumerate(mine, 1)]
    (folder / "a.csv").write_text("\n".join(["record_id,last_name,birth_date", *lines, "99,x,"]))
    again, same = run(folder, aliases=[folder / "a.csv"])
    assert same >= TEN
    assert again.report.aliases["records"] == {
        "given": 40,
        "added": 10,
        "left_out": 0,
        "unknown": 1,
    }
    text = (folder / "l.json").read_text()
    assert json.loads(text)["aliases"] == again.report.aliases
    assert mine[0]["birth_date"] not in text
    assert "aliases_unknown" in text


def test_aliases_of_a_cohort_row_are_one_row(folder):
    folder, _, theirs = folder
    lines = [f"c{i},{r['last_name']},{r['birth_date']}" for i, r in enumerate(theirs[:10], 1)]
    (folder / "a.csv").write_text("\n".join(["cohort_id,last_name,birth_date", *lines]))
    made, links = run(folder, aliases=[folder / "a.csv"])
    assert links >= TEN
    assert made.report.cohort_rows == 10
    assert made.report.linked_rows == 10
    assert pq.read_table(folder / "l.parquet").num_rows == len(links)


def test_errors(folder):
    folder, mine, _ = folder
    (folder / "a.csv").write_text("record_id,cohort_id,last_name\n1,c1,LEE\n")
    (folder / "b.csv").write_text("record_id,colour\n1,red\n")
    (folder / "d.csv").write_text('record_id,full_name\n1,"LEE, ANN"\n')
    for name in ("a.csv", "b.csv"):
        with pytest.raises(BadAliases):
            read_aliases(folder / name)
    side, table = read_aliases(folder / "d.csv")
    assert (side, table["first_name"].to_pylist()) == ("records", ["ANN"])
    with pytest.raises(BadAliases):
        run(folder, aliases=[folder / "d.csv"] * 2)
    twice = cohort(*mine).set_column(0, "cohort_id", pa.array(["c1"] * 10))
    pq.write_table(twice, folder / "twice.parquet")
    (folder / "e.csv").write_text("cohort_id,last_name\nc1,LEE\n")
    with pytest.raises(DuplicateIds):
        run(folder, c="twice.parquet", aliases=[folder / "e.csv"])
