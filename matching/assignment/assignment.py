"""Assignment: cohort rows that want one identity, and identities that want one row, share it.

Pairs are edges of a bipartite graph, weighed by their odds. The probability that an edge belongs to
the true matching is computed by belief propagation for monomer-dimer systems (Zdeborová and Mézard
2006; exact on trees, which nearly all components are): each side passes to the other how free it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from matching.arrays import in_threads, row_numbers, some_numbers, within
from matching.arrow import Bools, Floats, Ints, Numbers, Rows, Small, column, texts
from matching.assignment.identities import Edges, components
from matching.native import compiled, propagate_beliefs
from matching.options import LinkOptions

_ROUNDS, _SETTLED = 200, 1e-9
_GROUPS = 8  # of the graph's parts, worked side by side; as many whatever the threads, so that results are the same
_WORTH = 0.8  # edges are moved together when fewer than this share still changes
SURE = 40.0  # log odds of a pair that a reviewer called one person: as much as everything agreeing
_SUREST = 80.0  # log odds; more would only overflow
_MOST_MATCHED = 0.98  # a side is never taken to be matched more completely than that


@dataclass(frozen=True)
class Assignment:
    """Outcome for each edge, and for each row the probability that it is matched at all."""

    probability: Floats
    row_share: float  # expected share of all cohort rows that are matched


def assign(
    rows: Numbers,
    identities: Numbers,
    log_odds: Floats,
    *,
    row_count: int,
    identity_count: int,
    prior_share: float,
    one_row_per_identity: bool,
    threads: int | None = None,
) -> Assignment:
    """Probability of each (row, identity) edge when a row has at most one identity.

    Args:
        rows: cohort row of each edge.
        identities: identity of each edge.
        log_odds: odds of each edge taken alone.
        row_count: rows of the whole cohort (also those without an edge).
        identity_count: identities on the records' side.
        prior_share: share of the rows expected to match, worth ten rows.
        one_row_per_identity: whether an identity, too, has at most one row.
        threads: how many to use; never changes the result.

    Where nearly every row is matched, a row is unlikely to be left over, and what is left for it is
    likelier than its agreement alone says. So the odds are raised by how full both sides are, which
    comes from a first round.
    """
    edges = MatchingGraph(rows, identities, one_row_per_identity, threads)
    fill = (prior_share * 0.5, 0.0)
    probability = np.zeros(len(rows))
    for _ in range(3):
        del probability  # arrays of all edges are what an assignment holds most of
        raised = log_odds - np.log1p(-fill[0])
        if one_row_per_identity:
            raised -= np.log1p(-fill[1])
        probability = edges.marginals(np.clip(raised, -_SUREST, _SUREST, out=raised), raised)
        matched = float(probability.sum())
        fill = (
            min((matched + 10 * prior_share) / (row_count + 10), _MOST_MATCHED),
            min(matched / (identity_count + 10), _MOST_MATCHED),
        )
    return Assignment(probability, fill[0])


class MatchingGraph:
    """A bipartite graph whose matching is asked for."""

    def __init__(
        self, rows: Numbers, identities: Numbers, both_sides: bool, threads: int | None = None
    ) -> None:
        rivals = _shared(rows)
        if both_sides:
            rivals |= _shared(identities)
        contested = np.flatnonzero(rivals).astype(np.int32)
        (row, people), (identity, others) = (
            row_numbers(of[contested]) for of in (rows, identities)
        )
        del rivals
        part = components(people + others, row, identity + np.int32(people))[row].astype(np.int32)
        self._threads = threads
        self._graphs = [
            _Graph.of(contested[here], row[here], identity[here], part[here], both_sides)
            for group in range(_GROUPS)
            for here in [part % _GROUPS == group]
        ]

    def marginals(self, log_odds: Floats, out: Floats | None = None) -> Floats:
        """Probability of each edge (in ``out``). Messages stay in plain numbers: odds are capped before."""
        odds = np.exp(log_odds, out=out)
        found = in_threads(
            lambda graph: graph.taken(odds[graph.edges]), self._graphs, self._threads
        )
        for graph, taken in zip(self._graphs, found, strict=True):
            odds[graph.edges] = taken
        return np.divide(odds, 1 + odds, out=odds)


@dataclass(frozen=True)
class _Graph:
    """Some connected parts of the graph: edges that have rivals, with numbers of their rows, identities and parts."""

    edges: Rows
    row: Rows
    identity: Rows
    part: Rows
    both: bool

    @classmethod
    def of(cls, edges: Rows, row: Rows, identity: Rows, part: Rows, both: bool) -> "_Graph":
        """Number rows, identities and parts anew."""
        row, identity, part = (row_numbers(of)[0] for of in (row, identity, part))
        return cls(edges, row, identity, part, both)

    def taken(self, odds: Floats) -> Floats:
        """Odds of the edges, once their rivals had their say.

        A part of the graph that has settled is left alone: nothing outside it can change it.
        """
        if compiled() is None:
            free = self._by_arrays(odds)
        else:
            free = propagate_beliefs(
                (self.row, self.identity), self.part, odds,
                both=self.both, rounds=_ROUNDS, least=_SETTLED, worth=_WORTH,
            )  # fmt: skip
        return odds * free[0] * free[1]

    def _by_arrays(self, odds: Floats) -> tuple[Floats, Floats]:
        """How free row and identity are for an edge, others considered."""
        free = np.ones((2, len(odds)))
        here, part = np.arange(len(odds)), self.part
        row, identity = self.row, self.identity
        parts = int(part.max(initial=-1)) + 1
        for _ in range(_ROUNDS):
            own, old = odds[here], free[:, here]
            new = old.copy()
            new[0] = 1 / (1 + _others(row, own * old[1]))
            if self.both:
                new[1] = 1 / (1 + _others(identity, own * new[0]))
            free[:, here] = new
            moves = np.zeros(parts, np.bool_)
            moves[part[np.abs(new - old).max(axis=0) >= _SETTLED]] = True
            left = np.flatnonzero(moves[part])
            if not len(left):
                break
            if len(left) < _WORTH * len(here):
                here, part = here[left], part[left]
                row, identity = row_numbers(row[left])[0], row_numbers(identity[left])[0]
        return free[0], free[1]


def _shared(values: Numbers) -> Bools:
    """Which values others have, too."""
    place, numbers = some_numbers(values)
    return (np.bincount(place, minlength=numbers) > 1)[place]


def _others(group: Numbers, value: Floats) -> Floats:
    """Sum of a group's values without one's own.

    Only the largest of a group can lose the rest in rounding, so it is added up without it.
    """
    if not len(value):
        return value
    most = np.zeros(int(group.max()) + 1)
    np.maximum.at(most, group, value)
    top = np.flatnonzero(value == most[group])
    largest = np.empty(len(most), np.int64)
    largest[group[top]] = top  # the last of equal ones
    rest = value.copy()
    rest[largest] = 0.0
    without = np.bincount(group, weights=rest)
    result = without[group] - rest + most[group]
    result[largest] = without
    return result


# link, review, or nothing: what the probabilities mean, near-ties included


NOTHING, REVIEW, LINK = 0, 1, 2
DECISIONS = {REVIEW: "review", LINK: "link"}


def decide(edges: Edges, probability: Floats, options: LinkOptions) -> Small:
    """A decision for each edge.

    Args:
        edges: what may be linked, with the log odds without competition.
        probability: probability of each edge after competition.
        options: thresholds.

    A link needs the threshold, also for the best of its pairs that no guard forbids, and no near-tie: no other edge of its row (or, where an identity goes
    to one row only, of its identity) that is left with at least ``tie``. Both edges of a near-tie
    go to review: never is one of them silently preferred. So does an edge that would be a link on
    its own and lost narrowly, and whoever won its row, one that a guard holds and that on its own is likelier than not, and one that on its
    own would be a link and whose identity nobody else wants (unless a reviewer says whose the row is): it may be another record of the same person.
    """
    decision = np.zeros(len(probability), np.int8)
    rival, wanted = _best_other(edges.rows, probability), np.zeros(len(probability))
    if options.one_row_per_identity:
        wanted = _best_other(edges.identities, probability)
        rival = np.maximum(rival, wanted)
    strong = (probability >= options.threshold) & _carried(edges, probability, options.threshold)
    decision[(probability >= options.review_from) & ~strong] = REVIEW
    decision[strong] = LINK
    tied = (probability >= options.tie) & (rival >= options.tie)
    alone = 1 / (1 + np.exp(-edges.log_odds))
    by_itself = alone >= options.review_from
    decision[tied & (strong | by_itself)] = REVIEW
    held = (edges.unguarded < edges.log_odds) & by_itself
    held |= (
        (alone >= options.threshold)
        & (wanted < options.tie)
        & (_best_other(edges.rows, edges.log_odds) < SURE)
    )
    decision[held & (decision == NOTHING)] = REVIEW
    return decision


def _carried(edges: Edges, probability: Floats, threshold: float) -> Bools:
    """Whether an edge would reach the threshold with the best of its pairs that no guard forbids."""
    result = edges.unguarded == edges.log_odds
    other = np.flatnonzero(~result & (edges.unguarded > -np.inf))
    short = edges.log_odds[other] - edges.unguarded[other]
    odds = probability[other] / np.maximum(1 - probability[other], 1e-300)
    result[other] = odds * np.exp(-short) >= threshold / (1 - threshold)
    return result


def _best_other(group: Numbers, value: Floats) -> Floats:
    """The largest value in an element's group, its own left out; 0 where it is alone."""
    if not len(value):
        return value
    rest = np.zeros(len(value))
    shared = np.flatnonzero(_shared(group)).astype(np.int32)
    if len(shared):
        rest[shared] = _second_to(row_numbers(group[shared])[0], value[shared])
    return rest


