"""The other systems' rows and counts on a few literal rows, expected values by hand."""

import datetime as dt

import pyarrow as pa
import pytest

from extracts.aggregated.tabulation import AggregateSpec, tabulate
from extracts.deidentified import extract as deidentified
from extracts.errors import ColumnPlanRefused
from extracts.rows import RowScope
from extracts.rows.plan import Reach, plan_for
from systems.database import connect
from systems.description.loading import load_system
from tests.unit.extracts.making import build_identified

_ARROW = {"integer": pa.int64(), "text": pa.string(), "date": pa.date32(), "boolean": pa.bool_()}
DAY = dt.date


def opened(code, tables, index=None):
    """A register as a snapshot opens it; the index maps an entry to (person, person at the bound)."""
    system, con = load_system(code), connect(threads=1)
    for table in system.tables:
        rows = [dict.fromkeys(table.column_names) | r for r in tables.get(table.name, ())]
        schema = pa.schema([(c.name, _ARROW[c.type]) for c in table.columns])
        con.register(table.name, pa.Table.from_pylist(rows, schema=schema))
    linkage = system.linkage
    people = [r[linkage.person_key] for r in tables.get(linkage.person_table, ())]
    known = [(p, *((index or {}).get(p, (p, p)))) for p in people]
    names = ("record_id", "identity", "identity_lower")
    columns = [pa.array([row[i] for row in known], pa.int64()) for i in range(3)]
    con.register("person_index", pa.table(dict(zip(names, columns, strict=True))))
    return system, con


STOPS = {
    "stop": [
        {"stop_id": 1, "county_fips": "037", "stop_date": DAY(2024, 3, 9), "stop_hour": 23, "stop_type": "vehicular", "officer_id": "77"},
        {"stop_id": 2, "county_fips": "001", "stop_date": DAY(2024, 5, 1), "stop_hour": 5, "stop_type": "pedestrian", "officer_id": "77"},
        {"stop_id": 3, "county_fips": "001", "stop_date": DAY(2023, 5, 1), "stop_hour": 12, "stop_type": "bicycle"},
    ],
    "person_stopped": [
        {"person_id": 10, "stop_id": 1, "perceived_race": "asian", "perceived_gender": "man", "perceived_age": 17, "reason": "traffic"},
        {"person_id": 11, "stop_id": 1, "perceived_race": "middle_eastern", "perceived_age": 64, "reason": "traffic"},
        {"person_id": 12, "stop_id": 2, "perceived_race": "white", "perceived_gender": "woman", "perceived_age": 30, "reason": "suspicion"},
        {"person_id": 13, "stop_id": 3, "perceived_race": "white", "perceived_gender": "woman", "perceived_age": 30, "reason": "suspicion"},
    ],
    "person_action": [
        {"stop_id": 1, "person_id": 11, "action": "handcuffed"},
        {"stop_id": 1, "person_id": 11, "action": "curbside"},
    ],
    "person_result": [
        {"stop_id": 1, "person_id": 10, "seq": 1, "result": "warning"},
        {"stop_id": 1, "person_id": 11, "seq": 1, "result": "warning"},
        {"stop_id": 1, "person_id": 11, "seq": 2, "result": "arrest"},
    ],
}  # fmt: skip


def test_a_row_for_each_person_stopped_with_what_was_done_to_that_person(ids):
    system, con = opened("RIPA", STOPS)
    spec = RowScope(("vehicular", "pedestrian"), (2024, 2024))
    made = deidentified.build_deidentified(con, system, spec, ids)
    shown = ("person_race_group", "person_gender_group", "person_age_group", "stop_month",
             "stop_day_part", "stop_county", "stop_actions", "stop_result")  # fmt: skip
    rows = sorted(tuple(str(row[c]) for c in shown) for row in made.table.to_pylist())
    assert rows == [
        ("ASIAN_PI", "male", "15-17", "2024-03", "evening", "037", "None", "warning"),
        ("OTHER", "unknown", "55-64", "2024-03", "evening", "037", "curbside;handcuffed", "arrest"),
        ("WHITE", "female", "25-34", "2024-05", "night", "001", "None", "unknown"),
    ]
    assert made.counts == {
        "rows": 3,
        "persons": 3,
        "stops": 2,
        "stops_withheld": 0,
        "persons_withheld": 0,
    }
    assert len(set(made.table["person_ref"].to_pylist())) == 3
    leaving = {str(v) for row in made.table.to_pylist() for v in row.values()}
    assert "77" not in leaving


def test_stops_and_persons_stopped_are_both_counted_by_rows():
    system, con = opened("RIPA", STOPS)
    spec = AggregateSpec(
        (2024, 2024), ("vehicular", "pedestrian", "bicycle"), DAY(2026, 1, 2), ("year", "region")
    )
    cells = tabulate(con, system, spec)
    by = dict(
        zip(
            cells.labels(),
            zip(cells.counts.ravel(), cells.people.ravel(), strict=True),
            strict=True,
        )
    )
    assert by["2024", "TOTAL"] == (3, 3)
    assert by["2024", "los_angeles"] == (2, 2)  # one stop of two persons
    assert by["2024", "bay_area"] == (1, 1)


