"""The attacker's solver: least and largest values of hidden cells, by linear and integer programmes.

One programme for each connected part of what is hidden. A solution in whole numbers is a table
that the attacker can't rule out, so that it settles many cells at once; only where a bound is
fractional is the integer programme solved.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

import numpy as np

from extracts.suppression.audit.contributors import Alone, Contributors
from extracts.suppression.audit.feasibility import Cells, Hint, Place, Proofs, Vector
from extracts.suppression.audit.knowledge import Cell, Knowledge, check_constants, connected
from extracts.suppression.audit.linear_programme import LinearProgramme
from extracts.suppression.audit.local_search import LocalSearch

Measure = Literal["count", "persons"]
Verdict = list[tuple[Literal["exact", "below", "narrow"], Measure, int, int | None]]

_TOLERANCE = 1e-6
_ENDLESS = 1e9  # nothing in a register comes near it; a bound that does is none


@dataclass(frozen=True)
class Bounds:
    """What the attacker must reckon with for one cell; ``high`` is None without a bound."""

    low: int
    high: int | None


@dataclass(frozen=True, eq=False)
class _Part:
    """One connected part: its programme, the search around single cells, and a table that fits."""

    programme: LinearProgramme
    nearby: LocalSearch
    counts: Vector


class Attack:
    """One attack on what is known."""

    def __init__(
        self,
        known: Knowledge,
        threshold: int,
        *,
        intervals: bool,
        hint: Hint | None,
        protection_levels: Mapping[Place, tuple[int, int]],
        progress: Callable[[str, int, int], None] | None,
        alone: Alone | None = None,
        only: AbstractSet[int] | None = None,
    ) -> None:
        """Prepare it; the arguments are those of ``audit_table``, ``only`` the cells to attack."""
        self.known = known
        self.threshold = threshold
        self.intervals = intervals
        self.programmes = 0
        self._hint = hint
        self._demands = {
            number: protection_levels[table, labels]
            for number, cell in enumerate(known.cells)
            for table, labels, _ in cell.places
            if (table, labels) in protection_levels
        }
        self.contributors = Contributors(known, alone, threshold)
        self._only = only
        self._example: Vector | None = None
        self._proofs: Proofs | None = None
        self._progress = progress
        size = len(known.cells)
        self._seen_low = np.full(size, np.inf)
        self._seen_high = np.full(size, -np.inf)
        self._seen_people = np.full(size, -np.inf)
        self._bounds: dict[int, Bounds] = {}
        self._verdicts: dict[int, Verdict] = {}

    def run(self) -> None:
        """Attack every hidden cell.

        Raises:
            AuditInfeasibleError: nothing fits.
            AuditUnsolvedError: a bound could not be proven.
        """
        check_constants(self.known)
        self.check_hint()
        groups = connected(self.known)
        total = sum(self.known.cells[i].listed for g in groups for i in g)
        counts = np.array([c.count or 0.0 for c in self.known.cells])
        done = 0
        for group in groups:
            hidden = [n for n in group if self._attacked(self.known.cells[n]) and self._asked(n)]
            if not self.intervals and all(map(self._settled, hidden)):
                self._verdicts.update((n, Verdict()) for n in hidden)
                done += len(hidden)
                continue
            programme, nearby = LinearProgramme(self.known, group), LocalSearch(self.known, group)
            self._begin(programme, nearby, counts)
            for number in hidden:
                self._nearby(nearby, counts, number)
                self._settle(_Part(programme, nearby, counts), number)
                done += 1
                if self._progress and done % 100 == 0:
                    self._progress("audit", done, total)
            self.programmes += programme.solved + nearby.solved

    def open_cells(self) -> list[int]:
        """Hidden cells that what was believed does not settle."""
        hidden = [c.number for c in self.known.cells if c.hidden]
        return [n for n in hidden if not self._settled(n) or self.contributors.open_to(n)]

    def _asked(self, number: int) -> bool:
        return self._only is None or number in self._only

    def most_people(self) -> Vector | None:
        """The most persons of each cell in the hint's table; None where persons don't count."""
        if self._proofs is None or not self.known.has_persons:
            return None
        return self._proofs.people

    def check_hint(self) -> None:
        """Take from the hint what fits every equation."""
        if self._hint is None:
            return
        proofs = Proofs(self.known, self._hint, self.contributors.cells)
        self._example = proofs.counts
        if not proofs.fits:
            return
        self._proofs = proofs
        self._seen(np.arange(len(self.known.cells)), proofs.counts, proofs.people)
        self.take(self._hint.changes)

    def take(self, changes: Sequence[Mapping[Place, int]]) -> None:
        """Take those changes of the hint's table that fit every equation."""
        if self._proofs is None:
            return
        for change in changes:
            found = self._proofs.changed(change)
            if found is not None:
                self._seen(*found)
                self.contributors.take(self._proofs.counts, *found)

    def _seen(self, cells: Cells, counts: Vector, people: Vector) -> None:
        """Remember a table of whole numbers that the attacker can't rule out."""
        self._seen_low[cells] = np.minimum(self._seen_low[cells], counts)
        self._seen_high[cells] = np.maximum(self._seen_high[cells], counts)
        self._seen_people[cells] = np.maximum(self._seen_people[cells], people)

    @staticmethod
    def _attacked(cell: Cell) -> bool:
        return cell.hidden or cell.difference

    def _settled(self, number: int) -> bool:
        if self.known.cells[number].difference:
            nobody = self.known.floor > 0 and self._seen_low[number] < 1
            return nobody or self._people(number) >= self.threshold
        safe = self._people(number) >= self.threshold and not self._fixed(number)
        return safe and self._wide(number)

    def _wide(self, number: int) -> bool:
        """Whether tables were found in which the cell goes as far as its protection level."""
        low, high = self._demands.get(number, (np.inf, -np.inf))
        return bool(self._seen_low[number] <= low and self._seen_high[number] >= high)

    def _begin(self, programme: LinearProgramme, nearby: LocalSearch, counts: Vector) -> None:
        """Put into ``counts`` a whole table that fits, in the middle rather than at a corner.

        From a corner hardly any small change is possible. The hint's is such a table; it is checked
        like any other, so that a wrong one costs time and nothing else.
        """
        at = programme.counts
        if self._example is not None:
            counts[at] = self._example[at]
        if self._example is None or not nearby.fits(counts):
            near = None
            if (interior_point := programme.interior_point()) is not None:
                counts[at] = interior_point[: len(at)]
                near = nearby.near(counts, counts)
            counts[at] = programme.integer_solution()[: len(at)] if near is None else near[at]
        self._learn(nearby, counts)

    def _nearby(self, nearby: LocalSearch, counts: Vector, number: int) -> None:
        """Settle a cell by tables that differ from ``counts`` around it, where there are any."""
        here = counts[number]
        goals = [self.threshold] if self._people(number) < self.threshold > here else []
        for goal in (*goals, *self._demands.get(number, ()), here + 1, here - 1):
            if self._settled(number):
                return
            found = nearby.change(counts, number, float(goal))
            if found is not None:
                self._learn(nearby, found)

    def _learn(self, nearby: LocalSearch, counts: Vector) -> None:
        """Remember a whole table after checking it against every equation of its part."""
        if not nearby.fits(counts):
            return
        people = nearby.people(counts) if self.known.has_persons else counts
        if people is not None:
            self._seen(nearby.cells, counts[nearby.cells], people[nearby.cells])

    def _fixed(self, number: int) -> bool:
        return bool(self._seen_low[number] >= self._seen_high[number])

    def verdict(self, cell: Cell) -> Verdict:
        """How the cell falls; empty where it holds."""
        return self._verdicts[cell.number]

    def bounds(self, cell: Cell) -> Bounds:
        """Exact bounds where they were proven, else an inner part of them."""
        low, high = self._seen_low[cell.number], self._seen_high[cell.number]
        return self._bounds.get(cell.number) or Bounds(int(low), int(high))

    def _settle(self, part: _Part, number: int) -> None:
        verdict: Verdict = []
        measure: Measure = "persons" if self.known.has_persons else "count"
        if self.known.cells[number].difference:
            self._verdicts[number] = verdict
            if self._settled(number):
                return
            high = self._reach(part, number, measure, up=True)
            low = self._reach(part, number, "count", up=False)
            if high < self.threshold and low >= self.known.floor:
                how = "exact" if low >= high else "below"
                verdict.append((how, measure, int(low), int(high)))
            return
        if self._people(number) < self.threshold:
            high = self._reach(part, number, measure, up=True)
            if high < self.threshold:
                low = self._reach(part, number, measure, up=False)
                verdict.append(("below", measure, int(low), int(high)))
        if self._fixed(number) or verdict or self.intervals or not self._wide(number):
            low = self._reach(part, number, "count", up=False)
            high = self._reach(part, number, "count", up=True)
            self._bounds[number] = Bounds(int(low), None if high >= _ENDLESS else int(high))
            if low >= high:
                verdict.insert(0, ("exact", "count", int(low), int(high)))
            wanted = self._demands.get(number, (np.inf, -np.inf))
            if low > wanted[0] or high < wanted[1]:
                verdict.append(("narrow", "count", int(low), int(high)))
        self._verdicts[number] = verdict

    def _people(self, number: int) -> float:
        seen = self._seen_people if self.known.has_persons else self._seen_high
        return float(seen[number])

    def _reach(self, part: _Part, number: int, measure: Measure, *, up: bool) -> float:
        """The largest or least whole value; fractional bounds are settled by integer programmes."""
        floor = self.known.floor if self.known.cells[number].listed else 0
        if measure == "count" and not up and self._seen_low[number] <= floor:
            return float(self._seen_low[number])  # nothing hidden is less
        bound, solution = part.programme.bound(number, measure, up=up, whole=False)
        if bound >= _ENDLESS:
            return _ENDLESS
        if self._note(part.programme, solution, whole_only=True):
            return float(round(bound))
        outer = float(np.floor(bound + _TOLERANCE) if up else np.ceil(bound - _TOLERANCE))
        if up and outer < self.threshold:
            return outer
        if self._shown(part, solution, number, measure, outer, up=up):
            return outer
        bound, solution = part.programme.bound(number, measure, up=up, whole=True)
        self._note(part.programme, solution, whole_only=False)
        return float(round(bound))

    def _shown(
        self,
        part: _Part,
        solution: Vector,
        number: int,
        measure: Measure,
        outer: float,
        *,
        up: bool,
    ) -> bool:
        """Look for a whole table at a bound: often only persons are fractional in a solution."""
        at = part.programme.counts
        orders = np.rint(solution[: len(at)])
        if np.abs(solution[: len(at)] - orders).max(initial=0.0) <= _TOLERANCE:
            counts = part.counts.copy()
            counts[at] = orders
            self._learn(part.nearby, counts)
        if measure == "persons":
            return bool(up and self._seen_people[number] >= outer)
        for last in (False, True):
            seen = self._seen_high[number] if up else -self._seen_low[number]
            if seen >= (outer if up else -outer):
                return True
            found = None if last else part.nearby.change(part.counts, number, outer)
            if found is not None:
                self._learn(part.nearby, found)
        return False

    def _note(self, programme: LinearProgramme, solution: Vector, *, whole_only: bool) -> bool:
        """Remember a table of whole numbers; say whether it was one."""
        if whole_only and np.abs(solution - np.rint(solution)).max(initial=0.0) > _TOLERANCE:
            return False
        whole = np.rint(solution)
        orders = whole[: len(programme.counts)]
        self._seen_low[programme.counts] = np.minimum(self._seen_low[programme.counts], orders)
        self._seen_high[programme.counts] = np.maximum(self._seen_high[programme.counts], orders)
        known = self._seen_people[programme.persons]
        people = np.maximum(known, whole[len(programme.counts) :])
        self._seen_people[programme.persons] = people
        return True
