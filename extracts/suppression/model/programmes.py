"""Linear programmes over cells: how solvers are set up, and values that fit what is known."""

from collections.abc import Iterator

import highspy
import numpy as np
from scipy import sparse

from extracts.suppression.errors import TablesDisagreeError
from extracts.suppression.model.relations import Floats
from extracts.suppression.model.tables import (
    Flags,
    Ints,
)


def solver_with(**options: bool | float | str) -> highspy.Highs:
    """A quiet solver on one thread, so that every machine gives the same answer."""
    solver = highspy.Highs()
    for option, value in {"output_flag": False, "threads": 1, **options}.items():
        solver.setOptionValue(option, value)
    return solver


def programme(
    costs: Floats,
    columns: tuple[Floats, Floats],
    rows: tuple[Floats, Floats],
    matrix: sparse.csc_array | sparse.csr_array,
) -> highspy.HighsLp:
    """A linear programme: costs, least and most of each column and row, and the matrix."""
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(columns[0]), len(rows[0])
    lp.col_cost_ = costs
    lp.col_lower_, lp.col_upper_ = columns
    lp.row_lower_, lp.row_upper_ = rows
    form = highspy.MatrixFormat
    lp.a_matrix_.format_ = form.kColwise if isinstance(matrix, sparse.csc_array) else form.kRowwise
    lp.a_matrix_.start_ = np.asarray(matrix.indptr, dtype=np.int32)
    lp.a_matrix_.index_ = np.asarray(matrix.indices, dtype=np.int32)
    lp.a_matrix_.value_ = np.asarray(matrix.data, dtype=np.float64)
    return lp


def fit(
    matrix: sparse.csc_array,
    values: Floats,
    known: Flags,
    least: Floats,
    unlisted: Ints,
    threshold: int,
) -> tuple[Floats, list[int]]:
    """Any values for the unknown cells that fit the known ones, and the unlisted ones that are small in all.

    Raises:
        TablesDisagreeError: there are none.
    """
    if known.all():
        if np.abs(matrix @ values).max(initial=0.0) > 1e-6:
            raise TablesDisagreeError(cells=0)
        return values, []
    unknown = np.flatnonzero(~known)
    right = -(matrix[:, np.flatnonzero(known)] @ values[known])
    lp = programme(
        np.zeros(len(unknown)),
        (least[unknown], np.full(len(unknown), np.inf)),
        (right, right),
        matrix[:, unknown],
    )
    solver = solver_with(mip_max_nodes=_NODES)
    filled, found = values.copy(), None
    if len(unlisted):  # whole numbers where there are any soon, so that what the audit is told fits
        lp.integrality_ = [highspy.HighsVarType.kInteger] * len(unknown)
        found = _solved(solver, lp)
        lp.integrality_ = []
    found = _solved(solver, lp) if found is None else np.rint(found)
    if found is None:
        raise TablesDisagreeError(cells=len(unknown))
    filled[unknown] = found
    small = _small(solver, lp, np.searchsorted(unknown, unlisted), threshold)
    return filled, unknown[list(small)].tolist()


_NODES = 500  # of the one integer programme
_TOLERANCE = 1e-6


def _solved(solver: highspy.Highs, lp: highspy.HighsLp) -> Floats | None:
    solver.passModel(lp)
    solver.run()
    status = solver.getInfo().primal_solution_status
    fits = status == highspy.SolutionStatus.kSolutionStatusFeasible
    return np.asarray(solver.getSolution().col_value) if fits else None


def _small(
    solver: highspy.Highs, lp: highspy.HighsLp, columns: Ints, threshold: int
) -> Iterator[int]:
    """Columns that hold somebody and fewer than the threshold in every solution."""
    solver.passModel(lp)
    low, high = np.full(len(lp.col_lower_), np.inf), np.zeros(len(lp.col_lower_))
    for column in columns.tolist():
        for sign in (1.0, -1.0):
            if low[column] < 1 - _TOLERANCE or high[column] >= threshold - _TOLERANCE:
                break
            solver.changeColCost(column, sign)
            solver.run()
            found = np.asarray(solver.getSolution().col_value)
            if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                high[column] = np.inf  # no bound
            else:
                low, high = np.minimum(low, found), np.maximum(high, found)
            solver.changeColCost(column, 0.0)
        if low[column] >= 1 - _TOLERANCE and high[column] < threshold - _TOLERANCE:
            yield column
