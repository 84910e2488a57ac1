"""Registers come in whole and right, or not at all, with everything that is wrong at once."""

import datetime as dt
import json
import stat

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from synthetic.registers.system import make_system
from systems.description.loading import load_system
from systems.errors import (
    IndexIncomplete,
    RegisterRefused,
    SnapshotDamaged,
    SnapshotUnknown,
    TableUnknown,
)
from systems.register import by_entry
from systems.register.sources import is_synthetic
from systems.register.views import entries_sql, linkage_sql, linkage_tables
from tests.examples import first_of

SECRET = "SECRETVALUE"
CARPOS = load_system("CARPOS")


def spoil(files, table, *cells):
    """Write (column, row counted from 1, value) into cells of one table, as text."""
    read = pq.read_table(files[table])
    for column, row, value in cells:
        texts = read[column].cast(pa.string()).to_pylist()
        texts[row - 1] = value
        place = read.schema.get_field_index(column)
        read = read.set_column(place, column, pa.array(texts, pa.string()))
    pq.write_table(read, files[table])


CELLS = {  # table, column, row, value, expected code
    "a word for a number": ("firearm", "order_id", 1, SECRET, "wrong_type"),
    "half a number": ("order_party", "age_at_issue", 2, "17.5", "wrong_type"),
    "a date that is none": ("person", "dob", 3, "1980-02-30", "wrong_type"),
    "a date of another form": ("person", "dob", 4, "02/03/1980", "wrong_type"),
    "not a truth value": ("order_entry", "safe_at_home", 4, SECRET, "wrong_type"),
    "no key": ("person", "person_id", 5, None, "missing_value"),
    "no county": ("order_entry", "county_fips", 1, "", "missing_value"),
    "an even county": ("order_entry", "county_fips", 2, "002", "unknown_code"),
    "an unknown order": ("order_entry", "order_code", 7, SECRET, "unknown_code"),
    "a race of no list": ("person", "race_code", 1, "Q", "unknown_code"),
    "a short control number": ("order_entry", "fcn", 2, "123", "wrong_shape"),
    "an impossible height": ("person", "height_in", 1, "510", "out_of_range"),
    "born too early": ("person", "dob", 2, "1066-10-14", "implausible_date"),
    "issued tomorrow": ("order_entry", "issue_date", 3, "2026-11-24", "implausible_date"),
    "expires before it is issued": (
        "order_entry",
        "expiration_date",
        6,
        "1999-01-01",
        "date_order",
    ),
    "an order that is not there": ("order_condition", "order_id", 1, "5", "orphan"),
    "an agency that is not there": ("order_entry", "entering_ori", 2, "CA0000000", "orphan"),
}


def test_each_wrong_cell_is_named_by_table_column_and_row(files, load, store):
    for table in {cell[0] for cell in CELLS.values()}:
        spoil(files, table, *(cell[1:4] for cell in CELLS.values() if cell[0] == table))
    with pytest.raises(RegisterRefused) as caught:
        load(files)
    problems = caught.value.problems
    found = {(p.table, p.column, row, p.code) for p in problems for row in p.rows}
    for case, (table, column, row, _, code) in CELLS.items():
        judged = (
            "race" if column == "race_code" else column
        )  # one of a list that another column names
        assert (table, judged, row, code) in found, case
    assert SECRET not in str(caught.value) + "".join(map(str, problems))
    assert store.list() == []


def test_nothing_else_is_wrong_with_a_wrong_cell(few_files, load):
    spoil(few_files, "order_entry", ("order_code", 7, SECRET))
    with pytest.raises(RegisterRefused) as caught:
        load(few_files)
    [problem] = caught.value.problems
    assert (problem.column, problem.code, problem.count, problem.rows) == (
        "order_code", "unknown_code", 1, (7,),
    )  # fmt: skip


