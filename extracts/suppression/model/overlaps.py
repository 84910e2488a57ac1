"""Levels of several tables that cut a dimension differently: the sets that their differences make.

Where one table has 0-17 and another 0-19, anybody subtracts. All tables of such a dimension are cut into
the classes that their levels make together (0-17, 18-19, 20 and over), and their levels are groups of those; further
groups are the differences and meets of two levels. Nobody lists them, so that they are hidden from the start.
Levels that nest cleanly need no cut: the table with the finer ones gets the coarser ones as groups.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from extracts.suppression.codebook import TOTAL, Atoms, name_of
from extracts.suppression.model.tables import Dimension

Levels = Mapping[str, Atoms]  # level of one table, groups and TOTAL included, to its atoms


def overlap(families: Sequence[Sequence[Atoms]]) -> bool:
    """Whether some level of one table is neither apart from another's, nor within it, nor made of its levels."""
    if any(sum(map(len, one)) != len(frozenset().union(*one)) for one in families):
        return True  # within one table
    distinct = {frozenset(one) for one in families}
    for one in distinct:
        for other in distinct - {one}:
            for level in one - other:
                met = [its for its in other if its & level]
                within = len(met) == 1 and level <= met[0]
                if met and not within and frozenset().union(*met) != level:
                    return True
    return False


def classes_of(sets: Iterable[Atoms]) -> list[Atoms]:
    """The coarsest parts of which every set is made."""
    every = sorted(set(sets), key=sorted)
    inside: dict[str, list[int]] = {}
    for number, one in enumerate(every):
        for atom in one:
            inside.setdefault(atom, []).append(number)
    parts: dict[tuple[int, ...], set[str]] = {}
    for atom, numbers in inside.items():
        parts.setdefault(tuple(numbers), set()).add(atom)
    return [frozenset(part) for part in parts.values()]


def differences(
    tables: Sequence[Levels], leaves: Sequence[Sequence[Atoms]], classes: Sequence[Atoms]
) -> list[Atoms]:
    """Differences and meets of two levels that are neither levels nor made of the leaves of one table."""
    every = {its for levels in tables for level, its in levels.items() if level != TOTAL and its}
    found = {
        part
        for one, other in combinations(every, 2)
        if one & other
        for part in (one - other, other - one, one & other)
    } - every.union(classes, [frozenset()])
    return [
        part
        for part in sorted(found, key=sorted)
        if all(frozenset().union(*(x for x in own if x <= part)) != part for own in leaves)
    ]


def cut(
    dim: Dimension, atoms: Levels, classes: Sequence[Atoms], further: Sequence[Atoms]
) -> tuple[Dimension, dict[str, Atoms]]:
    """A dimension whose leaves are classes, its own levels and further sets being groups of them."""
    covered = frozenset().union(*atoms.values())
    mine = sorted((c for c in classes if c <= covered), key=sorted)
    leaf_of = {atoms[leaf]: leaf for leaf in reversed(dim.leaves)}
    names: dict[str, Atoms] = {leaf_of.get(c) or name_of(c, atoms): c for c in mine}
    apart = frozenset().union(*classes)
    names |= {x: atoms[x] for x in dim.leaves if not atoms[x] & apart}  # zero in every table
    leaves = tuple(names)
    groups = {x: atoms[x] for x in dim.leaves if x not in names}
    groups |= {name_of(x, atoms): x for x in further if x <= covered}
    groups |= {x: atoms[x] for x, _ in dim.groups}
    beneath = [(x, tuple(n for n in leaves if names[n] <= its)) for x, its in groups.items()]
    return Dimension(dim.name, leaves, tuple(beneath)), names | groups


def joined_above(
    dim: Dimension, atoms: Levels, coarser: Iterable[Atoms]
) -> tuple[Dimension, dict[str, Atoms]]:
    """A dimension with further groups: sets that other tables list and that are made of its leaves."""
    have = set(atoms.values())
    more: dict[str, Atoms] = {}
    for one in sorted(set(coarser) - have, key=sorted):
        inside = [leaf for leaf in dim.leaves if atoms[leaf] and atoms[leaf] <= one]
        if len(inside) > 1 and frozenset().union(*(atoms[x] for x in inside)) == one:
            more[name_of(one, atoms)] = one
    beneath = [(x, tuple(n for n in dim.leaves if atoms[n] <= its)) for x, its in more.items()]
    groups = (*(g for g in dim.groups if g[0] != TOTAL), *beneath)
    groups += tuple(g for g in dim.groups if g[0] == TOTAL)
    return Dimension(dim.name, dim.leaves, groups), {**atoms, **more}
