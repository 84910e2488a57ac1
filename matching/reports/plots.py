"""Plots as inline SVG: bars and curves that need no script, no font and no network."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

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
