"""The scheduled refresh of aggregates: newest snapshot, closed years, only projects in force."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from approvals import custody, gate, ledger
from approvals.project import ProjectState
from errors import CodedError, Exit
from pipelines.errors import OptionsDisagree
from pipelines.home import Home
from pipelines.release.content import changed_cells, describe_closed_years, recount_published_years
from pipelines.release.errors import ApplicationMissing
from pipelines.release.orders import Request, order_release, read_order
from pipelines.release.run import Outcome
from pipelines.session import Session, today

if TYPE_CHECKING:
    from extracts.aggregated import ClosedYear


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
        outside: years that have ended and are registered, which the application does not cover.
        release: the id of the order that it made, None where there is nothing to do or on a dry run.
    """

    project: str
    system: str
    snapshot: str
    new_years: tuple[int, ...]
    published_years: tuple[int, ...]
    closed: "Mapping[int, ClosedYear]"
    behind: tuple[int, ...] = ()
    outside: tuple[int, ...] = ()
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
        said = " and ".join(reasons) or "every closed year of the application was published already"
        if self.outside:
            said += (
                f"; {', '.join(map(str, self.outside))}: outside the application, amend it first"
            )
        return said

    def as_json(self, *, with_changes: bool = False) -> dict[str, object]:
        """For ``--json`` and the table; the changes are what anybody could subtract afterwards."""
        body: dict[str, object] = {
            "project": self.project,
            "system": self.system,
            "snapshot": self.snapshot,
            "new_years": list(self.new_years),
            "published_years": list(self.published_years),
            "revised_years": list(self.revised_years),
            "outside_years": list(self.outside),
            "reason": self.reason,
            "release": self.release,
            "closed_years": describe_closed_years(self.closed, self.behind),
        }
        return body | ({"changes": changed_cells(self.closed)} if with_changes else {})

    def facts(self) -> dict[str, ledger.FactValue]:
        """For the ledger: counts and codes."""
        how = Counter(one.how for one in self.closed.values())
        reasons = {one.reason for one in self.closed.values() if one.how == "frozen"}
        facts: dict[str, ledger.FactValue] = {
            "snapshot": self.snapshot,
            "new": len(self.new_years),
            "revised": how["revised"],
            "unchanged": how["unchanged"],
            "frozen": how["frozen"],
            "reissued": len(self.behind),
        }
        if reasons:
            facts["reasons"] = tuple(sorted(reasons))
        if self.outside:
            facts["outside"] = len(self.outside)
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
    ended = min(today().year - 1, newest.info.last_year or years.first - 1)
    wanted = tuple(range(years.first, min(years.last, ended) + 1))
    outside = tuple(range(years.last + 1, ended + 1))
    published = _published(session, state)
    fresh = tuple(year for year in wanted if year not in published)
    again = tuple(year for year in wanted if year in published)
    closed = recount_published_years(session, state, state.application, again)
    behind = _behind(session, system, project, closed)
    snapshot = newest.info.snapshot_id
    plan = RefreshPlan(project, system, snapshot, fresh, published, closed, behind, outside)
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


def _check_in_force(session: Session, state: ProjectState) -> None:
    """Ask the gate before a record is counted; the release asks it again, twice."""
    request = gate.ReleaseRequest(
        kind="aggregated",
        on=today(),
        system=state.system,
        years=None,
        cohort_digest=None,
        cohort_rows=None,
        recipients=None,
        policy=session.gate_policy,
    )
    gate.check(session.projects.show(state.number), request).check()


def _note(session: Session, state: ProjectState, plan: RefreshPlan) -> None:
    """What was looked at is an event: once for each snapshot and outcome."""
    facts = plan.facts()
    values = [str(value) for name, value in sorted(facts.items()) if name != "reasons"]
    key = ":".join(("refreshed", plan.project, *values))
    session.projects.record(
        state, "aggregates_refreshed", session.person, facts, on=today(), key=key
    )


def _behind(
    session: Session, system: str, project: str, closed: "Mapping[int, ClosedYear]"
) -> tuple[int, ...]:
    """Years whose newest version this project has not been given."""
    from extracts.aggregated import has_version, load_published

    own = {release.release for release in session.releases.list(project)}
    tables = load_published(session.home.history / system, own)
    return tuple(
        year
        for year, one in sorted(closed.items())
        if one.how != "revised" and not has_version(tables, year, one.table)
    )


