"""``match``: linkage alone, on any two tables."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.console import CONSOLE, command, emit, hint, show, show_pairs
from pipelines.errors import OptionsDisagree

if TYPE_CHECKING:
    from matching.linking import Explanation, MatchOutcome
    from matching.reports import Rate


@command
def match(
    cohort: Annotated[Path, typer.Argument(help="CSV, Parquet or XLSX with an id column.")],
    records: Annotated[Path, typer.Argument(help="CSV, Parquet or XLSX with an id column.")],
    out: Annotated[Path, typer.Option("--out", metavar="LINKS.parquet")],
    columns: Annotated[
        Path | None,
        typer.Option(
            "--columns", metavar="MAP.toml", help='[cohort] and [records], standard = "theirs".'
        ),
    ] = None,
    cohort_id: Annotated[str, typer.Option("--cohort-id")] = "cohort_id",
    record_id: Annotated[str, typer.Option("--record-id")] = "record_id",
    truth: Annotated[
        Path | None, typer.Option("--truth", help="Known pairs: prints precision, recall, F1.")
    ] = None,
    explain: Annotated[
        str | None,
        typer.Option(
            "--explain", metavar="C,R", help="How one pair's weight came about (personal values)."
        ),
    ] = None,
) -> None:
    """Link two tables; writes LINKS.parquet, .json and .html."""
    from matching.linking import match_files
    from matching.tables import ColumnMap
    from pipelines.cli.progress import steps

    pair = _pair(explain)
    mapped = ColumnMap.read(columns) if columns else None
    with steps() as tell:
        outcome = match_files(
            cohort,
            records,
            out,
            columns=mapped,
            cohort_id=cohort_id,
            record_id=record_id,
            truth=truth,
            explain=pair,
            progress=lambda stage, _share: tell(stage),
        )
    _show(outcome, out)


def _show(outcome: "MatchOutcome", out: Path) -> None:
    facts = outcome.as_json()
    if CONSOLE.json:
        emit(facts)
        return
    report = outcome.report
    show_pairs(
        "Linkage",
        {
            "cohort rows": report.cohort_rows,
            "records": report.records,
            "compared pairs": report.pairs,
            "links": report.links,
            "linked cohort rows": report.linked_rows,
            "pairs for review": report.reviews,
            "expected false links": _rate(report.false_match_rate),
            "expected missed matches": _rate(report.missed_match_rate),
            "seconds": round(outcome.seconds, 1),
            "written": str(out),
        },
    )
    if outcome.score is not None:
        show_pairs("Against the truth", facts["score"])  # type: ignore[arg-type]
    if outcome.explanation is not None:
        _explain(outcome.explanation)


def _explain(told: "Explanation") -> None:
    """How the weight of one pair came about, line by line."""
    hint("The explanation shows personal values: it is for the Department alone.")
    total = told.prior
    lines: list[tuple[object, ...]] = [
        ("before any field", "", "", "", f"{total:+.1f}", "", f"{total:.1f}")
    ]
    for one in told.fields:
        total += one.weight + one.frequency
        values = (one.field, one.cohort, one.record, one.level)
        rare = f"{one.frequency:+.1f}" if one.frequency else ""
        lines.append((*values, f"{one.weight:+.1f}", rare, f"{total:.1f}"))
    rest = told.weight - told.against_chance
    lines.append(("look-alikes", "", "", "", f"{rest:+.1f}", "", f"{told.weight:.1f}"))
    head = ("field", "cohort", "record", "level", "bits", "frequency", "sum")
    show("How the weight came about (bits; +1 doubles the odds)", head, lines, None)
    rivals = sorted(told.rivals.items(), key=lambda item: -item[1])
    shown = [(name, f"{100 * share:.2f} %") for name, share in rivals if share >= 0.0001]
    show("What the pair looks like", ("", ""), shown, None)


def _rate(rate: "Rate") -> str:
    return f"{100 * rate.expected:.2f} % ({100 * rate.low:.2f} to {100 * rate.high:.2f})"


def _pair(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    first, comma, second = text.partition(",")
    if not comma or not first or not second:
        raise OptionsDisagree(option="--explain wants C,R")
    return first, second


def attach(app: typer.Typer) -> None:
    """Add the command."""
    app.command("match")(match)
