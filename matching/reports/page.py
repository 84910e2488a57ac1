"""The quality report of a linkage as one HTML page for the engineer: offline, nothing personal in it.

Plots are inline SVG that needs no script, no font and no network. Counts below ten are not shown, since a pattern of few
rows may point at somebody. It stays with the Department: a recipient never sees it. What does not depend on the
linkage stands in ``quality.html`` (whose line ends are left out) and ``quality.css``.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from string import Template

from matching.findings import Finding
from matching.reports.report import LinkReport
from systems.figures import percent
from systems.texts import in_html as escape

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 640, 240, 46, 34, 10
_LEAST = 10
_GREEN, _AMBER, _GREY, _RED = "#2b6a4d", "#c98a1b", "#9aa3ab", "#a4452c"


def quality_page(report: LinkReport) -> str:
    """The whole page."""
    here = resources.files("matching.reports")
    page = "".join(map(str.strip, (here / "quality.html").read_text("utf-8").splitlines()))
    learnt = (f"{name.replace('_', ' ')} {value}" for name, value in report.prior.items())
    parts = {
        "style": f"\n{(here / 'quality.css').read_text('utf-8')}",
        "facts": _facts(report),
        "warnings": _warnings(report.warnings),
        "weights": _weights(report.parameters, report.columns),
        "rules": _rules(report.rules),
        "budget": _budget(report.budget),
        "scores": _scores(report.histogram),
        "threshold": str(report.options["threshold"]),
        "rates": _rates(report.curve),
        "held": _held(report.held_back),
        "groups": _groups(report.groups),
        "columns": escape(", ".join(report.columns)),
        "prior": escape(", ".join(learnt)),
        "seconds": escape(", ".join(f"{stage} {s:.1f} s" for stage, s in report.seconds.items())),
        "versions": escape(", ".join(f"{name} {n}" for name, n in report.versions.items())),
    }
    return Template(page).substitute(parts) + "\n"


def _facts(r: LinkReport) -> str:
    facts = {
        "cohort rows": _count(r.cohort_rows),
        "records": _count(r.records),
        "pairs looked at": _count(r.pairs),
        "cohort rows linked": _count(r.linked_rows),
        "links to records": _count(r.links),
        "pairs with records to review": _count(r.reviews),
        "expected false links, before a review": r.false_match_rate.in_words(),
        "expected missed matches, before a review": r.missed_match_rate.in_words(),
        "weights from": str(r.prior["source"]),
    }
    facts |= {f"labels: {name.replace('_', ' ')}": _count(n) for name, n in r.labels.items()}
    return "".join(f"<div>{escape(n)}<b>{escape(value)}</b></div>" for n, value in facts.items())


def _warnings(warnings: Sequence[Finding]) -> str:
    if not warnings:
        return ""
    lines = "".join(f"<li>{escape(one.text(_count))}</li>" for one in warnings)
    return f"<h2>Warnings</h2><ul>{lines}</ul>"


# Fields of the model, and the columns of which one makes it say something.
_MADE_OF = {
    "first": ("first_name",), "last": ("last_name",), "sex": ("sex",), "middle": ("middle_name",),
    "suffix": ("name_suffix",), "birth": ("birth_date",), "ssn": ("ssn",), "licence": ("driver_license",),
    "phone": ("phone",), "street": ("street",), "place": ("city", "zip", "county"),
}  # fmt: skip


def _weights(parameters: Mapping[str, object], columns: Sequence[str]) -> str:
    """The weights of what both files have; of the others the model's own say nothing of this linkage."""
    asked = {f: not _MADE_OF.get(f) or bool({*_MADE_OF[f]} & {*columns}) for f in parameters}
    absent = [field for field, there in asked.items() if not there]
    rows: list[list[str | None]] = []
    for field, levels in parameters.items():
        if not asked[field]:
            continue
        assert isinstance(levels, list)
        for i, line in enumerate(levels):
            first = f'<th rowspan="{len(levels)}">{escape(field)}</th>' if i == 0 else None
            m, u, bits = (float(line[name]) for name in ("m", "u", "weight"))
            shown = percent(m), _small(u), f"{bits:+.1f}", _weight_bar(bits)
            rows.append([first, escape(str(line["level"])), *shown])
    without = f"<p>Not compared, since not both files have it: {escape(', '.join(absent))}.</p>"
    table = _table(("field", "level", "of matches|n", "by chance|n", "bits|n", ""), rows)
    return table + (without if absent else "")


_RULE_COLUMNS = {
    "pairs": "pairs",
    "links": "links",
    "links_alone": "only by this rule",
    "split": "values split",
    "split_pairs": "pairs given up by splits",
    "cut_pairs": "pairs cut",
}


