"""Make rare histories less rare: by emptied cells, by persons left out, by coarser columns.

Local suppression works on persons with the whole history of their orders, the measure of the risk report: in the
result every person shares all quasi-identifiers of all rows with at least ``k`` persons, or is not
in it. A class of persons gives way as a whole, so that a class that is large enough never shrinks. A proposal is made and measured like the release itself: with the coarser
columns that the system's file describes, with local suppression, or with both. It releases nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pyarrow as pa

from extracts.deidentified.revealing import (
    LEFT_OUT,
    Codes,
    Concept,
    Flags,
    Levels,
    reveal,
)
from extracts.deidentified.risk import Measure, RiskLimit, RiskReport
from extracts.errors import ExtractFailed
from extracts.identified import Extract
from extracts.rows import Plan, emptied, plan_for
from extracts.rows import compute as pc
from systems.database import guarded
from systems.description import System


@dataclass(frozen=True)
class Suppressed:
    """Rows after local suppression.

    Attributes:
        table: the rows that stay, in their order, with companions of the columns of which cells were emptied.
        cells: column → cells that lost a value, in the rows that stay. Of those that were emptied some had none: how
            many is for the Department alone.
        persons_left_out: persons who stay rare with everything emptied: fewer than ``k`` of each
            number of orders. Common rows give nothing up for them.
        rows_left_out: their rows.
    """

    table: pa.Table = field(repr=False)
    cells: dict[str, int]
    persons_left_out: int
    rows_left_out: int

    def as_json(self) -> dict[str, object]:
        """Plain numbers, for the report."""
        return {
            "cells": dict(self.cells),
            "persons_left_out": self.persons_left_out,
            "rows_left_out": self.rows_left_out,
        }


def suppress_locally(
    table: pa.Table,
    quasi_identifiers: Sequence[str],
    gives_way: Sequence[str],
    k: int,
    *,
    together: Mapping[str, tuple[str, ...]] | None = None,
    weights: Mapping[str, float] | None = None,
    chains: Sequence[Sequence[str]] = (),
    measure: Measure = "history",
    groups: Sequence[str] = (),
    determined: Sequence[str] = (),
) -> Suppressed:
    """Empty cells, the fewest that it finds, so that ``k`` persons share each whole history.

    Args:
        table: rows with ``person_ref``.
        quasi_identifiers: columns that an attacker may know.
        gives_way: all of them, the least useful first: decides between equals.
        k: persons.
        together: column → columns that would tell its value: where it is emptied in a row, so are they.
        weights: column → how much it is worth to have it, and with it its coarser versions; 1 where
            nothing is said. What weighs more than 1 is revealed before anything that weighs less.
        chains: versions of one thing, the coarsest first; a column that is in none is its own.
        measure: what must be alike: ``history`` (all rows of a person) or ``row``.
        groups: columns that tell a person's group (sex, race): not made coarser where many agree.
        determined: columns that others tell: where they are hidden those are lost, too, so that they come first.

    Raises:
        ExtractFailed: a quasi-identifier can't give way, or is in two chains.
    """
    concepts = _concepts(quasi_identifiers, gives_way, chains)
    with guarded(ExtractFailed, step="local suppression"):
        found = [_concept(table, one, dict(weights or {}), groups, determined) for one in concepts]
        persons = _ranks(table["person_ref"])
        levels = reveal(found, persons, k, by_row=measure == "row")
    return _emptied(table, concepts, levels, persons, dict(together or {}))


def _concepts(
    quasi: Sequence[str], gives_way: Sequence[str], chains: Sequence[Sequence[str]]
) -> list[tuple[str, ...]]:
    """The chains of the quasi-identifiers, the most useful first."""
    listed = [tuple(name for name in chain if name in quasi) for chain in chains]
    chained = [name for chain in listed for name in chain]
    if set(gives_way) != set(quasi) or len(chained) != len(set(chained)):
        raise ExtractFailed(step="local suppression", columns=len(gives_way))
    listed += [(name,) for name in quasi if name not in chained]
    useful = {name: place for place, name in enumerate(gives_way)}
    return sorted((c for c in listed if c), key=lambda c: -max(useful[name] for name in c))


def _concept(
    table: pa.Table,
    chain: Sequence[str],
    weights: dict[str, float],
    groups: Sequence[str],
    determined: Sequence[str],
) -> Concept:
    """Codes of each version; equal codes of a finer one have equal codes of the coarser ones."""
    codes: list[Codes] = []
    for name in chain:
        one = _ranks(table[name]).astype(np.int64)
        if codes and len(one):
            one += codes[-1] * (one.max() + 1)
        codes.append(np.unique(one, return_inverse=True)[1].astype(np.int32))
    worth = [weights.get(name, 1.0) for name in chain]
    group, fixed = (
        max((at for at, name in enumerate(chain, 1) if name in names), default=0)
        for names in (groups, determined)
    )
    weighed = tuple(max(worth[at:]) for at in range(len(worth)))
    return Concept(tuple(codes), weighed, group, fixed)


def _ranks(column: pa.ChunkedArray) -> Codes:
    """Place of each value among the sorted ones; a missing value comes last."""
    packed = pc.dictionary_encode(column.combine_chunks(), null_encoding="encode")
    order = pc.array_sort_indices(packed.dictionary).to_numpy()
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return place[packed.indices.to_numpy()]


def _emptied(
    table: pa.Table,
    concepts: Sequence[Sequence[str]],
    levels: Levels,
    persons: Codes,
    together: dict[str, tuple[str, ...]],
) -> Suppressed:
    hidden = {
        name: levels[:, at] <= version
        for at, chain in enumerate(concepts)
        for version, name in enumerate(chain)
    }
    for chain in concepts:  # what a coarser version shows of a finer one is not kept from it
        for coarser, finer in pairwise(chain):
            absent = ~_filled(table[coarser])
            if not (absent & _filled(table[finer])).any():
                hidden[finer] &= hidden[coarser] | ~absent
    for name, others in together.items():
        for other in others:
            hidden[other] = hidden.get(other, np.zeros_like(hidden[name])) | hidden[name]
    stays = (levels != LEFT_OUT).all(axis=1)
    filled = {name: _filled(table[name]) & where & stays for name, where in hidden.items()}
    cells = {name: int(lost.sum()) for name, lost in filled.items() if lost.any()}
    left_out = len({*persons} - {*persons[stays]})
    table = table.filter(pa.array(stays))
    for name, where in hidden.items():
        table = emptied(table, name, where[stays])
    return Suppressed(table, cells, left_out, int(len(stays) - stays.sum()))


def _filled(column: pa.ChunkedArray) -> Flags:
    return pc.is_valid(column).to_numpy()


# --- coarser rows that a project's limit would allow, each with what it would leave

LEVELS = ("dates", "all")  # what ``--coarser`` takes besides names of columns
Make = Callable[[tuple[str, ...]], Extract]
Treat = Callable[
    [pa.Table, Plan, RiskLimit, bool, Mapping[str, float] | None], tuple[Suppressed, RiskReport]
]
_MORE = 3.0  # weight of a proposal that asks for a column first
_LOST = 1 / 3  # share of its values that a column lost whom such a proposal is made for


@dataclass(frozen=True)
class RowProposal:
    """One way to make the rows coarser.

    Attributes:
        level: the value of ``--coarser`` of ``run``: nothing, ``dates`` or ``all``.
        coarser: the columns that it makes coarser.
        local: whether rare histories lose cells.
        passes: whether the limit is kept.
        risk: the risk that is left.
        persons: persons who stay; ``of_persons`` without local suppression.
        rows: rows that stay.
        values_kept: share of the quasi-identifiers' values that stay, 0 to 1.
        keep: column that is kept before others, none where all weigh what the approval says.
        kept: share of its values that stay: what it is worth, beside what ``values_kept`` says it costs.
    """

    level: str
    coarser: tuple[str, ...]
    local: bool
    passes: bool
    risk: RiskReport
    persons: int
    of_persons: int
    rows: int
    values_kept: float
    keep: str = ""
    kept: float = 0.0

    @property
    def options(self) -> str:
        """The options of ``run`` that carry it out."""
        parts = [f"--coarser {self.level}"] if self.level else []
        parts += ["--suppress-locally"] * self.local
        return " ".join([*parts, f"--keep {self.keep}={_MORE:g}"] if self.keep else parts)

    def as_json(self) -> dict[str, object]:
        """Flat, for a table: what to say to ``run`` and what it would leave."""
        row: dict[str, object] = {
            "options": self.options,
            "k": self.risk.history.smallest,
            "share below": round(self.risk.share_below, 4),
            "persons": self.persons,
            "persons left out": self.of_persons - self.persons,
            "rows": self.rows,
            "values kept": round(self.values_kept, 3),
        }
        return row | ({f"{self.keep} kept": round(self.kept, 3)} if self.keep else {})


def propose(
    system: System,
    make: Make,
    columns: Sequence[str],
    limit: RiskLimit,
    tried_as: Treat,
    weights: Mapping[str, float] | None = None,
) -> tuple[RowProposal, ...]:
    """Return what was tried, what passes first, then what keeps most values.

    ``make`` makes the extract with the columns that it is given; ``tried_as`` suppresses (or not) and measures
    it as the release itself would be. Beside local suppression as asked stands what it would leave if the most
    useful column that loses more than a third came first.

    Raises:
        CodedError: see ``deidentified.build_deidentified`` and ``defence.treat``.
    """
    known = system.rows("deidentified").coarser
    tried: set[tuple[str, ...]] = set()
    found: list[RowProposal] = []
    for level in ("", *LEVELS):
        coarser = tuple(n for n in level_columns(system, level) if n in columns)
        wanted = replaced(columns, coarser, known)
        if wanted not in tried:
            tried.add(wanted)
            made = make(wanted)
            plan = plan_for(system, "deidentified", wanted)
            for local in (False, True) if coarser else (True,):
                done = tried_as(made.table, plan, limit, local, weights)
                one = _measured(done, made, limit, local=local)
                found.append(replace(one, level=level, coarser=coarser))
                if local and not level and (name := _dearest(made.table, done[0], plan)):
                    more = {**(weights or {}), name: _MORE}
                    done = tried_as(made.table, plan, limit, local, more)
                    one = _measured(done, made, limit, local=local)
                    found.append(replace(one, keep=name, kept=_share(made.table, done[0], name)))
    return tuple(sorted(found, key=lambda p: (not p.passes, -p.rows * p.values_kept, p.options)))


def replaced(
    columns: Sequence[str], coarser: Sequence[str], known: dict[str, str]
) -> tuple[str, ...]:
    """Columns with some of them replaced by their coarser versions, each once."""
    return tuple(dict.fromkeys(known[n] if n in coarser else n for n in columns))


def level_columns(system: System, level: str) -> tuple[str, ...]:
    """The columns with a coarser version that a level stands for: all, the dates, or none."""
    release = system.rows("deidentified")
    if level == "dates":
        return tuple(n for n in release.coarser if release.column(n).type in {"date", "month"})
    return tuple(release.coarser) if level == "all" else ()


def _share(before: pa.Table, done: Suppressed, name: str) -> float:
    """Share of a column's values that stay."""
    had = before.num_rows - before[name].null_count
    return (done.table.num_rows - done.table[name].null_count) / had if had else 1.0


def _dearest(before: pa.Table, done: Suppressed, plan: Plan) -> str:
    """The most useful column that loses more than a third of its values; none where all keep more."""
    lost = (n for n in reversed(plan.gives_way) if _share(before, done, n) < 1 - _LOST)
    return next(lost, "")


def _measured(
    tried: tuple[Suppressed, RiskReport], made: Extract, limit: RiskLimit, *, local: bool
) -> RowProposal:
    done, report = tried
    quasi, rows = report.quasi_identifiers, done.table.num_rows
    values = made.table.num_rows * len(quasi)
    kept = rows * len(quasi) - sum(done.cells.get(name, 0) for name in quasi)
    share = kept / values if values else 1.0
    persons, passes = made.persons - done.persons_left_out, not limit.exceeded(report)
    return RowProposal("", (), local, passes, report, persons, made.persons, rows, share)
