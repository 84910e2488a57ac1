"""The report's model from what the stages recorded: counts, verdicts and sections, no values."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from expectations import report
from expectations.report import Bar, Fact, Interval, Item, Plot, ReportModel
from pipelines import reporting_aggregates, reporting_drift, reporting_origin, reporting_rows

if TYPE_CHECKING:
    from expectations import Validation
    from pipelines.context import Context
    from pipelines.drifting import Compared

_KINDS = {
    "identified": "Identified",
    "deidentified": "De-identified",
    "aggregated": "Aggregated",
}


def model(context: "Context", verdict: "Validation", drift: "Compared") -> ReportModel:
    """Make the Department's model of a release's report; the recipient's is cut from it."""
    validations = [*context.validations().values()]
    first, last = context.years
    state = context.project
    shown = _SHOWN[context.order.kind](context)
    shown["plots"] = (*shown.get("plots", ()), *reporting_drift.plots(drift))
    return ReportModel(
        project_number=context.order.project,
        project_title=context.title,
        kind=context.order.kind,
        system_code=context.system.code,
        system_name=context.system.name,
        first_year=first,
        last_year=last,
        scope=context.order_scope,
        approved_on=state.approved_on,
        expires_on=state.expires,
        threshold=context.settings.disclosure.threshold,
        safes=report.five_safes(
            context.order.kind,
            project=_project(context),
            people=_people(context),
            settings=_settings(context),
            data=report.check_items(verdict),
            outputs=shown.pop("outputs", ()),
            threshold=context.settings.disclosure.threshold,
        ),
        checks=report.check_lines(*validations),
        provenance=(*reporting_origin.provenance(context), reporting_drift.fact(drift)),
        run=reporting_origin.run(context, verdict),
        **shown,
    )


def _project(context: "Context") -> list[Item]:
    state, order = context.project, context.order
    first, last = context.years
    items = [
        Item(
            text=f"Project {order.project} is approved and in force until {state.expires}",
            section="§ 966; process page",
        ),
        Item(
            text=f"{_KINDS[order.kind]} data of {order.system} is among what was approved",
            section="§ 963(a)",
        ),
        Item(text=f"Years {first} to {last} lie inside the application", section="§ 964(a)"),
        Item(
            text=f"Order families in scope: {', '.join(context.order_scope)}",
            section="§ 963(a)",
            status="info",
        ),
    ]
    if context.snapshot.info.synthetic:
        said = "Synthetic data: every person and order in it is made up"
        items.insert(0, Item(text=said, status="info", source="policy"))
    if order.kind == "identified":
        items.append(
            Item(
                text="The cohort is the one registered with the project and confirmed by a second person",
                section="§ 963(a)(3)(A)",
            )
        )
        items.append(
            Item(
                text="Authority to hold the cohort's personal information was shown",
                section="§ 963(a)(3)(B)",
            )
        )
    if order.kind != "aggregated":
        items.append(
            Item(
                text=f"Approval of the review board runs until {state.irb_until()}",
                section="§ 966(b)(12)(F)",
            )
        )
    return items


def _people(context: "Context") -> list[Item]:
    members = [member for member, _, _ in context.recipients()]
    items = [
        Item(
            text=f"{len(members)} recipients with keys that a second person confirmed: {', '.join(members)}",
            section="§ 962(r); § 965(c)" if context.order.kind == "aggregated" else "§ 962(r)",
        )
    ]
    if context.order.kind != "aggregated":
        items.append(
            Item(text="Training certificates of all team members are in force", section="§ 966(d)")
        )
        items.append(
            Item(
                text="Background checks of the researcher and all team members are passed",
                section="§ 966(e)" if context.order.kind == "identified" else "process page",
                source="law" if context.order.kind == "identified" else "policy",
            )
        )
    return items


def _settings(context: "Context") -> list[Item]:
    items = [
        Item(
            text="Sealed to each recipient: CMS AuthEnvelopedData, AES-256-GCM; signed list of hashes",
            section="§ 965(c)" if context.order.kind == "aggregated" else "§ 966(b)(12)(D)",
        ),
        Item(
            text="Staging and register are AES-256 encrypted; the key of this run is destroyed at its end",
            source="policy",
        ),
    ]
    if context.order.kind != "aggregated":
        items.append(
            Item(
                text="The institution signed the CJIS security requirements; its system is segmented",
                section="§§ 964(k), 966(b)(12)(D)",
            )
        )
    return items


def _identified(context: "Context") -> dict[str, Any]:
    intake, match, review, extract = (
        cast("Mapping[str, Any]", context.facts(s))
        for s in ("intake", "match", "review", "extract")
    )
    counts = extract["counts"]
    facts = (
        Fact(label="Cohort rows", value=counts["cohort_rows"], persons=True, group="rows"),
        Fact(label="With an order in scope", value=counts["matched"], persons=True, group="rows"),
        Fact(label="Without", value=counts["not_matched"], persons=True, group="rows"),
        Fact(label="Not attempted", value=counts["not_attempted"], persons=True, group="rows"),
        Fact(label="Orders", value=counts["orders"]),
        Fact(label="Doubtful pairs", value=review["doubtful"], audience="department"),
        Fact(label="Doubtful pairs left out", value=review["left_out"], audience="department"),
        Fact(label="Rows withheld as look-alikes", value=intake["withheld"], audience="department"),
        Fact(
            label="Rows of an earlier cohort again", value=intake["overlap"], audience="department"
        ),
        Fact(label="Rows refused", value=intake["refused"], audience="department"),
        Fact(
            label="Orders withheld by policy",
            value=counts["orders_withheld"],
            audience="department",
        ),
    )
    plot = Plot(
        title="What became of the cohort",
        unit="rows",
        persons=True,
        additive=True,
        bars=(
            Bar(label="order in scope", value=counts["matched"], status="ok"),
            Bar(label="no order in scope", value=counts["not_matched"]),
            Bar(label="not attempted", value=counts["not_attempted"], status="warn"),
        ),
    )
    return {
        "facts": facts,
        "plots": (plot,),
        "intervals": _rates(match.get("expected", {})),
        "outputs": (
            Item(
                text="No field agreement, weight or spelling of the register is in the data",
                section="§ 963(a)(3)(A)",
            ),
        ),
    }


def _rates(expected: Mapping[str, Mapping[str, float]]) -> tuple[Interval, ...]:
    labels = {
        "false_match_rate": "Links expected to be false",
        "missed_match_rate": "Matches expected to be missed",
    }
    return tuple(
        Interval(
            label=labels[name],
            value=round(100 * rate["expected"], 3),
            low=round(100 * rate["low"], 3),
            high=round(100 * rate["high"], 3),
        )
        for name, rate in expected.items()
    )


_SHOWN = {
    "identified": _identified,
    "deidentified": reporting_rows.shown,
    "aggregated": reporting_aggregates.shown,
}
