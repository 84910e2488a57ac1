"""Every suite holds on good data, and each seeded defect is found by the check made for it."""

import functools
import json
from contextlib import contextmanager
from dataclasses import asdict
from importlib.resources import files

import pytest

from errors import Exit
from expectations.checks import Validation
from expectations.errors import ContextWrong, SuiteUnknown, ValidationFailed
from expectations.sql import count_rows, count_whole, row_count
from expectations.suite import SUITES, checks_for
from expectations.validation import validate
from tests.unit.expectations.conftest import BUILDERS
from tests.unit.expectations.running import run_checks

# (suite, defect, SQL that seeds it, check that must fail, how many violations)
DEFECTS = [
    ("register", "an entry that no person was resolved for", "DELETE FROM person_index WHERE record_id = 4", "register.persons_indexed", 1),
    ("register", "an entry resolved twice", "INSERT INTO person_index VALUES (4, 5, 5)", "register.persons_indexed", 1),
    ("register", "a person split by the lower bound", "UPDATE person_index SET identity_lower = 2 WHERE record_id = 2", "register.lower_bound_coarser", 1),
    ("register", "an order that expires before it was issued", "UPDATE order_entry SET expiration_date = '2019-01-01' WHERE order_id = 10", "register.order_entry.issue_date_expiration_date_order", 1),
    ("register", "an order from the future", "UPDATE order_entry SET issue_date = '2030-01-01', expiration_date = NULL WHERE order_id = 10", "register.issued_by_load", 1),
    ("register", "an order without a date", "UPDATE order_entry SET issue_date = NULL WHERE order_id = 10", "register.issued_after_1900", 1),
    ("register", "two entries with one key", "INSERT INTO person (person_id) VALUES (1)", "register.person.key_unique", 1),
    ("register", "a code that is in no list", "UPDATE order_entry SET order_code = 'QQQ' WHERE order_id = 11", "register.order_entry.codes_known", 1),
    ("register", "a party of an unknown order", "INSERT INTO order_party (order_id, person_id, role) VALUES (99, 1, 'petitioner')", "register.order_party.order_id_refers", 1),
    ("register", "an order without a respondent", "DELETE FROM order_party WHERE order_id = 11 AND role = 'respondent'", "register.order_has_respondent", 1),
    ("register", "an entry without a name", "DELETE FROM person_name WHERE person_id = 4", "register.entry_has_name", 1),
    ("register", "service before issue", "UPDATE service_event SET served_on = '2020-01-01'", "register.served_after_issue", 1),
    ("register", "a respondent born after the order", "UPDATE person SET dob = '2021-01-01' WHERE person_id = 1", "register.born_before_issue", 1),
    ("intake", "a row without an id", "UPDATE cohort SET cohort_id = ' ' WHERE cohort_id = 'r1'", "intake.ids_present", 1),
    ("intake", "one id on two rows", "UPDATE cohort SET cohort_id = 'r1' WHERE cohort_id = 'r2'", "intake.ids_unique", 1),
    ("intake", "more rows than declared", "INSERT INTO cohort SELECT 'x' || cohort_id, * EXCLUDE cohort_id FROM cohort LIMIT 3", "intake.rows_within_registered", 3),
    ("intake", "no column that identifies", "ALTER TABLE cohort DROP last_name; ALTER TABLE cohort DROP ssn; ALTER TABLE cohort DROP driver_license", "intake.rows_identifiable", 1),
    ("intake", "a row that names nobody", "UPDATE cohort SET last_name = '', ssn = NULL, driver_license = NULL WHERE cohort_id = 'r3'", "intake.rows_identifiable", 1),
    ("intake", "a birth date that is no date", "UPDATE cohort SET birth_date = 'unknown' WHERE cohort_id = 'r3'", "intake.birth_date_parses", 1),
    ("intake", "a birth date in the future", "UPDATE cohort SET birth_date = '2099-01-01' WHERE cohort_id = 'r3'", "intake.birth_date_plausible", 1),
    ("intake", "a short social security number", "UPDATE cohort SET ssn = '12345' WHERE cohort_id IN ('r3', 'r4')", "intake.ssn_shape", 2),
    ("intake", "a telephone number of letters", "UPDATE cohort SET phone = 'none given' WHERE cohort_id = 'r3'", "intake.phone_shape", 1),
    ("intake", "a row repeated under another id", "INSERT INTO cohort SELECT 'new', * EXCLUDE cohort_id FROM cohort WHERE cohort_id = 'r3'", "intake.rows_differ", 1),
    ("links", "a link from nowhere", "UPDATE links SET cohort_id = 'r9' WHERE record_id = 4", "links.cohort_known", 1),
    ("links", "a link to nowhere", "UPDATE links SET record_id = 77 WHERE record_id = 4", "links.record_known", 1),
    ("links", "a pair listed twice", "INSERT INTO links SELECT * FROM links WHERE record_id = 4", "links.pair_once", 1),
    ("links", "an unknown decision", "UPDATE links SET decision = 'maybe' WHERE record_id = 4", "links.decision_known", 1),
    ("links", "a probability above one", "UPDATE links SET match_probability = 1.5 WHERE record_id = 4", "links.probability_in_range", 1),
    ("links", "a missing probability", "UPDATE links SET match_probability = NULL WHERE record_id = 4", "links.probability_in_range", 1),
    ("links", "a weight that is no number", "ALTER TABLE links ALTER match_weight TYPE DOUBLE; UPDATE links SET match_weight = 'nan' WHERE record_id = 4", "links.weight_finite", 1),
    ("links", "a link below the threshold", "UPDATE links SET decision = 'link' WHERE record_id = 4", "links.link_above_threshold", 1),
    ("links", "one person linked to two rows", "UPDATE links SET cohort_id = 'r2' WHERE record_id = 1", "links.person_to_one_row", 1),
    ("links", "one row linked to two persons", "UPDATE links SET record_id = 8 WHERE record_id = 1", "links.row_to_one_person", 1),
    ("links", "an entry outside the person index", "DELETE FROM person_index WHERE record_id = 4", "links.entry_has_person", 1),
    ("links", "a link in another role", "UPDATE parties SET role = 'respondent' WHERE record_id = 4", "links.in_linked_role", 1),
    ("links", "a link to a child", "UPDATE parties SET barred = true WHERE record_id = 4", "links.in_linked_role", 1),
    ("links", "a link to a confidential record", "UPDATE parties SET flagged = true WHERE record_id = 4", "links.in_linked_role", 1),
    ("links", "a column too many", "ALTER TABLE links ADD COLUMN agreement VARCHAR", "links.columns_exact", 1),
    ("identified", "a column of the register", "ALTER TABLE extract ADD COLUMN dob DATE", "identified.columns_exact", 1),
    ("identified", "a supplied value that was changed", "UPDATE extract SET supplied_first_name = 'Zzyzxcanary' WHERE row_id = 'r1'", "identified.supplied_first_name_equal", 1),
    ("identified", "a supplied value filled in from elsewhere", "UPDATE supplied SET birth_date = NULL WHERE row_id = 'r4'", "identified.supplied_birth_date_equal", 1),
    ("identified", "a cohort row that was lost", "DELETE FROM extract WHERE row_id = 'r4'", "identified.every_row_accounted", 1),
    ("identified", "a row from elsewhere", "UPDATE extract SET row_id = 'zz' WHERE row_id = 'r4'", "identified.no_row_invented", 1),
    ("identified", "an unmatched row twice", "INSERT INTO extract SELECT * FROM extract WHERE row_id = 'r4'", "identified.unmatched_once", 1),
    ("identified", "a row both matched and not", "UPDATE extract SET matched = 'no' WHERE row_id = 'r0' AND order_ref LIKE '%' || md5('100')", "identified.one_verdict_per_row", 1),
    ("identified", "order data on an unmatched row", "UPDATE extract SET order_county = '001' WHERE row_id = 'r4'", "identified.unmatched_empty", 1),
    ("identified", "a match without an order", "UPDATE extract SET matched = 'yes' WHERE row_id = 'r4'", "identified.matched_filled", 1),
    ("identified", "a match without a link", "DELETE FROM linked WHERE cohort_id = 'r1'", "identified.matched_are_linked", 1),
    ("identified", "an untried row that says no", "UPDATE extract SET matched = 'no' WHERE row_id = 'r5'", "identified.untried_say_so", 1),
    ("identified", "an unknown verdict", "UPDATE extract SET matched = 'perhaps' WHERE row_id = 'r4'", "identified.matched_known", 1),
    ("identified", "an order twice", "INSERT INTO extract SELECT * FROM extract WHERE row_id = 'r1'", "identified.order_once", 1),
    ("identified", "an order outside the scope", "UPDATE extract SET order_family = 'DV' WHERE row_id = 'r1'", "identified.order_family_in_scope", 1),
    ("identified", "an order outside the years", "UPDATE extract SET order_issue_date = '2015-12-31' WHERE row_id = 'r1'", "identified.order_issue_date_in_years", 1),
    ("identified", "expiry before issue", "UPDATE extract SET order_expiration_date = '2020-02-29' WHERE row_id = 'r1'", "identified.order_expiration_date_after_order_issue_date", 1),
    ("identified", "service before issue", "UPDATE extract SET order_service_date = '2020-02-29' WHERE row_id = 'r1'", "identified.order_service_date_after_order_issue_date", 1),
    ("identified", "a code that is in no list", "UPDATE extract SET order_county = '999' WHERE row_id = 'r1'", "identified.order_county_known", 1),
    ("identified", "a condition that is in no list", "UPDATE extract SET order_conditions = '05;77' WHERE row_id = 'r1'", "identified.order_conditions_known", 1),
    ("identified", "a social security number in a text", "UPDATE extract SET order_out_of_state = '123-45-6789' WHERE row_id = 'r1'", "identified.no_ssn", 1),
    ("identified", "a file control number in a text", "UPDATE extract SET order_out_of_state = '2320000000001' WHERE row_id = 'r1'", "identified.no_record_number", 1),
    ("identified", "an internal key as a number", "UPDATE extract SET order_firearms = 12345678 WHERE row_id = 'r1'", "identified.no_long_numbers", 1),
    ("deidentified", "a birth date", "ALTER TABLE extract ADD COLUMN dob DATE", "deidentified.columns_exact", 1),
    ("deidentified", "a column of class D", "ALTER TABLE extract ADD COLUMN dob DATE", "deidentified.no_identifier", 1),
    ("deidentified", "a register id in place of a random one", "UPDATE extract SET person_ref = '1234567890123'", "deidentified.person_ref_present", 8),
    ("deidentified", "a missing reference", "UPDATE extract SET order_ref = NULL WHERE order_county = '001'", "deidentified.order_ref_present", 8),
    ("deidentified", "a pair twice", "INSERT INTO extract SELECT * FROM extract LIMIT 1", "deidentified.one_row_per_person_order", 1),
    ("deidentified", "an order that was lost", "DELETE FROM extract WHERE order_ref LIKE '%' || md5('3')", "deidentified.every_order_accounted", 1),
    ("deidentified", "a date to the day", "UPDATE extract SET order_issue_month = '2020-03-01'", "deidentified.order_issue_month_coarse", 8),
    ("deidentified", "a date to the day in a text", "UPDATE extract SET order_issue_month = '2020-03-01'", "deidentified.no_full_dates", 8),
    ("deidentified", "an age instead of a band", "UPDATE extract SET person_age_band = '33'", "deidentified.person_age_band_known", 8),
    ("deidentified", "an e-mail address in a code", "UPDATE extract SET order_service_kind = 'zzyzxcanary@example.org'", "deidentified.no_email", 8),
    ("deidentified", "a telephone number in a code", "UPDATE extract SET order_service_kind = '(415) 555-0100'", "deidentified.no_phone", 8),
    ("deidentified", "a licence in a code", "UPDATE extract SET order_service_kind = 'B1234567'", "deidentified.no_licence", 8),
    ("deidentified", "an order outside the scope", "UPDATE extract SET order_family = 'DV'", "deidentified.order_family_in_scope", 8),
    ("deidentified", "an order outside the years", "UPDATE extract SET order_issue_month = '2026-01'", "deidentified.order_issue_month_in_years", 8),
    ("deidentified", "a month after its expiry", "UPDATE extract SET order_expiration_month = '2019-03'", "deidentified.order_expiration_month_after_order_issue_month", 8),
    ("aggregated", "a small cell published", "UPDATE published SET orders = 5, persons = 4, status = 'published' WHERE year = '2021' AND county = '003'", "aggregated.threshold_on_persons", 1),
    ("aggregated", "few persons behind a large published count", "UPDATE cells SET persons = 9 WHERE year = 'TOTAL' AND county = '003'", "aggregated.exact_threshold", 1),
    ("aggregated", "a hidden cell that keeps its persons", "UPDATE published SET persons = 4 WHERE year = '2021' AND county = '003'", "aggregated.hidden_empty", 1),
    ("aggregated", "a published cell without a count", "UPDATE published SET persons = NULL WHERE year = 'TOTAL' AND county = '001'", "aggregated.published_filled", 1),
    ("aggregated", "an unknown status", "UPDATE published SET status = 'primary' WHERE year = '2021' AND county = '003'", "aggregated.status_known", 1),
    ("aggregated", "a negative count", "UPDATE published SET orders = -1 WHERE year = 'TOTAL' AND county = '001'", "aggregated.counts_whole", 1),
    ("aggregated", "more persons than orders", "UPDATE published SET persons = 71 WHERE year = 'TOTAL' AND county = '001'", "aggregated.persons_within_orders", 1),
    ("aggregated", "a count that was not tabulated", "UPDATE published SET orders = 71 WHERE year = 'TOTAL' AND county = '001'", "aggregated.values_exact", 1),
    ("aggregated", "a total that its parts don't make", "UPDATE published SET orders = 71 WHERE year = 'TOTAL' AND county = '001'", "aggregated.county_adds_up", 1),
    ("aggregated", "a year that has not ended", "UPDATE published SET year = '2026' WHERE year = '2021'", "aggregated.year_full_years", 3),
    ("aggregated", "a quarter", "UPDATE published SET year = '2021-Q1' WHERE year = '2021'", "aggregated.year_full_years", 3),
    ("aggregated", "an unknown county", "UPDATE published SET county = '999' WHERE county = '003'", "aggregated.county_known", 3),
    ("aggregated", "a cell twice", "INSERT INTO published SELECT * FROM published WHERE year = 'TOTAL' AND county = '001'", "aggregated.cells_once", 1),
    ("aggregated", "a missing cell", "DELETE FROM published WHERE year = '2021' AND county = '003'", "aggregated.cells_complete", 1),
    ("aggregated", "no grand total", "DELETE FROM published WHERE year = 'TOTAL' AND county = 'TOTAL'", "aggregated.grand_total", 1),
    ("aggregated", "a measure too many", "ALTER TABLE published ADD COLUMN rate DOUBLE", "aggregated.columns_exact", 1),
]  # fmt: skip


