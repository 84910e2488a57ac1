"""Loading registers: the system validates, matching resolves entries to persons, both are pinned."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from errors import CodedError
from expectations.validation import validate
from matching import errors, options, own_words, persons
from pipelines.errors import DemoRefusesRealData
from pipelines.home import Linkage, locked
from pipelines.registers.listing import as_row
from pipelines.registers.mapped import supply_of
from pipelines.safeguards import check_settings
from pipelines.session import Session, today
from systems import database
from systems.description import System, load_system
from systems.register import FileSource, Snapshot, Source

if TYPE_CHECKING:
    import duckdb

Progress = Callable[[str], None]


def load_register(
    session: Session, system: str, source: Source | Sequence[Path], progress: Progress
) -> dict[str, object]:
    """Validate tables, resolve their entries to persons, and add a snapshot.

    Args:
        session: the opened home; its mapping of the system, where it has one, says what the tables are called.
        system: the code of the data system.
        source: a database, or files.
        progress: told of each step.

    Raises:
        DemoRefusesRealData: a demo home was offered what has no synthetic mark.
        MappingWrong: the home's mapping does not fit the system's description.
        SettingsNotConfirmed: the same of a mapping that fits all rows and that nobody confirmed.
        SettingsNotConfirmed: how entries are resolved to persons stands by nobody's word (exit 3).
        CodedError: what is wrong with the files, all of it at once (exit 6), or a failed suite.
        ReleaseHeld: another load is under way.
        CodedError: the bucket did not take it: the snapshot is loaded and whole in the home, and
            `bucket upload` sends what is missing.
    """
    described = load_system(system)
    if isinstance(source, Sequence):
        source = FileSource(source, session.limits)
    if session.demo and not source.synthetic:
        raise DemoRefusesRealData
    check_settings(session)
    supply, confirmed = supply_of(session, described, source)
    seconds: dict[str, float] = {}

    def resolve(con: "duckdb.DuckDBPyConnection") -> pa.Table:
        confirmed()
        progress("Resolving entries to persons")
        began = time.monotonic()
        index = _persons(con, described, session.settings.linkage)
        seconds["resolve"] = time.monotonic() - began
        return index

    def accept(snapshot: Snapshot) -> None:
        progress("Checking the register's suite")
        started = time.monotonic()
        with snapshot.connect() as con:
            person = described.linkage.person_table
            validate("register", described, con, person, {"on": today()}).require()
        seconds["validate"] = time.monotonic() - started

    with locked(session.home.register / system):
        progress(f"Validating the {system} register")
        began = time.monotonic()
        try:
            snapshot = session.registers.load(
                described, supply, resolve=resolve, on=today(), accept=accept
            )
        except CodedError as error:
            problems = max(1, len(getattr(error, "problems", ())))
            session.note("register_refused", system=system, problems=problems, code=error.code)
            raise
        seconds["load"] = time.monotonic() - began - sum(seconds.values())
        info = snapshot.info
        session.note(
            "register_loaded",
            key=f"register/{info.snapshot_id}",
            system=system,
            snapshot=info.snapshot_id,
            rows=sum(info.rows.values()),
            persons=info.persons,
            persons_lower=info.persons_lower,
            synthetic=info.synthetic,
        )
        if session.object_store("register"):
            progress("Sending it to the bucket")
            began = time.monotonic()
            session.upload_snapshot(info.snapshot_id)
            seconds["upload"] = time.monotonic() - began
    return as_row(info) | {"seconds": {name: round(s, 1) for name, s in seconds.items()}}


def _persons(con: "duckdb.DuckDBPyConnection", system: System, policy: Linkage) -> pa.Table:
    """The person index: linked, or as the system's description says that persons are told apart."""
    linkage = system.linkage
    if linkage.persons == "linked":
        words = own_words.OwnWords(policy.placeholders, policy.nicknames)
        return persons.resolve(_entries(con), options.LinkOptions(words=words))
    table, key = (database.quoted(n) for n in (linkage.person_table, linkage.person_key))
    with database.guarded(errors.LinkageBroke, step="entries"):
        entries = con.sql(
            f"SELECT {key} AS record_id, {_together(linkage.same)} AS same, "
            f"{_together(linkage.maybe_same)} AS maybe_same FROM {table} ORDER BY 1"
        ).to_arrow_table()
    return persons.declared_persons(entries)


def _together(columns: Sequence[str]) -> str:
    """Columns as one text, missing where any of them is."""
    if not columns:
        return "CAST(NULL AS VARCHAR)"
    return " || chr(31) || ".join(f"CAST({database.quoted(c)} AS VARCHAR)" for c in columns)


def _entries(con: "duckdb.DuckDBPyConnection") -> pa.Table:
    """Every name and address variant of every entry, with its order as ``group``.

    The parties of one order are never one person.
    """
    with database.guarded(errors.LinkageBroke, step="entries"):
        return con.sql(
            "SELECT DISTINCT * EXCLUDE (role) FROM linkage_records ORDER BY ALL"
        ).to_arrow_table()
