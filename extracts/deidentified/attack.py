"""An attacker on de-identified rows, who fills in whatever can be filled in before looking for somebody.

The attacker has the release and nothing else. From the rows that show a quasi-identifier rules are
mined: what a column, or a pair of columns, is worth for it, their empty cells being a value like any
other; from a person's other rows what stays the same. Rules fill empty cells, filled cells feed rules,
until nothing changes: first rules without an exception, then those that hold in 95 of 100 rows. A
pattern in which a column is always empty says that it has no value there, not that it was taken.

Then persons are counted who look alike in what the attacker *believes*. A wrong belief counts like a
true one: who is singled out by mistake is harmed, too. The module shares nothing with those
that suppress and measure; classes are counted here once more, exactly.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from extracts.deidentified.rules import EXACT, NEAR, Likes, Rule, key_of, mine, rule_of_persons

T = TypeVar("T")
Ints = npt.NDArray[np.integer[Any]]
Mask = npt.NDArray[np.bool_]
Sources = tuple[str, ...]

_LARGEST = 1 << 62  # of a number made of several codes
_PERSON: Sources = ("the person's other rows",)


@dataclass(frozen=True)
class Alike:
    """Persons by how many look like them to the attacker.

    Attributes:
        smallest: persons in the smallest class.
        unique: persons alone in theirs.
        below: persons in classes that are too small.
        persons: all of them.
        filled: cells that were filled in.
    """

    smallest: int
    unique: int
    below: int
    persons: int
    filled: int

    @property
    def share_below(self) -> float:
        """Share of persons in classes that are too small, 0 to 1."""
        return self.below / self.persons if self.persons else 0.0

    def as_json(self) -> dict[str, object]:
        """Plain numbers, for the report."""
        return {
            "k": self.smallest,
            "unique_persons": self.unique,
            "persons_below": self.below,
            "share_below": round(self.share_below, 4),
            "cells_filled": self.filled,
        }


@dataclass(frozen=True)
class Attack:
    """What the attacker got.

    Attributes:
        exact: classes after rules without an exception.
        near: classes after those that hold in 95 of 100 rows, too.
        rules: (column, its sources) → cells that were filled so.
        exposed: rows of persons in classes that are too small after either.
        inferred_from: columns that are no quasi-identifiers, one or two → exposed rows where, with quasi-identifiers
            or without, they give back an emptied value that rows which look alike don't share.
        filled: the table as the attacker believes it, codes of ``np.unique``-like numbering, by column.
    """

    exact: Alike
    near: Alike
    rules: dict[tuple[str, tuple[str, ...]], int]
    exposed: Mask = field(repr=False)
    inferred_from: dict[Sources, Mask] = field(repr=False)
    filled: dict[str, Ints] = field(repr=False)


def attack(
    table: pa.Table,
    quasi_identifiers: Sequence[str],
    references: Sequence[str],
    k: int,
    *,
    rows_alone: bool = False,
    thorough: bool = True,
    everywhere: bool = False,
    versions: Sequence[Sequence[str]] = (),
    memory: dict[object, Any] | None = None,
) -> Attack:
    """Fill in what can be filled in, and count who is left alike.

    Args:
        table: rows as they would leave.
        quasi_identifiers: columns that the attacker is taken to know of a person.
        references: columns of research ids, the person's first.
        k: persons of a class that is large enough.
        rows_alone: classes over single rows instead of whole histories.
        thorough: rules without an exception first, and pairs of quasi-identifiers, too. What they say is
            the same of all who look alike: it parts nobody by itself, but may feed a rule that does.
        everywhere: fill rows, too, of which all that look alike show the same in every other column: all would
            be filled alike. Without them classes are counted no larger than they are.
        versions: quasi-identifiers that are versions of one thing, the coarsest first: no value is believed that
            no row shows beside the coarser version that its row shows.
        memory: what quasi-identifiers say by themselves, of an attack on rows that differ in other columns alone.
    """
    memory = {} if memory is None else memory
    person = _once(memory, "person", lambda: _codes(table[references[0]])[0])
    coarser = {n: chain[: chain.index(n)] for chain in versions for n in chain}
    board = _Board(table, quasi_identifiers, references, person, coarser, memory, thorough=thorough)
    group = _once(memory, "groups", lambda: board.groups(rows_alone=rows_alone))
    if not everywhere:
        board.leave_out(group)
    if thorough:
        board.fill(EXACT)
    below_exact, exact = _alike(board, k, rows_alone=rows_alone)
    parted = board.parted(group) if below_exact.any() else {}
    board.fill(NEAR)
    below_near, near = _alike(board, k, rows_alone=rows_alone)
    exposed = (below_exact | below_near)[person]
    sources = board.inferred_from(exposed, group, parted) if exposed.any() else {}
    return Attack(exact, near, dict(board.rules), exposed, sources, board.now)


class _Asked:
    """Rows for which rules are asked, and what they show: a column's codes are taken when it is looked at."""

    def __init__(self, shown: Mapping[str, Ints], rows: Ints) -> None:
        self._shown, self.rows = shown, rows
        self._taken: dict[str, Ints] = {}

    def __getitem__(self, name: str) -> Ints:
        if name not in self._taken:
            self._taken[name] = self._shown[name][self.rows]
        return self._taken[name]

    def __len__(self) -> int:
        return self.rows.size

    def leave_out(self, filled: Mask) -> None:
        """Rows that were filled in are asked for no more."""
        if filled.any():
            self.rows = self.rows[~filled]
            self._taken = {name: codes[~filled] for name, codes in self._taken.items()}


