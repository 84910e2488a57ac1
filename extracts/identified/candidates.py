"""Which entries of the register a cohort may be linked to: parties of records in the approved scope.

Linking wider would let ``matched`` tell of records that the project may not see, so the candidates
are cut before anything is compared. Records that are left out (a minor's confidentiality, a
protected address) are no candidates either.
"""

from typing import TYPE_CHECKING

import pyarrow as pa

from extracts.errors import ExtractFailed
from extracts.records import (
    Plan,
    RowKind,
    Step,
    chain,
    entry_steps,
    fetched,
    lookups,
    parameters,
    plan_for,
)
from systems.database import guarded, quoted
from systems.description import System

if TYPE_CHECKING:
    import duckdb


def records_in_scope(
    con: "duckdb.DuckDBPyConnection",
    system: System,
    *,
    families: tuple[str, ...],
    years: tuple[int, int] | None,
    released_anyway: tuple[str, ...] = (),
) -> pa.Table:
    """Return ``record_id`` (int64) of every party, in the released role, of an order in scope.

    Args:
        con: a snapshot's connection.
        system: the data system.
        families: order families that the project may see.
        years: first and last year of issue, or none.
        released_anyway: names of the system's exclusions that policy has switched off.

    Raises:
        ScopeEmpty: no family, or an unknown one.
        ExtractFailed: the database gave up.
    """
    query, bound, plan = _entries(system, families, years, released_anyway, "identified")
    person = quoted(plan.person)
    final = f"SELECT DISTINCT {person} AS record_id FROM entries WHERE NOT withheld ORDER BY 1"
    with guarded(ExtractFailed, step="candidates"), lookups(con, plan):
        return fetched(con, chain(query, final), bound)


def pairs_in_scope(
    con: "duckdb.DuckDBPyConnection",
    system: System,
    *,
    families: tuple[str, ...],
    years: tuple[int, int] | None,
    released_anyway: tuple[str, ...] = (),
) -> int:
    """Count persons (by the index) with an order in scope, once each: the rows to expect.

    Counted without any of the output columns, so that a join that doubles or loses rows shows.
    """
    query, bound, plan = _entries(system, families, years, released_anyway, "deidentified")
    key, person = quoted(plan.key), quoted(plan.person)
    final = f"""
    SELECT count(*) FROM (
      SELECT DISTINCT e.{key}, i.identity FROM entries e
      JOIN person_index i ON i.record_id = e.{person} WHERE NOT e.withheld)"""
    with guarded(ExtractFailed, step="pairs"), lookups(con, plan):
        return int(con.execute(chain(query, final), bound).fetchall()[0][0])


def _entries(
    system: System,
    families: tuple[str, ...],
    years: tuple[int, int] | None,
    released_anyway: tuple[str, ...],
    kind: RowKind,
) -> tuple[list[Step], dict[str, object], Plan]:
    plan = plan_for(system, kind)
    bound = parameters(plan, families, years)
    steps = entry_steps(plan, years, frozenset(released_anyway))
    return [step for step in steps if step[0] in {"scope", "entries"}], bound, plan
