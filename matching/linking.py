"""``link``: a cohort against records, one-sided, from two tables to decided pairs."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching import deciding, quality, report
from matching.arrow import array, column, pc, texts
from matching.budget import budget_cost
from matching.checks import check_tables
from matching.compete import Competition, compete
from matching.grouping import Edges, among_candidates, edges_of
from matching.integers import count_distinct, numbered
from matching.model import Model, shipped_number
from matching.normalise.encode import Encoded, encode
from matching.options import LinkOptions
from matching.report import LinkReport
from matching.scoring import Clock, Scored, Scorer

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Progress = Callable[[str, float], None]  # stage, share of the whole job that is done

_LOG2 = float(np.log(2.0))


@dataclass(frozen=True)
class LinkResult:
    """Decided pairs, what was done, and the model to explain a pair with."""

    links: pa.Table
    report: LinkReport
    model: Model


def link(
    cohort: pa.Table,
    records: pa.Table,
    options: LinkOptions | None = None,
    *,
    progress: Progress | None = None,
) -> LinkResult:
    """Link cohort rows to records.

    Args:
        cohort: ``cohort_id`` (text, unique) and standard columns (text, null is missing).
        records: ``record_id`` (text or whole number; several rows of one id are variants of one
            record), standard columns, and optionally ``identity`` (whole number: the snapshot's
            person index). Without it, the candidates of one cohort row are resolved among themselves.
        options: see ``LinkOptions``.
        progress: called with a stage and the share that is done.

    Returns:
        ``links`` with ``cohort_id, record_id, match_weight, match_probability, decision``, one row
        for each pair, ordered by the cohort's rows and the records' rows. Every given record of a linked
        identity is listed.

    Raises:
        MissingIdColumn, MissingIds, DuplicateIds, BadTable, NoCommonColumns: unusable tables.
    """
    options = options or LinkOptions()
    tell = progress or (lambda _stage, _share: None)
    check_tables(cohort, records)
    seconds: dict[str, float] = {}
    tell("normalise", 0.0)
    with Clock(seconds, "normalise"), ThreadPoolExecutor(1) as other:
        numbering = other.submit(
            number_records, records["record_id"]
        )  # Arrow's work, beside Python's
        encoded = encode(cohort, records)
        record, first_row = numbering.result()
    tell("block", 0.2)
    scorer = Scorer(encoded, options, seconds=seconds)
    tell("compare", 0.4)
    scored = scorer.run()
    tell("decide", 0.8)
    with Clock(seconds, "decide"):
        identity = _identities(records, scored, scorer, record)
        edges = edges_of(scored, identity)
        contest = _compete(edges, encoded, identity, options)
        decision = deciding.decide(
            edges.rows, edges.identities, edges.log_odds, contest.probability, options
        )
        pairs = _emit(decision, record, identity, edges)
        weight, chance_ = edges.log_odds[pairs[2]] / _LOG2, contest.probability[pairs[2]]
        links = pa.Table.from_arrays(
            [
                cohort["cohort_id"].take(column(pairs[0])),
                records["record_id"].take(column(first_row[pairs[1]])),
                column(np.round(weight, 6)),
                column(np.round(chance_, 9)),
                texts([deciding.NAMES[d] for d in decision[pairs[2]].tolist()]),
            ],
            names=["cohort_id", "record_id", "match_weight", "match_probability", "decision"],
        )
    with Clock(seconds, "report"):
        made = _report(
            scorer,
            scored,
            edges,
            contest,
            decision,
            identity,
            record,
            decision[pairs[2]],
            seconds,
            cohort,
        )
    tell("done", 1.0)
    return LinkResult(links, made, scorer.model)


def number_records(ids: pa.ChunkedArray) -> tuple[Ints, Ints]:
    """A number for each row's record (in order of first appearance) and each record's first row."""
    encoded = pc.dictionary_encode(ids.combine_chunks())
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
        encoded = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
    number = array(encoded.indices).astype(np.int64)
    first = np.full(len(encoded.dictionary), len(number), np.int64)
    np.minimum.at(first, number, np.arange(len(number)))
    return number, first


def _identities(records: pa.Table, scored: Scored, scorer: Scorer, record: Ints) -> Ints:
    """Dense number of each record row's identity."""
    if "identity" not in records.column_names:
        return among_candidates(scored, scorer, record)
    return numbered(array(records["identity"]).astype(np.int64))[0]


def _compete(edges: Edges, encoded: Encoded, identity: Ints, options: LinkOptions) -> Competition:
    return compete(
        edges.rows,
        edges.identities,
        edges.log_odds,
        row_count=encoded.cohort.rows,
        identity_count=count_distinct(identity),
        prior_share=shipped_number("matches", "share"),
        one_row_per_identity=options.one_row_per_identity,
    )


