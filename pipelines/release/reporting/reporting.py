"""The report's model from what the stages recorded: counts, verdicts and sections, no values."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from expectations import report
from expectations.report import Bar, Fact, Interval, Item, Plot, ReportModel
from pipelines.release.reporting import aggregates as reporting_aggregates
from pipelines.release.reporting import drift as reporting_drift
from pipelines.release.reporting import origin as reporting_origin
from pipelines.release.reporting import rows as reporting_rows
from systems.description import System

if TYPE_CHECKING:
    from expectations.checks import Validation
    from pipelines.release.context import Context
    from pipelines.release.reporting.drifting import Compared

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
    made = ReportModel(
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
            owed=_owed(context),
        ),
        checks=report.check_lines(*validations),
        provenance=(*reporting_origin.provenance(context), reporting_drift.fact(drift)),
        run=reporting_origin.run(context, verdict),
        **shown,
    )
    return _governed(made, context.system)


def _governed(made: ReportModel, system: System) -> ReportModel:
    """Cite what governs this system; what no law asks here is policy."""

    def item(one: Item) -> Item:
        section = system.cite(one.section) if one.section else ""
        lost = (one.section and not section) or section.startswith("policy")
        source = "policy" if lost else one.source
        return one.model_copy(update={"section": section, "source": source})

    if system.sections is None:
        return made
    safes = [
        safe
        if safe.name == "data"  # its checks were told by the suite
        else safe.model_copy(update={"items": tuple(map(item, safe.items))})
        for safe in made.safes
    ]
    return made.model_copy(update={"safes": tuple(safes)})


def _owed(context: "Context") -> tuple[tuple[str, str], ...] | None:
    """What the recipient owes, by the system's own conditions; none for CARPOS's regulation."""
    system = context.system
    if system.sections is None:
        return None
    threshold = context.settings.disclosure.threshold
    told = [one for one in system.conditions if context.order.kind in one.kinds]
    return tuple((_first_sentence(one.text, threshold), "") for one in told)


def _first_sentence(text: str, threshold: int) -> str:
    whole = " ".join(text.split()).replace("{threshold}", str(threshold))
    first = whole.split(". ")[0].rstrip(".")
    return "CONDITIONS.txt applies" if "{" in first else first


def _asked(context: "Context") -> frozenset[str]:
    """Papers that this system asks for before a release of this kind."""
    kind = context.order.kind
    return frozenset(d.name for d in context.system.documents if kind in d.kinds)


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
            text=f"{context.system.record.scope} in scope: {', '.join(context.order_scope)}",
            section="§ 963(a)",
            status="info",
        ),
    ]
    if context.snapshot.info.synthetic:
        noun = context.system.record.noun
        said = f"Synthetic data: every person and {noun} in it is made up"
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
    if "irb_approval" in _asked(context):
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
    asked = _asked(context)
    if "human_subjects_training" in asked:
        items.append(
            Item(text="Training certificates of all team members are in force", section="§ 966(d)")
        )
    if "notary_verification" in asked:
        said = "The researcher's identity was verified by a notary"
        items.append(Item(text=said, section="process page"))
    if asked & {"background_check", "background_check_page"}:
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
    if "security_requirements" in _asked(context):
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
    record = context.system.record
    facts = (
        Fact(label="Cohort rows", value=counts["cohort_rows"], persons=True, group="rows"),
        Fact(
            label=f"With {record.one} in scope", value=counts["matched"], persons=True, group="rows"
        ),
        Fact(label="Without", value=counts["not_matched"], persons=True, group="rows"),
        Fact(label="Not attempted", value=counts["not_attempted"], persons=True, group="rows"),
        Fact(label=record.plural.capitalize(), value=counts[record.plural]),
        Fact(label="Doubtful pairs", value=review["doubtful"], audience="department"),
        Fact(label="Doubtful pairs left out", value=review["left_out"], audience="department"),
        Fact(label="Rows withheld as look-alikes", value=intake["withheld"], audience="department"),
        Fact(
            label="Rows of an earlier cohort again", value=intake["overlap"], audience="department"
        ),
        Fact(label="Rows refused", value=intake["refused"], audience="department"),
        Fact(
            label=f"{record.plural.capitalize()} withheld by policy",
            value=counts[f"{record.plural}_withheld"],
            audience="department",
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
