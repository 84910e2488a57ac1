"""A load by a home's mapping: everything that does not fit is said first, and nothing is pinned by a mapping that nobody confirmed."""

import pyarrow.parquet as pq
import pytest

from pipelines.deployment.init import init_home
from pipelines.home.home import Home
from pipelines.registers import load_register, write_proposal
from pipelines.safeguards import confirm_change, record_change
from pipelines.safeguards.errors import SettingsNotConfirmed
from pipelines.session import Session
from synthetic.registers.system import make_system
from systems.errors import MappingThere, RegisterRefused
from systems.register import FileSource
from tests.unit.pipelines.safeguards.test_in_force import acting, named

pytestmark = pytest.mark.long


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home")
    init_home(home.root)
    named(home)
    confirmed(home)
    return home


def confirmed(home):
    digest = record_change(acting(home, "ada-1"))["digest"]
    confirm_change(acting(home, "sam-1"), digest)


@pytest.fixture
def export(tmp_path):
    """A register of which one table has other names and codes."""
    files = make_system("CARPOS", tmp_path / "register", records=60, seed=3).files
    (party,) = [path for path in files if path.stem == "order_party"]
    table = pq.read_table(party)
    names = {"order_id": "ORD_NO", "person_id": "PERS_NO", "role": "ROLE_CD"}
    pq.write_table(table.rename_columns(names), party.with_name("PARTIES.parquet"))
    return [path if path != party else party.with_name("PARTIES.parquet") for path in files]


def test_from_refusal_to_a_snapshot_by_two_people(home, export):
    session = acting(home, "erin-1")
    made, path = write_proposal(session, "CARPOS", FileSource(export), None)
    assert (path.stat().st_mode & 0o777, made.tables["order_party"]) == (0o600, "PARTIES")
    with pytest.raises(MappingThere):
        write_proposal(session, "CARPOS", FileSource(export), None)
    path.write_text(made.text.replace('person_id = "PERS_NO"', 'person_id = "ORD_NO"', 1))
    with pytest.raises(RegisterRefused):
        load_register(session, "CARPOS", export, lambda _step: None)
    path.write_text(made.text)
    with pytest.raises(SettingsNotConfirmed) as caught:  # when all else is right
        load_register(session, "CARPOS", export, lambda _step: None)
    assert "systems.CARPOS.mapping" in caught.value.facts["settings"]
    assert not session.registers.list()
    confirmed(home)
    load_register(acting(home, "erin-1"), "CARPOS", export, lambda _step: None)
    [info] = Session(home).registers.list()
    assert info.mapping == made.text
