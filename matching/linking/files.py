"""``match_files``: two files in; links, ``LINKS.json`` and ``LINKS.html`` out. The ``match`` command."""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from matching import arrays, errors, reports, scoring, tables
from matching.arrow import pc
from matching.assignment import COLUMNS, Links
from matching.labels import Labels
from matching.linking.aliases import read_aliases
from matching.linking.explaining import Explainer, Explanation
from matching.linking.linking import LinkResult, file_source, link_sources
from matching.model import SavedModel, saved_text
from matching.options import LinkOptions
from systems.outputs import check_outputs, written_together

_REPEATED: Final[Any] = ["match_probability", "decision"]  # columns of few distinct values


@dataclass(frozen=True)
class Score:
    """Against the truth: pairs, at the default decision and with the review pairs settled by truth."""

    true_pairs: int
    links: int
    right: int
    precision: float
    recall: float
    f1: float
    reviews: int
    f1_after_review: float


@dataclass(frozen=True)
class MatchOutcome:
    """What ``match`` did: the report, the score where a truth was given, the explained pair (with personal values)."""

    report: reports.LinkReport
    seconds: float
    ignored_columns: dict[str, int]  # side → columns that were neither standard nor mapped
    score: Score | None = None
    explanation: Explanation | None = None


def match_files(
    cohort_path: Path,
    records_path: Path,
    out_path: Path,
    *,
    columns: tables.ColumnMap | None = None,
    cohort_id: str = "cohort_id",
    record_id: str = "record_id",
    sheets: tuple[str | None, str | None] = (None, None),
    aliases: Sequence[Path] = (),
    options: LinkOptions | None = None,
    truth: Path | None = None,
    labels: Path | None = None,
    start: Path | None = None,
    save: Path | None = None,
    explain: tuple[str, str] | None = None,
    progress: Callable[[str, float], None] | None = None,
    run_shards: scoring.RunShards | None = None,
    besides: Mapping[str, Path | None] | None = None,
) -> MatchOutcome:
    """Link two files and write the links beside their report.

    Args:
        cohort_path: CSV, Parquet or XLSX with one row per person asked about.
        records_path: the records; several may be one person's.
        out_path: ``LINKS.parquet``; ``.json`` and ``.html`` of the same name go beside it.
        columns: names in the files for standard columns.
        cohort_id: the cohort's id column, as the file calls it.
        record_id: the records' id column, as the file calls it.
        aliases: files of further names, birth dates and addresses, of either side at most one.
        sheets: of workbooks, the cohort's and the records'; the first ones otherwise.
        options: see ``LinkOptions``.
        truth: a file with the true pairs (both id columns); the score is against it.
        labels: pairs that a person has decided on; see ``Labels.read``.
        start: a saved model to start from.
        save: where this linkage's model goes.
        explain: a pair of ids to explain.
        progress: called with a stage and the share that is done.
        run_shards: has the shards worked elsewhere, or timed; never changes the result.
        besides: by their options, files that the caller has read; none is written over.

    Raises:
        CodedError: a file, a map or an id column that can't be used, an output that can't be written; all outputs appear or none.
    """
    begin = perf_counter()
    outputs = [out_path.with_suffix(".json"), out_path.with_suffix(".html"), out_path]
    named = [("--out", path) for path in outputs]
    if save is not None:
        outputs, named = [save, *outputs], [("--save-model", save), *named]
    given = {"--truth": truth, "--labels": labels, "--model": start, **(besides or {})}
    read = [("the cohort", cohort_path), ("the records", records_path)]
    read += [(option, path) for option, path in given.items() if path is not None]
    read += [("--aliases", path) for path in aliases]
    check_outputs(named, read, errors.CantWrite)
    columns = columns or tables.ColumnMap()
    own = () if options is None else options.own_columns
    known = dict(map(read_aliases, aliases))
    if len(known) < len(aliases):
        raise errors.BadAliases(problem="two files of one side")
    mine, theirs = known.get("cohort"), known.get("records")
    cohort = file_source(cohort_path, "cohort", columns, cohort_id, sheets[0], own, mine)
    records = file_source(records_path, "records", columns, record_id, sheets[1], own, theirs)
    reviewed = None if labels is None else Labels.read(labels, (cohort_id, record_id))
    model = None if start is None else SavedModel.read(start)
    result = link_sources(
        cohort.source, records.source, options, progress, run_shards, reviewed, model
    )
    writing_whole = written_together(outputs, errors.CantWrite)
    with writing_whole as files, ThreadPoolExecutor(1) as other:
        kinds = cohort.id_type, records.id_type
        writing = other.submit(_write_links, files[-1], result.pairs, kinds)  # beside the report
        score = None if truth is None else _score(result, truth, (cohort_id, record_id))
        explanation = None
        if explain is not None:
            rows = cohort.row("cohort", explain[0]), records.row("records", explain[1])
            explanation = Explainer.of(result).pairs(*rows, [explain])[0]
        report = result.report
        outcome = MatchOutcome(
            report,
            round(perf_counter() - begin, 3),
            {"cohort": cohort.ignored, "records": records.ignored},
            score,
            explanation,
        )
        writing.result()
        if save is not None:
            files[0].write_text(_model_text(result), "utf-8")
        _write_reports(files[-3], files[-2], outcome)
    return outcome


