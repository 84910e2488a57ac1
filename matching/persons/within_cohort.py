"""Duplicates within a cohort: rows that plausibly describe one person.

A cohort that lists one name with 366 birth dates would make the register answer questions about
that person. Three searches find rows to withhold until a reviewer settles them: rows that the weights
call one person; rows with one name and one address or number, whatever the birth date; and a name
that comes far more often than names do.
"""

import math

import numpy as np
import pyarrow as pa

from matching import arrays, assignment, linking, normalise, scoring, tables
from matching.arrow import Bools, Floats, Ints
from matching.options import LinkOptions
from matching.own_words import NO_WORDS, OwnWords

_SHARE = 0.002  # rows expected to be somebody's second row: registered cohorts are lists of persons
_PLAUSIBLE = 0.5  # probability from which two rows are withheld
# The commonest American first name and surname, as shares of people
# (US Census Bureau, names of 1990 and 2010: James 1.7 % of all, Smith 0.8 %).
_MOST_FIRST, _MOST_LAST = 0.017, 0.010
_TOGETHER = 8.0  # first names and surnames of one origin occur together this much more often
# Of a small origin even more, but no first name has a larger share among people of one surname, nor a
# surname (Nguyen) among those of one first name. Our assumptions, wide on purpose.
_FIRST_OF_LAST, _LAST_OF_FIRST = 0.06, 0.4
_SPREAD = 16  # shards on a cluster, at most
_EXACT = 1.001  # what logarithms and their powers leave uncertain is far less
_RARE = 1e-6  # chance of such a repetition in a whole cohort of honest rows


def find_duplicates(
    cohort: linking.Source, words: OwnWords = NO_WORDS, run_shards: scoring.RunShards | None = None
) -> pa.Table:
    """Groups of rows that look like one person.

    Args:
        cohort: ``cohort_id`` (text, unique) and standard columns (text).
        words: placeholders and nicknames of the Department's own.
        run_shards: has the shards of the search by weights worked elsewhere; never changes the result.

    Returns:
        ``cohort_id, group, probability``: one row for each cohort row in a group of two or more, by
        the cohort's order; ``group`` numbers the groups from 1; ``probability`` is that of the surest
        reason for which the row is in its group.

    Raises:
        MissingIdColumn, MissingIds, DuplicateIds, BadTable: unusable table.
    """
    options = LinkOptions()
    id_columns = [name for name in cohort.keep if name == "cohort_id"]
    side = normalise.read_input(cohort.parts(), cohort.columns, id_columns, options.threads)
    ids, rows = side.as_given, side.rows
    tables.check_ids(ids, "cohort_id", unique=True)
    encoded = normalise.encode_alone(side, cohort.columns, words)
    del side
    found = [
        _by_weights(encoded, options, run_shards),
        _by_name_and_place(encoded),
        _by_repetition(encoded),
    ]
    left, right, probability = (np.concatenate(part) for part in zip(*found, strict=True))
    label = assignment.components(rows, left, right)
    best = np.zeros(rows)
    np.maximum.at(best, left, probability)
    np.maximum.at(best, right, probability)
    chosen = np.flatnonzero(np.bincount(label, minlength=rows)[label] > 1)
    group = np.unique(label[chosen], return_inverse=True)[1] + 1
    return pa.table(
        {
            "cohort_id": ids["cohort_id"].take(pa.array(chosen)),
            "group": pa.array(group.astype(np.int64)),
            "probability": pa.array(np.round(best[chosen], 6)),
        }
    )


def _by_weights(
    encoded: normalise.Encoded, options: LinkOptions, run_shards: scoring.RunShards | None
) -> tuple[Ints, Ints, Floats]:
    """Pairs that the shipped weights call one person. Nothing is trained: there is nothing to learn."""
    spread = (_SPREAD,) if run_shards else ()
    options = scoring.of_one_table(options, encoded.cohort.rows, *spread)
    scorer = scoring.Scorer(encoded, options, same_table=True)
    scorer.expect_matches(_SHARE * encoded.cohort.rows)
    scored = scorer.score(run_shards)
    probability = 1 / (1 + np.exp(-np.clip(scored.log_odds, -500, 500)))
    keep = probability >= _PLAUSIBLE
    return (scored.a[keep].astype(np.int64), scored.b[keep].astype(np.int64), probability[keep])


