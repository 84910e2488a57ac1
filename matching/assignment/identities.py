"""Who is one identity: records of one person, and conservative clusters that one wrong link can't chain together.

Record rows belong to records and records to identities; the edges of the assignment are made of those.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.arrays import Variants
from matching.arrow import Bools, Floats, Ints, Numbers, Places, Rows
from matching.native import candidate_pairs, compiled, connected_components, favourite_odds
from matching.scoring import Scored, Scorer

Against = Callable[[Ints, Ints], Bools]

VETO = -7.0  # log odds (about 1 in 1000) below which two rows of a would-be person forbid it
_MOST = 200  # rows of a component whose pairs are all compared
_AT_ONCE = 1 << 20  # pairs whose edges are made together
_LINKS = 1 << 22  # links that are followed together


def components(size: int, left: Numbers, right: Numbers) -> Ints:
    """For each of ``size`` nodes, the smallest node that it is connected with.

    Roots hang on smaller roots until every link is inside one tree (Shiloach and Vishkin 1982); scipy
    does the same, and its import takes longer than most linkages of small files.
    """
    label = np.arange(size)
    if compiled() is not None:
        for begin in range(0, len(left), _LINKS):  # in 64 bits, some at a time
            here = slice(begin, begin + _LINKS)
            connected_components(label, left[here], right[here])
        return label
    while len(left):
        a, b = label[left], label[right]
        apart = a != b
        left, right, a, b = left[apart], right[apart], a[apart], b[apart]
        # the larger root hangs on the smaller
        np.minimum.at(label, np.maximum(a, b), np.minimum(a, b))
        while True:
            above = label[label]
            if (above == label).all():
                break
            label = above
    return label


def persons(
    size: int, left: Ints, right: Ints, odds: Floats, group: Ints | None, contradict: Against
) -> Ints:
    """For each node the smallest node of its person.

    Connected nodes are one person unless two of them contradict each other (or are of
    one ``group``, such as two parties of one order). A component with a contradiction is built up
    again from its surest links, and a link that would join a contradiction is left out.

    Args:
        size: nodes.
        left: one end of each link.
        right: the other end.
        odds: log odds of each link.
        group: for each node a group whose members are different people, or -1.
        contradict: which pairs of nodes can't be one person.
    """
    label = components(size, left, right)
    x, y = _all_pairs(label)
    if not len(x):
        return label
    against = contradict(x, y)
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
    members = np.flatnonzero(np.bincount(label)[label] > 2)
    order = members[np.argsort(label[members], kind="stable")]
    mine, near = label[order], np.arange(len(order))
    found: list[tuple[Ints, Ints]] = []
    for gap in range(1, _MOST):
        near = near[: np.searchsorted(near, len(order) - gap)]
        near = near[
            mine[near] == mine[near + gap]
        ]  # who is in one with the next but one is with the next
        if not len(near):
            break
        found.append((order[near], order[near + gap]))
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    x, y = (np.concatenate(part) for part in zip(*found, strict=True))
    return x, y


_SAME_PERSON = 3.0  # log odds (95 %) from which two candidates of one row are one person
# log odds (87 %) of the weaker of two records with a row, from which both are the row's; what no guard holds has as much
_BOTH_HIS = 1.9
_NO_CONTRADICTION = -4.0  # log odds with each other that such two must have at least
# Log odds from which another record may be found to be the row's: what agrees with the row in a name alone is one person's with a record that is hers
_CANDIDATE = -4.0
_MOST_CANDIDATES = 40  # of a cohort row that are compared with each other


@dataclass(frozen=True)
class Edges:
    """One edge per (cohort row, identity), in that order: its best odds over the identity's rows.

    ``unguarded`` are the best odds among pairs that may be linked by themselves; ``place`` is the edge of each
    scored pair.
    """

    rows: Rows
    identities: Numbers
    log_odds: Floats
    unguarded: Floats
    place: Rows


def edges_of(scored: Scored, identity: Numbers) -> Edges:
    """One edge for each cohort row and identity that have a scored pair.

    Args:
        scored: pairs of rows.
        identity: the identity of each record row.
    """
    wide, edges = int(identity.max(initial=0)) + 1, 0
    found = list[tuple[npt.NDArray[Any], ...]]()
    for here in _by_rows(scored.a):
        row, whose, odds = scored.a[here], identity[scored.b[here]], scored.log_odds[here]
        _, first, place = np.unique(
            row.astype(np.int64) * wide + whose, return_index=True, return_inverse=True
        )
        best, unguarded = np.full((2, len(first)), -np.inf)
        np.maximum.at(best, place, odds)
        np.maximum.at(unguarded, place, np.where(scored.guarded[here], -np.inf, odds))
        number = (place + edges).astype(np.int32)
        found.append((row[first], whose[first], best, unguarded, number))
        edges += len(first)
    columns = [*zip(*found, strict=True)]
    del found
    return Edges(*(np.concatenate(columns.pop(0)) for _ in range(len(columns))))


def _by_rows(rows: Rows) -> Iterator[slice]:
    """Pairs in parts of some million, at least one, none of whose rows is in two: pairs come in their rows' order, or are one part."""
    stop, size = 0, len(rows)
    if bool((rows[1:] >= rows[:-1]).all()):
        while size - stop > _AT_ONCE:
            begin, stop = stop, int(np.searchsorted(rows, rows[stop + _AT_ONCE], "right"))
            yield slice(begin, stop)
    yield slice(stop, size)


