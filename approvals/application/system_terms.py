"""What approvals must know about a data system, taken from the system's own description."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from systems.description import Document, Purpose, Systems

POLICY = "policy"
KINDS = ("identified", "deidentified", "aggregated")
ALL_PARTS = frozenset(
    {"researcher_degree", "institution_qualities", "research_criteria", "security", "materials"}
)


@dataclass(frozen=True, slots=True)
class SystemTerms:
    """The terms under which a system's data may be asked for.

    Args:
        code: ``CARPOS``.
        kinds: requester class → the kinds of release that it may ask for.
        documents: kind of release → the document kinds that an application needs.
        requirements: every document and check that the system asks for.
        purposes: what the data may be asked for, of which an application for rows names one at least.
        asked: parts of the common form that the system asks for; by default all of them.
        sections: section of CARPOS's regulation that a check cites → what stands for it in another
            system's law; None for the system whose regulation it is.
        aggregated_sections: the same for a project that has aggregated data alone.
        withheld: kinds that are not given until counsel has answered → why.
        families: order families that a project's scope may name; empty where there is none.
        columns: kind of release → the names that ``[[variables]]`` may use; steps come beside them.
        usual: of these what an example asks for.
        linked_roles: to whom else a cohort may be matched → who they are.
        dimensions: what an aggregated table may be cut by.
        coarser: column of a de-identified release → the one with less detail that an example asks for.
        default_scope: the order families where an application names none.
        default_dimensions: the dimensions where an application names none.
        timeframe_years: a longer timeframe needs its reason (a setting).
        described: false where the application names no system that there is.
    """

    code: str
    kinds: Mapping[str, frozenset[str]]
    documents: Mapping[str, frozenset[str]]
    requirements: "tuple[Document, ...]" = ()
    purposes: "tuple[Purpose, ...]" = ()
    asked: frozenset[str] = ALL_PARTS
    sections: Mapping[str, str] | None = None
    aggregated_sections: Mapping[str, str] = field(default_factory=dict[str, str])
    withheld: Mapping[str, str] = field(default_factory=dict[str, str])
    families: frozenset[str] = frozenset()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    usual: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    linked_roles: Mapping[str, str] = field(default_factory=dict[str, str])
    dimensions: frozenset[str] = frozenset()
    coarser: Mapping[str, str] = field(default_factory=dict[str, str])
    default_scope: tuple[str, ...] = ()
    default_dimensions: tuple[str, ...] = ()
    timeframe_years: int = 10
    described: bool = True

    def asks(self, kind: str, *names: str) -> "Document | None":
        """The first requirement of one of these names that this kind of release has."""
        return next(
            (r for n in names for r in self.requirements if r.name == n and kind in r.kinds), None
        )

    def law(self, section: str, *, tables: bool = False) -> str:
        """What governs here in place of a section of CARPOS's regulation; empty where no law does.

        ``tables``: of a project that has aggregated data alone.
        """
        sections = self.aggregated_sections if tables else self.sections
        return section if sections is None else sections.get(section, "")

    def cite(self, section: str, *, tables: bool = False) -> str:
        """The same, and what no law asks here is the Department's policy."""
        return self.law(section, tables=tables) or POLICY

    @classmethod
    def unknown(cls) -> "SystemTerms":
        """For an application that names no system: nothing can be said about its terms."""
        return cls("", {}, {}, described=False)


def individual_level_for(terms: SystemTerms, requester: str) -> SystemTerms:
    """The same terms where a class of requester may ask for what researchers may (a setting)."""
    wider = terms.kinds.get(requester, frozenset()) | terms.kinds.get(
        "bona_fide_researcher", frozenset()
    )
    return replace(terms, kinds={**terms.kinds, requester: wider})


@cache
def terms_of(code: str, systems: "Systems | None" = None) -> SystemTerms | None:
    """The terms of a system by its code, as a home has it; None where the Department describes none such."""
    from systems.description import Systems, system_codes

    if code not in system_codes():
        return None
    system = (systems or Systems()).load(code)
    release = system.release
    rows = {
        kind: described
        for kind in ("identified", "deidentified")
        if (described := getattr(release, kind)) is not None
    }
    return SystemTerms(
        code=system.code,
        kinds={r.name: frozenset(r.kinds) for r in system.requesters},
        documents={
            kind: frozenset(d.name for d in system.documents if d.hard and kind in d.kinds)
            for kind in KINDS
        },
        requirements=system.documents,
        purposes=system.purposes,
        asked=frozenset(system.asks),
        sections=system.sections,
        aggregated_sections=system.aggregated_sections,
        withheld=system.held_kinds,
        families=frozenset(system.code_list(release.aggregated.scope.codes).values),
        columns={kind: described.variables for kind, described in rows.items()},
        linked_roles={
            one.name: one.title
            for one in (rows["identified"].linked if "identified" in rows else ())
        },
        usual={kind: described.usual for kind, described in rows.items()},
        dimensions=frozenset(release.aggregated.dimension_names),
        coarser=release.deidentified.coarser if release.deidentified else {},
        default_scope=system.order_scope_default,
        default_dimensions=release.aggregated.default_dimensions,
    )
