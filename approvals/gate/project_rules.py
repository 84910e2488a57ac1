"""What the gate asks of the project: state, time, requester, kind, system, scope, years."""

from collections.abc import Iterator
from datetime import date

from approvals.application import StandardApplication
from approvals.errors import Reason
from approvals.gate.model import INDIVIDUAL, ReleaseRequest, Rule, reason
from approvals.project import IN_FORCE, ProjectState, State

_STOPPED = frozenset({State.SUSPENDED, State.EXPIRED, State.DENIED, State.APPEALED})
_OVER = {
    State.COMPLETED: "it is completed",
    State.EXTENSION: "its data is kept for verification only",
    State.DESTRUCTION_CERTIFIED: "its data was destroyed",
    State.CLOSED: "it is closed",
}


def check_in_force(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """The project is approved and its approval in force on that day (§ 966; process page)."""
    now = state.state_on(request.on)
    if now in IN_FORCE:
        if state.approved_on is not None and request.on < state.approved_on:
            yield reason("day_before_approval")
        return
    if now in _OVER:
        yield reason("over", how=_OVER[now])
    else:
        yield reason(now if now in _STOPPED else "not_approved", state=now.replace("_", " "))


def check_application(state: ProjectState, _request: ReleaseRequest) -> Iterator[Reason]:
    """The approved application is there to be read; without it nothing can be answered."""
    if state.application is None:
        yield reason("no_application")


def check_timeframe(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """Data, tables included, is given only within the standard application's timeframe (§ 964(b))."""
    form = state.standard_application
    if not form.timeframe.start <= request.on <= form.timeframe.end:
        yield reason("outside_timeframe", start=form.timeframe.start, end=form.timeframe.end)


def check_requester(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """A requester gets the kinds that the system gives to its class; Entities aggregates (§ 963)."""
    form, terms = state.application, state.terms
    if form is None:
        return
    allowed = (
        terms.kinds.get(form.requester_class, frozenset()) if terms is not None else frozenset()
    )
    if request.kind not in allowed:
        given = f"{' and '.join(sorted(allowed))} data only" if allowed else "nothing"
        instead = "aggregated data" if "aggregated" in allowed else "nothing of this system"
        yield reason(
            "class_not_given", requester=form.requester_class, given=given, instead=instead
        )
    if terms is not None and request.kind in terms.withheld:
        yield reason("waits_for_counsel", kind=request.kind, why=terms.withheld[request.kind])


def check_form(state: ProjectState, _request: ReleaseRequest) -> Iterator[Reason]:
    """Individual-level data takes the standard application (§ 966(a))."""
    if not isinstance(state.application, StandardApplication):
        yield reason("form_too_simple")


def check_kind(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """The kind was asked for and approved (§ 963(a))."""
    if request.kind not in state.kinds:
        yield reason("kind_not_approved", kind=request.kind, kinds=", ".join(state.kinds))


def check_system(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """The data comes from the approved system (§ 964(a))."""
    if request.system != state.system:
        yield reason("another_system", system=state.system)


def check_scope(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """Records lie within the approved scope (§ 964(a))."""
    form = state.application
    if (
        form is not None
        and request.order_scope
        and not set(request.order_scope) <= set(form.order_scope)
    ):
        yield reason("scope_too_wide")


def check_variables(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """Each column was approved with its need (§ 966(b)(12)(A)(ii))."""
    form = state.standard_application
    unneeded = set(request.variables) - {v.name for v in form.variables}
    if unneeded:
        yield reason("columns_not_approved", count=len(unneeded))


def check_dimensions(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """A table is cut by approved dimensions only (§ 964(a))."""
    form = state.application
    if form is not None and form.dimensions and not set(request.dimensions) <= set(form.dimensions):
        yield reason("dimension_not_approved")


def check_years(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """Years lie within the application (§ 964(a); of tables, § 965(b))."""
    form = state.application
    if form is None:
        return
    first, last = request.years or (form.years.first, form.years.last)
    if last < first or not form.years.covers(first, last):
        rule, section = (
            ("C-42", "§ 965(b)") if request.kind == "aggregated" else ("C-16", "§ 964(a)")
        )
        yield reason(
            "years_not_approved",
            rule=rule,
            section=section,
            first=form.years.first,
            last=form.years.last,
        )


def check_full_years(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """Tables count full calendar years, which have ended (§ 962(b))."""
    form = state.application
    if form is None:
        return
    _, last = request.years or (form.years.first, form.years.last)
    if request.on <= date(last, 12, 31):
        yield reason("year_not_ended", year=last)


def check_sanctions(state: ProjectState, _request: ReleaseRequest) -> Iterator[Reason]:
    """No sanction stands against the project (§ 968(c))."""
    for sanction in state.sanctions:
        yield reason("sanctioned", sanction=sanction.replace("_", " "))


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
