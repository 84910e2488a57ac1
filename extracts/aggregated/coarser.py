"""Coarser versions of a table that is mostly hidden, counted anew, with what each would publish.

Each version is counted from the register with its own distinct persons, protected together with all that
was published before, and not cleaned up: a release of it publishes at least as much.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from extracts import suppression as sdc
from extracts.aggregated import atoms, extract, history, tabulation
from systems.description import System

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class CoarserVersion:
    """One coarser version: its dimensions, and what it would publish at least."""

    dims: tuple[str, ...]
    seen: sdc.Forecast

    def as_json(self) -> dict[str, object]:
        """Flat, for a table: what to say to ``run``, and what would be published."""
        named = ",".join(d for d in self.dims if d != tabulation.YEAR)
        return {"options": f"--dims {named}", **self.seen.as_json()}


def coarser_versions(
    con: "duckdb.DuckDBPyConnection",
    system: System,
    spec: tabulation.AggregateSpec,
    policy: sdc.SuppressionPolicy,
    earlier: Sequence[pa.Table],
    made: extract.Aggregate,
) -> tuple[CoarserVersion, ...]:
    """Return coarser versions of a mostly hidden table, the one that shows most first; else none.

    Raises:
        CodedError: see ``tabulate``.
    """
    if not _mostly_hidden(made, system.record.plural):
        return ()
    before = extract.exact_tables([history.from_arrow(table) for table in earlier])
    book = atoms.codebook_of(system, before)
    found: list[CoarserVersion] = []
    for dims in _choices(system, spec):
        counted = tabulation.tabulate(con, system, replace(spec, dims=dims))
        try:
            found.append(CoarserVersion(dims, _seen(counted, policy, before, book)))
        except (sdc.CannotProtectError, sdc.RevisedError):
            continue  # what is published already stands against it
    return tuple(sorted(found, key=lambda one: (-one.seen.share_shown, one.dims)))


def _mostly_hidden(made: extract.Aggregate, plural: str) -> bool:
    records = np.asarray(made.cells[plural])
    hidden = int((np.asarray(made.table["status"]) == "suppressed").sum())
    return hidden > sdc.MOSTLY_HIDDEN * int((records > 0).sum())


def _choices(system: System, spec: tabulation.AggregateSpec) -> list[tuple[str, ...]]:
    """What a dimension nests in instead of it, each dimension left out, and both at once."""
    named = [d.name for d in tabulation.dimensions(system, spec)]
    parents = {
        d.name: d.parent for d in tabulation.dimensions(system, spec) if d.parent is not None
    }
    broader = tuple(dict.fromkeys(parents.get(name, name) for name in named))
    fewer = [tuple(n for n in named if n != out) for out in named if out != tabulation.YEAR]
    both = [tuple(n for n in broader if n != out) for out in broader if out != tabulation.YEAR]
    whole = [broader, *fewer, *both]
    return [c for c in dict.fromkeys(whole) if len(c) > 1 and c != tuple(named)]


def _seen(
    counted: sdc.CellTable,
    policy: sdc.SuppressionPolicy,
    before: Sequence[sdc.PublishedTable],
    book: sdc.Codebook,
) -> sdc.Forecast:
    quick = replace(policy, clean=False)
    jobs = [
        sdc.Job(
            tabulation.one_year(counted, year),
            quick,
            tabulation.published_in(before, year),
            book=book,
        )
        for year in counted.dims[0].leaves
    ]
    patterns: list[sdc.Pattern] = sdc.suppress_all(jobs, workers=1)
    return sdc.forecast([(p.table, p.hidden, p.primary) for p in patterns])
