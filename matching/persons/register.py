"""The entries of a register become persons: linked to themselves, or by what its own columns declare.

Both ways give one index: an entry, its person, and its person at the lower bound, by which thresholds count.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import numpy as np
import pyarrow as pa

from matching.array_types import Floats, Ints
from matching.arrays import Clock, extend_hash, finish_hash, gc_paused, number_ids, start_hash
from matching.arrow import array, filled
from matching.assignment import components, persons
from matching.errors import BadTable
from matching.normalise import Encoded, encode
from matching.options import LinkOptions
from matching.reports import class_sizes, library_versions, model_parameters, rules_json
from matching.scoring import Scored, Scorer
from matching.tables import check_ids

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class ResolveReport:
    """What the resolution did; counts and weights only."""

    rows: int
    distinct_rows: int
    records: int
    persons: int
    persons_lower: int
    pairs: int
    links: int
    reviews: int
    rules: tuple[dict[str, object], ...]
    parameters: dict[str, object]
    classes: dict[str, float]
    unparsable: dict[str, dict[str, int]]
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    versions: dict[str, str] = field(default_factory=dict[str, str])

    def as_json(self) -> dict[str, object]:
        """A structure for ``json.dump``."""
        return asdict(self)


@dataclass(frozen=True)
class ResolveResult:
    """The person index and how it came about."""

    index: pa.Table
    report: ResolveReport


@gc_paused()
def resolve(
    records: pa.Table, options: LinkOptions | None = None, *, progress: Progress | None = None
) -> ResolveResult:
    """Find out which entries of a register are one person.

    Args:
        records: ``record_id`` (whole number; several rows of one id are variants of one entry),
            standard columns, and optionally ``group`` (whole number: entries of one group, such as
            the parties of one order, are different people).
        options: thresholds, threads, budget; the same as for ``link``.
        progress: called with a stage and the share that is done.

    Returns:
        ``index`` with ``record_id, identity, identity_lower`` (whole numbers, one row per entry,
        ordered by ``record_id``). An identity is the smallest ``record_id`` of the person.
        ``identity_lower`` also joins what only might be one person: it never counts too many.

    Raises:
        MissingIdColumn, MissingIds, BadTable: unusable table.
    """
    options = options or LinkOptions()
    report_progress = progress or (lambda _stage, _share: None)
    check_ids(records, "record_id", unique=False)
    if records.num_rows and not pa.types.is_integer(records["record_id"].type):
        raise BadTable(columns=["record_id"])
    seconds: dict[str, float] = {}
    report_progress("normalise", 0.0)
    with Clock(seconds, "normalise"):
        ids, node, group = _nodes(records)
        whole = encode(records, None)
        row_of, copies = _distinct(whole)
    reduced = _reduced(whole, row_of)
    report_progress("block", 0.3)
    scorer = Scorer(reduced, options, same_table=True, seconds=seconds)
    report_progress("compare", 0.5)
    scored = scorer.run()
    report_progress("decide", 0.8)
    with Clock(seconds, "decide"):
        edges = _edges(scorer, scored, row_of, copies, node, group)
        identity, lower, links, reviews = _decide(
            edges, len(ids), group, scorer, copies, node, options
        )
    order = np.argsort(ids, kind="stable")
    index = pa.table(
        {
            "record_id": pa.array(ids[order], pa.int64()),
            "identity": pa.array(_named(identity, ids)[order], pa.int64()),
            "identity_lower": pa.array(_named(lower, ids)[order], pa.int64()),
        }
    )
    report_progress("done", 1.0)
    made = ResolveReport(
        rows=records.num_rows,
        distinct_rows=len(row_of),
        records=len(ids),
        persons=len(np.unique(identity)),
        persons_lower=len(np.unique(lower)),
        pairs=scored.pairs,
        links=links,
        reviews=reviews,
        rules=rules_json(scorer.blocks.counts),
        parameters=model_parameters(scorer.model),
        classes=class_sizes(scorer.model),
        unparsable={"records": whole.unparsable["cohort"]},
        seconds={stage: round(spent, 3) for stage, spent in seconds.items()},
        versions=library_versions(),
    )
    return ResolveResult(index, made)


@dataclass(frozen=True)
class _Edges:
    """Links between entries: the best odds over their rows."""

    left: Ints
    right: Ints
    odds: Floats


def _nodes(records: pa.Table) -> tuple[Ints, Ints, Ints | None]:
    """Ids of the entries, the entry of each row, and the group of each entry."""
    numbers, first = number_ids(records["record_id"])
    number = numbers.astype(np.int64)
    ids = array(records["record_id"]).astype(np.int64)[first]
    if "group" not in records.column_names:
        return ids, number, None
    if not pa.types.is_integer(records["group"].type):
        raise BadTable(columns=["group"])
    return ids, number, array(filled(records["group"])).astype(np.int64)[first]


def _distinct(encoded: Encoded) -> tuple[Ints, Ints]:
    """The first row of each distinct content, and for each row the number of its content."""
    columns = encoded.cohort.arrays()
    key = start_hash(columns[0])
    for column in columns[1:]:
        key = extend_hash(key, column)
    _, first, place = np.unique(finish_hash(key), return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    return np.sort(first), rank[place]


def _reduced(encoded: Encoded, rows: Ints) -> Encoded:
    side = encoded.cohort.take(rows)
    return Encoded(
        side, side, encoded.names, encoded.parts, encoded.streets, encoded.places,
        encoded.columns, encoded.unparsable,
    )  # fmt: skip


def _edges(
    scorer: Scorer, scored: Scored, row_of: Ints, copies: Ints, node: Ints, group: Ints | None
) -> _Edges:
    """Edges between entries, from scored distinct contents and from equal contents.

    Equal contents are not always one person (a name alone says little), so their odds are computed
    like any other pair's. Each content stands for its first entry; the other entries hang on that one.
    """
    entry = node[row_of]
    content_odds = pair_odds(scorer, np.arange(len(row_of)), np.arange(len(row_of)))
    repeat = np.flatnonzero(entry[copies] != node)
    left = np.concatenate([entry[scored.a], entry[copies[repeat]]])
    right = np.concatenate([entry[scored.b], node[repeat]])
    odds = np.concatenate([scored.log_odds, content_odds[copies[repeat]]])
    low, high = np.minimum(left, right), np.maximum(left, right)
    ok = low != high
    if group is not None:
        ok &= (group[low] < 0) | (group[low] != group[high])
    low, high, odds = low[ok], high[ok], odds[ok]
    order = np.lexsort((-odds, high, low))
    low, high, odds = low[order], high[order], odds[order]
    first = np.r_[True, (low[1:] != low[:-1]) | (high[1:] != high[:-1])] if len(low) else ok[:0]
    return _Edges(low[first], high[first], odds[first])


def _decide(
    edges: _Edges,
    size: int,
    group: Ints | None,
    scorer: Scorer,
    copies: Ints,
    node: Ints,
    options: LinkOptions,
) -> tuple[Ints, Ints, int, int]:
    """Persons, persons at the lower bound, and how many edges were links and reviews."""
    probability = 1 / (1 + np.exp(-np.clip(edges.odds, -500, 500)))
    link, review = probability >= options.threshold, probability >= options.review_from
    content = np.full(size, -1, np.int64)
    content[node[::-1]] = copies[::-1]  # the content of an entry's first row

    def odds_of(x: Ints, y: Ints) -> Floats:
        return pair_odds(scorer, content[x], content[y])

    identity = persons(size, edges.left[link], edges.right[link], edges.odds[link], group, odds_of)
    ends = np.arange(size)
    left = np.concatenate([edges.left[review], ends])
    right = np.concatenate([edges.right[review], identity])
    lower = components(size, left, right)
    return identity, lower, int(link.sum()), int((review & ~link).sum())


def pair_odds(scorer: Scorer, x: Ints, y: Ints) -> Floats:
    """Log odds of any pairs of rows of one table."""
    a, b = x.astype(np.int32), y.astype(np.int32)
    return scorer.log_odds_of(a, b)


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
    check_ids(entries, "record_id", unique=True)
    if entries.num_rows and not pa.types.is_integer(entries["record_id"].type):
        raise BadTable(columns=["record_id"])
    entries = entries.sort_by("record_id")
    ids = entries["record_id"].to_numpy().astype(np.int64)
    left, right = _equal(entries["same"])
    maybe_left, maybe_right = _equal(entries["maybe_same"])
    identity = components(len(ids), left, right)
    lower = components(
        len(ids), np.concatenate([left, maybe_left]), np.concatenate([right, maybe_right])
    )
    return pa.table(
        {
            "record_id": pa.array(ids, pa.int64()),
            "identity": pa.array(ids[identity], pa.int64()),
            "identity_lower": pa.array(ids[lower], pa.int64()),
        }
    )


def _equal(values: pa.ChunkedArray) -> tuple[Ints, Ints]:
    """Pairs of rows with one value: each with the first that has it."""
    texts = np.asarray(values.to_pylist(), dtype=object)
    known = np.flatnonzero([text is not None for text in texts])
    if not len(known):
        return known.astype(np.int64), known.astype(np.int64)
    _, first, place = np.unique(texts[known].astype(str), return_index=True, return_inverse=True)
    return known[first[place]].astype(np.int64), known.astype(np.int64)
