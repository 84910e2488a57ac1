"""Every sentence of a report is held against data where it is false: a new one without such data fails here.

The checks of all suites are walked, those that only some contexts bring included; each is broken by a defect of
`test_suites`, or by what stands here for its kind. So is each sentence that stands for several of them.
"""

import ast
import functools
import re
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from expectations.checks import Validation
from expectations.drift import Drift
from expectations.kinds.intake import _SHAPES
from expectations.report import check_items, check_lines
from expectations.report.items import _FAMILIES
from expectations.suite import SUITES, checks_for
from tests.unit.expectations.conftest import BUILDERS
from tests.unit.expectations.running import run_checks
from tests.unit.expectations.test_suites import COMPANION, DEFECTS

MOVED = Drift("order_county", "release", 100, 0.5, 0.1)
NOISY = "UPDATE published SET status = 'perturbed' WHERE status = 'published';"  # every published count is its own within the reach
# Contexts that bring other checks: suite, what more it is told, what makes the data keep them.
VARIANTS = [
    *((suite, {}, "") for suite in SUITES),
    ("aggregated", {"noise": 3}, NOISY),
    ("aggregated", {"county_exempt": True}, ""),
    ("deidentified", {"losses": (0.3, 0.4)}, ""),
    ("deidentified", {"emptied": True}, COMPANION),
    ("deidentified", {"drift": (Drift("order_county", "register", 8, 0.1, 0.2),)}, ""),
]
# What no change of the data breaks: it is a fact that the suite is told.
TOLD = {
    "aggregated.nothing_falls": {"falls": 2},
    "aggregated.county_alone": {"dims": ("year", "county", "family"), "county_exempt": True},
    "deidentified.no_group_without_a_column": {"losses": (0.3, 1.0)},
    "deidentified.order_county_steady_release": {"drift": (MOVED,)},
    "deidentified.order_county_steady_register": {
        "drift": (Drift("order_county", "register", 100, 0.5, 0.1),)
    },
}
# What the system's file would have to describe.
DESCRIBED = {
    "identified.no_register_identifier": lambda system: direct(system, "order_entry", "order_code"),
}
ALIKE = {
    "ssn": "123-45-6789", "licence": "A1234567", "phone": "(415) 555-0100", "email": "a@example.org",
    "record_number": "2320000000001",
}  # fmt: skip


def direct(system, table, column):
    """The system as if this column were a direct identifier."""
    told = [
        c.model_copy(update={"identifier_class": "D"}) if c.name == column else c
        for c in system.table(table).columns
    ]
    changed = with_other(system.table(table), columns=tuple(told))
    tables = tuple(changed if t.name == table else t for t in system.tables)
    return with_other(system, tables=tables)


def with_other(described, **fields):
    """A description with other fields, and nothing that it had worked out from those before."""
    return type(described).model_construct(**dict(described) | fields)


def everywhere(column, value):
    return f'UPDATE extract SET "{column}" = {value}'


# Kinds of checks, and the SQL that makes one false.
PLANTS = {
    r"(?:de)?identified\.(\w+)_known": lambda _, column: everywhere(column, "'no such code'"),
    r"deidentified\.(\w+)_status_true": lambda _, column: everywhere(column, "NULL"),
    r"(?:de)?identified\.(\w+)_coarse": lambda _, column: everywhere(column, "'2020-03-01'"),
    r"(?:de)?identified\.(\w+)_in_years": lambda _, column: everywhere(column, "'1901-01-01'"),
    r"(?:de)?identified\.(\w+)_in_scope": lambda _, column: everywhere(column, "'DV'"),
    r"(?:de)?identified\.(\w+)_after_(\w+)": lambda _, after, before: (
        f"UPDATE extract SET \"{after}\" = '2019-01-01', \"{before}\" = '2021-01-01'"
    ),
    r"identified\.supplied_(\w+)_equal": lambda _, column: everywhere(f"supplied_{column}", "'x'"),
    r"identified\.no_(\w+)": lambda _, what: everywhere("order_out_of_state", f"'{ALIKE[what]}'"),
    r"deidentified\.no_(\w+)": lambda _, what: everywhere("order_service_kind", f"'{ALIKE[what]}'"),
    r"deidentified\.no_long_numbers": lambda *_: (
        "ALTER TABLE extract ADD COLUMN n BIGINT DEFAULT 12345678"
    ),
    r"identified\.row_id_present": lambda _: everywhere("row_id", "NULL"),
    r"intake\.(\w+)_shape": lambda _, column: f"UPDATE cohort SET {column} = '?' WHERE cohort_id = 'r3'",
    r"intake\.file_not_empty": lambda _: "DELETE FROM cohort",
    r"aggregated\.(\w+)_adds_up": lambda *_: (
        "UPDATE published SET orders = 96 WHERE year = 'TOTAL' AND county = 'TOTAL'"
    ),
    r"aggregated\.values_near": lambda _: (
        "UPDATE published SET persons = persons + 4 WHERE year = 'TOTAL' AND county = '001'"
    ),
    r"register\.(\w+)\.key_unique": lambda system, table: (
        f"DELETE FROM \"{table}\"; {row(system, table)}; {row(system, table)}"
    ),
    r"register\.(\w+)\.required_present": lambda system, table: (
        f"INSERT INTO \"{table}\" SELECT * FROM (SELECT 1) LEFT JOIN \"{table}\" ON false"
        .replace("SELECT * FROM (SELECT 1)", f"SELECT \"{table}\".* FROM (SELECT 1)")
    ),
    r"register\.(\w+)\.(\w+)_refers": lambda system, table, columns: refers(system, table, columns),
    r"register\.(\w+)\.codes_known": lambda system, table: (
        row(system, table, **{next(c.name for c in system.table(table).columns if c.codes): "'QQQ'"})
    ),
    r"register\.(\w+)\.(\w+)_order": lambda system, table, dates: disordered(system, table, dates),
}  # fmt: skip


