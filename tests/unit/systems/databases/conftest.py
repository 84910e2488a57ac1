"""A database of one's own for each test, in each kind of server that is tried for real."""

import pytest
import sqlalchemy as sa

from tests.unit.systems.databases.made import Server, server_of


@pytest.fixture
def pg(postgres):
    made = server_of("postgresql", postgres)
    yield made
    made.engine.dispose()


@pytest.fixture
def maria(mariadb):
    made = server_of("mysql", mariadb)
    yield made
    made.engine.dispose()


@pytest.fixture
def adbc(pg):
    """The same PostgreSQL by a driver of ADBC."""
    return Server(pg.kind, pg.engine, "adbc+" + pg.address)


@pytest.fixture
def lite(tmp_path):
    path = tmp_path / "records.sqlite3"
    made = Server(
        "sqlite", sa.create_engine(f"sqlite:///{path}", isolation_level="AUTOCOMMIT"), f"sqlite:///{path}"
    )  # fmt: skip
    yield made
    made.engine.dispose()


SERVERS = ["pg", "maria", "lite"]


@pytest.fixture(params=SERVERS)
def server(request):
    """Each kind of database that is tried for real."""
    return request.getfixturevalue(request.param)
