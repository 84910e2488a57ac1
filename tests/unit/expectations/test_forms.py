"""Booleans or counts: Great Expectations says the same, and the same as a plain loop over rows."""

import importlib
import os
import signal
import subprocess
import sys

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import Exit
from expectations import sql as counting
from expectations import validation as runner
from expectations.checks import Check
from expectations.errors import CountingBroke, ValidationBroke
from expectations.judging import JUDGE, Judgement, Shown, judge
from expectations.sql import InStep, by_part, by_slice, count_rows, count_whole, duplicates, rows
from expectations.validation import validate
from systems.database import connect
from tests.examples import examples
from tests.unit.expectations.running import run_checks

judging = importlib.import_module("expectations.judging.serving")

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
    with pytest.raises(ValidationBroke) as broke:
        judge([Shown("counts", pa.table({"another": [0]}), CHECKS[:1])])
    assert broke.value.exit == Exit.INTERNAL


def test_whatever_great_expectations_raises_is_an_answer_without_its_text(monkeypatch):
    def explode(*_):
        raise RuntimeError("value Zzyzxcanary")

    monkeypatch.setattr(judging, "run", explode)
    frame = pd.DataFrame({"t.negative": [0]})
    assert judging._judged(frame, [("t.negative", "critical")], "counts") == {"broke": True}


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
    monkeypatch.setattr(judging, "run", lambda *_: [_answer("t.negative", **info)])
    frame = pd.DataFrame({"t.negative": [0]})
    assert judging._judged(frame, [("t.negative", "critical")], "counts") == {"broke": True}


@pytest.fixture
def says(monkeypatch):
    """A process that answers every frame with these words, or runs them."""

    def begin(words):
        code = (
            "import json, os, signal, sys; sys.path[:] = json.loads(sys.argv[1])\n"
            "from multiprocessing.connection import Connection\n"
            f"c = Connection(0)\nwhile True: c.recv_bytes(); c.recv_bytes(); {words}"
        )
        JUDGE.end()
        monkeypatch.setattr(JUDGE, "_start", code)

    yield begin
    JUDGE.end()


def _says(answers):
    return f"c.send_bytes(json.dumps({answers!r}).encode())"


@pytest.mark.parametrize(
    "words",
    [
        _says({"judged": []}),
        _says({"judged": [["t.order", True, 0, None]]}),
        _says({"judged": [["t.negative", True, 0, None]] * 2}),
        _says({"judged": [["t.negative"]]}),
        _says({"broke": True}),
        _says([]),
        "c.send_bytes(b'no JSON')",
        "os.kill(os.getpid(), signal.SIGKILL)",
        "sys.exit()",
    ],
)
def test_a_check_without_its_own_answer_is_an_error(words, says):
    says(words)
    with pytest.raises(ValidationBroke) as broke:
        judge([Shown("counts", pa.table({"t.negative": [0]}), CHECKS[:1])])
    assert broke.value.__suppress_context__ or broke.value.__context__ is None


