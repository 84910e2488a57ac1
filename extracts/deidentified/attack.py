"""An attacker on de-identified rows, who fills in whatever can be filled in before looking for somebody.

The attacker has the release and nothing else. From the rows that show a quasi-identifier rules are
mined: what a column, or a pair of columns, is worth for it, their emptied cells being a value like any
other; from a person's other rows what stays the same. The companions of columns say which empty cells were emptied: those are
filled; that nothing is recorded is a value to find, and to find from. Rules fill empty cells, filled cells feed rules,
until nothing changes: first rules without an exception, then those that hold in 95 of 100 rows.

Then persons are counted who look alike in what the attacker *believes*. A wrong belief counts like a
true one: who is singled out by mistake is harmed, too. The module shares nothing with those
that suppress and measure; classes are counted here once more, exactly.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa

from extracts.deidentified.coded_rows import (
    PERSON,
    CodedRows,
    Ints,
    Mask,
    Sources,
    differs,
    histories,
    numbered,
    once,
    together,
)
from extracts.deidentified.rules import (
    EXACT,
    NEAR,
    Likes,
    Places,
    Rule,
    key_of,
    mine,
)

_OTHERS: Sources = ("no quasi-identifiers",)
_FEW = 4  # rules, for which rows that look alike are not put together


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
        table: rows as they would leave, with the companions of columns of which cells were emptied.
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
    coarser = {n: chain[: chain.index(n)] for chain in versions for n in chain}
    board = _Board(
        CodedRows(table, quasi_identifiers, references, memory, rows_alone=rows_alone),
        coarser,
        thorough=thorough,
        everywhere=everywhere,
    )
    if thorough:
        board.fill(EXACT)
    below_exact, exact = _alike(board, k, rows_alone=rows_alone)
    parted = board.parted() if below_exact.any() else {}
    board.fill(NEAR)
    below_near, near = _alike(board, k, rows_alone=rows_alone)
    exposed = (below_exact | below_near)[board.rows.person]
    sources = board.inferred_from(exposed, parted) if exposed.any() else {}
    filled: dict[str, Ints] = {name: codes[board.of] for name, codes in board.now.items()}
    return Attack(exact, near, dict(board.rules), exposed, sources, filled)


class _Asked:
    """Rows for which rules are asked, and what they show: a column's codes are taken when it is looked at."""

    def __init__(self, shown: Mapping[str, Ints], rows: Ints) -> None:
        self._shown, self.rows = shown, rows
        self._taken: dict[str, Ints] = {}
        self._alike: dict[Sources, tuple[_Asked, Ints]] = {}

    def __getitem__(self, name: str) -> Ints:
        if name not in self._taken:
            self._taken[name] = self._shown[name][self.rows]
        return self._taken[name]

    def __len__(self) -> int:
        return self.rows.size

    def alike(self, names: Sources, number: Callable[[], Ints]) -> "tuple[_Asked, Ints]":
        """One row of each number, and the rows' numbers."""
        if names not in self._alike:
            numbers = number()
            one = np.empty(int(numbers.max(initial=-1)) + 1, np.int64)
            one[numbers] = np.arange(numbers.size)
            self._alike[names] = _Asked(self._shown, self.rows[one]), numbers
        return self._alike[names]

    def leave_out(self, filled: Mask) -> None:
        """Rows that were filled in are asked for no more."""
        if filled.any():
            left = ~filled
            self.rows = self.rows[left]
            self._taken = {name: codes[left] for name, codes in self._taken.items()}
            self._alike = {n: (one, number[left]) for n, (one, number) in self._alike.items()}


