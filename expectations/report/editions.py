"""From the Department's model to the recipient's: what must not be read is taken out, not hidden.

The recipient reads verdicts and only such numbers as the data shows or the audit counted as
published. Small counts of people are masked; where masked parts add up to something shown, the next
smallest part is masked too, so that subtraction gives nothing.
"""

from collections.abc import Sequence

from expectations.report.model import (
    CheckLine,
    Exempt,
    Fact,
    HiddenMap,
    Item,
    Plot,
    ReportModel,
    Safe,
)

MARKER = "withheld"  # one word for small counts and for those masked with them
# Suites on what the recipient holds.
RECIPIENT_SUITES = frozenset({"intake", "identified", "deidentified", "aggregated"})


def recipient_view(model: ReportModel) -> ReportModel:
    """Return the model of the recipient's edition."""
    if model.edition == "recipient":
        return model
    below = model.threshold
    checks = tuple(_check(c) for c in model.checks if _shown(c))
    plots = tuple(_plot(p, below) for p in model.plots if p.audience == "both")
    gone = _gone(model.plots, plots)
    return model.model_copy(
        update={
            "edition": "recipient",
            "safes": tuple(_safe(s) for s in model.safes),
            "checks": checks,
            "more_checks": len(checks) < len(model.checks),
            "facts": _facts([f for f in model.facts if f.audience == "both"], below, gone),
            "plots": plots,
            "maps": tuple(_map(m) for m in model.maps),
            "intervals": (),
            "grids": tuple(g for g in model.grids if g.audience == "both"),
            "charts": (),
            "attention": (),
            "looked_at": (),
            "run": model.run.model_copy(update={"ledger_events": None}),
            "provenance": tuple(f for f in model.provenance if f.audience == "both"),
        }
    )


def masked(values: Sequence[int | None], below: int, *, additive: bool) -> list[int | None]:
    """Mask counts of people from 1 to ``below - 1``; in a sum, never exactly one part.

    A lone masked part takes the smallest other part with it, noughts last: a nought says nothing
    about anybody, but without another part it is the only one left to hide behind.
    """
    shown = [None if v is None or 0 < v < below else v for v in values]
    if additive and shown.count(None) == 1 and len(shown) > 1:
        others = [i for i, v in enumerate(shown) if v is not None]
        partner = min(others, key=lambda i: (values[i] == 0, values[i], i))
        shown[partner] = None
    return shown


def _shown(check: CheckLine) -> bool:
    """What is about the recipient's data is shown, and so is what stops a release."""
    own = check.suite in RECIPIENT_SUITES and check.audience == "both"
    return own or (not check.holds and check.severity == "critical")


def _safe(safe: Safe) -> Safe:
    items = tuple(
        i.model_copy(update={"exempt": _unnumbered(i.exempt)})
        for i in safe.items
        if i.audience == "both"
    )
    if safe.status == "fail" and all(i.status != "fail" for i in items):
        text = "A check that only the Department reads does not hold"
        items += (Item(text=text, status="fail", source="policy"),)
    return safe.model_copy(update={"items": items})


def _check(check: CheckLine) -> CheckLine:
    counts = {"examined": None, "violations": None, "not_applicable": None}
    return check.model_copy(update={**counts, "exempt": _unnumbered(check.exempt)})


def _unnumbered(exempt: Sequence[Exempt]) -> tuple[Exempt, ...]:
    return tuple(one.model_copy(update={"count": None}) for one in exempt)


def _gone(before: Sequence[Plot], after: Sequence[Plot]) -> frozenset[int]:
    """Return the counts that were masked in a plot: a fact that says one of them is masked too."""
    left = {p.title: p for p in after}
    return frozenset(
        whole.value
        for plot in before
        if plot.title in left
        for whole, shown in zip(plot.bars, left[plot.title].bars, strict=True)
        if whole.value is not None and shown.value is None
    )


def _facts(facts: list[Fact], below: int, gone: frozenset[int]) -> tuple[Fact, ...]:
    values = {i: None if f.persons and f.value in gone else f.value for i, f in enumerate(facts)}
    for group in sorted({f.group for f in facts}):
        alike = [i for i, f in enumerate(facts) if f.persons and f.group == group]
        members = [i for i in alike if not isinstance(facts[i].value, str)]
        counts = [v if isinstance(v := values[i], int) else None for i in members]
        values |= dict(zip(members, masked(counts, below, additive=bool(group)), strict=True))
    return tuple(f.model_copy(update={"value": values[i]}) for i, f in enumerate(facts))


def _plot(plot: Plot, below: int) -> Plot:
    if not plot.persons:
        return plot
    values = masked([b.value for b in plot.bars], below, additive=plot.additive)
    bars = tuple(b.model_copy(update={"value": v}) for b, v in zip(plot.bars, values, strict=True))
    return plot.model_copy(update={"bars": bars})


def _map(shown: HiddenMap) -> HiddenMap:
    one_marker = str.maketrans("12", "hh")
    cells = tuple(row.translate(one_marker) for row in shown.cells)
    return shown.model_copy(update={"cells": cells})
