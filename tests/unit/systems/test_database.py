"""The embedded database keeps its mouth shut: no spill, no network, no Python variables, no texts."""

import pickle
import re
from pathlib import Path

import pyarrow as pa
import pytest

from systems.database import connect, guarded, literal, quoted
from systems.errors import RegisterUnreadable

SECRET = "SECRETVALUE"
ROOT = Path(__file__).parents[3]


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


def test_what_does_not_fit_into_memory_stops_and_spills_nothing(tmp_path, monkeypatch):
    for name in ("TMPDIR", "TMP", "TEMP", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    sorted_ = "SELECT md5(range::VARCHAR) AS name FROM range(3000000) ORDER BY name"
    with (
        connect(threads=2, memory_limit="48MiB") as con,
        pytest.raises(MemoryError) as caught,
        guarded(RegisterUnreadable),
    ):
        con.execute(f"CREATE TABLE t AS {sorted_}")
    assert str(caught.value) == ""
    assert list(tmp_path.iterdir()) == []


def test_nobody_else_opens_the_database():
    """Another connection would spill, and load whatever it is asked for."""
    rooms = (
        "approvals",
        "crypto",
        "expectations",
        "extracts",
        "matching",
        "pipelines",
        "synthetic",
        "systems",
    )
    opening = re.compile(r"duckdb\.(connect|sql|query|execute|read_\w+|from_\w+)\(")
    found = [
        path.as_posix()
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
        if opening.search(path.read_text("utf-8"))
    ]
    assert [name.removeprefix(f"{ROOT.as_posix()}/") for name in found] == ["systems/database.py"]


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
