"""What the Department's edition says of drift: how far each column moved, the furthest first."""

from typing import TYPE_CHECKING

from expectations.report import Bar, Fact, Plot

if TYPE_CHECKING:
    from expectations.drift import Against, Drift
    from pipelines.release.reporting.drifting import Compared

_SHOWN = 8  # columns in a plot; every one is in the list of checks
_TITLES: dict["Against", str] = {
    "release": "Moved since the last release",
    "register": "Distance from the register",
}


def plots(compared: "Compared") -> tuple[Plot, ...]:
    """One plot for each thing that the release was compared with."""
    found = ((title, _worst(compared, against)) for against, title in _TITLES.items())
    return tuple(
        Plot(
            title=title,
            unit="per mille of the rows",
            audience="department",
            note="Rows, in thousandths, that would have to be in another category to be alike.",
            bars=tuple(
                Bar(
                    label=d.column.replace("_", " "),
                    value=round(1000 * d.distance),
                    status="warn" if d.moved else "info",
                )
                for d in drifts
            ),
        )
        for title, drifts in found
        if drifts
    )


def fact(compared: "Compared") -> Fact:
    """Which release it was compared with."""
    value = compared.earlier or "none: the project's first of this kind"
    return Fact(label="Compared for drift with release", value=value, audience="department")


def _worst(compared: "Compared", against: "Against") -> "list[Drift]":
    mine = [d for d in compared.drifts if d.against == against]
    return sorted(mine, key=lambda d: (d.moved == 0, -d.distance))[:_SHOWN]
