"""What two given names of one home and birth date say: are they one person's in two tongues, or two people's that share a part?

Twins have one birth date, home and surname, so their given names must part them. Two kinds need more than letters. Who is Grace
at work may be Soo Jin in the family: a Western name alone and a Korean or Chinese one alone are no contradiction, since most who
have both go by either. But Maria Elena and Maria Rosa share a name, and each has one of her own. Looked at are pairs that were worth comparing:
what the prefilter drops by its bounds stays dropped.
"""

import re
from collections.abc import Callable, Iterable
from copy import copy
from functools import cached_property
from itertools import combinations
from typing import Final

import numpy as np
from rapidfuzz.distance import OSA

from matching.arrow import Bools, Ints, Places, Rows, Small
from matching.comparison.fields import NAMES, level
from matching.comparison.together import (
    Levels,
    are,
    number_agrees,
    one_birth,
    one_home,
    one_surname,
    other_surname,
)
from matching.normalise import SAYING_LITTLE, Encoded, Side, known_given_names, spelt_surnames

_BEGINNING: Final = (
    r"(?:[zcs]h|hs|t[sz]|sz|[kg]w|ng|[bpmfdtnlgkhjqxrzcsyw])?[yw]?(?:iao|uai|[aeiou]{1,2})"
)
_OPEN: Final = re.compile(_BEGINNING)
"""One syllable that ends in a vowel: such names stand in many tongues, as "Bee" and "Kia"."""
_SYLLABLE: Final = rf"(?:{_BEGINNING}(?:ng|r?k|[nmptlh])?|ng)"
_ROMANISED: Final = re.compile(f"{_SYLLABLE}{_SYLLABLE}?")
"""One or two syllables of Mandarin, Cantonese or Korean, however romanised."""
_ONE_SYLLABLE: Final = re.compile(_SYLLABLE)

_SHORT: Final = (
    5  # letters below which names that differ by one are as likely two names ("Ming", "Ping")
)

_FEW: Final = 10  # bearers below which a name is not usual
_USUAL: Final = 0.05  # of the bearers of the other one; clerks misspell fewer than that in one way