def _emit(
    decision: npt.NDArray[np.int8],
    record: Ints,
    identity: Ints,
    edges: Edges,
) -> tuple[Ints, Ints, Ints]:
    """(cohort row, record, edge) of every pair to list: all records of a decided edge's identity."""
    decided = np.flatnonzero(decision != deciding.NOTHING)
    wanted = np.zeros(int(identity.max(initial=0)) + 1, np.bool_)
    wanted[edges.identities[decided]] = True
    members = np.flatnonzero(wanted[identity])
    order = members[np.argsort(identity[members], kind="stable")]
    sorted_identity = identity[order]
    start = np.searchsorted(sorted_identity, edges.identities[decided], "left")
    stop = np.searchsorted(sorted_identity, edges.identities[decided], "right")
    lengths = stop - start
    edge = np.repeat(decided, lengths)
    inside = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    rows = record[order[np.repeat(start, lengths) + inside]]
    mine = edges.rows[edge]
    order = np.lexsort((edge, rows, mine))
    mine, rows, edge = mine[order], rows[order], edge[order]
    new = np.ones(len(edge), np.bool_)  # variants fall together
    new[1:] = (mine[1:] != mine[:-1]) | (rows[1:] != rows[:-1]) | (edge[1:] != edge[:-1])
    return mine[new], rows[new], edge[new]


def _report(
    scorer: Scorer,
    scored: Scored,
    edges: Edges,
    contest: Competition,
    decision: npt.NDArray[np.int8],
    identity: Ints,
    record: Ints,
    listed: npt.NDArray[np.int8],
    seconds: dict[str, float],
    cohort: pa.Table,
) -> LinkReport:
    probability = contest.probability
    linked = decision == deciding.LINK
    sure = float(probability[linked].sum())
    cost = budget_cost(scorer)
    unseen = _unseen(scored, probability)
    total = float(probability.sum()) + unseen
    doubt = probability * (1 - probability)
    review = decision == deciding.REVIEW
    model = scorer.model
    return LinkReport(
        cohort_rows=scorer.encoded.cohort.rows,
        record_rows=scorer.encoded.records.rows,
        records=int(record.max(initial=-1)) + 1,
        identities=count_distinct(identity),
        columns=scorer.encoded.columns,
        rules=report.rules_json(
            scorer.blocks.counts,
            quality.contributions(
                [c.name for c in scorer.blocks.counts], scored, identity, edges, decision
            ),
        ),
        pairs=scored.pairs,
        patterns=scored.patterns,
        parameters=report.parameters(model),
        classes=report.classes(model),
        prior={
            "shipped_version": int(shipped_number("version")),
            "source": "data and shipped prior" if model.trained_on >= 1 else "shipped prior",
            "prior_pairs_per_field": shipped_number("strength"),
            "matches_in_training": round(model.trained_on, 2),
            "rounds": model.rounds,
            "share_of_rows_matched": round(contest.row_share, 6),
        },
        links=int((listed == deciding.LINK).sum()),
        linked_rows=len(np.unique(edges.rows[linked])),
        linked_identities=len(np.unique(edges.identities[linked])),
        reviews=int((listed == deciding.REVIEW).sum()),
        review_rows=len(np.unique(edges.rows[review])),
        false_match_rate=report.rate(
            float(linked.sum()) - sure, float(linked.sum()), float(doubt[linked].sum())
        ),
        missed_match_rate=report.rate(total - sure, total, float(doubt[~linked].sum()) + unseen),
        curve=report.curve(probability, unseen),
        histogram=quality.histogram(edges, decision),
        groups=quality.by_group(cohort, edges, probability, decision),
        budget=cost.as_json() | {"share_of_matches": round(cost.expected / max(total, 1.0), 6)},
        unparsable=scorer.encoded.unparsable,
        options=scorer.options.as_json(),
        seconds={stage: round(spent, 3) for stage, spent in seconds.items()},
        versions=report.versions(),
    )


def _unseen(scored: Scored, probability: Floats) -> float:
    """Matches that no rule caught, by Chao's estimator from those which one or two rules caught."""
    best = np.flatnonzero(scored.log_odds > 0)
    hits = np.bitwise_count(scored.caught[best])
    once, twice = int((hits == 1).sum()), int((hits == 2).sum())
    share = float(probability.sum()) / max(len(best), 1)
    return min(1.0, share) * once * max(once - 1, 0) / (2 * (twice + 1))
