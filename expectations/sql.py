"""Small pieces of SQL: quoting, and the patterns of values that must not stand in an output.

Names come from our own tables and TOML files and are quoted all the same; literals are code lists.
"""

import re
from collections.abc import Iterable

from systems.database import literal, quoted

# What identifiers look like (RE2). Deliberately wide: a false alarm stops a release and is looked
# at, a missed number leaves. Word boundaries keep our own long random ids out.
PATTERNS: dict[str, tuple[str, str]] = {
    "ssn": ("social security numbers", r"\b\d{3}-\d{2}-\d{4}\b|\b\d{3} \d{2} \d{4}\b|\b\d{9}\b"),
    "licence": ("driver's licence numbers", r"\b[A-Za-z]\d{7}\b"),
    "phone": (
        "telephone numbers",
        r"\(\d{3}\) ?\d{3}[-. ]\d{4}|\b\d{3}[-. ]\d{3}[-. ]\d{4}\b|\b1?\d{10}\b",
    ),
    "email": ("e-mail addresses", r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}"),
    "record_number": ("CII, FBI or file control numbers", r"\b[Aa]\d{8}\b|\b\d{13}\b"),
}


_SLICE = re.compile(r"<<slice ([^<>]+)>>")


def texts(values: Iterable[str]) -> str:
    """Return a bracketed list of text literals, in a fixed order, never empty."""
    listed = ", ".join(literal(v) for v in sorted(set(values)))
    return f"({listed or 'NULL'})"


def matches(expression: str, pattern: str) -> str:
    """Return a boolean: the text holds the pattern somewhere."""
    return f"regexp_matches(CAST({expression} AS VARCHAR), {literal(pattern)})"


def is_full(expression: str, pattern: str) -> str:
    """Return a boolean: the whole text is the pattern."""
    return f"regexp_full_match(CAST({expression} AS VARCHAR), {literal(pattern)})"


def duplicates(relation: str, keys: Iterable[str], where: str = "true") -> str:
    """Return a query for the number of rows too many under a key, to be counted by slices of it."""
    listed = [quoted(k) for k in keys]
    return (
        "SELECT coalesce(sum(n - 1), 0)::BIGINT FROM "
        f"(SELECT count(*) AS n FROM {quoted(relation)} WHERE {where} AND {by_slice(listed[0])} "
        f"GROUP BY {', '.join(listed)} HAVING count(*) > 1)"
    )


def by_slice(column: str) -> str:
    """Return the condition that :func:`sliced` turns into one slice after another."""
    return f"<<slice {column}>>"


def sliced(query: str, slices: int) -> list[str]:
    """Return the query once for each slice; one that names no slice comes back alone.

    Rows of one value are in one slice, missing values in the first. A slice holds about as many
    rows as another, so that the memory of a join or a grouping is divided by their number.
    """
    if slices == 1 or not _SLICE.search(query):
        return [_SLICE.sub("true", query)]
    return [
        _SLICE.sub(rf"coalesce(hash(\1) % {slices}, 0) = {number}", query)
        for number in range(slices)
    ]


def rows(relation: str, where: str = "true") -> str:
    """Return a query for the number of rows of a relation."""
    return f"SELECT count(*) FROM {quoted(relation)} WHERE {where}"
