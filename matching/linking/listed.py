"""What is listed of a linked identity: a link holds the records that the evidence carries, the others go to review."""

from typing import Final

import numpy as np

from matching import arrays
from matching import assignment as deciding
from matching.arrow import Floats, Rows, Small
from matching.scoring import Scored, Scorer

# Log odds (97 %) with a record that is a row's, from which another one is.
_CARRIES: Final = 3.5
# Log odds (95 %) from which one without a birth date is, beside one that has the row's.
_UNDATED: Final = 3.0


def by_pair(
    row: Rows,
    record: Rows,
    edge: Rows,
    decision: Small,
    edges: deciding.Edges,
    scorer: Scorer,
    numbers: tuple[Rows, Rows],
) -> Small:
    """A decision for each listed pair: of a linked identity, a record that contradicts the row goes to review.

    ``numbers`` are those of the row and of the record whose variant each of the tables' rows is: what agrees with one variant is no contradiction.
    """
    result = decision[edge]
    several = np.bincount(edge, minlength=len(decision)) > 1
    doubtful = several | (edges.unguarded < edges.log_odds)
    open_ = np.flatnonzero((result == deciding.LINK) & doubtful[edge])
    mine, theirs = map(arrays.Variants.of, numbers)
    which = numbers[1][record[open_]]
    result[open_[mine.all_with(theirs, row[open_], which, scorer.opposed)]] = deciding.REVIEW
    return result


def carried(
    row: Rows,
    record: Rows,
    edge: Rows,
    kind: Small,
    edges: deciding.Edges,
    scored: Scored,
    scorer: Scorer,
    numbers: tuple[Rows, Rows],
) -> tuple[Small, Floats]:
    """A decision for each listed pair: of an identity that was found here, a record that no evidence carries goes to review.

    The second array has the log odds of what carries those links that do not carry themselves.

    It is carried by its own agreement with the row, or by what it has in common with a record that is the row's by itself. Without a birth date, beside
    a record that has the row's, it may be his father's of one name and home: the row has its record, so this one must agree by more than a link must.
    ``numbers`` are as in ``by_pair``.
    """
    size, number = len(edges.rows), numbers[1]
    several = np.bincount(edge[kind == deciding.LINK], minlength=size) > 1
    here = np.flatnonzero(several[edge] & (kind == deciding.LINK))
    of = np.flatnonzero(several[edges.place])
    key = edges.place[of].astype(np.int64) << 32 | number[scored.b[of]]
    order = np.argsort(key)
    keys = key[order]
    first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
    keys, odds = keys[first], np.maximum.reduceat(scored.log_odds[of[order]], first)
    wanted = edge[here].astype(np.int64) << 32 | number[record[here]]
    place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    own = np.full(len(here), -np.inf)
    found = np.flatnonzero(keys[place] == wanted) if len(keys) else np.empty(0, np.int64)
    own[found] = odds[place[found]]
    least = np.log(scorer.options.threshold / (1 - scorer.options.threshold))
    strong = own >= np.minimum(least, edges.log_odds[edge[here]])
    both = scorer.encoded.cohort, scorer.encoded.records
    mine, theirs = (
        np.bincount(of_row, side.birth > 0) > 0 for of_row, side in zip(numbers, both, strict=True)
    )
    dated = mine[row[here]] & theirs[number[record[here]]]
    beside = np.bincount(edge[here[strong & dated]], minlength=size) > 0
    strong &= dated | ~beside[edge[here]] | (own >= _UNDATED)
    firm, weak = here[strong], here[~strong]  # both in the order of rows, not of edges
    firm = firm[np.argsort(edge[firm], kind="stable")]
    start, stop = (np.searchsorted(edge[firm], edge[weak], side=s) for s in ("left", "right"))
    many = stop - start
    pair = np.repeat(np.arange(len(weak)), many)
    place = np.arange(len(pair)) + np.repeat(start - np.cumsum(many) + many, many)
    alike = scorer.within_records().log_odds_of(record[weak[pair]], record[firm[place]])
    most = np.full(len(weak), -np.inf)
    np.maximum.at(most, pair, alike)
    result = kind.copy()
    result[weak[most < _CARRIES]] = deciding.REVIEW
    return result, most[most >= _CARRIES]