@pytest.mark.parametrize("suite", SUITES)
def test_good_data_keeps_every_rule(suite, kept):
    verdict = kept(suite)
    assert [c.id for c in verdict.checks if not c.success] == []
    assert verdict.passed
    assert verdict.require() is verdict


@pytest.fixture(scope="module")
def spoiled(system):
    """``spoiled("links", sql)``: a case with a defect; one serves all of a suite, each in a transaction."""
    shared = functools.cache(lambda suite: BUILDERS[suite](system))

    @contextmanager
    def spoil(suite, sql):
        if "ALTER" in sql:  # DuckDB changes no table that its own transaction has altered
            case = BUILDERS[suite](system)
            case.con.execute(sql)
            yield case
            return
        case = shared(suite)
        case.con.begin()
        try:
            case.con.execute(sql)
            yield case
        finally:
            case.con.rollback()

    return spoil


@pytest.mark.parametrize(
    ("suite", "defect", "sql", "check", "count"),
    [
        pytest.param(*d, id=f"{d[0]}: {d[1]}", marks=[pytest.mark.long] if i % 4 else [])
        for i, d in enumerate(DEFECTS)
    ],
)
def test_each_defect_is_found(suite, defect, sql, check, count, spoiled, system, canary):
    with spoiled(suite, sql) as case:
        checks = checks_for(suite, system, case.con, case.relation, case.context)
        made_for_it = [c for c in checks if c.id == check]
        [found] = run_checks(made_for_it, case.con, case.relation, "counts")
    assert not found.success
    assert found.unexpected_count == count
    assert canary.lower() not in json.dumps(asdict(found)).lower()