@pytest.mark.long
def test_all_problems_come_at_once(files, load):
    spoil(files, "person", ("sex", 1, "Q"))
    spoil(files, "order_entry", ("brady", 2, "Q"))
    spoil(files, "firearm", ("source", 1, "Q"))
    del files["person_name"]
    with pytest.raises(RegisterRefused) as caught:
        load(files)
    codes = {(p.table, p.code) for p in caught.value.problems}
    assert codes >= {
        ("person", "unknown_code"), ("order_entry", "unknown_code"), ("firearm", "unknown_code"),
        ("person_name", "missing_table"),
    }  # fmt: skip
    assert caught.value.exit == 6


@pytest.mark.long
def test_a_repeated_key_and_columns_that_don_t_fit(files, load):
    person = pq.read_table(files["person"])
    pq.write_table(pa.concat_tables([person, person.slice(4, 1)]), files["person"])
    agency = pq.read_table(files["agency"]).rename_columns(["ori", SECRET, "county_fips", "kind"])
    pq.write_table(agency, files["agency"])
    court = pq.read_table(files["court"]).drop_columns(["court_ori"])
    pq.write_table(court, files["court"])
    with pytest.raises(RegisterRefused) as caught:
        load(files)
    problems = {(p.table, p.code, p.column, p.rows) for p in caught.value.problems}
    assert ("person", "duplicate_key", "person_id", (person.num_rows + 1,)) in problems
    assert ("agency", "unknown_column", "column 2", ()) in problems
    assert ("court", "missing_column", "court_ori", ()) in problems
    assert SECRET not in str(caught.value)


def test_counts_are_of_all_rows_and_rows_are_the_first(few_files, load):
    names = pq.read_table(few_files["person_name"])
    wrong = pa.array(["q"] * names.num_rows)
    pq.write_table(
        names.set_column(names.schema.get_field_index("kind"), "kind", wrong),
        few_files["person_name"],
    )
    with pytest.raises(RegisterRefused) as caught:
        load(few_files)
    [problem] = caught.value.problems
    assert problem.count == names.num_rows
    assert problem.rows == tuple(range(1, 11))


def test_a_good_register_comes_back_value_by_value(loaded, made):
    snapshot = loaded
    con = snapshot.connect(threads=1)
    for path in made.files:
        name, source = path.stem, pq.read_table(path)
        kept = con.sql(f'SELECT * FROM "{name}"').to_arrow_table().select(source.column_names)
        assert kept.to_pylist() == source.to_pylist(), name
    info = snapshot.info
    assert info.entries == made.persons.num_rows == info.persons
    assert info.rows["order_entry"] == 120
    assert (info.first_year, info.synthetic) == (2016, True)
    assert info.snapshot_id == "CARPOS-20261123-001"
    snapshot.verify()


@pytest.mark.long
def test_csv_in_another_encoding_gives_the_same_snapshot(files, load, loaded):
    for name, path in list(files.items()):
        table = pq.read_table(path)
        columns = [column.cast(pa.string()) for column in table.columns]
        target = path.with_suffix(".csv")
        pcsv.write_csv(pa.table(columns, names=table.column_names), target)
        target.write_bytes(target.read_bytes().decode().encode("utf-16"))
        path.unlink()
        files[name] = target
    left, right = loaded.connect(), load(files).connect()
    for name in files:
        sql = f'SELECT * FROM "{name}" ORDER BY ALL'
        assert left.execute(sql).fetchall() == right.execute(sql).fetchall()


def test_tables_not_given_are_empty_views_with_their_columns(few_files, load):
    con = load(few_files).connect()
    system = load_system("CARPOS")
    for table in system.tables:
        described = con.execute(f'DESCRIBE "{table.name}"').fetchall()
        assert [(row[0], row[1]) for row in described] == [
            (c.name, c.sql_type) for c in table.columns
        ]
    assert con.execute("SELECT count(*) FROM firearm").fetchall() == [(0,)]


