"""The entries of a register become persons: linked to themselves, or by what its own columns declare.

Both ways give one index: an entry, its person, and its person at the lower bound, by which thresholds count.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from matching import arrays, assignment, errors, normalise, tables
from matching.arrow import Bools, Floats, Ints, array, filled
from matching.options import LinkOptions
from matching.scoring import Scored, Scorer


@arrays.gc_paused()
def resolve(records: pa.Table, options: LinkOptions | None = None) -> pa.Table:
    """Find out which entries of a register are one person.

    Args:
        records: ``record_id`` (whole number; several rows of one id are variants of one entry),
            standard columns, and optionally ``group`` (whole number: entries of one group, such as
            the parties of one order, are different people).
        options: thresholds, threads, budget; the same as for a linkage.

    Returns:
        ``record_id, identity, identity_lower`` (whole numbers, one row per entry,
        ordered by ``record_id``). An identity is the smallest ``record_id`` of the person.
        ``identity_lower`` also joins what only might be one person: it never counts too many.

    Raises:
        MissingIdColumn, MissingIds, BadTable: unusable table.
    """
    options = options or LinkOptions()
    tables.check_ids(records, "record_id", unique=False)
    if records.num_rows and not pa.types.is_integer(records["record_id"].type):
        raise errors.BadTable(columns=["record_id"])
    ids, node, group = _nodes(records)
    whole = normalise.encode(records, None, own_words=options.words)
    row_of, copies = _distinct(whole)
    side = whole.cohort.take(row_of)
    scorer = Scorer(replace(whole, cohort=side, records=side), options, same_table=True)
    edges = _edges(scorer, scorer.run(), row_of, copies, node, group)
    identity, lower = _decide(edges, len(ids), group, scorer, copies, node, options)
    return _index(ids, _named(identity, ids), _named(lower, ids)).sort_by("record_id")


def _index(ids: Ints, identity: Ints, lower: Ints) -> pa.Table:
    return pa.table({"record_id": ids, "identity": identity, "identity_lower": lower})


@dataclass(frozen=True)
class _Edges:
    """Links between entries: the best odds over their rows, and over pairs of rows that may be linked by themselves."""

    left: Ints
    right: Ints
    odds: Floats
    unguarded: Floats


def _nodes(records: pa.Table) -> tuple[Ints, Ints, Ints | None]:
    """Ids of the entries, the entry of each row, and the group of each entry."""
    numbers, first = arrays.number_ids(records["record_id"])
    number = numbers.astype(np.int64)
    ids = array(records["record_id"]).astype(np.int64)[first]
    if "group" not in records.column_names:
        return ids, number, None
    if not pa.types.is_integer(records["group"].type):
        raise errors.BadTable(columns=["group"])
    return ids, number, array(filled(records["group"])).astype(np.int64)[first]


def _distinct(encoded: normalise.Encoded) -> tuple[Ints, Ints]:
    """The first row of each distinct content, and for each row the number of its content."""
    columns = [values.astype(np.int64) for values in encoded.cohort.columns().values()]
    key = arrays.start_hash(columns[0])
    for column in columns[1:]:
        key = arrays.extend_hash(key, column)
    _, first, place = np.unique(arrays.finish_hash(key), return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    return np.sort(first), rank[place]


def _edges(
    scorer: Scorer, scored: Scored, row_of: Ints, copies: Ints, node: Ints, group: Ints | None
) -> _Edges:
    """Edges between entries, from scored distinct contents and from equal contents.

    Equal contents are not always one person (a name alone says little), so their odds are computed
    like any other pair's. Each content stands for its first entry; the other entries hang on that one.
    """
    entry = node[row_of]
    contents = np.arange(len(row_of), dtype=np.int32)
    content_odds, content_guarded, _ = scorer.weighed(contents, contents)
    repeat = np.flatnonzero(entry[copies] != node)
    left = np.concatenate([entry[scored.a], entry[copies[repeat]]])
    right = np.concatenate([entry[scored.b], node[repeat]])
    odds = np.concatenate([scored.log_odds, content_odds[copies[repeat]]])
    guarded = np.concatenate([scored.guarded, content_guarded[copies[repeat]]])
    low, high = np.minimum(left, right), np.maximum(left, right)
    ok = low != high
    if group is not None:
        ok &= (group[low] < 0) | (group[low] != group[high])
    low, high, odds, guarded = low[ok], high[ok], odds[ok], guarded[ok]
    pair, many = arrays.numbered(low << 32 | high)
    best = np.full((2, many), -np.inf)
    np.maximum.at(best[0], pair, odds)
    np.maximum.at(best[1], pair, np.where(guarded, -np.inf, odds))
    first = np.empty(many, np.int64)
    first[pair[::-1]] = np.arange(len(pair))[::-1]
    order = np.lexsort((high[first], low[first]))
    return _Edges(low[first[order]], high[first[order]], best[0][order], best[1][order])


def _decide(
    edges: _Edges,
    size: int,
    group: Ints | None,
    scorer: Scorer,
    copies: Ints,
    node: Ints,
    options: LinkOptions,
) -> tuple[Ints, Ints]:
    """Persons, and persons at the lower bound."""
    possible, probable = (
        1 / (1 + np.exp(-np.clip(odds, -500, 500))) for odds in (edges.odds, edges.unguarded)
    )
    link, review = probable >= options.threshold, possible >= options.review_from
    content = np.full(size, -1, np.int32)
    content[node[::-1]] = copies[::-1]  # the content of an entry's first row

    def contradict(x: Ints, y: Ints) -> Bools:
        odds, _, opposed = scorer.weighed(content[x], content[y])
        return opposed | (odds < assignment.VETO)

    identity = assignment.persons(
        size, edges.left[link], edges.right[link], edges.unguarded[link], group, contradict
    )
    ends = np.arange(size)
    left = np.concatenate([edges.left[review], ends])
    right = np.concatenate([edges.right[review], identity])
    return identity, assignment.components(size, left, right)


def _named(cluster: Ints, ids: Ints) -> Ints:
    """Each cluster named by its smallest id."""
    smallest = np.full(len(ids), np.iinfo(np.int64).max)
    np.minimum.at(smallest, cluster, ids)
    return smallest[cluster]


def declared_persons(entries: pa.Table) -> pa.Table:
    """Return the person index of entries whose columns declare who they are.

    Args:
        entries: ``record_id`` (whole number, once each), ``same`` and ``maybe_same`` (text or
            missing). Entries with one ``same`` are one person; with one ``maybe_same`` they may be,
            and the lower bound takes them for one. A missing value says nothing.

    Returns:
        ``record_id, identity, identity_lower`` (whole numbers), ordered by ``record_id``.

    Raises:
        MissingIdColumn, MissingIds, DuplicateIds, BadTable: unusable table.
    """
    tables.check_ids(entries, "record_id", unique=True)
    if entries.num_rows and not pa.types.is_integer(entries["record_id"].type):
        raise errors.BadTable(columns=["record_id"])
    entries = entries.sort_by("record_id")
    ids = entries["record_id"].to_numpy().astype(np.int64)
    left, right = _equal(entries["same"])
    maybe_left, maybe_right = _equal(entries["maybe_same"])
    identity = assignment.components(len(ids), left, right)
    lower = assignment.components(
        len(ids), np.concatenate([left, maybe_left]), np.concatenate([right, maybe_right])
    )
    return _index(ids, ids[identity], ids[lower])


def _equal(values: pa.ChunkedArray) -> tuple[Ints, Ints]:
    """Pairs of rows with one value: each with the first that has it."""
    texts = np.asarray(values.to_pylist(), dtype=object)
    known = np.flatnonzero([text is not None for text in texts])
    if not len(known):
        return known.astype(np.int64), known.astype(np.int64)
    _, first, place = np.unique(texts[known].astype(str), return_index=True, return_inverse=True)
    return known[first[place]].astype(np.int64), known.astype(np.int64)
