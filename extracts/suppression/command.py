"""``suppress`` and ``audit`` on files, as the command line offers them."""

import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from extracts.suppression.audit import AuditReport, audit_table
from extracts.suppression.errors import BadRequestError
from extracts.suppression.files import (
    PUBLISHED,
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
from extracts.suppression.model import CellTable, PublishedTable, SuppressionPolicy, Zeros
from extracts.suppression.solver import Pattern, Progress, suppress


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
    shown = PublishedTable(shown.dims, shown.rows, parents, has_persons=shown.has_persons)
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
    return [
        PublishedTable(
            t.dims,
            t.rows,
            {d: parents[d] for d in t.dims if d in parents},
            has_persons=t.has_persons,
        )
        for t in tables
    ]


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
