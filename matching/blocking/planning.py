"""How many pairs each rule will make, and what is done about values that would make too many.

A value is too frequent when its pairs exceed a cap; it is split by further fields, and where
that fails given up, largest first, inside a budget. Pairs are counted by buckets of hashes before any
is made; only values in frequent buckets are counted one by one. All of it looks at the whole cohort, so that
shards and threads can't change a pair.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from matching.arrays import bits_for, buckets, in_threads
from matching.arrow import Bools, Hashes, Ints, Rows
from matching.blocking import rules as rule_book
from matching.comparison import Columns
from matching.native import compiled
from matching.normalise import Encoded
from matching.options import LinkOptions

CHUNK = 1 << 16  # rows whose arrays fit into a core's cache
_LEAST_BUDGET, _PAIRS_PER_ROW = 20_000_000, 60  # at the default a row costs about 60 compares
_WIDE = 400_000  # pairs a wide rule may make: a fraction of a second
_SMALL = 20_000_000_000  # pairs of the cross product above which wide rules are not even counted
_KEY, _CACHED = 9, 384 << 20  # bytes of a row's key, and of all that are kept
_COUNTED = 1 << 22  # values that are counted one by one together
_FINEST = 20  # bits of a bucket's number: a bit for each stays near a core
_FEW = 50  # times as many records make a cohort small
_FLAGS = 20  # bits: a table of that many flags stays in a core's cache
_HOPELESS = 50  # times the cap: a value that frequent says nothing, whatever the budget


@dataclass
class RuleCount:
    """What one rule did."""

    name: str
    pairs: int = 0  # pairs it made; an earlier rule may have made them, too
    split: int = 0  # values that were too frequent and were split by more fields
    split_pairs: int = 0  # pairs that were given up by that
    cut_values: int = 0  # values still too frequent after that; -1: all
    cut_pairs: int = 0  # pairs that were given up with them


Keys = tuple[Hashes, Bools]  # of rows, and which of them have one
_One = TypeVar("_One", bound=npt.NDArray[Any])
_Other = TypeVar("_Other", bound=npt.NDArray[Any])


class ChunkKeys(NamedTuple):
    """Keys of a chunk of records, and which of them take part."""

    hashes: Hashes
    known: Bools
    places: Rows | None = None  # of the records in the chunk, in their order; None: all

    def record(self, which: Rows) -> Rows:
        """The place in the chunk of some of these."""
        return which if self.places is None else self.places[which]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(part.nbytes for part in self if part is not None)


class KeyCache:
    """Keys that planning, training and each shard use, as many as there is room for."""

    def __init__(self, room: int) -> None:
        self._room, self._kept = room, dict[tuple[object, ...], ChunkKeys]()
        self._lock = Lock()

    def get(self, what: tuple[object, ...], made: Callable[[], ChunkKeys]) -> ChunkKeys:
        """Keys that are kept, or that are made now and kept where they fit."""
        found = self._kept.get(what)
        if found is None:
            found = made()
            with self._lock:
                if what not in self._kept and found.size <= self._room:
                    self._room -= found.size
                    self._kept[what] = found
        return found

    def pop(self, what: tuple[object, ...]) -> ChunkKeys | None:
        """Keys that nobody asks for again."""
        with self._lock:
            found = self._kept.pop(what, None)
            if found is not None:
                self._room += found.size
        return found


@dataclass
class Planned:
    """A rule with the values that it splits and gives up."""

    rule: rule_book.Rule
    count: RuleCount
    splits: list[tuple[Hashes, str]] = field(default_factory=list[tuple[Hashes, str]])
    given_up: Hashes = field(default_factory=lambda: np.empty(0, np.uint64))
    cache: KeyCache | None = None
    own: Keys | None = None  # keys of the whole cohort before splits, where kept
    sides: tuple[rule_book.HashedSide, rule_book.HashedSide] | None = (
        None  # both sides as the library hashes them
    )
    planned: bool = False  # what is split and given up stays as it is from now on
    few: bool = False  # rows of the cohort beside the records
    # a bit for each bucket that a row of the cohort is in: while it is planned, and where these are few ever after
    taken: npt.NDArray[np.uint8] | None = None
    seen: bool = False  # a record with a key
    _sets: list["_KeySet"] = field(
        default_factory=list["_KeySet"]
    )  # of splits, then of what is given up

    def chunk(
        self, encoded: Encoded, begin: int, parts: rule_book.Parts | None = None
    ) -> ChunkKeys:
        """The keys of a chunk of records, of those at least that meet a row of the cohort."""
        if parts is None:
            keyed, side = self.sides and self.sides[1], encoded.records.cut(begin, begin + CHUNK)
            parts = rule_book.Parts(encoded, side, keyed, begin)
        name = self.rule.name
        if self.cache is None:
            return self._split(self._bare(parts), parts)
        if not self.planned:
            return self._split(self.cache.get((name, begin), lambda: self._bare(parts)), parts)
        cache = self.cache

        def split() -> ChunkKeys:
            keys = cache.pop((name, begin))
            return self._split(self._met(keys) if keys else self._bare(parts), parts)

        return cache.get((name, begin, "split"), split)

    def forget(self, encoded: Encoded) -> None:
        """Let go of what was kept: the rule is not used."""
        if self.cache is not None:
            for begin in range(0, encoded.records.rows, CHUNK):
                self.cache.pop((self.rule.name, begin))

    def _bare(self, parts: rule_book.Parts) -> ChunkKeys:
        """The keys before splits; of records that are known to meet nobody none is kept."""
        hashes, known = parts.hashes(self.rule.of(True))
        if self.taken is None:
            return ChunkKeys(hashes, known)
        self.seen = self.seen or bool(known.any())
        return self._met(ChunkKeys(hashes, known))

    def _met(self, keys: ChunkKeys) -> ChunkKeys:
        """The keys in buckets that a row of the cohort is in, as far as that is known."""
        if self.taken is None:
            return keys
        bits = len(self.taken).bit_length() + 2
        here = rule_book.rows_in_buckets(keys[:2], bits, self.taken)
        return ChunkKeys(keys.hashes[here], keys.known[here], keys.record(here))

    def _split(self, keys: ChunkKeys, parts: rule_book.Parts) -> ChunkKeys:
        return ChunkKeys(*self._finer(*keys[:2], parts, keys.places), keys.places)

    def rows(self, encoded: Encoded, begin: int, stop: int) -> Keys:
        """The keys of the cohort's rows from ``begin`` to ``stop``, and whether each takes part."""
        keyed, names = self.sides and self.sides[0], self.rule.of(False)
        if self.own is None and self.cache is not None and not self.planned:
            self.own = rule_book.Parts(encoded, encoded.cohort, keyed).hashes(names)
        parts = rule_book.Parts(encoded, encoded.cohort.cut(begin, stop), keyed, begin)
        if self.own is None:
            return self._finer(*parts.hashes(names), parts)
        hashes, known = self.own
        return self._finer(hashes[begin:stop], known[begin:stop], parts)

    def hashes(self, parts: rule_book.Parts, *, records: bool) -> Keys:
        """The key of each row, and whether the row takes part."""
        return self._finer(*parts.hashes(self.rule.of(records)), parts)

    def _finer(
        self, hashes: Hashes, known: Bools, parts: rule_book.Parts, places: Rows | None = None
    ) -> Keys:
        """Keys of the rule's own parts with what is split and given up."""
        sets = self._looked_up()
        for among, (_, name) in zip(sets, self.splits, strict=False):
            is_frequent = among.has(hashes)
            if is_frequent.any():
                hashes, known = parts.refined((hashes, known), name, is_frequent, places)
        if len(self.given_up):
            known = known & ~sets[-1].has(hashes)
        return hashes, known

    def _looked_up(self) -> list["_KeySet"]:
        """The splits' values, and what is given up, as rows are looked up in them: made once for as long as these stay."""
        wanted, sets = [*(keys for keys, _ in self.splits), self.given_up], self._sets
        if [id(one.keys) for one in sets] != [id(keys) for keys in wanted]:
            sets = self._sets = [_KeySet.of(keys) for keys in wanted]
        return sets


