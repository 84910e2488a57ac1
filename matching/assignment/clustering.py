"""From linked pairs to persons: conservative clusters that one wrong link can't chain together."""

from collections import defaultdict
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from matching.native import compiled, connected_components

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
OddsOf = Callable[[Ints, Ints], Floats]

VETO = -7.0  # log odds (about 1 in 1000) below which two rows of a would-be person forbid it
_MOST = 200  # rows of a component whose pairs are all compared


def components(size: int, left: Ints, right: Ints) -> Ints:
    """For each of ``size`` nodes, the smallest node that it is connected with.

    Roots hang on smaller roots until every link is inside one tree (Shiloach and Vishkin 1982); scipy
    does the same, and its import takes longer than most linkages of small files.
    """
    if compiled() is not None:
        return connected_components(size, left, right)
    label = np.arange(size)
    while len(left):
        a, b = label[left], label[right]
        apart = a != b
        left, right, a, b = left[apart], right[apart], a[apart], b[apart]
        np.minimum.at(
            label, np.maximum(a, b), np.minimum(a, b)
        )  # the larger root hangs on the smaller
        while True:
            above = label[label]
            if (above == label).all():
                break
            label = above
    return label


def persons(
    size: int, left: Ints, right: Ints, odds: Floats, group: Ints | None, odds_of: OddsOf
) -> Ints:
    """For each node the smallest node of its person.

    Connected nodes are one person unless two of them contradict each other (odds below ``VETO``, or
    one ``group``, such as two parties of one order). A component with a contradiction is built up
    again from its surest links, and a link that would join a contradiction is left out.

    Args:
        size: nodes.
        left: one end of each link.
        right: the other end.
        odds: log odds of each link.
        group: for each node a group whose members are different people, or -1.
        odds_of: log odds of any pairs of nodes.
    """
    label = components(size, left, right)
    x, y = _all_pairs(label)
    if not len(x):
        return label
    against = odds_of(x, y) < VETO
    if group is not None:
        against |= (group[x] >= 0) & (group[x] == group[y])
    contradicted = np.unique(label[x[against]])
    if not len(contradicted):
        return label
    enemies: dict[int, set[int]] = defaultdict(set)
    for a, b in zip(x[against].tolist(), y[against].tolist(), strict=True):
        enemies[a].add(b)
        enemies[b].add(a)
    inside = np.flatnonzero(np.isin(label[left], contradicted))
    order = inside[np.lexsort((right[inside], left[inside], -odds[inside]))]
    rebuilt = label.copy()
    members = np.flatnonzero(np.isin(label, contradicted))
    rebuilt[members] = members
    _build(rebuilt, left[order].tolist(), right[order].tolist(), enemies, members.tolist())
    return rebuilt


def _build(
    label: Ints, left: list[int], right: list[int], enemies: dict[int, set[int]], nodes: list[int]
) -> None:
    """Join clusters along links, surest first, where no member is another member's enemy."""
    cluster = {node: node for node in nodes}
    members = {node: {node} for node in nodes}
    hated = {node: set(enemies.get(node, ())) for node in nodes}
    for a, b in zip(left, right, strict=True):
        p, q = cluster[a], cluster[b]
        if p == q or not members[p].isdisjoint(hated[q]):
            continue
        if len(members[p]) < len(members[q]):
            p, q = q, p
        for node in members[q]:
            cluster[node] = p
        members[p] |= members.pop(q)
        hated[p] |= hated.pop(q)
    for nodes_of in members.values():
        label[list(nodes_of)] = min(nodes_of)


def _all_pairs(label: Ints) -> tuple[Ints, Ints]:
    """All pairs within components of three or more nodes (two nodes are their own link).

    Of a component above ``_MOST`` nodes, each node is paired with its next ``_MOST`` only.
    """
    order = np.argsort(label, kind="stable")
    sizes = np.bincount(label, minlength=len(label))
    order = order[sizes[label[order]] > 2]
    found: list[tuple[Ints, Ints]] = []
    for gap in range(1, _MOST):
        if gap >= len(order):
            break
        near = np.flatnonzero(label[order[gap:]] == label[order[:-gap]])
        if not len(near):
            break
        found.append((order[near], order[near + gap]))
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    x, y = (np.concatenate(part) for part in zip(*found, strict=True))
    return x, y
