"""Compare pairs of rows, field by field, into small integers. No probabilities here.

Whole arrays at a time: equality of codes first, cheap bounds next, string metrics only for what is
left, and those once for each distinct pair of values.
"""

from collections.abc import Callable, Sequence
from copy import copy
from ctypes import Structure, byref, c_float, c_int64
from dataclasses import dataclass
from math import prod

import numpy as np

from matching.arrays import among, in_threads
from matching.arrow import Bools, Floats32, Hashes, Ints, Rows, Small
from matching.comparison.fields import FIELDS, NAMES, level
from matching.comparison.given_names import GivenNames
from matching.comparison.numbers import birth_levels, number_levels, ssn_levels
from matching.comparison.texts import NICKNAMES, SLACK, SPELLINGS, Columns, Texts, Words
from matching.native import compiled
from matching.normalise import Encoded, Side, distinctive, nickname_pairs, spelling_pairs
from matching.options import LASTING

Similar = Callable[[bool, Rows, Rows], Floats32]  # of streets or names, by codes

_FIELDS = 11
_ASKED = 4  # at most, of a pair: first, last and middle name, street
_STREETS = 62  # bit of a key
_CODE = 31


class _Thresholds(Structure):
    """From which similarities texts are alike, and how many levels each field has."""

    _fields_ = [
        *((name, c_float) for name in ("least", "similar", "close", "near_street")),
        ("sizes", c_int64 * _FIELDS),
    ]


def _patterns(
    words: Words, sides: tuple[Columns, Columns], pairs: tuple[Rows, Rows], similar: Similar
) -> Rows:
    """All levels of each pair as one integer.

    Args:
        words: what is known of the texts.
        sides: cohort and records.
        pairs: rows of the two.
        similar: gives the similarity of pairs of texts (each is asked for once).
    """
    size, levels = len(pairs[0]), byref(_LEVELS)
    chosen = [side.chosen(rows) for side, rows in zip(sides, pairs, strict=True)]
    given = byref(words.table), *(packed for packed, _ in chosen), *(rows for _, rows in chosen)
    out, asking = np.empty(size, np.int32), np.empty(size, np.int32)
    keys, asked = np.empty(_ASKED * size, np.int64), c_int64()
    open_ = compiled().patterns(*given, size, levels, out, keys, byref(asked), asking)
    if open_:
        answers = _answers(keys[: asked.value], similar)
        compiled().answered(*given, asking, open_, levels, out, answers)
    return out


def _answers(keys: Ints, similar: Similar) -> Floats32:
    distinct, place = np.unique(keys, return_inverse=True)
    low, high = (distinct >> _CODE) & ((1 << _CODE) - 1), distinct & ((1 << _CODE) - 1)
    streets = distinct >> _STREETS > 0
    found = np.empty(len(distinct), np.float32)
    for kind in (False, True):
        here = streets == kind
        found[here] = similar(kind, low[here].astype(np.int32), high[here].astype(np.int32))
    return found[place]


_CHUNK = 1 << 16  # pairs compared at a time, so that their columns stay in a core's cache

# Jaro-Winkler; recordlinkage's documentation uses 0.85 for its one level.
CLOSE, SIMILAR, NEAR_STREET = 0.92, 0.84, 0.88
_SIZES = (c_int64 * _FIELDS)(*(len(field.levels) for field in FIELDS[:_FIELDS]))
_OWN = prod(_SIZES)  # in a pattern the user's own columns come before all other fields
assert _OWN * len(FIELDS[-1].levels) < 1 << 31, "a pattern has 31 bits"
_DIGIT = {
    f.name: prod(_SIZES[i + 1 :]) for i, f in enumerate(FIELDS[:_FIELDS])
}  # what a level counts
_LEVELS = _Thresholds(SIMILAR - SLACK, SIMILAR, CLOSE, NEAR_STREET, _SIZES)


