"""A register resolved again after a change: as a whole under what was learnt before, or only where it was touched.

Both give one index. Under a fixed model whether two entries are linked depends on these two alone, and persons are worked out
within what links hold together. So only entries are looked at that came, went or changed, those that they are or were
linked with, and everybody whom such links hold together with these; nobody else's links have changed.
"""

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from matching import arrays
from matching.arrow import Bools, Ints, Rows, array
from matching.blocking import Blocks
from matching.model import Frequencies
from matching.normalise import EncodingInput, Side
from matching.options import LinkOptions
from matching.persons.register import Entries, Pieces, Records, index_of, named_by
from matching.persons.remembered import Remembered
from matching.scoring import Scored, Scorer, ShardPlan


@dataclass(frozen=True)
class Resolved:
    """A register's persons.

    Attributes:
        index: of `resolve`.
        remembered: what a later load needs to be resolved alike; none of an empty register.
        looked_at: entries that were resolved, of those of the index.
    """

    index: pa.Table
    remembered: Remembered | None
    looked_at: int


@arrays.gc_paused()
def resolve_whole(
    records: Records,
    options: LinkOptions,
    remembered: Remembered | None = None,
    told: Callable[[float], None] | None = None,
    read: Callable[[EncodingInput], None] | None = None,
) -> Resolved:
    """Find out which entries of a register are one person; see `resolve`.

    Args:
        records: as for `resolve`.
        options: as for `resolve`.
        remembered: what an earlier resolution learnt, to decide by; learnt here where there is none.
        told: how much of the pairs has been looked at, from nought to one.
        read: shown the rows before any text is normalised.

    Raises:
        MissingIdColumn, MissingIds, BadTable: unusable table.
    """
    entries = Entries.read(records, options, remembered and remembered.read_as, read=read)
    many = len(entries.ids)

    def shards(plan: ShardPlan) -> Iterator[Scored]:
        for number in range(plan.shards):
            yield plan.work(number)
            arrays.give_back()
            if told is not None:
                told((number + 1) / plan.shards)

    if remembered is None:
        scorer = entries.scorer(options)
        index = entries.index(*entries.pieces().persons(scorer, scorer.run(shards), options))
        return Resolved(index, Remembered.of(scorer, many) if many else None, many)
    scorer = _known(entries, remembered, options)
    index = entries.index(*entries.pieces().persons(scorer, scorer.score(shards), options))
    return Resolved(index, remembered, many)


@arrays.gc_paused()
def resolve_changed(
    records: Records,
    gone: pa.Table,
    touched: Ints,
    index: pa.Table,
    options: LinkOptions,
    remembered: Remembered,
) -> Resolved:
    """The index that `resolve_whole` gives with ``remembered``, from the one of the register before.

    Args:
        records: the whole register as it is now, as for `resolve`.
        gone: in the same columns, the former rows of entries that changed or went.
        touched: ``record_id`` of all entries that came, changed or went.
        index: the former index, made with ``remembered``.
        options: as for `resolve`, and as they were.
        remembered: what was learnt.

    Raises:
        MissingIdColumn, MissingIds, BadTable: unusable table.
    """
    entries = Entries.read(records, options, remembered.read_as, gone)
    scorer = _known(entries, remembered, options)
    before = _Before.of(index)
    near = _near(entries, scorer, np.isin(entries.ids, touched))
    known, identity, lower = before.of_entries(entries.ids)
    was, _, left = before.of_entries(touched)  # whoever went leaves others behind
    hot = np.unique(np.concatenate([lower[near & known], left[was]]))
    near |= known & arrays.among(lower, hot)
    here = np.flatnonzero(near)
    identity[here], lower[here] = _again(entries, scorer, near, options)
    found = index_of(entries.ids, identity, lower).sort_by("record_id")
    return Resolved(found, remembered, len(here))


def _known(entries: Entries, remembered: Remembered, options: LinkOptions) -> Scorer:
    entries = replace(entries, encoded=remembered.encoded(entries.encoded))
    return entries.scorer(options, remembered.learnt(entries.encoded.records))


def _near(entries: Entries, scorer: Scorer, touched: Bools) -> Bools:
    """Entries that are touched, share a content that came or went, or are linked with one that does."""
    moved = np.zeros(len(entries.row_of), np.bool_)
    moved[entries.copies[touched[entries.node]]] = True
    moved[entries.gone] = True
    near = touched.copy()
    near[entries.node[moved[entries.copies]]] = True
    rows = np.flatnonzero(moved).astype(np.int32)
    first = entries.node[entries.row_of]
    for pair in _linked(scorer, rows) if len(rows) else ():
        for end in pair:
            near[first[end]] = True
    return near


def _linked(scorer: Scorer, rows: Rows) -> list[tuple[Rows, Rows]]:
    """Pairs of some rows with all others that may be one person, as they come up in the whole: the smaller row first."""
    mine = scorer.shard_plan().of(rows)
    side = scorer.encoded.records
    others = _over(scorer, side, side.take(rows), rows, same_table=False)
    plan = others.shard_plan()
    found = [(mine.a, mine.b)]
    for number in range(plan.shards):
        part = plan.work(number)
        ordered = part.a < rows[part.b]
        found.append((part.a[ordered], rows[part.b[ordered]]))
    return found


def _again(
    entries: Entries, scorer: Scorer, near: Bools, options: LinkOptions
) -> tuple[Ints, Ints]:
    """Names of the persons of some entries, which no link joins with others."""
    here = np.flatnonzero(near)
    local = np.full(len(near), -1)
    local[here] = np.arange(len(here))
    rows = np.flatnonzero(near[entries.node])
    contents, copies = np.unique(entries.copies[rows], return_inverse=True)
    group = None if entries.group is None else entries.group[here]
    entry = local[entries.node[entries.row_of[contents]]]
    pieces = Pieces(len(here), entry, copies, local[entries.node[rows]], group)
    side = scorer.encoded.records.take(contents)
    part = _over(scorer, side, side, contents, same_table=True)
    identity, lower = pieces.persons(part, part.score(), options)
    ids = entries.ids[here]
    return named_by(identity, ids), named_by(lower, ids)


def _over(
    scorer: Scorer, cohort: Side, records: Side, rows: Ints | Rows, *, same_table: bool
) -> Scorer:
    """The same weights for some rows of the records."""
    other = copy(scorer)
    other.encoded = replace(scorer.encoded, cohort=cohort, records=records)
    other.comparer = scorer.comparer.over(other.encoded)
    rules = scorer.blocks.rules
    other.blocks = Blocks(other.encoded, rules, same_table, scorer.options.threads)
    by_row = scorer.table.by_row
    other.table = Frequencies({name: values[rows] for name, values in by_row.items()})
    return other


@dataclass(frozen=True)
class _Before:
    """A former index, by entry."""

    ids: Ints
    identity: Ints
    lower: Ints

    @classmethod
    def of(cls, index: pa.Table) -> "_Before":
        ids, identity, lower = (
            array(index[n]).astype(np.int64) for n in ("record_id", "identity", "identity_lower")
        )
        order = np.argsort(ids, kind="stable")
        return cls(ids[order], identity[order], lower[order])

    def of_entries(self, ids: Ints) -> tuple[Bools, Ints, Ints]:
        """Which entries were there, and the names of their persons; nought of the others."""
        nothing = np.zeros(len(ids), np.int64)
        if not len(self.ids):
            return nothing > 0, nothing, nothing.copy()
        place = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        known = self.ids[place] == ids
        return (
            known,
            np.where(known, self.identity[place], 0),
            np.where(known, self.lower[place], 0),
        )