def test_linkage_records_have_every_variant_and_only_text(loaded, made):
    files = {path.stem: path for path in made.files}
    con = loaded.connect()
    rows = con.sql("SELECT * FROM linkage_records").to_arrow_table()
    assert set(rows["record_id"].to_pylist()) == set(made.persons["record_id"].to_pylist())
    names = pq.read_table(files["person_name"])
    twice = names.filter(pc.equal(names["seq"], 2))
    for row in twice.slice(0, 5).to_pylist():
        mine = [r for r in rows.to_pylist() if r["record_id"] == row["person_id"]]
        assert row["last"] in {r["last_name"] for r in mine}
    for name in rows.column_names[1:-1]:
        assert rows.schema.field(name).type == pa.string(), name
    party = pq.read_table(files["order_party"]).to_pylist()
    by_person = {p["person_id"]: (p["role"], p["order_id"]) for p in party}
    assert all((r["role"], r["group"]) == by_person[r["record_id"]] for r in rows.to_pylist())


@pytest.mark.parametrize("step", [1, 2, 1000])
def test_the_variants_of_some_entries_are_those_of_all(loaded, step):
    con = loaded.connect()
    con.execute(
        f"CREATE TEMP TABLE few AS SELECT person_id AS record_id FROM person WHERE person_id % {step} = 0"
    )
    got = con.sql(f"{entries_sql(load_system('CARPOS'), 'few')} ORDER BY ALL").to_arrow_table()
    want = con.sql(
        'SELECT DISTINCT * EXCLUDE (role, "group") FROM linkage_records '
        f"WHERE record_id % {step} = 0 ORDER BY ALL"
    ).to_arrow_table()
    assert got.equals(want)
    got = con.sql(f"{linkage_sql(load_system('CARPOS'), 'few')} ORDER BY ALL").to_arrow_table()
    whole = f"SELECT * FROM linkage_records WHERE record_id % {step} = 0 ORDER BY ALL"
    assert got.equals(con.sql(whole).to_arrow_table())


@pytest.mark.parametrize("order", ["1", "hash(person_id)"])
@pytest.mark.parametrize("many", first_of([100, 7, 1000, 10**6]))
def test_entries_so_many_at_a_time_have_the_rows_of_all(loaded, many, order):
    con = loaded.connect()
    for table in linkage_tables(CARPOS):  # in whatever order their rows are
        con.execute(f"CREATE TABLE mine_{table} AS SELECT * FROM {table} ORDER BY {order}")
        con.execute(f"CREATE OR REPLACE VIEW {table} AS FROM mine_{table}")
    ids = con.sql("SELECT person_id AS record_id FROM person ORDER BY 1").to_arrow_table()
    queries = [sql(CARPOS, "few") for sql in (linkage_sql, entries_sql)]
    got = [[], []]
    for here, some in by_entry(con, CARPOS, ids, many):
        assert some.num_rows <= many
        here.register("few", some)
        for tables, query in zip(got, queries, strict=True):
            tables.append(here.sql(f"{query} ORDER BY ALL").to_arrow_table())
    con.register("few", ids)
    for tables, query in zip(got, queries, strict=True):
        assert pa.concat_tables(tables).equals(con.sql(f"{query} ORDER BY ALL").to_arrow_table())


