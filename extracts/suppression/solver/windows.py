"""Small parts of a table around one cell, in which its cheapest movement most often lies.

A movement within a window (everything outside stays) is a movement of the whole table, so windows
cost quality at most, never protection.
"""

import numpy as np

from extracts.suppression.model import Dimension, Flags, Floats, Ints, Relations

WIDTHS = (6, 20)  # nodes per dimension, then everything: counties beside the one that must move
_SMALL = 8  # a dimension of so few nodes is taken as a whole


def window(system: Relations, target: int, costs: Floats, width: int | None) -> Ints:
    """The movable cells around ``target``, sorted; all that are connected to it for None.

    Args:
        system: the table.
        target: the cell that must move.
        costs: of hiding each cell of the table: cheap neighbours are preferred.
        width: nodes that are taken of each long dimension besides the cell's own and its margins.
    """
    if width is None or system.shape is None:
        connected = system.component == system.component[target]
        return np.flatnonzero(system.free & connected)
    place = np.unravel_index(target, system.shape)
    nodes: list[Ints] = []
    for axis, dim in enumerate(system.dims):
        here = [np.array([int(i)]) for i in place]
        here[axis] = np.arange(system.shape[axis])
        line = np.ravel_multi_index(np.ix_(*here), system.shape).ravel()
        nodes.append(_choose(dim, int(place[axis]), line, system, costs, width))
    cells = np.ravel_multi_index(np.ix_(*nodes), system.shape).ravel()
    return np.sort(cells[system.free[cells]])


def hidden_near(system: Relations, target: int, hidden: Flags, width: int | None) -> Ints:
    """The hidden cells around ``target``: of a window, or of its whole part of the table."""
    price = np.where(hidden, np.log1p(system.values), np.inf)
    cells = window(system, target, price, width)
    return cells[hidden[cells]]


def _choose(
    dim: Dimension, own: int, line: Ints, system: Relations, costs: Floats, width: int
) -> Ints:
    """The nodes of one axis: own, cheapest neighbours, and all margins above any of them."""
    if not dim.groups:
        return np.array([own])
    if len(dim.nodes) <= _SMALL:
        return np.arange(len(dim.nodes))
    price = np.where(system.free[line], costs[line], np.inf)
    cheapest = [int(i) for i in np.argsort(price, kind="stable")[:width] if np.isfinite(price[i])]
    chosen = {own, *cheapest}
    for group, kids in dim.children:  # bottom-up, so that margins of margins follow
        if chosen.intersection(kids):
            chosen.add(group)
    return np.array(sorted(chosen))
