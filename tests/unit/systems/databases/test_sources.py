"""A register from a database is the register from files; whatever goes wrong has a code, a table, a count, and pins nothing."""

import dataclasses
import datetime as dt
from contextlib import closing

import pyarrow as pa
import pytest

from systems.databases import Login, errors, open_database, postgres, relational
from systems.databases import source as sources
from systems.description import load_system
from systems.errors import RegisterRefused
from systems.register import AsNamed
from tests.unit.systems.databases.made import Server, everything, fill

pytestmark = [pytest.mark.machine("postgresql"), pytest.mark.machine("mariadb"), pytest.mark.long]
CARPOS = load_system("CARPOS")
ON = dt.date(2026, 11, 23)


def itself(con):
    """Every entry is a person of its own."""
    ids = [row[0] for row in con.execute("SELECT person_id FROM person").fetchall()]
    return pa.table(
        {name: pa.array(ids, pa.int64()) for name in ("record_id", "identity", "identity_lower")}
    )


def rows_of(snapshot):
    """Every table's rows, in an order of their own."""
    with snapshot.connect() as con:
        return {
            name: con.sql(f"SELECT * FROM {name} ORDER BY ALL").fetchall()
            for name in snapshot.info.tables
        }


@pytest.mark.parametrize("sort", ["pg", "maria", "adbc"])
def test_the_same_register_from_files_and_databases(request, sort, loaded, made, store):
    server = request.getfixturevalue(sort)
    fill(server, made.files)
    with closing(server.source()) as source:
        assert (source.snapshot, source.synthetic, source.chosen) == (True, True, False)
        snapshot = store.load(CARPOS, AsNamed(CARPOS, source), resolve=itself, on=ON)
    assert rows_of(snapshot) == rows_of(loaded)
    assert snapshot.info.synthetic


def test_a_database_is_not_made_up_by_itself(server):
    server.run("CREATE TABLE person (person_id INTEGER)")
    with closing(server.source()) as source:
        assert source.names == ("person",)
        assert not source.synthetic


def test_other_tables_are_left_alone_and_missing_ones_are_problems(server, store):
    server.run("CREATE TABLE person (person_id INTEGER)", "CREATE TABLE payroll (salary INTEGER)")
    with closing(server.source()) as source, pytest.raises(RegisterRefused) as refused:
        store.load(CARPOS, AsNamed(CARPOS, source), resolve=itself, on=ON)
    assert "order_entry" in {problem.table for problem in refused.value.problems}
    assert store.list() == []


# -- values


def read(server, table, **login):
    with closing(server.source(**login)) as source:
        return everything(source.read(table)).to_pydict()


def test_values_of_postgresql(pg):
    pg.run(
        "CREATE TYPE mood AS ENUM ('sad', 'ok')",
        "CREATE TABLE v (i smallint, big bigint, b boolean, n numeric(12,2), f float8, c char(6), t text,"
        " d date, clock time, z timestamptz, m money, e mood, u uuid, y json)",
        "INSERT INTO v VALUES (1, 9223372036854775807, true, 10.50, 0.1, 'ab', E'a,\"b\\n\\\\.', '1980-02-29', '08:05',"
        " '2024-07-01 01:30+03', 12.5, 'ok', '00000000-0000-0000-0000-000000000001', '{\"a\": 1}')",
        "INSERT INTO v VALUES (NULL, -1, false, 'NaN', 'Infinity', '', '', 'infinity', '24:00', '0044-03-15 00:00+00 BC')",
        "INSERT INTO v (t) VALUES (NULL), (' x '), ('ü𝄞')",
    )
    got = read(pg, "v")
    assert {name: values[:2] for name, values in got.items()} == {
        "i": [1, None], "big": [9223372036854775807, -1], "b": [True, False], "n": ["10.50", "NaN"], "f": ["0.1", "Infinity"],
        "c": ["ab", ""], "t": ['a,"b\n\\.', ""], "d": ["1980-02-29", "infinity"], "clock": ["08:05:00", "24:00:00"],
        "z": ["2024-06-30 22:30:00+00", "0044-03-15 00:00:00+00 BC"], "m": ["12.50", None], "e": ["ok", None],
        "u": ["00000000-0000-0000-0000-000000000001", None], "y": ['{"a": 1}', None],
    }  # fmt: skip
    assert got["t"][2:] == [None, " x ", "ü𝄞"]


