"""Throw away pairs that can't matter before their texts are compared.

For each field a step (equality of codes, digits of dates and numbers) bounds the weight that the
full comparison could give. A pair whose bounds add up to less than what is worth keeping is
dropped; most are, after the birth date and the numbers. No kept pair's weight changes by it: the
bound is never below the weight, which a property test holds against the full comparison. Columns of the user's own have
no step: a pair that agrees on one is caught by its rule, and such rules' pairs are kept whatever the bound is.
"""

import ctypes
from collections.abc import Callable
from ctypes import Structure, c_float, c_int64, c_void_p
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from matching import comparison
from matching.arrow import Bools, Floats32, Places, Rows, Small
from matching.model import CLASSES, Frequencies, Model
from matching.native import Pointers
from matching.normalise import Encoded, Side

Bound = Callable[[Rows, Rows], Floats32]  # of the weight that a field can have

_FIELDS, _LEVELS, _STEPS = 11, 16, 8


class _PrefilterTables(Structure):
    _fields_ = [
        ("words", c_void_p),
        ("similar", c_float),
        ("close", c_float),
        ("frequency", c_void_p * _FIELDS),
        ("near_zip", c_void_p),
        ("near_zips", c_int64),
        ("weight", c_float * _LEVELS * _FIELDS),
        ("base", c_float),
        ("floors", c_float * _STEPS),
        ("last_floor", c_float),
        ("other", c_float * 2),
        ("streets", c_float * 4),
        ("plain", c_float * 3 * 3),
        ("always", c_int64),
    ]


class Prefilter:
    """The filter's tables as the library reads them (``prefilter.h``). Holds the arrays that it points to."""

    def __init__(self, words: comparison.Words) -> None:
        self.pointers, self._words = Pointers(), words
        self.table = _PrefilterTables(words=ctypes.addressof(words.table))


_SLACK = 0.05  # nats, for rounding to 32 bits
_LETTERS = 1e-3  # of a similarity: what letters bound is compared in 32 bits
_WORTH = 0.8  # pairs are moved together when fewer than this share is left


