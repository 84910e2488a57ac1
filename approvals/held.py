"""What approvals must know about a data system, taken from the system's own description."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

KINDS = ("identified", "deidentified", "aggregated")


@dataclass(frozen=True, slots=True)
class SystemTerms:
    """The terms under which a system's data may be asked for.

    Args:
        code: ``CARPOS``.
        kinds: requester class → the kinds of release that it may ask for.
        documents: kind of release → the document kinds that an application needs.
        families: order families that a project's scope may name; empty where there is none.
        columns: kind of release → the names that ``[[variables]]`` may use.
        dimensions: what an aggregated table may be cut by.
        default_scope: the order families where an application names none.
        default_dimensions: the dimensions where an application names none.
        described: false where the application names no system that there is.
    """

    code: str
    kinds: Mapping[str, frozenset[str]]
    documents: Mapping[str, frozenset[str]]
    families: frozenset[str] = frozenset()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    dimensions: frozenset[str] = frozenset()
    default_scope: tuple[str, ...] = ()
    default_dimensions: tuple[str, ...] = ()
    described: bool = True

    @classmethod
    def unknown(cls) -> "SystemTerms":
        """For an application that names no system: nothing can be said about its terms."""
        return cls("", {}, {}, described=False)


@cache
def terms_of(code: str) -> SystemTerms | None:
    """The terms of a system by its code; None where the Department describes none such."""
    from systems import load_system, system_codes

    if code not in system_codes():
        return None
    system = load_system(code)
    release = system.release
    return SystemTerms(
        code=system.code,
        kinds={r.name: frozenset(r.kinds) for r in system.requesters},
        documents={
            kind: frozenset(d.name for d in system.documents if d.hard and kind in d.kinds)
            for kind in KINDS
        },
        families=frozenset(system.code_list(release.identified.scope.codes).values),
        columns={
            "identified": release.identified.column_names,
            "deidentified": release.deidentified.column_names,
        },
        dimensions=frozenset(release.aggregated.dimension_names),
        default_scope=system.order_scope_default,
        default_dimensions=release.aggregated.default_dimensions,
    )
