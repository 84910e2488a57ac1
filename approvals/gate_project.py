"""What the gate asks of the project: state, time, kind, system, scope, years, cohort, papers."""

from collections.abc import Iterator
from datetime import date

from approvals.application_forms import StandardApplication
from approvals.gate import INDIVIDUAL, Ask, Check, Reason
from approvals.lifecycle import IN_FORCE, State
from approvals.project_state import ProjectState

_ENDED_BY = {
    State.SUSPENDED: Reason(
        "C-70", "§ 968(c)", "the project is suspended", "An approver lifts the suspension"
    ),
    State.EXPIRED: Reason(
        "C-74",
        "process page; § 966(i)",
        "the approval has expired",
        "A renewal had to be complete before; submit a new application",
    ),
    State.COMPLETED: Reason(
        "C-61", "§ 967(a)", "the project is completed", "Submit a new application"
    ),
}


def check_in_force(state: ProjectState, ask: Ask) -> Iterator[Reason]:
    """The project is approved and its approval in force on that day (§ 966; process page)."""
    now = state.state_on(ask.on)
    if now in IN_FORCE:
        if state.approved_on is not None and ask.on < state.approved_on:
            yield Reason(
                "C-74", "process page", "the day is before the approval", "Choose a later day"
            )
        return
    yield _ENDED_BY.get(
        now,
        Reason(
            "C-74",
            "§ 966; process page",
            f"the project is not approved: it is {now.replace('_', ' ')}",
            "An approver who did not submit it approves it",
        ),
    )


def check_application(state: ProjectState, _ask: Ask) -> Iterator[Reason]:
    """The approved application is there to be read; without it nothing can be answered."""
    if state.application is None:
        yield Reason(
            "C-16", "§ 964(a)", "no approved application is at hand", "Approve an application"
        )


def check_timeframe(state: ProjectState, ask: Ask) -> Iterator[Reason]:
    """Individual-level data is given only within the application's timeframe (§ 964(b))."""
    form = state.application
    if not isinstance(form, StandardApplication) or ask.kind not in INDIVIDUAL:
        return
    if not form.timeframe.start <= ask.on <= form.timeframe.end:
        yield Reason(
            "C-17",
            "§ 964(b)",
            f"the day is outside the timeframe {form.timeframe.start} to {form.timeframe.end}",
            "Release within it, or have an amended application approved",
        )


def check_requester(state: ProjectState, ask: Ask) -> Iterator[Reason]:
    """Entities get aggregated data only (§ 963(b))."""
    form = state.application
    if form is None or ask.kind not in INDIVIDUAL:
        return
    if form.requester_class not in ask.policy.individual_level:
        yield Reason(
            "C-12",
            "§ 963(b)",
            f"a {form.requester_class} gets aggregated data only",
            "Ask for aggregated data",
        )
    if not isinstance(form, StandardApplication):
        yield Reason(
            "C-44",
            "§ 966(a)",
            "individual-level data takes a standard application",
            "Submit a standard application",
        )


def check_kind(state: ProjectState, ask: Ask) -> Iterator[Reason]:
    """The kind was asked for and approved (§ 963(a))."""
    if ask.kind not in state.kinds:
        yield Reason(
            "C-11",
            "§ 963(a)",
            f"{ask.kind} data is not among the approved kinds ({', '.join(state.kinds)})",
            "Choose an approved kind, or have an amended application approved",
        )


def check_system(state: ProjectState, ask: Ask) -> Iterator[Reason]:
    """The data comes from the approved system (§ 964(a))."""
    if ask.system != state.system:
        yield Reason(
            "C-16",
            "§ 964(a)",
            f"the project is approved for {state.system}",
            "Release from that system, or submit an application for the other",
        )


def check_scope(state: ProjectState, ask: Ask) -> Iterator[Reason]:
    """Orders, columns and dimensions lie within the application (§ 964(a), § 966(b)(12)(A))."""
    form = state.application
    if form is None:
        return
    approved = set(form.order_scope)
    if ask.order_scope and not set(ask.order_scope) <= approved:
        yield Reason(
            "C-16",
            "§ 964(a)",
            "the order scope goes beyond the approved one",
            "Release the approved order families only",
        )
    if form.dimensions and not set(ask.dimensions) <= set(form.dimensions):
        yield Reason(
            "C-16",
            "§ 964(a)",
            "a dimension was not approved",
            "Release the approved dimensions only",
        )
    if isinstance(form, StandardApplication) and ask.kind in INDIVIDUAL:
        unneeded = set(ask.variables) - {v.name for v in form.variables}
        if unneeded:
            yield Reason(
                "C-48",
                "§ 966(b)(12)(A)(ii)",
                f"{len(unneeded)} columns were not approved",
                "Release the approved columns only",
            )


def check_years(state: ProjectState, ask: Ask) -> Iterator[Reason]:
    """Years lie within the application; aggregates need years that have ended (§ 962(b))."""
    form = state.application
    if form is None:
        return
    first, last = ask.years or (form.years.first, form.years.last)
    if last < first or not form.years.covers(first, last):
        yield Reason(
            "C-42" if ask.kind == "aggregated" else "C-16",
            "§ 965(b)" if ask.kind == "aggregated" else "§ 964(a)",
            f"the approved years are {form.years.first} to {form.years.last}",
            "Ask for years within them",
        )
    if ask.kind == "aggregated" and ask.on <= date(last, 12, 31):
        yield Reason(
            "C-02",
            "§ 962(b)",
            f"the year {last} has not ended",
            "Ask for full calendar years that have ended",
        )