class _Board:
    """The release in codes, and what the attacker has put into its empty cells so far.

    A column's values are 0 to ``levels - 1``; ``levels`` is an empty cell and ``levels + 1`` the
    belief that there is no value. ``shown`` is what rules are asked with: that belief shows nothing.
    """

    def __init__(
        self,
        table: pa.Table,
        quasi: Sequence[str],
        references: Sequence[str],
        person: Ints,
        coarser: Mapping[str, Sequence[str]],
        memory: dict[object, Any],
        *,
        thorough: bool,
    ) -> None:
        self.names = [n for n in table.column_names if n not in references]
        coded = {
            n: _once(memory if n in quasi else {}, n, lambda n=n: _codes(table[n]))
            for n in self.names
        }
        self.base = {n: codes for n, (codes, _) in coded.items()}
        self.levels = {n: levels for n, (_, levels) in coded.items()}
        self.now = {n: self.base[n].copy() if n in quasi else self.base[n] for n in self.names}
        self.shown = {n: self.now[n].copy() if n in quasi else self.base[n] for n in self.names}
        self.quasi = list(quasi)
        self.targets = [
            n for n in quasi if self.levels[n] and (self.base[n] == self.levels[n]).any()
        ]
        self.many = {n: np.bincount(self.base[n], minlength=self.levels[n] + 1) for n in quasi}
        self.person = person
        self.beside = {
            n: [(c, self._beside(n, c)) for c in coarser.get(n, ()) if self.levels[c]]
            for n in self.targets
        }
        self.changed = np.zeros(table.num_rows, np.int64)
        self.rules: dict[tuple[str, Sources], int] = {}
        self.filled = self.clock = 0
        self.filled_too = np.ones(table.num_rows, bool)
        self.alike = _once(memory, "alike", lambda: self.rows(quasi))  # nothing is filled in yet
        self.others = others = set(self.names).difference(quasi)
        pairs = [two for two in combinations(self.names, 2) if thorough or others.intersection(two)]
        self.sources: list[list[Sources]] = [[()], [_PERSON], [(n,) for n in self.names], pairs]
        mined: dict[Sources, list[Sources]] = {}  # by what of them is no quasi-identifier
        for sources in [(), *((n,) for n in self.names), *pairs]:
            mined.setdefault(tuple(n for n in sources if n in others), []).append(sources)
        self.mined = {
            (target, sources): rule
            for besides, several in mined.items()
            for target, sources, rule in _once(
                {} if besides else memory,
                ("mined", thorough),
                lambda besides=besides, several=several: list(self._mine_all(besides, several)),
            )
        }
        for n in self.targets:
            self.mined[n, _PERSON] = _once(
                memory,
                (n, _PERSON),
                lambda n=n: rule_of_persons(person, self.base[n], self.levels[n]),
            )

    def _beside(self, target: str, coarser: str) -> Mask:
        """Which value of the target some row shows beside which of a coarser version; an empty cell beside all."""
        found = np.zeros((self.levels[coarser] + 1, self.levels[target] + 2), bool)
        found[self.base[coarser], self.base[target]] = True
        found[-1], found[:, self.levels[target] :] = True, True
        return found

    def _possible(self, target: str, value: Ints, asked: "_Asked", there: Ints) -> Mask:
        """Whether the coarser versions that rows show (not: are believed to have) let a value be."""
        possible = np.ones(there.size, bool)
        for coarser, beside in self.beside[target]:
            possible &= beside[self.base[coarser][asked.rows[there]], value]
        return possible

    def groups(self, *, rows_alone: bool) -> Ints:
        """A number for each row, the same where rows of the release look alike, and so do their persons' histories."""
        group = self.alike
        if not rows_alone:
            history = _histories(self.person, group, int(self.person.max(initial=-1)) + 1)
            group = _numbered(history[self.person] * (group.max(initial=0) + 1) + group)
        return group

    def leave_out(self, group: Ints) -> None:
        """Leave out rows whose likes show the same in all other columns."""
        self.filled_too = _differs(group, self.rows(n for n in self.names if n in self.others))

    def parted(self, group: Ints) -> dict[str, Mask]:
        """Quasi-identifier → rows of groups in which it is believed to differ."""
        return {name: _differs(group, self.now[name]) for name in self.targets}

    def inferred_from(
        self, exposed: Mask, group: Ints, before: dict[str, Mask]
    ) -> dict[Sources, Mask]:
        """What other columns part exposed rows by, now or ``before``: every rule that would."""
        found: dict[Sources, Mask] = {}
        parted, own = self.parted(group), {n: _differs(group, self.base[n]) for n in self.others}
        for target in self.targets:
            apart = parted[target] | before.get(target, False)
            empty = self.base[target] == self.levels[target]
            asked = _Asked(self.shown, np.flatnonzero(exposed & apart & empty & self.filled_too))
            for sources in [one for several in self.sources for one in several]:
                besides = tuple(n for n in sources if n in self.others)
                rule = self.mined.get((target, sources))
                if besides and rule is not None and len(asked):
                    there, here = rule.find(key_of(sources, asked, self.levels), NEAR)
                    rows = asked.rows[there[self._possible(target, rule.value[here], asked, there)]]
                    kinds = sum(own[n][rows].astype(np.int64) << at for at, n in enumerate(besides))
                    for kind in range(1, 1 << len(besides)):  # what is the same tells nobody apart
                        those = tuple(n for at, n in enumerate(besides) if kind >> at & 1)
                        found.setdefault(those, np.zeros(group.size, bool))[rows[kinds == kind]] = (
                            True
                        )
        return found

    def rows(self, names: Iterable[str]) -> Ints:
        """A number for each row, the same where rows are believed to be alike in these columns."""
        row, width = np.zeros(self.person.size, np.int64), 1
        for name in names:
            if width * (self.levels[name] + 2) >= _LARGEST:
                row = _numbered(row)
                width = int(row.max(initial=0)) + 1
            row = row * (self.levels[name] + 2) + self.now[name]
            width *= self.levels[name] + 2
        return _numbered(row)

    def _likes(self, besides: Sources) -> Likes:
        """Rows alike in all quasi-identifiers and some other columns, as one row each, and how many they are."""
        number = self.alike
        for name in besides:
            number = number * (self.levels[name] + 1) + self.base[name]
        number = _numbered(number)
        many = np.bincount(number)
        first = np.empty(many.size, np.int64)
        first[number] = np.arange(number.size)
        table = {name: self.base[name][first] for name in (*self.quasi, *besides)}
        return Likes(table, many.astype(np.float64))

    def fill(self, confidence: float) -> None:
        """Fill to a fixed point with rules of at least this confidence."""
        looked = dict.fromkeys(self.targets, -1)
        changed = True
        while changed:
            changed = False
            for target in self.targets:
                new = self.changed > looked[target]  # elsewhere nothing more is known than before
                looked[target] = self.clock
                empty = (self.now[target] == self.levels[target]) & new & self.filled_too
                asked = _Asked(self.shown, np.flatnonzero(empty))
                for several in self.sources:  # none, the person's other rows, columns, pairs
                    hit = self._fill(target, several, confidence, asked)
                    changed |= bool(hit.any())
                    asked.leave_out(hit)

    def _fill(
        self, target: str, several: list[Sources], confidence: float, asking: "_Asked"
    ) -> Mask:
        """Fill the target's empty cells with the surest of several rules, the first of equals; which were."""
        rows = asking.rows
        sure, support = np.zeros(rows.size), np.zeros(rows.size, np.int64)
        value, chosen = np.full((2, rows.size), -1)
        for number, sources in enumerate(several if rows.size else ()):
            if (rule := self.mined.get((target, sources))) is None:
                continue
            asked = (
                self.person[rows] if sources == _PERSON else key_of(sources, asking, self.levels)
            )
            there, here = rule.find(asked, confidence)
            possible = self._possible(target, rule.value[here], asking, there)
            there, here = there[possible], here[possible]
            c, n = rule.sure[here], rule.size[here]
            better = (c > sure[there]) | ((c == sure[there]) & (n > support[there]))
            there, here = there[better], here[better]
            value[there], sure[there] = rule.value[here], rule.sure[here]
            support[there], chosen[there] = rule.size[here], number
        hit = value >= 0
        self.now[target][rows[hit]] = value[hit]
        self.shown[target][rows[hit]] = np.minimum(value[hit], self.levels[target])
        self.filled += int(hit.sum())
        self.clock += 1
        self.changed[rows[hit]] = self.clock
        for number in np.unique(chosen[hit]).tolist():
            sources, of = several[number], rows[chosen == number]
            self.rules[target, sources] = self.rules.get((target, sources), 0) + of.size
        return hit

    def _mine_all(
        self, besides: Sources, several: list[Sources]
    ) -> Iterator[tuple[str, Sources, Rule]]:
        likes = self._likes(besides)
        for sources in several:
            for target, rule in mine(sources, self.targets, likes, self.levels, self.many):
                yield target, sources, rule