@pytest.mark.long
@pytest.mark.parametrize("suite", SUITES)
def test_a_defect_decides_the_verdict_and_its_value_is_not_told(suite, spoiled, system, canary):
    _, _, sql, check, _ = next(d for d in DEFECTS if d[0] == suite)
    with spoiled(suite, sql) as case:
        verdict = validate(suite, system, case.con, case.relation, case.context, form="counts")
    found = {c.id: c for c in verdict.checks}[check]
    assert not found.success
    assert (found in verdict.failed) == (found.severity == "critical")
    assert verdict.passed == (not verdict.failed)
    assert canary.lower() not in json.dumps(verdict.as_json()).lower()


@pytest.mark.long
@pytest.mark.parametrize("suite", SUITES)
def test_no_defect_keeps_another_check_from_counting(suite, spoiled, system):
    for sql, check, count in (d[2:] for d in DEFECTS if d[0] == suite):
        with spoiled(suite, sql) as case:
            checks = checks_for(suite, system, case.con, case.relation, case.context)
            by_row = [c for c in checks if c.row is not None]
            whole = [c for c in checks if c.row is None]
            total = row_count(case.con, case.relation)
            counts = count_rows(case.con, case.relation, by_row, total)
            counts |= count_whole(case.con, case.relation, whole, total)
        assert counts[check].unexpected == count
        assert counts.keys() == {c.id for c in checks}