def test_only_the_rows_of_the_entries_at_hand_are_read(loaded):
    con = loaded.connect()
    ids = con.sql("SELECT person_id AS record_id FROM person ORDER BY 1").to_arrow_table()
    rows = [
        here.sql("SELECT count(*) FROM person").fetchall()[0][0]
        for here, _ in by_entry(con, CARPOS, ids, ids.num_rows // 3)
    ]
    assert sum(rows) == ids.num_rows
    assert max(rows) == ids.num_rows // 3
    assert con.sql("SELECT count(*) FROM person").fetchall() == [(ids.num_rows,)]


def test_code_lists_can_be_joined(loaded):
    con = loaded.connect()
    [(orders, known)] = con.execute(
        "SELECT count(*), count(family) FROM order_entry LEFT JOIN ref_order_code ON code = order_code"
    ).fetchall()
    assert orders == known == 120


def _index(ids, lower=None):
    lower = ids if lower is None else lower
    return pa.table({"record_id": ids, "identity": ids, "identity_lower": lower})


def _ids(con):
    return [row[0] for row in con.execute("SELECT person_id FROM person ORDER BY 1").fetchall()]


def _split(con):
    """One identity with two lower bounds: the lower bound may join, never split."""
    ids = _ids(con)
    return pa.table({"record_id": ids, "identity": [1] * len(ids), "identity_lower": ids})


BROKEN_INDEXES = (
    lambda con: _index(_ids(con)[1:]),
    lambda con: _index([*_ids(con), _ids(con)[0]]),
    lambda con: _index([*_ids(con)[1:], 5]),
    lambda con: pa.table({"record_id": _ids(con)}),
    _split,
)


@pytest.mark.long
def test_an_index_that_leaves_entries_out_is_refused_and_nothing_stays(
    few_files, load, store, tmp_path
):
    for broken in BROKEN_INDEXES:
        with pytest.raises(IndexIncomplete):
            load(few_files, resolve=broken)
    assert store.list() == []
    assert [p for p in (tmp_path / "store").rglob("*") if p.is_file()] == []
    assert store.keys == {}


def test_snapshots_are_numbered_private_encrypted_and_never_half(few_files, load, store, tmp_path):
    first, second = load(few_files), load(few_files)
    other_day = load(few_files, on=dt.date(2026, 12, 1))
    ids = [info.snapshot_id for info in store.list("CARPOS")]
    assert ids == [first.snapshot_id, second.snapshot_id, other_day.snapshot_id]
    assert ids[:2] == ["CARPOS-20261123-001", "CARPOS-20261123-002"]
    assert store.newest("CARPOS").snapshot_id == "CARPOS-20261201-001"
    for path in (tmp_path / "store").rglob("*.parquet"):
        assert path.read_bytes()[:4] == b"PARE"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(SnapshotUnknown):
        store.open("CARPOS-20200101-001")
    with pytest.raises(SnapshotUnknown):
        store.open("../CARPOS-20200101-001")


def test_a_changed_missing_or_added_file_is_found(few_files, load, tmp_path):
    snapshot = load(few_files)
    place = tmp_path / "store" / "CARPOS" / snapshot.snapshot_id
    names = place / "person_name.parquet"
    kept = names.read_bytes()
    for change in (lambda: names.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1])), names.unlink):
        change()
        with pytest.raises(SnapshotDamaged) as caught:
            snapshot.verify()
        assert caught.value.exit == 5
    names.write_bytes(kept)
    snapshot.verify()
    (place / "extra.parquet").write_bytes(kept)
    with pytest.raises(SnapshotDamaged):
        snapshot.verify()


def test_the_manifest_holds_no_value(few_files, load, store, tmp_path):
    snapshot = load(few_files)
    manifest = tmp_path / "store" / "CARPOS" / snapshot.snapshot_id / "manifest.json"
    text = manifest.read_text()
    assert json.loads(text)["system"] == "CARPOS"
    last = pq.read_table(few_files["person_name"])["last"].to_pylist()
    assert not [name for name in last if name and name in text]
    manifest.write_text(text.replace('"entries"', '"entires"'))
    with pytest.raises(SnapshotDamaged):
        store.open(snapshot.snapshot_id)


def test_files_must_be_named_after_tables_once(files, load, tmp_path):
    stray = tmp_path / f"{SECRET}.csv"
    stray.write_text("a,b\n1,2\n")
    with pytest.raises(TableUnknown) as caught:
        load({**files, "stray": stray})
    assert SECRET not in str(caught.value)
    with pytest.raises(TableUnknown):
        load({**files, "again": files["person"]})