class _Board:
    """Kinds of rows, and what the attacker has put into their empty cells so far.

    Rows that show the same, of persons whose other rows say the same, are filled alike: they are one kind, which
    counts as many.
    """

    def __init__(
        self,
        rows: CodedRows,
        coarser: Mapping[str, Sequence[str]],
        *,
        thorough: bool,
        everywhere: bool,
    ) -> None:
        self.rows, self.levels, self.targets = rows, rows.levels, rows.targets
        besides = together(rows.others, self.levels, rows.base, rows.person.size)
        filled_too = np.ones(besides.size, bool) if everywhere else differs(rows.group, besides)
        kind = rows.said * (besides.max(initial=0) + 1) + besides
        self.of = numbered(2 * kind + filled_too)
        self.many = np.bincount(self.of)
        one = np.empty(self.many.size, np.int64)
        one[self.of] = np.arange(self.of.size)
        self.base: dict[str, Ints] = {
            n: codes[one].astype(np.int64) for n, codes in rows.base.items()
        }
        self.now = {n: self.base[n].copy() if n in rows.quasi else self.base[n] for n in rows.names}
        self.person, self.alike, self.filled_too = (
            rows.person[one],
            rows.alike[one],
            filled_too[one],
        )
        self.beside = {
            n: [(c, self._beside(n, c)) for c in coarser.get(n, ()) if self.levels[c]]
            for n in self.targets
        }
        self.context = {  # what coarser versions are shown, which decides what values are possible
            n: together([c for c, _ in beside], self.levels, self.base, self.many.size)
            for n, beside in self.beside.items()
        }
        self.besides = besides[one]
        self.seen = (
            self.alike.copy()
        )  # a number for each kind, the same where quasi-identifiers are shown the same
        self.changed = np.zeros(self.many.size, np.int64)
        self.rules: dict[tuple[str, Sources], int] = {}
        self.filled = self.clock = 0
        pairs = [
            two
            for two in combinations(rows.names, 2)
            if thorough or not {*rows.others}.isdisjoint(two)
        ]
        self.sources: list[list[Sources]] = [[()], [PERSON], [(n,) for n in rows.names], pairs]
        self.mined = {(n, PERSON): rule for n, rule in rows.of_persons.items()}
        self._mine([(), *((n,) for n in rows.names), *pairs], thorough=thorough)
        self.surest: dict[tuple[str, int], _Surest] = {}

    def _mine(self, sources: Iterable[Sources], *, thorough: bool) -> None:
        """Mine all rules; those of columns that show what they did in the attack before are known."""
        mined: dict[Sources, list[Sources]] = {}  # by what of them is no quasi-identifier
        for one in sources:
            mined.setdefault(tuple(n for n in one if n in self.rows.others), []).append(one)
        shown = {n: np.bincount(self.base[n], self.many, self.levels[n] + 1) for n in self.targets}
        for besides, several in mined.items():
            key = ("mined", besides, thorough or bool(besides))
            if not self.rows.same.issuperset(besides):
                self.rows.memory.pop(key, None)
            self.mined |= once(
                self.rows.memory,
                key,
                lambda besides=besides, several=several: dict(
                    self._mine_all(besides, several, shown)
                ),
            )

    def _beside(self, target: str, coarser: str) -> Mask:
        """Which value of the target some row shows beside which of a coarser version; an emptied cell beside all."""
        found = np.zeros((self.levels[coarser] + 1, self.levels[target] + 1), bool)
        found[self.base[coarser], self.base[target]] = True
        found[-1], found[:, -1] = True, True
        return found

    def _possible(self, target: str, value: Ints, rows: Ints) -> Mask:
        """Whether the coarser versions that rows show (not: are believed to have) let a value be."""
        possible = np.ones(np.broadcast_shapes(value.shape, rows.shape), bool)
        for coarser, beside in self.beside[target]:
            possible &= beside[self.base[coarser][rows], value]
        return possible

    def parted(self) -> dict[str, Mask]:
        """Quasi-identifier → rows of groups in which it is believed to differ."""
        return {n: differs(self.rows.group, self.now[n][self.of]) for n in self.targets}

    def inferred_from(self, exposed: Mask, before: dict[str, Mask]) -> dict[Sources, Mask]:
        """What other columns part exposed rows by, now or ``before``: every rule that would."""
        found: dict[Sources, Mask] = {}
        group, others = self.rows.group, self.rows.others
        parted, own = self.parted(), {n: differs(group, self.rows.base[n]) for n in others}
        exposed = exposed & self.filled_too[self.of]
        for target in self.targets:
            apart = parted[target] | before.get(target, False)
            empty = self.rows.base[target] == self.levels[target]
            places = np.flatnonzero(exposed & apart & empty)
            asked = _Asked(self.now, self.of[places])
            for sources in [one for several in self.sources for one in several]:
                besides = tuple(n for n in sources if n in others)
                rule = self.mined.get((target, sources))
                if besides and rule is not None and len(asked):
                    there, here = rule.find(key_of(sources, asked, self.levels))
                    able = self._possible(target, rule.value[here], asked.rows[there])
                    rows = places[there[able]]
                    kinds = sum(own[n][rows].astype(np.int64) << at for at, n in enumerate(besides))
                    for kind in range(1, 1 << len(besides)):  # what is the same tells nobody apart
                        those = tuple(n for at, n in enumerate(besides) if kind >> at & 1)
                        found.setdefault(those, np.zeros(group.size, bool))[rows[kinds == kind]] = (
                            True
                        )
        return found

    def _likes(self, besides: Sources) -> Likes:
        """Rows alike in all quasi-identifiers and some other columns, as one row each, and how many they are."""
        number = self.alike
        for name in besides:
            number = number * (self.levels[name] + 1) + self.base[name]
        number = numbered(number)
        many = np.bincount(number, self.many)
        first = np.empty(many.size, np.int64)
        first[number] = np.arange(number.size)
        table = {name: self.base[name][first] for name in (*self.rows.quasi, *besides)}
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
                asked = _Asked(self.now, np.flatnonzero(empty))
                for step in range(len(self.sources)):  # none, other rows, columns, pairs
                    hit = self._fill(target, step, confidence, asked)
                    changed |= bool(hit.any())
                    asked.leave_out(hit)

    def _fill(self, target: str, step: int, confidence: float, asking: "_Asked") -> Mask:
        """Fill the target's empty cells with the surest of several rules, the first of equals; which were."""
        rows = asking.rows
        surest = self._surest(target, step)
        able, best = surest.able[confidence], np.zeros(rows.size, np.int32)
        for names, several in surest.rules.items() if rows.size else ():
            if names == PERSON or len(several) < _FEW:
                asked, number = asking, None
            else:
                asked, number = asking.alike(
                    names, lambda names=names: self._alike(target, names, asking)
                )
            offset, found = (
                self.context[target][asked.rows] * surest.value.size,
                np.zeros(len(asked), np.int32),
            )
            for at, last, places in several:
                if last >= surest.first[confidence]:
                    sources = self.sources[step][at]
                    key = (
                        self.person[asked.rows]
                        if sources == PERSON
                        else key_of(sources, asked, self.levels)
                    )
                    np.maximum(found, able[offset + places[key]], out=found)
            np.maximum(best, found if number is None else found[number], out=best)
        hit = best > 0
        of, value = rows[hit], surest.value[best[hit]]
        self.now[target][of] = value
        told = numbered(self.seen[of] * (self.levels[target] + 2) + value)
        self.seen[of] = told + int(self.seen.max(initial=0)) + 1
        self.filled += int(self.many[of].sum())
        self.clock += 1
        self.changed[of] = self.clock
        cells = np.bincount(surest.number[best[hit]], self.many[of])
        for number in np.flatnonzero(cells).tolist():
            rule = target, self.sources[step][number]
            self.rules[rule] = self.rules.get(rule, 0) + int(cells[number])
        return hit

    def _alike(self, target: str, names: Sources, asked: _Asked) -> Ints:
        """A number for each row asked, the same where rules see the same: other columns only, or quasi-identifiers and some."""
        context = self.context[target][asked.rows]
        if names == _OTHERS:
            number = self.besides[asked.rows]
        elif names:
            number, levels = asked.alike((), lambda: self._alike(target, (), asked))[1], self.levels
            return numbered(number * (levels[names[0]] + 1) + asked[names[0]])
        else:
            number = self.seen[asked.rows]
        return numbered(number * (int(context.max(initial=0)) + 1) + context)

    def _surest(self, target: str, step: int) -> "_Surest":
        if (target, step) not in self.surest:
            rules: dict[Sources, list[tuple[int, Rule]]] = {}
            for number, sources in enumerate(self.sources[step]):
                if (rule := self.mined.get((target, sources))) is not None and rule.pattern.size:
                    names = tuple(n for n in sources if n in self.rows.others)
                    names = names if sources == PERSON or len(names) < len(sources) else _OTHERS
                    rules.setdefault(PERSON if sources == PERSON else names, []).append(
                        (number, rule)
                    )
            one = np.zeros(int(self.context[target].max(initial=-1)) + 1, np.int64)
            one[self.context[target]] = np.arange(self.many.size)
            self.surest[target, step] = _Surest.of(
                rules, lambda value: self._possible(target, value, one[:, None])
            )
        return self.surest[target, step]

    def _mine_all(
        self, besides: Sources, several: list[Sources], shown: Mapping[str, Ints]
    ) -> Iterator[tuple[tuple[str, Sources], Rule]]:
        likes = self._likes(besides)
        for sources in several:
            for target, rule in mine(sources, self.targets, likes, self.levels, shown):
                yield (target, sources), rule


