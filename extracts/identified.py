"""The identified extract: every cohort row, what was supplied, and the records of its person.

Personal information in it comes from the researcher's own file alone (§ 963(a)(3)(A)): the register
adds columns of class Q, S and N. It carries no weight, no field agreement and no register spelling.
It is made in parts, so that memory follows the links and not the cohort.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from extracts import rows as shared
from extracts.errors import ExtractFailed, LinkOutsideRegister, SuppliedRowsUnsound
from systems.database import guarded, quoted
from systems.description import System

if TYPE_CHECKING:
    import duckdb

# --- the extract in parts

Ints = npt.NDArray[np.int64]

PART = 1 << 18  # cohort rows worked at a time
_AT_ONCE = 8_000_000  # rows whose ids are told apart together: some 75 bytes of each are held
_VERDICTS = ("no", "not_attempted", "yes")
_YES = 2


class CohortRows:
    """An identified extract on its way.

    Args:
        joined: released records of linked rows: ``row_number``, ``record_`` and ``person_`` (register keys)
            and the plan's columns.
        untried: numbers of the rows whose match was not attempted, or is in doubt; ascending.
        supplied: supplied columns to copy.
        plan: the checked plan.
        ids: makes research ids and the order within a row.
        withheld: records of linked rows that are left out.

    Raises:
        IdsCollide: two keys got one id.
    """

    def __init__(
        self,
        joined: pa.Table,
        untried: Ints,
        supplied: tuple[str, ...],
        plan: shared.Plan,
        ids: shared.IdMaker,
        withheld: int,
    ) -> None:
        self.supplied = supplied
        self._plan, self._untried = plan, untried
        joined = _sorted(joined, plan, ids)
        self._numbers: Ints = joined["row_number"].to_numpy()
        self._records: int = shared.compute.count_distinct(joined["record_"]).as_py()
        self._values = pa.table(shared.with_references(joined, plan, ids))
        self._tally = np.zeros(len(_VERDICTS), np.int64)
        self._rows = 0
        self._withheld = withheld

    @property
    def persons(self) -> int:
        """Cohort rows so far."""
        return int(self._tally.sum())

    @property
    def counts(self) -> dict[str, int]:
        """What was matched, released and left out; complete after the last part."""
        no, untried, yes = map(int, self._tally)
        return {
            "cohort_rows": self.persons,
            "matched": yes,
            "not_matched": no,
            "not_attempted": untried,
            "rows": self._rows,
            self._plan.plural: self._records,
            f"{self._plan.plural}_withheld": self._withheld,
        }

    @property
    def schema(self) -> pa.Schema:
        """Of every part."""
        return _schema(self.supplied, self._values.schema)

    def parts(self, supplied: Iterable[pa.Table], rows: int = PART) -> Iterator[pa.Table]:
        """The rows in their final order: what `shares` come to."""
        for share in self.shares(supplied, rows):
            yield share.extract()

    def shares(self, supplied: Iterable[pa.Table], rows: int = PART) -> Iterator["Share"]:
        """What the rows are made of, share by share in their order; each can be worked by itself.

        Args:
            supplied: ``row_number`` (0 or more), ``row_id`` and the supplied columns, at least one table;
                ``row_number`` ascends throughout.
            rows: of the cohort in a share, at most.

        Raises:
            SuppliedRowsUnsound: it does not, or a linked row is not there.
            ColumnNotAllowed: a supplied column has no standard name.
        """
        last, done, rows = -1, 0, min(rows, PART)
        shared.check_against(self.schema, self._plan, self.supplied)
        for table in supplied:
            for start in range(0, max(table.num_rows, 1), rows):
                part = table.slice(start, rows)
                numbers: Ints = part["row_number"].to_numpy()
                if wrong := int((np.diff(numbers, prepend=last) <= 0).sum()):
                    raise SuppliedRowsUnsound(count=wrong)
                last = int(numbers[-1]) if len(numbers) else last
                upto = int(np.searchsorted(self._numbers, last, "right"))
                yield self._share(part, numbers, done, upto)
                done = upto
        if lost := len(self._numbers) - done:
            raise SuppliedRowsUnsound(count=lost)

    def _share(self, part: pa.Table, numbers: Ints, start: int, stop: int) -> "Share":
        own = self._numbers[start:stop]
        row = np.searchsorted(numbers, own)
        if lost := int((numbers[row] != own).sum()):
            raise SuppliedRowsUnsound(count=lost)
        found = np.bincount(row, minlength=len(numbers))
        place = np.repeat(np.arange(len(numbers), dtype=np.int32), np.maximum(found, 1))
        record = np.full(len(place), -1, np.int32)
        record[found[place] > 0] = np.arange(stop - start)
        verdict = np.where(found > 0, _YES, self._were_untried(numbers)).astype(np.int8)
        self._tally += np.bincount(verdict, minlength=len(_VERDICTS))
        self._rows += len(place)
        columns = {"place": place, "record": record, "verdict": verdict[place]}
        rows = pa.table({name: pa.array(values) for name, values in columns.items()})
        supplied = part.select(["row_id", *self.supplied])
        return Share(supplied, rows, self._values.slice(start, stop - start))

    def _were_untried(self, numbers: Ints) -> npt.NDArray[np.bool_]:
        if not len(self._untried):
            return np.zeros(len(numbers), np.bool_)
        at = np.searchsorted(self._untried, numbers).clip(max=len(self._untried) - 1)
        return self._untried[at] == numbers


@dataclass(frozen=True)
class Share:
    """Some of the cohort's rows, in their order, with all that an extract says of them: a pure function of three tables.

    Attributes:
        supplied: ``row_id`` and the supplied columns to copy.
        rows: one for each row of the extract: its ``place`` among those, its ``record`` among the values (-1 where it
            has none) and its ``verdict``.
        values: the plan's columns of the records of these rows.
    """

    supplied: pa.Table = field(repr=False)
    rows: pa.Table = field(repr=False)
    values: pa.Table = field(repr=False)

    def extract(self) -> pa.Table:
        """The rows of the extract.

        Raises:
            ExtractFailed: Arrow gave up; its own words may quote a value.
        """
        with guarded(ExtractFailed, step="cohort rows"):
            place, verdict = self.rows["place"], self.rows["verdict"]
            found = self.rows["record"].to_numpy()
            names = self.supplied.column_names
            given = [self.supplied[name].cast(pa.string()).take(place) for name in names]
            matched = pa.array(_VERDICTS).take(verdict)
            values = self.values.take(pa.array(found, mask=found < 0))
            schema = _schema(names[1:], self.values.schema)
            return pa.Table.from_arrays([*given, matched, *values.columns], schema=schema)


def _schema(supplied: Iterable[str], values: pa.Schema) -> pa.Schema:
    texts = ["row_id", *(f"supplied_{name}" for name in supplied), "matched"]
    return pa.schema([(name, pa.string()) for name in texts] + list(values))


def _sorted(rows: pa.Table, plan: shared.Plan, ids: shared.IdMaker) -> pa.Table:
    """Sort without regard to the register; the key itself decides between equal sort keys."""
    rows = rows.append_column("sort_", shared.sort_keys(rows["record_"], plan.noun, ids))
    by = [(name, "ascending") for name in ("row_number", "sort_", "record_")]
    return rows.sort_by(by).drop_columns(["sort_"]).combine_chunks()


# --- what is looked up in the register


@dataclass(frozen=True)
class Extract:
    """Rows that may be staged, and counts about them for the report (never for the package).

    Attributes:
        table: the rows, in their final order.
        kind: ``identified`` or ``deidentified``.
        persons: individuals in it: cohort rows, or persons of the register.
        counts: what was matched, released and left out.
        supplied: names of the supplied columns, as they were given.
        quasi_identifiers: columns for the risk report.
        sensitive: columns for its l-diversity.
    """

    table: pa.Table = field(repr=False)
    kind: str
    persons: int
    counts: dict[str, int]
    supplied: tuple[str, ...] = ()
    quasi_identifiers: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()


def begin_identified(
    con: "duckdb.DuckDBPyConnection",
    system: System,
    spec: shared.RowScope,
    ids: shared.IdMaker,
    stored: pa.Table | None = None,
) -> CohortRows:
    """Look up the records of the linked rows; the extract itself then comes in parts.

    ``con`` is a snapshot's connection which also has

    - ``supplied(row_number int64, row_id string, …)``: the cohort as given, texts only,
    - ``attempted(row_number int64, code string)``: one row for each cohort row; a code says why
      its match was not attempted (withheld, unusable, doubtful and left out),
    - ``links(cohort_id string, record_id int64, decision string)``: only ``link`` is used.

    With ``stored`` rows of the linked entries (`StoredRows`) it needs these three alone.

    One row for each cohort row and record in scope; a cohort row without a record stays, with empty
    columns. ``matched`` is ``yes`` only where a record of this extract is joined to it: one that
    is left out (a minor's confidentiality, a protected address) must not show through.

    Raises:
        ScopeEmpty: no family, or an unknown one.
        SuppliedRowsUnsound: a cohort row without an id or number of its own.
        LinkOutsideRegister: a link names what this run does not have.
        ColumnPlanRefused: the system's file asks for a column that can't leave.
        ColumnNotAllowed: a supplied column has no standard name.
        ExtractFailed: the database gave up.
    """
    plan = shared.plan_for(system, "identified", spec.columns)
    bound = shared.parameters(plan, spec.families, spec.years)
    with guarded(ExtractFailed, step="identified"), shared.lookups(con, plan):
        index = "person_index"
        if stored is None:
            supplied = _check_inputs(con, plan.person_table, plan.person)
            if lost := shared.unindexed(con, plan):
                raise LinkOutsideRegister(count=lost)
            anyway = frozenset(spec.released_anyway)
            con.execute(_linked_records(plan))
            found = shared.entry_steps(plan, spec.years, anyway, _LINKED)
        else:
            con.register(_STORED, stored)
            supplied = _check_inputs(con, _STORED, "entry_")
            found = shared.stored_steps(plan, spec, _STORED)
            index = f"(SELECT DISTINCT entry_ AS record_id, identity_ AS identity FROM {_STORED})"
        steps = [*found, _cohort_step(con), *_match_steps(plan)]
        joined = shared.fetched(con, shared.chain(steps, _released(plan, index)), bound)
        few = shared.chain(_only(steps, "scope", "entries", "cohort", "found"), _WITHHELD)
        withheld = con.execute(few, bound).fetchall()[0][0]
        few = shared.chain(_only(steps, "cohort", "doubtful"), _UNTRIED)
        untried = shared.fetched(con, few)["row_number"].to_numpy()
        echoed = supplied if spec.echo_supplied else ()
        return CohortRows(joined, untried, echoed, plan, ids, int(withheld))


def _check_inputs(con: "duckdb.DuckDBPyConnection", entries: str, entry: str) -> tuple[str, ...]:
    """Refuse a cohort or links that don't belong together, or to these entries; return the supplied columns."""
    numbers = _row_numbers(con, "supplied")
    missing = 2 * len(numbers) - _distinct(con, "row_id", len(numbers))
    ascending = not numbers.null_count and bool((np.diff(numbers.to_numpy()) > 0).all())
    missing -= len(numbers) if ascending else _distinct(con, "row_number", len(numbers))
    del numbers
    if missing:
        raise SuppliedRowsUnsound(count=missing)
    unknown_ids = con.execute(f"""
        SELECT count(*) FROM links WHERE decision = 'link' AND (
          cohort_id IS NULL OR record_id IS NULL
          OR cohort_id NOT IN ({_LINKED_ROWS})
          OR record_id NOT IN (SELECT {quoted(entry)} FROM {quoted(entries)}))
        """).fetchall()[0][0]
    if unknown_ids:
        raise LinkOutsideRegister(count=unknown_ids)
    columns = [row[0] for row in con.execute("DESCRIBE supplied").fetchall()]
    return tuple(name for name in columns if name not in {"row_number", "row_id"})


def _row_numbers(con: "duckdb.DuckDBPyConnection", relation: str) -> pa.ChunkedArray:
    """The row numbers of a relation, in its order."""
    return shared.fetched(con, f"SELECT row_number FROM {relation}")["row_number"]


def _distinct(con: "duckdb.DuckDBPyConnection", column: str, rows: int) -> int:
    """How many different values a column of the cohort has, of so many rows; counted some at a time."""
    slices = 1 + rows // _AT_ONCE
    query = f"SELECT count(DISTINCT {column}) FROM supplied WHERE hash({column}) % {slices} = "
    return sum(con.execute(f"{query}{part}").fetchall()[0][0] for part in range(slices))


# Rows that links name: to look among all rows of a cohort, all of these would be held.
_LINKED_ROWS = """SELECT row_id FROM supplied
            WHERE row_id IN (SELECT cohort_id FROM links WHERE decision = 'link')"""
_LINKED, _STORED = "linked_records", "stored_entries"


def _linked_records(plan: shared.Plan) -> str:
    """Records of linked entries: records are worked out for no other."""
    key, person = quoted(plan.key), quoted(plan.person)
    return f"""
    CREATE OR REPLACE TEMP TABLE {_LINKED} AS
    SELECT DISTINCT {key} FROM {quoted(plan.party_table)} SEMI JOIN (
      SELECT record_id AS {person} FROM links WHERE decision = 'link'
    ) USING ({person})"""


def _cohort_step(con: "duckdb.DuckDBPyConnection") -> shared.Step:
    """The cohort's rows, and whether each was attempted: one that nobody speaks of was not.

    Mostly each is spoken of in its turn, and the few that have a code say it all: the others need not be brought together.
    """
    spoken = "SELECT row_number, max(code) AS code FROM attempted GROUP BY row_number"
    attempted = "a.row_number IS NOT NULL AND a.code IS NULL"
    if _row_numbers(con, "supplied").equals(_row_numbers(con, "attempted")):
        spoken = "SELECT row_number FROM attempted WHERE code IS NOT NULL"
        attempted = "a.row_number IS NULL"
    return (
        "cohort",
        f"""
    SELECT s.row_number, s.row_id, {attempted} AS attempted
    FROM supplied s LEFT JOIN ({spoken}) a USING (row_number)""",
    )


def _match_steps(plan: shared.Plan) -> list[shared.Step]:
    key, person = quoted(plan.key), quoted(plan.person)
    return [
        (
            "doubtful",  # pairs that nobody settled: saying "no" would be a guess
            """
    SELECT cohort_id AS row_id FROM links GROUP BY cohort_id
    HAVING NOT coalesce(bool_or(decision = 'link'), false)""",
        ),
        (
            "found",  # several entries of one person on one record are one row
            f"""
    SELECT c.row_number, e.{key}, min(e.{person}) AS {person}, bool_or(e.withheld) AS withheld
    FROM cohort c
    JOIN links l ON l.cohort_id = c.row_id AND l.decision = 'link'
    JOIN entries e ON e.{person} = l.record_id
    WHERE c.attempted
    GROUP BY c.row_number, e.{key}""",
        ),
        (
            "joined",
            f"""
    SELECT f.row_number, r.*
    FROM found f JOIN released r ON r.key_ = f.{key} AND r.entry_ = f.{person}""",
        ),
    ]


_WITHHELD = "SELECT count(*) FROM found WHERE withheld"
_UNTRIED = """
    SELECT c.row_number FROM cohort c LEFT JOIN doubtful d USING (row_id)
    WHERE NOT c.attempted OR d.row_id IS NOT NULL
    ORDER BY c.row_number"""


def _released(plan: shared.Plan, index: str) -> str:
    outputs = "".join(f", j.{quoted(column.name)}" for column in plan.columns)
    return f"""
    SELECT j.row_number, j.key_ AS record_, i.identity AS person_{outputs}
    FROM joined j JOIN {index} i ON i.record_id = j.entry_"""


def _only(steps: list[shared.Step], *names: str) -> list[shared.Step]:
    """The steps that an answer needs: the same rows without their values."""
    return [step for step in steps if step[0] in names]
