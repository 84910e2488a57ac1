"""Who is alone in a cell, as far as a table says: somebody who knows that cell and may subtract it.

A cell of one person is known to that person, whatever is hidden. A margin of one person has all
its orders from the same one, so that the cells beneath it are known to whoever is alone in it.
"""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from extracts.suppression.model import Flags, Ints, Relations


def contributors(relations: Relations, known: Flags) -> Ints:
    """For each cell the number of whoever is alone in it, from 1; 0 where nobody is.

    Two cells get one number where a margin says that it must be one person; else they count as
    two people's, though it may be one. ``known`` are the cells whose true values we know.
    """
    alone = (relations.people == 1) & (relations.values > 0) & known
    cells = np.flatnonzero(alone)
    matrix = sparse.csr_array(relations.matrix)
    margins, heads, signs = sparse.find(matrix)
    one = np.unique(margins[(signs < 0) & alone[heads]])
    among = sparse.csr_array(matrix[one][:, cells])
    _, who = connected_components(among.T @ among, directed=False)
    found = np.zeros(alone.size, dtype=np.int64)
    found[cells] = who + 1
    return found
