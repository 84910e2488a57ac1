"""Rows, scope and tallies that were worked out once give what the register's own tables give, for any approval."""

import dataclasses
import hashlib
import json

import pyarrow as pa
import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

from expectations.drift import read_profile
from extracts.errors import LinkOutsideRegister, ScopeEmpty
from extracts.rows import RowScope
from extracts.rows.in_scope import records_in_scope, register_tallies
from extracts.rows.plan import plan_for
from extracts.rows.stored import (
    StoredRows,
    records_of,
    stored_columns,
    tallies_of,
    tallies_together,
)
from tests.examples import examples
from tests.unit.extracts.making import build_identified
from tests.unit.extracts.test_oracle import COHORT, FAMILIES, LINKS, YEARS, registers


def described(table):
    return table.sort_by([(name, "ascending") for name in table.column_names]).to_pylist()


@examples(15, phases=[Phase.generate])
@given(
    registers,
    LINKS,
    FAMILIES,
    YEARS,
    st.sampled_from([(), ("confidential_minor",), None]),
    st.sampled_from([None, ("order_code", "order_issue_date", "order_conditions")]),
)
def is_as_from_the_tables(
    carpos, open_register, bring_cohort, make_ids, tables, links, families, years, anyway, columns
):
    con = open_register(**tables)
    exclusions = tuple(e.name for e in carpos.rows("identified").exclusions)
    anyway = exclusions if anyway is None else tuple(set(anyway) & set(exclusions))
    allowed = RowScope(families, years, anyway, columns)
    stored = StoredRows(con, carpos)
    rows, scope, tallies = stored.rows().read_all(), stored.scope(), stored.tallies()
    assert records_of(scope, carpos, allowed).equals(records_in_scope(con, carpos, allowed))
    names, found = tallies_of(tallies, carpos, allowed)
    named, counted = register_tallies(con, carpos, "identified", allowed)
    assert (names, read_profile(names, found)) == (named, read_profile(named, counted))
    known = set(rows["entry_"].to_pylist())  # whom linkage is offered
    bring_cohort(con, COHORT, [n for n in links if n["record_id"] in known], {5: "WITHHELD"})
    chosen = rows.select(stored_columns(plan_for(carpos, "identified", columns)))
    now, before = (
        build_identified(con, carpos, allowed, make_ids("s"), given) for given in (None, chosen)
    )
    con.close()
    assert now.table.equals(before.table)
    assert now.counts == before.counts


@pytest.mark.long
def test_any_approval_of_any_register(carpos, open_register, bring_cohort, make_ids):
    is_as_from_the_tables(carpos, open_register, bring_cohort, make_ids)


def small(open_register):
    import random

    from tests.unit.extracts.test_oracle import register

    return open_register(**register(random.Random(5)))


def test_a_register_with_orders_of_every_kind(carpos, open_register):
    con = small(open_register)
    stored, plain = StoredRows(con, carpos), RowScope(("GV", "DV", "CH"))
    assert stored.rows().read_all().num_rows == len(con.sql("SELECT DISTINCT order_id, person_id FROM order_party WHERE role = 'respondent'").fetchall())  # fmt: skip
    for allowed in (plain, dataclasses.replace(plain, years=(2019, 2020))):
        wanted = records_in_scope(con, carpos, allowed)
        assert wanted.num_rows
        assert records_of(stored.scope(), carpos, allowed).equals(wanted)
    with pytest.raises(ScopeEmpty):
        records_of(stored.scope(), carpos, RowScope(()))
    with pytest.raises(ScopeEmpty):
        tallies_of(stored.tallies(), carpos, RowScope(("GV", "XX")))


@pytest.mark.parametrize("size", [1, 4, 10_000])
def test_some_entries_at_a_time_are_all_of_them(carpos, open_register, size):
    con = small(open_register)
    stored = StoredRows(con, carpos)
    whole = stored.rows().read_all(), stored.scope(), stored.tallies()
    everybody = con.sql("SELECT record_id FROM person_index ORDER BY 1").to_arrow_table()
    parts = []
    for start in range(0, everybody.num_rows, size):
        stored = StoredRows(con, carpos, everybody.slice(start, size))
        parts.append((stored.rows().read_all(), stored.scope(), stored.tallies()))
        stored.drop()
    rows, scopes, tallies = zip(*parts, strict=True)
    assert pa.concat_tables(rows).equals(whole[0])
    assert pa.concat_tables(scopes).equals(whole[1])
    assert tallies_together(tallies).equals(whole[2])


def test_a_link_to_an_entry_that_is_not_stored_is_refused(carpos, open_register, bring_cohort, ids):
    con = small(open_register)
    rows = StoredRows(con, carpos).rows().read_all()
    stored = rows.select(stored_columns(plan_for(carpos, "identified")))
    bring_cohort(con, COHORT, [{"cohort_id": "x", "record_id": 99, "decision": "link"}])
    with pytest.raises(LinkOutsideRegister):
        build_identified(con, carpos, RowScope(("GV",)), ids, stored)


def test_what_is_kept_is_what_its_version_says(carpos, open_register):
    """Whoever changes a value that leaves, or the tables, gives `extracts.rows.VERSION` its next number."""
    stored = StoredRows(small(open_register), carpos)
    tables = [stored.rows().read_all(), stored.scope(), stored.tallies()]
    said = json.dumps([described(table) for table in tables], default=str)
    assert hashlib.sha256(said.encode()).hexdigest()[:16] == "7b31f104994f4fee"
