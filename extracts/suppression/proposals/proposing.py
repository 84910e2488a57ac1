"""What ``suppress`` offers beside the table: coarser tables, and the Department's heat map."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from extracts.suppression.command import SuppressOutcome
from extracts.suppression.errors import TableUnreadableError, TableUnwritableError
from extracts.suppression.files import read_cells, read_hierarchy, read_published, table_from_rows
from extracts.suppression.model import SuppressionPolicy, Zeros
from extracts.suppression.proposals.coarser import MOSTLY, Coarser, coarser_tables
from extracts.suppression.reports import Labels, MapCell, heat_map_page


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
    if outcome.primary + outcome.secondary <= MOSTLY * outcome.nonzero:
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