@dataclass
class PairFilter:
    """Which pairs may reach ``least`` log odds under a model."""

    encoded: Encoded
    model: Model
    table: Frequencies
    least: float
    comparer: comparison.Comparer
    _later: list[float] = field(init=False, repr=False)  # what the steps after each can add at most
    _base: float = field(init=False)

    def __post_init__(self) -> None:
        match, random = CLASSES.index("match"), CLASSES.index("random")
        tables, sizes = self.model.tables(), self.model.log_sizes()
        self._weight = [(t[match] - t[random]).astype(np.float32) for t in tables]
        self._base = float(sizes[match] - sizes[random])
        most = [most for _, most in self._steps()]
        self._later = [sum(reversed(most[place + 1 :])) for place in range(len(most))]

    def _steps(self) -> list[tuple[Bound, float]]:
        """Bounds of a pair by some fields, and the most that each can be; kept, they would keep this and both sides, which nobody needs any more."""
        return [
            (self._numbers, sum(map(self._most, _NUMBERED))),
            (self._birth, self._most("birth")),
            (self._name("last"), self._most("last")),
            (self._name("first"), self._most("first")),
            (self._address, self._most("street") + self._most("place")),
            (self._plain("middle", -1), self._most("middle")),
            (self._plain("sex", 0), self._most("sex")),
            (self._plain("suffix", 0), self._most("suffix")),
        ]

    def __call__(self, a: Rows, b: Rows) -> Places:
        """The places of the pairs that may matter, in order."""
        left = np.arange(len(a))
        bound = np.full(len(a), self._base, np.float32)
        for (step, _), later in zip(self._steps(), self._later, strict=True):
            if not len(left):
                break
            bound += step(a, b)
            keep = np.flatnonzero(bound > self.least - later - _SLACK)
            if len(keep) < _WORTH * len(left):
                left, bound, a, b = left[keep], bound[keep], a[keep], b[keep]
        keep = np.flatnonzero(bound > self.least - _SLACK)
        left, bound, a, b = left[keep], bound[keep], a[keep], b[keep]
        return left[np.flatnonzero(bound + self._by_names(a, b) > self.least - _SLACK)]

    @cached_property
    def prefilter(self) -> Prefilter:
        """The same steps for the library; names are only bounded by their letters there."""
        made = Prefilter(self.comparer.words)
        table, pointer = made.table, made.pointers
        w = {name: self._weight[place] for place, name in enumerate(comparison.NAMES[:_FIELDS])}
        table.similar, table.close = comparison.SIMILAR - _LETTERS, comparison.CLOSE - _LETTERS
        table.near_zip, table.near_zips = pointer(_NEAR, np.bool_), len(_NEAR)
        table.base = self._base
        # what the sum must exceed after each step, and after the names' letters
        table.floors[:] = [self.least - later - _SLACK for later in self._later]
        table.last_floor = self.least - 2 * _SLACK
        # first and last names that are not equal
        table.other[:] = [w["first"][2:].max(), max(0.0, w["last"][2:].max())]
        table.streets[:] = [
            self._of("street", "same"),
            self._of("street", "near", "same number", "different"),
            self._of("street", "near", "same street"),
            self._of("street", "different"),
        ]
        sex = max(w["sex"][1], w["sex"][3])
        equal = {"middle": w["middle"][1], "sex": sex, "suffix": w["suffix"][1]}
        for place, (name, weight) in enumerate(equal.items()):  # equal, other, missing
            table.plain[place][:] = [weight, max(0.0, w[name][2:].max()), self._one_side(name)]
        for place, (name, weights) in enumerate(w.items()):
            table.weight[place][: len(weights)] = weights.tolist()
            frequencies = self.table.by_row.get(name)
            if frequencies is not None:
                table.frequency[place] = pointer(frequencies, np.float32)
        return made

    def _one_side(self, name: str) -> float:
        """What a plain field weighs that a side or both do not have."""
        one_side = max(
            0.0,
            float(
                self._weight[comparison.NAMES.index(name)][
                    comparison.level("suffix", "one side only")
                ]
            ),
        )
        return one_side if name == "suffix" else 0.0

    def _by_names(self, a: Rows, b: Rows) -> Floats32:
        """What the names' weights are short of their bounds; most pairs of one birth date end here."""
        change = np.zeros(len(a), np.float32)
        if not len(a):
            return change
        for name, levels in zip(("first", "last"), self.comparer.names(a, b), strict=True):
            change += self._by_level(name, levels, b) - self._name(name)(a, b)
        return change

    def _most(self, name: str) -> float:
        """The largest weight that a field can have for any pair."""
        weights = self._weight[comparison.NAMES.index(name)]
        rise = self.table.rise(name)
        return max(0.0, float(weights.max()), float(weights[1]) + rise)

    def _of(self, name: str, *levels: str) -> float:
        """The largest weight among some levels of a field."""
        weights = self._weight[comparison.NAMES.index(name)]
        return float(max(weights[comparison.level(name, one)] for one in levels))

    def _birth(self, a: Rows, b: Rows) -> Floats32:
        x, y = self.encoded.cohort.birth[a], self.encoded.records.birth[b]
        x, y = comparison.nibbles(x), comparison.nibbles(y)
        return self._by_level("birth", comparison.nibble_levels(x, y), b)

    def _numbers(self, a: Rows, b: Rows) -> Floats32:
        """Social security, licence and telephone numbers, where both sides have them."""
        both = _numbers(self.encoded.cohort, a) & _numbers(self.encoded.records, b)
        result = np.zeros(len(a), np.float32)
        for bit, name in enumerate(_NUMBERED):
            here = np.flatnonzero(both & (1 << bit))
            if len(here):
                result[here] += self._number(name, a[here], b[here])
        return result

    def _number(self, name: str, a: Rows, b: Rows) -> Floats32:
        c, r = self.encoded.cohort, self.encoded.records
        x, y = getattr(c, name)[a], getattr(r, name)[b]
        if name == "ssn":
            levels = comparison.ssn_levels(x, y, c.ssn4[a], r.ssn4[b])
        else:
            levels = comparison.number_levels(x, y, 36 if name == "licence" else 10)
        return self._by_level(name, levels, b)

    def _by_level(self, name: str, levels: Small, b: Rows) -> Floats32:
        result = self._weight[comparison.NAMES.index(name)][levels]
        same = np.flatnonzero(levels == 1)
        if len(same):
            result[same] += self.table.rises(name, b[same])
        return result

    def _name(self, name: str) -> Bound:
        """Same code, or whatever else the field can be at best; missing on a side weighs nothing."""
        mine, theirs = getattr(self.encoded.cohort, name), getattr(self.encoded.records, name)
        weights = self._weight[comparison.NAMES.index(name)]
        # swapped names are weighed under the first name, whatever the last names are
        best = np.float32(weights[2:].max())
        other = np.float32(max(0.0, best)) if name == "last" else best
        whole = (
            weights[comparison.level("first", "swapped")] if name == "first" else np.float32(0.0)
        )

        def bound(a: Rows, b: Rows) -> Floats32:
            x, y = mine[a], theirs[b]
            result = np.where((x < 0) | (y < 0), np.float32(0.0), other)
            same = np.flatnonzero((x == y) & (x >= 0))
            result[same] = weights[1] + self.table.rises(name, b[same])
            result[self.comparer.rearranged(a, b)] = whole
            return result

        return bound

    def _plain(self, name: str, missing: int) -> Bound:
        """Like a name; ``missing`` is the code up to which a side says nothing."""
        mine, theirs = getattr(self.encoded.cohort, name), getattr(self.encoded.records, name)
        weights = self._weight[comparison.NAMES.index(name)]
        none = np.float32(self._one_side(name))
        equal = weights[1] if name != "sex" else max(weights[1], weights[3])
        other = np.float32(max(0.0, weights[2:].max()))

        def bound(a: Rows, b: Rows) -> Floats32:
            x, y = mine[a], theirs[b]
            result = np.where(x == y, np.float32(equal), other)
            result[(x <= missing) | (y <= missing)] = none
            if name == "middle":
                result[self.comparer.rearranged(a, b)] = 0.0
            return result

        return bound

    def _address(self, a: Rows, b: Rows) -> Floats32:
        c, r = self.encoded.cohort, self.encoded.records
        x, y = c.street[a], r.street[b]
        number = c.house[a] == r.house[b]
        present, name = (x >= 0) & (y >= 0), x == y
        same, near = (
            self._of("street", "same"),
            self._of("street", "near", "same number", "different"),
        )
        on_street = self._of("street", "near", "same street")
        street = np.where(
            name,
            np.where(number, np.float32(same), np.float32(on_street)),
            np.where(number, np.float32(near), np.float32(self._of("street", "different"))),
        )
        street[~present] = 0.0
        both = np.flatnonzero(present & name & number)
        if len(both):
            street[both] += self.table.rises("street", b[both])
        return street + self._place(a, b, present & (name | number))

    def _place(self, a: Rows, b: Rows, agrees: Bools) -> Floats32:
        """The place given whether the street may agree; ZIP codes one digit apart count as one city."""
        c, r = self.encoded.cohort, self.encoded.records
        x, y, city, county = c.zip[a], r.zip[b], c.city[a], c.county[a]
        here, there = r.city[b], r.county[b]
        zips = (x >= 0) & (y >= 0)
        same, near = zips & (x == y), (city >= 0) & (city == here)
        close = ((county >= 0) & (county == there)) | (zips & (x // 100 == y // 100))
        known = zips | ((city >= 0) & (here >= 0)) | ((county >= 0) & (there >= 0))
        level_ = np.where(same, 0, np.where(near, 1, np.where(close, 2, 3)))
        weights = self._weight[comparison.NAMES.index("place")]
        alone, street = weights[7:11], np.maximum(weights[1:4], weights[4:7])[[0, 1, 2, 2]]
        best = np.where(agrees, np.maximum(street, alone)[level_], alone[level_])
        perhaps = np.flatnonzero(zips & ~same & _NEAR[np.minimum(np.abs(x - y), len(_NEAR) - 1)])
        best[perhaps] = np.maximum(best[perhaps], max(alone[1], street[1]))
        return np.where(known, best, np.float32(0.0))


def _numbers(side: Side, rows: Rows) -> npt.NDArray[np.uint8]:
    """Which numbers some rows have, as bits."""
    has = np.zeros(len(rows), np.uint8)
    for bit, column in enumerate((side.ssn4, side.licence, side.phone)):
        has |= (column[rows] >= 0).view(np.uint8) << np.uint8(bit)
    return has


_NUMBERED = ("ssn", "licence", "phone")
_NEAR = np.zeros(100_001, np.bool_)  # differences that two ZIP codes one digit apart can have
_NEAR[[gap for gap in comparison.gaps(10).tolist() if gap < 100_000]] = True
assert {f.name for f in comparison.FIELDS} == {
    "first", "last", "sex", "middle", "suffix", "birth", "ssn", "licence", "phone", "street", "place", "exact",
}, "a new field needs a step"  # fmt: skip
