"""Levels of a field are ordered, and so are their weights: whatever is learnt, a conflict never speaks for a match.

Relatives of one name and address leak into the matches that expectation maximisation finds, and a few of
them are enough for "suffix differs" to look like a habit of matches. The order is no matter of data: the
estimate is the most likely one among those in which a level that agrees less has no larger m/u.
"""

from functools import cache
from itertools import combinations, pairwise

import numpy as np

from matching.arrow import Bools, Floats
from matching.comparison import FIELDS

_MOST = 4.0  # times the shipped share of a conflict


def ordered(m: tuple[Floats, ...], u: tuple[Floats, ...]) -> tuple[Floats, ...]:
    """``m`` of each field, m/u not rising along the field's chains and at most 1 for its conflicts.

    The maximum likelihood estimate under a likelihood ratio order with ``u`` known is the isotonic
    regression of m/u weighted by u (Dykstra, Kochar and Robertson 1995); it keeps each distribution's sum.
    """
    return tuple(_ordered(f, m[f], u[f]) for f in range(len(FIELDS)))


def _ordered(f: int, m: Floats, u: Floats) -> Floats:
    field, result = FIELDS[f], m
    ratio = m / u
    if any((np.diff(ratio[list(chain)]) > 0).any() for chain in field.chains):
        result = m.copy()
        for number, group in enumerate(field.groups):
            result[list(group)] = _regressed(m[list(group)], u[list(group)], _upper_sets(f, number))
    return _capped(f, result, u)


def _regressed(m: Floats, u: Floats, upper: Bools) -> Floats:
    """Isotonic regression by maximum upper sets: the set with the largest average is level, then the rest."""
    result, left = np.zeros_like(m), np.ones(len(m), np.bool_)
    while left.any():
        weight = (upper & left) @ u
        average = np.divide(
            (upper & left) @ m, weight, out=np.full(len(weight), -1.0), where=weight > 0
        )
        best = upper[np.lexsort((weight, average))[-1]] & left
        result[best] = u[best] * (m[best].sum() / u[best].sum())
        left &= ~best
    return result


def limited(f: int, m: Floats, before: Floats) -> Floats:
    """``m`` whose conflicts are at most ``_MOST`` times what they were before anything was learnt.

    How often a person's own birth date, sex or number is recorded as another one can't be learnt from pairs without
    labels: a register of families and namesakes looks the same, and would teach that birth dates mean nothing.
    """
    return _capped(f, m, np.minimum(_MOST * before, 1.0))


def _capped(f: int, m: Floats, most: Floats) -> Floats:
    """Conflicts at ``most`` at most; what they lose goes to the other levels of their distribution."""
    field, result, full = FIELDS[f], m, set[int]()
    while high := {x for x in field.conflicts if x not in full and result[x] > most[x]}:
        full |= high  # what they lose may lift others above theirs
        result = result.copy()
        for group in field.groups:
            here = [level for level in group if level in full]
            rest = [level for level in group if level not in full]
            if here and rest:
                result[here] = most[here]
                result[rest] *= (1 - most[here].sum()) / result[rest].sum()
    return result


@cache
def _upper_sets(f: int, group: int) -> Bools:
    """The sets of a group's levels that hold, with a level, all that agree more (sets x levels)."""
    field = FIELDS[f]
    levels = field.groups[group]
    above = [
        (levels.index(more), levels.index(less))
        for chain in field.chains
        for more, less in pairwise(chain)
        if more in levels
    ]
    places = range(len(levels))
    sets = [set(c) for size in places for c in combinations(places, size + 1)]
    upper = [s for s in sets if all(more in s for more, less in above if less in s)]
    return np.array([[place in s for place in places] for s in upper])
