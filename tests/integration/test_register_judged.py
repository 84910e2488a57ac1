"""A load that fails what is expected of it is kept aside: one person loads, another looks, accepts, retires."""

import datetime as dt
import os
import pwd
import shutil

import pytest

from errors import Exit
from pipelines.custody import enforce_retention
from pipelines.deployment.init import init_home
from pipelines.home.home import Home
from pipelines.release import Request, order_release
from pipelines.session import Session, today
from synthetic.registers.system import make_system
from systems.errors import SnapshotRetired, SnapshotWaits
from tests.in_process import run_here

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A made-up register, and the same without its courts."""
    root = tmp_path_factory.mktemp("source")
    years = {"first_year": today().year - 2, "last_year": today().year - 1}
    whole = make_system("CARPOS", root / "whole", records=150, seed=4, **years).directory
    shutil.copytree(whole, root / "few")
    (root / "few" / "court.parquet").unlink()
    return {name: sorted((root / name).glob("*.parquet")) for name in ("whole", "few")}


class Office:
    """A home, and two people who use it in turn."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def __call__(self, person, *words, code=0):
        user = pwd.getpwuid(os.geteuid()).pw_name
        both = (
            f'[[person]]\nid = "{one}"\nname = "N"\nuser = "{user if one == person else one}"\nroles = ["engineer"]\n'
            for one in ("p-first", "p-second")
        )
        self.home.people_file.write_text("".join(both))
        done = run_here(*words, home=self.home.root)
        assert done.code == code, done.err
        return done


GOOD, BAD = (f"CARPOS-{today():%Y%m%d}-00{n}" for n in (1, 2))


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    root = tmp_path_factory.mktemp("office")
    init_home(root / "home", department="Test Department")
    return Office(Home(root / "home"))


def test_one_loads_and_another_accepts(office, source, tmp_path):
    good, bad = GOOD, BAD
    told = office("p-first", "register", "load", "CARPOS", *source["whole"], "--json").json
    assert (told["state"], told["missing_tables"], told["against"]) == ("accepted", [], None)
    done = office("p-first", "register", "load", "CARPOS", *source["few"], "--json", code=7)
    assert (done.json["state"], done.json["may_accept"]) == ("waiting", ["p-second"])
    assert [f["place"] for f in done.json["findings"] if f["failed"]] == ["court"]
    assert "14 of 15 tables are there; missing: court" in done.err  # under --json, too
    states = office("p-first", "register", "list", "--json").json
    assert [(s["snapshot"], s["state"]) for s in states] == [(good, "accepted"), (bad, "waiting")]
    # who loaded it is told that it waits, not that it waits for them; the other one is
    assert office("p-first", "status", "--json").json == []
    (waiting,) = office("p-second", "status", "--json").json
    assert waiting["command"] == f"doj-release register show {bad}"
    assert bad in office("p-second", "doctor").out
    office("p-first", "register", "accept", bad, "--reason", "verified", code=3)
    office("p-second", "register", "accept", bad, "--reason", "because", code=2)
    office("p-second", "register", "accept", good, "--reason", "verified", code=3)
    page = tmp_path / "page.html"
    told = office("p-second", "register", "show", bad, "--out", page).out
    assert "missing_table" in told
    text = page.read_text()
    assert "It waits: 1 of what is expected does not hold" in text
    assert "<script" not in text and "http" not in text.replace("http-equiv", "")  # noqa: PT018
    with Session(office.home) as session:
        assert session.registers.newest("CARPOS").snapshot_id == good
    office("p-second", "register", "accept", bad, "--reason", "verified")
    with Session(office.home) as session:
        assert session.registers.newest("CARPOS").snapshot_id == bad
    events = office("p-first", "ledger", "show", "--kind", "register_loaded", "--json").json
    assert [e["facts"].get("held") for e in events] == [None, 1]


def test_two_are_compared_and_one_is_retired(office, tmp_path):
    one, two = GOOD, BAD
    page = tmp_path / "diff.html"
    told = office("p-first", "register", "diff", one, two, "--out", page, "--json").json
    rows = {row["table"]: row for row in told["tables"]}
    assert (rows["court"]["deleted"], rows["court"]["after"]) == (rows["court"]["before"], 0)
    assert (rows["person"]["added"], rows["person"]["changed"], rows["person"]["deleted"]) == (
        0,
        0,
        0,
    )
    assert (told["persons"]["joined"], told["persons"]["split"]) == (0, 0)
    assert "Rows by key" in page.read_text()
    office("p-first", "register", "diff", one, two, "--out", page, code=2)
    office("p-first", "register", "diff", one, "CARPOS-20200101-001", code=6)
    office("p-first", "register", "retire", two, "--reason", "wrong_data")
    office("p-first", "register", "retire", two, "--reason", "not_accepted", code=3)
    office("p-second", "register", "accept", two, "--reason", "verified", code=3)
    with Session(office.home) as session:
        days = session.settings.retention.register_days
        assert enforce_retention(session, today() + dt.timedelta(days=days)) == []
        (gone,) = enforce_retention(session, today() + dt.timedelta(days=days + 1))
        assert gone.about == two
        assert enforce_retention(session, today() + dt.timedelta(days=days + 1)) == []
    assert not (office.home.register / "CARPOS" / two).exists()
    assert not (office.home.keys / "snapshots" / f"{two}.key").exists()
    office("p-first", "register", "show", two, code=6)


def test_an_order_names_its_snapshot_and_a_demonstration_accepts_alone(command, copied, source):
    first = command("register", "list", "--json").json[-1]["snapshot"]
    done = command("register", "load", "CARPOS", *source["few"], "--json")
    second, project = (
        done.json["snapshot"],
        command("project", "list", "--json").json[0]["project_number"],
    )
    assert (done.code, done.json["state"]) == (Exit.WAITING, "waiting")
    assert {"vanished", "fell", "missing_table"} <= {f["rule"] for f in done.json["findings"]}
    words = ("run", project, "--kind", "aggregated", "--no-orchestrator", "--snapshot")
    assert command(*words, second).code == Exit.WAITING
    assert command(*words, "CARPOS-20200101-001").code == Exit.INPUT
    assert command("register", "accept", second, "--reason", "announced").code == 0
    with Session(Home(copied)) as session:
        for named, want in ((None, second), (first, first), (second, second)):
            release = order_release(session, Request(project, "aggregated", snapshot=named))
            assert session.releases.show(release).snapshot == want
        told = command("register", "retire", first, "--reason", "superseded", "--json").json
        assert release not in told["under_way"] and told["under_way"]  # noqa: PT018
        with pytest.raises(SnapshotRetired):
            order_release(session, Request(project, "aggregated", snapshot=first))
        session.registers.open(first)  # what was ordered goes on
    assert SnapshotWaits.exit is Exit.WAITING
