"""Percentages and rates of a published table, derived from what it shows and nothing else.

A percentage of a hidden cell beside a visible total would give the cell away. Here the input is the table
as it was published: where a numerator or a denominator is hidden, what would be derived from it is
empty. Denominators of rates are populations from outside, never counts of the register.
"""

import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from extracts.suppression.errors import BadRequestError, TableUnreadableError
from extracts.suppression.files.files import (
    PUBLISHED,
    STATUS,
    SUPPRESSED,
    check_columns,
    columns_of,
    read_cells,
    read_published,
    write_csv,
)
from extracts.suppression.model import TOTAL

Labels = tuple[str, ...]


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
