"""Tiny registers in memory, as a snapshot opens them, and an id maker that needs no keyring."""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pytest

from extracts.deidentified import risk
from extracts.package.facts import ReleaseFacts
from extracts.rows import content_scan
from systems.database import connect, quoted
from systems.description.loading import load_system
from systems.description.model import System

Rows = Sequence[Mapping[str, Any]]

_ARROW = {
    "integer": pa.int64(),
    "text": pa.string(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "boolean": pa.bool_(),
}


class PlainIds:
    """Keyed digests like the real ones, with a secret that a test can change."""

    def __init__(self, secret: str = "secret") -> None:
        self.secret = secret

    def ids(self, label: str, values: pa.Array) -> pa.Array:
        return pa.array([self._digest("id", label, v).hexdigest() for v in values], pa.string())

    def order(self, label: str, values: pa.Array) -> pa.Array:
        return pa.array([self._digest("order", label, v).digest() for v in values], pa.binary(12))

    def _digest(self, use: str, label: str, value: Any) -> Any:
        text = f"{self.secret}/{use}/{label}/{value.as_py()}"
        return hashlib.blake2b(text.encode(), digest_size=12)


@pytest.fixture(scope="session")
def carpos() -> System:
    return load_system("CARPOS")


@pytest.fixture(scope="session", autouse=True)
def _one_engine() -> Iterator[None]:
    """What opens a database for a few rows gets a connection of its own to one engine, which takes 30 ms to begin.

    What is registered there and every temporary table is the connection's; nothing else is made.
    """
    engine = connect(threads=1)
    with pytest.MonkeyPatch.context() as patch:
        for module in (content_scan, risk):
            patch.setattr(module, "connect", lambda *_: engine.cursor())
        yield
    engine.close()


@pytest.fixture
def ids() -> PlainIds:
    return PlainIds()


@pytest.fixture(scope="session")
def make_ids() -> Callable[[str], PlainIds]:
    return PlainIds


@pytest.fixture(scope="session")
def open_register(carpos: System) -> Iterator[Callable[..., Any]]:
    """Return a function that opens a register given as rows: ``open_register(person=[...], …)``.

    Each is a connection of its own to one engine, which takes 30 ms to begin and holds the empty
    tables: what is registered and every temporary table is the connection's, and comes before them.
    """
    engine = connect(threads=1)
    opened: list[Any] = [engine]
    schemas = {
        table.name: pa.schema([(column.name, _ARROW[column.type]) for column in table.columns])
        for table in carpos.tables
    }
    for name, schema in schemas.items():
        engine.register("empty", schema.empty_table())
        engine.execute(f"CREATE TABLE {quoted(name)} AS SELECT * FROM empty")

    def open_(index: Mapping[int, int] | None = None, **tables: Rows) -> Any:
        con = engine.cursor()
        opened.insert(0, con)
        for name, given in tables.items():
            rows = [dict.fromkeys(schemas[name].names) | dict(row) for row in given]
            con.register(name, pa.Table.from_pylist(rows, schema=schemas[name]))
        people = [row["person_id"] for row in tables.get("person", ())]
        known = {person: (index or {}).get(person, person) for person in people}
        con.register(
            "person_index",
            pa.table(
                {
                    "record_id": pa.array(list(known), pa.int64()),
                    "identity": pa.array(list(known.values()), pa.int64()),
                    "identity_lower": pa.array(list(known.values()), pa.int64()),
                }
            ),
        )
        return con

    yield open_
    for con in opened:
        con.close()


@pytest.fixture(scope="session")
def bring_cohort() -> Callable[..., None]:
    """Return a function that puts cohort, attempts and links beside a register."""

    def bring(
        con: Any, supplied: Rows, links: Rows = (), codes: Mapping[int, str] | None = None
    ) -> None:
        columns = list(supplied[0]) if supplied else ["row_number", "row_id"]
        types = {name: pa.int64() if name == "row_number" else pa.string() for name in columns}
        con.register("supplied", pa.Table.from_pylist(list(supplied), schema=pa.schema(types)))
        numbers = [row["row_number"] for row in supplied]
        con.register(
            "attempted",
            pa.table(
                {
                    "row_number": pa.array(numbers, pa.int64()),
                    "code": pa.array([(codes or {}).get(n) for n in numbers], pa.string()),
                }
            ),
        )
        schema = pa.schema(
            [("cohort_id", pa.string()), ("record_id", pa.int64()), ("decision", pa.string())]
        )
        con.register("links", pa.Table.from_pylist(list(links), schema=schema))

    return bring


@pytest.fixture(scope="session")
def facts() -> Callable[..., ReleaseFacts]:
    """Return a function that makes release facts, with changes."""

    def make(**changes: Any) -> ReleaseFacts:
        known: dict[str, Any] = {
            "project_number": "2026-001",
            "project_title": "Orders and outcomes, 2016-2025",
            "kind": "identified",
            "system": "CARPOS",
            "system_name": "California Restraining and Protective Order System",
            "release_id": "R-20261123-01",
            "packaged_on": dt.date(2026, 11, 23),
            "approved_on": dt.date(2026, 10, 1),
            "expires_on": dt.date(2027, 9, 30),
            "years": (2016, 2025),
            "order_scope": ("GV",),
            "recipients": (("m-2", "ab" * 32), ("m-3", "cd" * 32)),
            "snapshot_id": "CARPOS-20261101-001",
            "code_version": "0.1.0",
            "configuration_digest": "ef" * 32,
            "input_digests": {"cohort": "01" * 32},
            "ledger_checkpoint": {"size": 12, "root": "23" * 32},
            "individuals": 4321,
        }
        return ReleaseFacts(**(known | changes))

    return make