def among_candidates(scored: Scored, scorer: Scorer, record: Numbers) -> Numbers:
    """An identity for each record row, from the candidates of one cohort row among themselves.

    Records that are candidates of one row and agree with each other like one person get one
    identity, whatever guard keeps either from the row: a name alone is linked through a record that has the row's number. So do two
    that both belong to the row by themselves and do not contradict each other: one
    with a number and one with a birth date need not agree on anything but the name. All others keep
    their own. Used where the caller knows no identities.
    """
    by_themselves = np.where(scored.guarded, -np.inf, scored.log_odds)
    x, y, through = _candidate_pairs(scored, by_themselves, record)
    if not len(x):
        return record
    inner = scorer.within_records()
    odds, guarded, opposed = inner.weighed(x, y)
    alike = (odds > _SAME_PERSON) & ~guarded
    same = alike | ((through > _BOTH_HIS) & (odds > _NO_CONTRADICTION) & ~opposed)
    variants = Variants.of(record)

    def contradict(x: Ints, y: Ints) -> Bools:
        return variants.all_with(variants, x, y, against)

    def against(a: Rows, b: Rows) -> Bools:
        odds, _, opposed = inner.weighed(a, b)
        return opposed | (odds < VETO)

    left, right = record[x[same]].astype(np.int64), record[y[same]].astype(np.int64)
    return persons(len(variants.many), left, right, odds[same], None, contradict)[record]


def _best_first(scored: Scored, good: Places) -> Places:
    """Pairs (sorted by row) with the best first, in rows that have more than can be compared with each other."""
    rows = scored.a[good]
    candidates = np.bincount(rows)
    if candidates.max(initial=0) <= _MOST_CANDIDATES:
        return good
    many = candidates[rows] > _MOST_CANDIDATES
    overfull = good[many]
    order = good.copy()
    order[many] = overfull[
        np.lexsort((scored.b[overfull], -scored.log_odds[overfull], scored.a[overfull]))
    ]
    return order


def _candidate_pairs(
    scored: Scored, by_themselves: Floats, record: Numbers
) -> tuple[Rows, Rows, Floats]:
    """Pairs of record rows that are candidates of one cohort row, each pair once.

    The third array has the weaker one's log odds by itself with the row that both like best; none has -inf.
    """
    good = np.flatnonzero(scored.log_odds > _CANDIDATE)
    order = _best_first(scored, good)
    if compiled() is not None:
        rows = record.astype(np.int32, copy=False)
        own = favourite_odds(scored.b, rows, by_themselves)
        keys, through = candidate_pairs(order, scored.a, scored.b, own, rows, _MOST_CANDIDATES)
        return (keys >> 32).astype(np.int32), (keys & 0xFFFFFFFF).astype(np.int32), through
    favourite = np.full(int(record.max(initial=0)) + 1, -np.inf)
    np.maximum.at(favourite, record[scored.b], by_themselves)
    liked = np.where(by_themselves >= favourite[record[scored.b]], by_themselves, -np.inf)
    a, b = scored.a[order], scored.b[order]
    start = np.r_[True, a[1:] != a[:-1]] if len(a) else np.empty(0, np.bool_)
    rank = np.arange(len(a)) - np.maximum.accumulate(np.where(start, np.arange(len(a)), 0))
    few = rank < _MOST_CANDIDATES
    a, b, own = a[few], b[few], liked[order][few]
    found: list[tuple[Rows, Rows, Floats]] = []
    for gap in range(1, _MOST_CANDIDATES):
        near = np.flatnonzero(a[gap:] == a[:-gap]) if gap < len(a) else np.empty(0, np.intp)
        if not len(near):
            break
        found.append((b[near], b[near + gap], np.minimum(own[near], own[near + gap])))
    if not found:
        return np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0)
    x, y, weaker = (np.concatenate(part) for part in zip(*found, strict=True))
    low, high = np.minimum(x, y), np.maximum(x, y)
    different = record[low] != record[high]
    keys, place = np.unique(
        low[different].astype(np.int64) << 32 | high[different], return_inverse=True
    )
    through = np.full(len(keys), -np.inf)
    np.maximum.at(through, place, weaker[different])
    return (keys >> 32).astype(np.int32), (keys & 0xFFFFFFFF).astype(np.int32), through
