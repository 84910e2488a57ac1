"""Candidate pairs: the rules' keys joined by hash, chunk by chunk, each pair once."""

from collections.abc import Callable, Iterator, Sequence
from ctypes import Structure, byref, c_int64, c_void_p
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from matching import arrays, comparison, native, normalise
from matching.arrow import Bools, Hashes, Ints, Places, Rows
from matching.blocking.one_table import OneTable
from matching.blocking.pair_filter import PairFilter, Prefilter
from matching.blocking.planning import CHUNK, ChunkKeys, Planned, RuleCount, plan_rules
from matching.blocking.rules import Parts
from matching.options import LinkOptions

Choice = Callable[[Rows, Rows], Places]  # which pairs (by place) are worth keeping
_Made = TypeVar("_Made")

_RULE, _RECORD = 6, 29  # bits in a packed pair: cohort row, record row, rule
_AT_A_TIME = 1 << 15  # pairs prefiltered together: their columns stay in a core's cache
_WAITING = 4_000_000  # pairs of one chunk that may wait for the prefilter, whatever the rules make
_RULES_MASK, _RECORD_MASK = (1 << _RULE) - 1, (1 << _RECORD) - 1
_ROOM = 1 << 19  # pairs that a call may give back
_FEWEST = 8  # bits of a bucket's number
_FLAGS = 3  # bits more of a hash say whether a row has it: most records end there


class _Rule(Structure):
    _fields_ = [
        ("number", c_int64),
        ("bits", c_int64),
        *((name, c_void_p) for name in ("taken", "starts", "slots", "hashes", "known", "places")),
        ("size", c_int64),
    ]


@dataclass(frozen=True)
class _Lookup:
    """Rows by the bucket of their hash: ``joining.Index`` as the library reads it."""

    bits: int
    taken: npt.NDArray[np.uint8]  # a bit for each eighth of a bucket
    starts: Rows
    slots: Hashes

    @classmethod
    def of(cls, hashes: Hashes, known: Bools) -> "_Lookup":
        """Index the rows whose key is known; a row's number is its place."""
        count = int(np.count_nonzero(known))
        bits = max(_FEWEST, arrays.bits_for(count) - 2)
        taken = np.zeros(1 << (bits + _FLAGS - 3), np.uint8)
        starts = np.zeros((1 << bits) + 1, np.int32)
        slots = np.empty(count, np.uint64)
        native.compiled().by_bucket(hashes, known, len(hashes), bits, starts, taken, slots)
        return cls(bits, taken, starts, slots)


@dataclass(frozen=True)
class _IndexedRows:
    """The cohort's rows that are looked up: their numbers, what they hold, and by rule's number an index."""

    rows: Rows
    packed: comparison.Packed
    indexes: Sequence[tuple[int, _Lookup]]


@dataclass(frozen=True)
class _Chunk:
    """Records that look themselves up, from ``begin`` on: what they hold, and their key in each rule."""

    begin: int
    packed: comparison.Packed
    keys: Sequence[ChunkKeys]


