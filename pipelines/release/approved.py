"""What was approved and ordered of one release: scope, years, columns, limits, and whose they are."""

import functools

from approvals.application import Application, RowRules
from approvals.custody import ReleaseState
from approvals.project import ProjectState
from extracts.deidentified import RiskLimit, replaced
from pipelines.home import Home, SettingsUnusable
from pipelines.release.errors import ApplicationMissing
from pipelines.release.orders import Order, read_order, run_folder
from pipelines.session import Session
from systems.description import System, load_system, system_codes


class Approved(Session):
    """A session that looks at one release: its order, and what its project's approval says."""

    def __init__(self, home: Home, release: str) -> None:
        super().__init__(home)
        self.release = release
        self.folder = run_folder(home, release)
        self.order: Order = read_order(home, release)

    @functools.cached_property
    def system(self) -> System:
        """The data system, with the persons whom its tables count by policy."""
        described = load_system(self.order.system)
        if self.order.kind != "aggregated":
            return described
        return described.counting(self.settings.disclosure.person_role)

    @functools.cached_property
    def project(self) -> ProjectState:
        """The project as the ledger has it now, with its application."""
        return self.projects.show(self.order.project)

    @property
    def state(self) -> ReleaseState:
        """The release as the ledger has it now."""
        return self.releases.show(self.release)

    @functools.cached_property
    def _application(self) -> Application:
        form = self.project.application
        if form is None:
            raise ApplicationMissing(project=self.order.project)
        return form

    @property
    def title(self) -> str:
        """The project's title."""
        return self._application.title

    @property
    def order_scope(self) -> tuple[str, ...]:
        """Families of records that the project may see; the system's cautious default if it names none."""
        return self._application.order_scope or self.system.order_scope_default

    @property
    def years(self) -> tuple[int, int]:
        """First and last year: those ordered, else those approved."""
        approved = self._application.years
        return self.order.years or (approved.first, approved.last)

    @property
    def echo_supplied(self) -> bool:
        """Whether the researcher's own values are echoed (the application's choice)."""
        return bool(getattr(self._application, "echo_supplied", True))

    @property
    def variables(self) -> tuple[str, ...]:
        """Columns of this kind that the application names with a need (§ 966(b)(12)(A)(ii))."""
        named = {variable.name for variable in getattr(self._application, "variables", ())}
        rows = self.system.rows(self.order.kind)
        return tuple(column.name for column in rows.columns if column.name in named)

    @property
    def columns(self) -> tuple[str, ...]:
        """The approved variables, coarser where the order says so, and the research ids.

        Without the ids rows can't be told apart.
        """
        rows = self.system.rows(self.order.kind)
        ids = {column.name for column in rows.columns if column.generalise == "reference"}
        wanted = replaced(self.variables, self.order.coarser, rows.coarser)
        return tuple(c.name for c in rows.columns if c.name in ids | set(wanted))

    @property
    def row_limit(self) -> RiskLimit:
        """What de-identified rows may bear: the project's own limit, else the Department's."""
        defaults = self.settings.disclosure
        own = getattr(self._application, "rows", None) or RowRules()
        return RiskLimit(
            k=own.k or defaults.row_k,
            max_share_below=_or(own.max_share_below, defaults.row_max_share_below),
            max_prosecutor=_or(own.max_prosecutor, defaults.row_max_prosecutor),
            max_marketer=_or(own.max_marketer, defaults.row_max_marketer),
        )

    @property
    def suppress_locally(self) -> bool:
        """Whether rare histories lose cells: the order says so, the project, or the Department."""
        own = getattr(self._application, "rows", None) or RowRules()
        default = self.settings.disclosure.row_local_suppression
        return self.order.suppress_locally or own.local_suppression or default

    @property
    def released_anyway(self) -> tuple[str, ...]:
        """Exclusions of the system that policy has switched off.

        Raises:
            SettingsUnusable: a name that no system has.
        """
        named = self.settings.disclosure.exclusions_released
        described = (load_system(code).release for code in system_codes())
        rows = [r for one in described for r in (one.identified, one.deidentified) if r is not None]
        known = {e.name for r in rows for e in r.exclusions}
        if not set(named) <= known:
            raise SettingsUnusable(settings=["disclosure.exclusions_released"])
        return named

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Dimensions of an aggregate: those ordered, else approved, else the system's default."""
        approved = self._application.dimensions
        return (
            self.order.dimensions or approved or self.system.release.aggregated.default_dimensions
        )

    @property
    def max_rows(self) -> int | None:
        """Rows that the application allows its cohort."""
        cohort = getattr(self._application, "cohort", None)
        return None if cohort is None else cohort.max_rows


def _or(own: float | None, default: float) -> float:
    """The project's number where it has one; nought is one."""
    return default if own is None else own
