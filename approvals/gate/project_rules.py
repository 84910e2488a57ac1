"""What the gate asks of the project: state, time, requester, kind, system, scope, years."""

from collections.abc import Iterator
from datetime import date

from approvals.application import StandardApplication
from approvals.errors import Reason
from approvals.gate.model import INDIVIDUAL, ReleaseRequest, Rule
from approvals.project import IN_FORCE, ProjectState, State

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
    State.DENIED: Reason(
        "C-74", "§ 966(f)-(h)", "the application was denied", "An appeal, or a new application"
    ),
    State.APPEALED: Reason(
        "C-74", "§ 966(h)", "the denial is under appeal", "The appeal officer decides"
    ),
} | {
    state: Reason(
        "C-61",
        "§ 967",
        f"the project is over: {words}",
        "Submit a new application; it may rely on data that the researcher holds (§ 967(c))",
    )
    for state, words in (
        (State.COMPLETED, "it is completed"),
        (State.EXTENSION, "its data is kept for verification only"),
        (State.DESTRUCTION_CERTIFIED, "its data was destroyed"),
        (State.CLOSED, "it is closed"),
    )
}


def check_in_force(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """The project is approved and its approval in force on that day (§ 966; process page)."""
    now = state.state_on(request.on)
    if now in IN_FORCE:
        if state.approved_on is not None and request.on < state.approved_on:
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


def check_application(state: ProjectState, _request: ReleaseRequest) -> Iterator[Reason]:
    """The approved application is there to be read; without it nothing can be answered."""
    if state.application is None:
        yield Reason(
            "C-16", "§ 964(a)", "no approved application is at hand", "Approve an application"
        )


def check_timeframe(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """Data, tables included, is given only within the standard application's timeframe (§ 964(b))."""
    form = state.standard_application
    if not form.timeframe.start <= request.on <= form.timeframe.end:
        yield Reason(
            "C-17",
            "§ 964(b)",
            f"the day is outside the timeframe {form.timeframe.start} to {form.timeframe.end}",
            "Release within it, or have an amended application approved",
        )


def check_requester(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """A requester gets the kinds that the system gives to its class; Entities aggregates (§ 963)."""
    form, terms = state.application, state.terms
    if form is None:
        return
    allowed = (
        terms.kinds.get(form.requester_class, frozenset()) if terms is not None else frozenset()
    )
    if request.kind not in allowed:
        yield Reason(
            "C-12",
            "§ 963(b)",
            f"a requester of this class ({form.requester_class}) gets "
            + (f"{' and '.join(sorted(allowed))} data only" if allowed else "nothing"),
            "Ask for aggregated data"
            if "aggregated" in allowed
            else "Ask for nothing of this system",
        )
    if terms is not None and request.kind in terms.withheld:
        yield Reason(
            "C-11",
            "§ 963(a)",
            f"{request.kind} data of this system waits for counsel: {terms.withheld[request.kind]}",
            "Record counsel's answer in the settings",
        )


def check_form(state: ProjectState, _request: ReleaseRequest) -> Iterator[Reason]:
    """Individual-level data takes the standard application (§ 966(a))."""
    if not isinstance(state.application, StandardApplication):
        yield Reason(
            "C-44",
            "§ 966(a)",
            "individual-level data takes a standard application",
            "Submit a standard application",
        )


def check_kind(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """The kind was asked for and approved (§ 963(a))."""
    if request.kind not in state.kinds:
        yield Reason(
            "C-11",
            "§ 963(a)",
            f"{request.kind} data is not among the approved kinds ({', '.join(state.kinds)})",
            "Choose an approved kind, or have an amended application approved",
        )


def check_system(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """The data comes from the approved system (§ 964(a))."""
    if request.system != state.system:
        yield Reason(
            "C-16",
            "§ 964(a)",
            f"the project is approved for {state.system}",
            "Release from that system, or submit an application for the other",
        )


def check_scope(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """Records lie within the approved scope (§ 964(a))."""
    form = state.application
    if (
        form is not None
        and request.order_scope
        and not set(request.order_scope) <= set(form.order_scope)
    ):
        yield Reason(
            "C-16",
            "§ 964(a)",
            "the order scope goes beyond the approved one",
            "Release the approved order families only",
        )


def check_variables(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """Each column was approved with its need (§ 966(b)(12)(A)(ii))."""
    form = state.standard_application
    unneeded = set(request.variables) - {v.name for v in form.variables}
    if unneeded:
        yield Reason(
            "C-48",
            "§ 966(b)(12)(A)(ii)",
            f"{len(unneeded)} columns were not approved",
            "Release the approved columns only",
        )


def check_dimensions(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """A table is cut by approved dimensions only (§ 964(a))."""
    form = state.application
    if form is not None and form.dimensions and not set(request.dimensions) <= set(form.dimensions):
        yield Reason(
            "C-16",
            "§ 964(a)",
            "a dimension was not approved",
            "Release the approved dimensions only",
        )


def check_years(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """Years lie within the application (§ 964(a); of tables, § 965(b))."""
    form = state.application
    if form is None:
        return
    first, last = request.years or (form.years.first, form.years.last)
    if last < first or not form.years.covers(first, last):
        yield Reason(
            "C-42" if request.kind == "aggregated" else "C-16",
            "§ 965(b)" if request.kind == "aggregated" else "§ 964(a)",
            f"the approved years are {form.years.first} to {form.years.last}",
            "Ask for years within them",
        )


def check_full_years(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """Tables count full calendar years, which have ended (§ 962(b))."""
    form = state.application
    if form is None:
        return
    _, last = request.years or (form.years.first, form.years.last)
    if request.on <= date(last, 12, 31):
        yield Reason(
            "C-02",
            "§ 962(b)",
            f"the year {last} has not ended",
            "Ask for full calendar years that have ended",
        )


def check_sanctions(state: ProjectState, _request: ReleaseRequest) -> Iterator[Reason]:
    """No sanction stands against the project (§ 968(c))."""
    for sanction in state.sanctions:
        yield Reason(
            "C-70",
            "§ 968(c)",
            f"a sanction stands: {sanction.replace('_', ' ')}",
            "An approver lifts it: event sanction_lifted",
        )


_TABLES = frozenset({"aggregated"})

PROJECT_RULES: tuple[Rule, ...] = (
    Rule(check_in_force, ("C-74", "C-70", "C-61")),
    Rule(check_application, ("C-16",)),
    Rule(check_form, ("C-44",), INDIVIDUAL),
    Rule(check_requester, ("C-12", "C-11")),
    Rule(check_kind, ("C-11",)),
    Rule(check_system, ("C-16",)),
    Rule(check_scope, ("C-16",)),
    Rule(check_years, ("C-16", "C-42")),
    Rule(check_timeframe, ("C-17",), standard=True),
    Rule(check_variables, ("C-48",), INDIVIDUAL, standard=True),
    Rule(check_full_years, ("C-02",), _TABLES),
    Rule(check_dimensions, ("C-16",), _TABLES),
    Rule(check_sanctions, ("C-70",)),
)
