"""Small pieces of SQL: quoting, and the patterns of values that must not stand in an output.

Names come from our own tables and TOML files and are quoted all the same; literals are code lists.
"""

from collections.abc import Iterable

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


def name(identifier: str) -> str:
    """Quote one identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """Quote one text literal."""
    return "'" + value.replace("'", "''") + "'"


def texts(values: Iterable[str]) -> str:
    """Return a bracketed list of text literals, in a fixed order, never empty."""
    listed = ", ".join(text(v) for v in sorted(set(values)))
    return f"({listed or 'NULL'})"


def matches(expression: str, pattern: str) -> str:
    """Return a boolean: the text holds the pattern somewhere."""
    return f"regexp_matches(CAST({expression} AS VARCHAR), {text(pattern)})"


def is_full(expression: str, pattern: str) -> str:
    """Return a boolean: the whole text is the pattern."""
    return f"regexp_full_match(CAST({expression} AS VARCHAR), {text(pattern)})"


def duplicates(relation: str, keys: Iterable[str]) -> str:
    """Return a query for the number of rows too many under a key."""
    listed = ", ".join(name(k) for k in keys)
    return (
        "SELECT coalesce(sum(n - 1), 0)::BIGINT FROM "
        f"(SELECT count(*) AS n FROM {name(relation)} GROUP BY {listed} HAVING count(*) > 1)"
    )


def rows(relation: str, where: str = "true") -> str:
    """Return a query for the number of rows of a relation."""
    return f"SELECT count(*) FROM {name(relation)} WHERE {where}"
