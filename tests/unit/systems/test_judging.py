"""A snapshot is judged beside the one before: what fails, what is told, and what few rows stand behind."""

import datetime as dt
from collections import Counter
from contextlib import closing

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from systems.description.loading import load_system
from systems.errors import SnapshotDamaged, SnapshotRetired, SnapshotUnknown, SnapshotWaits
from systems.register import (
    ColumnProfile,
    Expectations,
    Profile,
    Standing,
    TableChanges,
    TableProfile,
    as_text,
    few,
    judge,
    judgement_of,
    months_of,
    profile_of,
)
from systems.register.judging.expectations import find
from systems.register.judging.profile import count_months, record_table
from systems.register.snapshot import JUDGEMENT
from tests.unit.systems.conftest import ON, itself

CARPOS = load_system("CARPOS")


def held(rows=1_000, years=(2023, 2024, 2025), each=500, persons=800, without=(), **columns):
    """A register in counts; ``columns`` are those of ``order_entry``."""
    tables = {
        name: TableProfile(rows=rows, columns={})
        for name in CARPOS.table_names
        if name not in without
    }
    tables["order_entry"] = TableProfile(rows=rows, columns=columns)
    counted = dict.fromkeys(years, each)
    return Profile(tables=tables, years=counted, entries=3_000, persons=persons, persons_lower=700)


def found(now, was=None, records=None, synthetic=True, last=dt.date(2025, 12, 31), **limits):
    said = find(CARPOS, now, was, records, Expectations(**limits), ON, last, synthetic=synthetic)
    return {(one.rule, one.place): one for one in said if one.failed}


def column(empty=0, codes=None, first=None, last=None):
    return ColumnProfile(empty=empty, codes=codes, first=first, last=last)


def changes(changed=0, deleted=0):
    return TableChanges("order_entry", 1_000, 1_000, 0, changed, deleted, {})


