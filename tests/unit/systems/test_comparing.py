"""What became of a register's rows between two snapshots: counted by the database as a plain loop counts it."""

import collections
from contextlib import closing

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from systems import database
from systems.description import Column, Table
from systems.description.loading import load_system
from systems.register import compare_persons, compare_table, compare_tables, differing_sql
from tests.examples import examples

NAMES = ("a", "b", "c")


def table(key):
    columns = tuple(
        Column.model_validate({"name": n, "type": "text", "class": "N", "description": n})
        for n in NAMES
    )
    return Table(name="things", title="", description="", primary_key=key, columns=columns)


def beside(before, after):
    """A connection with the rows of each side."""
    con = database.connect(1)
    for side, rows in (("before", before), ("after", after)):
        con.register(
            f"given_{side}",
            pa.table([pa.array([r[i] for r in rows], pa.string()) for i in range(3)], NAMES),
        )
        con.execute(
            f"CREATE SCHEMA {side}; CREATE TABLE {side}.things AS SELECT * FROM given_{side}"
        )
    return con


def plain(before, after, key):
    """(added, changed, deleted, columns), row by row."""
    if not key:
        was, now = collections.Counter(before), collections.Counter(after)
        return (now - was).total(), 0, (was - now).total(), {}
    was = {row[: len(key)]: row for row in before}
    now = {row[: len(key)]: row for row in after}
    pairs = [(was[k], now[k]) for k in was.keys() & now.keys()]
    moved = collections.Counter(n for w, a in pairs for n, x, y in zip(NAMES, w, a) if x != y)  # noqa: B905
    changed = sum(w != a for w, a in pairs)
    return len(now.keys() - was.keys()), changed, len(was.keys() - now.keys()), dict(moved)


values = st.sampled_from(["x", "y", "", None, "\x1f"])
rows = st.lists(st.tuples(values, values, values), max_size=8)


@pytest.mark.long
@examples(100)
@given(rows, rows, st.sampled_from([(), ("a",), ("a", "b")]))
def test_what_became_of_rows_is_what_a_plain_loop_counts(before, after, key):
    if key:  # a register's keys are never missing twice
        before, after = ([*{r[: len(key)]: r for r in side}.values()] for side in (before, after))
        before, after = ([*{r[: len(key)]: r for r in s}.values()] for s in (before, after))
    with closing(beside(before, after)) as con:
        got = compare_table(con, table(key))
        want = plain(before, after, key)
        assert (got.added, got.changed, got.deleted, dict(got.columns)) == want
        assert (got.before, got.after) == (len(before), len(after))
        differing = con.sql(differing_sql(table(key))).fetchall()
    was, now = collections.Counter(before), collections.Counter(after)
    for side, mine in (("before", was), ("after", now)):
        want = collections.Counter({r: n for r, n in mine.items() if was[r] != now[r]})
        assert collections.Counter(r[1:] for r in differing if r[0] == side) == want


def test_people_are_compared_by_their_entries_not_by_their_ids():
    with closing(database.connect(1)) as con:
        for side, people in (("before", [7, 7, 8, 9, 5]), ("after", [1, 2, 3, 3, 4])):
            con.execute(f"CREATE SCHEMA {side}")
            listed = ", ".join(f"({entry}, {who})" for entry, who in enumerate(people))
            con.execute(
                f"CREATE TABLE {side}.person_index AS SELECT * FROM (VALUES {listed}) AS t(record_id, identity)"
            )
        found = compare_persons(con)
    assert (found.before, found.after, found.joined, found.split) == (4, 4, 1, 1)


@pytest.mark.long
def test_two_snapshots_are_compared_under_their_own_keys(files, few_files, load):
    earlier = load(files)
    orders = pq.read_table(files["order_entry"])
    place = orders.schema.get_field_index("remarks")
    pq.write_table(
        orders.set_column(place, "remarks", pa.array(["other"] * orders.num_rows)),
        few_files["order_entry"],
    )
    later = load(few_files)
    with closing(database.connect()) as con:
        earlier.open_in(con, "before")
        later.open_in(con, "after")
        found = {one.table: one for one in compare_tables(con, load_system("CARPOS"))}
        assert compare_persons(con).joined == 0
    assert found["person"].same == found["person"].before
    assert found["order_entry"].changed == found["order_entry"].columns["remarks"] == 120
    assert found["court"].deleted == found["court"].before > 0 == found["court"].after
