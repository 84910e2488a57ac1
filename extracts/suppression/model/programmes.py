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


def load(
    solver: highspy.Highs,
    costs: Floats,
    columns: tuple[Floats, Floats],
    rows: tuple[Floats, Floats],
    matrix: sparse.csc_array | sparse.csr_array,
    *,
    whole: bool = False,
) -> None:
    """Give a solver a programme: costs, least and most of each column and row, the matrix; of whole numbers or not.

    As arrays: the library's own object of a programme takes whole numbers over one by one.
    """
    form = highspy.MatrixFormat
    columnwise = isinstance(matrix, sparse.csc_array)
    kind = int(highspy.HighsVarType.kInteger if whole else highspy.HighsVarType.kContinuous)
    solver.passModel(
        len(columns[0]),
        len(rows[0]),
        len(matrix.data),
        int(form.kColwise if columnwise else form.kRowwise),
        int(highspy.ObjSense.kMinimize),
        0.0,
        costs,
        *columns,
        *rows,
        np.asarray(matrix.indptr, dtype=np.int32),
        np.asarray(matrix.indices, dtype=np.int32),
        np.asarray(matrix.data, dtype=np.float64),
        np.full(len(columns[0]), kind, dtype=np.int32),
    )


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
    bounds = least[unknown], np.full(len(unknown), np.inf)
    model = np.zeros(len(unknown)), bounds, (right, right), matrix[:, unknown]
    solver = solver_with(mip_max_nodes=_NODES)
    filled, found = values.copy(), None
    if len(unlisted):  # whole numbers where there are any soon, so that what the audit is told fits
        load(solver, *model, whole=True)
        found = _solved(solver)
    load(solver, *model)
    found = _solved(solver) if found is None else np.rint(found)
    if found is None:
        raise TablesDisagreeError(cells=len(unknown))
    filled[unknown] = found
    load(solver, *model)  # nothing of the last answer
    small = _small(solver, len(unknown), np.searchsorted(unknown, unlisted), threshold)
    return filled, unknown[list(small)].tolist()


_NODES = 500  # of the one integer programme
_TOLERANCE = 1e-6


def _solved(solver: highspy.Highs) -> Floats | None:
    solver.run()
    status = solver.getInfo().primal_solution_status
    fits = status == highspy.SolutionStatus.kSolutionStatusFeasible
    return np.asarray(solver.getSolution().col_value) if fits else None


def _small(solver: highspy.Highs, size: int, columns: Ints, threshold: int) -> Iterator[int]:
    """Columns, of so many, that hold somebody and fewer than the threshold in every solution."""
    low, high = np.full(size, np.inf), np.zeros(size)
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