def _library_joins(
    mine: _IndexedRows, chunk: _Chunk, prefilter: Prefilter | None, made: Ints, *, same_table: bool
) -> Iterator[tuple[Ints, Ints]]:
    """Pairs of a chunk, packed as here, and the rules that make each as bits.

    ``made`` counts the pairs that each rule makes. Each pair comes once, and not at all where the
    prefilter says that it can't matter. What is yielded is overwritten by the next.
    """
    pointer = native.Pointers()
    used = [k for k, (_, index) in enumerate(mine.indexes) if len(index.slots)]
    rules = (_Rule * len(used))()
    for place, k in enumerate(used):
        number, index = mine.indexes[k]
        hashes, known, places = chunk.keys[k]
        rules[place] = _Rule(
            number, index.bits, pointer(index.taken, np.uint8), pointer(index.starts, np.int32),
            pointer(index.slots, np.uint64), pointer(hashes, np.uint64), pointer(known, np.bool_),
            None if places is None else pointer(places, np.int32), len(hashes),
        )  # fmt: skip
    counts = np.zeros(1 << _RULE, np.int64)
    table = None if prefilter is None else byref(prefilter.table)
    room, at, size = 0, 0, len(chunk.packed)
    wanted, buffers = _ROOM, list[Ints]()
    while at < size:
        if room < wanted:
            room = wanted
            buffers = [np.empty(room, np.int64) for _ in range(4)]
        out = native.PairsOut(*map(native.address, buffers), room, 0, 0)
        at = native.compiled().joined(
            byref(rules), len(used), table, mine.packed, mine.rows, len(mine.rows), chunk.packed,
            chunk.begin, at, size, same_table, counts, byref(out),
        )  # fmt: skip
        wanted = max(wanted, out.need)
        yield buffers[0][: out.made], buffers[1][: out.made]
    made += counts[[number for number, _ in mine.indexes]]


def _in_order(found: Sequence[tuple[Ints, Ints]], rows: Rows) -> tuple[Rows, Rows, Ints]:
    """Pairs of ``rows`` (sorted) that come in their records' order, by row and record, with their rules."""
    least = int(rows[0]) if len(rows) else 0
    place = np.zeros(int(rows[-1]) - least + 2 if len(rows) else 1, np.int64)
    size = sum(len(pair) for pair, _ in found)
    for pair, _ in found:
        native.compiled().tallied(pair, len(pair), least, place)
    np.cumsum(place, out=place)
    a, b, rules = np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.int64)
    for pair, caught in found:
        native.compiled().by_row(pair, caught, len(pair), least, place, a, b, rules)
    return a, b, rules


@dataclass(frozen=True)
class Pairs:
    """Candidate pairs, each once, by cohort row and record row."""

    a: Rows
    b: Rows
    caught: Ints  # the rules that make the pair, as bits
    made: Ints  # pairs that each rule made, repetitions and filtered ones included

    def __len__(self) -> int:
        return len(self.a)


