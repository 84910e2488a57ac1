"""For the tests of the gate: a question, and changes to a project that passes."""

from dataclasses import replace
from datetime import timedelta

from approvals_home import COHORT, TODAY

from approvals.gate.model import ReleaseRequest

YESTERDAY = TODAY - timedelta(days=1)


def ask(kind="identified", **more):
    cohort = {"cohort_digest": COHORT, "cohort_rows": 5000} if kind == "identified" else {}
    return ReleaseRequest(**({"kind": kind, "on": TODAY, "system": "CARPOS"} | cohort | more))


def rules(verdict):
    return {(r.rule, r.section) for r in verdict.reasons}


def on_form(**change):
    return lambda state: replace(state, application=state.application.model_copy(update=change))


def on_part(name, **change):
    def apply(state):
        part = getattr(state.application, name).model_copy(update=change)
        return on_form(**{name: part})(state)

    return apply


def on_member(position, **change):
    def apply(state):
        team = list(state.application.team)
        team[position] = team[position].model_copy(update=change)
        return on_form(team=tuple(team))(state)

    return apply


def unchecked(member):
    """Without what the Department recorded of a member's background check; what the application claims stays."""
    return lambda state: replace(
        state, checks={m: found for m, found in state.checks.items() if m != member}
    )


def without(kind):
    def apply(state):
        kept = tuple(d for d in state.application.documents if d.kind != kind)
        return on_form(documents=kept)(state)

    return apply