def _rules(rules: Sequence[Mapping[str, object]]) -> str:
    rows = [
        [escape(str(rule["name"])), *(_shown(rule[k]) for k in _RULE_COLUMNS)] for rule in rules
    ]
    return _table(("rule", *(f"{name}|n" for name in _RULE_COLUMNS.values())), rows)


def _budget(budget: Mapping[str, float]) -> str:
    if not budget["rows"]:
        return "<p>No value was split or cut: nothing was given up.</p>"
    return (
        f'<p class="note">{_count(int(budget["rows"]))} cohort rows have a value that was split or cut.'
        f" {_count(int(budget['drawn']))} of them were compared without: {budget['expected']:.1f} matches"
        f" ({budget['low']:.1f} to {budget['high']:.1f}) are expected to be lost, which is"
        f" {percent(budget['share_of_matches'])} of all.</p>"
    )


def _scores(lines: Sequence[Mapping[str, float]]) -> str:
    names = (
        ("link", "linked", _GREEN),
        ("review", "to review", _AMBER),
        ("none", "not linked", _GREY),
    )
    series = [
        Series(shown, colour, [line[key] if line[key] >= _LEAST else 0 for line in lines])
        for key, shown, colour in names
    ]
    labels = [f"{line['from']:g}" for line in lines]
    return log_bars("Pairs of row and identity by weight in bits", labels, series, every=5)


def _rates(points: Sequence[Mapping[str, float]]) -> str:
    labels = [f"{p['threshold']:g}" for p in points]
    false, missed = ([p[f"{k}_match_rate"] for p in points] for k in ("false", "missed"))
    series = [
        Series("false among links", _RED, false),
        Series("missed among matches", _GREY, missed),
    ]
    plot = curves("Expected rates by threshold", labels, series)
    rows = [
        [label, _shown(p["links"]), *(percent(p[f"{k}_match_rate"]) for k in ("false", "missed"))]
        for label, p in zip(labels, points, strict=True)
    ]
    return plot + _table(("threshold|n", "links|n", "expected false|n", "expected missed|n"), rows)


_GUARDS = {
    "birth": "full birth dates more than a slip apart, and no number agrees; or none on a side, where father and son of one home are nearly as likely",
    "suffix": "junior and senior; or either on one side only, where a birth date is missing",
    "sex": "another sex and first name, one surname and birth date",
    "twin": "another first or middle name; one surname, birth date and home",
    "number": "another social security or licence number, and another birth date",
    "names": "nothing but names agree: how rare they are does not say whose they are",
}


def _held(held_back: Mapping[str, int]) -> str:
    rows = [[escape(_GUARDS[guard]), _shown(n)] for guard, n in held_back.items() if n]
    return _table(("why", "pairs|n"), rows) if rows else "<p>None.</p>"


def _groups(groups: Mapping[str, Sequence[Mapping[str, object]]]) -> str:
    if not groups:
        return "<p>The cohort is too small to look at groups.</p>"
    shares = {
        "linked": "linked", "review": "to review", "missed": "expected missed", "false": "expected false",
    }  # fmt: skip
    tables = [
        _table(
            (column.replace("_", " "), "rows|n", *(f"{name}|n" for name in shares.values())),
            [
                [
                    escape(str(g["group"])),
                    _shown(g["rows"]),
                    *(_portion(g[k], g["rows"]) for k in shares),
                ]
                for g in lines
            ],
        )
        for column, lines in groups.items()
    ]
    return (
        "<p>Linkage errors fall unevenly: surnames that change, that are"
        " spelled in several ways or that many share are missed more often. Large differences in"
        " what is missed bias every figure made from the links. Surnames are grouped by short lists of those whose bearers"
        f" mostly come from one part of the world; nothing is kept of it with a person.</p>{''.join(tables)}"
    )