def row(system, table, **values):
    """SQL for a row with a key and no more than these values (SQL)."""
    keys = dict.fromkeys(system.table(table).primary_key, "1")
    for column in system.table(table).columns:
        if column.name in keys and column.sql_type not in {"BIGINT", "INTEGER"}:
            keys[column.name] = "'2020-01-01'" if column.sql_type == "DATE" else "'1'"
    filled = keys | values
    return f'INSERT INTO "{table}" ({", ".join(filled)}) VALUES ({", ".join(filled.values())})'


def refers(system, table, columns):
    (key,) = [k for k in system.table(table).foreign_keys if "_".join(k.columns) == columns]
    there = row(system, key.table)
    return f"{there}; {row(system, table, **dict.fromkeys(key.columns, '987654321'))}"


def disordered(system, table, dates):
    (order,) = [o for o in system.table(table).date_orders if f"{o.before}_{o.after}" == dates]
    return row(system, table, **{order.before: "'2021-01-01'", order.after: "'2019-01-01'"})


def planted(suite, check, system):
    """SQL that makes this check's sentence false."""
    for of, _, sql, broken, _ in DEFECTS:
        if (of, broken) == (suite, check):
            return sql
    for pattern, plant in PLANTS.items():
        if found := re.fullmatch(pattern, check):
            return plant(system, *found.groups())
    return None


def walk(system):
    """Each check of each variant once: suite, what the suite is told, what prepares its data, the check's id."""
    seen = {}
    for suite, told, prepare in VARIANTS:
        case = BUILDERS[suite](system)
        case.con.execute(prepare or "SELECT 1")
        for check in checks_for(suite, system, case.con, case.relation, case.context | told):
            seen.setdefault(check.id, (suite, told, prepare))
    seen["deidentified.order_county_steady_release"] = ("deidentified", {}, "")
    return seen


def broken(bench, system, name, suite, told, prepare):
    """The results of the family of a check, on data where its sentence is false."""
    sql = "" if name in TOLD or name in DESCRIBED else planted(suite, name, system)
    assert sql is not None, f"{name}: nothing shows that its sentence can be false"
    described = DESCRIBED.get(name, lambda known: known)(system)
    with bench(suite, prepare, sql) as case:
        given = case.context | told | TOLD.get(name, {})
        checks = checks_for(suite, described, case.con, case.relation, given)
        family = next((p for p, _ in _FAMILIES if p.search(name)), None)
        members = [c for c in checks if c.id == name or (family and family.search(c.id))]
        return run_checks(members, case.con, case.relation, "counts")


@pytest.fixture(scope="module")
def bench(system):
    """``bench(suite, prepare, sql)``: a good case that was spoiled; one serves all, each in a transaction."""

    @functools.cache
    def prepared(suite, prepare):
        case = BUILDERS[suite](system)
        case.con.execute(prepare or "SELECT 1")
        return case

    @contextmanager
    def spoil(suite, prepare, sql):
        if "ALTER" in sql:  # DuckDB changes no table that its own transaction has altered
            case = prepared.__wrapped__(suite, prepare)
            case.con.execute(sql)
            yield case
            return
        case = prepared(suite, prepare)
        case.con.begin()
        try:
            case.con.execute(sql or "SELECT 1")
            yield case
        finally:
            case.con.rollback()

    return spoil