def _second_to(place: Rows, value: Floats) -> Floats:
    """For the largest of a group (the last of equal ones) the second, for the others the largest."""
    top = np.zeros(int(place.max()) + 1)
    np.maximum.at(top, place, value)
    result = top[place]
    largest = np.flatnonzero(value == result).astype(np.int32)
    best = np.zeros(len(top), np.int32)
    best[place[largest]] = largest
    del largest, top
    rest = value.copy()
    rest[best] = 0.0
    second = np.zeros(len(best))
    np.maximum.at(second, place, rest)
    result[best] = second
    return result


# decided pairs as integers; the table that a reader sees is made part by part

COLUMNS = ("cohort_id", "record_id", "match_weight", "match_probability", "decision")
_ROWS = 1 << 18  # of a part
_LOG2 = float(np.log(2.0))


@dataclass(frozen=True)
class Links:
    """Pairs to link or to review, by the cohort's rows and the records' rows.

    ``row``, ``record`` (its first row), ``edge`` and ``listed`` (as what) are per pair, the rest per edge or per row of a table.
    """

    row: Rows
    record: Rows
    edge: Rows
    listed: Small
    log_odds: Floats
    probability: Floats
    decision: Small
    cohort_ids: pa.ChunkedArray
    record_ids: pa.ChunkedArray

    def parts(self) -> Iterator[pa.Table]:
        """The table in parts; one of no rows where there is no pair."""
        names = {kind: texts([name]) for kind, name in DECISIONS.items()}
        decisions = pa.concat_arrays([names[REVIEW], names[LINK]])
        for start in range(0, max(len(self.row), 1), _ROWS):
            here = slice(start, start + _ROWS)
            edge = self.edge[here]
            kind = self.listed[here].astype(np.int32) - REVIEW
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
        return int((self.listed == kind).sum())


def list_links(
    decision: Small, record: Rows, first_row: Rows, identity: Ints | Rows, edges: Edges
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
