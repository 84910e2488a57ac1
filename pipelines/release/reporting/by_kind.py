"""What the report says of a release of each kind: facts, plots, maps and outputs, from what the stages recorded.

Of an identified one what became of the cohort; of de-identified rows how rare their persons are, against which limit; of an
aggregated table how many cells are hidden and where. The explanation of hidden cells is kept beside the report.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from expectations.checks import Validation
from expectations.report import Bar, Fact, Grid, HiddenMap, Interval, Item, Plot, Status
from pipelines.release.content import closed_years_in_words
from pipelines.release.context import ReleaseContext
from pipelines.release.reporting.items import item, proven
from systems.figures import beside, percent

if TYPE_CHECKING:
    from extracts.perturbation import Noise

_PAGE, _CELLS = "explanation.html", "explanation.csv"
_ROWS, _COLUMNS = 60, 12  # what still reads as a map on paper


def identified_sections(context: ReleaseContext, verdict: Validation) -> dict[str, Any]:
    """Facts, plots, intervals and outputs of an identified release."""
    intake, match, review, extract = (
        cast("Mapping[str, Any]", context.facts(s))
        for s in ("intake", "match", "review", "extract")
    )
    counts = extract["counts"]
    record, plural = context.approved.system.record, context.approved.system.record.plural
    facts = (
        Fact(label="Cohort rows", value=counts["cohort_rows"], persons=True, group="rows"),
        Fact(
            label=f"With {record.one} in scope", value=counts["matched"], persons=True, group="rows"
        ),
        Fact(label="Without", value=counts["not_matched"], persons=True, group="rows"),
        Fact(label="Not attempted", value=counts["not_attempted"], persons=True, group="rows"),
        Fact(label=plural.capitalize(), value=counts[plural]),
        *_for_department(
            {
                "Doubtful pairs": review["doubtful"],
                "Doubtful pairs left out": review["left_out"],
                **_agreement(review),
                **_learnt(match),
                "Rows withheld as look-alikes": intake["withheld"],
                "Rows of an earlier cohort again": intake["overlap"],
                "Rows refused": intake["refused"],
                f"{plural.capitalize()} withheld by policy": counts[f"{plural}_withheld"],
            }
        ),
    )
    plot = Plot(
        title="What became of the cohort",
        unit="rows",
        persons=True,
        additive=True,
        bars=(
            Bar(label=f"{record.noun} in scope", value=counts["matched"], status="ok"),
            Bar(label=f"no {record.noun} in scope", value=counts["not_matched"]),
            Bar(label="not attempted", value=counts["not_attempted"], status="warn"),
        ),
    )
    return {
        "facts": facts,
        "plots": (plot,),
        "intervals": _rates(match, review),
        "outputs": (proven("no_agreement", verdict),),
    }


def _agreement(review: Mapping[str, Any]) -> dict[str, object]:
    """How far two reviewers agreed who did not see each other's answers, where a second one was asked."""
    if (told := review.get("agreement")) is None:
        return {}
    n, kappa = told["n"], told["kappa"]
    alike = f"{told['agreed']} of {n}" if n else "none were asked"
    return {
        "Questions that two reviewers answered alike": alike,
        f"Cohen's kappa of these ({n} questions)": "says nothing here"
        if kappa is None
        else f"{kappa:.2f}",
        "Doubtful pairs that a third reviewer settled": review["adjudicated"],
    }


def _learnt(match: Mapping[str, Any]) -> dict[str, object]:
    """From how many reviewed pairs of earlier releases the weights were learnt, where any were."""
    pairs = match.get("learnt_from")
    return {"Reviewed pairs of earlier releases that the model learnt from": pairs} if pairs else {}


def _rates(match: Mapping[str, Any], review: Mapping[str, Any]) -> tuple[Interval, ...]:
    """Error rates of what is settled: after a reviewer's decisions, which are taken as right."""
    labels = {
        "false_match_rate": "Links expected to be false",
        "missed_match_rate": "Matches expected to be missed",
    }
    expected = review.get("expected") or match.get("expected", {})
    note = ""
    if review.get("expected") and (decided := review["decided"]):
        note = f"after {decided:,} doubtful pair{'s' * (decided != 1)} that a reviewer settled"
    return tuple(
        Interval(
            label=labels[name],
            value=100 * rate["expected"],
            low=100 * rate["low"],
            high=100 * rate["high"],
            note=note,
        )
        for name, rate in expected.items()
    )


# ------------------------------------------------------------------ de-identified rows