def test_values_of_mariadb(maria):
    maria.run(
        "SET SESSION sql_mode = ''",
        "CREATE TABLE v (k INT PRIMARY KEY, i TINYINT(1), big BIGINT UNSIGNED, n DECIMAL(12,2), f DOUBLE, c CHAR(6),"
        " t TEXT CHARACTER SET latin1, d DATE, clock TIME, z DATETIME, s TIMESTAMP NULL, e ENUM('sad','ok'), b BIT(1), y YEAR)",
    )
    with maria.engine.connect() as connection:
        connection.exec_driver_sql("SET SESSION sql_mode = '', time_zone = '+03:00'")
        connection.exec_driver_sql(
            "INSERT INTO v VALUES (2, 1, 18446744073709551615, 10.50, 0.1, 'ab', 'Müller', '1980-02-29', '08:05',"
            " '2024-07-01 01:30:00', '2024-07-01 01:30:00', 'ok', b'1', 2024)"
        )
        connection.exec_driver_sql(
            "INSERT INTO v VALUES (1, 0, 0, -1, 0, '', '', '0000-00-00', '-30:00:01', '0000-00-00 00:00:00', NULL, NULL, b'0', NULL),"
            " (3, NULL, NULL, NULL, NULL, NULL, NULL, '2024-00-00', NULL, NULL, NULL, NULL, NULL, NULL)"
        )
    assert read(maria, "v") == {
        "k": [1, 2, 3], "i": [0, 1, None], "big": ["0", "18446744073709551615", None], "n": ["-1.00", "10.50", None],
        "f": ["0.0", "0.1", None], "c": ["", "ab", None], "t": ["", "Müller", None], "d": ["0000-00-00", "1980-02-29", "2024-00-00"],
        "clock": ["-30:00:01", "08:05:00", None], "z": ["0000-00-00 00:00:00", "2024-07-01 01:30:00", None],
        "s": [None, "2024-06-30 22:30:00", None], "e": [None, "ok", None], "b": [0, 1, None], "y": [None, "2024", None],
    }  # fmt: skip


def test_a_day_that_is_none_is_a_problem_with_its_row(maria, store, made):
    fill(maria, made.files)
    with maria.engine.connect() as connection:
        connection.exec_driver_sql("SET SESSION sql_mode = ''")
        connection.exec_driver_sql("UPDATE order_entry SET issue_date = '0000-00-00' LIMIT 2")
    with closing(maria.source()) as source, pytest.raises(RegisterRefused) as refused:
        store.load(CARPOS, AsNamed(CARPOS, source), resolve=itself, on=ON)
    [problem] = refused.value.problems
    assert (problem.table, problem.code, problem.count, len(problem.rows)) == ("order_entry", "wrong_type", 2, 2)  # fmt: skip


def test_rows_come_in_the_order_of_the_key(server):
    server.run(
        "CREATE TABLE v (k INTEGER PRIMARY KEY, t VARCHAR(9))",
        "INSERT INTO v VALUES (3, NULL), (1, ''), (2, 'b')",
    )
    assert read(server, "v") == {"k": [1, 2, 3], "t": ["", "b", None]}


def test_a_column_of_nothing_alone(server):
    server.run("CREATE TABLE v (t VARCHAR(9))", "INSERT INTO v VALUES (NULL), (''), (NULL)")
    assert sorted(read(server, "v")["t"], key=str) == ["", None, None]


@pytest.mark.parametrize(
    ("kind", "sort"), [("bytea", "pg"), ("integer[]", "pg"), ("BLOB", "maria"), ("VARBINARY(9)", "maria")]
)  # fmt: skip
def test_what_is_no_plain_value_is_named(request, kind, sort):
    server = request.getfixturevalue(sort)
    server.run(f"CREATE TABLE v (k INTEGER, photo {kind})", "INSERT INTO v (k) VALUES (7)")
    with closing(server.source()) as source:
        with pytest.raises(errors.TypeUnreadable) as refused:
            source.read("v")
        assert refused.value.facts == {"table": "v", "columns": ("photo",)}
        assert everything(source.read("v", without=lambda name: name == "photo")).to_pydict() == {
            "k": [7]
        }


