"""A home whose ledger is in PostgreSQL: the same releases, the same events, the same answers."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "approvals"))

from databases import raw

from approvals.ledger.database import postgres_script
from errors import Exit
from pipelines.home.home import open_home
from pipelines.release.orders import Request, order_release
from pipelines.release.run import run_release
from pipelines.session import Session, today
from tests.in_process import run_here
from tests.integration.conftest import doj_release
from tests.servers import server
from tests.survive.world import LAST, World, make_world_here, world_at

pytestmark = pytest.mark.machine("postgresql")


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
def homes(databases, small_world, tmp_path_factory):
    """Two homes in which the same happened: the ledger of one is in PostgreSQL, of the other in SQLite."""
    here = tmp_path_factory.mktemp("postgres")
    (here / "postgres").mkdir(mode=0o700)
    worlds = (
        make_world_here(here / "postgres", ledger_url=databases[1]),
        world_at(shutil.copytree(small_world.root, here / "sqlite")),
    )
    yield [lived(world) for world in worlds]
    shutil.rmtree(here, ignore_errors=True)


@pytest.fixture(scope="module")
def home(homes):
    """The one on PostgreSQL."""
    return homes[0][0]


def lived(world: World) -> tuple[Path, str]:
    """A home with a register, projects, a cohort and a release of two kinds; the identified one's id."""
    released = [_released(world, kind) for kind in ("aggregated", "identified")]
    return world.home, released[-1]


def _released(world: World, kind: str) -> str:
    number = world.numbers[kind]
    asked = {"years": f"{LAST - 1}-{LAST}", "dims": "family,sex"} if kind == "aggregated" else {}
    session = Session(open_home(world.home))
    try:
        order = order_release(session, Request(number, kind, doubtful="exclude", **asked))
        assert run_release(session.home, order).exit == Exit.WAITING
        session.releases.approve(order, session.person, today())
        assert run_release(session.home, order).exit == Exit.DONE
    finally:
        session.close()
    return order


def events(home: Path) -> list[tuple]:
    rows = run_here("ledger", "show", "--last", 10_000, "--json", home=home).json
    return [(e["kind"], e["project"], e["release"], sorted(e["facts"])) for e in rows]


def test_a_home_behaves_the_same_on_both(homes):
    (home, release), (other, theirs) = homes
    assert not (home / "ledger.sqlite3").exists()
    assert (other / "ledger.sqlite3").exists()
    assert release == theirs
    assert len(events(home)) > 40
    assert events(home) == events(other)
    told = [run_here("ledger", "verify", "--json", home=one).json for one in (home, other)]
    for name in ("size", "documents", "checkpoints"):
        assert told[0][name] == told[1][name]
    for one in (home, other):
        shown = run_here("release", "show", release, "--json", home=one).json
        assert shown["status"] == "recorded"
    assert run_here("release", "approve", release, home=home).code == 3
    tried = ("ledger", "show", "--kind", "attempt_refused", "--json")
    (refused,) = run_here(*tried, home=home).json
    assert (refused["release"], refused["facts"]["code"]) == (release, "APPROVAL-10")
    assert run_here("release", "handover", release, "--to", "lead", home=home).code == 0
    found = {f["what"]: f for f in run_here("doctor", "--json", home=home).json}
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
    assert run_here("init", "--ledger", owner, home=home.with_name("second")).code == 2