def check_cohort(state: ProjectState, ask: Ask) -> Iterator[Reason]:
    """Identified data only for the cohort that was declared, registered and confirmed."""
    form = state.application
    if ask.kind != "identified" or not isinstance(form, StandardApplication):
        return
    if not form.cohort.declared:
        yield Reason(
            "C-13",
            "§ 963(a)(3)(A)",
            "the application declares no cohort",
            "Have an amended application approved that does",
        )
    yield from _check_authority(form, ask)
    if ask.stage == "run" or ask.cohort_digest is not None:
        yield from _check_registered(state, form, ask)


def _check_authority(form: StandardApplication, ask: Ask) -> Iterator[Reason]:
    cohort = form.cohort
    if cohort.authority is None or cohort.authority_document is None:
        yield Reason(
            "C-15",
            "§ 963(a)(3)(B)",
            "no legal authority to hold the cohort was shown",
            "The researcher shows it with a document",
        )
    if cohort.authority_expires is not None and cohort.authority_expires < ask.on:
        yield Reason(
            "C-15",
            "§ 963(a)(3)(B)",
            "the authority to hold the cohort has expired",
            "The researcher shows that it was extended",
        )


def _check_registered(state: ProjectState, form: StandardApplication, ask: Ask) -> Iterator[Reason]:
    section, maximum = "§ 963(a)(3)(A)", form.cohort.max_rows
    cohort = state.cohort(ask.cohort_digest) if ask.cohort_digest else None
    if ask.cohort_digest is None:
        yield Reason("C-13", section, "no cohort was given", "Name the registered cohort file")
    elif cohort is None:
        yield Reason(
            "C-13",
            section,
            "this cohort is not the one registered with the project",
            "Use the registered file, or register this one: `doj-release project cohort`",
        )
    elif cohort.confirmed_by is None:
        yield Reason(
            "C-13",
            section,
            "the registered cohort was not confirmed by a second person",
            "Another person runs `doj-release project cohort-confirm`",
        )
    rows = max(ask.cohort_rows or 0, cohort.rows if cohort else 0)
    if maximum is None or rows > maximum:
        yield Reason(
            "C-13",
            section,
            f"the cohort has {rows} rows and the application allows {maximum or 'none'}",
            "Use the cohort that was declared, or have an amended application approved",
        )


def check_irb(state: ProjectState, ask: Ask) -> Iterator[Reason]:
    """The review board's approval is there and in force (§ 966(b)(12)(F), (c))."""
    form = state.application
    if ask.kind not in INDIVIDUAL or not isinstance(form, StandardApplication):
        return
    section, until = "§ 966(b)(12)(F)", state.irb_until()
    if until is None:
        yield Reason(
            "C-52", section, "no review board's approval was shown", "The researcher submits it"
        )
    elif until < ask.on:
        yield Reason(
            "C-52",
            section,
            f"the review board's approval ended on {until}",
            "Record the renewed approval: event irb_recorded",
        )
    board = form.irb
    if board and board.body.startswith("committee") and not board.data_security_determined:
        yield Reason(
            "C-53",
            "§ 966(c)(1)",
            "the committee's determination on data security is missing",
            "The researcher submits it",
        )


def check_papers(state: ProjectState, ask: Ask) -> Iterator[Reason]:
    """Institution, signatures and security requirements hold on the day (§§ 962(k), 966(b))."""
    form = state.application
    if ask.kind not in INDIVIDUAL or not isinstance(form, StandardApplication):
        return
    expires = form.institution.evidence_expires
    if expires is not None and expires < ask.on:
        yield Reason(
            "C-08",
            "§ 962(k)",
            f"the evidence of the institution's status ended on {expires}",
            "The institution shows its status again",
        )
    signed = form.signatures
    if max(signed.application_signed, signed.restrictions_acknowledged) > ask.on:
        yield Reason("C-47", "§ 966(b)(11), (12)(C)", "a signature is missing", "It is signed")
    security = form.security
    if not (security.complies_with_listed_laws and security.segmented_system):
        yield Reason(
            "C-50",
            "§§ 964(k), 966(b)(12)(D)",
            "the security requirements are not certified",
            "The institution's officer signs them",
        )
    if security.cloud and security.cloud_assurance is None:
        yield Reason(
            "C-51",
            "§ 966(b)(12)(D)(iii)",
            "the cloud has neither a SOC 2 audit nor FedRAMP",
            "The institution shows one",
        )


def check_sanctions(state: ProjectState, _ask: Ask) -> Iterator[Reason]:
    """No sanction stands against the project (§ 968(c))."""
    for sanction in state.sanctions:
        yield Reason(
            "C-70",
            "§ 968(c)",
            f"a sanction stands: {sanction.replace('_', ' ')}",
            "An approver lifts it: event sanction_lifted",
        )


PROJECT_CHECKS: tuple[Check, ...] = (
    check_in_force,
    check_application,
    check_timeframe,
    check_requester,
    check_kind,
    check_system,
    check_scope,
    check_years,
    check_cohort,
    check_irb,
    check_papers,
    check_sanctions,
)