def test_a_text_that_is_none(postgres):
    """A database that never asked in which encoding its texts are."""
    import psycopg
    import sqlalchemy as sa

    place = postgres.removeprefix("host=")
    owner = sa.create_engine(f"postgresql+psycopg://owner@/postgres?host={place}", isolation_level="AUTOCOMMIT")  # fmt: skip
    with owner.connect() as connection:
        connection.exec_driver_sql(
            "CREATE DATABASE old ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C' STRATEGY file_copy"
        )
    owner.dispose()
    with psycopg.connect(f"host={place} user=owner dbname=old") as connection:
        connection.execute("CREATE TABLE v AS SELECT 1 AS k, E'M\\xfcller'::text AS t")
    source = open_database(f"postgresql://owner@/old?host={place}", Login())
    with closing(source), pytest.raises(errors.ValueUnreadable) as refused:
        everything(source.read("v"))
    assert refused.value.facts == {"table": "v", "rows": 0}


# -- one moment, and nothing written


def test_all_tables_are_of_one_moment(server):
    server.run("CREATE TABLE a (k INTEGER)", "CREATE TABLE b (k INTEGER)", "INSERT INTO a VALUES (1)", "INSERT INTO b VALUES (1)")  # fmt: skip
    with closing(server.source()) as source:
        if server.kind == "sqlite":
            everything(source.read("a"))  # its moment is the first read
        else:
            server.run("INSERT INTO b VALUES (2)", "DELETE FROM a")
        assert everything(source.read("a")).to_pydict() == {"k": [1]}
        assert everything(source.read("b")).to_pydict() == {"k": [1]}


def test_a_view_that_writes_is_refused_by_the_server(pg, maria):
    schema = pg.address.rpartition("schema=")[2]
    pg.run(
        "CREATE TABLE log (k integer)",
        f"CREATE FUNCTION noted() RETURNS integer LANGUAGE sql AS 'INSERT INTO {schema}.log VALUES (1) RETURNING k'",
        "CREATE VIEW v AS SELECT noted() AS k",
    )
    maria.run(
        "CREATE TABLE log (k INTEGER)",
        "CREATE FUNCTION noted() RETURNS INTEGER MODIFIES SQL DATA BEGIN INSERT INTO log VALUES (1); RETURN 1; END",
        "CREATE VIEW v AS SELECT noted() AS k",
    )
    for server in (pg, maria, Server(pg.kind, pg.engine, "adbc+" + pg.address)):
        with closing(server.source()) as source, pytest.raises(errors.WouldWrite) as refused:
            everything(source.read("v"))
        assert refused.value.facts == {"table": "v", "rows": 0}
        assert server.run("SELECT count(*) FROM log") == [(0,)]


def test_no_statement_of_ours_can_write(pg, maria, lite):
    for server in (pg, maria, lite):
        server.run("CREATE TABLE v (k INTEGER)")
        with closing(server.source()) as source:
            reader = source._reader
            run = reader._con.execute if server is pg else reader._con.exec_driver_sql
            with pytest.raises(Exception, match=r"(?i)read.?only"):
                run("CREATE TABLE w (k INTEGER)")


# -- what goes wrong

BIG = {
    "pg": "INSERT INTO v SELECT i, repeat('SECRETVALUE', 20) FROM generate_series(1, 60000) AS i",
    "maria": "INSERT INTO v SELECT seq, repeat('SECRETVALUE', 20) FROM seq_1_to_60000",
}
KILL = {
    "pg": (
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'doj-release'",
        "SELECT pg_terminate_backend({})",
    ),
    "maria": (
        "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()",
        "KILL {}",
    ),
}


BIG["adbc"], KILL["adbc"] = BIG["pg"], KILL["pg"]


