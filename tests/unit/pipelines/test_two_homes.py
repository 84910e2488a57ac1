"""Two homes that one process has open at once never see what the other adds to a system."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from pipelines.deployment.init import init_home
from pipelines.home import open_home
from pipelines.registers import describe_system
from pipelines.safeguards.pins import pins_of
from pipelines.session import Session

ADDED = '[code_lists.stop_type]\ncodes = [{{ value = "{0}", label = "{0}", attributes = {{ type = "{0}" }} }}]\n'


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    made = {}
    for name in ("one", "two", "none"):
        made[name] = tmp_path_factory.mktemp("homes") / name
        init_home(made[name], demo=True)
        if name != "none":
            (made[name] / "systems").mkdir(exist_ok=True)
            (made[name] / "systems" / "ripa.local.toml").write_text(ADDED.format(name))
    return made


def _seen(session):
    """What of both additions a home's session shows, by each way that leads to a system."""
    system = session.systems.load("RIPA")
    own = {"one", "two"}
    return (
        own & set(system.code_list("stop_type").values),
        own & {str(row["code"]) for row in describe_system(system, "stop_type")[2]},
        own & session._terms("RIPA").families,
        pins_of(session, "RIPA").system == system.digest,
    )


def test_each_session_has_its_own_homes_systems_whichever_was_opened_last(homes):
    with (
        Session(open_home(homes["one"])) as one,
        Session(open_home(homes["two"])) as two,
        Session(open_home(homes["none"])) as none,
    ):
        for session, name in ((one, {"one"}), (two, {"two"}), (none, set()), (one, {"one"})):
            assert _seen(session) == (name, name, name, True)


def test_so_it_is_where_threads_open_them_at_the_same_time(homes):
    met = Barrier(len(homes))

    def look(name):
        found = []
        for _ in range(20):
            met.wait(60)
            with Session(open_home(homes[name])) as session:
                met.wait(60)
                found.append(_seen(session))
        return found

    with ThreadPoolExecutor(len(homes)) as pool:
        seen = dict(zip(homes, pool.map(look, homes), strict=True))
    for name, found in seen.items():
        own = {name} - {"none"}
        assert found == [(own, own, own, True)] * 20
