"""A small made-up register and a store whose keys live in memory."""

import datetime as dt
import secrets
import shutil

import pyarrow as pa
import pytest

from crypto.secret import StagingKey
from synthetic.registers.system import make_system
from systems.description.loading import Systems, load_system
from systems.register.sources import AsNamed, FileSource
from systems.register.store import RegisterStore

ON = dt.date(2026, 11, 23)
CARPOS = load_system("CARPOS")


def itself(con):
    """Every entry is a person of its own."""
    ids = [row[0] for row in con.execute("SELECT person_id FROM person").fetchall()]
    return pa.table(
        {name: pa.array(ids, pa.int64()) for name in ("record_id", "identity", "identity_lower")}
    )


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    return make_system("CARPOS", tmp_path_factory.mktemp("made") / "register", records=120, seed=7)


@pytest.fixture
def files(made, tmp_path):
    """A copy of the register that a test may spoil: table name → path."""
    shutil.copytree(made.directory, tmp_path / "register")
    return {path.stem: tmp_path / "register" / path.name for path in made.files}


@pytest.fixture
def few_files(files):
    """The tables without which there is no register of CARPOS."""
    return {n: files[n] for n in ("person", "person_name", "order_entry", "order_party")}


def store_at(place):
    keys = {}

    def key_for(snapshot_id, create):
        if create:
            keys.setdefault(snapshot_id, StagingKey(snapshot_id, secrets.token_bytes(32)))
        return keys[snapshot_id]

    made = RegisterStore(place, key_for, keys.pop, Systems())
    made.keys = keys
    return made


@pytest.fixture(scope="session")
def loaded(made, tmp_path_factory):
    """A snapshot of the whole register, which no test changes."""
    store = store_at(tmp_path_factory.mktemp("loaded") / "store")
    return store.load(CARPOS, AsNamed(CARPOS, FileSource(made.files)), resolve=itself, on=ON)


@pytest.fixture
def store(tmp_path):
    return store_at(tmp_path / "store")


@pytest.fixture
def load(store):
    def load(files, resolve=itself, on=ON):
        return store.load(
            CARPOS, AsNamed(CARPOS, FileSource(list(files.values()))), resolve=resolve, on=on
        )

    return load
