"""The second net: values that look like an identifier although their column should have none.

The first net is the plan, which only lets classified columns through. This one looks at what is in
them (a licence number typed into a code field), and names columns and counts, never a value.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from extracts.errors import ExtractFailed, PersonalContent
from systems.database import connect, guarded, quoted

if TYPE_CHECKING:
    import duckdb

# RE2 patterns. Shapes from the domain's identifier list; a word boundary on both sides keeps long
# research ids (which are one word) out.
PATTERNS = {
    "ssn": r"\b\d{3}[- ]\d{2}[- ]\d{4}\b|\b\d{9}\b",
    "driver_license": r"(?i)\b[A-Z]\d{7}\b",
    "cii": r"(?i)\bA\d{8}\b",
    "file_control_number": r"\b\d{13}\b",
    "telephone": r"(?:\+?1[ .-]?)?\(?\b\d{3}\)?[ .-]\d{3}[ .-]\d{4}\b|\b\d{10}\b",
    "email": r"(?i)[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}",
    "full_date": r"\b(?:19|20)\d{2}-\d{2}-\d{2}\b|\b\d{1,2}/\d{1,2}/(?:\d{2}|\d{4})\b",
    "free_text": r"(?s)^.{81,}$|\S+\s+\S+\s+\S+\s+\S+\s+\S+\s+\S+",
}


@dataclass(frozen=True)
class ScanReport:
    """What the scan found.

    Attributes:
        found: (column, kind of pattern, values) with at least one value.
        columns: number of columns looked at: texts, and whole numbers as they are written.
        rows: rows looked at.
    """

    found: tuple[tuple[str, str, int], ...]
    columns: int
    rows: int

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.found


Hits = dict[tuple[str, str], int]
"""How many values of a column look like a kind of identifier."""


class ContentScan:
    """Counts values that look like an identifier, by column of texts or whole numbers and pattern.

    Columns that the researcher supplied hold personal information on purpose; they and the ids that
    the researcher chose (``row_id``) are left alone.
    """

    def __init__(self) -> None:
        self._found: Hits = {}
        self._columns: frozenset[str] = frozenset()
        self._rows = 0

    def add(self, table: pa.Table, hits: Hits | None = None) -> None:
        """Look at what is about to leave, or at a part of it; ``hits`` are those of one that was looked at.

        Raises:
            ExtractFailed: the database gave up.
        """
        for found, n in (content_hits(table) if hits is None else hits).items():
            self._found[found] = self._found.get(found, 0) + n
        self._columns |= frozenset(_looked_at(table.schema))
        self._rows += table.num_rows

    @property
    def report(self) -> ScanReport:
        """What was found so far."""
        found = tuple((name, kind, n) for (name, kind), n in self._found.items())
        return ScanReport(found, len(self._columns), self._rows)


def content_hits(table: pa.Table, threads: int | None = None) -> Hits:
    """What looks like an identifier in some rows.

    Raises:
        ExtractFailed: the database gave up.
    """
    with guarded(ExtractFailed, step="content scan"):
        con = connect(threads)
        con.register("scanned", table)
        found: Hits = {}
        names, some = _looked_at(table.schema), max(1, _AT_ONCE // max(1, table.num_rows))
        for at in range(0, len(names), some):
            found |= _hits(con, names[at : at + some])
        con.close()
    return found


def _looked_at(schema: pa.Schema) -> list[str]:
    return [field.name for field in schema if _is_looked_at(field)]


def _is_looked_at(field: pa.Field) -> bool:
    kinds = pa.types
    texts = kinds.is_string(field.type) or kinds.is_large_string(field.type)
    supplied = field.name.startswith("supplied_") or field.name == "row_id"
    return (texts or kinds.is_integer(field.type)) and not supplied


def check_content(report: ScanReport) -> None:
    """Refuse rows in which something looks like an identifier.

    Raises:
        PersonalContent: with columns and the number of values.
    """
    if not report.clean:
        columns = sorted({column for column, _, _ in report.found})
        raise PersonalContent(columns=columns, values=sum(count for _, _, count in report.found))


# Values whose distinct ones are in memory at once. A statement costs as much as looking at ten thousand
# values, so that columns of a few rows are looked at together.
_AT_ONCE = 1_000_000


def _hits(con: "duckdb.DuckDBPyConnection", names: list[str]) -> Hits:
    """Distinct values are few (codes), so each is looked at once and counted as often as it stands."""
    values = " UNION ALL ".join(
        f"SELECT {at} AS name, {quoted(name)}::VARCHAR AS v, count(*) AS n FROM scanned "
        f"WHERE {quoted(name)} IS NOT NULL GROUP BY 2"
        for at, name in enumerate(names)
    )
    sums = ", ".join(
        f"coalesce(sum(n) FILTER (regexp_matches(v, ${kind})), 0)" for kind in PATTERNS
    )
    counts = con.execute(
        f"SELECT name, {sums} FROM ({values}) GROUP BY name ORDER BY name", PATTERNS
    ).fetchall()
    return {
        (names[at], kind): int(n)
        for at, *found in counts
        for kind, n in zip(PATTERNS, found, strict=True)
        if n
    }
