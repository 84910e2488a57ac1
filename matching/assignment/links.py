"""Decided pairs as integers; the table that a reader sees is made part by part."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.arrays import within
from matching.arrow import column, texts
from matching.assignment.assignment import DECISIONS, LINK, NOTHING, REVIEW
from matching.assignment.identities import Edges

Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Decisions = npt.NDArray[np.int8]

COLUMNS = ("cohort_id", "record_id", "match_weight", "match_probability", "decision")
_ROWS = 1 << 18  # of a part
_LOG2 = float(np.log(2.0))


@dataclass(frozen=True)
class Links:
    """Pairs to link or to review, by the cohort's rows and the records' rows.

    ``row``, ``record`` (its first row) and ``edge`` are per pair, the rest per edge or per row of a table.
    """

    row: Rows
    record: Rows
    edge: Rows
    log_odds: Floats
    probability: Floats
    decision: Decisions
    cohort_ids: pa.ChunkedArray
    record_ids: pa.ChunkedArray

    def parts(self) -> Iterator[pa.Table]:
        """The table in parts; one of no rows where there is no pair."""
        names = {kind: texts([name]) for kind, name in DECISIONS.items()}
        decisions = pa.concat_arrays([names[REVIEW], names[LINK]])
        for start in range(0, max(len(self.row), 1), _ROWS):
            here = slice(start, start + _ROWS)
            edge = self.edge[here]
            kind = self.decision[edge].astype(np.int32) - REVIEW
            yield pa.Table.from_arrays(
                [
                    self.cohort_ids.take(column(self.row[here])),
                    self.record_ids.take(column(self.record[here])),
                    column(np.round(self.log_odds[edge] / _LOG2, 6)),
                    column(np.round(self.probability[edge], 9)),
                    decisions.take(column(kind)),
                ],
                names=list(COLUMNS),
            )

    def table(self) -> pa.Table:
        """The whole table."""
        return pa.concat_tables(self.parts()).combine_chunks()

    def count(self, kind: int) -> int:
        """How many pairs have a decision."""
        return int((self.decision[self.edge] == kind).sum())


def list_links(
    decision: Decisions, record: Rows, first_row: Rows, identity: Ints | Rows, edges: Edges
) -> tuple[Rows, Rows, Rows]:
    """(cohort row, first row of a record, edge) of every pair to list.

    All records of a decided edge's identity are listed, variants of a record once.
    """
    decided = np.flatnonzero(decision != NOTHING).astype(np.int32)
    wanted = edges.identities[decided]
    members = np.flatnonzero(within(identity, wanted))
    whose = identity[members]
    order = np.sort(whose.astype(np.int64) << 32 | members) & 0xFFFFFFFF
    own = np.bincount(whose, minlength=int(wanted.max(initial=-1)) + 1)
    lengths, stop = own[wanted], np.cumsum(own)[wanted]
    edge = np.repeat(decided, lengths)
    shift = stop - np.cumsum(lengths)  # from a pair's place to that of its member
    rows = record[order[np.arange(int(lengths.sum())) + np.repeat(shift, lengths)]]
    mine = edges.rows[edge].astype(np.int32)
    # edges are in their rows' order already, and ties stay in the edges' order
    order = np.argsort(mine.astype(np.int64) << 32 | rows, kind="stable")
    mine, rows, edge = mine[order], rows[order], edge[order]
    new = np.ones(len(edge), np.bool_)  # variants fall together
    new[1:] = (mine[1:] != mine[:-1]) | (rows[1:] != rows[:-1]) | (edge[1:] != edge[:-1])
    return mine[new], first_row[rows[new]], edge[new]
