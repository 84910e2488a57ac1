"""The embedded database keeps its mouth shut: no spill, no network, no Python variables, no texts."""

import pickle

import pyarrow as pa
import pytest

from systems.database import connect, guarded, literal, quoted
from systems.errors import RegisterUnreadable

SECRET = "SECRETVALUE"


def test_python_variables_are_no_tables():
    people = pa.table({"name": [SECRET]})
    assert people.num_rows == 1
    with connect() as con, pytest.raises(RegisterUnreadable), guarded(RegisterUnreadable):
        con.execute("SELECT * FROM people")


def test_no_temp_directory_and_no_extensions():
    with connect(threads=1, memory_limit="100MiB") as con:
        settings = dict(con.execute("SELECT name, value FROM duckdb_settings()").fetchall())
    assert settings["temp_directory"] == ""
    assert (
        settings["autoload_known_extensions"] == settings["autoinstall_known_extensions"] == "false"
    )
    assert settings["threads"] == "1"


@pytest.mark.parametrize("sql", [f"SELECT CAST('{SECRET}' AS INT)", f"SELECT {SECRET} FROM"])
def test_errors_lose_their_text_and_their_chain(sql):
    with (
        connect() as con,
        pytest.raises(RegisterUnreadable) as caught,
        guarded(RegisterUnreadable, table="person"),
    ):
        con.execute(sql).fetchall()
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert SECRET not in repr(error)
    assert SECRET.encode() not in pickle.dumps(error)
    assert error.facts == {"table": "person"}


def test_other_errors_pass_through():
    with pytest.raises(ZeroDivisionError), guarded(RegisterUnreadable):
        1 / 0  # noqa: B018


def test_quoting():
    name, value = quoted('a"b'), "' OR 1"
    with connect() as con:
        con.execute(f"CREATE TABLE t ({name} TEXT)")
        con.execute(f"INSERT INTO t VALUES ({literal(value)})")
        assert con.execute(f"SELECT {name} FROM t").fetchall() == [(value,)]
