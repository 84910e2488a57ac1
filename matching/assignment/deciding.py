"""Link, review, or nothing: what the probabilities mean, near-ties included."""

import numpy as np
import numpy.typing as npt

from matching.arrays import numbered
from matching.options import LinkOptions

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NOTHING, REVIEW, LINK = 0, 1, 2
DECISIONS = {REVIEW: "review", LINK: "link"}


def decide(
    rows: Ints, identities: Ints, alone: Floats, probability: Floats, options: LinkOptions
) -> npt.NDArray[np.int8]:
    """A decision for each edge.

    Args:
        rows: cohort row of each edge.
        identities: identity of each edge.
        alone: log odds of each edge without competition.
        probability: probability of each edge after competition.
        options: thresholds.

    A link needs the threshold and no near-tie: no other edge of its row (or, where an identity goes
    to one row only, of its identity) that is left with at least ``tie``. Both edges of a near-tie
    go to review: never is one of them silently preferred. So does an edge that would be a link on
    its own and lost narrowly.
    """
    decision = np.zeros(len(rows), np.int8)
    rival = _best_other(rows, probability)
    if options.one_row_per_identity:
        rival = np.maximum(rival, _best_other(identities, probability))
    strong = probability >= options.threshold
    decision[(probability >= options.review_from) & ~strong] = REVIEW
    decision[strong] = LINK
    tied = (probability >= options.tie) & (rival >= options.tie)
    by_itself = 1 / (1 + np.exp(-alone)) >= options.review_from
    decision[tied & (strong | by_itself)] = REVIEW
    return decision


def _best_other(group: Ints, value: Floats) -> Floats:
    """The largest value in an element's group, its own left out; 0 where it is alone."""
    if not len(value):
        return value
    rest = np.zeros(len(value))
    place, groups = numbered(group)
    shared = np.flatnonzero(np.bincount(place, minlength=groups)[place] > 1)
    if len(shared):
        rest[shared] = _second_to(numbered(place[shared])[0], value[shared])
    return rest


def _second_to(place: Ints, value: Floats) -> Floats:
    """For the largest of a group (the last of equal ones) the second, for the others the largest."""
    top = np.zeros(int(place.max()) + 1)
    np.maximum.at(top, place, value)
    largest = np.flatnonzero(value == top[place])
    best = np.zeros(len(top), np.int64)
    best[place[largest]] = largest
    rest = value.copy()
    rest[best] = 0.0
    second = np.zeros(len(top))
    np.maximum.at(second, place, rest)
    result = top[place]
    result[best] = second
    return result
