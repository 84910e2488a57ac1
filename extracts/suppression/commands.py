"""``suppress`` and ``audit`` on files, as the command line offers them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from crypto.resting import read_shared_secret
from extracts.suppression import audit, errors, model, published, solver, table_files
from extracts.suppression.coarser import MOSTLY_HIDDEN, Coarser, coarser_table, coarser_tables
from extracts.suppression.codebook import Codebook
from extracts.suppression.heat_map import Labels, MapCell, heat_map_page
from extracts.suppression.labels import Listing
from extracts.suppression.settle import (
    codebook_with,
    listing_of,
    name_margins,
    name_public_margins,
    settle,
    with_hierarchies,
)
from systems.outputs import check_outputs, written_together


@dataclass(frozen=True)
class SuppressOutcome:
    """What ``suppress`` made.

    Attributes:
        pattern: what is hidden, with the audit of what was written.
        policy: the rule.
        written: the published table, one for each linked table, then the page.
    """

    pattern: solver.Pattern
    policy: model.SuppressionPolicy
    written: tuple[Path, ...]

    def numbers(self) -> dict[str, float]:
        """Rows of the table, margins included, and what became of them, by what each is called."""
        pattern = self.pattern
        price = {} if pattern.for_alone is None else {_PRICE: pattern.for_alone}
        bound = {"fewest possible (proven bound)": _whole(pattern.needed), "gap": self.gap or 0}
        if pattern.weight != sum(p.secondary.sum() for p in (pattern, *pattern.linked)):
            bound = {
                "what these weigh": _whole(pattern.weight),
                "least possible weight (proven bound)": _whole(pattern.needed),
                "gap": self.gap or 0,
            }
        return {
            "cells": pattern.table.size,
            "not zero": self._nonzero,
            "hidden as small": int(pattern.primary.sum()),
            "hidden to protect them": int(pattern.secondary.sum()),
            **price,
            **({} if self.gap is None else bound),
            "programmes solved": pattern.programmes + pattern.report.programmes,
            "cells that fall": len(pattern.report.falls),
        }

    @property
    def choice(self) -> str:
        """Whether somebody without a secret can rerun the choice of the pattern."""
        return "under a secret" if self.policy.secret else "can be rerun without a secret"

    @property
    def gap(self) -> float | None:
        """How many of the cells hidden to protect, by weight, could at most be shown; None: nothing is proven.

        Linked tables count together with the table, as the bound does.
        """
        weight, needed = self.pattern.weight, self.pattern.needed
        return _whole(weight - needed) if needed > 0 or weight == 0 else None

    def coarser(self) -> tuple[Coarser, ...]:
        """Coarser tables where most of what was made is hidden, else none."""
        if self.pattern.hidden.sum() <= MOSTLY_HIDDEN * self._nonzero:
            return ()
        return coarser_tables(self.pattern.table, self.policy)

    @property
    def _nonzero(self) -> int:
        return int((self.pattern.table.counts > 0).sum())


def suppress_file(
    cells: Path,
    *,
    dims: Sequence[str],
    count: str,
    persons: str | None = None,
    threshold: int = 10,
    zeros: published.Zeros = "published",
    singletons: bool = True,
    margin_weight: float = 0.0,
    clean_programmes: int | None = None,
    seconds: float | None = None,
    secret_file: Path | None = None,
    hierarchy: Mapping[str, Path] | None = None,
    linked: Sequence[Path] = (),
    earlier: Sequence[Path] = (),
    codebook: Path | None = None,
    totals: Mapping[str, frozenset[str]] | None = None,
    out: Path,
    explain: Path | None = None,
    heat_map: Path | None = None,
    must_publish: Path | None = None,
    may_hide: Path | None = None,
    design: str | None = None,
    progress: solver.Progress | None = None,
) -> SuppressOutcome:
    """Make a table publishable and write it.

    ``out`` gets the dimensions, the count (and persons), both empty where hidden, and ``status``.
    Each linked table, published with it, goes to ``<out>-linked-N.csv``. Nothing is written unless
    the audit held, and then all files or none.

    Args:
        cells: CSV or Parquet with true values.
        dims: its dimensions.
        count: its column of counts.
        persons: its column of distinct persons, if any; without it the counts are persons.
        threshold: persons under which a cell is small.
        zeros: whether zeros are published.
        singletons: whether small cells are kept from somebody who is alone in another cell, too.
        margin_weight: cells that hiding a margin costs beyond one; see ``SuppressionPolicy``.
        clean_programmes: linear programmes spent on fewer hidden cells; 0 for none, None for the usual.
        seconds: instead of a number of programmes, how long to look for fewer hidden cells: what is
            found then depends on the machine.
        secret_file: a secret (0600) under which one of many patterns is chosen; without one whoever knows
            the rule can rerun the choice.
        hierarchy: for a dimension, a CSV of child and parent.
        linked: further CSVs over the same population, with the same names of columns.
        earlier: tables that are public already (as ``out`` is written).
        codebook: what levels stand for, where tables spell or cut them differently.
        totals: for a dimension, levels that are its margin.
        out: where the table goes.
        explain: where the explanation for the Department goes (0600).
        heat_map: where a page of the same goes (0600).
        must_publish: a file of cells, by the dimensions, that must stay open.
        may_hide: a file of cells, by the dimensions, and ``weight``: what hiding each costs; 1 is usual.
        design: a coarser table, by the name that ``SuppressOutcome.coarser`` gives it, instead of this one.
        progress: called with stage, done, of.

    Raises:
        SharedSecretUnusable: the file of the secret is missing, open to others, or holds no 256 bits.
        OutputTaken: a file to write is one that is read, or another one to write.
        CodedError: see ``errors``; nothing is written then.
    """
    numbered = f"{out.stem}-linked-{{}}{out.suffix or '.csv'}"
    shown = [out, *(out.with_name(numbered.format(n)) for n in range(1, len(linked) + 1))]
    kept = {"--explain": explain, "--heat-map": heat_map}
    outputs = [("--out", path) for path in shown]
    outputs += [(option, path) for option, path in kept.items() if path is not None]
    check_outputs(
        outputs,
        [
            ("the cells", cells),
            *(("--hierarchy", path) for path in (hierarchy or {}).values()),
            *(("--linked", path) for path in linked),
            *(("--with", path) for path in earlier),
            *([("--secret-file", secret_file)] if secret_file else []),
            *(("--must-publish", path) for path in [must_publish] if path),
            *(("--may-hide", path) for path in [may_hide] if path),
            *([("--codebook", codebook)] if codebook else []),
        ],
        errors.TableUnwritableError,
    )
    table_files.check_columns(dims, count, persons)
    policy = model.SuppressionPolicy(
        threshold=threshold, zeros=zeros, singletons=singletons, margin_weight=margin_weight
    )
    if clean_programmes is not None:
        spent = max(clean_programmes, 0)
        policy = replace(policy, clean=spent > 0, clean_programmes=spent)
    elif seconds is not None:
        policy = replace(policy, seconds=seconds, clean_programmes=_UNLIMITED)
    if secret_file is not None:
        secret = read_shared_secret(secret_file).derive("suppression/choice")
        policy = replace(policy, secret=secret)
    book = codebook_with(codebook, totals)
    files = [
        ("cells", cells, list(dims)),
        *(("linked", p, _dims_of(p, count, persons)) for p in linked),
    ]
    raw = [
        (
            names,
            name_margins(table_files.read_cells(p, names, count, persons, role=role), names, book),
        )
        for role, p, names in files
    ]
    before = _earlier(earlier, count, persons, book)
    listings = [
        Listing(role, tuple(names), [(r.number, r.labels, r.count) for r in rows])
        for (role, _, _), (names, rows) in zip(files, raw, strict=True)
    ]
    listings += [listing_of("earlier", one) for one in before]
    parents, book = settle(listings, _hierarchies(hierarchy or {}, listings), book, own=len(raw))
    table, *others = (
        table_files.table_from_rows(names, rows, parents, with_persons=persons is not None)
        for names, rows in raw
    )
    before = with_hierarchies(before, parents)
    if design is not None:
        if others or before or must_publish or may_hide:
            raise errors.DesignUnknownError(parameter="design")
        table = coarser_table(table, design)
    exact = explain is not None or heat_map is not None
    pattern = solver.suppress(
        table,
        policy,
        before,
        linked=others,
        book=book,
        intervals=exact,
        wishes=_wishes(table, must_publish, may_hide),
        progress=progress,
    )
    with written_together([path for _, path in outputs], errors.TableUnwritableError) as parts:
        for path, part, one in zip(shown, parts, [pattern, *pattern.linked], strict=False):
            _write(part, one, count, persons, parquet=table_files.is_parquet(path))
        private = iter(parts[len(shown) :])
        if explain is not None:
            header = [*(d.name for d in table.dims), "reason", "low", "high"]
            rows = [
                [
                    *labels,
                    "primary" if small else "secondary",
                    bounds.low,
                    table_files.text_of(bounds.high),
                ]
                for labels, small, bounds in _hidden(pattern)
            ]
            table_files.write_csv(next(private), header, rows)
        if heat_map is not None:
            next(private).write_text(_map_page(pattern, policy, out.name), "utf-8")
    written = [path for option, path in outputs if option != "--explain"]
    return SuppressOutcome(pattern, policy, tuple(written))


def _whole(weight: float) -> float:
    """The same, without a point where it is whole."""
    return int(weight) if weight == int(weight) else round(weight, 3)


_PRICE = "of them for who is alone in a cell"
_UNLIMITED = 1_000_000_000  # programmes: more than anybody waits for


def _wishes(table: model.CellTable, must: Path | None, may: Path | None) -> solver.Wishes | None:
    """What files ask of the cells of a table; None without any.

    Raises:
        CellUnknownError: a row is no cell of the table.
        BadWeightError: a weight is no number from 0.001 to 1,000.
        CodedError: a file can't be used, or names a cell twice.
    """
    if must is None and may is None:
        return None
    dims = [d.name for d in table.dims]
    at = {labels: i for i, labels in enumerate(table.labels())}
    wishes = solver.Wishes(np.zeros(table.size, dtype=bool), np.ones(table.size), {})
    asked = table_files.read_asked(must, dims, "must-publish", at) if must else []
    weighed = table_files.read_asked(may, dims, "may-hide", at, "weight") if may else []
    wishes.stay_open[[cell for _, cell, _ in asked]] = True
    wishes.weights[[cell for _, cell, _ in weighed]] = [weight for *_, weight in weighed]
    return replace(wishes, rows={cell: row for row, cell, _ in asked})


def _map_page(pattern: solver.Pattern, policy: model.SuppressionPolicy, title: str) -> str:
    """The page of the table; it needs exact intervals."""
    why = {
        labels: MapCell("primary" if small else "secondary", low=bounds.low, high=bounds.high)
        for labels, small, bounds in _hidden(pattern)
    }
    cells = {
        row.labels: why[row.labels]
        if row.count is None
        else MapCell("published" if row.count else "zero", row.count)
        for row in pattern.published().rows
    }
    states = [cell.state for cell in why.values()]
    facts = {
        "Cells": f"{len(cells):,}",
        "Published": f"{len(cells) - len(why):,}",
        "Hidden as small": f"{states.count('primary'):,}",
        "Hidden to protect them": f"{states.count('secondary'):,}",
        "Threshold": f"{policy.threshold} persons",
    }
    dims = [d.name for d in pattern.table.dims]
    return heat_map_page(dims, cells, title=title, facts=facts, exact=True)


def audit_file(
    table: Path,
    *,
    dims: Sequence[str],
    count: str,
    persons: str | None = None,
    threshold: int = 10,
    zeros: published.Zeros = "published",
    hierarchy: Mapping[str, Path] | None = None,
    earlier: Sequence[Path] = (),
    codebook: Path | None = None,
    totals: Mapping[str, frozenset[str]] | None = None,
    alone: Path | None = None,
    progress: solver.Progress | None = None,
) -> audit.AuditReport:
    """Attack a published table; hidden cells are empty. The arguments are those of ``suppress_file``.

    ``alone`` are the true cells, as ``suppress_file`` got them: whoever is alone in some of them, and
    knows to be, attacks with these, too.

    Returns:
        Which cells fall and how; a caller that finds any exits 4.

    Raises:
        AuditInfeasibleError: no table fits what is published.
        AuditUnsolvedError: a bound could not be proven.
        CodedError: the files can't be used.
    """
    table_files.check_columns(dims, count, persons)
    model.SuppressionPolicy(threshold=threshold, zeros=zeros)  # refuses what is out of range
    book = codebook_with(codebook, totals)
    shown = name_public_margins(table_files.read_published(table, dims, count, persons), book)
    before = _earlier(earlier, count, persons, book)
    listings = [listing_of("published", shown), *(listing_of("earlier", one) for one in before)]
    parents, book = settle(listings, _hierarchies(hierarchy or {}, listings), book, own=1)
    first, *rest = with_hierarchies([shown, *before], parents)
    insiders = None
    if alone is not None:
        cells = name_margins(table_files.read_cells(alone, dims, count, persons), dims, book)
        true = table_files.table_from_rows(dims, cells, parents, with_persons=persons is not None)
        insiders = audit.Alone(solver.who_is_alone(true))
    return audit.audit_table(
        first,
        threshold=threshold,
        zeros=zeros,
        earlier=rest,
        book=book,
        alone=insiders,
        progress=progress,
    )


def _hierarchies(files: Mapping[str, Path], tables: Sequence[Listing]) -> dict[str, dict[str, str]]:
    if not set(files) <= {name for table in tables for name in table.dims}:
        raise errors.BadRequestError(parameter="hierarchy")
    return {name: table_files.read_hierarchy(path, name) for name, path in files.items()}


def _dims_of(path: Path, count: str, persons: str | None) -> list[str]:
    dims = [c for c in table_files.columns_of(path, "linked") if c not in (count, persons)]
    table_files.check_columns(dims, count, persons)
    return dims


def _earlier(
    paths: Sequence[Path], count: str, persons: str | None, book: Codebook
) -> list[published.PublishedTable]:
    tables = [table_files.read_published(p, None, count, persons, role="earlier") for p in paths]
    return [name_public_margins(t, book) for t in tables]


def _write(
    path: Path, pattern: solver.Pattern, count: str, persons: str | None, *, parquet: bool
) -> None:
    shown = pattern.published()
    header = [*shown.dims, count, *([persons] if persons else []), table_files.STATUS]
    rows = [
        [
            *row.labels,
            table_files.text_of(row.count),
            *([table_files.text_of(row.persons)] if persons else []),
            table_files.SUPPRESSED if row.count is None else table_files.PUBLISHED,
        ]
        for row in shown.rows
    ]
    if parquet:
        table_files.write_parquet(path, header, rows, 2 if persons else 1)
    else:
        table_files.write_csv(path, header, rows)
    path.chmod(table_files.READABLE)


def _hidden(pattern: solver.Pattern) -> Iterator[tuple[Labels, bool, audit.Bounds]]:
    """Labels of each hidden cell, whether it is small itself, and what an attacker is left with."""
    flags = zip(pattern.hidden.ravel(), pattern.primary.ravel(), strict=True)
    for labels, (hidden, small) in zip(pattern.table.labels(), flags, strict=True):
        if hidden:
            yield labels, bool(small), pattern.report.bounds[labels]
