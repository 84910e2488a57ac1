"""What approvals must know about a data system, taken from the system's own description."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SystemTerms:
    """The terms under which a system's data may be asked for.

    Args:
        code: ``CARPOS``.
        name: its name in full.
        authority: the statute.
        kinds: requester class → the kinds of release that it may ask for.
        documents: kind of release → the document kinds that an application needs.
        families: order families that a project's scope may name; empty where there is none.
        columns: kind of release → the names that ``[[variables]]`` may use; empty = not listed.
        dimensions: what an aggregated table may be cut by; empty = not listed.
        background_check: whether the system's page asks for a fingerprint check.
        default_scope: the order families where an application names none.
    """

    code: str
    name: str
    authority: str
    kinds: Mapping[str, frozenset[str]]
    documents: Mapping[str, frozenset[str]]
    families: frozenset[str] = frozenset()
    columns: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    dimensions: frozenset[str] = frozenset()
    background_check: bool = True
    default_scope: tuple[str, ...] = ()
    described: bool = True

    @classmethod
    def unknown(cls) -> "SystemTerms":
        """For an application that names no system: nothing can be said about its terms."""
        return cls("", "", "", {}, {}, described=False)