def test_one_process_judges_frame_after_frame_can_open_nothing_and_ends_with_ours():
    code = (
        "import pyarrow as pa; from expectations.checks import Check\n"
        "from expectations.judging import JUDGE, Shown, judge\n"
        "JUDGE.begin(); first = JUDGE._waiting; JUDGE.begin()\n"
        "frame = Shown('counts', pa.table({'t.a': [2]}), [Check('t.a', 'A', violations=0)])\n"
        "for _ in range(2): print(judge([frame])['t.a'].observed)\n"
        "assert JUDGE._waiting is first; pid = first._process.pid\n"
        "told = dict(l.split(':', 1) for l in open(f'/proc/{pid}/status')); print(told['NoNewPrivs'].strip()); print(pid)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *told, pid = done.stdout.split()
    assert told == ["2", "2", "1"]
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_a_judge_that_died_while_it_waited_is_replaced():
    frame = Shown("counts", pa.table({"t.negative": [0]}), CHECKS[:1])
    assert judge([frame])["t.negative"].success
    JUDGE._waiting._process.send_signal(signal.SIGKILL)
    JUDGE._waiting._process.wait()
    assert judge([frame])["t.negative"].success


def test_a_judge_that_waits_is_let_go_and_begun_again():
    frame = Shown("counts", pa.table({"t.negative": [0]}), CHECKS[:1])
    assert judge([frame])["t.negative"].success
    waiting = JUDGE._waiting
    JUDGE.end()
    assert JUDGE._waiting is None
    assert waiting._process.poll() is not None
    assert judge([frame])["t.negative"].success


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
        runner, "judge", lambda frames: {c.id: lie for f in frames for c in f.checks}
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
    monkeypatch.setattr(runner, "judge", lambda frames: shown.extend(frames) or judge(frames))
    case = good("identified")
    validate("identified", system, case.con, case.relation, case.context)
    assert [(f.form, {str(t) for t in f.table.schema.types}) for f in shown] == [
        ("rows", {"bool"}),
        ("counts", {"int64"}),
    ]


def test_one_file_alone_runs_great_expectations():
    from pathlib import Path

    from expectations import __file__

    room = Path(__file__).parent
    naming = [p.name for p in room.rglob("*.py") if "import great_expectations" in p.read_text()]
    assert naming == ["serving.py"]
    serving = (room / "judging" / "serving.py").read_text()
    assert serving.count(".validate(") == serving.count(".validate(suite, result_format=_FORMAT)") == 1  # fmt: skip


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
    assert judging._FORMAT == {"result_format": "BASIC", "partial_unexpected_count": 0}
    assert judging.expectation("t", "critical", "counts")["kwargs"]["max_value"] == 0
    assert judging.expectation("t", "critical", "rows")["kwargs"]["value_set"] == [False]


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


def test_a_check_of_few_of_many_rows_does_not_read_all_of_them_anew_for_each_slice(monkeypatch):
    con, asked = connect(threads=1), list[str]()
    con.execute(
        "CREATE TABLE t AS SELECT i AS k, CASE WHEN i < 2 THEN 'yes' END AS matched FROM range(9) v(i)"
    )
    answer = counting._one_number
    monkeypatch.setattr(counting, "ROWS_IN_A_SLICE", 3)
    monkeypatch.setattr(
        counting, "_one_number", lambda con, query, what: asked.append(what) or answer(con, query, what)
    )  # fmt: skip
    few = "matched = 'yes'"
    checks = [
        Check("t.few", "", violations=duplicates("t", ["k"], few), elements=rows("t", few)),
        Check("t.all", "", violations=duplicates("t", ["k"])),
    ]
    counts = count_whole(con, "t", checks, 9)
    assert [counts[c.id].elements for c in checks] == [2, 9]
    assert asked == ["t.few"] * 2 + ["t.all"] * 4  # what is looked at, then what breaks the rule


@examples(60, derandomize=True)
@given(
    keys=st.lists(_key, max_size=6),
    extract=st.lists(st.tuples(_key, st.sampled_from(["yes", "no"]), _value), max_size=9),
    ordered=st.booleans(),
    cuts=st.tuples(st.integers(0, 6), st.integers(0, 9)),
)
def test_part_by_part_is_the_same_count(keys, extract, ordered, cuts):
    """Oracle: the same checks in one piece. Where the order is another one, or a key comes twice, parts are not believed."""
    if ordered:
        keys = sorted({key for key in keys if key})
        extract = sorted((row for row in extract if row[0] in keys), key=lambda row: row[0])
        last = keys[cuts[0] - 1] if 0 < cuts[0] <= len(keys) else ("" if not cuts[0] else "z")
        cuts = cuts[0], sum(row[0] <= last for row in extract)
    names = ("k", "matched", "a")
    t = pa.table(
        {n: pa.array([row[i] for row in extract], pa.int64() if n == "a" else pa.string()) for i, n in enumerate(names)}
    )  # fmt: skip
    s = pa.table({"k": pa.array(keys, pa.string()), "a": pa.array(range(len(keys)), pa.int64())})
    con = connect(threads=1)
    con.register("t", t)
    con.register("s", s)
    step = InStep(
        "k", "s",
        lambda: iter([{"s": s.slice(0, cuts[0]), "t": t.slice(0, cuts[1])}, {"s": s.slice(cuts[0]), "t": t.slice(cuts[1])}]),
    )  # fmt: skip
    part = by_part("k")
    pair = f"(SELECT * FROM t WHERE {part}) AS r FULL JOIN (SELECT * FROM s WHERE {part}) AS s ON r.k = s.k"
    grouped = f"(SELECT min(matched) <> max(matched) AS both FROM t WHERE {part} GROUP BY k) AS r"
    checks = [
        Check("t.equal", "", row="CASE WHEN r.k IS NOT NULL THEN r.a IS DISTINCT FROM s.a END", over=pair),
        Check("t.there", "", row="CASE WHEN s.k IS NOT NULL THEN r.k IS NULL END", over=pair),
        Check("t.both", "", row="r.both", over=grouped),
        Check("t.negative", "", row="r.a < 0"),
    ]  # fmt: skip
    groups = [checks[:2], checks[2:3]]
    whole = count_rows(con, "t", checks, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "ROWS_IN_A_SLICE", 1)
        assert count_rows(con, "t", checks, 2, step) == whole
        believed = counting._count_in_step(con, "t", groups, step)
    assert not ordered or believed
    assert believed == {} or believed == {c.id: whole[c.id] for c in checks[:3]}