@dataclass
class Comparer:
    """Compares rows of the two sides of an ``Encoded``."""

    encoded: Encoded

    def __post_init__(self) -> None:
        names = self.encoded.names
        self._names = Texts.of([*map(distinctive, names.texts)])
        self._streets = Texts.of(self.encoded.streets.texts)
        nicknames = nickname_pairs(names.texts, self.encoded.nicknames)
        lists = {NICKNAMES: nicknames, SPELLINGS: spelling_pairs(names.texts)}
        keys = [
            _pair(names.lookup(a), names.lookup(b), number)
            for number, pairs in lists.items()
            for a, b in pairs
        ]
        self._pairs = np.sort(np.array(keys, np.int64))
        self.words = Words(self.encoded.parts, self._names, self._streets, self._pairs)
        self.columns = _columns(self.encoded)
        self.given = GivenNames(self.encoded)

    def over(self, encoded: Encoded) -> "Comparer":
        """The same texts, for other rows of them."""
        other = copy(self)
        other.encoded, other.given = encoded, self.given.over(encoded)
        mine, theirs = _columns(encoded)
        for known in self.columns:  # of the same rows, which may be packed already
            mine = known if known.side is encoded.cohort else mine
            theirs = known if known.side is encoded.records else theirs
        other.columns = mine, theirs
        return other

    def levels(self, a: Rows, b: Rows) -> list[Small]:
        """The level of each pair in each field, in the order of ``FIELDS``."""
        c, r = self.encoded.cohort, self.encoded.records
        first, last = self.names(a, b)
        street = self._street(a, b)
        levels = [
            first,
            last,
            self._sex(a, b, first),
            self._middle(a, b, first),
            _suffix(c.suffix[a], r.suffix[b]),
            birth_levels(c.birth[a], r.birth[b]),
            ssn_levels(c.ssn[a], r.ssn[b], c.ssn4[a], r.ssn4[b]),
            number_levels(c.licence[a], r.licence[b], 36),
            number_levels(c.phone[a], r.phone[b], 10),
            street,
            self._place(a, b, street),
            self._exact(a, b),
        ]
        return [self.given.first_level(levels, a, b), *levels[1:]]

    def names(self, a: Rows, b: Rows) -> tuple[Small, Small]:
        """The levels of first and last names."""
        whole = self.rearranged(a, b)
        last, swapped = self._last(a, b, whole)
        first = self._first(a, b, swapped)
        part = self._turned_initial(a, b) & ~swapped
        first[part], last[part] = level("first", "part"), 0
        return first, last

    def _turned_initial(self, a: Rows, b: Rows) -> Bools:
        """Whether first and last name stand in each other's boxes, one of them as an initial ("K" Balaji, Balaji Krishnamurthy)."""
        c, r, single = self.encoded.cohort, self.encoded.records, self.encoded.parts.single
        x, y, u, v = c.first[a], c.last[a], r.first[b], r.last[b]
        there = (x >= 0) & (y >= 0) & (u >= 0) & (v >= 0)
        first = (y == u) & ~single[u] & self._shortened(x, v)
        return there & (first | ((x == v) & ~single[v] & self._shortened(y, u)))

    def _shortened(self, x: Rows, y: Rows) -> Bools:
        """Whether one of two names is the other's initial."""
        initial, single = self.encoded.parts.initial, self.encoded.parts.single
        return (single[x] != single[y]) & (initial[x] == initial[y])

    def rearranged(self, a: Rows, b: Rows) -> Bools:
        """Whether rows have the same names in another order, in other boxes, or otherwise joined."""
        c, r = self.encoded.cohort, self.encoded.records
        same = (c.first[a] == r.first[b]) & (c.last[a] == r.last[b])
        result = (c.whole[a] >= 0) & (c.whole[a] == r.whole[b]) & ~same
        here = np.flatnonzero(result)
        result[here] = self._letters(c, a[here]) == self._letters(r, b[here])
        return result

    def _letters(self, side: Side, rows: Rows) -> Hashes:
        letters = self.encoded.parts.letters
        return letters[side.first[rows]] + letters[side.middle[rows]] + letters[side.last[rows]]

    def _crossed(self, a: Rows, b: Rows) -> Bools:
        """Whether a given name of one row is all given names, or the middle name, of the other."""
        c, r, letters = self.encoded.cohort, self.encoded.records, self.encoded.parts.letters
        x, y, s, t = c.first[a], r.first[b], c.middle[a], r.middle[b]
        u, v, p, q = (letters[codes] for codes in (x, y, s, t))
        theirs = (t >= 0) & ((x == t) | (u == v + q) | (u + p == q))
        mine = (s >= 0) & ((y == s) | (v == u + p) | (v + q == p))
        return (x >= 0) & (y >= 0) & (x != y) & (theirs | mine)

    def _one_more(self, a: Rows, b: Rows) -> Bools:
        """Whether rows have the same names, however arranged and joined, but for one more on a side."""
        c, r = self.encoded.cohort, self.encoded.records
        names = (c.first[a], r.first[b], c.last[a], r.last[b])
        more = self._letters(c, a) - self._letters(r, b)
        found = self._has_more(c, a, more) | self._has_more(r, b, np.uint64(0) - more)
        there = np.logical_and.reduce([codes >= 0 for codes in names])
        return there & (names[0] != names[1]) & (more != 0) & found

    def _has_more(self, side: Side, rows: Rows, more: Hashes) -> Bools:
        """Whether the letters that a row has more are a first or middle name among others, or a part of a name."""
        parts, middle = self.encoded.parts, side.middle[rows]
        first, last = side.first[rows], side.last[rows]
        letters = parts.letters
        found = (middle >= 0) & ((letters[first] == more) | (letters[middle] == more))
        for name in (first, last):
            ends = (letters[parts.head[name]] == more) | (letters[parts.tail[name]] == more)
            found |= (parts.head[name] != name) & ends
        return found

    def _exact(self, a: Rows, b: Rows) -> Small:
        """One level of all own columns: one that agrees stands for its kind, and what lasts before what may change."""
        c, r, result = self.encoded.cohort, self.encoded.records, np.zeros(len(a), np.int8)
        for lasting in (False, True):
            named = [i for i, n in enumerate(self.encoded.exact) if n.endswith(LASTING) == lasting]
            both = [(c.exact[i][a], r.exact[i][b]) for i in named]
            known = [(x >= 0) & (y >= 0) for x, y in both]
            same = [k & (x == y) for k, (x, y) in zip(known, both, strict=True)]
            for level_, found in ((2, known), (1, same)):
                here = np.logical_or.reduce([np.zeros(len(a), np.bool_), *found])
                result[here] = level_ if lasting else level_ + 2
        return result

    def patterns(self, a: Rows, b: Rows) -> Rows:
        """All levels of a pair as one integer: mixed radix over ``FIELDS``, of which the last weighs most.

        So a linkage without own columns has the patterns that it would have without that field.
        """
        if compiled() is not None:
            pattern = _patterns(self.words, self.columns, (a, b), self._similar)
            self._look_at_given_names(pattern, a, b)
            exact = self._exact(a, b) if self.encoded.exact else None
            return pattern if exact is None else pattern + _OWN * exact.astype(np.int32)
        return pack(self.levels(a, b))

    def twins_by_name(self, pattern: Rows, a: Rows, b: Rows) -> Bools:
        """Which pairs have similar first names that are two people's, since both are usual, or share a surname alone, in other boxes."""
        first = level_in(pattern, "first")
        similar = (first == level("first", "close")) | (first == level("first", "similar"))
        across = (first == level("first", "different")) & self.given.across(a, b)
        found, here = np.zeros(len(a), np.bool_), np.flatnonzero(similar | across)
        levels, a, b = unpack(pattern[here]), a[here], b[here]
        found[here] = self.given.both_usual(levels, a, b) | self.given.siblings_across(levels, a, b)
        return found

    def _look_at_given_names(self, pattern: Rows, a: Rows, b: Rows) -> None:
        """Put what two given names say of twins into patterns of the library, which does not look at it."""
        here = np.flatnonzero(level_in(pattern, "birth") <= level("birth", "default day"))
        first = level_in(pattern[here], "first")
        part, same = first == level("first", "part"), first == level("first", "same")
        surname = level_in(pattern[here], "last") < level("last", "different")
        open_ = (surname & (part | (first == level("first", "different")))) | (
            ~surname & (part | same)
        )
        here, surname = here[open_], surname[open_]
        here = here[surname | self.given.turned(a[here], b[here])]
        if len(here):
            levels = unpack(pattern[here])
            first = self.given.first_level(levels, a[here], b[here])
            pattern[here] += (first - levels[0]).astype(np.int32) * _DIGIT["first"]

    def _last(self, a: Rows, b: Rows, whole: Bools) -> tuple[Small, Bools]:
        c, r, parts = self.encoded.cohort, self.encoded.records, self.encoded.parts
        x, y = c.last[a], r.last[b]
        result, present, same = _by_code("last", x, y)
        mine, theirs = c.first[a], r.first[b]
        turned = (parts.head[theirs] == x) | (parts.tail[theirs] == x)
        turned &= (parts.head[mine] == y) | (parts.tail[mine] == y)
        turned |= self._one_more(a, b)  # "Hoang Thi" Mai, Mai Hoang; He Pingxin, Tina "Ping Xin" He
        swapped = whole | (present & ~same & turned)
        open_ = present & ~same & ~swapped
        short = open_ & self._shortened(x, y)  # says too little
        result[short] = 0
        open_ &= ~short
        part = self._share_part(x, y) | (x == r.middle[b]) | (y == c.middle[a])
        result[open_ & part] = level("last", "part")
        rest = np.flatnonzero(open_ & ~part)
        score = self._similarity(x[rest], y[rest])
        u, v = x[rest], y[rest]
        alike = (score >= SIMILAR) | (parts.sound[u] == parts.sound[v]) | self._alike(u, v)
        alike |= self._across(a[rest], b[rest])
        result[rest[alike]] = level("last", "similar")
        result[rest[score >= CLOSE]] = level("last", "close")
        female = (c.sex[a] == 2) | (r.sex[b] == 2)
        both = female & (c.sex[a] != 1) & (r.sex[b] != 1)
        result[(result == level("last", "different")) & both] = level("last", "different, female")
        result[swapped] = 0  # weighed once, under the first name
        return result, swapped

    def _first(self, a: Rows, b: Rows, swapped: Bools) -> Small:
        c, r, parts = self.encoded.cohort, self.encoded.records, self.encoded.parts
        x, y = c.first[a], r.first[b]
        result, present, same = _by_code("first", x, y)
        rest = np.flatnonzero(present & ~same & ~swapped)
        u, v = x[rest], y[rest]
        score = self._similarity(u, v)
        initials = parts.single[u] | parts.single[v]
        agree = initials & (parts.initial[u] == parts.initial[v])
        shared = (self._share_part(u, v) | self._ends_with(u, v)) & ~initials
        nick = self._listed(parts.head[u], parts.head[v], NICKNAMES)
        other = self._crossed(a[rest], b[rest])  # goes by the middle name
        other |= self._one_more(a[rest], b[rest])
        # weakest first: what follows overwrites
        s, t = c.middle[a[rest]], r.middle[b[rest]]
        alike = (score >= SIMILAR) | (parts.voice[u] == parts.voice[v])
        alike |= (self._alike(s, v) & (t < 0)) | (self._alike(u, t) & (s < 0))
        alike |= self._across(a[rest], b[rest])
        result[rest[alike]] = level("first", "similar")
        result[rest[score >= CLOSE]] = level("first", "close")
        result[rest[shared | other]] = level("first", "part")
        result[rest[nick]] = level("first", "nickname")
        result[rest[initials]] = level("first", "different")
        result[rest[agree]] = level("first", "initial")
        result[swapped] = level("first", "swapped")
        return result

    def _alike(self, x: Rows, y: Rows) -> Bools:
        """Whether names sound alike as a whole ("min jun", "minjoon"), or are known as spellings of one ("lee", "rhee")."""
        head, voice = self.encoded.parts.head, self.encoded.parts.voice
        known = self._listed(head[x], head[y], SPELLINGS)
        return (x >= 0) & (y >= 0) & ((voice[x] == voice[y]) | known)

    def _across(self, a: Rows, b: Rows) -> Bools:
        """Whether first and last name sound like the other's last and first name."""
        c, r = self.encoded.cohort, self.encoded.records
        return self._alike(c.last[a], r.first[b]) & self._alike(c.first[a], r.last[b])

    def _ends_with(self, x: Rows, y: Rows) -> Bools:
        """Whether the last part of one name has all the letters of the other ("David Sangwoo", "Sang Woo")."""
        tail, letters = self.encoded.parts.tail, self.encoded.parts.letters
        mine = (tail[x] != x) & (letters[tail[x]] == letters[y])
        return mine | ((tail[y] != y) & (letters[tail[y]] == letters[x]))

    def _share_part(self, x: Rows, y: Rows) -> Bools:
        head, tail = self.encoded.parts.head, self.encoded.parts.tail
        across = (head[x] == tail[y]) | (tail[x] == head[y])
        return (head[x] == head[y]) | (tail[x] == tail[y]) | across

    def _middle(self, a: Rows, b: Rows, first: Small) -> Small:
        parts = self.encoded.parts
        x, y = self.encoded.cohort.middle[a], self.encoded.records.middle[b]
        result, present, same = _by_code("middle", x, y)
        rest = np.flatnonzero(present & ~same)
        u, v = x[rest], y[rest]
        single = (parts.single[u] | parts.single[v]) & (parts.initial[u] == parts.initial[v])
        near = (self._similarity(u, v) >= CLOSE) | self._listed(
            parts.head[u], parts.head[v], NICKNAMES
        )
        result[rest[near | (parts.head[u] == parts.head[v])]] = level("middle", "close")
        result[rest[single]] = level("middle", "initial")
        with_others = self._crossed(a, b) | self._one_more(a, b)
        turned = first == level("first", "swapped")
        counted = (turned | (first == level("first", "part"))) & with_others
        result[counted | self.rearranged(a, b)] = 0  # with the first name already
        return result

    def _sex(self, a: Rows, b: Rows, first: Small) -> Small:
        x, y = self.encoded.cohort.sex[a], self.encoded.records.sex[b]
        agree = (first == level("first", "same")) | (first == level("first", "nickname"))
        known = np.where(x == y, 1, 2) + np.where(agree, 0, 2)
        return np.where((x > 0) & (y > 0), known, 0).astype(np.int8)

    def _street(self, a: Rows, b: Rows) -> Small:
        c, r = self.encoded.cohort, self.encoded.records
        x, y, n, k = c.street[a], r.street[b], c.house[a], r.house[b]
        present = (x >= 0) & (y >= 0)
        name, number = present & (x == y), n == k
        result = np.where(present, level("street", "different"), 0).astype(np.int8)
        result[name] = level("street", "same street")
        result[name & number] = level("street", "same")
        # Near: a street spelt differently with the same number (or none), or a number that is one off.
        rest = np.flatnonzero(name & ~number)
        near = number_levels(n[rest], k[rest], 10) == 2
        result[rest[near]] = level("street", "near")
        rest = np.flatnonzero(present & ~name & number)
        result[rest[n[rest] >= 0]] = level("street", "same number")
        near = self._similarity(x[rest], y[rest], self._streets) >= NEAR_STREET
        result[rest[near]] = level("street", "near")
        return result

    def _place(self, a: Rows, b: Rows, street: Small) -> Small:
        c, r = self.encoded.cohort, self.encoded.records
        zips, cities, counties = (
            (x, y, (x >= 0) & (y >= 0))
            for x, y in ((c.zip[a], r.zip[b]), (c.city[a], r.city[b]), (c.county[a], r.county[b]))
        )
        known = zips[2] | cities[2] | counties[2]
        same_zip = zips[2] & (zips[0] == zips[1])
        near = (cities[2] & (cities[0] == cities[1])) | (
            zips[2] & (number_levels(zips[0], zips[1], 10) == 2)
        )
        county = counties[2] & (counties[0] == counties[1])
        county |= zips[2] & (zips[0] // 100 == zips[1] // 100)
        with_street = np.where(same_zip, 1, np.where(near, 2, 3))
        alone = np.where(same_zip, 7, np.where(near, 8, np.where(county, 9, 10)))
        agrees = (street == level("street", "same")) | (street == level("street", "near"))
        on_street = street == level("street", "same street")
        result = np.where(agrees, with_street, np.where(on_street, with_street + 3, alone))
        return np.where(known, result, 0).astype(np.int8)

    def _similarity(self, x: Rows, y: Rows, texts: Texts | None = None) -> Floats32:
        return (texts or self._names).jaro_winkler(x, y, SIMILAR)

    def _similar(self, streets: bool, x: Rows, y: Rows) -> Floats32:
        return self._similarity(x, y, self._streets if streets else None)

    def _listed(self, x: Rows, y: Rows, number: int) -> Bools:
        low, high = np.minimum(x, y).astype(np.int64), np.maximum(x, y).astype(np.int64)
        return among(low << 32 | number << 31 | high, self._pairs)


def _pair(x: int, y: int, number: int) -> int:
    """Two codes and the list that they are a pair of as one integer."""
    return min(x, y) << 32 | number << 31 | max(x, y)


def pack(levels: Sequence[Small]) -> Rows:
    """The levels of pairs in each field, one integer a pair."""
    pattern = np.zeros(len(levels[0]), np.int32)
    for field, level_ in zip(FIELDS[:-1], levels[:-1], strict=True):
        pattern = pattern * len(field.levels) + level_
    return pattern + _OWN * levels[-1].astype(np.int32)


def unpack(patterns: Rows) -> list[Ints]:
    """The level of each field from patterns in mixed radix."""
    rest = patterns.astype(np.int64)
    levels: list[Ints] = []
    for field in reversed(FIELDS[:-1]):
        levels.append(rest % len(field.levels))
        rest = rest // len(field.levels)
    return [*levels[::-1], rest]


def level_in(patterns: Rows, name: str) -> Rows:
    """The level of one field in patterns; cheaper than all of them by `unpack`."""
    upper, size = patterns // np.int32(_DIGIT[name]), len(FIELDS[NAMES.index(name)].levels)
    return upper - upper // np.int32(size) * np.int32(size)


def compare_pairs(comparer: Comparer, a: Rows, b: Rows, threads: int | None) -> Rows:
    """The pattern of each pair, on all cores."""

    def chunk(start: int) -> Rows:
        return comparer.patterns(a[start : start + _CHUNK], b[start : start + _CHUNK])

    made = list(in_threads(chunk, range(0, len(a), _CHUNK), threads))
    return np.concatenate(made) if made else np.empty(0, np.int32)


def _columns(encoded: Encoded) -> tuple[Columns, Columns]:
    mine = Columns(encoded.cohort)
    return mine, mine if encoded.records is encoded.cohort else Columns(encoded.records)


def _by_code(field: str, x: Rows, y: Rows) -> tuple[Small, Bools, Bools]:
    """Levels as far as codes tell (missing, same, different), which pairs have both values, and which the same."""
    present = (x >= 0) & (y >= 0)
    same = present & (x == y)
    result = np.where(same, 1, np.where(present, level(field, "different"), 0)).astype(np.int8)
    return result, present, same


def _suffix(x: Small, y: Small) -> Small:
    both = np.where(x == y, 1, 3)
    return np.where((x > 0) & (y > 0), both, np.where((x > 0) | (y > 0), 2, 0)).astype(np.int8)
