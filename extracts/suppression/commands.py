"""``suppress``, ``audit`` and ``derive`` on files, as the command line offers them."""

import csv
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from extracts.suppression.audit import AuditReport, audit_table
from extracts.suppression.coarser import MOSTLY_HIDDEN, Coarser, coarser_tables
from extracts.suppression.errors import BadRequestError, TableUnreadableError, TableUnwritableError
from extracts.suppression.heat_map import Labels, MapCell, heat_map_page
from extracts.suppression.model import TOTAL, CellTable, SuppressionPolicy
from extracts.suppression.published import PublishedTable, Zeros
from extracts.suppression.solver import Pattern, Progress, suppress
from extracts.suppression.table_files import (
    PUBLISHED,
    STATUS,
    SUPPRESSED,
    check_columns,
    columns_of,
    is_parquet,
    read_cells,
    read_hierarchy,
    read_published,
    table_from_rows,
    write_csv,
    write_parquet,
)

# --- suppress and audit


@dataclass(frozen=True)
class SuppressOutcome:
    """What ``suppress`` did, in numbers.

    Attributes:
        cells: rows of the table, margins included.
        nonzero: of them, not zero.
        primary: small cells.
        secondary: cells hidden for their sake.
        programmes: linear programmes of suppressor and audit.
        report: the audit of what was written.
        written: the published table, then one for each linked table.
    """

    cells: int
    nonzero: int
    primary: int
    secondary: int
    programmes: int
    report: AuditReport
    written: tuple[Path, ...]


def suppress_file(
    cells: Path,
    *,
    dims: Sequence[str],
    count: str,
    persons: str | None = None,
    threshold: int = 10,
    zeros: Zeros = "published",
    clean_programmes: int | None = None,
    hierarchy: Mapping[str, Path] | None = None,
    linked: Sequence[Path] = (),
    earlier: Sequence[Path] = (),
    out: Path,
    explain: Path | None = None,
    progress: Progress | None = None,
) -> SuppressOutcome:
    """Make a table publishable and write it.

    ``out`` gets the dimensions, the count (and persons), both empty where hidden, and ``status``.
    Each linked table, published with it, goes to ``<out>-linked-N.csv``. Nothing is written unless
    the audit held.

    Args:
        cells: CSV or Parquet with true values.
        dims: its dimensions.
        count: its column of counts.
        persons: its column of distinct persons, if any; without it the counts are persons.
        threshold: persons under which a cell is small.
        zeros: whether zeros are published.
        clean_programmes: linear programmes spent on fewer hidden cells; 0 for none, None for the usual.
        hierarchy: for a dimension, a CSV of child and parent.
        linked: further CSVs over the same population, with the same names of columns.
        earlier: tables that are public already (as ``out`` is written).
        out: where the table goes.
        explain: where the explanation for the Department goes (0600).
        progress: called with stage, done, of.

    Raises:
        CodedError: see ``errors``; nothing is written then.
    """
    check_columns(dims, count, persons)
    policy = SuppressionPolicy(threshold=threshold, zeros=zeros)
    if clean_programmes is not None:
        spent = max(clean_programmes, 0)
        policy = replace(policy, clean=spent > 0, clean_programmes=spent)
    parents = _hierarchies(hierarchy or {}, dims)
    table = table_from_rows(
        dims, read_cells(cells, dims, count, persons), parents, with_persons=persons is not None
    )
    others = [_linked(path, count, persons, parents) for path in linked]
    before = _earlier(earlier, count, persons, parents)
    pattern = suppress(
        table, policy, before, linked=others, intervals=explain is not None, progress=progress
    )
    written = [
        out,
        *(
            out.with_name(f"{out.stem}-linked-{i + 1}{out.suffix or '.csv'}")
            for i in range(len(others))
        ),
    ]
    for path, one in zip(written, [pattern, *pattern.linked], strict=True):
        _write(path, one, count, persons)
    if explain is not None:
        _write_explanation(explain, pattern)
    nonzero = int((table.counts > 0).sum())
    return SuppressOutcome(
        table.size,
        nonzero,
        int(pattern.primary.sum()),
        int(pattern.secondary.sum()),
        pattern.programmes + pattern.report.programmes,
        pattern.report,
        tuple(written),
    )


