"""Small relations that keep every rule, for each suite; defects are seeded by SQL in the tests."""

import functools
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from expectations.validation import validate
from systems.database import connect
from systems.description.loading import load_system

CANARY = "Zzyzxcanary"  # stands in every personal field; must never come out

REGISTER = """
CREATE TABLE person_index AS SELECT * FROM (VALUES (1::BIGINT, 1::BIGINT, 1::BIGINT), (2, 1, 1), (3, 3, 1), (4, 4, 4))
  t(record_id, identity, identity_lower);
INSERT INTO person (person_id, sex, dob) VALUES (1, 'M', '1980-01-02'), (2, 'M', '1980-01-02'), (3, 'F', '1990-05-06'), (4, 'M', NULL);
INSERT INTO person_name (person_id, seq, kind, "last", "first") VALUES (1, 1, 'legal', 'Zzyzxcanary', 'Zzyzxcanary'),
  (2, 1, 'legal', 'Zzyzxcanary', 'A'), (3, 1, 'legal', 'Zzyzxcanary', 'B'), (4, 1, 'legal', 'Zzyzxcanary', 'C');
INSERT INTO restraint (fcn, status) VALUES ('2320000000001', 'active');
INSERT INTO order_entry (order_id, fcn, order_code, issue_date, expiration_date, county_fips) VALUES
  (10, '2320000000001', 'TGV', '2020-03-01', '2020-03-22', '001'), (11, '2320000000001', 'OGV', '2020-03-20', NULL, '001');
INSERT INTO order_party (order_id, person_id, role) VALUES (10, 1, 'respondent'), (11, 2, 'respondent'), (10, 3, 'petitioner'), (11, 4, 'protected');
INSERT INTO service_event (order_id, kind, served_on) VALUES (10, 'personal', '2020-03-02');
"""
INTAKE = """
CREATE TABLE cohort AS SELECT 'r' || i AS cohort_id, 'Zzyzxcanary' || i AS first_name, 'Doe' AS last_name,
  '19' || (50 + i) || '-01-15' AS birth_date, '123-45-678' || i AS ssn, 'A123456' || i AS driver_license,
  'CA' AS dl_state, '(415) 555-010' || i AS phone, '9410' || i AS zip, 'F' AS sex FROM range(8) t(i);
"""
LINKS = """
CREATE TABLE cohort AS SELECT 'r' || i AS cohort_id FROM range(4) t(i);
CREATE TABLE records AS SELECT i AS record_id FROM range(10) t(i);
CREATE TABLE person_index AS SELECT i AS record_id, i // 2 AS identity FROM range(10) t(i);
CREATE TABLE links AS SELECT * FROM (VALUES ('r0', 0::BIGINT, 21.5, 0.999, 'link'), ('r0', 1, 21.5, 0.999, 'link'),
  ('r1', 4, 4.0, 0.6, 'review')) t(cohort_id, record_id, match_weight, match_probability, decision);
"""
IDENTIFIED = """
CREATE TABLE supplied AS SELECT i + 1 AS row_number, 'r' || i AS row_id, 'Zzyzxcanary' || i AS first_name,
  '19' || (50 + i) || '-01-15' AS birth_date FROM range(6) t(i);
CREATE TABLE untried AS SELECT 'r5' AS row_id;
CREATE TABLE linked AS SELECT * FROM (VALUES ('r0'), ('r1'), ('r2')) t(cohort_id);
"""


@dataclass
class Case:
    """A connection with a relation that keeps every rule, and what the suite must be told."""

    suite: str
    con: Any
    relation: str
    context: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="session")
def system():
    return load_system("CARPOS")


def _columns(outputs, values):
    """A row of an extract as a select list: given values by column, else null of the right type."""
    types = {"date": "DATE", "number": "BIGINT", "yes/no": "BOOLEAN"}
    return ", ".join(
        f"CAST({values.get(o.name, 'NULL')} AS {types.get(o.type, 'VARCHAR')}) AS {o.name}"
        for o in outputs
    )


_ORDER = {
    "order_ref": "'ref-' || md5(CAST({i} AS VARCHAR))",
    "order_family": "'GV'",
    "order_stage": "'temporary'",
    "order_issue_date": "'2020-03-01'",
    "order_expiration_date": "'2021-03-01'",
    "order_service_date": "'2020-03-02'",
    "order_county": "'001'",
    "order_conditions": "'05;07'",
    "order_firearms": "2",
    "person_ref": "'ref-' || md5('p' || CAST({i} // 2 AS VARCHAR))",
    "person_sex": "'M'",
    "person_age_band": "'30-34'",
    "order_issue_month": "'2020-03'",
    "order_expiration_month": "'2021-03'",
    "order_petitioner_group": "'unknown'",
}


