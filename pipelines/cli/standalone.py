"""``tools …``: linkage, disclosure control and sealing alone, on any files."""

import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from errors import Exit
from pipelines.cli.commands import Group
from pipelines.cli.console import Console
from pipelines.errors import OptionsDisagree
from systems import reader

if TYPE_CHECKING:
    from extracts.suppression import Progress
    from extracts.suppression import Zeros as ZerosPolicy
    from matching.linking import Explanation, MatchOutcome
    from pipelines.cli.console import Report

tools_group = Group("Linkage, disclosure control and sealing on files alone; no home.")

# Linkage


@tools_group.add()
def match(
    console: Console,
    cohort: Path,
    records: Path,
    out: Path,
    columns: Path | None = None,
    cohort_id: str = "cohort_id",
    record_id: str = "record_id",
    sheet: list[str] | None = None,
    truth: Path | None = None,
    labels: Path | None = None,
    model: Path | None = None,
    save_model: Path | None = None,
    training: bool = True,
    vocabulary: Path | None = None,
    explain: str | None = None,
    threshold: float = 0.90,
    review_from: float = 0.50,
    never_link: str = "birth,suffix,sex,twin,number,names",
    exact: list[str] | None = None,
    aliases: list[Path] | None = None,
) -> None:
    """Link two tables; writes LINKS.parquet, .json and .html."""
    reader.begin_for((cohort, records))
    from matching.linking import match_files
    from matching.options import LinkOptions
    from matching.own_words import NO_WORDS, OwnWords
    from matching.tables import ColumnMap

    pair, named = _pair(explain), sheet or [None]
    if len(named) > 2:
        raise OptionsDisagree(option="--sheet is given once for both files, or once for each")
    guards = () if never_link == "none" else tuple(never_link.split(","))
    words = OwnWords.read(vocabulary) if vocabulary else NO_WORDS
    options = LinkOptions(
        threshold=threshold,
        review_from=review_from,
        never_link=guards,
        exact=tuple(exact or ()),
        words=words,
    )
    options = options if training else replace(options, training_rows=0)
    mapped = ColumnMap.read(columns, options.own_columns) if columns else None
    with console.steps() as report:
        outcome = match_files(
            cohort,
            records,
            out,
            columns=mapped,
            cohort_id=cohort_id,
            record_id=record_id,
            sheets=(named[0], named[-1]),
            aliases=aliases or (),
            options=options,
            truth=truth,
            labels=labels,
            start=model,
            save=save_model,
            explain=pair,
            progress=lambda stage, _share: report(stage),
            besides={"--columns": columns, "--vocabulary": vocabulary},
        )
    _show_linkage(console, outcome, out)


def _show_linkage(console: Console, outcome: "MatchOutcome", out: Path) -> None:
    from matching.native import compiled

    loops = "compiled" if compiled() is not None else "numpy"
    facts = asdict(outcome)
    if console.json:
        console.emit(facts | {"loops": loops, "warnings": facts["report"]["warnings"]})
        return
    report = outcome.report
    console.show_pairs(
        "Linkage",
        {
            "cohort rows": report.cohort_rows,
            "records": report.records,
            "compared pairs": report.pairs,
            "links": report.links,
            "linked cohort rows": report.linked_rows,
            "pairs for review": report.reviews,
            **{f"likely, held by guard {guard}": n for guard, n in report.held_back.items() if n},
            "expected false links": report.false_match_rate.in_words(),
            "expected missed matches": report.missed_match_rate.in_words(),
            **{f"labels: {name.replace('_', ' ')}": n for name, n in report.labels.items()},
            **{
                f"aliases: {side}": f"{n['added']:,} variants" for side, n in report.aliases.items()
            },
            "seconds": round(outcome.seconds, 1),
            "loops": loops,
            "written": console.shown(out),
        },
    )
    for warning in report.warnings:
        console.hint(f"warning: {warning.text()}")
    if outcome.score is not None:
        console.show_pairs("Against the truth", facts["score"])  # type: ignore[arg-type]
    if outcome.explanation is not None:
        _show_explanation(console, outcome.explanation)


