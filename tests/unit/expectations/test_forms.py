"""Booleans or counts: Great Expectations says the same, and the same as a plain loop over rows."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import Exit
from expectations import sql as counting
from expectations import validation as runner
from expectations.checks import Check
from expectations.errors import CountingBroke, ValidationBroke
from expectations.sql import by_slice, count_rows, count_whole, duplicates
from expectations.validation import Judgement, expectation, judge, run_checks, validate
from systems.database import connect
from tests.examples import examples

pytestmark = pytest.mark.long

CHECKS = [
    Check("t.negative", "Not negative", "", "policy", "critical", row="r.a < 0"),
    Check("t.order", "In order", "", "policy", "warning", row="CASE WHEN r.b IS NOT NULL THEN r.a > r.b END"),
    Check("t.never", "Holds always", "", "policy", "critical", row="false"),
    Check("t.unique", "Unique", "", "policy", "critical", violations="SELECT count(*) - count(DISTINCT coalesce(a, 99)) FROM t"),
    Check("t.told", "Told", "", "policy", "critical", violations=0, elements=3),
]  # fmt: skip
_key = st.sampled_from(["a", "b", "c", "d", None])
_value = st.none() | st.integers(-2, 2)


def oracle(rows):
    """Count by hand: (elements, violations, not applicable) of each check."""
    a = [x for x, _ in rows]
    n = len(rows)
    negative = [None if x is None else x < 0 for x in a]
    order = [None if x is None or y is None else x > y for x, y in rows]
    return {
        "t.negative": (n, negative.count(True), negative.count(None)),
        "t.order": (n, order.count(True), order.count(None)),
        "t.never": (n, 0, 0),
        "t.unique": (n, n - len({99 if x is None else x for x in a}), 0),
        "t.told": (3, 0, 0),
    }


@examples(15, derandomize=True)
@given(rows=st.lists(st.tuples(_value, _value), max_size=8))
def test_both_forms_say_what_a_plain_loop_says(rows):
    con = connect(threads=1)
    con.execute("CREATE TABLE t (a BIGINT, b BIGINT)")
    if rows:
        con.executemany("INSERT INTO t VALUES (?, ?)", rows)
    by_form = {form: run_checks(CHECKS, con, "t", form) for form in ("rows", "counts")}
    assert by_form["rows"] == by_form["counts"]
    expected = oracle(rows)
    for result in by_form["rows"]:
        told = (result.element_count, result.unexpected_count, result.missing_count)
        assert told == expected[result.id]
        assert result.success == (result.unexpected_count == 0)


@pytest.mark.parametrize("suite", ["identified", "deidentified", "intake", "aggregated"])
def test_both_forms_agree_on_a_whole_suite(suite, good, kept, system):
    case, by_rows = good(suite), kept(suite)
    assert by_rows.rows <= runner.ROWS_TO_SHOW
    by_counts = validate(suite, system, case.con, case.relation, case.context, form="counts")
    assert by_rows.checks == by_counts.checks


def test_a_missing_column_is_an_error_and_not_a_failed_check():
    frame = pd.DataFrame({"another": [0]})
    with pytest.raises(ValidationBroke) as broke:
        judge(frame, CHECKS[:1], "counts")
    assert broke.value.exit == Exit.INTERNAL


def test_whatever_great_expectations_raises_is_ours_without_its_text(monkeypatch):
    def explode(*_):
        raise RuntimeError("value Zzyzxcanary")

    monkeypatch.setattr(runner, "_run", explode)
    with pytest.raises(ValidationBroke) as broke:
        judge(pd.DataFrame({"t.negative": [0]}), CHECKS[:1], "counts")
    assert "Zzyzx" not in str(broke.value)
    assert broke.value.__suppress_context__


def _answer(check_id, **info):
    meta = type("Config", (), {"meta": {"id": check_id}})()
    shape = {
        "success": False,
        "expectation_config": meta,
        "result": {"observed_value": 0},
        "exception_info": info,
    }
    return type("Result", (), shape)()


@pytest.mark.parametrize(
    "info",
    [{"raised_exception": True}, {"metric": {"raised_exception": True}}, {"metric": {}}],
    ids=["flat", "keyed by metric", "keyed, without its flag"],
)
def test_both_shapes_of_a_raised_exception_are_seen(info, monkeypatch):
    monkeypatch.setattr(runner, "_run", lambda *_: [_answer("t.negative", **info)])
    with pytest.raises(ValidationBroke):
        judge(pd.DataFrame({"t.negative": [0]}), CHECKS[:1], "counts")


@pytest.mark.parametrize(
    "answers", [[], ["t.order"], ["t.negative", "t.negative"]], ids=["none", "another", "twice"]
)
def test_a_check_without_its_own_answer_is_an_error(answers, monkeypatch):
    monkeypatch.setattr(
        runner, "_run", lambda *_: [_answer(a, raised_exception=False) for a in answers]
    )
    with pytest.raises(ValidationBroke):
        judge(pd.DataFrame({"t.negative": [0]}), CHECKS[:1], "counts")


@pytest.mark.parametrize(
    "lie",
    [
        Judgement(True, 3),
        Judgement(False, 0),
        Judgement(True, 0, (7, 0)),
        Judgement(True, 0, (1, 1)),
    ],
    ids=["passes what is broken", "fails what holds", "other elements", "other missing"],
)
def test_a_verdict_that_contradicts_the_counts_is_an_error(lie, monkeypatch):
    con = connect(threads=1)
    con.execute("CREATE TABLE t AS SELECT 1::BIGINT AS a, 2::BIGINT AS b")
    monkeypatch.setattr(
        "expectations.validation.judge", lambda f, checks, form: {c.id: lie for c in checks}
    )
    with pytest.raises(ValidationBroke):
        run_checks(CHECKS[2:3], con, "t", "rows")


@pytest.mark.parametrize(
    "violations",
    ["SELECT -1", "SELECT 'x'", "SELECT 1 UNION ALL SELECT 2", "SELECT NULL", "nonsense"],
)
def test_a_count_that_is_no_count_is_an_error(violations):
    con = connect(threads=1)
    con.execute("CREATE TABLE t AS SELECT 1 AS a")
    with pytest.raises(CountingBroke):
        run_checks(
            [Check("t.x", "X", "", "policy", "critical", violations=violations)], con, "t", "counts"
        )


def test_great_expectations_is_shown_booleans_and_counts_alone(good, system, monkeypatch):
    shown = []
    real = runner._run
    monkeypatch.setattr(runner, "_run", lambda frame, e: shown.append(frame) or real(frame, e))
    case = good("identified")
    validate("identified", system, case.con, case.relation, case.context)
    assert len(shown) == 2
    kinds = {type(v) for frame in shown for v in frame.to_numpy().ravel()}
    assert {k.__name__ for k in kinds} <= {"bool", "NoneType", "int", "int64"}


def test_only_validation_imports_great_expectations():
    from pathlib import Path

    from expectations import __file__

    room = Path(__file__).parent
    naming = [p.name for p in room.rglob("*.py") if "import great_expectations" in p.read_text()]
    assert naming == ["validation.py"]
    assert "ValidationDefinition" in (room / "validation.py").read_text()


def test_a_suite_runs_without_a_network(good, system, monkeypatch):
    import socket

    def refuse(*_):
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    case = good("links")
    assert validate("links", system, case.con, case.relation, case.context).passed


def test_nothing_is_printed_and_logs_hold_counts(good, system, canary, capsys, caplog):
    case = good("identified")
    case.con.execute("UPDATE extract SET supplied_first_name = 'Zzyzxcanary' WHERE row_id = 'r1'")
    with caplog.at_level("DEBUG"):
        validate("identified", system, case.con, case.relation, case.context)
    told = capsys.readouterr()
    assert told.out == told.err == ""
    assert canary not in caplog.text
    assert "1 failed" in caplog.text


def test_the_result_format_is_fixed():
    assert runner._FORMAT == {"result_format": "BASIC", "partial_unexpected_count": 0}
    assert expectation(CHECKS[0], "counts")["kwargs"]["max_value"] == 0
    assert expectation(CHECKS[0], "rows")["kwargs"]["value_set"] == [False]


@examples(20, derandomize=True)
@given(
    extract=st.lists(st.tuples(_key, st.sampled_from(["yes", "no"]), _value), max_size=9),
    slices=st.integers(2, 4),
)
def test_slice_by_slice_is_the_same_count(extract, slices):
    """Oracle: the same checks in one piece; missing keys and keys that stand alone included."""
    con = connect(threads=1)
    con.execute("CREATE TABLE t (k VARCHAR, matched VARCHAR, a BIGINT)")
    con.execute("CREATE TABLE s AS SELECT * FROM (VALUES ('a', 1), ('b', 0), (NULL, 2)) v(k, a)")
    if extract:
        con.executemany("INSERT INTO t VALUES (?, ?, ?)", extract)
    part = by_slice("k")
    pair = f"(SELECT * FROM t WHERE {part}) AS r LEFT JOIN (SELECT * FROM s WHERE {part}) AS s ON r.k = s.k"
    grouped = f"SELECT count(*) FROM (SELECT k FROM t WHERE {part} GROUP BY k HAVING min(matched) <> max(matched))"
    checks = [
        Check("t.equal", "", "", "policy", "critical", row="r.a IS DISTINCT FROM s.a", over=pair),
        Check("t.once", "", "", "policy", "critical", violations=duplicates("t", ["k", "a"])),
        Check("t.one", "", "", "policy", "critical", violations=grouped),
        Check("t.whole", "", "", "policy", "critical", violations="SELECT count(*) FROM t"),
    ]
    whole = [c for c in checks if c.row is None]
    limit, counting.ROWS_IN_A_SLICE = counting.ROWS_IN_A_SLICE, 1
    try:
        cut = [
            count_rows(con, "t", checks[:1], n) | count_whole(con, "t", whole, n)
            for n in (1, slices)
        ]
    finally:
        counting.ROWS_IN_A_SLICE = limit
    assert cut[0] == cut[1]
