"""The scheduled refresh of aggregates: newest snapshot, closed years, only projects in force."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines.errors import ApplicationMissing, OptionsDisagree
from pipelines.home import Home
from pipelines.office import Office, today
from pipelines.releases import Request, order_release

if TYPE_CHECKING:
    from pipelines.run import Outcome, Progress, StageCall


@dataclass(frozen=True)
class Plan:
    """What a refresh would do: the years that are new, and why it does nothing otherwise.

    ``release`` is the id of the order that it made, None where there is nothing to do or on a
    dry run.
    """

    project: str
    system: str
    snapshot: str
    new_years: tuple[int, ...]
    published_years: tuple[int, ...]
    reason: str
    release: str | None = None
    refused: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, object]:
        """For ``--json`` and the table."""
        return {
            "project": self.project,
            "system": self.system,
            "snapshot": self.snapshot,
            "new_years": list(self.new_years),
            "published_years": list(self.published_years),
            "reason": self.reason,
            "release": self.release,
        }


def order_refresh(office: Office, system: str, project: str, *, dry_run: bool = False) -> Plan:
    """Order a release of the closed years that this project has not been given yet.

    Years that went out are closed: they are not re-issued, whatever late records say (§ 962(b);
    notes on releases over time), so a refresh without a new year publishes nothing.

    Raises:
        UnknownProject, ApplicationMissing: there is nothing to refresh from or for.
        OptionsDisagree: the project is approved for another system.
    """
    state = office.projects.show(project)
    if state.system != system:
        raise OptionsDisagree(option=f"project {project} is approved for {state.system}")
    newest = office.registers.newest(system)
    if state.application is None:
        raise ApplicationMissing(project=project)
    years = state.application.years
    last = min(years.last, today().year - 1, newest.info.last_year or years.first - 1)
    wanted = tuple(range(years.first, last + 1))
    published = _published(office, project)
    fresh = tuple(year for year in wanted if year not in published)
    reason = "new closed years" if fresh else "every closed year was published already"
    plan = Plan(project, system, newest.info.snapshot_id, fresh, published, reason)
    if dry_run or not fresh:
        return plan
    request = Request(project, "aggregated", years=f"{fresh[0]}-{fresh[-1]}", scheduled=True)
    return Plan(
        project, system, plan.snapshot, fresh, published, reason, order_release(office, request)
    )


def _published(office: Office, project: str) -> tuple[int, ...]:
    """Years of aggregated releases of this project that reached the outbox."""
    from approvals.release_state import OUT

    years: set[int] = set()
    for release in office.releases.list(project):
        if release.kind == "aggregated" and release.status in OUT:
            approved = office.projects.show(project).application
            assert approved is not None
            span = release.years or f"{approved.years.first}-{approved.years.last}"
            first, last = (int(part) for part in span.split("-"))
            years |= set(range(first, last + 1))
    return tuple(sorted(years))


def refresh_aggregates(
    home: Home,
    system: str,
    project: str,
    *,
    call: "StageCall | None" = None,
    progress: "Progress | None" = None,
) -> "Outcome | None":
    """Order and run a refresh; None where there is nothing new."""
    from pipelines.run import run_release

    office = Office(home)
    try:
        plan = order_refresh(office, system, project)
    finally:
        office.close()
    if plan.release is None:
        return None
    return run_release(home, plan.release, call=call, progress=progress)