def _score(result: LinkResult, truth: Path, names: tuple[str, str]) -> Score:
    from systems.tabular import read_table

    table = read_table(truth, role="truth", allow_empty=True).table
    chosen: list[list[object]] = []
    for own, name in zip(("cohort_id", "record_id"), names, strict=True):
        here = own if own in table.column_names else name
        if here not in table.column_names:
            raise errors.BadTruth(needed=["cohort_id", "record_id"])
        chosen.append(table[here].to_pylist())
    true = {(c, r) for c, r in zip(*chosen, strict=True) if c is not None and r is not None}
    links = [(p["cohort_id"], p["record_id"], p["decision"]) for p in result.links.to_pylist()]
    linked = {(c, r) for c, r, d in links if d == "link"}
    doubtful = {(c, r) for c, r, d in links if d == "review"}
    right, settled = len(linked & true), len(doubtful & true)
    precision = right / len(linked) if linked else 1.0
    recall = right / len(true) if true else 1.0
    return Score(
        true_pairs=len(true),
        links=len(linked),
        right=right,
        precision=round(precision, 6),
        recall=round(recall, 6),
        f1=_f1(right, len(linked), len(true)),
        reviews=len(doubtful),
        f1_after_review=_f1(right + settled, len(linked) + settled, len(true)),
    )


def _f1(right: int, links: int, true: int) -> float:
    return round(2 * right / (links + true), 6) if links + true else 1.0


def _model_text(result: LinkResult) -> str:
    report = result.report
    provenance = {
        "made": datetime.now(UTC).date().isoformat(),
        "program": version("doj-release"),
        "cohort_rows": report.cohort_rows,
        "record_rows": report.record_rows,
        **{name: getattr(report, name) for name in ("columns", "prior", "labels", "options")},
    }
    rows = max(1, min(report.cohort_rows, report.record_rows))
    return saved_text(result.model.m, float(result.model.sizes[0]) / rows, provenance)


def _write_links(path: Path, links: Links, id_types: tuple[pa.DataType, pa.DataType]) -> None:
    """One row group after the other; ids come back as their file gave them."""
    writer: pq.ParquetWriter | None = None
    try:
        for part in arrays.prefetch(links.parts()):
            ids = [pc.cast(part[i], kind) for i, kind in enumerate(id_types)]
            table = pa.Table.from_arrays([*ids, *part.columns[2:]], names=list(COLUMNS))
            writer = writer or pq.ParquetWriter(
                path, table.schema, compression="zstd", use_dictionary=_REPEATED
            )
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


def _write_reports(text: Path, page: Path, outcome: MatchOutcome) -> None:
    report = asdict(outcome.report) | {
        "seconds_whole": outcome.seconds,
        "ignored_columns": outcome.ignored_columns,
        "score": None if outcome.score is None else asdict(outcome.score),
    }
    text.write_text(json.dumps(report, indent=2, ensure_ascii=True) + "\n", "utf-8")
    page.write_text(reports.quality_page(outcome.report), "utf-8")
