"""What the report says of de-identified rows: how rare their persons are, against which limit."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from expectations.report import Bar, Fact, Item, Plot

if TYPE_CHECKING:
    from pipelines.release.context import Context


def shown(context: "Context") -> dict[str, Any]:
    """Facts, plots and outputs of a de-identified release."""
    extract = cast("Mapping[str, Any]", context.facts("extract"))
    counts, risk, limit = extract["counts"], extract["risk"], extract["limit"]
    persons, below = int(risk["persons"]), int(risk["persons_below"])
    plural = context.system.record.plural
    facts = (
        Fact(label="Rows", value=counts["rows"]),
        Fact(label="Persons", value=counts["persons"], persons=True),
        Fact(label=plural.capitalize(), value=counts[plural]),
        *_suppressed(extract["suppressed"]),
        _own(f"{plural.capitalize()} withheld by policy", counts[f"{plural}_withheld"]),
        _own("Smallest class k", risk["k"]),
        _own("Smallest class of single rows", risk["k_single_row"]),
        _own("Persons alone in their class", risk["unique_persons"]),
        _own(f"Persons in classes under {limit['k']}", below),
        _own(
            "Share of them, and its limit", f"{risk['share_below']} of {limit['max_share_below']}"
        ),
        _own("Prosecutor risk, highest", f"{risk['prosecutor_max']} of {limit['max_prosecutor']}"),
        _own("Prosecutor risk, mean", str(risk["prosecutor_mean"])),
        _own("Journalist risk, highest", f"{risk['journalist_max']} of {limit['max_prosecutor']}"),
        _own("Marketer risk", f"{risk['marketer']} of {limit['max_marketer']}"),
        *(
            _own(f"Fewest values of {name} in a class", least)
            for name, least in risk["l_diversity"].items()
        ),
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
    return {"facts": facts, "plots": (plot,), "outputs": _outputs(extract, persons, below)}


def _own(label: str, value: int | str) -> Fact:
    return Fact(label=label, value=value, audience="department")


def _suppressed(taken: Mapping[str, Any] | None) -> tuple[Fact, ...]:
    """What local suppression took, for the Department: the data shows its empty cells, not why."""
    if taken is None:
        return ()
    cells = cast("Mapping[str, int]", taken["cells"])
    return (
        Fact(
            label="Persons left out as too rare",
            value=taken["persons_left_out"],
            persons=True,
            audience="department",  # the data does not show it
        ),
        *(
            Fact(label=f"{name}: cells emptied", value=count, audience="department")
            for name, count in cells.items()
        ),
    )


def _outputs(extract: Mapping[str, Any], persons: int, below: int) -> tuple[Item, ...]:
    within, limit = extract["within_limit"], extract["limit"]
    kept = f"Everybody shares all quasi-identifiers and the whole history with {limit['k']} or more"
    if below:
        kept = (
            f"{below / max(1, persons):.1%} of the persons share them with fewer than {limit['k']}"
        )
    items = [
        Item(
            text=f"{kept}; the limit of this project is {'kept' if within else 'exceeded'}",
            status="ok" if within else "warn",
            section="§ 964(f)(1)(E)",
            source="policy",
            audience="department",
        ),
        Item(
            text=f"{extract['scanned']} columns scanned for identifiers: none found",
            section="§ 962(h)",
        ),
    ]
    if extract["suppressed"] is not None:
        items.insert(
            0,
            Item(
                text="Cells that made persons rare were emptied; persons whose history stays rare are"
                " left out",
                section="§ 964(f)(1)(E)",
                source="policy",
            ),
        )
    return tuple(items)
