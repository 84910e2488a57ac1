"""Answers and help at a terminal of 80 columns: nothing is cut, no digest broken; colours only where they are wanted."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from pipelines.cli.app import tree
from pipelines.cli.console import Console
from tests.in_process import Screen, run_here
from tests.screen import told_whole, ugly
from tests.unit.pipelines.cli.test_strangers import commands, words_of

DIGEST = "0123456789abcdef" * 4
COPY = f"doj-release cohort confirm 2026-001 {DIGEST}"
TEXT = "complete the renewal before the approval expires, or submit a new application"
ESCAPE = "\x1b["


def shown(monkeypatch, tell) -> str:
    """What a terminal of 80 columns shows, without styles."""
    monkeypatch.setenv("COLUMNS", "80")
    with contextlib.redirect_stdout(Screen()) as screen:
        tell()
    return re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue())


@pytest.mark.parametrize(
    "row",
    [
        {"on": "2026-11-29", "what": TEXT, "section": "§ 966(i)"},
        {"digest": DIGEST, "file": DIGEST[::-1], "rows": 200},
        {"what": TEXT, "command": COPY, "others": ["avery-1", "sam-1"]},
        {"what": f"Run `{COPY[:60]}` as another person, and then go on with what waited"},
        {"fingerprint for letters": ":".join([DIGEST[:2]] * 32), "kept in": "file"},
        {f"column {n}": "word " * n for n in range(12)},
        {"path": "/home/" + "a" * 90, "": "nameless"},
    ],
    ids=["folds", "digests", "command", "backticks", "one long word", "many", "path"],
)
def test_a_table_folds_or_becomes_blocks_and_nothing_is_cut(monkeypatch, row):
    for tell in (
        lambda: Console().show_rows("Records", list(row), [row, row]),
        lambda: Console().show_pairs("Pairs", row),
    ):
        told = shown(monkeypatch, tell)
        assert ugly(told) == []
        values = [", ".join(v) if isinstance(v, list) else str(v) for v in row.values()]
        tokens = [COPY if value == COPY else word for value in values for word in value.split()]
        assert told_whole(told, *tokens)


def test_events_show_their_facts_whole(monkeypatch):
    row = ((3, "2026-11-29", "kind"), {"sums": DIGEST, "n": 1})
    told = shown(monkeypatch, lambda: Console().show_events("Ledger", [row], None))
    assert told_whole(told, f"sums={DIGEST}")


@pytest.mark.parametrize(
    "path", [(), *(p for p, _ in commands()), *({p[:1] for p, _ in commands()})]
)
def test_help_fits(path):
    done = run_here(*path, "-h", terminal=True, COLUMNS="80")
    assert done.code == 0
    assert ugly(done.out) == []


@pytest.mark.long
def test_answers_and_errors_of_every_command_fit(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    home, file = tmp_path / "home", tmp_path / "given"
    assert run_here("init", home=home).code == 0
    file.write_text(run_here("project", "example", home=home).out)
    assert run_here("project", "submit", file, home=home).code == 0
    for path, command in commands():
        if path in (
            ("demo",), ("init",), ("home", "restore"), ("project", "submit"), ("refresh",),
            ("desk",),  # it answers until a signal comes
        ):  # fmt: skip
            continue
        done = run_here(
            "--home", home, *words_of(path, command, file), terminal=True, COLUMNS="80", TERM="dumb"
        )
        told = (
            done.err
            if path in (("project", "example"), ("ledger", "schema"), ("completion",))
            else done.out + done.err
        )
        told = "" if path == ("ledger", "checkpoint") else told
        assert ugly(told) == [], path


def test_escape_sequences_are_for_terminals_and_for_who_forces_them(monkeypatch):
    pairs = {"kept in": "file"}

    def told(stream) -> str:
        with contextlib.redirect_stdout(stream):
            Console().show("Pairs", ("name", "value"), list(pairs.items()), None)
        return stream.getvalue()

    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert ESCAPE in told(Screen())
    assert ESCAPE not in told(io.StringIO())
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert ESCAPE in told(io.StringIO())
    monkeypatch.delenv("FORCE_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert ESCAPE not in told(Screen())


@pytest.mark.parametrize(("term", "drawn"), [("xterm", True), ("dumb", False)])
def test_progress_is_drawn_where_a_terminal_can(monkeypatch, term, drawn):
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr("sys.stderr", told := Screen())
    with Console().steps() as report:
        report("2026-001-R001: 3 of 9, 22 %, Linking the cohort")
    assert (ESCAPE in told.getvalue()) == drawn
    assert "2026-001-R001: 3 of 9, 22 %, Linking the cohort" in told.getvalue()
    for console in (Console(json=True), Console(quiet=True)):
        monkeypatch.setattr("sys.stderr", told := Screen())
        with console.steps() as report:
            report("a step")
        assert told.getvalue() == ""
    monkeypatch.setattr("sys.stderr", told := io.StringIO())
    with Console().steps() as report:
        report("a step")
    assert told.getvalue() == ""


def test_the_tree_is_worked_out_once():
    assert tree() is tree()
