"""What was approved and ordered of one release: scope, years, columns and limits."""

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from approvals.application import Application, RowRules
from extracts.deidentified import RiskLimit, replaced
from extracts.rows import RowScope
from pipelines.home import Disclosure, SettingsUnusable
from pipelines.release.orders import Order, together_in
from systems.description import System, Systems, system_codes

if TYPE_CHECKING:
    from extracts.perturbation import Noise


def noise_of(policy: Disclosure) -> "Noise | None":
    """The noise of tables by these settings.

    Raises:
        NoiseUnfit: its numbers do not go together.
    """
    if policy.method == "suppress":
        return None
    from extracts.perturbation import Noise  # the audit's libraries load with it

    numbers = policy.rounding_base, policy.noise_deviation, policy.noise_variance
    return Noise(policy.method, policy.threshold, *numbers)


@dataclass(frozen=True)
class ApprovedRelease:
    """One release as its order, its project's application and the Department's policy allow it.

    Attributes:
        order: what a person asked for.
        application: what the project was approved for.
        policy: the settings of disclosure control, where order and application say nothing.
        systems: the systems as the home has them.
    """

    order: Order
    application: Application
    policy: Disclosure
    systems: Systems

    @functools.cached_property
    def system(self) -> System:
        """The data system, with the persons whom its tables count by policy, and the levels ordered together."""
        system = self.systems.load(self.order.system)
        if self.order.kind != "aggregated":
            return system.linking(self.linked_role)
        return together_in(system, self.order.together).counting(self.policy.person_role)

    @property
    def linked_role(self) -> str | None:
        """To whom an identified release's cohort is matched, where it is not those whose records these are."""
        cohort = getattr(self.application, "cohort", None)
        return (
            cohort.linked_role if cohort is not None and self.order.kind == "identified" else None
        )

    @property
    def noise(self) -> "Noise | None":
        """What every count of a table is perturbed with by policy; none where small cells are hidden."""
        return noise_of(self.policy) if self.order.kind == "aggregated" else None

    @property
    def title(self) -> str:
        """The project's title."""
        return self.application.title

    @property
    def scope(self) -> tuple[str, ...]:
        """Families of records that the project may see; the system's cautious default if it names none."""
        return self.application.order_scope or self.system.order_scope_default

    @property
    def years(self) -> tuple[int, int]:
        """First and last year: those ordered, else those approved."""
        approved = self.application.years
        return self.order.years or (approved.first, approved.last)

    @property
    def echo_supplied(self) -> bool:
        """Whether the researcher's own values are echoed (the application's choice)."""
        return bool(getattr(self.application, "echo_supplied", True))

    @property
    def variables(self) -> tuple[str, ...]:
        """Columns of this kind that the application names with a need (§ 966(b)(12)(A)(ii))."""
        named = {variable.name for variable in getattr(self.application, "variables", ())}
        rows = self.system.rows(self.order.kind)
        return tuple(column.name for column in rows.columns if column.name in named)

    @property
    def columns(self) -> tuple[str, ...]:
        """The approved variables, coarser where the order says so, and the research ids.

        Without the ids rows can't be told apart. Where rare rows lose cells, each variable stands beside
        its coarser versions: a row that can't show the finest one shows the next.
        """
        rows = self.system.rows(self.order.kind)
        ids = {column.name for column in rows.columns if column.generalise == "reference"}
        wanted = replaced(self.variables, self.order.coarser, rows.coarser)
        if self.order.kind == "deidentified" and self.suppress_locally:
            wanted = tuple(one for name in wanted for one in rows.versions(name))
        return tuple(c.name for c in rows.columns if c.name in ids | set(wanted))

    @property
    def rows(self) -> RowScope:
        """What a release of rows may hold."""
        anyway, echo = self.released_anyway, self.echo_supplied
        return RowScope(self.scope, self.years, anyway, self.columns, echo)

    @property
    def row_limit(self) -> RiskLimit:
        """What de-identified rows may bear: the project's own limit, else the Department's."""
        own, policy = self._row_rules, self.policy
        return RiskLimit(
            k=own.k or policy.row_k,
            measure=policy.row_measure,
            max_share_below=_or(own.max_share_below, policy.row_max_share_below),
            max_prosecutor=_or(own.max_prosecutor, policy.row_max_prosecutor),
            max_marketer=_or(own.max_marketer, policy.row_max_marketer),
            l_values=own.l_diversity or policy.row_l,
            t_distance=_or(own.t_closeness, policy.row_t),
        )

    @property
    def suppress_locally(self) -> bool:
        """Whether rare histories lose cells: the order says so, the project, or the Department."""
        own, policy = self._row_rules.local_suppression, self.policy.row_local_suppression
        return self.order.suppress_locally or own or policy

    @property
    def keep(self) -> dict[str, float]:
        """What columns are worth where cells must go: the order's word, else the project's."""
        return self.order.keep or self._row_rules.keep

    @property
    def _row_rules(self) -> RowRules:
        return getattr(self.application, "rows", None) or RowRules()

    @property
    def released_anyway(self) -> tuple[str, ...]:
        """Exclusions of the system that policy has switched off.

        Raises:
            SettingsUnusable: a name that no system has.
        """
        if (
            self.linked_role is not None
        ):  # what keeps a protected person's order confidential comes first
            return ()
        named = self.policy.exclusions_released
        if not named:  # no other system need be read
            return ()
        described = (self.systems.load(code).release for code in system_codes())
        rows = [r for one in described for r in (one.identified, one.deidentified) if r is not None]
        known = {e.name for r in rows for e in r.exclusions}
        if not set(named) <= known:
            raise SettingsUnusable(settings=["disclosure.exclusions_released"])
        return named

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Dimensions of an aggregate: those ordered, else approved, else the system's default."""
        approved, default = self.application.dimensions, self.system.release.aggregated
        return self.order.dimensions or approved or default.default_dimensions

    @property
    def max_rows(self) -> int | None:
        """Rows that the application allows its cohort."""
        cohort = getattr(self.application, "cohort", None)
        return None if cohort is None else cohort.max_rows


def _or(own: float | None, policy: float) -> float:
    """The project's number where it has one; nought is one."""
    return policy if own is None else own
