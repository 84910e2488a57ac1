"""Which entries of a register are one person: linked, or as the system's description says that persons are told apart.

Against an earlier snapshot only what changed since is resolved again, under what that one's resolution learnt.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from matching import errors, normalise, options, own_words, persons
from matching.arrow import array
from pipelines.home import Linkage
from systems import database
from systems.description import System
from systems.register import BEFORE, Base, by_entry, linkage_sql, touched_sql

if TYPE_CHECKING:
    import duckdb

_MOST = 0.2  # of the entries: where more are touched, looking for their neighbours takes as long as looking at all
# shares of the time that a resolution takes: until the entries are read, the pairs planned, and all compared (measured at 3 million)
_READ, _PLANNED, _DECIDED = 0.35, 0.5, 0.9
_AMONG = "wanted_entries"
_ENTRIES = (
    1_000_000  # whose names and addresses are brought together at a time: half a gigabyte of text
)


class Resolution:
    """How the entries of one load become persons; for `RegisterStore.load`.

    Args:
        system: the data system.
        policy: the home's settings.
        base: what the load is against.
        relearn: learn anew how common values are, and resolve everybody.
        say: told what is done.
        share: told how much of it is done, from nought to one.
    """

    def __init__(
        self,
        system: System,
        policy: Linkage,
        base: Base | None,
        say: Callable[[str], None],
        share: Callable[[float], None] = lambda _done: None,
        *,
        relearn: bool = False,
    ) -> None:
        words = own_words.OwnWords(policy.placeholders, policy.nicknames)
        self._system, self._options = system, options.LinkOptions(words=words)
        self._base, self._relearn, self._say, self._share = base, relearn, say, share
        self._kept: tuple[pa.Table | None, int] = None, 0
        self._rows: tuple[pa.Table, pa.Table] | None = None

    def __call__(self, con: "duckdb.DuckDBPyConnection") -> pa.Table:
        """The person index.

        Raises:
            LinkageBroke: the database gave up.
            StagingDoesNotHold: the base can't be read.
        """
        linkage = self._system.linkage
        if linkage.persons != "linked":
            self._say("Resolving entries to persons")
            index = persons.declared_persons(_declared(con, self._system))
            self._kept = None, index.num_rows
            return index
        found = self._linked(con)
        self._kept = found.remembered and found.remembered.table(), found.looked_at
        return found.index

    def kept(self) -> tuple[pa.Table | None, int]:
        """What a later load needs, and how many entries were resolved."""
        return self._kept

    def rows(self) -> tuple[pa.Table, pa.Table] | None:
        """The entries as they were read (`normalise.stored_tables`), where all were; given away once."""
        rows, self._rows = self._rows, None
        return rows

    def _linked(self, con: "duckdb.DuckDBPyConnection") -> persons.Resolved:
        remembered, before = self._remembered()
        if remembered is None or before is None:
            self._say("Resolving entries to persons")
            return self._whole(self._entries(con), None)
        with database.guarded(errors.LinkageBroke, step="touched entries"):
            touched = con.sql(touched_sql(self._system)).to_arrow_table()
            gone = _variants(con, self._system, touched, BEFORE)
        entries = self._entries(con)
        if touched.num_rows > _MOST * max(before.num_rows, 1):
            self._say(f"Resolving entries to persons: {touched.num_rows:,} changed")
            return self._whole(entries, remembered)
        self._say(f"Resolving again whom {touched.num_rows:,} changed entries touch")
        ids = array(touched["record_id"])
        return persons.resolve_changed(entries, gone, ids, before, self._options, remembered)

    def _whole(
        self, entries: Iterator[pa.Table], remembered: persons.Remembered | None
    ) -> persons.Resolved:
        def read(given: normalise.EncodingInput) -> None:
            self._rows = normalise.stored_tables(given)

        return persons.resolve_whole(entries, self._options, remembered, self._compared, read)

    def _entries(self, con: "duckdb.DuckDBPyConnection") -> Iterator[pa.Table]:
        """Every name and address variant of every entry, with its order as ``group``, some entries at a time.

        The parties of one order are never one person.
        """
        table, key = (database.quoted(n) for n in self._system.linkage.record.split("."))
        with database.guarded(errors.LinkageBroke, step="entries"):
            ids = con.sql(f"SELECT {key} AS record_id FROM {table} ORDER BY 1").to_arrow_table()
        read = 0
        for here, some in by_entry(con, self._system, ids, _ENTRIES):
            with database.guarded(errors.LinkageBroke, step="entries"):
                yield _variants(here, self._system, some, "main")
            read += some.num_rows
            self._share(_READ * min(1.0, read / max(ids.num_rows, 1)))

    def _compared(self, done: float) -> None:
        """Reading and planning come before it, putting together after."""
        self._share(_PLANNED + (_DECIDED - _PLANNED) * done)

    def _remembered(self) -> tuple[persons.Remembered | None, pa.Table | None]:
        """What the base learnt, where this version goes on from it, and its index."""
        if self._base is None or self._relearn:
            return None, None
        index, table = self._base.snapshot.persons()
        remembered = persons.Remembered.read(table, self._options) if table else None
        if remembered is None:
            self._say("The base was resolved by another version or other settings: everybody is")
        return remembered, index


def _variants(
    con: "duckdb.DuckDBPyConnection", system: System, entries: pa.Table, schema: str
) -> pa.Table:
    """The variants of some entries once each, in their order; tables are looked for in a schema first."""
    con.register(_AMONG, entries)
    con.execute(f"SET search_path = '{schema},main'")
    query = linkage_sql(system, _AMONG)
    found = con.sql(
        'SELECT * EXCLUDE (role, "group"), min("group") AS "group" '
        f"FROM ({query}) GROUP BY ALL ORDER BY ALL"
    ).to_arrow_table()
    con.execute("SET search_path = 'main'")
    con.unregister(_AMONG)
    return found


def _declared(con: "duckdb.DuckDBPyConnection", system: System) -> pa.Table:
    linkage = system.linkage
    table, key = (database.quoted(n) for n in (linkage.person_table, linkage.person_key))
    with database.guarded(errors.LinkageBroke, step="entries"):
        return con.sql(
            f"SELECT {key} AS record_id, {_together(linkage.same)} AS same, "
            f"{_together(linkage.maybe_same)} AS maybe_same FROM {table} ORDER BY 1"
        ).to_arrow_table()


def _together(columns: Sequence[str]) -> str:
    """Columns as one text, missing where any of them is."""
    if not columns:
        return "CAST(NULL AS VARCHAR)"
    return " || chr(31) || ".join(f"CAST({database.quoted(c)} AS VARCHAR)" for c in columns)