ARRESTS = {
    "person": [{"person_id": 1, "sex": "F", "race": "V"}, {"person_id": 2, "sex": "M"}],
    "arrest": [
        {"arrest_id": 5, "person_id": 1, "county_fips": "037", "arrest_date": DAY(2024, 1, 5), "offense_code": "ROBBERY", "age_at_arrest": 91},
        {"arrest_id": 6, "person_id": 1, "county_fips": "037", "arrest_date": DAY(2024, 2, 5), "offense_code": "MISD_DUI", "sealed": True},
        {"arrest_id": 7, "person_id": 2, "county_fips": "001", "arrest_date": DAY(2024, 3, 5), "offense_code": "MISD_THEFT", "age_at_arrest": 20},
    ],
    "charge": [{"arrest_id": 5, "seq": 1}, {"arrest_id": 5, "seq": 2}],
    "court_case": [
        {"arrest_id": 5, "seq": 1, "disposition": "dismissed", "disposition_date": DAY(2024, 5, 1)},
        {"arrest_id": 5, "seq": 2, "disposition": "convicted", "disposition_date": DAY(2024, 9, 1), "sentence": "jail"},
    ],
}  # fmt: skip
GROUPS = ("VIOLENT", "MISDEMEANOR")


def test_an_arrest_with_relief_leaves_in_no_kind(ids):
    system, con = opened("ACHS", ARRESTS, {2: (2, 1)})
    rows = deidentified.build_deidentified(con, system, RowScope(GROUPS), ids)
    shown = (
        "person_race_group",
        "person_age_band",
        "arrest_month",
        "arrest_charges",
        "arrest_outcome",
        "arrest_sentence",
    )
    assert sorted(tuple(str(r[c]) for c in shown) for r in rows.table.to_pylist()) == [
        ("ASIAN_PI", "90+", "2024-01", "2", "convicted", "jail"),
        ("UNKNOWN", "20-24", "2024-03", "0", "unknown", "None"),
    ]  # fmt: skip
    assert rows.counts["arrests_withheld"] == 1
    spec = AggregateSpec((2024, 2024), GROUPS, DAY(2026, 1, 2), ("year", "offense_group"))
    cells = tabulate(con, system, spec)
    by = dict(
        zip(
            cells.labels(),
            zip(cells.counts.ravel(), cells.people.ravel(), strict=True),
            strict=True,
        )
    )
    assert by["2024", "TOTAL"] == (2, 1)  # the two may be one person: counted at the lower bound
    assert by["2024", "MISDEMEANOR"] == (1, 1)


def test_a_cohort_row_gets_its_arrests_and_not_the_one_with_relief(ids, bring_cohort):
    system, con = opened("ACHS", ARRESTS)
    supplied = [{"row_number": n, "row_id": f"r{n}", "last_name": "DOE"} for n in (1, 2, 3)]
    links = [
        {"cohort_id": "r1", "record_id": 1, "decision": "link"},
        {"cohort_id": "r2", "record_id": 2, "decision": "link"},
    ]
    bring_cohort(con, supplied, links)
    made = build_identified(con, system, RowScope(GROUPS), ids)
    shown = (
        "row_id",
        "supplied_last_name",
        "matched",
        "arrest_offense",
        "arrest_court_disposition",
    )
    assert [tuple(row[c] for c in shown) for row in made.table.to_pylist()] == [
        ("r1", "DOE", "yes", "ROBBERY", "convicted"),
        ("r2", "DOE", "yes", "MISD_THEFT", None),
        ("r3", "DOE", "no", None, None),
    ]
    assert made.counts["arrests"] == 2
    assert made.counts["arrests_withheld"] == 1


def test_how_tables_hang_on_a_stop():
    plan = plan_for(load_system("RIPA"), "deidentified")
    assert plan.reach("stop", None) is Reach.KEY
    assert plan.reach("person_stopped", None) is Reach.OWN_PARTY
    assert plan.reach("person_action", None) is Reach.OWN_PARTY
    assert plan.reach("agency", None) is Reach.PARENT


def test_what_never_leaves_is_refused_by_the_plan_too():
    system = load_system("RIPA")
    rows = system.rows("deidentified")
    bad = rows.columns[2].model_copy(
        update={"source": "stop.officer_id", "generalise": "present", "attribute": None, "codes": None}
    )  # fmt: skip
    spoiled = rows.model_copy(update={"columns": (*rows.columns[:2], bad)})
    release = system.release.model_copy(update={"deidentified": spoiled})
    with pytest.raises(ColumnPlanRefused):
        plan_for(system.model_copy(update={"release": release}), "deidentified")
