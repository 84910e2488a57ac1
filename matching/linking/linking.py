"""A cohort against records, one-sided: where the sides come from, and the way from two sides to decided pairs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from matching import arrays, errors, headers, normalise, own_words, reports
from matching import assignment as deciding
from matching.arrow import Numbers, Rows, Small, array, column, pc
from matching.findings import Finding
from matching.labels import DIFFERENT, SAME, UNSURE, LabelledRows, Labels
from matching.linking.aliases import Aliases
from matching.linking.listed import by_pair, carried
from matching.linking.shared_ids import different_people
from matching.model import Frequencies, Model, Reviewed, SavedModel, shipped_number
from matching.options import LinkOptions
from matching.scoring import RunShards, Scored, Scorer, budget_cost
from matching.tables import IDENTIFYING, IDS, STANDARD, ColumnMap, Side, check_ids, check_records


@dataclass(frozen=True)
class Source:
    """One side.

    Attributes:
        columns: the standard columns that it has.
        keep: the columns that a linkage needs as they are: ids, identities, groups of the report.
        parts: makes its parts, with all these columns; those of distinct texts may be dictionaries.
        own: further columns, which a linkage may compare for equality.
    """

    columns: tuple[str, ...]
    keep: tuple[str, ...]
    parts: Callable[[], Iterator[pa.Table]]
    findings: tuple[Finding, ...] = ()  # what must be said of how it was read
    own: tuple[str, ...] = ()
    aliases: Aliases | None = None  # makes variants of its rows
    passing: bool = False  # its parts are made for this and nobody else holds them
    # its rows as they were read before, in the stead of its parts
    stored: Callable[[Sequence[str]], normalise.EncodingInput] | None = None

    def read(
        self, columns: Sequence[str], threads: int | None = None, exact: Sequence[str] = ()
    ) -> normalise.EncodingInput:
        """Read some of its columns."""
        if self.stored is not None:
            return self.stored(columns)
        parts, passing = self.parts(), self.passing
        return normalise.read_input(parts, columns, self.keep, threads, exact, passing=passing)


def table_source(table: pa.Table, side: Side) -> Source:
    """A table with standard names as a source."""
    return parts_source(table.column_names, side, lambda: iter([table]))


def parts_source(
    names: Sequence[str], side: Side, parts: Callable[[], Iterator[pa.Table]]
) -> Source:
    """A table that comes part by part as a source.

    Args:
        names: its columns, with standard names, all text (but a record's whole-number ids and identities).
        side: which side of the linkage it is.
        parts: makes its parts, at least one, of any size.
    """
    keep = (IDS[side], "identity") if side == "records" else (IDS[side], *reports.GROUPED)
    boxes = normalise.boxes_of(names)
    return Source(
        tuple(c for c in STANDARD if c in boxes),
        tuple(c for c in keep if c in names),
        lambda: (
            piece
            for part in parts()
            for piece in normalise.batches_of(normalise.split_full_names(part))
        ),
        own=tuple(c for c in names if c not in (*STANDARD, *keep)),
    )


def stored_source(
    names: Sequence[str],
    rows: Callable[[Sequence[str]], pa.Table],
    texts: Callable[[], pa.Table],
) -> Source:
    """Records that were read before (`normalise.stored_tables`) as a source.

    Args:
        names: their columns, as for `parts_source`.
        rows: gives those that are to be linked, with the columns that it is asked for.
        texts: gives the table of texts.
    """
    source = parts_source(names, "records", lambda: iter(()))

    def stored(columns: Sequence[str]) -> normalise.EncodingInput:
        wanted = normalise.stored_columns(columns, source.keep)
        return normalise.read_stored(rows(wanted), texts(), columns, source.keep)

    return replace(source, stored=stored)


@dataclass(frozen=True)
class FileSide:
    """A file as a source, the type of its ids, and how many of its columns are ignored."""

    source: Source
    plain: Callable[[], Iterator[pa.Table]]  # its parts with every column as text
    id_type: pa.DataType
    ignored: int

    def row(self, side: Side, wanted: str) -> pa.Table:
        """The rows of one id."""
        parts = self.plain()
        name = IDS[side]
        return pa.concat_tables(
            part.filter(pc.equal(pc.cast(part[name], pa.string()), wanted)) for part in parts
        )


def file_source(
    path: Path,
    side: Side,
    columns: ColumnMap,
    id_name: str,
    sheet: str | None = None,
    exact: Sequence[str] = (),
    aliases: pa.Table | None = None,
) -> FileSide:
    """Open a file (of a workbook the ``sheet``, or the first); its columns get their standard names part by part.

    ``exact`` are the user's own; ``aliases`` an alias file of this side.

    Raises:
        CodedError: not a table, a map that does not fit, or no id column.
    """
    from systems.tabular import stream_table

    stream = stream_table(path, role=side, sheet=sheet)
    own_id = IDS[side]
    named_otherwise = ["" if name in exact else name for name in stream.names]
    columns, findings = headers.recognised(named_otherwise, columns, side, id_name)
    findings = (*findings, *headers.other_sheets(side, stream.other_sheets))
    if id_name == own_id:
        id_name = columns.theirs(own_id, side)
    if id_name not in stream.names:
        raise errors.MissingIdColumn(file=side, needed=own_id)
    named = columns.apply(_positions(stream.names), side)
    wanted = [c for c in (*STANDARD, *reports.GROUPED[1:]) if c in named.column_names]
    groups = reports.GROUPED if side == "cohort" else ()
    keep = (own_id, *(c for c in groups if c in wanted))
    own = [c for c in exact if c in named.column_names]
    boxes = normalise.boxes_of(wanted)
    taken_apart = () if normalise.FULL_NAME in boxes else (normalise.FULL_NAME,)
    looked_at = [c for c in wanted if c in normalise.READ_COLUMNS or c in keep or c in taken_apart]
    looked_at += [c for c in own if c not in looked_at]
    theirs = [stream.names[named[c].chunk(0)[0].as_py()] for c in looked_at]
    asked = list(dict.fromkeys([id_name, *theirs]))
    coded = [
        n
        for c, n in zip(looked_at, theirs, strict=True)
        if c in normalise.DICTIONARY_COLUMNS and c not in keep
    ]

    lists = tuple(c for c, n in zip(looked_at, theirs, strict=True) if n in stream.lists)
    several = Aliases(side, lists, aliases) if lists or aliases is not None else None

    def given(codes: Sequence[str]) -> Iterator[pa.Table]:
        for part in stream.coded(asked, codes):
            chosen = [part[id_name], *(part[name] for name in theirs)]
            yield pa.Table.from_arrays(chosen, names=[own_id, *looked_at])

    def parts(codes: Sequence[str] = ()) -> Iterator[pa.Table]:
        return (
            map(normalise.split_full_names, given(codes))
            if several is None
            else several.unfolded(given(()))
        )

    standard = tuple(c for c in STANDARD if c in boxes)
    ignored = len(stream.names) - len({*wanted, *own}) - 1
    source = Source(standard, keep, lambda: parts(coded), findings, tuple(own), several, True)
    return FileSide(source, parts, _id_type(stream.types, id_name), ignored)


def _positions(names: tuple[str, ...]) -> pa.Table:
    """A table of one row in which each column holds its own position, to follow it through a map."""
    number = column(np.arange(len(names)))
    return pa.Table.from_arrays(
        [pa.chunked_array([number.slice(i, 1)]) for i in range(len(names))], names=list(names)
    )


def _id_type(types: Mapping[str, pa.DataType], name: str) -> pa.DataType:
    """The type of the ids in the file, so that they come back as they were given."""
    kind = types.get(name, pa.string())
    return kind if pa.types.is_integer(kind) else pa.string()


Progress = Callable[[str, float], None]  # stage, share of the whole job that is done


@dataclass(frozen=True)
class LinkResult:
    """Decided pairs, what was done, and the model and frequencies to explain a pair with."""

    pairs: deciding.Links
    model: Model
    frequencies: Frequencies
    reported: Callable[[], reports.LinkReport]  # makes the report
    exact: tuple[str, ...] = ()  # the user's own columns
    words: own_words.OwnWords = own_words.NO_WORDS

    @cached_property
    def report(self) -> reports.LinkReport:
        """What was done; made when it is first asked for, so that links can be written meanwhile."""
        return self.reported()

    @cached_property
    def links(self) -> pa.Table:
        """The decided pairs as a table."""
        return self.pairs.table()


@arrays.gc_paused()
def link_sources(
    cohort: Source,
    records: Source,
    options: LinkOptions | None = None,
    progress: Progress | None = None,
    run_shards: RunShards | None = None,
    labels: Labels | None = None,
    start: SavedModel | None = None,
    lessons: Reviewed | None = None,
) -> LinkResult:
    """Link cohort rows to records.

    Args:
        cohort: ``cohort_id`` (text, unique) and standard columns (text, null is missing).
        records: ``record_id`` (text or whole number; several rows of one id are variants of one
            record), standard columns, and optionally ``identity`` (whole number: the snapshot's
            person index). Without it, the candidates of one cohort row are resolved among themselves.
        options: see ``LinkOptions``.
        progress: called with a stage and the share that is done.
        run_shards: has the shards worked elsewhere; never changes the result.
        labels: pairs that a person has decided on; the weights learn from them, and they are decided as labelled.
        start: a model of an earlier linkage to start from, in the shipped prior's stead.
        lessons: what reviewers said in earlier linkages, for the weights to learn from where there are no labels.

    Returns:
        ``links`` with ``cohort_id, record_id, match_weight, match_probability, decision``, one row
        for each pair, ordered by the cohort's rows and the records' rows. Every given record of a linked
        identity is listed.

    Raises:
        MissingIdColumn, MissingIds, DuplicateIds, BadTable, NoCommonColumns, ExactMissing: unusable tables.
    """
    options = options or LinkOptions()
    report_progress = progress or (lambda _stage, _share: None)
    seconds: dict[str, float] = {}
    report_progress("normalise", 0.0)
    columns = normalise.common_columns(cohort.columns, records.columns)
    exact = options.own_columns
    if missing := [
        f"{name}: {i}"
        for i, _ in enumerate(exact, 1)
        for name, side in (("cohort", cohort), ("records", records))
        if exact[i - 1] not in side.own
    ]:
        raise errors.ExactMissing(missing=missing)
    with arrays.Clock(seconds, "read"), ThreadPoolExecutor(2) as other:
        # One after the other: the process that reads files is done with one before the next.
        left = cohort.read(columns, options.threads, exact)
        arrays.give_back(arrays.MUCH)
        reading = other.submit(records.read, columns, options.threads, exact)
        own_rows = cohort.aliases and cohort.aliases.given
        checking = other.submit(check_ids, left.as_given, "cohort_id", unique=True, given=own_rows)
        # Python's work, beside Arrow's
        half = normalise.HalfEncoded.of(left, columns, options.exact, options.words)
        right = reading.result()
        damaged = (*checking.result(), *check_records(right.as_given))
        if not set(columns) & set(IDENTIFYING) and not exact:
            raise errors.NoCommonColumns(needed=list(IDENTIFYING))
    arrays.give_back(arrays.MUCH)
    mine, theirs = left.as_given, right.as_given
    findings = (*cohort.findings, *records.findings, *_one_sided(cohort, records), *damaged)
    with arrays.Clock(seconds, "normalise"), ThreadPoolExecutor(1) as other:
        numbering = other.submit(arrays.number_ids, theirs["record_id"])
        encoded = half.against(right)
        record, first_row = numbering.result()
    several = [s.aliases for s in (cohort, records) if s.aliases]
    aliases = {one.side: one.counts() for one in several}
    findings = (*findings, *encoded.findings, *(f for one in several for f in one.findings()))
    if not records.aliases:  # whose variants differ, and shall
        findings = (*findings, *different_people(encoded.records, record, first_row))
    empty = [name for name, table in (("cohort", mine), ("records", theirs)) if not len(table)]
    what = "no rows: nothing is linked"
    findings = (*findings, *(Finding("no_rows", side, "", 0, 0, what) for side in empty))
    if not empty and normalise.namesakes_alike(columns) and not exact:
        what = "not compared, nor a number of one person's: a father and a son of one name and home can't be told apart"
        findings = (*findings, Finding("no_birth_date", "cohort", "birth_date", 0, 0, what))
    row = begin = np.arange(mine.num_rows, dtype=np.int32)
    if cohort.aliases:  # variants of a row stand behind it
        row, begin = arrays.number_ids(mine["cohort_id"])
        mine = mine.take(column(begin))
    del left, right, half  # before names had one spelling, a cohort's columns were others
    report_progress("block", 0.2)
    known = labels and labels.among(mine["cohort_id"], theirs["record_id"], record)
    asked = known and replace(
        known, keys=begin[known.keys >> 32].astype(np.int64) << 32 | known.keys & 0xFFFFFFFF
    )
    scorer = Scorer(encoded, options, labelled=asked, start=start, lessons=lessons, seconds=seconds)
    report_progress("compare", 0.4)
    scored = scorer.run(run_shards)
    arrays.give_back(arrays.MUCH)
    scored = replace(scored, a=row[scored.a]) if cohort.aliases else scored
    report_progress("decide", 0.8)
    with arrays.Clock(seconds, "decide"), ThreadPoolExecutor(1) as other:
        counting = other.submit(budget_cost, scorer)  # looks at nothing that is decided here
        identity = _identities(theirs, scored, scorer, record)
        scored = _settled(scored, known) if known else scored
        edges = deciding.edges_of(scored, identity)
        arrays.give_back(arrays.MUCH)
        assignment = deciding.assign(
            edges.rows,
            edges.identities,
            edges.log_odds,
            row_count=mine.num_rows,
            identity_count=arrays.count_distinct(identity),
            prior_share=shipped_number("matches", "share"),
            one_row_per_identity=options.one_row_per_identity,
            threads=options.threads,
        )
        arrays.give_back(arrays.MUCH)
        decision = deciding.decide(edges, assignment.probability, options)
        arrays.give_back(arrays.MUCH)
        listed = deciding.list_links(decision, record, first_row, identity, edges)
        kind = by_pair(*listed, decision, edges, scorer, (row, record))
        carrying = np.empty(0)
        if "identity" not in theirs.column_names:
            kind, carrying = carried(*listed, kind, edges, scored, scorer, (row, record))
        if known:
            listed, kind, decision = _as_labelled(listed, kind, decision, known)
        ids = mine["cohort_id"].combine_chunks()
        mine = mine.set_column(mine.column_names.index("cohort_id"), "cohort_id", ids)  # held once
        links = deciding.Links(
            *listed, kind,
            edges.log_odds, assignment.probability, decision,
            ids, theirs["record_id"].combine_chunks(),
        )  # fmt: skip
        cost = counting.result()
    arrays.give_back(arrays.MUCH)
    report_progress("done", 1.0)
    made = partial(
        reports.link_report,
        scorer,
        scored,
        edges,
        assignment,
        links,
        identity,
        record,
        mine,
        cost,
        findings,
        carrying,
    )
    report = made if not aliases else lambda: replace(made(), aliases=aliases)
    return LinkResult(links, scorer.model, scorer.table, report, options.exact, options.words)


def _one_sided(cohort: Source, records: Source) -> Iterator[Finding]:
    """Columns that a linkage lives by and that one side alone has."""
    what = "not there: nothing is compared with the other side's"
    for name in ("last_name", "first_name", "birth_date"):
        for side, own, other in (("cohort", cohort, records), ("records", records, cohort)):
            if name in other.columns and name not in own.columns:
                yield Finding("column_one_sided", side, name, 1, 0, what)


def _identities(records: pa.Table, scored: Scored, scorer: Scorer, record: Rows) -> Numbers:
    """Dense number of each record row's identity."""
    if "identity" not in records.column_names:
        return deciding.among_candidates(scored, scorer, record)
    return arrays.row_numbers(array(records["identity"]))[0]


# Reviewed pairs are decided as reviewed, as in a run: "same" is a link whatever a guard says, since a guard
# only asks for a reviewer; "different" is no pair at all; "unsure" waits. A pair that the linkage itself would never look
# at is left alone whatever its label: ids may have been given anew since it was reviewed.


def _settled(scored: Scored, labels: LabelledRows) -> Scored:
    """Scored pairs, as labelled: rivals are to know of it."""
    verdict = labels.verdicts(scored.a, scored.b)
    keep = np.flatnonzero(verdict != DIFFERENT)
    same, unsure = verdict == SAME, verdict == UNSURE
    odds = np.where(same, np.maximum(scored.log_odds, deciding.SURE), scored.log_odds)
    guarded = (scored.guarded | unsure) & ~same
    return replace(
        scored, a=scored.a[keep], b=scored.b[keep], log_odds=odds[keep], guarded=guarded[keep],
        caught=scored.caught[keep],
    )  # fmt: skip


def _as_labelled(
    listed: tuple[Rows, Rows, Rows], kind: Small, decision: Small, labels: LabelledRows
) -> tuple[tuple[Rows, Rows, Rows], Small, Small]:
    """What ``list_links`` gave, with decisions by pair and by edge, as labelled.

    Where a record of an identity is another person's, its other records go to review at best.
    """
    row, record, edge = listed
    verdict = labels.verdicts(row, record)
    doubted = np.zeros(len(decision), np.bool_)
    doubted[edge[verdict == DIFFERENT]] = True
    kind = np.where(
        (doubted[edge] & (kind == deciding.LINK)) | (verdict == UNSURE), deciding.REVIEW, kind
    )
    kind = np.where(verdict == SAME, deciding.LINK, kind).astype(np.int8)
    keep = verdict != DIFFERENT
    row, record, edge, kind = row[keep], record[keep], edge[keep], kind[keep]
    decided = np.zeros_like(decision)
    np.maximum.at(decided, edge, kind)
    return (row, record, edge), kind, decided