@pytest.mark.parametrize("sort", ["pg", "maria", "adbc"])
def test_a_connection_that_goes_away_in_mid_read(request, sort, monkeypatch):
    server = request.getfixturevalue(sort)
    monkeypatch.setattr(sources, "BATCH", 10_000)
    server.run("CREATE TABLE v (k INTEGER PRIMARY KEY, t TEXT)", BIG[sort])
    who, kill = KILL[sort]
    with closing(server.source()) as source:
        batches = source.read("v").batches
        first = next(batches).num_rows
        for (number,) in server.run(who):
            server.run(kill.format(number))
        with pytest.raises(errors.ConnectionLost) as lost:  # noqa: PT012
            for batch in batches:
                first += batch.num_rows
    assert lost.value.facts == {"table": "v", "rows": first}
    assert 0 < first < 60_000
    assert (lost.value.__cause__, lost.value.__context__) == (None, None)


def test_nothing_is_pinned_of_a_register_whose_database_goes_away(pg, store, made):
    fill(pg, made.files)
    with closing(pg.source()) as source:
        for (number,) in pg.run(KILL["pg"][0]):
            pg.run(KILL["pg"][1].format(number))
        with pytest.raises(errors.ConnectionLost) as lost:
            store.load(CARPOS, AsNamed(CARPOS, source), resolve=itself, on=ON)
    assert lost.value.facts["rows"] == 0
    assert lost.value.facts["table"] in CARPOS.table_names
    assert store.list() == []
    assert store.keys == {}


@pytest.mark.parametrize("sort", ["pg", "maria", "adbc"])
def test_a_table_that_vanishes(request, sort):
    server = request.getfixturevalue(sort)
    server.run("CREATE TABLE v (k INTEGER)")
    with closing(server.source()) as source:
        server.run("DROP TABLE v")
        with pytest.raises(errors.TableGone) as gone:
            everything(source.read("v"))
    assert gone.value.facts["table"] == "v"


def test_a_table_that_may_not_be_read(pg):
    pg.run("CREATE TABLE v (k INTEGER, secret TEXT)", "CREATE ROLE clerk_a LOGIN")
    schema = pg.address.rpartition("schema=")[2]
    pg.run(f"GRANT USAGE ON SCHEMA {schema} TO clerk_a", "GRANT SELECT (k) ON v TO clerk_a")
    source = open_database(pg.address.replace("owner@", "clerk_a@"), Login())
    with closing(source), pytest.raises(errors.TableGone):
        source.read("v")


def test_a_look_at_the_first_rows_and_then_at_another_table(server):
    server.run("CREATE TABLE a (k INTEGER)", "CREATE TABLE b (k INTEGER)", "INSERT INTO a VALUES (1)", "INSERT INTO b VALUES (2)")  # fmt: skip
    with closing(server.source()) as source:
        batches = source.read("a").batches
        next(batches)
        batches.close()
        assert everything(source.read("b")).to_pydict() == {"k": [2]}
        assert not source.snapshot


def test_a_login_that_fails(pg, maria):
    for server, role in ((pg, "owner"), (maria, "root")):
        address = server.address.replace(f"{role}@", "nobody_known@")
        with pytest.raises(errors.LoginRefused) as refused:
            open_database(address, Login("SECRETVALUE"))
        assert "nobody" not in str(refused.value)
    for address in (pg.address, "adbc+" + pg.address):
        with pytest.raises(errors.LoginRefused):
            open_database(address.replace("/postgres?", "/nix?"), Login())


def test_a_server_that_is_too_old(pg, maria, monkeypatch):
    monkeypatch.setattr(postgres, "OLDEST", 990000)
    with pytest.raises(errors.ServerTooOld):
        pg.source()
    kind = dataclasses.replace(relational._KINDS["mysql"], oldest={"mariadb": (99,)})
    monkeypatch.setitem(relational._KINDS, "mysql", kind)
    with pytest.raises(errors.ServerTooOld) as refused:
        maria.source()
    assert refused.value.facts["oldest"] == (99,)


def test_memory_stays_flat(pg, monkeypatch):
    """Ten times the rows, in the same batches."""
    pg.run("CREATE TABLE v (k INTEGER PRIMARY KEY, t TEXT)", BIG["pg"])
    monkeypatch.setattr(postgres, "_BLOCK", 1 << 20)
    with closing(pg.source()) as source:
        sizes = [batch.nbytes for batch in source.read("v").batches]
    assert max(sizes) < 2 << 20
    assert len(sizes) > 5
