"""The identified extract: every cohort row, what was supplied, and the records of its person.

Personal information in it comes from the researcher's own file alone (§ 963(a)(3)(A)): the register
adds columns of class Q, S and N. It carries no weight, no field agreement and no register spelling.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from extracts import records
from extracts.arrow import compute as pc
from extracts.arrow import fetched
from extracts.check import check_against
from extracts.errors import ExtractFailed, LinkOutsideRegister, SuppliedRowsUnsound
from extracts.ids import IdMaker
from extracts.plan import Plan, plan_for
from extracts.references import sort_keys, unindexed, with_references
from extracts.values import lookups
from systems.database import guarded, quoted
from systems.model import System

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class IdentifiedSpec:
    """What the approval allows of an identified release.

    Attributes:
        families: families of records in scope.
        years: first and last year of the records, or none where all years are.
        echo_supplied: whether the supplied values are copied into the extract.
        released_anyway: names of the system's exclusions that policy has switched off.
        columns: register columns that the approval names; all that the system gives by default.
    """

    families: tuple[str, ...]
    years: tuple[int, int] | None = None
    echo_supplied: bool = True
    released_anyway: tuple[str, ...] = ()
    columns: tuple[str, ...] | None = None


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


def build(
    con: "duckdb.DuckDBPyConnection", system: System, spec: IdentifiedSpec, ids: IdMaker
) -> Extract:
    """Make the identified extract.

    ``con`` is a snapshot's connection which also has

    - ``supplied(row_number int64, row_id string, …)``: the cohort as given, texts only,
    - ``attempted(row_number int64, code string)``: one row for each cohort row; a code says why
      its match was not attempted (withheld, unusable, doubtful and left out),
    - ``links(cohort_id string, record_id int64, decision string)``: only ``link`` is used.

    One row for each cohort row and record in scope; a cohort row without a record stays, with empty
    columns. ``matched`` is ``yes`` only where a record of this extract stands beside it: one that
    is left out (a minor's confidentiality, a protected address) must not show through.

    Raises:
        ScopeEmpty: no family, or an unknown one.
        SuppliedRowsUnsound: a cohort row without an id or number of its own.
        LinkOutsideRegister: a link names what this run does not have.
        ColumnPlanRefused: the system's file asks for a column that can't leave.
        ColumnNotAllowed: a supplied column has no standard name.
        ExtractFailed: the database gave up.
    """
    plan = plan_for(system, "identified", spec.columns)
    bound = records.parameters(plan, spec.families, spec.years)
    with guarded(ExtractFailed, step="identified"), lookups(con, plan):
        supplied = _check_inputs(con, plan)
        steps = [
            *records.entry_steps(plan, spec.years, frozenset(spec.released_anyway)),
            *_match_steps(plan),
        ]
        rows = fetched(con, records.chain(steps, _final(plan)), bound)
        withheld = con.execute(records.chain(_few(steps), _WITHHELD), bound).fetchall()[0][0]
        echoed = supplied if spec.echo_supplied else ()
        table = _assembled(rows, _supplied_values(con, echoed), echoed, plan, ids)
    check_against(table, plan, echoed)
    counts = _counts(rows, plan) | {f"{plan.plural}_withheld": int(withheld)}
    return Extract(table, plan.kind, counts["cohort_rows"], counts, echoed)


def _check_inputs(con: "duckdb.DuckDBPyConnection", plan: Plan) -> tuple[str, ...]:
    """Refuse a cohort or links that don't belong together; return the supplied columns."""
    unsound = con.execute("""
        SELECT 2 * count(*) - count(DISTINCT row_number) - count(DISTINCT row_id)
        FROM supplied""").fetchall()[0][0]
    if unsound:
        raise SuppliedRowsUnsound(count=unsound)
    strangers = con.execute(f"""
        SELECT count(*) FROM links WHERE decision = 'link' AND (
          cohort_id IS NULL OR record_id IS NULL
          OR cohort_id NOT IN (SELECT row_id FROM supplied)
          OR record_id NOT IN (SELECT {quoted(plan.person)} FROM {quoted(plan.person_table)}))
        """).fetchall()[0][0]
    if strangers or unindexed(con, plan):
        raise LinkOutsideRegister(count=strangers)
    columns = [row[0] for row in con.execute("DESCRIBE supplied").fetchall()]
    return tuple(name for name in columns if name not in {"row_number", "row_id"})


def _match_steps(plan: Plan) -> list[records.Step]:
    key, person = quoted(plan.key), quoted(plan.person)
    return [
        (
            "cohort",  # a row that nobody speaks of was not attempted
            """
    SELECT s.row_number, s.row_id, a.row_number IS NOT NULL AND a.code IS NULL AS attempted
    FROM supplied s LEFT JOIN (
      SELECT row_number, max(code) AS code FROM attempted GROUP BY row_number
    ) a USING (row_number)""",
        ),
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
            "beside",
            f"""
    SELECT f.row_number, r.*
    FROM found f JOIN released r ON r.key_ = f.{key} AND r.entry_ = f.{person}""",
        ),
    ]


