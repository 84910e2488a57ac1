"""The quality report of a linkage as one HTML page for the engineer: offline, nothing personal in it.

Plots are inline SVG that needs no script, no font and no network. Counts below ten are not shown, since a pattern of few
rows may point at somebody. It stays with the Department: a recipient never sees it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from matching.reports.report import LinkReport, Rate

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 640, 240, 46, 34, 10


@dataclass(frozen=True)
class Series:
    """A name, a colour and its values."""

    name: str
    colour: str
    values: Sequence[float]


def bars(title: str, labels: Sequence[str], series: Sequence[Series], *, every: int = 1) -> str:
    """Stacked bars; every so many labels are written."""
    totals = [sum(parts) for parts in zip(*(s.values for s in series), strict=True)]
    top = max([*totals, 1])
    step = (_WIDTH - _LEFT) / max(len(labels), 1)
    body: list[str] = []
    for i, label in enumerate(labels):
        foot = 0.0
        for one in series:
            tall = _tall(one.values[i], top)
            x, y = _LEFT + i * step, _HEIGHT - _BOTTOM - foot - tall
            body.append(
                f'<rect x="{x + 1:.1f}" y="{y:.1f}" width="{max(step - 2, 1):.1f}" height="{tall:.1f}"'
                f' fill="{one.colour}"/>'
            )
            foot += tall
        if i % every == 0:
            body.append(_text(_LEFT + (i + 0.5) * step, _HEIGHT - 16, label, "middle"))
    return _figure(title, body, top, series)


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
    return _figure(title, body, top, series, share=True)


def weight_bar(bits: float, widest: float) -> str:
    """One weight as a bar to the right (speaks for one person) or to the left."""
    half, wide = 80.0, 80.0 * min(abs(bits) / max(widest, 1e-9), 1.0)
    x = half if bits >= 0 else half - wide
    colour = "#2b6a4d" if bits >= 0 else "#a4452c"
    return (
        f'<svg class="bar" viewBox="0 0 160 12" role="img" aria-label="{bits:+.1f} bits">'
        f'<rect x="{x:.1f}" y="1" width="{wide:.1f}" height="10" fill="{colour}"/>'
        '<line x1="80" y1="0" x2="80" y2="12" stroke="#444"/></svg>'
    )


def _tall(value: float, top: float) -> float:
    return (_HEIGHT - _BOTTOM - _TOP) * value / top


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _figure(
    title: str, body: list[str], top: float, series: Sequence[Series], *, share: bool = False
) -> str:
    floor = _HEIGHT - _BOTTOM
    most = f"{top:.2%}" if share else f"{top:,.0f}"
    axis = f'<line x1="{_LEFT}" y1="{floor}" x2="{_WIDTH}" y2="{floor}" stroke="#444"/>'
    scale = _text(_LEFT - 4, _TOP + 8, most, "end") + _text(_LEFT - 4, floor, "0", "end")
    keys = "".join(
        f'<span><i style="background:{s.colour}"></i>{escape(s.name)}</span>' for s in series
    )
    return (
        f'<figure><figcaption>{escape(title)}</figcaption><p class="keys">{keys}</p>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{''.join(body)}{axis}{scale}</svg></figure>"
    )


_LEAST = 10
_GREEN, _AMBER, _GREY, _RED = "#2b6a4d", "#c98a1b", "#9aa3ab", "#a4452c"
_STYLE = """
:root{color-scheme:light}body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;
padding:1.5rem;color:#1d2329;background:#fff}h1{font-size:1.6rem;margin:.2rem 0}
h2{font-size:1.2rem;margin:2.2rem 0 .4rem;border-top:1px solid #cfd5da;padding-top:1rem}
p{margin:.4rem 0;max-width:46rem}table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{text-align:left;padding:.25rem .6rem .25rem 0;border-bottom:1px solid #e4e8eb;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.wide{overflow-x:auto}
figure{margin:.8rem 0}figcaption{font-weight:600}svg{width:100%;height:auto}
svg text{font:11px system-ui,sans-serif;fill:#444}svg.bar{width:10rem;height:.75rem}
.keys span{margin-right:1rem;white-space:nowrap}.keys i{display:inline-block;width:.8em;height:.8em;
margin-right:.35em}.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.8rem;
margin:1rem 0}.facts div{background:#f3f5f6;padding:.6rem .8rem}.facts b{display:block;font-size:1.25rem}
@media(max-width:40rem){svg.bar{width:4rem}.facts b{font-size:1.05rem}}
.note{border-left:4px solid #c98a1b;padding-left:.8rem}
"""


def quality_page(report: LinkReport) -> str:
    """The whole page."""
    parts = [
        _facts(report),
        _weights(report.parameters),
        _rules(report.rules),
        _budget(report.budget),
        _scores(report.histogram),
        _threshold(report.curve, report.options),
        _groups(report.groups),
        _origin(report),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Quality of a linkage</title><style>{_STYLE}</style></head><body><main>"
        "<h1>Quality of a linkage</h1><p>For the Department's engineers. Counts below ten are not"
        " shown; the page holds no value of any person and is no part of a release.</p>"
        f"{''.join(parts)}</main></body></html>\n"
    )


def _facts(r: LinkReport) -> str:
    facts = {
        "cohort rows": _count(r.cohort_rows),
        "records": _count(r.records),
        "pairs looked at": _count(r.pairs),
        "links": _count(r.links),
        "pairs to review": _count(r.reviews),
        "expected false links": _rate(r.false_match_rate),
        "expected missed matches": _rate(r.missed_match_rate),
        "weights from": str(r.prior["source"]),
    }
    cells = "".join(
        f"<div>{escape(name)}<b>{escape(value)}</b></div>" for name, value in facts.items()
    )
    return f'<div class="facts">{cells}</div>'


def _weights(parameters: Mapping[str, object]) -> str:
    rows: list[str] = []
    widest = 20.0
    for field, levels in parameters.items():
        assert isinstance(levels, list)
        for i, line in enumerate(levels):
            name = f'<th rowspan="{len(levels)}">{escape(field)}</th>' if i == 0 else ""
            rows.append(
                f"<tr>{name}<td>{escape(str(line['level']))}</td>"
                f'<td class="n">{float(line["m"]):.2%}</td><td class="n">{_small(line["u"])}</td>'
                f'<td class="n">{float(line["weight"]):+.1f}</td>'
                f"<td>{weight_bar(float(line['weight']), widest)}</td></tr>"
            )
    head = _head(("field", "level", "of matches|n", "by chance|n", "bits|n", ""))
    return (
        "<h2>Weights</h2><p>What a level of a field says: how often it occurs between two rows of one"
        " person, how often between two people by chance, and the weight in bits (log2 of their ratio). Frequent values"
        f" weigh less than the average shown, rare ones more.</p>{_table(head, rows)}"
    )


def _rules(rules: Sequence[Mapping[str, object]]) -> str:
    rows = [
        f"<tr><td>{escape(str(rule['name']))}</td>"
        + "".join(f'<td class="n">{_shown(rule.get(k, 0))}</td>' for k in _RULE_COLUMNS)
        + "</tr>"
        for rule in rules
    ]
    head = _head(("rule", *(f"{name}|n" for name in _RULE_COLUMNS.values())))
    return (
        "<h2>Blocking rules</h2><p>Which routes made the pairs. A rule that alone caught many links"
        " is one that the linkage can't do without; pairs given up belong to values that are too"
        f" frequent.</p>{_table(head, rows)}"
    )


_RULE_COLUMNS = {
    "pairs": "pairs",
    "links": "links",
    "links_alone": "only by this rule",
    "split": "values split",
    "split_pairs": "pairs given up by splits",
    "cut_pairs": "pairs cut",
}


def _budget(budget: Mapping[str, float]) -> str:
    if not budget.get("rows"):
        return (
            "<h2>What the budget cost</h2><p>No value was split or cut: nothing was given up.</p>"
        )
    return (
        '<h2>What the budget cost</h2><p class="note">'
        f"{_count(int(budget['rows']))} cohort rows have a value that was split or cut."
        f" {_count(int(budget['drawn']))} of them were compared without: {budget['expected']:.1f} matches"
        f" ({budget['low']:.1f} to {budget['high']:.1f}) are expected to be lost, which is"
        f" {budget['share_of_matches']:.2%} of all.</p>"
    )


def _scores(lines: Sequence[Mapping[str, float]]) -> str:
    names = (
        ("link", "linked", _GREEN),
        ("review", "to review", _AMBER),
        ("none", "not linked", _GREY),
    )
    series = [
        Series(shown, colour, [_hidden(line[key]) for line in lines])
        for key, shown, colour in names
    ]
    labels = [f"{line['from']:g}" for line in lines]
    plot = bars("Pairs of row and identity by weight in bits", labels, series, every=5)
    return (
        "<h2>Scores</h2><p>The two hills should stand apart; what lies between them is what reviewers"
        f" settle. Pairs with less than -8.7 bits are not kept.</p>{plot}"
    )


def _threshold(points: Sequence[Mapping[str, float]], options: Mapping[str, object]) -> str:
    labels = [f"{p['threshold']:g}" for p in points]
    series = [
        Series("false among links", _RED, [p["false_match_rate"] for p in points]),
        Series("missed among matches", _GREY, [p["missed_match_rate"] for p in points]),
    ]
    rows = [
        f'<tr><td class="n">{p["threshold"]:g}</td><td class="n">{_shown(p["links"])}</td>'
        f'<td class="n">{p["false_match_rate"]:.3%}</td><td class="n">{p["missed_match_rate"]:.3%}</td></tr>'
        for p in points
    ]
    head = _head(("threshold|n", "links|n", "expected false|n", "expected missed|n"))
    return (
        "<h2>Choosing a threshold</h2><p>Expected rates if every pair above the threshold were linked;"
        f" this linkage used {options['threshold']}.</p>"
        f"{curves('Expected rates by threshold', labels, series)}{_table(head, rows)}"
    )


def _groups(groups: Mapping[str, Sequence[Mapping[str, object]]]) -> str:
    if not groups:
        return (
            "<h2>Groups of people</h2><p>The cohort has no column for sex, race (<code>race</code>) or origin"
            " of the surname (<code>surname_origin</code>): whether some groups are missed more often was not looked at.</p>"
        )
    parts: list[str] = []
    for column, lines in groups.items():
        rows = [
            f'<tr><td>{escape(str(g["group"]))}</td><td class="n">{_shown(g["rows"])}</td>'
            + "".join(
                f'<td class="n">{_portion(g[k], g["rows"])}</td>'
                for k in ("linked", "review", "missed")
            )
            + "</tr>"
            for g in lines
        ]
        head = _head(
            (column.replace("_", " "), "rows|n", "linked|n", "to review|n", "expected missed|n")
        )
        parts.append(_table(head, rows))
    return (
        "<h2>Groups of people</h2><p>Linkage errors fall unevenly: surnames that change, that are"
        " spelled in several ways or that many share are missed more often. Large differences in"
        f" what is missed bias every figure made from the links.</p>{''.join(parts)}"
    )


def _origin(r: LinkReport) -> str:
    times = ", ".join(f"{stage} {spent:.1f} s" for stage, spent in r.seconds.items())
    versions = ", ".join(f"{name} {number}" for name, number in r.versions.items())
    learnt = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in r.prior.items())
    return (
        f"<h2>How it came about</h2><p>Columns: {escape(', '.join(r.columns))}.</p>"
        f"<p>Weights: {escape(learnt)}.</p><p>Time: {escape(times)}.</p><p>{escape(versions)}.</p>"
    )


def _table(head: str, rows: Iterable[str]) -> str:
    return f'<div class="wide"><table>{head}<tbody>{"".join(rows)}</tbody></table></div>'


def _head(names: Sequence[str]) -> str:
    cells = (name.partition("|") for name in names)
    return (
        "<thead><tr>"
        + "".join(f'<th class="{kind}">{escape(name)}</th>' for name, _, kind in cells)
        + "</tr></thead>"
    )


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
    return "few" if few else f"{share:.1%}"


def _hidden(n: float) -> float:
    return n if n >= _LEAST else 0


def _small(chance: object) -> str:
    value = float(str(chance))
    return f"{value:.2%}" if value >= 1e-4 else f"1 in {1 / max(value, 1e-300):,.0f}"


def _rate(rate: Rate) -> str:
    return f"{rate.expected:.2%} ({rate.low:.2%} to {rate.high:.2%})"
