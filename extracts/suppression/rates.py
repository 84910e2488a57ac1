"""Percentages and rates beside published counts, as ``rates`` offers them; what is hidden stays empty."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from extracts.suppression import errors, model, table_files
from extracts.suppression.heat_map import Labels
from systems.outputs import check_outputs, written_together

Derived = dict[Labels, float | None]


def percentages(dims: Sequence[str], counts: Mapping[Labels, int | None], of: str) -> Derived:
    """Return each cell's per cent of the TOTAL over one dimension; None where either is hidden."""
    return _per_cent(dims, counts, lambda dim: dim == of)


def share_of_total(
    dims: Sequence[str], counts: Mapping[Labels, int | None], stays: str = "year"
) -> Derived:
    """Return each cell's per cent of the TOTAL over everything else of its year; None where hidden."""
    return _per_cent(dims, counts, lambda dim: dim != stays)


def _per_cent(
    dims: Sequence[str], counts: Mapping[Labels, int | None], over: Callable[[str], bool]
) -> Derived:
    found: Derived = {}
    for labels, count in counts.items():
        whole = counts.get(
            tuple(model.TOTAL if over(dim) else v for dim, v in zip(dims, labels, strict=True))
        )
        found[labels] = round(100 * count / whole, 1) if count is not None and whole else None
    return found


def rates_per(
    dims: Sequence[str],
    counts: Mapping[Labels, int | None],
    population: Mapping[Labels, int],
    named: Sequence[str],
    per: int,
) -> Derived:
    """Return each cell's rate by the population of its levels; None where hidden or without one."""
    axes = [list(dims).index(name) for name in named]
    found: Derived = {}
    for labels, count in counts.items():
        people = population.get(tuple(labels[axis] for axis in axes))
        found[labels] = round(per * count / people, 1) if count is not None and people else None
    return found


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
        MarginMismatchError: a count is more than the TOTAL that it is a part of.
        PopulationImpossibleError: nobody lives there, or fewer than are counted.
        OutputTaken: ``out`` is a file that is read.
        CodedError: the files can't be used; nothing is written then.
    """
    read = [("the table", table), *([("--population", population)] if population else [])]
    check_outputs([("--out", out)], read, errors.TableUnwritableError)
    table_files.check_columns(dims, count, None)
    header = table_files.columns_of(table, "published")
    if table_files.STATUS not in header:
        raise errors.TableUnreadableError(table="published", missing_columns=1)
    if percent_of is not None and percent_of not in dims:
        raise errors.BadRequestError(parameter="percent-of")
    counts = {
        row.labels: row.count for row in table_files.read_published(table, dims, count, None).rows
    }
    derived: dict[str, Derived] = {}
    if percent_of is not None:
        shares = derived[f"percent_of_{percent_of}"] = percentages(dims, counts, percent_of)
        if wrong := [n for n, share in enumerate(shares.values(), 1) if (share or 0) > 100]:
            raise errors.MarginMismatchError(
                table="published", column=count, rows=wrong, count=len(wrong)
            )
    if population is not None:
        named = [
            name
            for name in table_files.columns_of(population, "population")
            if name != "population"
        ]
        if not named or not set(named) <= set(dims):
            raise errors.BadRequestError(parameter="population")
        people = _population(population, named, dims, counts)
        derived[f"rate_per_{per}"] = rates_per(dims, counts, people, named, per)
    lines = [
        [
            *labels,
            table_files.text_of(value),
            table_files.SUPPRESSED if value is None else table_files.PUBLISHED,
            *(table_files.text_of(one[labels]) for one in derived.values()),
        ]
        for labels, value in counts.items()
    ]
    with written_together([out], errors.TableUnwritableError) as (part,):
        table_files.write_csv(part, [*dims, count, table_files.STATUS, *derived], lines)
        part.chmod(table_files.READABLE)
    filled = {name: sum(v is not None for v in one.values()) for name, one in derived.items()}
    return {"cells": len(counts), **filled}


def _population(
    path: Path, named: Sequence[str], dims: Sequence[str], counts: Mapping[Labels, int | None]
) -> dict[Labels, int]:
    """Inhabitants by level: each level once, above nought, and no fewer than any count or part of them.

    Raises:
        DuplicateCellError: two rows for the same levels.
        PopulationImpossibleError: with the rows.
    """
    rows = table_files.read_cells(path, named, "population", None, role="population")
    table_files.refuse_duplicates(rows, named, "population")
    axes = [list(dims).index(name) for name in named]
    most: dict[Labels, int] = {}
    for labels, count in counts.items():
        at = tuple(labels[axis] for axis in axes)
        most[at] = max(most.get(at, 1), count or 1)
    wrong = [r.number for r in rows if r.count < most.get(r.labels, 1)]
    for whole in (r for r in rows if model.TOTAL in r.labels):
        pairs = ((r.count, zip(whole.labels, r.labels, strict=True)) for r in rows)
        if any(n > whole.count and all(a in (b, model.TOTAL) for a, b in z) for n, z in pairs):
            wrong.append(whole.number)
    if wrong:
        raise errors.PopulationImpossibleError(
            table="population", column="population", rows=wrong, count=len(wrong)
        )
    return {row.labels: row.count for row in rows}
