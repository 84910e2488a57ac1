"""The entries of a register become persons: linked to themselves, or by what its own columns declare.

Both ways give one index: an entry, its person, and its person at the lower bound, by which thresholds count.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import pyarrow as pa

from matching import arrays, assignment, errors, normalise, tables
from matching.arrow import Bools, Floats, Ints, array, filled
from matching.options import LinkOptions
from matching.scoring import Learnt, Scored, Scorer, of_one_table

Records = pa.Table | Iterable[pa.Table]


@arrays.gc_paused()
def resolve(records: Records, options: LinkOptions | None = None) -> pa.Table:
    """Find out which entries of a register are one person.

    Args:
        records: ``record_id`` (whole number; several rows of one id are variants of one entry),
            standard columns, and optionally ``group`` (whole number: entries of one group, such as
            the parties of one order, are different people); in parts, or whole.
        options: thresholds, threads, budget; the same as for a linkage.

    Returns:
        ``record_id, identity, identity_lower`` (whole numbers, one row per entry,
        ordered by ``record_id``). An identity is the smallest ``record_id`` of the person.
        ``identity_lower`` also joins what only might be one person: it never counts too many.

    Raises:
        MissingIdColumn, MissingIds, BadTable: unusable table.
    """
    options = options or LinkOptions()
    entries = Entries.read(records, options)
    scorer = entries.scorer(options)
    return entries.index(*entries.pieces().persons(scorer, scorer.run(), options))


@dataclass(frozen=True)
class Entries:
    """A register's entries by number, their rows, and the distinct contents of these.

    Attributes:
        ids, group: of each entry (no group: -1, or no array).
        node: the entry of each row.
        row_of, copies: the first row of each content, and the content of each row.
        gone: contents that fewer rows have than before.
        encoded: the contents against themselves.
    """

    ids: Ints
    group: Ints | None
    node: Ints
    row_of: Ints
    copies: Ints
    gone: Ints
    encoded: normalise.Encoded

    @classmethod
    def read(
        cls,
        records: Records,
        options: LinkOptions,
        read_as: normalise.ReadAs | None = None,
        gone: pa.Table | None = None,
        read: Callable[[normalise.EncodingInput], None] | None = None,
    ) -> "Entries":
        """Read a register's rows, or as an earlier one was read.

        Args:
            records: of `resolve`.
            options: of `resolve`.
            read_as: how an earlier register was read.
            gone: rows that the register no longer has.
            read: shown all rows before any text is normalised.

        Raises:
            MissingIdColumn, MissingIds, BadTable: unusable table.
        """
        whole = [records] if isinstance(records, pa.Table) else records
        lost = [] if gone is None else [gone]
        given, encoded = normalise.encode_one(
            chain(whole, lost), ("record_id", "group"), options.words, read_as, read
        )
        arrays.give_back()  # what was read: the most of all that is done here
        rows = given.num_rows - sum(table.num_rows for table in lost)
        ids, node, group = _nodes(given.slice(0, rows))
        del given
        row_of, copies = _distinct(encoded)
        # contents are numbered as they appear: those that are gone are the last
        row_of = row_of[row_of < rows]
        side, missed = encoded.cohort.take(row_of), copies[rows:]
        encoded = replace(encoded, cohort=side, records=side)
        arrays.give_back()
        return cls(ids, group, node, row_of, copies[:rows], missed[missed < len(row_of)], encoded)

    def scorer(self, options: LinkOptions, learnt: Learnt | None = None) -> Scorer:
        """Scores their contents against each other, by what was learnt of others or anew."""
        options, least = of_one_table(options, len(self.row_of)), least_odds(options)
        return Scorer(self.encoded, options, same_table=True, learnt=learnt, least=least)

    def pieces(self) -> "Pieces":
        """What they are put together of."""
        entry = self.node[self.row_of]
        return Pieces(len(self.ids), entry, self.copies, self.node, self.group)

    def index(self, identity: Ints, lower: Ints) -> pa.Table:
        """The person index, by entry."""
        named = index_of(self.ids, named_by(identity, self.ids), named_by(lower, self.ids))
        return named.sort_by("record_id")


def index_of(ids: Ints, identity: Ints, lower: Ints) -> pa.Table:
    """A person index."""
    return pa.table({"record_id": ids, "identity": identity, "identity_lower": lower})


@dataclass(frozen=True)
class _Edges:
    """Links between entries: the best odds over their rows, and over pairs of rows that may be linked by themselves."""

    left: Ints
    right: Ints
    odds: Floats
    unguarded: Floats


@dataclass(frozen=True)
class Pieces:
    """Entries as they are put together to persons.

    Attributes:
        size: entries.
        entry: of each content the entry that it stands for: the first that has it (-1: of another piece of the register).
        copies, node: of each row its content and its entry.
        group: of each entry.
    """

    size: int
    entry: Ints
    copies: Ints
    node: Ints
    group: Ints | None

    def persons(self, scorer: Scorer, scored: Scored, options: LinkOptions) -> tuple[Ints, Ints]:
        """The persons of entries whose contents were scored, and persons at the lower bound."""
        edges = self.edges(scorer, scored)
        link, review = _linked(edges, options)
        content = np.full(self.size, -1, np.int32)
        content[self.node[::-1]] = self.copies[::-1]  # the content of an entry's first row

        def contradict(x: Ints, y: Ints) -> Bools:
            odds, _, opposed = scorer.weighed(content[x], content[y])
            return opposed | (odds < assignment.VETO)

        left, right = edges.left, edges.right
        identity = assignment.persons(
            self.size, left[link], right[link], edges.unguarded[link], self.group, contradict
        )
        left = np.concatenate([left[review], np.arange(self.size)])
        right = np.concatenate([right[review], identity])
        return identity, assignment.components(self.size, left, right)

    def edges(self, scorer: Scorer, scored: Scored) -> _Edges:
        """Edges between entries, from scored distinct contents and from equal contents.

        Equal contents are not always one person (a name alone says little), so their odds are computed
        like any other pair's. Each content stands for its first entry; the other entries hang on that one.
        """
        entry, copies, node, group = self.entry, self.copies, self.node, self.group
        repeat = np.flatnonzero(entry[copies] != node)
        contents, of = np.unique(copies[repeat].astype(np.int32), return_inverse=True)
        content_odds, content_guarded, _ = scorer.weighed(contents, contents)
        left = np.concatenate([entry[scored.a], entry[copies[repeat]]])
        right = np.concatenate([entry[scored.b], node[repeat]])
        odds = np.concatenate([scored.log_odds, content_odds[of]])
        guarded = np.concatenate([scored.guarded, content_guarded[of]])
        low, high = np.minimum(left, right), np.maximum(left, right)
        ok = (low != high) & (low >= 0)
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
        arrays.give_back()
        return _Edges(low[first[order]], high[first[order]], best[0][order], best[1][order])


def _linked(edges: _Edges, options: LinkOptions) -> tuple[Bools, Bools]:
    """Which edges make one person, and which might."""
    possible, probable = (
        1 / (1 + np.exp(-np.clip(odds, -500, 500))) for odds in (edges.odds, edges.unguarded)
    )
    return probable >= options.threshold, possible >= options.review_from


def least_odds(options: LinkOptions) -> float:
    """Log odds just below those from which two entries may be one person: no pair below them says anything of persons."""
    return float(np.log(options.review_from / (1 - options.review_from))) - 1e-6


def _nodes(records: pa.Table) -> tuple[Ints, Ints, Ints | None]:
    """Ids of the entries, the entry of each row, and the group of each entry."""
    if "record_id" not in records.column_names:
        raise errors.MissingIdColumn(column="record_id")
    if records.num_rows and not pa.types.is_integer(records["record_id"].type):
        raise errors.BadTable(columns=["record_id"])
    if missing := records["record_id"].null_count:
        raise errors.MissingIds(column="record_id", count=missing)
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
    content, _ = arrays.numbered(arrays.finish_hash(key).view(np.int64))
    return arrays.first_places(content), content


def named_by(cluster: Ints, ids: Ints) -> Ints:
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
    return index_of(ids, ids[identity], ids[lower])


def _equal(values: pa.ChunkedArray) -> tuple[Ints, Ints]:
    """Pairs of rows with one value: each with the first that has it."""
    texts = np.asarray(values.to_pylist(), dtype=object)
    known = np.flatnonzero([text is not None for text in texts])
    if not len(known):
        return known.astype(np.int64), known.astype(np.int64)
    _, first, place = np.unique(texts[known].astype(str), return_index=True, return_inverse=True)
    return known[first[place]].astype(np.int64), known.astype(np.int64)
