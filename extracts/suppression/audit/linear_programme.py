"""The linear programme of one connected part, solved anew for each objective with a warm start.

Variables are the unknown counts and, where persons are published, the unknown persons. Persons are
not additive: a margin has at least as many as each of its cells, and at most as many as all
together; nowhere are there more persons than orders.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import highspy
import numpy as np
import numpy.typing as npt

from extracts.suppression.audit.knowledge import Knowledge
from extracts.suppression.errors import AuditInfeasibleError, AuditUnsolvedError

_TOP = 1e9
_TOLERANCE = 1e-6
_ENOUGH = 1e6  # orders; a cell without a bound is brought back to it
_OK = highspy.HighsModelStatus.kOptimal
_DUAL, _PRIMAL = 1, 4  # the solver's own numbers
Solution = npt.NDArray[np.float64]


class LinearProgramme:
    """All tables that fit what is known, over one part of the unknowns."""

    def __init__(self, known: Knowledge, group: Sequence[int]) -> None:
        self.solved = 0
        cells = known.cells
        self.counts = [i for i in group if cells[i].count is None]
        self.persons = [i for i in group if known.has_persons and cells[i].persons is None]
        self._count_at = {c: i for i, c in enumerate(self.counts)}
        self._person_at = {c: len(self.counts) + i for i, c in enumerate(self.persons)}
        self._known = known
        self._lower = np.array(
            [float(known.floor if cells[i].listed else 0) for i in [*self.counts, *self.persons]]
        )
        self._upper = np.full(len(self._lower), _TOP)
        self._rows: list[tuple[dict[int, float], float, float]] = []
        self._write_rows()
        if (self._lower > self._upper).any():
            raise AuditInfeasibleError(unknown=len(self._lower))
        self._solver = self._build()
        self._is_integer = False
        self._costs = np.zeros(len(self._lower))

    def integer_solution(self) -> Solution:
        """Any table of whole numbers that fits.

        Raises:
            AuditInfeasibleError: there is none.
            AuditUnsolvedError: the solver could not say.
        """
        solution = self._run()
        if np.abs(solution - np.rint(solution)).max(initial=0.0) > _TOLERANCE:
            self._set_integer(True)
            solution = self._run()
        return np.rint(solution)

    def interior_point(self) -> Solution | None:
        """A point well within all that fits; None where the solver does not come to one.

        An interior-point method that stops before it comes to a corner: a corner, where most cells
        are at an end of their interval, allows hardly any small change.
        """
        self._set_integer(False)
        self._solver.setOptionValue("solver", "ipm")
        self._solver.setOptionValue("run_crossover", "off")
        inner = self._status() == _OK
        found = np.asarray(self._solver.getSolution().col_value)
        self._solver.setOptionValue("solver", "simplex")
        self._solver.setOptionValue("run_crossover", "on")
        self._solver.clearSolver()
        return np.minimum(found, _ENOUGH) if inner else None

    def bound(
        self, cell: int, measure: Literal["count", "persons"], *, up: bool, whole: bool
    ) -> tuple[float, Solution]:
        """The largest (or least) value of one cell, and a table that has it.

        Raises:
            AuditUnsolvedError: the solver could not prove it.
        """
        at = (self._count_at if measure == "count" else self._person_at)[cell]
        self._set_integer(whole)
        self._costs[at] = -1.0 if up else 1.0
        self._solver.changeColCost(at, self._costs[at])
        solution = self._run()
        self._costs[at] = 0.0
        self._solver.changeColCost(at, 0.0)
        return float(solution[at]), solution

    def _run(self) -> Solution:
        status = self._status()
        for strategy in (_DUAL, _PRIMAL):
            if status == _OK:
                break
            # A warm start can go wrong (every variable has bounds, and "unbounded" was heard); what is
            # believed in the end was found from nothing, in two ways.
            self._solver.clearSolver()
            self._solver.setOptionValue("simplex_strategy", strategy)
            status = self._status()
        self._solver.setOptionValue("simplex_strategy", _PRIMAL)
        if status == highspy.HighsModelStatus.kInfeasible:
            raise AuditInfeasibleError(unknown=len(self._lower))
        if status != _OK:
            raise AuditUnsolvedError(unknown=len(self._lower))
        return np.asarray(self._solver.getSolution().col_value)

    def _status(self) -> highspy.HighsModelStatus:
        self._solver.run()
        self.solved += 1
        return self._solver.getModelStatus()

    def _set_integer(self, whole: bool) -> None:
        if whole == self._is_integer:
            return
        kind = highspy.HighsVarType.kInteger if whole else highspy.HighsVarType.kContinuous
        size = len(self._lower)
        columns, kinds = np.arange(size, dtype=np.int32), np.full(size, int(kind), dtype=np.uint8)
        self._solver.changeColsIntegrality(size, columns, kinds)
        self._is_integer = whole

    def _write_rows(self) -> None:
        mine = {*self.counts, *self.persons}
        for margin, parts in self._known.sums:
            if mine.isdisjoint((margin, *parts)):
                continue
            terms, rest = self._balance(margin, parts, self._count_at, self._count)
            if terms:
                self._rows.append((terms, rest, rest))
            if self._known.has_persons:
                self._write_union(margin, parts)
        for cell in self.persons:  # persons never exceed orders
            person = self._person_at[cell]
            if cell in self._count_at:
                self._rows.append(({self._count_at[cell]: 1.0, person: -1.0}, 0.0, np.inf))
            else:
                self._upper[person] = min(self._upper[person], self._count(cell))
        for cell in self.counts:
            persons = self._known.cells[cell].persons
            if persons is not None:
                at = self._count_at[cell]
                self._lower[at] = max(self._lower[at], persons)

    def _balance(
        self, margin: int, parts: Sequence[int], at: dict[int, int], value: Callable[[int], float]
    ) -> tuple[dict[int, float], float]:
        """A margin's cells less the margin: what is unknown of it, and the rest on the other side."""
        terms: dict[int, float] = {}
        constant = 0.0
        for cell, sign in ((margin, -1.0), *((p, 1.0) for p in parts)):
            if cell in at:
                terms[at[cell]] = terms.get(at[cell], 0.0) + sign
            else:
                constant += sign * value(cell)
        return terms, -constant

    def _write_union(self, margin: int, parts: Sequence[int]) -> None:
        terms, rest = self._balance(margin, parts, self._person_at, self._people)
        if terms:
            self._rows.append((terms, rest, np.inf))
        top = self._person_at.get(margin)
        for part in parts:
            below = self._person_at.get(part)
            if part == margin:
                continue  # all other cells of this margin are empty
            if top is not None and below is not None:
                self._rows.append(({top: 1.0, below: -1.0}, 0.0, np.inf))
            elif top is not None:
                self._lower[top] = max(self._lower[top], self._people(part))
            elif below is not None:
                self._upper[below] = min(self._upper[below], self._people(margin))

    def _count(self, cell: int) -> float:
        count = self._known.cells[cell].count
        assert count is not None
        return float(count)

    def _people(self, cell: int) -> float:
        persons = self._known.cells[cell].persons
        assert persons is not None
        return float(persons)

    def _build(self) -> highspy.Highs:
        solver = highspy.Highs()
        for option, value in (
            ("output_flag", False),
            ("threads", 1),
            ("simplex_strategy", _PRIMAL),  # only the objective changes, the last basis fits
            ("mip_rel_gap", 0.0),
            ("mip_abs_gap", 0.5),  # objectives are whole: half an order proves the bound
            ("time_limit", 600.0),  # s in total; reaching it is an error, never an answer
        ):
            solver.setOptionValue(option, value)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self._lower), len(self._rows)
        lp.col_cost_ = np.zeros(len(self._lower))
        lp.col_lower_, lp.col_upper_ = self._lower, self._upper
        lp.row_lower_ = np.array([low for _, low, _ in self._rows])
        lp.row_upper_ = np.array([high for _, _, high in self._rows])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        sizes = [len(terms) for terms, _, _ in self._rows]
        lp.a_matrix_.start_ = [0, *np.cumsum(sizes).tolist()]
        lp.a_matrix_.index_ = [c for t, _, _ in self._rows for c in t]
        lp.a_matrix_.value_ = np.array([v for t, _, _ in self._rows for v in t.values()])
        solver.passModel(lp)
        return solver