def _show_explanation(console: Console, explanation: "Explanation") -> None:
    """How the weight of one pair came about, line by line."""
    console.hint("The explanation shows personal values: it is for the Department alone.")
    total = explanation.prior
    lines: list[tuple[object, ...]] = [
        ("before any field", "", "", "", f"{total:+.1f}", "", f"{total:.1f}")
    ]
    for one in explanation.fields:
        total += one.weight + one.frequency
        values = (one.field, one.cohort, one.record, one.level)
        rare = f"{one.frequency:+.1f}" if one.frequency else ""
        lines.append((*values, f"{one.weight:+.1f}", rare, f"{total:.1f}"))
    rest = explanation.weight - explanation.against_chance
    lines.append(("look-alikes", "", "", "", f"{rest:+.1f}", "", f"{explanation.weight:.1f}"))
    head = ("field", "cohort", "record", "level", "bits", "frequency", "sum")
    console.show("How the weight came about (bits; +1 doubles the odds)", head, lines, None)
    rivals = sorted(explanation.rivals.items(), key=lambda item: -item[1])
    shown = [(name, f"{100 * share:.2f} %") for name, share in rivals if share >= 0.0001]
    console.show("What the pair looks like", ("", ""), shown, None)


def _pair(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    first, comma, second = text.partition(",")
    if not comma or not first or not second:
        raise OptionsDisagree(option="--explain wants C,R")
    return first, second


# Disclosure control


@tools_group.add()
def suppress(
    console: Console,
    cells: Path,
    dims: str,
    count: str,
    out: Path,
    persons: str | None = None,
    threshold: int = 10,
    zeros: str = "published",
    singletons: bool = True,
    margin_weight: float = 0.0,
    hierarchy: list[str] | None = None,
    linked: list[Path] | None = None,
    earlier: list[Path] | None = None,
    codebook: Path | None = None,
    total: list[str] | None = None,
    explain: Path | None = None,
    clean_up: int | None = None,
    seconds: float | None = None,
    secret_file: Path | None = None,
    heat_map: Path | None = None,
    must_publish: Path | None = None,
    may_hide: Path | None = None,
    design: str | None = None,
) -> None:
    """Hide small cells and as few others as needed.

    Nothing is written unless the audit, which attacks the result, gets no small cell back. Where
    most is hidden, coarser tables are proposed.
    """
    from extracts.suppression import suppress_file

    if heat_map is not None and explain is None:
        raise OptionsDisagree(option="--heat-map needs --explain")
    if seconds is not None and clean_up is not None:
        raise OptionsDisagree(option="one of --seconds and --clean-up")

    with console.steps() as report:
        outcome = suppress_file(
            cells,
            dims=_names(dims),
            count=count,
            persons=persons,
            threshold=threshold,
            zeros=_zeros(zeros),
            singletons=singletons,
            margin_weight=margin_weight,
            clean_programmes=clean_up,
            seconds=seconds,
            secret_file=secret_file,
            hierarchy=_hierarchies(console, hierarchy or []),
            linked=linked or [],
            earlier=earlier or [],
            codebook=codebook,
            totals=_totals(total or []),
            out=out,
            explain=explain,
            heat_map=heat_map,
            must_publish=must_publish,
            may_hide=may_hide,
            design=design,
            progress=_estimated(report, seconds),
        )
    written = [console.shown(path) for path in outcome.written]
    facts: dict[str, object] = {
        **outcome.numbers(),
        "choice of the pattern": outcome.choice,
        "written": written,
    }
    if proposals := outcome.coarser():
        facts["coarser tables"] = [one.as_json() for one in proposals]
    console.show_pairs("Suppression", facts)
    if proposals:
        console.hint("Most is hidden. A coarser table publishes at least what is shown here; persons of cells "
             "put together are counted at their lower bound. --design NAME makes it.")  # fmt: skip
    if outcome.gap:
        console.hint(f"Up to {outcome.gap:,} of the cells hidden to protect others might be shown: fewer than this could "
             "not be proven. --seconds N looks longer.")  # fmt: skip


_EVERY = 5.0  # seconds between two lines of progress


def _estimated(report: "Report", seconds: float | None) -> "Progress":
    """Progress of a suppression in words, with how long it may still take, every few seconds."""
    begun = shown = time.monotonic()
    stages: dict[str, tuple[float, int]] = {}

    def progress(stage: str, done: int, of: int) -> None:
        nonlocal shown
        now = time.monotonic()
        since, first = stages.setdefault(stage, (now, done))
        if now - shown < _EVERY:
            return
        shown = now
        if stage == "smallest":
            report(f"{of:,} cells hidden to protect others, {done:,} at least")
            return
        left = (now - since) * (of - done) / (done - first) if done > first else None
        if seconds is not None:
            left = min(seconds - (now - begun), seconds if left is None else left)
        report(
            f"{stage}, {done:,} of {of:,}"
            + ("" if left is None else f", about {max(left, 0.0):.0f} s more")
        )

    return progress


@tools_group.add()
def audit(
    console: Console,
    table: Path,
    dims: str,
    count: str,
    persons: str | None = None,
    threshold: int = 10,
    zeros: str = "published",
    hierarchy: list[str] | None = None,
    earlier: list[Path] | None = None,
    codebook: Path | None = None,
    total: list[str] | None = None,
    alone: Path | None = None,
) -> None:
    """Attack a published table; exit 4 when a cell falls."""
    from extracts.suppression import audit_file

    report = audit_file(
        table,
        dims=_names(dims),
        count=count,
        persons=persons,
        threshold=threshold,
        zeros=_zeros(zeros),
        hierarchy=_hierarchies(console, hierarchy or []),
        earlier=earlier or [],
        codebook=codebook,
        totals=_totals(total or []),
        alone=alone,
    )
    falls = [
        {
            "cell": dict(zip(_names(dims), fall.labels, strict=False)),
            "how": fall.how,
            "measure": fall.measure,
            "low": fall.low,
            "high": fall.high,
            "table": fall.table,
        }
        for fall in report.falls
    ]
    facts: dict[str, object] = {
        "cells": report.cells,
        "hidden": report.hidden,
        "programmes": report.programmes,
        "threshold": report.threshold,
        "falls": falls,
    }
    if console.json:
        console.emit(facts)
    else:
        console.show_pairs("Audit", facts | {"falls": len(falls)})
        if falls:
            rows = [(" · ".join(f.labels), f.how, f.measure, f.low, f.high) for f in report.falls]
            console.show(
                "Cells that fall", ("cell", "how", "of", "at least", "at most"), rows, falls
            )
    if report.falls:
        raise typer.Exit(int(Exit.FAILED))


@tools_group.add()
def rates(
    console: Console,
    table: Path,
    dims: str,
    count: str,
    out: Path,
    percent_of: str | None = None,
    population: Path | None = None,
    per: int = 100_000,
) -> None:
    """Add percentages and rates to a published table.

    They are derived from published counts alone: where one is hidden, what would need it is empty.
    """
    from extracts.suppression import derive_file

    if percent_of is None and population is None:
        raise OptionsDisagree(option="one of --percent-of and --population")
    made = derive_file(
        table,
        dims=_names(dims),
        count=count,
        percent_of=percent_of,
        population=population,
        per=per,
        out=out,
    )
    console.show_pairs("Rates", made | {"written": console.shown(out)})


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise OptionsDisagree(option="--dims names no column")
    return names


def _zeros(text: str) -> "ZerosPolicy":
    if text == "published" or text == "hidden":  # narrows the type
        return text
    raise OptionsDisagree(option="--zeros is published or hidden")


def _hierarchies(console: Console, items: list[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for item in items:
        name, equals, path = item.partition("=")
        if not equals or not name or not path:
            raise OptionsDisagree(option="--hierarchy wants DIM=FILE")
        found[name] = console.placed(Path(path))
    return found


def _totals(items: list[str]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for item in items:
        name, equals, level = item.partition("=")
        if not equals or not name or not level:
            raise OptionsDisagree(option="--total wants DIM=LEVEL")
        found[name] = found.get(name, frozenset()) | {level}
    return found


# Sealing


@tools_group.add()
def seal(
    console: Console,
    files: list[Path],
    to: list[Path],
    sign: Path,
    sign_cert: Path,
    out: Path,
) -> None:
    """Seal files to recipients and sign their hashes.

    CMS AuthEnvelopedData, which stock OpenSSL 3 opens, and a signed SHA256SUMS.
    """
    from pipelines.keys import seal_files

    console.show_pairs("Sealed", seal_files(files, to, sign, sign_cert, out))


@tools_group.add()
def verify(
    console: Console,
    directory: Path,
    signer: Path | None = None,
) -> None:
    """Check a package; exit 5 when it does not hold.

    The pinned signer, its signature over the list, the files on it and their hashes.
    """
    from pipelines.keys import verify_directory

    console.show_pairs("Verified", verify_directory(directory, signer, console.home))