def test_the_mark_of_made_up_data(files, tmp_path):
    paths = list(files.values())
    assert is_synthetic(paths)
    (paths[0].parent / "SYNTHETIC").unlink()
    assert is_synthetic(paths)  # each file's own metadata says so too
    pq.write_table(pq.read_table(paths[0]).replace_schema_metadata(None), paths[0])
    assert not is_synthetic(paths)
    assert not is_synthetic([])


@pytest.mark.long
def test_a_register_of_many_pages_can_be_read_with_filters_and_joins(tmp_path, load):
    """DuckDB can't decrypt columns of several pages, nor columns that a filter lets it skip."""
    made = make_system("CARPOS", tmp_path / "large", records=9_000, seed=3)
    asked = {
        "person",
        "person_name",
        "person_identifier",
        "order_entry",
        "order_party",
        "service_event",
    }
    con = load({path.stem: path for path in made.files if path.stem in asked}).connect()
    [(people,)] = con.execute("SELECT count(*) FROM person WHERE sex = 'M'").fetchall()
    assert people > 10_000
    [(served,)] = con.execute(
        "SELECT count(DISTINCT order_id) FROM order_entry JOIN service_event USING (order_id) "
        "WHERE kind = 'personal' AND order_code = 'TRO'"
    ).fetchall()
    assert served > 1_000
    [(known,)] = con.execute(
        "SELECT count(*) FROM linkage_records WHERE ssn IS NOT NULL"
    ).fetchall()
    assert known > 1_000


def index(version="1", **tables):
    """What works out an index of these tables, each a list of numbers."""
    made = {name: pa.table({"id": pa.array(ids, pa.int64())}) for name, ids in tables.items()}
    return lambda _snapshot: (version, ((name, table, 8_192) for name, table in made.items()))


def test_an_index_is_a_part_of_its_snapshot_and_made_again(few_files, load, store, tmp_path):
    snapshot = load(few_files)
    assert snapshot.index("1") is None
    rows = list(range(100_000))
    made = store.index(snapshot.snapshot_id, index(rows=rows, scope=[3]))
    place = tmp_path / "store" / "CARPOS" / made.snapshot_id
    assert {p.stem for p in place.glob("index*")} == {"index1_rows", "index1_scope"}
    assert set(store.files(made.snapshot_id)) == {p for p in place.iterdir() if p.suffix != ".json"}
    made.verify()
    found = store.open(made.snapshot_id).index("1")
    assert found.read("scope")["id"].to_pylist() == [3]
    some = found.some("rows", ["id"], "id", lambda ids: pc.equal(pc.bit_wise_and(ids, 16383), 5))
    assert some["id"].to_pylist() == [i for i in rows if i % 16384 == 5]
    assert store.open(made.snapshot_id).index("2") is None
    (place / "index7_rows.parquet").touch()  # of one that was stopped
    again = store.index(made.snapshot_id, index("2", rows=[1]))
    assert [p.stem for p in place.glob("index*")] == ["index2_rows"]
    again.verify()
    (place / "index2_rows.parquet").unlink()
    with pytest.raises(SnapshotDamaged):
        again.verify()


def test_an_index_that_breaks_leaves_the_one_before(few_files, load, store, tmp_path):
    snapshot = store.index(load(few_files).snapshot_id, index(rows=[1], scope=[2]))

    def broken(_snapshot):
        yield "rows", pa.table({"id": pa.array([9], pa.int64())}), 8_192
        raise KeyError

    with pytest.raises(KeyError):
        store.index(snapshot.snapshot_id, lambda s: ("2", broken(s)))
    kept = store.open(snapshot.snapshot_id)
    assert kept.index("1").read("rows")["id"].to_pylist() == [1]
    store.index(snapshot.snapshot_id, index(rows=[4])).verify()


def test_a_manifest_of_before_reads_as_one_without_index(few_files, load, store, tmp_path):
    snapshot = load(few_files)
    manifest = tmp_path / "store" / "CARPOS" / snapshot.snapshot_id / "manifest.json"
    assert "index" not in json.loads(manifest.read_text())
    assert store.open(snapshot.snapshot_id).info.index is None
