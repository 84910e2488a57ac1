"""Duplicates within a cohort: rows that plausibly describe one person.

A cohort that lists one name with 366 birth dates would make the register answer questions about
that person. Three searches find rows to withhold until a reviewer settles them: rows that the weights
call one person; rows with one name and one address or number, whatever the birth date; and a name
that comes far more often than names do.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from matching import arrays, assignment, linking, native, normalise, scoring, tables
from matching.arrow import Bools, Codes, Floats, Ints, Numbers, Places, Rows
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
_SPREAD, _HERE = 16, 8  # shards on a cluster, and here without the library, at most
_LARGE = 1_000_000  # rows; in a longer cohort what many rows share is split sooner, so that a row meets as few as in this one
_MOST_ALIKE = 16  # rows of one value of a rule: then further fields must agree, too
_EXACT = 1.001  # what logarithms and their powers leave uncertain is far less
_RARE = 1e-6  # chance of such a repetition in a whole cohort of honest rows


def find_duplicates(
    cohort: linking.Source,
    words: OwnWords = NO_WORDS,
    run_shards: scoring.RunShards | None = None,
    read_ids: Callable[[], pa.ChunkedArray] | None = None,
) -> pa.Table:
    """Groups of rows that look like one person.

    Args:
        cohort: ``cohort_id`` (text, unique) and standard columns (text).
        words: placeholders and nicknames of the Department's own.
        run_shards: has the shards of the search by weights worked elsewhere; never changes the result.
        read_ids: reads the ids again in the end, which are then not in memory meanwhile.

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
    arrays.give_back(arrays.MUCH)
    tables.check_ids(ids, "cohort_id", unique=True)
    read_ids = read_ids or (lambda kept=ids["cohort_id"]: kept)
    del ids
    arrays.give_back()
    encoded = normalise.encode_alone(side, cohort.columns, words)
    del side
    arrays.give_back()
    found = [_by_weights(encoded, options, run_shards)]
    one, first = encoded.cohort, encoded.parts.root[encoded.cohort.first]
    del encoded
    arrays.give_back()
    found += _by_names(one, first, options.threads)
    del one, first
    arrays.give_back()
    left, right, probability = (np.concatenate(part) for part in zip(*found, strict=True))
    label = assignment.components(rows, left, right)
    best = np.zeros(rows)
    np.maximum.at(best, left, probability)
    np.maximum.at(best, right, probability)
    chosen = np.flatnonzero(np.bincount(label, minlength=rows)[label] > 1)
    group = np.unique(label[chosen], return_inverse=True)[1] + 1
    return pa.table(
        {
            "cohort_id": read_ids().take(pa.array(chosen)),
            "group": pa.array(group.astype(np.int64)),
            "probability": pa.array(np.round(best[chosen], 6)),
        }
    )


def _by_weights(
    encoded: normalise.Encoded, options: LinkOptions, run_shards: scoring.RunShards | None
) -> tuple[Ints, Ints, Floats]:
    """Pairs that the shipped weights call one person. Nothing is trained: there is nothing to learn."""
    shards = _SPREAD if run_shards else _HERE if native.compiled() is None else 1
    options = scoring.of_one_table(options, encoded.cohort.rows, shards)
    if encoded.cohort.rows > _LARGE:
        options = replace(options, block_cap=_MOST_ALIKE**2)
    scorer = scoring.Scorer(encoded, options, same_table=True)
    scorer.expect_matches(_SHARE * encoded.cohort.rows)
    scored = scorer.score(run_shards)
    probability = 1 / (1 + np.exp(-np.clip(scored.log_odds, -500, 500)))
    keep = probability >= _PLAUSIBLE
    return (scored.a[keep].astype(np.int64), scored.b[keep].astype(np.int64), probability[keep])


def _by_names(
    side: normalise.Side, first: Codes, threads: int | None
) -> list[tuple[Ints, Ints, Floats]]:
    """Pairs of the two searches that no weights are needed for."""
    searches = (_by_name_and_place, _by_repetition)
    return list(arrays.in_threads(lambda search: search(side, first), searches, threads))


def _by_name_and_place(side: normalise.Side, first: Codes) -> tuple[Ints, Ints, Floats]:
    """Rows of one full name that share an address or a number; birth dates are not looked at."""
    found = [(np.empty(0, np.int32), np.empty(0, np.int32))]
    for rows in arrays.in_parts(first, side.last, _named(side, first)):
        some = side.take(rows)
        name = first[rows].astype(np.int64) << 32 | some.last
        address = np.where(some.house >= 0, some.address, -1)
        pairs = [_chained(name, other) for other in (address, some.ssn, some.licence, some.phone)]
        left, right = (np.concatenate(part) for part in zip(*pairs, strict=True))
        # Senior and junior share both and say so; whoever leaves the suffixes out is asked.
        told_apart = (some.suffix[left] > 0) & (some.suffix[right] > 0)
        keep = ~(told_apart & (some.suffix[left] != some.suffix[right]))
        found.append((rows[left[keep]], rows[right[keep]]))
    left, right = (np.concatenate(part).astype(np.int64) for part in zip(*found, strict=True))
    return left, right, np.full(len(left), 0.9)


