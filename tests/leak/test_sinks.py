"""After whole releases and their failures: no sink shows a canary."""

import base64
import json
import pickle
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.home.home import open_home
from pipelines.release.context import open_context
from pipelines.session import Session
from tests.leak import at_a_cluster, every
from tests.leak.canaries import COHORT, FREE, ID, REGISTER
from tests.leak.searching import Searcher
from tests.parts import require


def tables(path: Path) -> dict[str, int]:
    """Rows of each table of a database."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as con:
        names = [n for (n,) in con.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        return {n: con.execute(f'SELECT count(*) FROM "{n}"').fetchone()[0] for n in names}


# ------------------------------------------------------------------ the canaries are there


def test_the_inputs_are_full_of_canaries(stage):
    searcher, folder = Searcher(stage.needles), stage / "inputs" / "register"
    files = [stage.cohort.path, *(folder / f"{n}.parquet" for n in ("vehicle", "restraint"))]
    found = {hit.what for path in files for hit in searcher.file(path)}
    found |= {hit.what for hit in searcher.data(stage.cohort.path.name.encode(), "name")}
    assert {REGISTER, COHORT, ID, FREE, "a birth date", "a number of 9 digits"} <= found


def test_the_snapshot_holds_them_encrypted(stage):
    session = Session(open_home(stage / "home"))
    con = session.registers.newest("CARPOS").connect()
    for source in ("person_name.last", "order_entry.remarks", "service_event.server_name"):
        table, column = source.split(".")
        query = f"SELECT count(*) FROM {table} WHERE {column} LIKE '%{REGISTER}%'"
        assert con.execute(query).fetchone()[0] > 100
    con.close()
    session.close()


def test_staging_of_a_run_that_broke_holds_them_encrypted(stage):
    home = open_home(stage / "home")
    broken = [
        path.parent.parent.name
        for path in sorted(home.runs.glob("*/intake/supplied.parquet"))
        if json.loads((path.parent.parent / "outcome.json").read_text())["exit"] == 1
    ]
    assert len(broken) >= 3
    with open_context(home, broken[0]) as context:
        table = context.staging.read("intake", "supplied")
    assert any(COHORT in str(name) for name in table["last_name"].to_pylist())


def test_the_reviewers_sheet_shows_what_the_reviewer_needs(stage):
    sheet = stage / "allowed" / "sheet.xlsx"
    assert {REGISTER, ID} <= {hit.what for hit in Searcher(stage.needles).file(sheet)}
    assert {REGISTER, ID} <= {
        hit.what for hit in Searcher(stage.needles).file(sheet.with_name("weights.html"))
    }
    explained = next((stage / "allowed").glob("*-tools.out"))
    assert REGISTER in explained.read_text()


def test_the_desk_was_looked_at(stage):
    """Pages and forms that show nothing are among what was captured; those of reviewers show what they need."""
    pages = list((stage / "captured").glob("desk-page-*.html"))
    assert len(pages) >= 30
    assert len(list((stage / "captured").glob("desk-form-*.html"))) >= 10
    searcher = Searcher(stage.needles)
    shown = (stage / "allowed").glob("desk-page-*.html")
    assert {REGISTER, ID} <= {hit.what for path in shown for hit in searcher.file(path)}
    for path in (*pages, *(stage / "captured").glob("desk-form-*.html")):
        assert b"cache-control: no-store" in path.read_bytes(), path.name


# ------------------------------------------------------------------ and nowhere else


@pytest.mark.parametrize("sink", ["home", "tmp", "cwd", "user", "captured", "cluster"])
def test_no_sink_shows_a_canary(stage, sink):
    hits = Searcher(stage.needles).tree(stage / sink, skip=(".cms",))
    assert not hits, hits[:20]


def test_what_commands_wrote_shows_none(stage):
    written = {path.name for path in (stage / "outputs").iterdir()}
    assert written == {
        "LINKS.parquet",
        "LINKS.json",
        "LINKS.html",
        "ledger.jsonl",
        "cells.csv",
        "rates.csv",
        "sealed",
        "checkpoint.json",
        "deployment",
        "map.svg",
        "report.html",
        "mapping.toml",
        "snapshot.html",
        "diff.html",
    }  # nothing of what was refused
    assert not Searcher(stage.needles).tree(stage / "outputs", skip=("LINKS.parquet",))
    ids_alone = Searcher(stage.needles.but(ID))
    assert not ids_alone.file(stage / "outputs" / "LINKS.parquet")


def test_workers_worked_shards_of_every_kind_and_left_none(stage):
    """Of the search for one person and the linkage, and shares of the extract; their logs say that they were at work."""
    seen = (stage / "cluster" / at_a_cluster.SEEN).read_text().splitlines()
    for kind, count in (("linkage", 20), ("extract", 20)):
        assert sum(f".{kind}." in name and "/shard-" in name for name in seen) >= count, kind
    assert list((stage / "cluster" / "shared").iterdir()) == []
    logs = list((stage / "cluster").glob("worker-*.log"))
    assert len(logs) == 2
    assert all("DEBUG" in log.read_text() for log in logs)


def test_the_sinks_were_used(stage):
    """A search of empty folders would prove nothing."""
    rows = tables(stage / "home" / "prefect" / "prefect.db")
    assert rows["flow_run"] >= 10
    assert rows["task_run"] >= 30
    assert rows["artifact"] >= 5
    assert rows["log"] >= 30
    assert rows["events"] >= 30
    events = tables(stage / "home" / "ledger.sqlite3")["events"]
    assert events >= 50
    failures = (stage / "home" / "logs" / "failures.jsonl").read_text().splitlines()
    assert len(failures) >= 5
    assert len(list((stage / "home" / "projects").glob("*/reports/*/department.html"))) >= 5
    assert list((stage / "home" / "runs").glob("*/match/LINKS.json"))
    assert list((stage / "home" / "projects").glob("*/letters/*"))
    assert list((stage / "home" / "history").glob("CARPOS/*.parquet"))
    assert (stage / "captured" / "terminal.out").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("database", "table", "column"),
    [
        ("prefect/prefect.db", "log", "message"),
        ("prefect/prefect.db", "flow_run", "parameters"),
        ("prefect/prefect.db", "artifact", "data"),
        ("prefect/prefect.db", "flow_run_state", "data"),
        ("ledger.sqlite3", "events", "body"),
    ],
)
def test_a_leak_into_a_real_database_would_be_found(stage, tmp_path, database, table, column):
    copy = tmp_path / "copy.db"
    pickled = base64.b64encode(pickle.dumps(ValueError(f"bad value {REGISTER}"))).decode()
    with closing(sqlite3.connect(f"file:{copy}", uri=True)) as con:
        con.execute("ATTACH ? AS real", (f"file:{stage / 'home' / database}?mode=ro",))
        # Rows of this table alone: the search of the whole file is another test's.
        con.execute(f"CREATE TABLE {table} AS SELECT * FROM real.{table} LIMIT 50")
        con.execute(
            f"UPDATE {table} SET {column} = ? WHERE rowid = (SELECT min(rowid) FROM {table})",
            (json.dumps({"data": pickled}),),
        )
        con.commit()
    hits = Searcher(stage.needles).file(copy)
    assert f"copy.db:{table}" in {hit.place for hit in hits}


def test_prefect_tells_the_states_apart(stage):
    with sqlite3.connect(stage / "home" / "prefect" / "prefect.db") as con:
        seen = set(con.execute("SELECT name, type FROM flow_run_state"))
    assert {
        ("Released", "COMPLETED"), ("Waiting for review", "PAUSED"), ("Waiting for approval", "PAUSED"),
        ("Continued", "COMPLETED"), ("Refused", "CANCELLED"), ("Broken", "FAILED"), ("Validation failed", "FAILED"),
    } <= seen  # fmt: skip


def test_every_command_ran(stage):
    """Done and failed; a new command without a line in `tests.leak.every` fails here."""
    require(*every.TOKEN_PARTS)
    there = {(name, how) for name in every.commands() for how in ("done", "failed")}
    seen = every.ran(stage.done)
    assert there - seen - every.ELSEWHERE.keys() == set()
    assert every.ELSEWHERE.keys() <= there - seen  # no excuse that is none
    assert {name for name, _ in seen} <= every.commands()


def test_errors_are_coded(stage):
    """Every command that failed said a code and nothing that a library wrote."""
    failed = [done for done in stage.done if done.code and done.words[0] != "doctor"]
    assert len(failed) >= 25
    for done in failed:
        assert "Traceback" not in done.out + done.err, done.words
        said = [line for line in done.err.splitlines() if not line.startswith('{"at": ')]
        if said:
            assert said[0].split(":")[0].replace("-", "").isalnum(), done.err


def test_log_lines_were_written(stage):
    """On every command's stderr, where the search of what was captured meets them."""
    said = "".join(path.read_text("utf-8") for path in (stage / "captured").glob("*.*"))
    for event in ("run_began", "stage_done", "stage_skipped", "run_ended"):
        assert f'"event": "{event}"' in said
    assert '"code": "RUN-05"' in said


