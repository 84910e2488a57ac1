"""The gate: may this be released, on this day? It answers with every reason at once.

Each rule is one small function, standing in a row that says for which kinds of release and for which
of the two applications it is asked. It yields the reasons it finds; none stops another. A check that
can't be answered is a reason: nothing passes because something is missing. The gate is asked before a
run and again right before the hand-over.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from approvals.gate.errors import GateRefused
from approvals.project import ProjectState

INDIVIDUAL = frozenset({"identified", "deidentified"})


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """Switches that the law leaves open; the defaults are the cautious ones.

    Args:
        deidentified_checks: background checks for de-identified data too (process page; § 966(e)
            asks for them for identified data only).
        team_affiliation: every team member is an employee of the institution, not only the
            researcher (§ 966(d), whose strike-outs leave both readings).
        affiliation_letter: the letter on letterhead besides the certificates (§ 966(d), likewise).
        member_acknowledgments: every member acknowledged the restrictions (§ 964(m); the regulation
            asks for the researcher's signature only).
        soft_papers: papers that a system asks for by policy, not by law.
        check_valid_days: how old a background check without an expiry date may be, in days; 0 for no
            limit, since no section names one.
    """

    deidentified_checks: bool = True
    team_affiliation: bool = True
    affiliation_letter: bool = True
    member_acknowledgments: bool = False
    soft_papers: bool = True
    check_valid_days: int = 0


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody wants to release.

    Args:
        kind: identified, deidentified or aggregated.
        on: the day, Pacific time.
        system: code of the data system.
        years: first and last year of the orders; None means the approved years.
        cohort_digest: keyed digest of the cohort file, for identified data.
        cohort_rows: its rows.
        recipients: fingerprints; None means every confirmed key.
        stage: ``run``, or ``handover`` right before a package is given out.
        order_scope: order families; empty means the approved ones.
        variables: names of the columns; empty means the approved ones.
        dimensions: of an aggregated table; empty means the approved ones.
    """

    kind: str
    on: date
    system: str
    years: tuple[int, int] | None = None
    cohort_digest: str | None = None
    cohort_rows: int | None = None
    recipients: tuple[str, ...] | None = None
    stage: Literal["run", "handover"] = "run"
    order_scope: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    policy: GatePolicy = GatePolicy()


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason against it: rule, section, what is the matter, what would cure it."""

    rule: str
    section: str
    text: str
    cure: str

    def line(self) -> str:
        """One line."""
        return f"{self.section} ({self.rule}): {self.text}. {self.cure}"

    def as_dict(self) -> dict[str, str]:
        """For ``--json``."""
        return {"rule": self.rule, "section": self.section, "text": self.text, "cure": self.cure}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's answer."""

    reasons: tuple[Reason, ...]

    @property
    def allowed(self) -> bool:
        """There is no reason against it."""
        return not self.reasons

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules of the reasons, once each, for the ledger."""
        return tuple(dict.fromkeys(reason.rule for reason in self.reasons))

    def check(self) -> None:
        """Stop here if the gate says no.

        Raises:
            GateRefused: with every reason.
        """
        if self.reasons:
            raise GateRefused(self)

    def as_dict(self) -> dict[str, object]:
        """For ``project check --json``."""
        return {"allowed": self.allowed, "reasons": [r.as_dict() for r in self.reasons]}


Check = Callable[[ProjectState, Ask], Iterator[Reason]]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the gate.

    Args:
        check: the rule's function.
        rules: the rules that its reasons name.
        kinds: of release for which it is asked; None for whatever is asked, even an unknown kind.
        form: ``standard`` (§ 966) or ``aggregated`` (§ 965); None for both applications.
        papers: requirements of a data system under one of which it stands; none: always.
    """

    check: Check
    rules: tuple[str, ...]
    kinds: frozenset[str] | None = None
    form: Literal["standard", "aggregated"] | None = None
    papers: tuple[str, ...] = ()

    def applies(self, state: ProjectState, ask: Ask) -> bool:
        """Whether the row is asked."""
        return (
            (self.kinds is None or ask.kind in self.kinds)
            and (self.form is None or self.form == state.form)
            and (
                not self.papers
                or state.terms is None
                or state.terms.asks(ask.kind, *self.papers) is not None
            )
        )


def rows() -> tuple[Row, ...]:
    """The rows of the gate, in the order in which they are asked."""
    from approvals.gate.papers import PAPER_ROWS
    from approvals.gate.people import PEOPLE_ROWS
    from approvals.gate.project import PROJECT_ROWS

    return (*PROJECT_ROWS, *PAPER_ROWS, *PEOPLE_ROWS)


def check(state: ProjectState, ask: Ask) -> Verdict:
    """Ask every rule.

    Args:
        state: the project, with its approved application and its system's terms.
        ask: what is to be released.
    """
    reasons = [r for row in rows() if row.applies(state, ask) for r in row.check(state, ask)]
    terms = state.terms
    if terms is not None and terms.sections is not None:  # another system: its own law is cited
        own = {r.section for r in terms.requirements}
        reasons = [
            r if r.section in own else replace(r, section=terms.cite(r.section)) for r in reasons
        ]
    return Verdict(tuple(reasons))
