"""The de-identified extract: persons of the index, coarse values, nothing that names anybody."""

import datetime as dt
import re

import pytest

from extracts.deidentified import extract as deidentified
from extracts.errors import ExtractFailed, LinkOutsideRegister
from extracts.rows import RowScope
from tests.unit.extracts.making import build_identified, content_scan

GV = RowScope(families=("GV",))


def order(order_id, code="OGV", issued=dt.date(2020, 5, 17), **more):
    return {
        "order_id": order_id,
        "order_code": code,
        "issue_date": issued,
        "county_fips": "001",
    } | more


def party(order_id, person_id, role="respondent", **more):
    return {"order_id": order_id, "person_id": person_id, "role": role} | more


@pytest.fixture
def build(carpos, ids, open_register):
    def build_(spec=GV, index=None, **tables):
        return deidentified.build_deidentified(open_register(index, **tables), carpos, spec, ids)

    return build_


def test_one_row_for_each_person_and_order(build):
    extract = build(
        index={1: 1, 2: 1, 3: 3},
        person=[{"person_id": n, "sex": "F"} for n in (1, 2, 3)],
        order_entry=[order(10), order(11), order(12, "TRO")],
        order_party=[party(10, 1), party(11, 2), party(11, 3, "petitioner"), party(12, 3)],
    )
    rows = extract.table.to_pylist()
    assert len(rows) == 2
    assert len({row["person_ref"] for row in rows}) == extract.persons == 1
    assert len({row["order_ref"] for row in rows}) == 2


def test_two_entries_of_one_person_on_one_order_are_one_row(build):
    extract = build(
        index={1: 1, 2: 1},
        person=[{"person_id": 1}, {"person_id": 2}],
        order_entry=[order(10)],
        order_party=[party(10, 1), party(10, 2)],
    )
    assert extract.table.num_rows == 1


def test_ages_stand_in_bands(build):
    bands = {
        0: "00-04",
        17: "15-19",
        34: "30-34",
        35: "35-39",
        89: "85-89",
        90: "90+",
        104: "90+",
    }
    extract = build(  # a month for each
        person=[{"person_id": n} for n in range(1, 8)],
        order_entry=[order(n, issued=dt.date(2020, n, 1)) for n in range(1, 8)],
        order_party=[party(n, n, age_at_issue=age) for n, age in enumerate(bands, 1)],
    )
    by_month = {r["order_issue_month"]: r["person_age_band"] for r in extract.table.to_pylist()}
    assert [by_month[f"2020-0{n}"] for n in range(1, 8)] == list(bands.values())
    assert extract.table.num_rows == 7


def test_missing_and_unlisted_values_are_unknown(build):
    extract = build(person=[{"person_id": 1}], order_entry=[order(10)], order_party=[party(10, 1)])
    row = extract.table.to_pylist()[0]
    assert (row["person_age_band"], row["person_race_group"]) == ("unknown", "UNKNOWN")
    assert row["order_petitioner_group"] == "unknown"


def test_days_become_months(build):
    extract = build(
        person=[{"person_id": 1}],
        order_entry=[order(10, expiration_date=dt.date(2021, 12, 31))],
        order_party=[party(10, 1)],
        service_event=[{"order_id": 10, "kind": "mail", "served_on": dt.date(2020, 6, 2)}],
    )
    row = extract.table.to_pylist()[0]
    months = [row[f"order_{n}_month"] for n in ("issue", "expiration", "service")]
    assert months == ["2020-05", "2021-12", "2020-06"]


def test_withheld_orders_are_counted_and_not_there(build):
    extract = build(
        person=[{"person_id": 1}],
        order_entry=[order(10, confidential_minor=True), order(11, safe_at_home=True), order(12)],
        order_party=[party(n, 1) for n in (10, 11, 12)],
    )
    assert (extract.counts["orders_withheld"], extract.counts["persons_withheld"]) == (2, 1)
    assert extract.table.num_rows == 1


def test_row_order_has_nothing_to_do_with_the_register(carpos, open_register, make_ids):
    con = open_register(
        person=[{"person_id": n} for n in range(30)],
        order_entry=[order(n, issued=dt.date(2020, 1, 1 + n)) for n in range(30)],
        order_party=[party(n, n, age_at_issue=n) for n in range(30)],
    )
    made = [deidentified.build_deidentified(con, carpos, GV, make_ids(s)).table for s in "aab"]
    by_secret = [table["order_ref"].to_pylist() for table in made]
    assert by_secret[0] == by_secret[1]
    assert by_secret[0] != sorted(by_secret[0]) or by_secret[2] != sorted(by_secret[2])
    bands = [table["person_age_band"].to_pylist() for table in made]
    assert bands[0] == bands[1] != bands[2]


def test_an_entry_that_the_index_does_not_know_is_refused(carpos, ids, open_register):
    con = open_register(
        person=[{"person_id": 1}], order_entry=[order(10)], order_party=[party(10, 1)]
    )
    con.execute("CREATE VIEW emptied AS SELECT * FROM person_index WHERE false")
    con.register("person_index", con.sql("SELECT * FROM emptied").to_arrow_table())
    with pytest.raises(LinkOutsideRegister):
        deidentified.build_deidentified(con, carpos, GV, ids)


def test_the_database_tells_nothing_of_a_value(carpos, ids, open_register):
    import pyarrow as pa

    con = open_register(
        person=[{"person_id": 1}], order_entry=[order(10)], order_party=[party(10, 1)]
    )
    con.register(
        "service_event",
        pa.table({"order_id": [10], "kind": ["mail"], "served_on": ["CANARY 3rd of May"]}),
    )
    with pytest.raises(ExtractFailed) as caught:
        deidentified.build_deidentified(con, carpos, GV, ids)
    assert "CANARY" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


CANARY = "CANARYVALUE"


@pytest.mark.parametrize("kind", ["identified", "deidentified"])
def test_no_direct_identifier_or_key_of_the_register_gets_out(
    carpos, ids, open_register, bring_cohort, kind
):
    """Every text of class D or K is a canary, every such number is one; none may be seen."""
    from extracts.rows import RowScope

    keys = {"person_id": 770001, "order_id": 880001, "firearm_id": 990001}

    def poisoned(table):
        row = {}
        for column in table.columns:
            if column.name in keys:
                row[column.name] = keys[column.name]
            elif column.identifier_class in "DK":
                row[column.name] = {
                    "text": CANARY + column.name,
                    "integer": 660001,
                    "date": dt.date(1901, 2, 3),
                }[column.type]
            elif column.codes:
                row[column.name] = carpos.code_list(column.codes).values[0]
        return row

    tables = {table.name: [poisoned(table)] for table in carpos.tables}
    tables["order_entry"][0] |= order(880001)
    tables["order_party"][0] |= {"role": "respondent", "age_at_issue": 30}
    con = open_register(**tables)
    if kind == "identified":
        bring_cohort(
            con,
            [{"row_number": 1, "row_id": "a", "last_name": "Given"}],
            [{"cohort_id": "a", "record_id": 770001, "decision": "link"}],
        )
        table = build_identified(con, carpos, RowScope(families=("GV",)), ids).table
    else:
        table = deidentified.build_deidentified(con, carpos, GV, ids).table
    assert table.num_rows == 1
    shown = str(table.to_pylist())
    assert CANARY not in shown
    assert not re.search("770001|880001|990001|660001|1901", shown)
    assert content_scan(table).clean