def test_processes_were_seen_and_none_was_told_a_value(stage):
    """The search of what was captured looks at them, too."""
    seen = (stage / "captured" / "processes.txt").read_text("utf-8")
    assert "uvicorn" in seen
    assert str(stage / "home") not in seen  # not even where the home is


def test_no_process_left_a_core(stage):
    places = [path for sink in ("tmp", "cwd", "user") for path in (stage / sink).rglob("core*")]
    assert [path for path in places if path.is_file()] == []


# ------------------------------------------------------------------ modes


def test_only_the_owner_can_read_the_home(stage):
    home = stage / "home"
    signing = home / "signing.pem"
    assert signing.stat().st_mode & 0o777 == 0o644
    everything = [home, *(path for path in home.rglob("*") if path != signing)]
    assert len(everything) > 200
    open_to_others = [p.relative_to(home) for p in everything if _mode(p) & 0o077]
    assert open_to_others == []


def test_what_people_asked_for_is_theirs_alone(stage):
    tables = {"cells.csv", "rates.csv"}  # protected, and made to be published
    written = [path for path in (stage / "outputs").iterdir() if path.name not in tables]
    for path in (*written, stage / "allowed" / "sheet.xlsx"):
        assert path.stat().st_mode & 0o077 == 0, path.name


def _mode(path: Path) -> int:
    """Permissions, or none of a file that was temporary (SQLite's shared memory)."""
    try:
        return path.stat().st_mode & 0o777
    except FileNotFoundError:
        return 0