def test_every_check_is_broken_by_some_defect(good, system):
    """A check that nothing can break checks nothing; what stands here is covered by its siblings."""
    broken = {d[3] for d in DEFECTS}
    untested = set()
    for suite in SUITES:
        case = good(suite)
        listed = {c.id for c in checks_for(suite, system, case.con, case.relation, case.context)}
        assert broken & listed
        untested |= {c for c in listed if c not in broken}
    families = ("_known", "_coarse", "_in_years", "_refers", ".codes_known", ".key_unique", ".required_present",
                "_order", "_shape", "_adds_up", "_after_")  # fmt: skip
    alone = {c for c in untested if not any(f in c for f in families)}
    assert alone == {
        "aggregated.nothing_falls",  # a fact of the context: own test below
        "deidentified.no_record_number",
        "deidentified.no_ssn",
        "identified.no_email",
        "identified.no_licence",
        "identified.no_phone",
        "identified.no_register_identifier",  # the system's loader refuses such a TOML
        "identified.row_id_present",
        "intake.file_not_empty",
    }


@pytest.mark.long
def test_years_stand_apart_and_regions_are_no_parts(good, system):
    """As `extracts` writes them: years as numbers without a total, regions as margins of counties."""
    case = good("aggregated")
    case.con.execute("""
      CREATE OR REPLACE TABLE published AS SELECT * REPLACE (year::BIGINT AS year) FROM published WHERE year <> 'TOTAL';
      CREATE OR REPLACE TABLE cells AS SELECT * REPLACE (year::BIGINT AS year) FROM cells WHERE year <> 'TOTAL';
      INSERT INTO cells VALUES (2020, 'bay_area', 30, 25), (2021, 'bay_area', 40, 30);
      UPDATE published SET orders = c.orders, persons = c.persons, status = 'published'
        FROM cells c WHERE c.year = published.year AND c.county = published.county AND published.year = 2020;
      INSERT INTO published SELECT year, county, orders, persons, 'published' FROM cells WHERE county = 'bay_area';
      ALTER TABLE published ADD COLUMN county_label VARCHAR;
    """)
    assert validate("aggregated", system, case.con, case.relation, case.context).passed
    case.con.execute("UPDATE published SET orders = 31 WHERE county = '001' AND year = 2020")
    failed = validate("aggregated", system, case.con, case.relation, case.context).failed
    assert [c.id for c in failed] == ["aggregated.county_adds_up", "aggregated.values_exact"]