def plan_rules(encoded: Encoded, options: LinkOptions) -> list[Planned]:
    """The usable rules, in order, with what each has to split or give up."""
    rows = encoded.cohort.rows + encoded.records.rows
    room = options.pair_budget or max(_LEAST_BUDGET, _PAIRS_PER_ROW * rows)
    large = encoded.cohort.rows * encoded.records.rows > _SMALL
    rules = [rule for rule in rule_book.rules_of(encoded) if not (rule.wide and large)]
    # of many records those that meet a few rows' keys are kept, which are few
    few = _FEW * encoded.cohort.rows <= encoded.records.rows
    cache = KeyCache(_CACHED) if few or rows * len(rules) * _KEY <= _CACHED else None
    sides = None
    if compiled() is not None:
        mine = theirs = rule_book.HashedSide(Columns(encoded.cohort), encoded.parts)
        if encoded.records is not encoded.cohort:
            theirs = rule_book.HashedSide(Columns(encoded.records), encoded.parts)
        sides = mine, theirs
    wanted = [
        Planned(rule, RuleCount(rule.name), cache=cache, sides=sides, few=few) for rule in rules
    ]
    made: list[Planned] = []

    def counted(planned: Planned) -> "FrequentKeys | None":
        frequent = FrequentKeys.of(planned, encoded, options.block_cap)
        if not frequent.usable or (planned.rule.wide and frequent.total > _WIDE):
            return None
        before = frequent.total
        for part in planned.rule.refine:
            if not len(frequent.keys):
                break
            planned.count.split += len(frequent.keys)
            planned.splits.append((frequent.keys, part))
            frequent.split(part, encoded, options.block_cap)
        planned.count.split_pairs = before - frequent.total
        return frequent

    found = in_threads(counted, wanted, options.threads, ahead=1)
    for planned, frequent in zip(wanted, found, strict=True):
        if frequent is None:
            planned.forget(encoded)
            continue
        room -= _give_up(planned, frequent, options.block_cap, room)
        planned.planned = True
        made.append(planned)
    return made