def _by_repetition(side: normalise.Side, first: Codes) -> tuple[Ints, Ints, Floats]:
    """Names (also within one ZIP code) that occur more often than chance allows."""
    known, last = _named(side, first), side.last
    together = np.zeros(side.rows, np.int32)  # rows of each one's name
    bearers = [np.bincount(of[of >= 0], minlength=1) for of in (first, last)]
    named = [np.bincount(of[known], minlength=1) for of in (first, last)]

    def likely(rows: Rows) -> Floats:
        shares = [
            np.minimum(np.maximum(many[of[rows]] - together[rows], 1) / max(len(known), 1), most)
            for many, of, most in zip(
                bearers, (first, last), (_MOST_FIRST, _MOST_LAST), strict=True
            )
        ]
        return shares[0] * shares[1] * _TOGETHER

    def everywhere(rows: Rows) -> _Repeated:
        name = _pair_numbers(first[rows], last[rows])
        together[rows] = counts = _counts(name)
        many = np.flatnonzero(counts >= 3)
        some, counts = rows[many], counts[many]
        beside = (all_[of[some]] - counts for all_, of in zip(named, (first, last), strict=True))
        return _Repeated.of(name, many, some, counts, len(known) * likely(some), *beside)

    def in_zip_codes(rows: Rows) -> _Repeated:
        x, y, where = first[rows], last[rows], side.zip[rows]
        name = _joined(_joined(x, y), where)
        counts = _counts(name)
        many = np.flatnonzero(counts >= 3)
        some, counts = rows[many], counts[many]
        beside = (_counts(_joined(part, where))[many] - counts for part in (x, y))
        expected = _counts(where)[many] * likely(some)
        return _Repeated.of(name, many, some, counts, expected, *beside)

    placed = np.flatnonzero(side.zip >= 0).astype(np.int32)
    pairs = [
        *_beyond_chance([*map(everywhere, arrays.in_parts(first, last, known))]),
        *_beyond_chance([*map(in_zip_codes, arrays.in_parts(side.zip, side.zip, placed))]),
    ]
    left, right = (np.concatenate(part).astype(np.int64) for part in zip(*pairs, strict=True))
    return left, right, np.full(len(left), 0.99)


def _named(side: normalise.Side, first: Codes) -> Rows:
    """The rows that have a full name."""
    return np.flatnonzero((first >= 0) & (side.last >= 0)).astype(np.int32)


@dataclass(frozen=True)
class _Repeated:
    """The rows of some names of one place that occur at least three times, and how often they should.

    ``distinct`` counts all of these names.
    """

    rows: Rows
    name: Rows
    counts: Ints
    expected: Floats
    distinct: int

    @classmethod
    def of(
        cls, name: Ints, many: Places, rows: Rows, counts: Ints, by_chance: Floats, *beside: Ints
    ) -> "_Repeated":
        """What a name's parts do beside it tells how often it may come.

        An honest surname has its share of each first name of its origin, and a first name its share of
        surnames. Rows of the name itself say nothing of that: they could all be one person's.

        Args:
            name: of each row of the part.
            many: which of these occur at least three times.
            rows: the rows of ``many``.
            counts: of the names of ``many``; as all that follows.
            by_chance: how often the two parts would meet.
            beside: rows of other names with its first name, and with its last name.
        """
        expected = np.maximum(
            by_chance, np.minimum(_FIRST_OF_LAST * beside[1], _LAST_OF_FIRST * beside[0])
        )
        names = name[many].astype(np.int32)
        return cls(rows, names, counts, expected, int(name.max(initial=-1)) + 1)


def _beyond_chance(parts: Sequence[_Repeated]) -> Iterator[tuple[Rows, Rows]]:
    """Neighbours within each name that occurs beyond chance."""
    distinct = sum(part.distinct for part in parts)
    for part in parts:
        # Given that the first row is there anyway: how likely are that many more?
        odd = np.flatnonzero(_rare(part.counts - 1, part.expected, distinct))
        left, right = _chained(part.name[odd], np.zeros(len(odd), np.int64))
        yield part.rows[odd[left]], part.rows[odd[right]]


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


def _counts(numbers: Numbers) -> Ints:
    """For each row how many rows have its number; none where it is missing."""
    known = numbers >= 0
    counts = np.bincount(numbers[known], minlength=1)
    return np.where(known, counts[np.where(known, numbers, 0)], 0)


def _joined(a: Numbers, b: Numbers) -> Ints:
    """One number for two; -1 where either is missing."""
    there = (a >= 0) & (b >= 0)
    key = np.full(len(a), -1)
    key[there] = _pair_numbers(a[there], b[there])
    return key


def _pair_numbers(a: Numbers, b: Numbers) -> Ints:
    """A number for each two values (none is missing), in the order of their first appearance."""
    first, second = (
        side if int(side.max(initial=0)) < 1 << 31 else arrays.numbered(side)[0] for side in (a, b)
    )
    return arrays.numbered(first.astype(np.int64) << 32 | second)[0]


def _chained(a: Numbers, b: Numbers) -> tuple[Ints, Ints]:
    """Each row with the next row of the same two values."""
    there = np.flatnonzero((a >= 0) & (b >= 0))
    first, second = (side[there].astype(np.int64, copy=False) for side in (a, b))
    hashes = arrays.finish_hash(arrays.extend_hash(arrays.start_hash(first), second))
    # most share both with nobody: these are not sorted
    bucket = arrays.buckets(hashes, arrays.bits_for(len(there)))
    shared = np.flatnonzero((np.bincount(bucket) > 1)[bucket])
    key = _pair_numbers(first[shared], second[shared])
    order = np.argsort(key, kind="stable")
    same = key[order[1:]] == key[order[:-1]]
    rows = there[shared[order]]
    return rows[:-1][same], rows[1:][same]
