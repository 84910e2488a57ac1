"""Aggregated extracts: counted like a plain loop would, by full years, persons at the lower bound."""

import datetime as dt
from collections import defaultdict
from itertools import product

import pyarrow as pa
import pytest

from extracts.aggregated.extract import build_aggregate
from extracts.aggregated.tabulation import AggregateSpec, tabulate
from extracts.errors import UnknownDimensionError, YearNotFullError
from extracts.suppression.model.tables import SuppressionPolicy

ON = dt.date(2026, 11, 23)
SPEC = AggregateSpec((2024, 2025), ("DV", "GV"), ON, dims=("county", "family", "sex"))


def make(open_register, rows, index=None, carpos=None):
    """Rows of (order, person, code, county, day, sex); orders may repeat."""
    orders = {
        r[0]: {
            "order_id": r[0],
            "order_code": r[2],
            "county_fips": r[3],
            "issue_date": r[4],
            "confidential_minor": False,
            "safe_at_home": False,
        }
        for r in rows
    }
    people = [{"person_id": r[1], "sex": r[5]} for r in rows]
    parties = [{"order_id": r[0], "person_id": r[1], "role": "respondent"} for r in rows]
    return open_register(
        index=index or {}, order_entry=list(orders.values()), person=people, order_party=parties
    )


@pytest.fixture
def codes(carpos):
    families = carpos.code_list("order_code").attribute("family")
    return {f: next(c for c, g in families.items() if g == f) for f in ("DV", "GV", "CH")}


def some_rows(codes, n=120):
    counties = ("001", "003", "037")
    rows = []
    for i in range(n):
        day = dt.date(2023 + i % 4 % 3, 1 + i % 12, 1 + i % 28)
        family = ("DV", "DV", "GV", "CH")[i * 7 % 4]
        rows.append((i, i, codes[family], counties[i * i % 3], day, "MFU"[i * 5 % 3]))
    return rows


def oracle(rows, index, families, codes):
    """Orders and sets of persons for every cell and margin, by plain loops."""
    names = {v: k for k, v in codes.items()}
    orders, persons = defaultdict(int), defaultdict(set)
    for _, person, code, county, day, sex in rows:
        if names[code] not in families or day.year not in (2024, 2025):
            continue
        for key in product(
            (str(day.year),), (county, "TOTAL"), (names[code], "TOTAL"), (sex, "TOTAL")
        ):
            orders[key] += 1
            persons[key].add(index.get(person, person))
    return orders, {k: len(v) for k, v in persons.items()}


