"""The scheduled refresh of aggregates: newest snapshot, closed years, only projects in force."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from approvals.gate import ReleaseRequest, check
from extracts.aggregated import ClosedYear, has_version, load_published
from pipelines.errors import OptionsDisagree
from pipelines.home import Home
from pipelines.release.content import changed_cells, describe_closed_years, recount_published_years
from pipelines.release.errors import ApplicationMissing
from pipelines.release.orders import Request, order_release
from pipelines.session import Session, today

if TYPE_CHECKING:
    from approvals.ledger import FactValue
    from approvals.project import ProjectState
    from pipelines.release.run import Outcome, Progress, StageCall


@dataclass(frozen=True)
class RefreshPlan:
    """What a refresh would do, and why it does nothing otherwise.

    Attributes:
        project: its number.
        system: code of the data system.
        snapshot: the newest one.
        new_years: full years that this project has not been given.
        published_years: years that it has been given.
        closed: what late records do to those: unchanged, revised, or frozen with a reason.
        behind: of the others, years that another project was given in a newer version.
        release: the id of the order that it made, None where there is nothing to do or on a dry run.
    """

    project: str
    system: str
    snapshot: str
    new_years: tuple[int, ...]
    published_years: tuple[int, ...]
    closed: Mapping[int, ClosedYear]
    behind: tuple[int, ...] = ()
    release: str | None = None

    @property
    def revised_years(self) -> tuple[int, ...]:
        """Years that go out anew."""
        return tuple(sorted(y for y, one in self.closed.items() if one.how == "revised"))

    @property
    def issued(self) -> tuple[int, ...]:
        """Years of the release: new and revised ones, nothing that stays as it is."""
        return tuple(sorted({*self.new_years, *self.revised_years, *self.behind}))

    @property
    def reason(self) -> str:
        """One sentence."""
        reasons = ["new closed years"] if self.new_years else []
        reasons += ["late records revise closed years"] if self.revised_years else []
        reasons += ["closed years were revised for others"] if self.behind else []
        return " and ".join(reasons) or "every closed year was published already"

    def as_json(self, *, with_changes: bool = False) -> dict[str, object]:
        """For ``--json`` and the table; the changes are what anybody could subtract afterwards."""
        body: dict[str, object] = {
            "project": self.project,
            "system": self.system,
            "snapshot": self.snapshot,
            "new_years": list(self.new_years),
            "published_years": list(self.published_years),
            "revised_years": list(self.revised_years),
            "reason": self.reason,
            "release": self.release,
            "closed_years": describe_closed_years(self.closed, self.behind),
        }
        return body | ({"changes": changed_cells(self.closed)} if with_changes else {})

    def facts(self) -> "dict[str, FactValue]":
        """For the ledger: counts and codes."""
        how = Counter(one.how for one in self.closed.values())
        reasons = {one.reason for one in self.closed.values() if one.how == "frozen"}
        facts: dict[str, FactValue] = {
            "snapshot": self.snapshot,
            "new": len(self.new_years),
            "revised": how["revised"],
            "unchanged": how["unchanged"],
            "frozen": how["frozen"],
            "reissued": len(self.behind),
        }
        if reasons:
            facts["reasons"] = tuple(sorted(reasons))
        if self.release:
            facts["release"] = self.release
        return facts


def order_refresh(
    session: Session, system: str, project: str, *, dry_run: bool = False
) -> RefreshPlan:
    """Order a release of what this project has not been given yet: new years, and revised ones.

    A year that went out is closed. It is not issued again, but where late records may revise it
    (``extracts.aggregated.closed_years``); what stays frozen is shown, with the reason, and noted in the ledger.

    Raises:
        UnknownProject, ApplicationMissing: there is nothing to refresh from or for.
        OptionsDisagree: the project is approved for another system.
        GateRefused: the project is not in force, or may not receive aggregates today.
    """
    state = session.projects.show(project)
    if state.system != system:
        raise OptionsDisagree(option=f"project {project} is approved for {state.system}")
    if state.application is None:
        raise ApplicationMissing(project=project)
    _check_in_force(session, state)
    newest = session.registers.newest(system)
    years = state.application.years
    last = min(years.last, today().year - 1, newest.info.last_year or years.first - 1)
    wanted = tuple(range(years.first, last + 1))
    published = _published(session, project)
    fresh = tuple(year for year in wanted if year not in published)
    again = tuple(year for year in wanted if year in published)
    closed = recount_published_years(session, state, state.application, again)
    behind = _behind(session, system, project, closed)
    plan = RefreshPlan(project, system, newest.info.snapshot_id, fresh, published, closed, behind)
    if dry_run:
        return plan
    if plan.issued:
        request = Request(
            project,
            "aggregated",
            years=f"{plan.issued[0]}-{plan.issued[-1]}",
            only_years=plan.issued,
            scheduled=True,
        )
        plan = replace(plan, release=order_release(session, request))
    _note(session, state, plan)
    return plan


def _check_in_force(session: Session, state: "ProjectState") -> None:
    """Ask the gate before a record is counted; the release asks it again, twice."""
    request = ReleaseRequest(
        kind="aggregated",
        on=today(),
        system=state.system,
        years=None,
        cohort_digest=None,
        cohort_rows=None,
        recipients=None,
        policy=session.gate_policy,
    )
    check(session.projects.show(state.number), request).check()


def _note(session: Session, state: "ProjectState", plan: RefreshPlan) -> None:
    """What was looked at is an event: once for each snapshot and outcome."""
    facts = plan.facts()
    values = [str(value) for name, value in sorted(facts.items()) if name != "reasons"]
    key = ":".join(("refreshed", plan.project, *values))
    session.projects.record(
        state, "aggregates_refreshed", session.person, facts, on=today(), key=key
    )


def _behind(
    session: Session, system: str, project: str, closed: Mapping[int, ClosedYear]
) -> tuple[int, ...]:
    """Years whose newest version this project has not been given."""
    own = {release.release for release in session.releases.list(project)}
    tables = load_published(session.home.history / system, own)
    return tuple(
        year
        for year, one in sorted(closed.items())
        if one.how != "revised" and not has_version(tables, year, one.table)
    )


def _published(session: Session, project: str) -> tuple[int, ...]:
    """Years of aggregated releases of this project that reached the outbox."""
    from approvals.custody import OUT

    years: set[int] = set()
    for release in session.releases.list(project):
        if release.kind == "aggregated" and release.status in OUT:
            approved = session.projects.show(project).application
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
) -> tuple[RefreshPlan, "Outcome | None"]:
    """Order and run a refresh; no outcome where there is nothing to issue."""
    from pipelines.release.run import run_release

    session = Session(home)
    try:
        plan = order_refresh(session, system, project)
    finally:
        session.close()
    if plan.release is None:
        return plan, None
    return plan, run_release(home, plan.release, call=call, progress=progress)