class GivenNames:
    """The given names of two sides."""

    def __init__(self, encoded: Encoded) -> None:
        self._encoded = encoded
        known = known_given_names(encoded.nicknames)
        self._known = [n for n in known if not _OPEN.fullmatch(n)]
        self._western, self._near = self._flags(self._known), dict[int, bool]()
        # lists of surnames by character, not those of longer names (Gevorgyan, Mukherjee)
        groups = [g for g in spelt_surnames() if _ONE_SYLLABLE.fullmatch(g[0])]
        self._surname = self._flags(name for group in groups for name in group)

    def over(self, encoded: Encoded) -> "GivenNames":
        """The same texts, for other rows of them."""
        other = copy(self)
        other._encoded = encoded  # noqa: SLF001
        return other

    def first_level(self, levels: Levels, a: Rows, b: Rows) -> Small:
        """The level of each pair's first names: in two tongues is missing, a shared part beside names of their own different.

        What is a part but for a slip of the pen is similar (Esther Su-Kyung, Ether; Xiao Ping, Xaoping).
        """
        first, twins = levels[NAMES.index("first")].astype(np.int8), _perhaps_twins(levels)
        tongues = twins & are(levels, "first", "different") & ~are(levels, "sex", "other")
        here = np.flatnonzero(tongues)
        first[here[self._two_tongues(a[here], b[here])]] = level("first", "missing")
        for i in np.flatnonzero(twins & (first == level("first", "part"))).tolist():
            mine = self._words(self._encoded.cohort, a[i])
            theirs = self._words(self._encoded.records, b[i])
            if _own(mine, theirs, _alike) and _own(theirs, mine, _alike):
                first[i] = level("first", "different")
        for i in np.flatnonzero(twins & (first == level("first", "different"))).tolist():
            mine = self._words(self._encoded.cohort, a[i], every=True)
            theirs = self._words(self._encoded.records, b[i], every=True)
            if not (_own(mine, theirs, _slip) and _own(theirs, mine, _slip)):
                first[i] = level("first", "similar")
        first[self._two_of_one_surname(levels, a, b)] = level("first", "different")
        return first

    def turned(self, a: Rows, b: Rows) -> Bools:
        """Which pairs have a surname before other names in a first name's box, that is the other's, too (Huynh Thanh, Ngoc)."""
        c, r, head = self._encoded.cohort, self._encoded.records, self._encoded.parts.head
        x, y = c.first[a], r.first[b]
        u, v = head[x], head[y]
        mine, theirs = (u != x) & self._surname[u], (v != y) & self._surname[v]
        return (mine & (u == r.last[b])) | (theirs & (v == c.last[a])) | (mine & theirs & (u == v))

    def _two_of_one_surname(self, levels: Levels, a: Rows, b: Rows) -> Places:
        """Pairs of one birth date whose surname stands with the given names while each has a name that is none of the other's."""
        found = one_birth(levels) & are(levels, "first", "same", "part")
        found &= other_surname(levels)
        here = np.flatnonzero(found)
        here = here[self.turned(a[here], b[here])]
        return here[self._apart(a[here], b[here])]

    def across(self, a: Rows, b: Rows) -> Bools:
        """Which pairs have a name that is one row's last and the other's first."""
        c, r = self._encoded.cohort, self._encoded.records
        mine, theirs = c.last[a], r.last[b]
        return ((mine == r.first[b]) & (mine >= 0)) | ((theirs == c.first[a]) & (theirs >= 0))

    def siblings_across(self, levels: Levels, a: Rows, b: Rows) -> Bools:
        """Of pairs that share a name in other boxes, those of one birth that share no other (Senthil Srinivasan, Srinivasan Meenakshi)."""
        found = are(levels, "first", "different") & are(levels, "birth", "same")
        here = np.flatnonzero(found & ~number_agrees(levels))
        found = np.zeros(len(a), np.bool_)
        found[here] = self._apart(a[here], b[here])
        return found

    def _apart(self, a: Rows, b: Rows) -> Bools:
        """Whether each row of a pair has a name that is none of the other's, nor like one."""
        both = self._encoded.cohort, self._encoded.records
        words = (
            [
                self._words(side, int(row), surname=True)
                for side, row in zip(both, rows, strict=True)
            ]
            for rows in zip(a, b, strict=True)
        )
        return np.array([_own(x, y, _alike) and _own(y, x, _alike) for x, y in words], np.bool_)

    def both_usual(self, levels: Levels, a: Rows, b: Rows) -> Bools:
        """Of pairs of one birth, which have similar first names that both are usual among the records (Balwinder, Kulwinder).

        A slip of the pen is rare beside the name that it is of.
        """
        found = _perhaps_twins(levels) & are(levels, "first", "close", "similar")
        found &= ~number_agrees(levels)
        here = np.flatnonzero(found)
        x, y = self._encoded.cohort.first[a[here]], self._encoded.records.first[b[here]]
        many, other = self._bearers[x], self._bearers[y]
        found[here] = np.minimum(many, other) >= np.maximum(_USUAL * np.maximum(many, other), _FEW)
        for i in np.flatnonzero(found).tolist():
            mine = self._words(self._encoded.cohort, a[i])
            found[i] = not set(mine) & set(self._words(self._encoded.records, b[i]))
        return found

    @cached_property
    def _bearers(self) -> Ints:
        """The records of each first name; none where it is missing."""
        if self._encoded.bearers is not None:
            return self._encoded.bearers
        first = self._encoded.records.first
        return np.bincount(first[first >= 0], minlength=len(self._encoded.names.texts) + 1)

    def _two_tongues(self, a: Rows, b: Rows) -> Bools:
        """Whether a Western name alone stands beside a Korean or Chinese one alone, with surnames written in characters."""
        c, r = self._encoded.cohort, self._encoded.records
        found = self._surname[c.last[a]] | self._surname[r.last[b]]  # the other may be misspelt
        for i in np.flatnonzero(found).tolist():
            sides = ((c, int(a[i])), (r, int(b[i])))
            mine, theirs = ((int(s.first[row]), int(s.middle[row])) for s, row in sides)
            found[i] = self._western_alone(mine, theirs) or self._western_alone(theirs, mine)
        return found

    def _western_alone(self, name: tuple[int, int], native: tuple[int, int]) -> bool:
        """Whether a first and middle name are a Western one alone, beside romanised ones alone."""
        alone = name[1] < 0 and all(self._romanised(code) for code in native if code >= 0)
        return alone and (bool(self._western[name[0]]) or self._nearly_western(name[0]))

    def _nearly_western(self, code: int) -> bool:
        """Whether a name is one slip from a Western one and no romanised one ("Jennifre")."""
        if code not in self._near:
            name = self._encoded.names.texts[code]
            self._near[code] = not _ROMANISED.fullmatch(name) and any(
                _slip(name, known) for known in self._known
            )
        return self._near[code]

    def _words(
        self, side: Side, row: int, *, every: bool = False, surname: bool = False
    ) -> list[str]:
        codes = [side.first[row], side.middle[row], *([side.last[row]] if surname else ())]
        texts = self._encoded.names.texts
        words = [word for code in codes if code >= 0 for word in texts[code].split()]
        return [word for word in words if every or word not in SAYING_LITTLE]

    def _romanised(self, code: int) -> bool:
        joined = self._encoded.names.texts[code].replace(" ", "")
        return not self._western[code] and _ROMANISED.fullmatch(joined) is not None

    def _flags(self, words: Iterable[str]) -> Bools:
        names = self._encoded.names
        flags = np.zeros(len(names.texts) + 1, np.bool_)  # the last one is of a missing name
        flags[[code for word in words if (code := names.lookup(word)) >= 0]] = True
        return flags


def _perhaps_twins(levels: Levels) -> Bools:
    """One surname, birth date, and home or telephone: of one person, or of twins."""
    return one_surname(levels) & one_birth(levels) & one_home(levels)


def _joined(words: list[str]) -> dict[str, range]:
    """Words that stand side by side, joined, and which these are."""
    ends = combinations(range(len(words) + 1), 2)
    return {"".join(words[i:j]): range(i, j) for i, j in ends}


def _own(words: list[str], others: list[str], alike: Callable[[str, str], bool]) -> bool:
    """Whether there is a word that is none of the others, however joined, nor like one."""
    met, there = set[int](), _joined(others)
    for joined, places in _joined(words).items():
        if joined in there or any(alike(joined, other) for other in there):
            met.update(places)
    return len(met) < len(words)


def _alike(word: str, other: str) -> bool:
    """An initial, or one slip of the pen."""
    if min(len(word), len(other)) == 1:
        return word[0] == other[0]
    return OSA.distance(word, other, score_cutoff=1) <= 1


def _slip(word: str, other: str) -> bool:
    """One slip of the pen in a name that is long enough to say so."""
    if max(len(word), len(other)) < _SHORT:
        return False
    return OSA.distance(word, other, score_cutoff=1) <= 1
