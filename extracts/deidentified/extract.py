"""The de-identified extract: one row for each person and record, and no identifier at all (§ 962(h)).

Persons are those of the snapshot's person index. Ages stand for birth dates, dates are generalised
as the system's file says, ids and row order come from the project's secret.
"""

from typing import TYPE_CHECKING

import pyarrow as pa

from extracts import rows as shared
from extracts.errors import ExtractFailed, LinkOutsideRegister
from extracts.identified import Extract
from systems.database import guarded, quoted
from systems.description import System

if TYPE_CHECKING:
    import duckdb


def build_deidentified(
    con: "duckdb.DuckDBPyConnection", system: System, spec: shared.RowScope, ids: shared.IdMaker
) -> Extract:
    """Make the de-identified extract from a snapshot's connection.

    Raises:
        ScopeEmpty: no family, or an unknown one.
        LinkOutsideRegister: the person index lacks an entry of the register.
        ColumnPlanRefused: the system's file asks for a column that can't leave.
        ExtractFailed: the database gave up.
    """
    plan = shared.plan_for(system, "deidentified", spec.columns)
    bound = shared.parameters(plan, spec.families, spec.years)
    with guarded(ExtractFailed, step="deidentified"), shared.lookups(con, plan):
        if missing := shared.unindexed(con, plan):
            raise LinkOutsideRegister(count=missing)
        steps = [
            *shared.entry_steps(plan, spec.years, frozenset(spec.released_anyway)),
            _persons(plan),
        ]
        rows = shared.fetched(con, shared.chain(steps, _final(plan)), bound)
        withheld = con.execute(shared.chain(steps[:2], _withheld(plan)), bound).fetchall()[0]
        table = _assembled(rows, plan, ids)
    shared.check_against(table.schema, plan)
    counts = {
        "rows": table.num_rows,
        "persons": shared.compute.count_distinct(rows["person_"]).as_py(),
        plan.plural: shared.compute.count_distinct(rows["record_"]).as_py(),
        f"{plan.plural}_withheld": int(withheld[0]),
        "persons_withheld": int(withheld[1]),
    }
    return Extract(
        table, plan.kind, counts["persons"], counts, (), plan.quasi_identifiers, plan.sensitive
    )


def count_records(table: pa.Table, plan: shared.Plan) -> int:
    """Distinct records of made rows."""
    name = next(n for n, of in plan.references.items() if of == plan.noun)
    return int(shared.compute.count_distinct(table[name]).as_py())


def _persons(plan: shared.Plan) -> shared.Step:
    """Two entries that the index joins are one person, and one row on a record."""
    key, person = quoted(plan.key), quoted(plan.person)
    return (
        "persons",
        f"""
    SELECT e.{key}, i.identity, min(e.{person}) AS {person}
    FROM entries e JOIN person_index i ON i.record_id = e.{person}
    GROUP BY e.{key}, i.identity""",
    )


def _final(plan: shared.Plan) -> str:
    key, person = quoted(plan.key), quoted(plan.person)
    outputs = "".join(f", r.{quoted(column.name)}" for column in plan.columns)
    return f"""
    SELECT p.identity AS person_, p.{key} AS record_{outputs}
    FROM persons p JOIN released r ON r.key_ = p.{key} AND r.entry_ = p.{person}"""


def _withheld(plan: shared.Plan) -> str:
    """Records that stay out, and persons whom they are about."""
    return f"""
    SELECT count(DISTINCT e.{quoted(plan.key)}), count(DISTINCT i.identity)
    FROM entries e JOIN person_index i ON i.record_id = e.{quoted(plan.person)} WHERE e.withheld"""


def _assembled(rows: pa.Table, plan: shared.Plan, ids: shared.IdMaker) -> pa.Table:
    text = pa.string()
    row = shared.compute.binary_join_element_wise(
        rows["person_"].cast(text), rows["record_"].cast(text), "/"
    )
    table = pa.table(shared.with_references(rows, plan, ids))
    table = table.append_column("sort_", shared.sort_keys(row, "row", ids))
    by = ("sort_", *plan.references)  # the ids decide between equal keys
    return table.sort_by([(name, "ascending") for name in by]).drop_columns(["sort_"])