@pytest.mark.long
def test_a_frozen_year_may_differ_from_what_is_counted_today(good, system):
    case = good("aggregated")
    case.con.execute("UPDATE cells SET orders = orders + 1 WHERE year = '2020' OR year = 'TOTAL'")
    told = case.context | {"frozen_years": (2020,)}
    found = {c.id: c for c in validate("aggregated", system, case.con, case.relation, told).failed}
    assert found["aggregated.values_exact"].unexpected_count == 3  # the totals over the years alone


def test_the_audits_verdict_stops_the_table(good, system):
    case = good("aggregated")
    verdict = validate("aggregated", system, case.con, case.relation, case.context | {"falls": 2})
    assert [c.id for c in verdict.failed] == ["aggregated.nothing_falls"]
    with pytest.raises(ValidationFailed) as stopped:
        verdict.require()
    assert stopped.value.exit == Exit.FAILED
    assert stopped.value.facts["violations"] == (2,)


def test_a_warning_does_not_stop(good, system):
    case = good("intake")
    case.con.execute("UPDATE cohort SET ssn = '1' WHERE cohort_id = 'r0'")
    verdict = validate("intake", system, case.con, case.relation, case.context)
    assert verdict.passed
    assert [c.id for c in verdict.warnings] == ["intake.ssn_shape"]