def _published(session: Session, state: ProjectState) -> tuple[int, ...]:
    """Years of aggregated releases of this project that reached the outbox: what their tables hold."""
    from approvals.custody import OUT
    from extracts.aggregated import load_published

    folder = session.home.history / state.system
    years: set[int] = set()
    for release in session.releases.list(state.number):
        if release.kind != "aggregated" or release.status not in OUT:
            continue
        if tables := load_published(folder, {release.release}):
            years |= {int(y) for y in tables[0]["year"].to_pylist() if str(y).isdigit()}
        else:
            first, last = map(int, (release.years or _span_then(session, release)).split("-"))
            years |= set(range(first, last + 1))
    return tuple(sorted(years))


def _span_then(session: Session, release: custody.ReleaseState) -> str:
    """Years of an order that pins none: those of the application in force when its extract was made."""
    events = session.ledger.events(release=release.release)
    made = next((e.seq for e in reversed(events) if e.kind == "extract_made"), events[-1].seq)
    digests = [
        str(e.facts["application"])
        for e in session.projects.entries(release.project)
        if e.kind in ("project_approved", "project_amended") and e.seq < made
    ]
    years = session.projects.application(release.project, digests[-1]).years
    return f"{years.first}-{years.last}"


@dataclass(frozen=True)
class Refreshed:
    """What became of one project: its plan, how its release ended, or why there is neither."""

    project: str
    plan: RefreshPlan | None = None
    outcome: Outcome | None = None
    error: CodedError | None = None

    @property
    def exit(self) -> Exit:
        """The exit code of this one."""
        return self.error.exit if self.error else self.outcome.exit if self.outcome else Exit.DONE

    @property
    def state(self) -> str:
        """A word for it."""
        if self.outcome is not None:
            return self.outcome.state
        if self.error is not None:
            return "Refused"
        return "Planned" if self.plan is not None and self.plan.issued else "Unchanged"

    def as_json(self) -> dict[str, object]:
        """For ``--json`` and the table."""
        stopped = self.error or (self.outcome.error if self.outcome else None)
        error = stopped.as_dict() if isinstance(stopped, CodedError) else stopped
        body: dict[str, object] = self.plan.as_json() if self.plan else {"project": self.project}
        body["state"] = self.state
        return body | ({"error": dict(error)} if error else {})


def refreshed_projects(session: Session, system: str) -> list[tuple[str, str]]:
    """The projects in force that may have tables of this system, or of any where none is named, each with its own."""
    return [
        (state.number, state.system)
        for state in session.projects.list()
        if system in ("", state.system) and "aggregated" in state.kinds and state.in_force(today())
    ]


def refresh_projects(
    home: Home,
    system: str,
    run: Callable[[str], Outcome],
    project: str = "",
    *,
    dry_run: bool = False,
) -> list[Refreshed]:
    """Order and run a refresh of one project, or of every one in force: there what stops one stops no other.

    Args:
        home: the deployment.
        system: code of the data system; of every one where it is empty and no project is named.
        run: runs an order.
        project: its number; all in force by default.
        dry_run: say what would change; order nothing.

    Raises:
        CodedError: see ``order_refresh``, where one project was named.
    """
    done: list[Refreshed] = []
    with Session(home) as session:
        for number, its in [(project, system)] if project else refreshed_projects(session, system):
            try:
                plan = order_refresh(session, its, number, dry_run=dry_run)
                outcome = run(plan.release) if plan.release else None
                done.append(Refreshed(number, plan, outcome))
            except CodedError as error:
                if project:
                    raise
                if gate.is_refused_attempt(error):
                    who, on = session.person.id, today()
                    gate.record_attempt(
                        session.ledger, error, actor=who, step="refresh", on=on, project=number
                    )
                done.append(Refreshed(number, error=error))
    return done


def resume_refreshes(
    home: Home, system: str, run: Callable[[str], Outcome], project: str = ""
) -> list[Refreshed]:
    """Run on what refreshes have ordered and is not in the outbox, of these projects; nothing is ordered.

    Args:
        home: the deployment.
        system: code of the data system; every one where it is empty.
        run: runs an order.
        project: its number; all in force by default.
    """
    with Session(home) as session:
        numbers = [project] if project else [n for n, _ in refreshed_projects(session, system)]
        waiting = [
            (number, release.release)
            for number in numbers
            for release in session.releases.list(number)
            if release.status in custody.MAKING and read_order(home, release.release).scheduled
        ]
    return [Refreshed(number, outcome=run(release)) for number, release in waiting]


def worst(done: Sequence[Refreshed]) -> Exit:
    """The exit code of all of them: that of the first that stopped, before that of one that waits."""
    codes = [one.exit for one in done if one.exit is not Exit.DONE]
    return next((c for c in codes if c is not Exit.WAITING), codes[0] if codes else Exit.DONE)
