"""The gate: may this be released, on this day? It answers with every reason at once.

Each rule is one small function in ``CHECKS`` that yields the reasons it finds; none stops another.
A check that can't be answered is a reason: nothing passes because something is missing. The gate is
asked before a run and again right before the hand-over.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from approvals.errors import GateRefused
from approvals.project_state import ProjectState

INDIVIDUAL = frozenset({"identified", "deidentified"})


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """Switches that the law leaves open; the defaults are the cautious ones.

    Args:
        deidentified_checks: background checks for de-identified data too (process page; § 966(e)
            asks for them for identified data only).
        individual_level: requester classes that may get individual-level data (§ 963; a public
            agency is an Entity until counsel decides otherwise).
    """

    deidentified_checks: bool = True
    individual_level: frozenset[str] = frozenset({"bona_fide_researcher", "ucfc_researcher"})


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


def check(state: ProjectState, ask: Ask) -> Verdict:
    """Ask every rule.

    Args:
        state: the project, with its approved application.
        ask: what is to be released.
    """
    from approvals.gate_people import PEOPLE_CHECKS
    from approvals.gate_project import PROJECT_CHECKS

    checks: tuple[Check, ...] = (*PROJECT_CHECKS, *PEOPLE_CHECKS)
    return Verdict(tuple(reason for one in checks for reason in one(state, ask)))
