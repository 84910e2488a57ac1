"""Labels that tables, earlier tables and hierarchies spell or cut differently: settled, or refused.

An attacker reads "a" and "A", "0-17" and "0-19", "All" and TOTAL as what they are; a program that takes
them for different levels audits a world in which nobody can subtract. So whatever the codebook or an option
does not settle is refused here, with column and row; a level itself is shown only where it reads like a range, and never a day, which may be a person's.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from extracts.suppression import errors
from extracts.suppression.codebook import TOTAL, Atoms, Codebook, ancestors, span

_TOTALS = {"all", "both", "total", "totals", "overall", "sum", "any", "everyone", "grandtotal"}
Parents = Mapping[str, Mapping[str, str]]

# Default_Ignorable_Code_Point (Unicode 15, DerivedCoreProperties), and the empty braille cell: nobody sees them.
_IGNORED = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)


@dataclass(frozen=True)
class Listing:
    """The rows of one table as its file has them.

    Attributes:
        role: cells, published, linked, earlier.
        dims: its dimensions.
        rows: row number, labels, count (None where hidden).
    """

    role: str
    dims: tuple[str, ...]
    rows: Sequence[tuple[int, tuple[str, ...], int | None]]

    @cached_property
    def first(self) -> list[dict[str, int]]:
        """For each dimension, each level and the row where it comes first."""
        found: list[dict[str, int]] = [{} for _ in self.dims]
        for number, labels, _ in self.rows:
            for axis, label in enumerate(labels):
                found[axis].setdefault(label, number)
        return found

    def axis(self, name: str) -> int | None:
        """Which of the dimensions is called so."""
        return self.dims.index(name) if name in self.dims else None

    def leaves(self, axis: int, parent: Mapping[str, str]) -> set[str]:
        """Levels of a dimension in which no other of the table lies."""
        levels = set(self.first[axis]) - {TOTAL}
        return levels - {above for level in levels for above in ancestors(level, parent)}

    def used(self, axis: int) -> set[str]:
        """Levels of a dimension in which some row is hidden or not zero."""
        return {labels[axis] for _, labels, count in self.rows if count != 0}


def check_labels(tables: Sequence[Listing], parents: Parents, book: Codebook) -> None:
    """Refuse what stands for something else than it says; the first table is the one to be published.

    Raises:
        AlikeLevelsError: levels, or columns, that differ only in case, blanks or Unicode form.
        OverlappingLevelsError: levels that look like ranges and overlap.
        LevelIsTotalError: a level that is the sum of the others.
        UnknownLevelError: a level that the codebook, or the table beside it, does not know.
    """
    names = list(dict.fromkeys(name for table in tables for name in table.dims))
    for one, other in combinations(names, 2):
        if folded(one) == folded(other) and book.axis(one) != book.axis(other):
            raise errors.AlikeLevelsError(columns=[one, other])
    for name in names:
        _check_spelling(name, tables, parents.get(name, {}), book)
        if book.describes(name):
            _check_described(name, tables, parents.get(name, {}), book)
        else:
            _check_ranges(name, tables, parents.get(name, {}))
    for table in tables:
        for axis, name in enumerate(table.dims):
            _check_margin(table, axis, name, parents.get(name, {}), book)
    for name in tables[0].dims:
        for other in tables[1:]:
            _check_known(name, tables[0], other, tables, parents.get(name, {}), book)


def folded(label: str) -> str:
    """A label without case, width, blanks, what nobody sees, and ways to write an accent."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", label).casefold())
    return "".join(c for c in text if not c.isspace() and not _unseen(c))


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf") or bool(_IGNORED.fullmatch(character))


def _shown(label: str) -> dict[str, str]:
    return {"level": label} if _is_range(label) else {}


def _is_range(label: str) -> bool:
    """Whether a level reads like a range or an age that may stand in a text; a single day may be a birth date."""
    found = span(label)
    return found is not None and not (found[0] == "day" and found[1] == found[2])


def _levels(name: str, tables: Sequence[Listing]) -> list[tuple[str, str, int]]:
    """(level, role, row) of a dimension, each table's levels in the order of its rows."""
    return [
        (level, table.role, row)
        for table in tables
        if (axis := table.axis(name)) is not None
        for level, row in table.first[axis].items()
    ]


def _check_spelling(
    name: str, tables: Sequence[Listing], parent: Mapping[str, str], book: Codebook
) -> None:
    seen = {folded(TOTAL): TOTAL}
    stated = [(level, "hierarchy", 0) for pair in parent.items() for level in pair]
    for level, role, row in [*_levels(name, tables), *stated]:
        like = seen.setdefault(folded(level), level)
        if like != level and (book.known(name, level) is None or book.known(name, like) is None):
            place: dict[str, int] = {"row": row} if row else {}
            raise errors.AlikeLevelsError(column=name, table=role, **place)


def _check_described(
    name: str, tables: Sequence[Listing], parent: Mapping[str, str], book: Codebook
) -> None:
    """Of a dimension that the codebook describes every level must be named, but for a hierarchy's."""
    groups = set(parent.values())
    for level, role, row in _levels(name, tables):
        if level != TOTAL and level not in groups and book.known(name, level) is None:
            raise errors.UnknownLevelError(column=name, table=role, row=row, **_shown(level))