@dataclass(frozen=True)
class _Surest:
    """Patterns of several rules, each with a place from 1, the surest last.

    Of equals that with more rows is the surer, then that of the earlier rule.

    Attributes:
        rules: columns that are no quasi-identifiers → number, last place and places by pattern (0 where it
            says nothing) of each rule with them.
        value: what is said, by place.
        number: of the rule, by place.
        able: confidence → a place for each context and place: the same where it is as sure and its value is
            possible, else 0.
        first: confidence → the first place that is as sure.
    """

    rules: dict[Sources, list[tuple[int, int, Ints | Places]]]
    value: Ints
    number: Ints
    able: dict[float, Ints]
    first: dict[float, int]

    @classmethod
    def of(
        cls, rules: Mapping[Sources, list[tuple[int, Rule]]], possible: Callable[[Ints], Mask]
    ) -> "_Surest":
        """Order what rules say; ``possible`` says by context which values are."""
        listed = [one for several in rules.values() for one in several]
        number = np.repeat([n for n, _ in listed], [rule.pattern.size for _, rule in listed])
        none = np.zeros(0, np.int64)
        value, sure, size = (
            np.concatenate([none, *told])
            for told in (
                [r.value for _, r in listed],
                [r.sure for _, r in listed],
                [r.size for _, r in listed],
            )
        )
        order = np.lexsort((-number, size, sure))
        place = np.empty(order.size, np.int32)
        place[order] = np.arange(1, order.size + 1)
        placed: dict[Sources, list[tuple[int, int, Ints | Places]]] = {}
        for names, several in rules.items():
            for n, rule in several:
                mine, place = place[: rule.pattern.size], place[rule.pattern.size :]
                placed.setdefault(names, []).append((n, int(mine.max()), rule.places(mine)))
        value, number = np.append(0, value[order]), np.append(0, number[order]).astype(np.int64)
        able = np.where(possible(value.astype(np.int64)), np.arange(value.size, dtype=np.int32), 0)
        first = {c: 1 + int(np.searchsorted(sure[order], c)) for c in (EXACT, NEAR)}
        return cls(
            placed,
            value.astype(np.int64),
            number,
            {c: np.where(able >= at, able, 0).ravel() for c, at in first.items()},
            first,
        )


def _alike(board: _Board, k: int, *, rows_alone: bool) -> tuple[Mask, Alike]:
    """Who is in a class that is too small (by the person's code), and the classes' sizes."""
    row = together(board.rows.quasi, board.levels, board.now, board.many.size)
    row, person = numbered(2 * row + board.filled_too)[board.of], board.rows.person
    people = int(person.max(initial=-1)) + 1
    if rows_alone:
        pairs = np.unique(row * max(1, people) + person)
        sizes = np.bincount(pairs // max(1, people))
        smallest = np.full(people, people, np.int64)
        np.minimum.at(smallest, person, sizes[row])
    else:
        history = histories(person, row, people)
        smallest = np.bincount(history)[history]
    below = smallest < k
    unique, least = int((smallest == 1).sum()), int(smallest.min(initial=people))
    return below, Alike(least, unique, int(below.sum()), people, board.filled)
