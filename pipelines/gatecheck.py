"""``project check``: the gate's answer for a day, without ordering anything."""

from datetime import date

from approvals.gate import Ask, Verdict
from pipelines.office import Office
from pipelines.releases import known_kind, parse_years


def ask_about(office: Office, number: str, kind: str, on: date, years: str | None) -> Verdict:
    """Ask the gate about a project as it stands, with its newest confirmed cohort.

    Raises:
        KindMissing, YearsUnreadable, UnknownProject: the question makes no sense.
    """
    asked = known_kind(kind)
    state = office.projects.show(number)
    confirmed = [c for c in state.cohorts if c.confirmed_by is not None]
    cohort = confirmed[-1] if confirmed and asked == "identified" else None
    return office.projects.check(
        number,
        Ask(
            kind=asked,
            on=on,
            system=state.system,
            years=parse_years(years),
            cohort_digest=cohort.digest if cohort else None,
            cohort_rows=cohort.rows if cohort else None,
            policy=office.gate_policy,
        ),
    )