@dataclass
class FrequentKeys:
    """The too frequent values of a rule: their hashes (sorted), pairs, and the rows that show them."""

    usable: bool
    most_records: int  # records of one value from which it is split
    total: int  # pairs of all values
    keys: Hashes
    pairs: Ints
    cohort: tuple[Rows, Hashes]
    records: tuple[Rows, Hashes]

    @classmethod
    def of(cls, planned: Planned, encoded: Encoded, cap: int) -> "FrequentKeys":
        """Count by buckets, then look at the values in frequent buckets."""
        bits = bits_for(encoded.cohort.rows)
        most_records = planned.rule.most_records or np.iinfo(np.int64).max
        one = encoded.records is encoded.cohort and not planned.rule.record_parts
        finer = max(bits, min(bits + 6, _FINEST)) if planned.few else bits
        taken = None if one else np.zeros(1 << finer, np.bool_)

        def cohort(taken: Bools) -> Iterator[Keys]:
            for _, keys in _keys(planned, encoded, records=False):
                taken[buckets(keys.hashes, finer)[keys.known]] = True
                yield keys[:2]

        def records() -> Iterator[Keys]:  # begun when the cohort's were counted
            if taken is not None:
                # pairs of a wide rule are counted by buckets as they are
                rough = taken.reshape(1 << bits, -1).any(axis=1) if planned.rule.wide else taken
                planned.taken = np.packbits(rough, bitorder="little")
            yield from (keys[:2] for _, keys in _keys(planned, encoded, records=True))

        mine: Iterable[Keys] | None = None if taken is None else cohort(taken)
        theirs: Iterable[Keys] = records()
        empty = np.empty(0, np.int32), np.empty(0, np.uint64)
        none = np.empty(0, np.uint64), np.empty(0, np.int64)
        if planned.rule.wide:
            mine, met, few = mine and list(mine), 0, list[Keys]()
            for keys in theirs:
                few.append(keys)
                met += int(np.count_nonzero(keys[1]))
                if met > _WIDE:  # each meets a row at least
                    return cls(True, most_records, met, *none, empty, empty)
            theirs = few
        counted = rule_book.count_buckets(mine, theirs, bits, cap, most_records)
        usable = counted.usable if taken is None else planned.seen and bool(taken.any())
        found = cls(usable, most_records, counted.total, *none, empty, empty)
        if usable and counted.frequent is not None:
            frequent = np.packbits(counted.frequent, bitorder="little")
            found.records = _rows_in(planned, encoded, bits, frequent, records=True)
            found.cohort = (
                found.records if one else _rows_in(planned, encoded, bits, frequent, records=False)
            )
            found.keep_frequent(cap)
        kept = taken if planned.few else None
        planned.taken = None if kept is None else np.packbits(kept, bitorder="little")
        return found

    def keep_frequent(self, cap: int) -> int:
        """Keep what is frequent value by value; the pairs of all values looked at."""
        total, found = 0, list[tuple[Hashes, Ints]]()
        bits = (max(len(self.cohort[1]), len(self.records[1])) // _COUNTED).bit_length()
        for part in range(1 << bits):  # values in their order, some millions at a time
            keys, n = np.unique(_beginning(self.cohort[1], part, bits), return_counts=True)
            k = n
            if self.cohort is not self.records:
                theirs, k = np.unique(_beginning(self.records[1], part, bits), return_counts=True)
                keys, i, j = np.intersect1d(keys, theirs, assume_unique=True, return_indices=True)
                n, k = n[i], k[j]
            pairs = n.astype(np.int64) * k
            frequent = (pairs > cap) | (k > self.most_records)
            total += int(pairs.sum())
            found.append((keys[frequent], pairs[frequent]))
        self.keys, self.pairs = _put_together(found)
        kept = _KeySet.of(self.keys)
        self._keep(lambda _side, rows, hashes: (rows, hashes, kept.has(hashes)))
        return total

    def split(self, part: str, encoded: Encoded, cap: int) -> None:
        """Refine the frequent values by one more part."""
        before = int(self.pairs.sum())

        parts = [rule_book.Parts(encoded, side) for side in (encoded.cohort, encoded.records)]

        def finer(records: bool, rows: Rows, hashes: Hashes) -> tuple[Rows, Hashes, Bools]:
            known = np.ones(len(rows), np.bool_)
            return rows, *parts[records].refined((hashes, known), part, rows=rows)

        self._keep(finer)
        self.total += self.keep_frequent(cap) - before

    def _keep(self, chosen: Callable[[bool, Rows, Hashes], tuple[Rows, Hashes, Bools]]) -> None:
        """Keep rows and hashes as ``chosen`` says of some at a time; those of one table against itself once."""

        def kept(records: bool) -> tuple[Rows, Hashes]:
            rows, hashes = self.records if records else self.cohort
            parts = [(rows[:0], hashes[:0])]
            for begin in range(0, len(rows), CHUNK):
                here = slice(begin, begin + CHUNK)
                some, finer, keep = chosen(records, rows[here], hashes[here])
                parts.append((some[keep], finer[keep]))
            return _put_together(parts)

        one = self.cohort is self.records
        self.records = kept(True)
        self.cohort = self.records if one else kept(False)


def _rows_in(
    planned: Planned, encoded: Encoded, bits: int, which: npt.NDArray[np.uint8], *, records: bool
) -> tuple[Rows, Hashes]:
    """The rows of a side whose bucket is among some, and their hashes."""
    parts = [
        (keys.record(here) + np.int32(begin), keys.hashes[here])
        for begin, keys in _keys(planned, encoded, records=records)
        for here in [rule_book.rows_in_buckets(keys[:2], bits, which)]
    ]
    return _put_together(parts)


def _put_together(parts: list[tuple[_One, _Other]]) -> tuple[_One, _Other]:
    """Parts of two columns, one column after the other; they are let go."""
    first, second = map(list, zip(*parts, strict=True))
    parts.clear()
    whole: Any = np.concatenate(first)
    first.clear()
    other: Any = np.concatenate(second)
    return whole, other


def _beginning(hashes: Hashes, part: int, bits: int) -> Hashes:
    """The hashes that begin with some bits."""
    if not bits:
        return hashes
    found = hashes >= np.uint64(part << (64 - bits))
    if part + 1 < 1 << bits:
        found &= hashes < np.uint64((part + 1) << (64 - bits))
    return hashes[found]


def _keys(planned: Planned, encoded: Encoded, *, records: bool) -> Iterator[tuple[int, ChunkKeys]]:
    """The keys of a side by chunks, each with its first row."""
    side = encoded.records if records else encoded.cohort
    for begin in range(0, side.rows, CHUNK):
        if records:
            yield begin, planned.chunk(encoded, begin)
        else:
            yield begin, ChunkKeys(*planned.rows(encoded, begin, begin + CHUNK))


def _give_up(planned: Planned, frequent: FrequentKeys, cap: int, room: int) -> int:
    """Give up the most frequent values of a rule until the rest fits into the budget.

    Returns:
        the pairs that are left.
    """
    order = np.lexsort(
        (frequent.keys, -frequent.pairs)
    )  # the largest first; ties always the same way
    keys, pairs = frequent.keys[order], frequent.pairs[order]
    given_up = np.r_[0, np.cumsum(pairs)]
    hopeless = int(np.searchsorted(-pairs, -_HOPELESS * cap))
    while hopeless < len(pairs) and frequent.total - int(given_up[hopeless]) > room:
        hopeless += 1
    left = frequent.total - int(given_up[hopeless])
    count = planned.count
    if left > room:  # many small values: none is to blame, so the whole rule is given up
        count.cut_values, count.cut_pairs = -1, frequent.total
        return 0
    count.cut_values, count.cut_pairs = hopeless, int(given_up[hopeless])
    planned.given_up = np.sort(keys[:hopeless])
    return left


@dataclass(frozen=True)
class _KeySet:
    """Some hashes, sorted, in which others are looked up: where those of each bucket begin."""

    keys: Hashes
    bits: int
    starts: Rows

    @classmethod
    def of(cls, keys: Hashes) -> "_KeySet":
        """Of so few a bucket that it holds one or two."""
        bits = max(1, bits_for(len(keys)))
        bounds = np.arange(1 << bits, dtype=np.uint64) << np.uint64(64 - bits)
        starts = np.append(np.searchsorted(keys, bounds), len(keys))
        return cls(keys, bits, starts.astype(np.int32))

    def has(self, hashes: Hashes) -> Bools:
        """Which hashes are among them."""
        if compiled() is None or not len(self.keys):
            return among_hashes(hashes, self.keys)
        found = np.empty(len(hashes), np.bool_)
        compiled().among(hashes, len(hashes), self.keys, self.bits, self.starts, found)
        return found


def among_hashes(hashes: Hashes, keys: Hashes) -> Bools:
    """Which hashes are among a sorted list of keys."""
    result = np.zeros(len(hashes), np.bool_)
    if not len(keys):
        return result
    bits = min(_FLAGS, bits_for(4 * len(keys)))
    flags = np.zeros(1 << bits, np.bool_)
    flags[buckets(keys, bits)] = True
    maybe = np.flatnonzero(flags[buckets(hashes, bits)])
    found = hashes[maybe]
    place = np.minimum(np.searchsorted(keys, found), len(keys) - 1)
    result[maybe] = keys[place] == found
    return result
