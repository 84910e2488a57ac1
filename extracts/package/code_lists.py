"""Which codes of a list can be in an extract, and which codes a group stands for, in the dictionary's words."""

from collections.abc import Sequence

from systems.description import Code, OutputColumn, Scope, System


def codes_within(
    system: System, column: OutputColumn, scope: Scope, families: Sequence[str] | None
) -> tuple[tuple[str, str], ...]:
    """Return value and label of each code that a record of these families (None: of any) can have.

    A code that no code of the register leads to (an unknown) is there for every family.
    """
    if not column.codes:
        return ()
    listed = system.code_list(column.codes).labels
    sources = _sources(system, column)
    if families is None or column.source != scope.source or not sources:
        return tuple(listed.items())
    of: dict[str | None, set[str]] = {}
    for code in sources:
        family = code.attributes.get(scope.attribute, "")
        of.setdefault(_shown(system, column, code), set()).add(family)
    kept = {v for v in listed if v not in of or of[v] & set(families)}
    kept |= {column.instead.code} if column.instead else set()
    return tuple((value, label) for value, label in listed.items() if value in kept)


def groups_of(
    system: System, column: OutputColumn, scope: Scope
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return each group of a column with what it stands for (a region with its counties), by labels; none where it has none."""
    if not column.attribute or not column.codes or column.source == scope.source:
        return ()
    labels = system.code_list(column.codes).labels
    members: dict[str, dict[str, None]] = {}  # once each: several lists of codes say "Black"
    for code in _sources(system, column):
        value = _shown(system, column, code)
        if value in labels:
            members.setdefault(labels[value], {})[code.label] = None
    return tuple((group, tuple(of)) for group, of in members.items() if [*of] != [group])


def groups_in_words(system: System, column: OutputColumn, scope: Scope) -> str:
    """The same as a sentence."""
    found = groups_of(system, column, scope)
    return "; ".join(f"{group}: {', '.join(members)}" for group, members in found)


def _sources(system: System, column: OutputColumn) -> tuple[Code, ...]:
    codes = system.source(column.source).codes
    return system.code_list(codes).codes if codes else ()


def _shown(system: System, column: OutputColumn, code: Code) -> str | None:
    """What a record with this code has in the column."""
    value = code.attributes.get(column.attribute) if column.attribute else code.value
    if column.then and value is not None:
        listed, _, attribute = column.then.partition(".")
        value = system.code_list(listed).attribute(attribute).get(value)
    return value
