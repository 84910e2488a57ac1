"""Tables as their files have them, made to speak of the same levels: margins named, labels settled, atoms known."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from extracts.suppression import errors, model, published, table_files
from extracts.suppression.codebook import Codebook, read_codebook
from extracts.suppression.labels import Listing, check_labels, nested
from extracts.suppression.sums import check_sums


def codebook_with(path: Path | None, totals: Mapping[str, frozenset[str]] | None) -> Codebook:
    """The codebook of a file, with the levels that options call margins.

    Raises:
        BadCodebookError: the file can't be used.
    """
    book = read_codebook(path) if path else Codebook()
    names = {*book.totals, *(totals or {})}
    none: frozenset[str] = frozenset()
    every = {n: book.totals.get(n, none) | (totals or {}).get(n, none) for n in names}
    return replace(book, totals=every)


def _margin_or(label: str, name: str, book: Codebook) -> str:
    return model.TOTAL if label in book.totals.get(name, ()) else label


def name_margins(
    rows: Sequence[table_files.Row], dims: Sequence[str], book: Codebook
) -> list[table_files.Row]:
    """Rows in which every level that is the margin is called TOTAL."""
    if not book.totals:
        return list(rows)
    return [
        replace(
            r, labels=tuple(_margin_or(x, n, book) for x, n in zip(r.labels, dims, strict=True))
        )
        for r in rows
    ]


def name_public_margins(
    table: published.PublishedTable, book: Codebook
) -> published.PublishedTable:
    """The same for a table that is public.

    Raises:
        DuplicateCellError: it has the margin twice.
    """
    labels = [
        tuple(_margin_or(x, n, book) for x, n in zip(r.labels, table.dims, strict=True))
        for r in table.rows
    ]
    named = [replace(r, labels=x) for r, x in zip(table.rows, labels, strict=True)]
    if len(set(labels)) != len(labels):
        raise errors.DuplicateCellError(count=len(labels) - len(set(labels)))
    return replace(table, rows=tuple(named))


def listing_of(role: str, table: published.PublishedTable) -> Listing:
    """The rows of a public table, for what checks labels."""
    rows = [(number, r.labels, r.count) for number, r in enumerate(table.rows, start=1)]
    return Listing(role, table.dims, rows)


def settle(
    tables: Sequence[Listing], parents: dict[str, dict[str, str]], book: Codebook, *, own: int
) -> tuple[dict[str, dict[str, str]], Codebook]:
    """Hierarchies and codebook once every label is known to say what it says; ``own`` tables come first.

    Raises:
        BadLevelError: an empty level, or one like TOTAL.
        CodedError: see ``check_labels``, ``check_sums`` and ``nested``.
    """
    for table in tables:
        for number, labels, _ in table.rows:
            for name, label in zip(table.dims, labels, strict=True):
                model.check_level(label, name, number)
    check_labels(tables, parents, book)
    check_sums(tables, parents, book)
    levels: dict[str, set[str]] = {}
    for table in tables:
        for name, first in zip(table.dims, table.first, strict=True):
            levels.setdefault(name, set()).update(first)
    for table in tables[:own]:
        for name, first in zip(table.dims, table.first, strict=True):
            if (
                book.describes(name)
                and name not in parents
                and (up := nested(name, set(first), book))
            ):
                parents = parents | {name: up}
    return parents, book.with_groups(parents, levels)


def with_hierarchies(
    tables: Sequence[published.PublishedTable], parents: Mapping[str, Mapping[str, str]]
) -> list[published.PublishedTable]:
    """Public tables with the hierarchies of their dimensions."""
    return [replace(t, parents={d: parents[d] for d in t.dims if d in parents}) for t in tables]