def audit_file(
    table: Path,
    *,
    dims: Sequence[str],
    count: str,
    persons: str | None = None,
    threshold: int = 10,
    zeros: Zeros = "published",
    hierarchy: Mapping[str, Path] | None = None,
    earlier: Sequence[Path] = (),
    progress: Progress | None = None,
) -> AuditReport:
    """Attack a published table; hidden cells are empty.

    Args:
        table: CSV as published.
        dims: its dimensions.
        count: its column of counts.
        persons: its column of persons, if it has one.
        threshold: persons under which a cell is small.
        zeros: whether zeros are published, so that a hidden cell is at least 1.
        hierarchy: for a dimension, a CSV of child and parent.
        earlier: tables that are public already.
        progress: called with stage, done, of.

    Returns:
        Which cells fall and how; a caller that finds any exits 4.

    Raises:
        AuditInfeasibleError: no table fits what is published.
        AuditUnsolvedError: a bound could not be proven.
        CodedError: the files can't be used.
    """
    check_columns(dims, count, persons)
    SuppressionPolicy(threshold=threshold, zeros=zeros)  # refuses what is out of range
    parents = _hierarchies(hierarchy or {}, dims)
    shown = read_published(table, dims, count, persons)
    shown = replace(shown, parents=parents)
    before = _earlier(earlier, count, persons, parents)
    return audit_table(
        shown,
        threshold=threshold,
        zeros=zeros,
        earlier=before,
        progress=progress,
    )


def _hierarchies(files: Mapping[str, Path], dims: Sequence[str]) -> dict[str, dict[str, str]]:
    if not set(files) <= set(dims):
        raise BadRequestError(parameter="hierarchy")
    return {name: read_hierarchy(path, name) for name, path in files.items()}


def _linked(
    path: Path, count: str, persons: str | None, parents: Mapping[str, Mapping[str, str]]
) -> CellTable:
    dims = [c for c in columns_of(path, "linked") if c not in (count, persons)]
    check_columns(dims, count, persons)
    rows = read_cells(path, dims, count, persons, role="linked")
    return table_from_rows(dims, rows, parents, with_persons=persons is not None)


def _earlier(
    paths: Sequence[Path],
    count: str,
    persons: str | None,
    parents: Mapping[str, Mapping[str, str]],
) -> list[PublishedTable]:
    tables = [read_published(p, None, count, persons, role="earlier") for p in paths]
    return [replace(t, parents={d: parents[d] for d in t.dims if d in parents}) for t in tables]


def _write(path: Path, pattern: Pattern, count: str, persons: str | None) -> None:
    shown = pattern.published()
    header = [*shown.dims, count, *([persons] if persons else []), "status"]

    def row(labels: Sequence[str], orders: int | None, people: int | None) -> list[object]:
        status = SUPPRESSED if orders is None else PUBLISHED
        values = [orders, *([people] if persons else [])]
        return [*labels, *("" if v is None else v for v in values), status]

    rows = [row(r.labels, r.count, r.persons) for r in shown.rows]
    if is_parquet(path):
        write_parquet(path, header, rows, 2 if persons else 1)
    else:
        write_csv(path, header, rows)
    path.chmod(stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP | stat.S_IROTH)  # it may be published


def _write_explanation(path: Path, pattern: Pattern) -> None:
    header = [*(d.name for d in pattern.table.dims), "reason", "low", "high"]
    rows: list[list[object]] = []
    for labels, hidden, primary in zip(
        pattern.table.labels(), pattern.hidden.ravel(), pattern.primary.ravel(), strict=True
    ):
        if hidden:
            bounds = pattern.report.bounds[labels]
            high = "" if bounds.high is None else bounds.high
            rows.append([*labels, "primary" if primary else "secondary", bounds.low, high])
    write_csv(path, header, rows)


# --- coarser tables and heat map, beside a table that was suppressed


def proposals_for(
    outcome: SuppressOutcome,
    cells: Path,
    dims: Sequence[str],
    count: str,
    persons: str | None,
    hierarchy: Mapping[str, Path],
    *,
    threshold: int,
    zeros: Zeros,
) -> tuple[Coarser, ...]:
    """Return coarser tables where most of what was made is hidden, else none.

    Raises:
        CodedError: the files can't be used any more.
    """
    if outcome.primary + outcome.secondary <= MOSTLY_HIDDEN * outcome.nonzero:
        return ()
    parents = {name: read_hierarchy(path, name) for name, path in hierarchy.items()}
    rows = read_cells(cells, dims, count, persons)
    table = table_from_rows(dims, rows, parents, with_persons=persons is not None)
    return coarser_tables(table, SuppressionPolicy(threshold=threshold, zeros=zeros))


def write_heat_map(
    published: Path,
    explanation: Path,
    dims: Sequence[str],
    count: str,
    out: Path,
    *,
    threshold: int,
) -> None:
    """Write the page of a table that ``suppress`` made, for the owner alone (0600).

    Raises:
        TableUnreadableError: the files are not those that ``suppress`` writes.
        TableUnwritableError: the page can't be written.
    """
    why = _reasons(explanation, dims)
    cells: dict[Labels, MapCell] = {}
    for row in read_published(published, dims, count, None).rows:
        if row.count is not None:
            cells[row.labels] = MapCell("published" if row.count else "zero", row.count)
        else:
            cells[row.labels] = why.get(row.labels, MapCell("hidden"))
    hidden = [cell.state for cell in cells.values() if cell.state not in {"published", "zero"}]
    facts = {
        "Cells": f"{len(cells):,}",
        "Published": f"{len(cells) - len(hidden):,}",
        "Hidden as small": f"{hidden.count('primary'):,}",
        "Hidden to protect them": f"{hidden.count('secondary'):,}",
        "Threshold": f"{threshold} persons",
    }
    page = heat_map_page(dims, cells, title=published.name, facts=facts, exact=True)
    try:
        out.touch(mode=0o600)
        out.chmod(0o600)
        out.write_text(page, "utf-8")
    except OSError:
        raise TableUnwritableError from None