def _check_ranges(name: str, tables: Sequence[Listing], parent: Mapping[str, str]) -> None:
    found = {level: (role, row) for level, role, row in reversed(_levels(name, tables))}
    spans = sorted((*s[:2], s[2], level) for level in found if (s := span(level)))
    reach: list[tuple[str, int, int, str]] = []
    for kind, first, last, level in spans:
        reach = [one for one in reach if one[0] == kind and one[2] >= first]
        for _, _, _, other in reach:
            if other not in ancestors(level, parent) and level not in ancestors(other, parent):
                late = max(level, other, key=lambda x: (found[x][0] != tables[0].role, found[x][1]))
                role, row = found[late]
                shown = sorted(x for x in (level, other) if _is_range(x))
                raise errors.OverlappingLevelsError(column=name, table=role, row=row, levels=shown)
        reach.append((kind, first, last, level))


def _check_margin(
    table: Listing, axis: int, name: str, parent: Mapping[str, str], book: Codebook
) -> None:
    """Refuse a level that is the sum of all others in every slice; one slice must say so with two others."""
    slices: dict[tuple[str, ...], dict[str, int | None]] = {}
    leaves = table.leaves(axis, parent)
    for _, labels, count in table.rows:
        if labels[axis] in leaves and TOTAL not in (*labels[:axis], *labels[axis + 1 :]):
            slices.setdefault((*labels[:axis], *labels[axis + 1 :]), {})[labels[axis]] = count
    for level in sorted(leaves):
        if book.known(name, level) is None and _may_be_margin(level, slices.values(), len(leaves)):
            row = table.first[axis][level]
            raise errors.LevelIsTotalError(column=name, table=table.role, row=row)


def _may_be_margin(level: str, slices: Iterable[Mapping[str, int | None]], levels: int) -> bool:
    """Whether a level is the sum of the others wherever all is shown; by its name where that says nothing."""
    certain = False
    for counts in slices:
        own = counts.get(level, 0)
        others = [count for other, count in counts.items() if other != level]
        known = [count for count in others if count is not None]
        if own is not None:
            least = sum(known) + len(others) - len(known)  # nobody hides a zero
            if own < least or (len(known) == len(others) and own != least):
                return False
            certain |= len(known) == len(others) and sum(count > 0 for count in known) > 1
    return certain or (levels > 1 and folded(level) in _TOTALS)


def _check_known(
    name: str,
    table: Listing,
    other: Listing,
    tables: Sequence[Listing],
    parent: Mapping[str, str],
    book: Codebook,
) -> None:
    """Refuse levels that only one of two tables has, where they are more than zeros."""
    here, there = table.axis(name), other.axis(name)
    if here is None or there is None:
        return
    every = {level for level, _, _ in _levels(name, tables)} - {TOTAL}
    whole = book.with_groups({name: parent}, {name: every})
    empty = _atoms(
        [
            level
            for one in tables
            if (axis := one.axis(name)) is not None
            for level in set(one.first[axis]) - one.used(axis)
        ],
        name,
        whole,
    )
    turns = [(table, here, other, there)]
    if not book.describes(name):  # where it does, the earlier table may be about fewer levels
        turns.append((other, there, table, here))
    for known, at, looked, axis in turns:
        covered = _atoms(known.first[at], name, whole) | empty
        for level in sorted(looked.used(axis) - {TOTAL}, key=looked.first[axis].__getitem__):
            reads = span(level)
            calendar = reads is not None and reads[0] == "day"  # other years share no record
            if not calendar and not whole.atoms(name, level) <= covered:
                raise errors.UnknownLevelError(
                    column=name,
                    table=looked.role,
                    row=looked.first[axis][level],
                    missing_in=known.role,
                    **_shown(level),
                )


def _atoms(levels: Sequence[str] | Mapping[str, int], name: str, book: Codebook) -> Atoms:
    return frozenset(a for level in levels if level != TOTAL for a in book.atoms(name, level))


def nested(name: str, levels: set[str], book: Codebook) -> dict[str, str]:
    """Child to parent among the levels of a table to be published, by their atoms.

    Raises:
        OverlappingLevelsError: two levels share atoms, and neither is made of others.
    """
    atoms = {level: book.atoms(name, level) for level in levels - {TOTAL}}
    parent: dict[str, str] = {}
    for level, own in atoms.items():
        above = [other for other, its in atoms.items() if own < its]
        if above:
            parent[level] = min(above, key=lambda x: (len(atoms[x]), x))
    for level, own in atoms.items():
        kids = [atoms[kid] for kid, up in parent.items() if up == level]
        touching = [o for o, its in atoms.items() if o != level and its & own]
        if kids and frozenset().union(*kids) != own:
            raise errors.OverlappingLevelsError(column=name, **_shown(level))
        if any(not (own < atoms[o] or atoms[o] < own) for o in touching):
            raise errors.OverlappingLevelsError(column=name, **_shown(level))
    return parent