def _table(names: Sequence[str], rows: Iterable[Sequence[str | None]]) -> str:
    """A table; names that end in ``|n`` are of numbers. A first cell may bring its own tag, or be spanned (None)."""
    kinds = [name.partition("|") for name in names]
    head = "".join(f'<th class="{kind}">{escape(name)}</th>' for name, _, kind in kinds)
    tags = ['<td class="n">' if kind else "<td>" for _, _, kind in kinds]

    def cell(tag: str, value: str) -> str:
        return value if value.startswith("<th") else f"{tag}{value}</td>"

    body = "".join(
        f"<tr>{''.join(cell(t, v) for t, v in zip(tags, row, strict=True) if v is not None)}</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _count(n: int) -> str:
    return f"{n:,}" if n == 0 or n >= _LEAST else "fewer than 10"


def _shown(n: object) -> str:
    assert isinstance(n, int | float)
    if n < 0:
        return "all"
    return f"{n:,.0f}" if n == 0 or n >= _LEAST else "&lt;10"


def _portion(share: object, rows: object) -> str:
    """A share, unless it would tell a count below ten."""
    assert isinstance(share, float | int)
    assert isinstance(rows, int)
    few = 0 < share * rows < _LEAST or 0 < (1 - share) * rows < _LEAST
    return "few" if few else percent(share)


def _small(chance: float) -> str:
    return percent(chance) if chance >= 1e-4 else f"1 in {1 / max(chance, 1e-300):,.0f}"


# plots


@dataclass(frozen=True)
class Series:
    """A name, a colour and its values."""

    name: str
    colour: str
    values: Sequence[float]


def log_bars(title: str, labels: Sequence[str], series: Sequence[Series], *, every: int) -> str:
    """Bars beside each other on a logarithmic axis, so that a hundred doubtful pairs show beside a million others.

    One is as high as the foot: what is drawn is ten or more, or nothing. Every so many labels are written.
    """
    most = max([*(v for one in series for v in one.values), _LEAST])
    top = math.ceil(math.log10(most))
    step = (_WIDTH - _LEFT) / max(len(labels), 1)
    wide = (step - 1) / max(len(series), 1)
    floor = _HEIGHT - _BOTTOM
    body: list[str] = []
    for power in range(1, top + 1):
        y = floor - _tall(power, top)
        body.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH}" y2="{y:.1f}" stroke="#ddd"/>')
        body.append(_text(_LEFT - 4, y + 4, f"{10**power:,}", "end"))
    for i, label in enumerate(labels):
        for place, one in enumerate(series):
            if one.values[i] < 1:
                continue
            tall = _tall(math.log10(one.values[i]), top)
            x = _LEFT + i * step + place * wide
            body.append(
                f'<rect x="{x:.1f}" y="{floor - tall:.1f}" width="{max(wide, 1):.1f}" height="{tall:.1f}"'
                f' fill="{one.colour}"/>'
            )
        if i % every == 0:
            body.append(_text(_LEFT + (i + 0.5) * step, _HEIGHT - 16, label, "middle"))
    return _figure(title, body, series, f"{most:,.0f} at most; the axis is logarithmic")


def curves(title: str, labels: Sequence[str], series: Sequence[Series]) -> str:
    """Lines over equally spaced labels."""
    top = max([v for s in series for v in s.values] + [1e-9])
    step = (_WIDTH - _LEFT) / max(len(labels), 1)
    body = [
        _text(_LEFT + (i + 0.5) * step, _HEIGHT - 16, label, "middle")
        for i, label in enumerate(labels)
    ]
    for one in series:
        points = [
            (_LEFT + (i + 0.5) * step, _HEIGHT - _BOTTOM - _tall(v, top))
            for i, v in enumerate(one.values)
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        body.append(
            f'<polyline points="{path}" fill="none" stroke="{one.colour}" stroke-width="2.5"/>'
        )
        body += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{one.colour}"/>' for x, y in points
        ]
    body += [_text(_LEFT - 4, _TOP + 8, f"{top:.2%}", "end")]
    return _figure(title, body, series, f"{top:.2%} at most")


def _weight_bar(bits: float) -> str:
    """One weight as a bar to the right (speaks for one person) or to the left; 20 bits are as long as any more."""
    wide = 80.0 * min(abs(bits) / 20.0, 1.0)
    x, colour = (80.0, _GREEN) if bits >= 0 else (80.0 - wide, _RED)
    return (
        f'<svg class="bar" viewBox="0 0 160 12" role="img" aria-label="{bits:+.1f} bits">'
        f'<rect x="{x:.1f}" y="1" width="{wide:.1f}" height="10" fill="{colour}"/>'
        '<line x1="80" y1="0" x2="80" y2="12" stroke="#444"/></svg>'
    )


def _tall(value: float, top: float) -> float:
    return (_HEIGHT - _BOTTOM - _TOP) * value / top


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _figure(title: str, body: list[str], series: Sequence[Series], said: str) -> str:
    floor = _HEIGHT - _BOTTOM
    axis = f'<line x1="{_LEFT}" y1="{floor}" x2="{_WIDTH}" y2="{floor}" stroke="#444"/>'
    foot = _text(_LEFT - 4, floor, "1" if "logarithmic" in said else "0", "end")
    keys = "".join(
        f'<span><i style="background:{s.colour}"></i>{escape(s.name)}</span>' for s in series
    )
    return (
        f'<figure><figcaption>{escape(title)}</figcaption><p class="keys">{keys}</p>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title><desc>{escape(said)}</desc>"
        f"{''.join(body)}{axis}{foot}</svg></figure>"
    )
