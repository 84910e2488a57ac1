"""Candidate pairs: the rules' keys joined by hash, chunk by chunk, each pair once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.blocking_rules import Parts
from matching.joining import Index, Rows
from matching.normalise.encode import Encoded, Side
from matching.options import LinkOptions
from matching.planning import CHUNK, Planned, RuleCount, plan_rules
from matching.workers import each

Ints = npt.NDArray[np.int64]
Screen = Callable[[Rows, Rows], npt.NDArray[np.intp]]  # which pairs (by place) are worth keeping

_RULE, _RECORD = 6, 29  # bits in a packed pair: cohort row, record row, rule
_RULES_MASK, _RECORD_MASK = (1 << _RULE) - 1, (1 << _RECORD) - 1


@dataclass(frozen=True)
class Pairs:
    """Candidate pairs, each once, by cohort row and record row."""

    a: Rows
    b: Rows
    caught: Ints  # the rules that make the pair, as bits
    looked_at: int  # pairs made, repetitions and screened ones included

    def __len__(self) -> int:
        return len(self.a)


@dataclass
class Blocks:
    """The planned rules of a linkage; ``pairs`` joins them for some of the cohort's rows."""

    encoded: Encoded
    rules: list[Planned]
    same_table: bool
    threads: int | None

    @property
    def counts(self) -> list[RuleCount]:
        """What each rule did."""
        return [planned.count for planned in self.rules]

    def pairs(self, rows: Rows, screen: Screen | None = None, *, counted: bool = True) -> Pairs:
        """The candidates of some cohort rows.

        Args:
            rows: cohort rows.
            screen: says which pairs to keep; all where there is none.
            counted: whether the pairs count as work of the rules.
        """
        live = [(i, p) for i, p in enumerate(self.rules) if p.count.cut_values != -1]
        side = self.encoded.cohort.take(rows)

        def indexed(task: tuple[int, Planned]) -> Index:
            hashes, known = task[1].hashes(Parts(self.encoded, side), records=False)
            return Index.of(hashes, known, rows)

        indexes = list(each(indexed, live, self.threads))
        theirs = self.encoded.records
        starts = range(0, theirs.rows, CHUNK)

        def joined(begin: int) -> tuple[Ints, Ints]:
            return self._joined(begin, theirs, live, indexes, screen)

        parts = list(each(joined, starts, self.threads))
        made = np.zeros(len(live), np.int64)
        for _, of_chunk in parts:
            made += of_chunk
        if counted:
            for (_, planned), pairs in zip(live, made.tolist(), strict=True):
                planned.count.pairs += pairs
        packed = np.concatenate([p for p, _ in parts]) if parts else np.empty(0, np.int64)
        return _distinct(packed, int(made.sum()))

    def _joined(
        self,
        begin: int,
        side: Side,
        live: list[tuple[int, Planned]],
        indexes: list[Index],
        screen: Screen | None,
    ) -> tuple[Ints, Ints]:
        """Packed pairs of one chunk of records, and how many each rule made before screening."""
        cut = side.cut(begin, begin + CHUNK)
        rows = np.arange(begin, begin + cut.rows, dtype=np.int32)
        parts = Parts(self.encoded, cut)
        found: list[Ints] = []
        made = np.zeros(len(live), np.int64)
        for place, ((rule, planned), index) in enumerate(zip(live, indexes, strict=True)):
            for a, b in self._probed(planned, index, parts, rows):
                made[place] += len(a)
                if screen is not None:
                    keep = screen(a, b)
                    a, b = a[keep], b[keep]  # noqa: PLW2901 - what is left of the pairs
                packed = a.astype(np.int64) << (_RECORD + _RULE) | b.astype(np.int64) << _RULE
                found.append(packed | rule)
        return (np.concatenate(found) if found else np.empty(0, np.int64)), made

    def _probed(
        self, planned: Planned, index: Index, parts: Parts, rows: Rows
    ) -> Iterator[tuple[Rows, Rows]]:
        hashes, known = planned.hashes(parts, records=True)
        for a, b in index.probe(hashes, known, rows):
            if self.same_table:
                once = a < b
                yield a[once], b[once]
            else:
                yield a, b


def plan(encoded: Encoded, options: LinkOptions, *, same_table: bool = False) -> Blocks:
    """The rules with too frequent values split and, where that fails, given up."""
    # 536 million records and 268 million cohort rows fit into a packed pair
    assert encoded.records.rows < 1 << _RECORD
    assert encoded.cohort.rows < 1 << (63 - _RECORD - _RULE)
    return Blocks(encoded, plan_rules(encoded, options), same_table, options.threads)


def _distinct(packed: Ints, looked_at: int) -> Pairs:
    """Each pair once, with the rules that made it."""
    packed = np.sort(packed)
    pair = packed >> _RULE
    first = np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]]) if len(pair) else pair
    bits = np.left_shift(1, packed & _RULES_MASK)
    caught = np.bitwise_or.reduceat(bits, first) if len(pair) else bits
    pair = pair[first]
    return Pairs(
        (pair >> _RECORD).astype(np.int32),
        (pair & _RECORD_MASK).astype(np.int32),
        caught,
        looked_at,
    )