@dataclass
class Blocks:
    """The planned rules of a linkage; ``pairs`` joins them for some of the cohort's rows."""

    encoded: normalise.Encoded
    rules: list[Planned]
    same_table: bool
    threads: int | None

    @property
    def counts(self) -> list[RuleCount]:
        """What each rule did."""
        return [planned.count for planned in self.rules]

    def count(self, made: Ints) -> None:
        """Count pairs as the work of each rule."""
        for planned, pairs in zip(self.rules, made.tolist(), strict=True):
            planned.count.pairs += pairs

    def pairs(self, rows: Rows, choice: Choice | None = None) -> Pairs:
        """The candidates of some cohort rows.

        Args:
            rows: cohort rows, in their order.
            choice: says which pairs to keep; all where there is none.
        """
        places = [i for i, planned in enumerate(self.rules) if planned.count.cut_values != -1]
        live = [self.rules[i] for i in places]
        if self.joins_whole_tables and len(rows) == self.encoded.records.rows:
            return self._of_one_table(places, choice)
        begin, stop = (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 0)
        shard, cohort = 0 < stop - begin == len(rows), self.encoded.cohort
        side = cohort.cut(begin, stop) if shard else cohort.take(rows)

        def looked_up(index: Callable[[Hashes, Bools], _Made]) -> list[tuple[int, _Made]]:
            def of(planned: Planned) -> _Made:
                if shard:
                    return index(*planned.rows(self.encoded, begin, stop))
                return index(*planned.hashes(Parts(self.encoded, side), records=False))

            return list(zip(places, arrays.in_threads(of, live, self.threads), strict=True))

        always = sum(1 << i for i, planned in enumerate(self.rules) if planned.rule.always)
        # of one table a pair's second row comes after its first
        first = int(rows.min(initial=self.encoded.records.rows)) if self.same_table else 0
        starts = range(first // CHUNK * CHUNK, self.encoded.records.rows, CHUNK)
        if native.compiled() is None:
            joined = partial(self._joined, live, rows, looked_up(arrays.Index.of), choice, always)
        else:
            mine = _IndexedRows(rows, comparison.Columns(side).packed(), looked_up(_Lookup.of))
            joined = partial(self._fast, live, mine, choice, always)
        found = list(arrays.in_threads(joined, starts, self.threads))
        made = np.zeros(len(self.rules), np.int64)
        if not found:
            none = np.empty(0, np.int32)
            return Pairs(none, none, np.empty(0, np.int64), made)
        made[places] = np.sum(np.stack([f.made for f in found]), axis=0)
        if native.compiled() is not None:  # chunks, and pairs in each, come in their records' order
            return Pairs(*_in_order([(f.pair, f.caught) for f in found], rows), made)
        pair = np.concatenate([f.pair for f in found])
        order = np.argsort(pair)
        return Pairs(
            *_unpacked(pair[order]), np.concatenate([f.caught for f in found])[order], made
        )

    @property
    def joins_whole_tables(self) -> bool:
        """Whether all rows of a table are best looked at together: it is joined with itself rule by rule, by the library."""
        kept = any(planned.rule.always for planned in self.rules)  # with all rules that make them
        return self.same_table and not kept and native.compiled() is not None

    def _of_one_table(self, places: list[int], choice: Choice | None) -> Pairs:
        prefilter = choice.prefilter if isinstance(choice, PairFilter) else None
        packed = comparison.Columns(self.encoded.records).packed()
        table = OneTable(self.encoded, packed, prefilter, self.threads)
        made = np.zeros(len(self.rules), np.int64)
        pairs, rules = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for found in table.joined((place, self.rules[place]) for place in places):
            made[found.rule] += found.made
            keep = slice(None)
            if prefilter is None:
                keep = _chosen(found.pair, choice, np.zeros_like(found.pair))
            pairs.append(found.pair[keep])
            rules.append(found.caught[keep])
        pair, caught = _each_once(np.concatenate(pairs), np.concatenate(rules))
        return Pairs(*_unpacked(pair), caught, made)

    def _joined(
        self,
        live: list[Planned],
        rows: Rows,
        indexes: list[tuple[int, arrays.Index]],
        choice: Choice | None,
        always: int,
        begin: int,
    ) -> "_Found":
        """The pairs of one chunk of records: no other chunk can have them, so they are made distinct here."""
        found = _Found(np.empty(0, np.int64), np.empty(0, np.int64), np.zeros(len(live), np.int64))
        waiting, size = list[Ints](), 0
        for place, (planned, (rule, index)) in enumerate(zip(live, indexes, strict=True)):
            keys = planned.chunk(self.encoded, begin)
            for at, which in index.probe(keys.hashes, keys.known):
                a, b = rows[at].astype(np.int64), keys.record(which).astype(np.int64) + begin
                packed = a << (_RECORD + _RULE) | b << _RULE | rule
                if self.same_table:
                    packed = packed[a < b]
                found.made[place] += len(packed)
                waiting.append(packed)
                size += len(packed)
                if size > _WAITING:
                    found = found.joined(_filtered(waiting, choice, always))
                    waiting, size = [], 0
        return found.joined(_filtered(waiting, choice, always))

    def _fast(
        self,
        live: list[Planned],
        mine: _IndexedRows,
        choice: Choice | None,
        always: int,
        begin: int,
    ) -> "_Found":
        """The same pairs, joined and prefiltered by the library."""
        parts = Parts(self.encoded, self.encoded.records.cut(begin, begin + CHUNK))
        keys = [planned.chunk(self.encoded, begin, parts) for planned in live]
        chunk = _Chunk(begin, _packed(parts.side, keys), keys)
        made = np.zeros(len(live), np.int64)
        found = [(np.empty(0, np.int64), np.empty(0, np.int64))]
        prefilter = choice.prefilter if isinstance(choice, PairFilter) else None
        if prefilter is not None:
            prefilter.table.always = always
        for pair, caught in _library_joins(
            mine, chunk, prefilter, made, same_table=self.same_table
        ):
            if prefilter is not None:
                found.append((pair.copy(), caught.copy()))
            else:
                keep = _chosen(pair, choice, caught & always)
                found.append((pair[keep], caught[keep]))
        both, rules = zip(*found, strict=True)
        return _Found(np.concatenate(both), np.concatenate(rules), made)


def _packed(side: normalise.Side, keys: Sequence[ChunkKeys]) -> comparison.Packed:
    """A chunk's rows, packed; where the rules take few of them, these alone."""
    columns, taking_part = comparison.Columns(side), np.zeros(side.rows, np.bool_)
    for of_rule in keys:
        if of_rule.places is None:
            return columns.packed()
        taking_part[of_rule.places] = True
    return columns.packed_at(np.flatnonzero(taking_part).astype(np.int32))


@dataclass(frozen=True)
class _Found:
    """Packed pairs (sorted, each once), the rules that make each as bits, and how many each rule made."""

    pair: Ints
    caught: Ints
    made: Ints

    def joined(self, other: "tuple[Ints, Ints]") -> "_Found":
        """Both together."""
        if not len(self.pair):
            return _Found(*other, self.made)
        pair, caught = (
            np.concatenate(both) for both in zip((self.pair, self.caught), other, strict=True)
        )
        return _Found(*_each_once(pair, caught), self.made)


def _filtered(waiting: list[Ints], choice: Choice | None, always: int) -> tuple[Ints, Ints]:
    """Pairs with their rules as bits, each once, and only those worth keeping."""
    packed = np.sort(np.concatenate(waiting)) if waiting else np.empty(0, np.int64)
    pair, first = _firsts(packed >> _RULE)
    bits = np.left_shift(1, packed & _RULES_MASK)
    caught = np.bitwise_or.reduceat(bits, first) if len(first) else bits
    keep = _chosen(pair, choice, caught & always)
    return pair[keep], caught[keep]


def _chosen(pair: Ints, choice: Choice | None, always: Ints) -> Places:
    """The places of the pairs worth keeping, and of those that are kept anyway."""
    if choice is None:
        return np.arange(len(pair))
    kept = [
        choice(*_unpacked(pair[begin : begin + _AT_A_TIME])) + begin
        for begin in range(0, len(pair), _AT_A_TIME)
    ]
    return np.unique(np.concatenate([np.flatnonzero(always), *kept]))


def _unpacked(pair: Ints) -> tuple[Rows, Rows]:
    return (pair >> _RECORD).astype(np.int32), (pair & _RECORD_MASK).astype(np.int32)


def _each_once(pair: Ints, caught: Ints) -> tuple[Ints, Ints]:
    """Pairs in their order, each once, with all rules that make it."""
    order = np.argsort(pair, kind="stable")
    pair, first = _firsts(pair[order])
    return pair, np.bitwise_or.reduceat(caught[order], first) if len(first) else caught


def _firsts(pair: Ints) -> tuple[Ints, Places]:
    """Each of sorted pairs once, and the place where it comes first."""
    if not len(pair):
        return pair, np.empty(0, np.intp)
    first = np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]])
    return pair[first], first


def plan(encoded: normalise.Encoded, options: LinkOptions, *, same_table: bool = False) -> Blocks:
    """The rules with too frequent values split and, where that fails, given up."""
    # 536 million records and 268 million cohort rows fit into a packed pair
    assert encoded.records.rows < 1 << _RECORD
    assert encoded.cohort.rows < 1 << (63 - _RECORD - _RULE)
    return Blocks(encoded, plan_rules(encoded, options), same_table, options.threads)