def _order(number: str) -> dict[str, str]:
    return {k: v.format(i=number) for k, v in _ORDER.items()}


def build_register(system):
    con = connect(threads=1)
    for table in system.tables:
        listed = ", ".join(f'"{c.name}" {c.sql_type}' for c in table.columns)
        con.execute(f'CREATE TABLE "{table.name}" ({listed})')
    con.execute(REGISTER)
    con.execute("UPDATE order_party SET petitioner_kind = NULL")
    return Case("register", con, "person", {"on": date(2026, 11, 23)})


def build_intake(system):
    con = connect(threads=1)
    con.execute(INTAKE)
    return Case("intake", con, "cohort", {"maximum_rows": 8, "on": date(2026, 11, 23)})


def build_links(system):
    con = connect(threads=1)
    con.execute(LINKS)
    con.execute(
        "CREATE TABLE parties AS SELECT record_id, 'petitioner' AS role, false AS barred, false AS flagged FROM records"
    )
    return Case(
        "links",
        con,
        "links",
        {
            "cohort": "cohort",
            "records": "records",
            "identities": "person_index",
            "parties": "parties",
            "roles": ("petitioner", "protected"),
        },
    )


def build_identified(system):
    con = connect(threads=1)
    con.execute(IDENTIFIED)
    outputs = system.release.identified.columns
    head = "row_id, first_name AS supplied_first_name, birth_date AS supplied_birth_date"
    con.execute(
        f"CREATE TABLE extract AS SELECT {head}, 'yes' AS matched, {_columns(outputs, _order('row_number'))} FROM supplied "
        f"WHERE row_number <= 2 UNION ALL SELECT {head}, 'yes', {_columns(outputs, _order('100'))} FROM supplied WHERE row_number = 1 "
        f"UNION ALL SELECT {head}, CASE WHEN row_number = 6 THEN 'not_attempted' ELSE 'no' END, {_columns(outputs, {})} "
        "FROM supplied WHERE row_number > 2"
    )
    context = {
        "supplied": "supplied",
        "supplied_columns": ("first_name", "birth_date"),
        "families": ("GV",),
        "first_year": 2016,
        "last_year": 2025,
        "not_attempted": "untried",
        "linked": "linked",
        "columns": tuple(o.name for o in outputs),
    }
    return Case("identified", con, "extract", context)


def build_deidentified(system):
    con = connect(threads=1)
    release = system.release.deidentified
    outputs = [column for column in release.columns if column.name in release.finest]
    con.execute(
        f"CREATE TABLE extract AS SELECT {_columns(outputs, _order('i'))} FROM range(8) t(i)"
    )
    context = {"families": ("GV",), "first_year": 2016, "last_year": 2025, "expected_rows": 8}
    return Case("deidentified", con, "extract", context)


def build_aggregated(system):
    """Two years by two counties with margins; the cell (2021, 003) holds 4 persons, (2021, 001) and both of 2020 hide it."""
    con = connect(threads=1)
    con.execute("""
      CREATE TABLE cells AS SELECT * FROM (VALUES
        ('2020','001',30,25),('2020','003',20,15),('2020','TOTAL',50,38),
        ('2021','001',40,30),('2021','003',5,4),('2021','TOTAL',45,33),
        ('TOTAL','001',70,50),('TOTAL','003',25,18),('TOTAL','TOTAL',95,66)) t(year, county, orders, persons);
      CREATE TABLE published AS SELECT year, county,
        CASE WHEN hide THEN NULL ELSE orders END AS orders, CASE WHEN hide THEN NULL ELSE persons END AS persons,
        CASE WHEN hide THEN 'suppressed' ELSE 'published' END AS status
        FROM (SELECT *, year <> 'TOTAL' AND county <> 'TOTAL' AS hide FROM cells);
    """)
    context = {
        "dims": ("year", "county"),
        "first_year": 2020,
        "last_year": 2021,
        "last_full_year": 2025,
        "falls": 0,
        "audited_cells": 4,
        "cells": "cells",
    }
    return Case("aggregated", con, "published", context)


BUILDERS = {
    "register": build_register,
    "intake": build_intake,
    "links": build_links,
    "identified": build_identified,
    "deidentified": build_deidentified,
    "aggregated": build_aggregated,
}


@pytest.fixture
def good(system):
    """``good("links")``: a fresh case that keeps every rule of that suite."""
    return lambda suite: BUILDERS[suite](system)


@pytest.fixture(scope="session")
def kept(system):
    """``kept("links")``: the verdict on a case that keeps every rule of that suite, reached once."""

    @functools.cache
    def verdict(suite):
        case = BUILDERS[suite](system)
        return validate(suite, system, case.con, case.relation, case.context)

    return verdict


@pytest.fixture(scope="session")
def canary():
    return CANARY
