"""A home whose ledger is in PostgreSQL: the same releases, the same events, the same answers."""

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "approvals"))

from databases import raw
from postgres import programs, server

from approvals.ledger_schema import postgres_script
from tests.integration.conftest import doj_release

if programs() is not None or "CI" in os.environ:  # CI has it, or fails

    @pytest.fixture(scope="module")
    def databases():
        """An administrator's database and the URL of the role that appends, over the loopback."""
        with server() as place:
            owner = f"postgresql+psycopg://owner@/postgres?{place}"
            raw(owner, "CREATE ROLE doj_append LOGIN")
            for statement in postgres_script("doj_append").split(";\n\n")[1:-1]:
                raw(owner, statement)
            yield owner, owner.replace("owner@", "doj_append@")

    @pytest.fixture(scope="module")
    def home(databases, tmp_path_factory):
        """The demonstration, on PostgreSQL."""
        place = tmp_path_factory.mktemp("postgres") / "home"
        done = doj_release(
            "demo", "--records", 4_000, "--cohort", 300, "--ledger", databases[1], "--home", place
        )
        assert done.code == 0, done.err
        yield place
        shutil.rmtree(place, ignore_errors=True)

    def events(home: Path) -> list[tuple]:
        rows = doj_release("ledger", "show", "--last", 10_000, "--json", home=home).json
        return [(e["kind"], e["project"], e["release"], sorted(e["facts"])) for e in rows]

    def test_a_home_behaves_the_same_on_both(home, demo, databases):
        assert not (home / "ledger.sqlite3").exists()
        assert events(home) == events(demo.home)
        verified = doj_release("ledger", "verify", "--json", home=home).json
        theirs = doj_release("ledger", "verify", "--json", home=demo.home).json
        assert [verified[n] for n in ("size", "documents", "checkpoints")] == [
            theirs[n] for n in ("size", "documents", "checkpoints")
        ]
        release = demo.release("identified")["release"]
        for one in (home, demo.home):
            shown = doj_release("release", "show", release, "--json", home=one).json
            assert shown["status"] == "recorded"
        assert doj_release("release", "approve", release, home=home).code == 3
        tried = ("ledger", "show", "--kind", "attempt_refused", "--json")
        (refused,) = doj_release(*tried, home=home).json
        assert (refused["release"], refused["facts"]["code"]) == (release, "APPROVAL-10")
        assert doj_release("release", "handover", release, "--to", "lead", home=home).code == 0
        found = {f["what"]: f for f in doj_release("doctor", "--json", home=home).json}
        assert found["ledger database"]["state"] == "good"
        assert "postgresql" in found["ledger database"]["detail"]

    def test_what_a_database_administrator_did_is_found(home, databases):
        owner, _ = databases
        (last,) = raw(owner, "SELECT max(seq) FROM events")
        raw(
            owner,
            "ALTER TABLE events DISABLE TRIGGER ALL",
            f"DELETE FROM events WHERE seq = {last[0]}",
        )
        done = doj_release("ledger", "verify", "--json", home=home)
        assert done.code == 5
        assert done.json["error"]["problems"][0]["event"] == last[0]
        assert doj_release("init", "--ledger", owner, home=home.with_name("second")).code == 2
