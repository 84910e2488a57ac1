"""The gate: may this be released, on this day? It answers with every reason at once.

Each rule is one small function, with the kinds of release and the application for which it is asked.
It yields the reasons it finds; none stops another. A check that
can't be answered is a reason: nothing passes because something is missing. The gate is asked before a
run and again right before the hand-over.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from approvals.gate.document_rules import DOCUMENT_RULES
from approvals.gate.model import ReleaseRequest, Rule, Verdict
from approvals.gate.people_rules import PEOPLE_RULES
from approvals.gate.project_rules import PROJECT_RULES
from approvals.project import ProjectState

RULES: tuple[Rule, ...] = (*PROJECT_RULES, *DOCUMENT_RULES, *PEOPLE_RULES)  # as they are asked


def check(state: ProjectState, request: ReleaseRequest) -> Verdict:
    """Ask every rule of a project with its approved application and its system's terms."""
    return _ask([rule for rule in RULES if rule.applies(state, request)], state, request)


def ask_some(
    state: ProjectState, request: ReleaseRequest, names: Collection[str]
) -> Verdict | None:
    """Ask the rules of these names (of their functions) alone; None where none of them is asked.

    For who says what one rule found: what another found is not its matter.
    """
    asked = [r for r in RULES if r.check.__name__ in names and r.applies(state, request)]
    return _ask(asked, state, request) if asked else None


def _ask(rules: Sequence[Rule], state: ProjectState, request: ReleaseRequest) -> Verdict:
    reasons = [r for rule in rules for r in rule.check(state, request)]
    terms = state.terms
    if terms is not None and (
        terms.sections is not None or state.tables_only
    ):  # its own law is cited
        own = {r.section for r in terms.requirements}
        reasons = [
            r if r.section in own else replace(r, section=state.cite(r.section)) for r in reasons
        ]
    return Verdict(tuple(reasons))