@pytest.mark.long
def test_nobody_in_scope_is_a_good_release(good, system):
    case = good("deidentified")
    case.con.execute("DELETE FROM extract")
    verdict = validate(
        "deidentified", system, case.con, case.relation, case.context | {"expected_rows": 0}
    )
    assert verdict.passed
    assert verdict.rows == 0


@pytest.mark.parametrize(
    ("losses", "warned"), [((), []), ((0.3, 0.99), []), ((0.3, 1.0, 1.0), [2])]
)
def test_a_large_group_that_lost_a_column_wholly_is_a_warning(good, system, losses, warned):
    case = good("deidentified")
    told = case.context | {"losses": losses}
    verdict = validate("deidentified", system, case.con, case.relation, told)
    assert verdict.passed
    assert [c.unexpected_count for c in verdict.warnings] == warned


COMPANION = """ALTER TABLE extract ADD COLUMN order_stage_status VARCHAR;
UPDATE extract SET order_stage_status = 'recorded';
UPDATE extract SET order_stage = NULL, order_stage_status = 'emptied' WHERE order_ref LIKE '%' || md5('3');
UPDATE extract SET order_stage = NULL, order_stage_status = 'not_recorded' WHERE order_ref LIKE '%' || md5('4')"""


@pytest.mark.parametrize(
    ("wrong", "failed"),
    [
        ("", []),
        ("order_stage_status = 'recorded'", ["deidentified.order_stage_status_true"]),
        ("order_stage = 'temporary'", ["deidentified.order_stage_status_true"]),
        ("order_stage_status = 'hidden'", ["deidentified.order_stage_status_known"]),
        (
            "order_stage_status = NULL",
            ["deidentified.order_stage_status_known", "deidentified.order_stage_status_true"],
        ),
    ],
)
def test_a_companion_says_what_is_so(good, system, wrong, failed):
    case = good("deidentified")
    case.con.execute(COMPANION)
    if wrong:
        case.con.execute(f"UPDATE extract SET {wrong} WHERE order_ref LIKE '%' || md5('3')")
    told = case.context | {"emptied": True}
    verdict = validate("deidentified", system, case.con, case.relation, told)
    assert [c.id for c in verdict.failed] == failed


def test_a_companion_where_nothing_may_be_emptied_is_a_column_too_many(good, system):
    case = good("deidentified")
    case.con.execute(COMPANION)
    verdict = validate("deidentified", system, case.con, case.relation, case.context)
    assert "deidentified.columns_exact" in [c.id for c in verdict.failed]


@pytest.mark.long
def test_a_region_may_stand_for_a_county_only_where_said(good, system):
    case = good("deidentified")
    case.con.execute("UPDATE extract SET order_county = 'bay_area'")
    strict = validate("deidentified", system, case.con, case.relation, case.context)
    told = case.context | {"coarser": {"order_county": ("bay_area",)}}
    assert [c.id for c in strict.failed] == ["deidentified.order_county_known"]
    assert validate("deidentified", system, case.con, case.relation, told).passed


@pytest.mark.parametrize(
    "change",
    [
        {"surprise": 1},
        {"falls": None},
        {"falls": -1},
        {"cells": "cells; DROP TABLE cells"},
        {"dims": ()},
    ],
    ids=["unknown fact", "missing verdict", "impossible verdict", "not a name", "no dimension"],
)
def test_a_wrong_context_stops(change, good, system):
    case = good("aggregated")
    context = {k: v for k, v in (case.context | change).items() if v is not None}
    with pytest.raises(ContextWrong):
        validate("aggregated", system, case.con, case.relation, context)


def test_an_unknown_suite_stops(good, system):
    case = good("links")
    with pytest.raises(SuiteUnknown):
        validate("link", system, case.con, case.relation, case.context)


@pytest.mark.parametrize("suite", SUITES)
def test_suite_files_read_as_suites_of_great_expectations(suite):
    from great_expectations import ExpectationSuite

    stored = json.loads((files("expectations") / "suites" / f"{suite}.json").read_text())
    read = ExpectationSuite(**stored)
    assert len(read.expectations) == len(stored["expectations"])
    assert all(e.meta["title"] for e in read.expectations)


def test_a_stored_verdict_reads_again(kept):
    verdict = kept("links")
    assert Validation.from_json(json.loads(json.dumps(verdict.as_json()))) == verdict
