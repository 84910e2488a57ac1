"""What late records did to years that were published before: in words, in JSON, as a file of changes."""

import csv
import io
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from pipelines.home import write_private

if TYPE_CHECKING:
    from extracts.aggregated import ClosedYear
    from pipelines.release.context import Context

CHANGES = "changes.csv"
BEHIND = "it was revised in a release of another project"
Closed = Mapping[int, "ClosedYear"]


def told(closed: Closed, behind: Collection[int] = ()) -> list[dict[str, object]]:
    """Each year with what happens to it, why, and how many published cells are others now.

    Args:
        closed: what becomes of each year.
        behind: of them, years that a project has in an older version than others have.
    """
    from extracts.aggregated import REASONS

    return [
        {
            "year": year,
            "what": "reissued" if year in behind else one.how,
            "why": BEHIND if year in behind else REASONS[one.reason],
            "reason": one.reason,
            "changed_cells": len(one.changes),
        }
        for year, one in sorted(closed.items())
    ]


def in_words(rows: list[dict[str, Any]]) -> dict[str, str]:
    """The same for a person: years that were revised, and those that stay though records came late."""
    found: dict[str, str] = {}
    for row in rows:
        if row["what"] == "revised":
            found[f"Year {row['year']}"] = f"revised in {row['changed_cells']:,} cells"
        elif row["what"] == "frozen":
            found[f"Year {row['year']}"] = f"as it was published: {row['why']}"
    return found


def changes(closed: Closed) -> list[dict[str, object]]:
    """The changed cells of revised years: labels, what was published, what would be."""
    return [
        {
            "cell": "/".join(change.labels),
            "count_before": change.counts[0],
            "count": change.counts[1],
            "persons_before": change.persons[0],
            "persons": change.persons[1],
        }
        for _, one in sorted(closed.items())
        if one.how == "revised"
        for change in one.changes
    ]


def keep_changes(context: "Context", closed: Closed) -> None:
    """Write the changes of revised years beside the reports (0600), for whoever approves them."""
    rows = changes(closed)
    if not rows:
        return
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    context.report_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(context.report_folder / CHANGES, out.getvalue())


def of_release(context: "Context") -> list[dict[str, Any]]:
    """What the extract recorded of years that were published before."""
    found: Any = context.facts("extract").get("closed_years") or []
    return list(found)