def test_cells_are_what_a_plain_loop_counts(open_register, carpos, codes):
    rows = some_rows(codes)
    index = {i: i // 3 for i in range(len(rows))}
    table = tabulate(make(open_register, rows, index), carpos, SPEC)
    orders, persons = oracle(rows, index, ("DV", "GV"), codes)
    for labels, count, people in zip(
        table.labels(), table.counts.ravel(), table.persons.ravel(), strict=True
    ):
        assert (count, people) == (orders.get(labels, 0), persons.get(labels, 0))
    assert table.shape == (2, 59, 3, 5)


def test_a_join_that_the_linkage_missed_cannot_publish_a_small_cell(open_register, carpos, codes):
    """Twelve entries, joined by review only: certainly few, possibly twelve; counted as one."""
    day = dt.date(2024, 5, 1)
    rows = [(i, i, codes["GV"], "003", day, "M") for i in range(12)]
    rows += [
        (100 + i, 100 + i, codes["DV"], c, day, s)
        for i, (c, s) in enumerate(product(("001", "003", "037") * 25, "MF"))
    ]
    con = make(open_register, rows)
    ids = [r[1] for r in rows]
    con.unregister("person_index")
    con.register(
        "person_index",
        pa.table(
            {"record_id": ids, "identity": ids, "identity_lower": [0 if i < 12 else i for i in ids]}
        ),
    )
    spec = AggregateSpec((2024, 2024), ("DV", "GV"), ON, dims=("county", "family", "sex"))
    out = build_aggregate(con, carpos, spec, SuppressionPolicy()).table.to_pylist()
    cell = next(r for r in out if (r["county"], r["family"], r["sex"]) == ("003", "GV", "M"))
    assert (cell["orders"], cell["persons"], cell["status"]) == (None, None, "suppressed")


def test_what_is_built_is_audited_and_described(open_register, carpos, codes):
    made = build_aggregate(
        make(open_register, some_rows(codes, 600)), carpos, SPEC, SuppressionPolicy()
    )
    assert made.audit.holds
    assert made.table.column_names == [
        "year",
        "county",
        "county_label",
        "family",
        "family_label",
        "sex",
        "sex_label",
        "orders",
        "persons",
        "status",
    ]
    assert set(made.explanation["reason"].to_pylist()) <= {"primary", "secondary"}
    shown = [r for r in made.table.to_pylist() if r["status"] == "published" and r["orders"]]
    assert all(r["persons"] >= 10 for r in shown)


def test_a_published_year_is_closed(open_register, carpos, codes):
    rows = some_rows(codes, 600)
    first = build_aggregate(make(open_register, rows), carpos, SPEC, SuppressionPolicy())
    late = [
        *rows,
        *((900 + i, 900 + i, codes["DV"], "001", dt.date(2024, 3, 1), "M") for i in range(5)),
    ]
    again = build_aggregate(
        make(open_register, late), carpos, SPEC, SuppressionPolicy(), [first.table]
    )
    assert again.frozen == (2024, 2025)
    assert again.table.equals(first.table)
    assert {y: (one.how, one.reason) for y, one in again.closed.items()} == {
        2024: ("frozen", "small-group"),
        2025: ("unchanged", "none"),
    }


@pytest.mark.long
def test_late_records_of_many_persons_revise_a_closed_year(open_register, carpos, codes):
    rows = some_rows(codes, 600)
    first = build_aggregate(make(open_register, rows), carpos, SPEC, SuppressionPolicy())
    day = dt.date(2024, 3, 1)
    late = [*rows, *((900 + i, 900 + i, codes["DV"], "001", day, "F") for i in range(40))]
    con = make(open_register, late)
    again = build_aggregate(con, carpos, SPEC, SuppressionPolicy(), [first.table])
    assert (again.closed[2024].how, again.frozen) == ("revised", (2025,))
    assert again.audit.holds
    before = {(r["year"], r["county"], r["family"], r["sex"]): r for r in first.table.to_pylist()}
    for row in again.table.to_pylist():
        old = before[row["year"], row["county"], row["family"], row["sex"]]
        assert row["status"] == old["status"]
        if row["status"] == "published":
            assert row["orders"] - old["orders"] in (0, 40)
    third = build_aggregate(con, carpos, SPEC, SuppressionPolicy(), [first.table, again.table])
    assert (third.closed[2024].how, third.table.equals(again.table)) == ("unchanged", True)
    asked = build_aggregate(con, carpos, SPEC, SuppressionPolicy(), [first.table], revise=False)
    assert (asked.closed[2024].reason, asked.table.equals(first.table)) == ("policy", True)


@pytest.mark.parametrize("years", [(2025, 2026), (2026, 2026), (2025, 2024), (2030, 2031)])
def test_only_full_years(open_register, carpos, codes, years):
    spec = AggregateSpec(years, ("DV",), ON)
    with pytest.raises(YearNotFullError):
        tabulate(make(open_register, some_rows(codes)), carpos, spec)


def test_a_year_that_the_snapshot_does_not_cover_is_refused(open_register, carpos, codes):
    covered = (dt.date(2024, 1, 1), dt.date(2025, 12, 30))
    with pytest.raises(YearNotFullError):
        tabulate(
            make(open_register, some_rows(codes)),
            carpos,
            AggregateSpec((2024, 2025), ("DV",), ON, covered=covered),
        )


def test_unknown_dimensions_are_refused(open_register, carpos, codes):
    with pytest.raises(UnknownDimensionError):
        tabulate(
            make(open_register, some_rows(codes)),
            carpos,
            AggregateSpec((2024, 2025), ("DV",), ON, dims=("zip",)),
        )


def test_regions_are_margins_of_counties(open_register, carpos, codes):
    spec = AggregateSpec((2024, 2025), ("DV", "GV"), ON, dims=("county", "region"))
    table = tabulate(make(open_register, some_rows(codes)), carpos, spec)
    assert [d.name for d in table.dims] == ["year", "county"]
    assert "bay_area" in table.dims[1].nodes
