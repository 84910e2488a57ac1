"""The page for the person who decides on a snapshot, or looks at two: the verdict first, what failed, then the tables.

One static HTML file in the look of the validation report: no script, no network. What few rows stand behind is not shown.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from expectations.report import Chart, ChartRow, drawn
from systems.description import System, Table
from systems.figures import percent
from systems.register import FEW, ColumnProfile, Profile, few
from systems.texts import page_template

Cell = str | int | None


@dataclass(frozen=True)
class Part:
    """A table of a section: ``numbers`` says which columns are of numbers, ``folded`` what it is folded under."""

    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    title: str = ""
    folded: str = ""
    words: Sequence[int] = (0,)  # columns that hold words

    @property
    def numbers(self) -> list[bool]:
        """Whether each column is of numbers."""
        return [at not in self.words for at in range(len(self.heads))]


@dataclass(frozen=True)
class Section:
    """A headed part of the page."""

    title: str
    parts: Sequence[Part]
    lede: str = ""
    drawn: str = ""  # SVG


def snapshot_page(
    told: Mapping[str, Any],
    system: System,
    now: Profile,
    was: Profile | None,
    months: Mapping[str, int],
) -> str:
    """The page of one snapshot.

    Args:
        told: as `show_snapshot` tells it.
        system: its description.
        now: what it holds.
        was: what the snapshot holds that it was compared with.
        months: its records by month.
    """
    failed, said = _found(told["findings"])
    state, may = (
        told["state"],
        ", ".join(told["may_accept"]) or "a second person, whom people.toml has yet to name,",
    )
    verdict, sentence, colour = {
        "waiting": (
            f"It waits: {len(failed)} of what is expected {'does' if len(failed) == 1 else 'do'} not hold",
            f"Nothing is ordered from it before {may} accepts it.",
            "wait",
        ),
        "retired": ("It was retired", "Nothing new is ordered from it.", "fail"),
        "accepted": (
            "It is in use",
            f"A second person, {told['accepted_by']}, accepted it although something failed."
            if told["accepted_by"]
            else "Nothing failed of what is expected of it.",
            "pass",
        ),
    }[state]
    facts: list[tuple[str, Cell]] = [
        ("Loaded", told["loaded"]),
        ("Loaded by", told["loaded_by"]),
        ("Compared with", told["against"] or "nothing: no snapshot before it is in use"),
        ("Records", now.records),
        ("Entries", now.entries),
        ("Persons", now.persons),
    ]
    return _render(
        what="Register snapshot", title=told["snapshot"], system=system.code, facts=facts, verdict=verdict, sentence=sentence,
        colour=colour, failed=failed, told=said, sections=[*_by_month(system, months), *_profile(system, now, was)],
    )  # fmt: skip


def by_month(system: System, months: Mapping[str, int]) -> Chart | None:
    """Records by month as a chart, without the months of few; None where there are not two to draw."""
    if len(months) < 2:
        return None
    rows = [
        ChartRow(label=month, values=(None if 0 < count < FEW else float(count),))
        for month, count in months.items()
    ]
    noun = system.record.plural
    return Chart(
        id="by-month",
        kind="lines",
        title=f"{noun.capitalize()} by month",
        heads=("Month", noun),
        units=("count",),
        rows=tuple(rows),
        note=f"By the date of {system.record.one}. A gap is a month of fewer than {FEW}. For the Department alone.",
    )


def _by_month(system: System, months: Mapping[str, int]) -> Iterator[Section]:
    chart = by_month(system, months)
    if chart is None:
        return
    rows = [(month, few(count)) for month, count in months.items()]
    part = Part(("month", chart.heads[1]), rows, folded="The same as a table")
    yield Section(chart.title, (part,), chart.note, drawn(chart))


def diff_page(told: Mapping[str, Any], system: System, now: Profile, was: Profile) -> str:
    """The page of two snapshots beside each other; ``told`` as `diff_snapshots` tells it."""
    failed, said = _found(told["findings"])
    people: Mapping[str, Cell] = told["persons"]
    heads = ("table", "before", "after", "added", "changed", "deleted", "columns that changed")
    rows = [[*(one[n] for n in heads[:-1]), ", ".join(one["columns"])] for one in told["tables"]]
    facts: list[tuple[str, Cell]] = [
        ("Persons before", people["before"]),
        ("Persons after", people["after"]),
        ("Persons who were several before", people["joined"]),
        ("Persons who are several now", people["split"]),
    ]
    sections = [
        Section("Rows by key", (Part(heads, rows, words=(0, 6)),)),
        *_profile(system, now, was)[1:],
    ]
    many = f"{len(failed)} of what is expected of the later {'does' if len(failed) == 1 else 'do'} not hold"
    return _render(
        what="Two snapshots of a register", title=f"{told['before']} and {told['after']}", system=system.code, facts=facts,
        verdict=many if failed else "The later is within what is expected", colour="wait" if failed else "pass",
        sentence="By the settings of today, beside the earlier.", failed=failed, told=said, sections=sections,
    )  # fmt: skip


def _render(**page: object) -> str:
    from jinja2 import FileSystemLoader

    style = resources.files("expectations.report").joinpath("style.css").read_text("utf-8")
    template = page_template(FileSystemLoader(Path(__file__).parent), "page.html.j2")
    return template.render(p=page, style=style).rstrip() + "\n"


def _found(findings: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    """What failed, and what is told besides."""
    return (
        [one["text"] for one in findings if one["failed"]],
        [one["text"] for one in findings if not one["failed"]],
    )


def _profile(system: System, now: Profile, was: Profile | None) -> list[Section]:
    """Tables, years, and each table's columns and codes, beside what they were."""
    rows = [
        (
            one.name,
            _rows(was, one.name),
            _rows(now, one.name) if one.name in now.tables else "not there",
        )
        for one in system.tables
    ]
    years = sorted({*now.years, *(was.years if was else ())})
    by_year = [
        (str(y), few(was.years.get(y, 0)) if was else None, few(now.years.get(y, 0))) for y in years
    ]
    beside = ("before", "now")
    return [
        Section("Tables", (Part(("table", *beside), rows),)),
        Section("Records by year", (Part(("year", *beside), by_year),)),
        Section(
            "Columns and codes",
            [
                part
                for one in system.tables
                if one.name in now.tables
                for part in _table(system, one, now, was)
            ],
            lede="The share of rows without a value, the years of dates, and the share of each code among the values.",
        ),
    ]