def deidentified_sections(context: ReleaseContext, verdict: Validation) -> dict[str, Any]:
    """Facts, plots and outputs of a de-identified release."""
    extract = cast("Mapping[str, Any]", context.facts("extract"))
    counts, risk, limit = extract["counts"], extract["risk"], extract["limit"]
    persons, below = int(risk["persons"]), int(risk["persons_below"])
    plural = context.approved.system.record.plural
    facts = (
        Fact(label="Rows", value=counts["rows"]),
        Fact(label="Persons", value=counts["persons"], persons=True),
        Fact(label=plural.capitalize(), value=counts[plural]),
        *_suppressed(extract["suppressed"]),
        *_for_department(
            {
                f"{plural.capitalize()} withheld by policy": counts[f"{plural}_withheld"],
                "Persons in the smallest class (k)": risk["k"],
                "Rows in the smallest class of single rows": risk["k_single_row"],
                "Persons alone in their class": risk["unique_persons"],
                f"Persons in classes under {limit['k']}": below,
            }
        ),
        _limited("Share of persons in such classes", risk["share_below"], limit["max_share_below"]),
        _limited("Prosecutor risk, highest", risk["prosecutor_max"], limit["max_prosecutor"]),
        *_for_department({"Prosecutor risk, mean": percent(risk["prosecutor_mean"])}),
        _limited("Journalist risk, highest", risk["journalist_max"], limit["max_prosecutor"]),
        _limited("Marketer risk", risk["marketer"], limit["max_marketer"]),
        *_for_department(_attacked(risk)),
    )
    plot = Plot(
        title="Persons by how many share all their quasi-identifiers and history",
        unit="persons",
        persons=True,
        audience="department",
        bars=(
            Bar(label=f"at least {limit['k']}", value=persons - below, status="ok"),
            Bar(label="fewer", value=below, status="warn"),
        ),
    )
    grids = (
        *_values(context, extract["values"]),
        *_lost(extract["suppressed"]),
        *_known_too(risk),
        *_sensitive(risk, limit),
    )
    outputs = _outputs(extract, persons, below, plural, verdict)
    return {"facts": facts, "plots": (plot,), "grids": grids, "outputs": outputs}


def _limited(label: str, found: float, limit: float) -> Fact:
    """A share that has a limit, beside it."""
    shown, most = beside(found, limit)
    status: Status = "ok" if found <= limit else "warn"
    return Fact(
        label=label, value=shown, note=f"at most {most}", status=status, audience="department"
    )


def _attacked(risk: Mapping[str, Any]) -> dict[str, Any]:
    """What is left after an attacker filled in empty cells."""
    found: dict[str, Any] = {}
    rules = ("that always hold", "that hold in 95 of 100 rows")
    for how, got in zip(rules, risk["filled_in"], strict=False):
        found[f"Smallest class after filling in by rules {how}"] = got["k"]
        found[f"Persons in smaller classes then, by rules {how}"] = got["persons_below"]
    return found


def _known_too(risk: Mapping[str, Any]) -> tuple[Grid, ...]:
    """What columns that are taken to be unknown would add."""
    rows = tuple(
        ("all of them" if name == "all" else name, str(got["k"]), percent(got["share_below"]))
        for name, got in risk["known_too"].items()
    )
    heads = ("If an attacker knew as well", "k", "persons in smaller classes")
    title = "Columns that are no quasi-identifiers"
    return (Grid(title=title, heads=heads, rows=rows),) if rows else ()


def _sensitive(risk: Mapping[str, Any], limit: Mapping[str, Any]) -> tuple[Grid, ...]:
    """The worst group of rows that look alike, by sensitive column."""
    rows = tuple(
        (
            name,
            str(least),
            str(risk["l_rare"][name] or "none such"),
            str(risk["l_entropy"][name]),
            str(risk["t_closeness"][name]),
        )
        for name, least in risk["l_diversity"].items()
    )
    heads = ("Column", "fewest values", "where some are not common", "by entropy", "distance")
    note = (
        f"The worst group of each column. At least {limit['l_values']} values are asked for where one of them is not "
        f"common, and a distance of at most {limit['t_distance']}. Marked: a group in which everybody has one value."
    )
    title = "Sensitive columns among rows that look alike"
    marked = tuple((i, 1) for i, least in enumerate(risk["l_diversity"].values()) if least == 1)
    return (Grid(title=title, heads=heads, rows=rows, note=note, marked=marked),) if rows else ()