def _by_name_and_place(encoded: normalise.Encoded) -> tuple[Ints, Ints, Floats]:
    """Rows of one full name that share an address or a number; birth dates are not looked at."""
    side = encoded.cohort
    name = _joined(encoded.parts.root[side.first].astype(np.int64), side.last.astype(np.int64))
    address = np.where(side.house >= 0, side.address, -1)
    numbers = side.ssn.astype(np.int64), side.licence, side.phone
    pairs = [_chained(name, other) for other in (address, *numbers)]
    left, right = (np.concatenate(part) for part in zip(*pairs, strict=True))
    # Senior and junior share both and say so; whoever leaves the suffixes out is asked.
    told_apart = (side.suffix[left] > 0) & (side.suffix[right] > 0)
    keep = ~(told_apart & (side.suffix[left] != side.suffix[right]))
    return left[keep], right[keep], np.full(int(keep.sum()), 0.9)


def _by_repetition(encoded: normalise.Encoded) -> tuple[Ints, Ints, Floats]:
    """Names (also within one ZIP code) that occur more often than chance allows."""
    side = encoded.cohort
    first, last = encoded.parts.root[side.first].astype(np.int64), side.last.astype(np.int64)
    known = (first >= 0) & (last >= 0)
    together = _joined(first, last)
    shares = [
        np.minimum(np.maximum(_others(one, together), 1) / max(int(known.sum()), 1), most)
        for one, most in ((first, _MOST_FIRST), (last, _MOST_LAST))
    ]
    likely = shares[0] * shares[1] * _TOGETHER
    everywhere = np.where(known, 0, -1)
    places = everywhere, side.zip.astype(np.int64)
    pairs = [_repeated(first, last, where, likely) for where in places]
    left, right = (np.concatenate(part) for part in zip(*pairs, strict=True))
    return left, right, np.full(len(left), 0.99)


def _repeated(first: Ints, last: Ints, where: Ints, likely: Floats) -> tuple[Ints, Ints]:
    """Neighbours within each name of one place that occurs at least three times and beyond chance.

    What a name's parts do beside it tells how often it may come: an honest surname has its
    share of each first name of its origin, and a first name its share of surnames. Rows of
    the name itself say nothing of that: they could all be one person's.
    """
    name = _joined(_joined(first, last), where)
    counts = _counts(name)
    expected = np.maximum(
        _counts(where) * likely,
        np.minimum(
            _FIRST_OF_LAST * _others(_joined(last, where), name),
            _LAST_OF_FIRST * _others(_joined(first, where), name),
        ),
    )
    many = np.flatnonzero(counts >= 3)
    # Given that the first row is there anyway: how likely are that many more?
    odd = many[_rare(counts[many] - 1, expected[many], int(name.max(initial=-1)) + 1)]
    chosen = np.full(len(name), -1)
    chosen[odd] = name[odd]
    return _chained(chosen, np.zeros(len(name), np.int64))


def _rare(least: Ints, mean: Floats, names: int) -> Bools:
    """Where a Poisson variable is ``least`` or more so seldom that none of so many names should be."""
    rare = np.zeros(len(least), np.bool_)
    several, place = np.unique(least, return_inverse=True)
    factorial = np.array([math.lgamma(n + 1) for n in several.tolist()])[place]
    with np.errstate(divide="ignore", under="ignore"):
        exactly = np.exp(least * np.log(mean) - mean - factorial)
    # Where it is that often exactly, it is no rarer; SciPy takes as long to load as a small cohort to search.
    open_ = np.flatnonzero(exactly * names < _RARE * _EXACT)
    if len(open_):
        from scipy.special import pdtrc

        rare[open_] = pdtrc(least[open_] - 1, mean[open_]) * names < _RARE
    return rare


def _counts(numbers: Ints) -> Ints:
    """For each row how many rows have its number; none where it is missing."""
    known = numbers >= 0
    counts = np.bincount(numbers[known], minlength=1)
    return np.where(known, counts[np.where(known, numbers, 0)], 0)


def _others(part: Ints, name: Ints) -> Ints:
    """For each row how many rows of other names have its part of the name."""
    return _counts(part) - _counts(name)


def _joined(a: Ints, b: Ints) -> Ints:
    """One number for two; -1 where either is missing."""
    there = (a >= 0) & (b >= 0)
    first, _ = arrays.numbered(a[there])
    second, wide = arrays.numbered(b[there])
    key = np.full(len(a), -1)
    key[there], _ = arrays.numbered(first * wide + second)
    return key


def _chained(a: Ints, b: Ints) -> tuple[Ints, Ints]:
    """Each row with the next row of the same two values."""
    key = _joined(a, b)
    rows = np.flatnonzero(key >= 0)
    order = rows[np.argsort(key[rows], kind="stable")]
    same = key[order][1:] == key[order][:-1]
    return order[:-1][same], order[1:][same]
