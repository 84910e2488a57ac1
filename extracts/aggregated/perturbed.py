"""Aggregated data whose every count carries noise, where policy names a method other than suppression.

A year that went out perturbed is closed for good: a second version would have its own noise in every cell that late records changed,
and who averages both has less of it. In another grouping a cell with the same records has the same noise; where
records came between, the table is refused, for the same reason. Nothing is hidden, and margins are no sums.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from extracts import suppression as sdc
from extracts.aggregated import extract, tabulation
from extracts.aggregated.closed_years import Change, ClosedYear, true_values
from extracts.aggregated.explanation import explained
from extracts.aggregated.history import from_arrow, to_arrow
from extracts.errors import NoiseProven
from extracts.perturbation import PERTURBED, KeyMaker, Keys, Noise, attack, perturb
from systems.description import System

if TYPE_CHECKING:
    import duckdb


def build_perturbed(
    con: "duckdb.DuckDBPyConnection",
    system: System,
    spec: tabulation.AggregateSpec,
    policy: sdc.SuppressionPolicy,
    noise: Noise,
    keys: KeyMaker,
    earlier: Sequence[pa.Table] = (),
) -> extract.Aggregate:
    """Make a perturbed extract that may leave.

    Args:
        con: connection to a snapshot.
        system: the data system.
        spec: years, scope, dimensions.
        policy: threshold and zeros.
        noise: the method.
        keys: makes keys of records under the home's secret.
        earlier: every table that was ever published from this system, to whomever.

    Raises:
        MethodsMixed: a table of these records without this noise has gone out.
        RevisedError: records came since another grouping of a year went out.
        NoiseProven: cells are proven in spite of the noise.
        CodedError: see ``tabulate``.
    """
    counted, cell_keys = tabulation.tabulate_keyed(con, system, spec, keys)
    names = tuple(d.name for d in counted.dims)
    scope = extract.scope_of(system, spec, names) | {PERTURBED: (noise.name,)}
    before = [from_arrow(t) for t in earlier]
    extract.check_earlier_tables(before, spec.all_years, names, scope, exempt=False)
    extract.check_methods(system, before, spec, scope)
    extract.check_levels(before, spec.all_years, counted)
    alike = [t for t in before if t.scope.get(PERTURBED) == scope[PERTURBED]]
    closed = closed_perturbed(counted, cell_keys, noise, alike, scope)
    whole, rows, cells, programmes = _shown(counted, cell_keys, noise, scope), [], 0, 0
    for year in counted.dims[0].leaves:
        now = tabulation.published_in([whole], year)[0]
        shown = closed[int(year)].table if int(year) in closed else now
        others = [t for t in tabulation.published_in(alike, year) if t.rows != shown.rows]
        true = true_values(counted) if shown.rows == now.rows else None
        found = attack([shown, *others], noise, zeros=policy.zeros, true=true)
        if found.proven:
            below = sum(one.how == "below" for one in found.proven)
            raise NoiseProven(cells=len(found.proven), proven_small=below, year=int(year))
        rows += shown.rows
        cells, programmes = cells + found.cells, programmes + found.programmes
    report = sdc.AuditReport((), cells, 0, programmes, noise.threshold, {}, complete=True)
    labels, plural = extract.labels_of(system, spec), system.record.plural
    return extract.Aggregate(
        to_arrow(replace(whole, rows=()), labels, rows, plural),
        extract.exact_cells(counted, plural),
        explained(counted, (), report, policy, plural),
        report,
        closed,
        exact=True,
    )


def perturbed_before(
    con: "duckdb.DuckDBPyConnection",
    system: System,
    spec: tabulation.AggregateSpec,
    noise: Noise,
    keys: KeyMaker,
    earlier: Sequence[pa.Table],
) -> dict[int, ClosedYear]:
    """What a release would make of years that were published before, without making one.

    Raises:
        CodedError: see ``tabulate``.
    """
    counted, cell_keys = tabulation.tabulate_keyed(con, system, spec, keys)
    scope = extract.scope_of(system, spec, tuple(d.name for d in counted.dims))
    scope |= {PERTURBED: (noise.name,)}
    before = [from_arrow(t) for t in earlier]
    alike = [t for t in before if t.scope.get(PERTURBED) == scope[PERTURBED]]
    own = closed_perturbed(counted, cell_keys, noise, alike, scope)
    return extract.other_method(counted, before, scope) | own


def closed_perturbed(
    counted: sdc.CellTable,
    keys: Keys,
    noise: Noise,
    before: Sequence[sdc.PublishedTable],
    scope: dict[str, tuple[str, ...]],
) -> dict[int, ClosedYear]:
    """Years that went out with these cells and this noise: unchanged, or frozen where records came or went."""
    whole = _shown(counted, keys, noise, scope)
    found: dict[int, ClosedYear] = {}
    for year in counted.dims[0].leaves:
        now = tabulation.one_year(counted, year)
        for table in tabulation.published_in(before, year):
            if extract.same_cells(table, now, scope):
                fresh = {row.labels: row for row in tabulation.published_in([whole], year)[0].rows}
                changes = tuple(
                    _change(row, fresh[row.labels])
                    for row in table.rows
                    if row != fresh[row.labels]
                )
                how, why = ("frozen", "perturbed") if changes else ("unchanged", "none")
                found[int(year)] = ClosedYear(how, why, table, changes)
    return found


def _shown(
    counted: sdc.CellTable, keys: Keys, noise: Noise, scope: Mapping[str, tuple[str, ...]]
) -> sdc.PublishedTable:
    parents = {
        d.name: {kid: group for group, kids in d.groups for kid in kids} for d in counted.dims
    }
    names = tuple(d.name for d in counted.dims)
    rows = perturb(counted, keys, noise)
    return sdc.PublishedTable(names, rows, parents, has_persons=True, scope=scope)


def _change(row: sdc.PublishedRow, now: sdc.PublishedRow) -> Change:
    counts, persons = (row.count or 0, now.count or 0), (row.persons or 0, now.persons or 0)
    return Change(row.labels, counts, persons)
