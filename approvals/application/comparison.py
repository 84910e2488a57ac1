"""Two versions of an application, field by field: what an approver of an amendment decides on."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from approvals.application.forms import Application

Field = tuple[str, str]  # its path and what it says


def changes_between(before: Application, after: Application) -> list[dict[str, str]]:
    """The fields that say something else, in the form's order.

    Entries of a list are told apart by their id or name (a member, a document, a column), so that one that was
    put between others is one change.

    Returns:
        ``field`` (path as a person writes it), ``before`` and ``after``; empty where a version has no such field.
    """
    old, new = (
        dict(_fields(before.model_dump(mode="json"))),
        dict(_fields(after.model_dump(mode="json"))),
    )
    return [
        {"field": path, "before": old.get(path, ""), "after": new.get(path, "")}
        for path in dict.fromkeys([*old, *new])
        if old.get(path) != new.get(path)
    ]


def _fields(value: object, path: str = "") -> Iterator[Field]:
    if isinstance(value, dict):
        for name, item in cast("Mapping[str, object]", value).items():
            yield from _fields(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        yield from _entries(cast("list[Any]", value), path)
    elif value is not None:
        yield path, str(value).lower() if isinstance(value, bool) else str(value)


def _entries(entries: list[Any], path: str) -> Iterator[Field]:
    if not any(isinstance(entry, dict) for entry in entries):
        yield path, ", ".join(map(str, entries))
        return
    for entry in entries:
        yield from _fields(entry, f"{path}[{entry.get('id') or entry.get('name')}]")
