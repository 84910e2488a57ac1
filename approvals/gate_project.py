"""What the gate asks of the project: state, time, requester, kind, system, scope, years."""

from collections.abc import Iterator
from datetime import date

from approvals.application_forms import StandardApplication
from approvals.gate import INDIVIDUAL, Ask, Check, Reason
from approvals.gate_papers import PAPER_CHECKS
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
            f"a requester of this class ({form.requester_class}) gets aggregated data only",
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
    *PAPER_CHECKS,
    check_sanctions,
)