def _once(memory: dict[object, Any], key: object, make: Callable[[], T]) -> T:
    if key not in memory:
        memory[key] = make()
    return memory[key]


def _numbered(values: Ints) -> Ints:
    """A number from 0 for each value, the same for the same."""
    return pa.array(values).dictionary_encode().indices.to_numpy().astype(np.int64)


def _codes(column: pa.ChunkedArray) -> tuple[Ints, int]:
    """A column's values as numbers from 0, an empty cell as the number after the last."""
    one = column.combine_chunks().dictionary_encode()
    one = one.combine_chunks() if isinstance(one, pa.ChunkedArray) else one
    levels = len(one.dictionary)
    return one.indices.fill_null(levels).to_numpy(zero_copy_only=False).astype(np.int32), levels


def _differs(group: Ints, value: Ints) -> Mask:
    """Rows of groups that have several values."""
    first = np.zeros(int(group.max(initial=-1)) + 1, np.int64)
    first[group] = value
    return (np.bincount(group, first[group] != value, first.size) > 0)[group]


def _alike(board: _Board, k: int, *, rows_alone: bool) -> tuple[Mask, Alike]:
    """Who is in a class that is too small (by the person's code), and the classes' sizes."""
    row = _numbered(2 * board.rows(board.quasi) + board.filled_too)
    people = int(board.person.max(initial=-1)) + 1
    if rows_alone:
        pairs = np.unique(row * max(1, people) + board.person)
        sizes = np.bincount(pairs // max(1, people))
        smallest = np.full(people, people, np.int64)
        np.minimum.at(smallest, board.person, sizes[row])
    else:
        history = _histories(board.person, row, people)
        smallest = np.bincount(history)[history]
    below = smallest < k
    unique, least = int((smallest == 1).sum()), int(smallest.min(initial=people))
    return below, Alike(least, unique, int(below.sum()), people, board.filled)


def _histories(person: Ints, row: Ints, people: int) -> Ints:
    """A number for each person, the same where the multisets of their rows are the same."""
    order = np.lexsort((row, person))
    rows, count = row[order], np.bincount(person, minlength=people)
    start = np.cumsum(count) - count
    number, offset = np.zeros(people, np.int64), 1
    width = int(row.max(initial=0)) + 1
    for nth in range(int(count.max(initial=0))):
        who = np.flatnonzero(count > nth)
        found = _numbered(number[who] * width + rows[start[who] + nth])
        number[who] = found + offset
        offset += int(found.max()) + 1
    return number