@pytest.fixture(scope="module")
def walked(system, bench):
    """Each check's results on data where it is false, with its siblings."""
    return {name: broken(bench, system, name, *where) for name, where in walk(system).items()}


@pytest.mark.long
def test_every_check_is_broken_by_data_where_its_sentence_is_false(walked):
    held = [
        name
        for name, results in walked.items()
        if next(c for c in results if c.id == name).outcome != "fails"
    ]
    assert held == []


@pytest.mark.long
def test_no_check_that_the_code_can_make_is_left_out(walked):
    folder = Path(__file__).parents[3] / "expectations"
    for file in (*(folder / "kinds").glob("*.py"), folder / "drift.py"):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Check" and call.args:
                shape = id_of(call.args[0])
                assert any(re.fullmatch(shape, name) for name in walked), (file.name, shape)


def id_of(argument):
    """A pattern of the ids that an argument of `Check` can be."""
    if isinstance(argument, ast.Constant):
        return re.escape(argument.value)
    assert isinstance(argument, ast.JoinedStr)
    parts = (re.escape(p.value) if isinstance(p, ast.Constant) else ".+" for p in argument.values)
    return "".join(parts)


def verdict_of(results):
    passed = all(r.success for r in results if r.severity == "critical")
    return Validation(results[0].id.partition(".")[0], tuple(results), passed, 1, 0.0, "1")


@pytest.mark.long
def test_what_is_false_of_one_is_not_said_of_all(walked):
    """A family's sentence is refuted with its check, and never stands beside that."""
    said = set()
    for results in walked.values():
        (item,) = check_items(verdict_of(results))
        assert item.status in {"fail", "warn"}
        assert item.text.startswith("Not so: ")
        said |= {words for _, words in _FAMILIES if item.text[9:] == words[1:]}
    assert said == {words for _, words in _FAMILIES}


@pytest.mark.long
def test_every_shape_is_looked_at(walked):
    assert {f"intake.{column}_shape" for column in _SHAPES} <= walked.keys()


@pytest.mark.parametrize("suite", SUITES)
def test_what_examined_nothing_neither_holds_nor_fails(suite, kept):
    verdict = kept(suite)
    for check, line in zip(verdict.checks, check_lines(verdict), strict=True):
        assert check.examined == check.element_count - check.missing_count == line.examined
        assert check.outcome == ("holds" if check.examined else "nothing")
        assert line.status == ("ok" if check.examined else "none")


def test_a_family_says_how_many_of_it_had_nothing_to_examine(kept):
    results = [c for c in kept("identified").checks if c.id.endswith("_known")]
    empty = [
        type(c)(**asdict(c) | {"missing_count": c.element_count, "exempt": ()}) for c in results
    ]
    mixed = {i.text: i for i in check_items(verdict_of([*results[:3], *empty[3:]]))}
    some = sum(
        c.outcome == "nothing" for c in (*results[1:3], *empty[3:])
    )  # the first is no coded value
    told = mixed["Every coded value is in the system's code lists"]
    assert (told.status, told.detail) == (
        "ok",
        f"{len(results) - 1} checks, {some} had nothing to examine",
    )
    assert {i.status for i in check_items(verdict_of(empty))} == {"none"}


@pytest.mark.parametrize(
    ("span", "outcome"),
    [("2016-2017", "holds"), ("2014-2015", "fails"), ("2026-2027", "fails"), ("2025-2026", "holds"),
     ("long ago", "fails"), (None, "nothing")],
)  # fmt: skip
def test_a_span_of_years_has_one_that_was_approved(span, outcome, good, system):
    """Where the year itself was emptied, the coarser columns are what can be examined."""
    case = good("deidentified")
    columns = (*system.release.deidentified.finest, "order_issue_two_years")
    case.con.execute("ALTER TABLE extract ADD COLUMN order_issue_two_years VARCHAR")
    case.con.execute("UPDATE extract SET order_issue_two_years = ?", [span])
    told = case.context | {"columns": columns}
    checks = checks_for("deidentified", system, case.con, case.relation, told)
    made = [c for c in checks if c.id == "deidentified.order_issue_two_years_in_years"]
    (found,) = run_checks(made, case.con, case.relation, "counts")
    assert found.outcome == outcome