def _rows(profile: Profile | None, name: str) -> Cell:
    table = profile.tables.get(name) if profile else None
    return None if table is None else few(table.rows)


def _table(system: System, table: Table, now: Profile, was: Profile | None) -> Iterator[Part]:
    here, past = now.tables[table.name], was.tables.get(table.name) if was else None
    rows = here.rows, past.rows if past else 0
    columns: list[Sequence[Cell]] = []
    codes: list[Sequence[Cell]] = []
    for name, one in here.columns.items():
        before = past.columns.get(name) if past else None
        empty = _share(before.empty if before else None, rows[1]), _share(one.empty, rows[0])
        columns.append((name, *empty, _span(before), _span(one)))
        labels = _labels(system, table, name)
        for code in sorted({*(one.codes or ()), *((before and before.codes) or ())}):
            then = _coded(before, rows[1], code)
            codes.append(
                (name, f"{code} {labels.get(code, '')}".strip(), then, _coded(one, rows[0], code))
            )
    yield Part(
        ("column", "empty before", "empty now", "years before", "years now"), columns, table.name
    )
    if codes:
        heads = ("column", "code", "before", "now")
        yield Part(heads, codes, folded=f"Codes of {table.name}", words=(0, 1))


def _labels(system: System, table: Table, name: str) -> Mapping[str, str]:
    listed = table.column(name).codes
    return system.code_list(listed).labels if listed else {}


def _coded(one: ColumnProfile | None, rows: int, code: str) -> Cell:
    if one is None or one.codes is None:
        return None
    return _share(one.codes.get(code, 0), rows - one.empty)


def _share(count: int | None, rows: int) -> Cell:
    """A share in percent, unless fewer than ten rows stand behind it, or behind what is left."""
    if count is None or rows == 0:
        return None
    if 0 < count < FEW or 0 < rows - count < FEW:
        return "few" if count < FEW else "all but few"
    return percent(count / rows)


def _span(one: ColumnProfile | None) -> Cell:
    return None if one is None or one.first is None else f"{one.first}-{one.last}"
