"""What the gate is asked and what it answers: a request, the policy, a rule, a verdict."""

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from importlib import resources
from typing import Literal

from approvals.application import StandardApplication
from approvals.errors import GateRefused, Reason
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
        checks_by_two: a check, or an identity, counts once a second person of the Department has
            confirmed what the first recorded.
        check_valid_days: how old a background check without an expiry date may be, in days; 0 for no
            limit, since no section names one.
    """

    deidentified_checks: bool = True
    team_affiliation: bool = True
    affiliation_letter: bool = True
    member_acknowledgments: bool = False
    soft_papers: bool = True
    checks_by_two: bool = False
    check_valid_days: int = 0


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
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
            raise GateRefused(self.reasons)

    def as_dict(self) -> dict[str, object]:
        """For ``project check --json``."""
        return {"allowed": self.allowed, "reasons": [asdict(r) for r in self.reasons]}


_REASONS = tomllib.loads((resources.files("approvals") / "reasons.toml").read_text("utf-8"))


def reason(name: str, **facts: object) -> Reason:
    """A reason against the release, as ``approvals/reasons.toml`` words it."""
    return Reason(**{field: text.format(**facts) for field, text in _REASONS[name].items()})


Check = Callable[[ProjectState, ReleaseRequest], Iterator[Reason]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the gate, and when it is asked.

    Args:
        check: the rule's function.
        rules: the rules that its reasons name.
        kinds: of release for which it is asked; None for whatever is asked, even an unknown kind.
        standard: asked of the standard application (§ 966) alone.
        documents: requirements of a data system, under one of which it stands; none: always.
    """

    check: Check
    rules: tuple[str, ...]
    kinds: frozenset[str] | None = None
    standard: bool = False
    documents: tuple[str, ...] = ()

    def applies(self, state: ProjectState, request: ReleaseRequest) -> bool:
        """Whether the rule is asked."""
        return (
            (self.kinds is None or request.kind in self.kinds)
            and (not self.standard or isinstance(state.application, StandardApplication))
            and (
                not self.documents
                or state.terms is None
                or state.terms.asks(request.kind, *self.documents) is not None
            )
        )