def _for_department(facts: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Facts that the Department's edition alone shows."""
    return tuple(
        Fact(label=label, value=value, audience="department") for label, value in facts.items()
    )


def _suppressed(taken: Mapping[str, Any] | None) -> tuple[Fact, ...]:
    """What local suppression took, for the Department: the data shows its empty cells, not why."""
    if taken is None:
        return ()
    return (
        Fact(
            label="Persons left out as too rare",
            value=taken["persons_left_out"],
            persons=True,
            audience="department",  # the data does not show it
        ),
    )


def _values(context: ReleaseContext, values: Mapping[str, Mapping[str, Any]]) -> tuple[Grid, ...]:
    """What became of each column's values, as whoever has the rows can count: for both editions."""
    names = context.staging.schema("extract", "extract").names
    values = {name: values[name] for name in names if name in values}
    numbers = ("recorded", "generalised", "not_recorded", "emptied", "coarser")
    counts = Grid(
        title="What became of each column's values",
        heads=("Column", "recorded", "of them generalised", "not recorded", "emptied", "of them shown coarser"),
        rows=tuple((name, *(_told(one[n]) for n in numbers)) for name, one in values.items()),
        note="Rows of the extract, rounded; hidden where few persons stand behind them. Emptied ones are told from those without a value by the column of that name that ends in _status.",
        audience="both",
    )  # fmt: skip
    groups = {
        (by, g): None
        for one in values.values()
        for by in one["by_group"]
        for g in one["by_group"][by]
    }
    if not groups:
        return (counts,)
    emptied = Grid(
        title="Emptied, by group as the rows show it",
        heads=(
            "Column",
            *(f"{group} ({by.partition('_')[2].replace('_', ' ')})" for by, group in groups),
        ),
        rows=tuple(
            (name, *(_share(one["by_group"].get(by, {}).get(group)) for by, group in groups))
            for name, one in values.items()
            if one["by_group"]
        ),
        note="Percent of the group's rows; emptied: rows of which the group itself is not shown.",
        audience="both",
    )
    return counts, emptied


def _told(count: int | None) -> str:
    return "hidden" if count is None else f"{count:,}"


def _share(told: Mapping[str, int | None] | None) -> str:
    if told is None:
        return ""
    return "hidden" if told["emptied"] is None else f"{told['emptied']}\N{NO-BREAK SPACE}%"


def _lost(taken: Mapping[str, Any] | None) -> tuple[Grid, ...]:
    """What was emptied by column and group, and what told it."""
    if taken is None or not taken["cells"]:
        return ()
    groups = [
        (f"{group} ({one['persons']:,})", one["lost"])
        for by in taken["by_group"].values()
        for group, one in by.items()
    ]
    lost = Grid(
        title="Values lost, by column and group of persons",
        heads=("Column", "cells", *(head for head, _ in groups)),
        rows=tuple(
            (name, f"{count:,}", *(percent(share.get(name, 0)) for _, share in groups))
            for name, count in taken["cells"].items()
        ),
        note="Shares of the values that rows of the group had; in brackets its persons.",
    )
    told = tuple(
        (d["column"], " and ".join(d["sources"]), percent(d["determined"]))
        for d in taken["dependences"]
    )
    if not told:
        return (lost,)
    heads = ("Column", "is told by", "in so many rows")
    return (
        lost,
        Grid(title="What told emptied values, and was emptied with them", heads=heads, rows=told),
    )


def _outputs(
    extract: Mapping[str, Any], persons: int, below: int, plural: str, verdict: Validation
) -> tuple[Item, ...]:
    within, limit, taken = extract["within_limit"], extract["limit"], extract["suppressed"]
    sentence = f"Everybody is one of {limit['k']} persons or more who share all quasi-identifiers and the whole history"
    if below:
        sentence = f"{percent(below / max(1, persons))} of the persons share them with fewer than {limit['k'] - 1} others"
    kept, status = ("kept", "ok") if within else ("exceeded", "warn")
    about = {
        why: "too few to be counted, or none" if count is None else f"about {count:,}"
        for why, count in extract["withheld"].items()
    }
    items = (
        item("withheld", plural=plural, **about),
        item("limit", sentence=sentence, kept=kept, status=status),
        proven("scanned", verdict),
    )
    if alike := [name for name, least in extract["risk"]["l_diversity"].items() if least == 1]:
        items += (item("alike", columns=", ".join(alike)),)
    if taken is None:
        return items
    return (item("emptied" if sum(taken["cells"].values()) else "none_emptied"), *items)


# ------------------------------------------------------------------ aggregated tables


def aggregated_sections(context: ReleaseContext, verdict: Validation) -> dict[str, Any]:
    """Facts, maps and outputs of an aggregated release."""
    extract = cast("Mapping[str, Any]", context.facts("extract"))
    table = context.staging.read("extract", "extract")
    explanation = context.staging.read("extract", "explanation")
    cells, hidden = table.num_rows, int(extract["hidden"])
    digest = _explanation_digest(context)
    facts = (
        Fact(label="Cells", value=cells, group="cells"),
        Fact(label="Published", value=cells - hidden, group="cells"),
        Fact(label="Hidden", value=hidden, group="cells"),
        *_for_department(
            {
                "Hidden as small": extract["primary"],
                "Hidden to protect them": extract["secondary"],
                "Programmes solved by the audit": extract["programmes"],
                "Earlier tables audited together": len(extract["earlier_tables"]),
            }
        ),
    )
    closed = closed_years_in_words(extract["closed_years"])
    frozen = {year: how for year, how in closed.items() if not how.startswith("revised")}
    made_from = (
        *(Fact(label="Noise", value=noise.notes()[0]) for noise in _noise(context)),
        *(Fact(label=year, value=how) for year, how in closed.items() if year not in frozen),
        *_for_department(frozen),
        *_for_department({f"{_PAGE} and {_CELLS} beside this report, keyed digest": digest}),
    )
    below, noise = context.approved.policy.threshold - 1, context.approved.noise
    if noise is not None:
        limited = proven("noise", verdict, below=below, reach=noise.reach)
    elif extract["county_exempt"]:
        limited = proven("county_totals", verdict)
    else:
        limited = proven("threshold", verdict, below=below)
    outputs = (limited, proven("audited", verdict))
    dims, counted = cast("list[str]", extract["dims"]), context.approved.system.record.plural
    hidden_map = _map(table, explanation, dims, counted)
    maps = (hidden_map,) if hidden_map else ()
    return {"facts": facts, "maps": maps, "outputs": outputs, "provenance": made_from}


def _noise(context: ReleaseContext) -> "tuple[Noise, ...]":
    return (context.approved.noise,) if context.approved.noise is not None else ()


def _map(table: pa.Table, explanation: pa.Table, dims: list[str], counted: str) -> HiddenMap | None:
    """The last year, the longest dimension down, another across, totals of the rest."""
    others = [dim for dim in dims if dim != "year"]
    if len(others) < 2:
        return None
    sizes = {dim: len(set(table[dim].to_pylist())) for dim in others}
    down = max(others, key=lambda dim: sizes[dim])
    across = max((dim for dim in others if dim != down), key=lambda dim: sizes[dim])
    year = max(table["year"].to_pylist())
    reasons = {
        tuple(str(row[dim]) for dim in dims): "1" if row["reason"] == "primary" else "2"
        for row in explanation.to_pylist()
    }
    letters: dict[tuple[str, str], str] = {}
    labels: dict[str, dict[str, str]] = {down: {}, across: {}}
    for row in table.to_pylist():
        if row["year"] != year or any(row[d] != "TOTAL" for d in others if d not in {down, across}):
            continue
        for dim in (down, across):
            labels[dim][row[dim]] = str(row.get(f"{dim}_label") or row[dim])
        key = tuple(str(row[d]) for d in dims)
        letters[row[down], row[across]] = _letter(row, key, reasons, counted)
    rows, columns = list(labels[down])[:_ROWS], list(labels[across])[:_COLUMNS]
    return HiddenMap(
        title=f"What is published, {year}",
        row_dim=down,
        column_dim=across,
        row_labels=tuple(labels[down][r] for r in rows),
        column_labels=tuple(labels[across][c] for c in columns),
        cells=tuple("".join(letters.get((r, c), ".") for c in columns) for r in rows),
    )


def _letter(
    row: Mapping[str, Any],
    key: tuple[str, ...],
    reasons: Mapping[tuple[str, ...], str],
    counted: str,
) -> str:
    if row["status"] == "suppressed":
        return reasons.get(key, "h")
    return "0" if row[counted] == 0 else "p"


def keep_explanation(context: ReleaseContext) -> None:
    """Write the page and the list of hidden cells beside the reports (0600); nothing is packaged."""
    extract = cast("Mapping[str, Any]", context.facts("extract"))
    from extracts.aggregated import explain

    made = explain(
        context.staging.read("extract", "extract"),
        context.staging.read("extract", "explanation"),
        cast("list[str]", extract["dims"]),
        title=f"{context.approved.title} ({context.release})",
        facts={
            "Cells": f"{extract['rows']:,}",
            "Published": f"{extract['rows'] - extract['hidden']:,}",
            "Hidden as small": f"{extract['primary']:,}",
            "Hidden to protect them": f"{extract['secondary']:,}",
            "Threshold": f"{context.approved.policy.threshold} persons, by policy",
            "Earlier tables attacked together": len(extract["earlier_tables"]),
            "Years published as before": ", ".join(map(str, extract["frozen_years"])) or "none",
            **closed_years_in_words(extract["closed_years"]),
        },
        exact=bool(extract.get("exact", False)),
    )
    context.write_report_file(_PAGE, made.page)
    context.write_report_file(_CELLS, made.cells)


def _explanation_digest(context: ReleaseContext) -> str:
    """Keyed digest of the page, so that the report that is approved pins it."""
    return context.session.keyring.digest(
        "explanation", (context.report_folder / _PAGE).read_bytes()
    )


SECTIONS = {
    "identified": identified_sections,
    "deidentified": deidentified_sections,
    "aggregated": aggregated_sections,
}