CASES = {
    "as before": (held(), held(), {}, set()),
    "a table is gone": (held(without={"court"}), held(), {}, {("missing_table", "court")}),
    "it was gone before": (held(without={"court"}), held(without={"court"}), {}, set()),
    "settings only tell": (held(without={"court"}), held(), {"missing_tables": "tell"}, set()),
    "at a first load": (held(without={"court"}), None, {}, {("missing_described", "court")}),
    "fewer persons": (held(persons=759), held(), {}, {("fell", "persons")}),
    "five percent are allowed": (held(persons=760), held(), {}, set()),
    "twice as many": (held(persons=1_600), held(), {}, {("grew", "persons")}),
    "fewer rows of a table": (
        held().model_copy(update={"tables": held().tables | {"vehicle": TableProfile(rows=1, columns={})}}),
        held(), {}, {("fell", "vehicle")},
    ),
    "a year lost records": (
        held().model_copy(update={"years": {2023: 500, 2024: 440, 2025: 560}}), held(), {}, {("year_fell", "2024")},
    ),
    "a year has none": (held(years=(2023, 2025), each=750), None, {}, {("year_without", "2024")}),
    "a slip of a date": (held().model_copy(update={"years": {1985: 9, 2024: 700, 2025: 800}}), None, {}, set()),
    "an empty column": (
        held(judge=column(empty=900)), held(judge=column()), {}, {("empty_moved", "order_entry.judge")},
    ),
    "a little emptier": (held(judge=column(empty=60)), held(judge=column(empty=5)), {}, set()),
    "another code": (
        held(brady=column(codes={"Y": 600, "N": 400})), held(brady=column(codes={"Y": 400, "N": 600})), {},
        {("code_moved", "order_entry.brady = N"), ("code_moved", "order_entry.brady = Y")},
    ),
    "dates begin later": (
        held(issue_date=column(first=2020, last=2025)), held(issue_date=column(first=2010, last=2025)), {},
        {("begins_later", "order_entry.issue_date")},
    ),
    "dates end earlier": (
        held(issue_date=column(first=2010, last=2020)), held(issue_date=column(first=2010, last=2025)), {},
        {("ends_earlier", "order_entry.issue_date")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_fails_and_nothing_else(case):
    now, was, limits, want = CASES[case]
    assert set(found(now, was, **limits)) == want


def test_records_that_vanished_or_changed():
    assert found(held(), held(), changes(changed=200, deleted=10)) == {}
    assert set(found(held(), held(), changes(changed=201, deleted=11))) == {
        ("vanished", "order_entry"), ("changed", "order_entry"),
    }  # fmt: skip


def test_a_silent_end_is_no_failure_of_what_is_made_up():
    assert set(found(held(), synthetic=False)) == {("silent", "records")}
    assert found(held(), synthetic=True) == found(held(), synthetic=False, silent_days=0) == {}
    assert found(held(), synthetic=False, last=ON - dt.timedelta(days=60)) == {}


def test_small_tables_don_t_fail_by_chance_and_few_rows_are_not_shown():
    now, was = (
        held(20, brady=column(codes={"Y": 12, "N": 8})),
        held(20, brady=column(codes={"Y": 8, "N": 12})),
    )
    assert found(now, was) == {}
    now, was = (
        held(brady=column(codes={"Y": 3, "N": 997})),
        held(brady=column(codes={"Y": 200, "N": 800})),
    )
    for one in found(now, was).values():
        assert one.hidden
        assert "few" in as_text(one)
        assert "0.3" not in as_text(one)
        assert "99.7" not in as_text(one)
    assert [few(n) for n in (0, 1, 9, 10, None)] == [0, "<10", "<10", 10, ""]


@pytest.mark.long
def test_a_profile_counts_what_the_files_hold(loaded, made):
    profile = profile_of(loaded)
    for path in made.files:
        read, table = pq.read_table(path), profile.tables[path.stem]
        assert table.rows == read.num_rows
        for one in CARPOS.table(path.stem).columns:
            if one.name not in read.column_names:
                continue
            values = read[one.name]
            assert table.columns[one.name].empty == values.null_count, one.name
            if one.codes:
                counted = {
                    v["values"]: v["counts"]
                    for v in pc.value_counts(values.drop_null()).to_pylist()
                }
                assert table.columns[one.name].codes == counted
            if one.type == "date" and len(values) - values.null_count >= 10:
                days = sorted(values.drop_null().to_pylist())
                ends = table.columns[one.name].first, table.columns[one.name].last
                assert ends == (days[9].year, days[-10].year)
    assert profile.records == 120


def test_months_are_counted_between_the_first_and_the_last_that_are_sure():
    import duckdb

    con = duckdb.connect()
    table, column = record_table(CARPOS)
    con.execute(f"CREATE TABLE {table} ({column} DATE)")
    days = {"1985-03-05": 1, "2024-11-30": 12, "2025-01-01": 3, "2025-02-28": 10, "2031-01-01": 9}
    for day, many in days.items():
        con.execute(f"INSERT INTO {table} SELECT DATE '{day}' FROM range({many})")
    con.execute(f"INSERT INTO {table} VALUES (NULL)")
    assert count_months(con, CARPOS) == {"2024-11": 12, "2024-12": 0, "2025-01": 3, "2025-02": 10}
    con.execute(f"DELETE FROM {table} WHERE year({column}) IN (2024, 2025)")
    assert count_months(con, CARPOS) == {}


@pytest.mark.long
def test_months_of_a_snapshot_are_those_of_its_file(loaded, made):
    table, column = record_table(CARPOS)
    path = next(p for p in made.files if p.stem == table)
    days = [d for d in pq.read_table(path)[column].to_pylist() if d is not None]
    counted = Counter(f"{d:%Y-%m}" for d in days)
    for month, count in months_of(loaded).items():
        assert counted[month] == count
    assert all(months_of(loaded)[m] == n for m, n in counted.items() if n >= 10)


def judged(store, files, limits=None, on=ON):
    """A snapshot that was judged at its load, beside the newest that is in use."""
    from systems.register import AsNamed, FileSource

    def look(snapshot):
        try:
            before = store.newest("CARPOS")
        except (SnapshotUnknown, SnapshotWaits):
            before = None
        return judge(snapshot, before, limits or Expectations(), on)

    source = AsNamed(CARPOS, FileSource(list(files.values())))
    return store.load(CARPOS, source, resolve=itself, on=on, judge=look)


@pytest.mark.long
def test_one_that_fails_is_kept_whole_and_is_not_used(files, store, tmp_path):
    good = judged(store, files)
    assert (good.info.held, judgement_of(good).against) == (0, None)
    few_files = {name: path for name, path in files.items() if name != "court"}
    bad = judged(store, few_files)
    assert bad.info.held == 1
    said = judgement_of(store.open(bad.snapshot_id, waiting=True))
    assert (said.against, [one.place for one in said.failed]) == (good.snapshot_id, ["court"])
    assert (said.records.changed, said.records.deleted) == (0, 0)
    bad.verify()
    assert store.newest("CARPOS").snapshot_id == good.snapshot_id
    for use in (store.open, store.in_use):
        with pytest.raises(SnapshotWaits) as caught:
            use(bad.snapshot_id)
        assert caught.value.exit == 7
    kept = tmp_path / "store" / "CARPOS" / bad.snapshot_id / JUDGEMENT
    assert b"court" not in kept.read_bytes()
    kept.write_bytes(kept.read_bytes()[:-1])
    with pytest.raises(SnapshotDamaged):
        bad.verify()
    store.standing = lambda info: Standing("retired" if info.held == 0 else "accepted")
    assert store.newest("CARPOS").snapshot_id == bad.snapshot_id
    store.open(good.snapshot_id)
    with pytest.raises(SnapshotRetired):
        store.in_use(good.snapshot_id)
    store.standing = lambda _info: Standing("retired")
    with pytest.raises(SnapshotUnknown):
        store.newest("CARPOS")


@pytest.mark.long
def test_what_was_counted_when_it_was_judged_is_not_counted_again(made, store, monkeypatch):
    monkeypatch.setattr("systems.register.judging.profile.FEW", 1)  # of a small register
    snapshot = judged(store, {path.stem: path for path in made.files})
    with closing(snapshot.connect()) as con:
        counted = count_months(con, CARPOS)
    monkeypatch.setattr(type(snapshot), "connect", None)  # whoever connects breaks
    assert months_of(snapshot) == counted != {}
    before = judgement_of(snapshot).profile.model_dump() | {"months": None}
    assert Profile.model_validate(before).months is None  # as loads of before have it