def _reasons(path: Path, dims: Sequence[str]) -> dict[Labels, MapCell]:
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            return {
                tuple(row[d] for d in dims): MapCell(
                    "primary" if row["reason"] == "primary" else "secondary",
                    low=int(row["low"]),
                    high=int(row["high"]) if row["high"] else None,
                )
                for row in csv.DictReader(handle)
            }
    except (OSError, ValueError, KeyError):
        raise TableUnreadableError(table="explanation") from None


# --- percentages and rates


def percentages(
    dims: Sequence[str], counts: Mapping[Labels, int | None], of: str
) -> dict[Labels, float | None]:
    """Return each cell's per cent of the TOTAL over one dimension; None where either is hidden.

    Args:
        dims: the dimensions, in the order of the labels.
        counts: published counts by labels; None where hidden.
        of: the dimension.
    """
    axis = list(dims).index(of)

    def share(labels: Labels, count: int | None) -> float | None:
        whole = counts.get((*labels[:axis], TOTAL, *labels[axis + 1 :]))
        return round(100 * count / whole, 1) if count is not None and whole else None

    return {labels: share(labels, count) for labels, count in counts.items()}


def share_of_total(
    dims: Sequence[str], counts: Mapping[Labels, int | None], stays: str = "year"
) -> dict[Labels, float | None]:
    """Return each cell's per cent of the TOTAL over everything else of its year; None where hidden."""

    def share(labels: Labels, count: int | None) -> float | None:
        top = tuple(v if dim == stays else TOTAL for dim, v in zip(dims, labels, strict=True))
        whole = counts.get(top)
        return round(100 * count / whole, 1) if count is not None and whole else None

    return {labels: share(labels, count) for labels, count in counts.items()}


def rates_per(
    dims: Sequence[str],
    counts: Mapping[Labels, int | None],
    population: Mapping[Labels, int],
    named: Sequence[str],
    per: int,
) -> dict[Labels, float | None]:
    """Return each cell's rate by the population of its levels; None where hidden or without one."""
    axes = [list(dims).index(name) for name in named]

    def rate(labels: Labels, count: int | None) -> float | None:
        people = population.get(tuple(labels[axis] for axis in axes))
        return round(per * count / people, 1) if count is not None and people else None

    return {labels: rate(labels, count) for labels, count in counts.items()}


def derive_file(
    table: Path,
    *,
    dims: Sequence[str],
    count: str,
    percent_of: str | None,
    population: Path | None,
    per: int,
    out: Path,
) -> dict[str, object]:
    """Write a published table with ``percent`` and ``rate`` beside its counts; return how many.

    Args:
        table: as ``suppress`` writes it, ``status`` included: a table of true counts is refused.
        dims: its dimensions.
        count: its column of counts.
        percent_of: dimension whose TOTAL is 100 per cent.
        population: CSV of some of the dimensions and ``population``.
        per: inhabitants of a rate.
        out: where it goes.

    Raises:
        TableUnreadableError: the table says not which cells are published.
        BadRequestError: a dimension that the table does not have.
        CodedError: the files can't be used.
    """
    check_columns(dims, count, None)
    header = columns_of(table, "published")
    if STATUS not in header:
        raise TableUnreadableError(table="published", missing_columns=1)
    if percent_of is not None and percent_of not in dims:
        raise BadRequestError(parameter="percent-of")
    counts = {row.labels: row.count for row in read_published(table, dims, count, None).rows}
    derived: dict[str, dict[Labels, float | None]] = {}
    if percent_of is not None:
        derived[f"percent_of_{percent_of}"] = percentages(dims, counts, percent_of)
    if population is not None:
        named = [name for name in columns_of(population, "population") if name != "population"]
        if not named or not set(named) <= set(dims):
            raise BadRequestError(parameter="population")
        people = {r.labels: r.count for r in read_cells(population, named, "population", None)}
        derived[f"rate_per_{per}"] = rates_per(dims, counts, people, named, per)
    lines = [
        [
            *labels,
            "" if value is None else value,
            PUBLISHED if value is not None else SUPPRESSED,
            *("" if (made := one[labels]) is None else made for one in derived.values()),
        ]
        for labels, value in counts.items()
    ]
    write_csv(out, [*dims, count, STATUS, *derived], lines)
    out.chmod(stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP | stat.S_IROTH)  # it may be published
    filled = {name: sum(v is not None for v in one.values()) for name, one in derived.items()}
    return {"cells": len(counts), **filled}
