"""``project check``: the gate's answer for a day, without ordering anything."""

from dataclasses import dataclass
from datetime import date

from approvals.gate import ReleaseRequest, Verdict
from pipelines.release.ordering import known_kind, parse_years
from pipelines.session import Session


@dataclass(frozen=True)
class Wish:
    """What somebody would like to release, as the command line says it.

    ``recipients`` are members; each stands for the newest key of that member.
    """

    kind: str
    on: date
    years: str | None = None
    system: str | None = None
    scope: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()


def ask_about(session: Session, number: str, wish: Wish) -> Verdict:
    """Ask the gate about a project as it stands, with its newest confirmed cohort.

    Raises:
        KindMissing, YearsUnreadable, UnknownProject: the question makes no sense.
    """
    asked = known_kind(wish.kind)
    state = session.projects.show(number)
    confirmed = [c for c in state.cohorts if c.confirmed_by is not None]
    known = confirmed or list(state.cohorts)  # one that waits is better refused than not named
    cohort = known[-1] if known and asked == "identified" else None
    keys = {r.member: r.fingerprint for r in state.recipients}
    return session.projects.check(
        number,
        ReleaseRequest(
            kind=asked,
            on=wish.on,
            system=wish.system or state.system,
            years=parse_years(wish.years),
            cohort_digest=cohort.digest if cohort else None,
            cohort_rows=cohort.rows if cohort else None,
            recipients=tuple(keys.get(m, m) for m in wish.recipients) or None,
            order_scope=wish.scope,
            variables=wish.variables,
            dimensions=wish.dimensions,
            policy=session.gate_policy,
        ),
    )