_WITHHELD = "SELECT count(*) FROM found WHERE withheld"


def _final(plan: Plan) -> str:
    outputs = "".join(f", b.{quoted(column.name)}" for column in plan.columns)
    return f"""
    SELECT c.row_number, c.row_id,
      CASE WHEN b.key_ IS NOT NULL THEN 'yes'
           WHEN NOT c.attempted OR d.row_id IS NOT NULL THEN 'not_attempted'
           ELSE 'no' END AS matched,
      b.key_ AS record_, i.identity AS person_{outputs}
    FROM cohort c
    LEFT JOIN beside b ON b.row_number = c.row_number
    LEFT JOIN person_index i ON i.record_id = b.entry_
    LEFT JOIN doubtful d ON d.row_id = c.row_id"""


def _few(steps: list[records.Step]) -> list[records.Step]:
    """The steps that a count needs: the same rows without their values."""
    return [step for step in steps if step[0] in {"scope", "entries", "cohort", "found"}]


def _supplied_values(con: "duckdb.DuckDBPyConnection", echoed: tuple[str, ...]) -> pa.Table:
    names = "".join(f", {quoted(name)}" for name in echoed)
    return fetched(con, f"SELECT row_number{names} FROM supplied")


def _assembled(
    rows: pa.Table, supplied: pa.Table, echoed: tuple[str, ...], plan: Plan, ids: IdMaker
) -> pa.Table:
    """Put ids in place of keys, sort without regard to the register, and set the final columns."""
    sort = sort_keys(rows["record_"], plan.noun, ids)
    rows = rows.append_column("sort_", sort)
    by = ("row_number", "sort_", "record_")  # the last decides between equal keys
    rows = rows.sort_by([(name, "ascending") for name in by])
    place = pc.index_in(rows["row_number"], supplied["row_number"])
    columns = {"row_id": rows["row_id"]}
    for name in echoed:
        columns[f"supplied_{name}"] = supplied[name].cast(pa.string()).take(place)
    columns["matched"] = rows["matched"]
    return pa.table(columns | with_references(rows, plan, ids))


def _counts(rows: pa.Table, plan: Plan) -> dict[str, int]:
    per_row = rows.group_by(["row_number", "matched"]).aggregate([])
    found = {v["values"]: v["counts"] for v in pc.value_counts(per_row["matched"]).to_pylist()}
    return {
        "cohort_rows": per_row.num_rows,
        "matched": found.get("yes", 0),
        "not_matched": found.get("no", 0),
        "not_attempted": found.get("not_attempted", 0),
        "rows": rows.num_rows,
        plan.plural: pc.count_distinct(rows["record_"]).as_py(),
    }
