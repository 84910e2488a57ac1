"""A form with holes, so that the checks between fields run although some field is wrong.

Without it a missing field would hide that the end is before the start, and the applicant would
learn of it only at the next try.
"""

from types import UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin

from approvals.application.parts import Part


class Hole:
    """Stands where a field is missing or wrong: no comparison with it finds anything."""

    def __getattr__(self, name: str) -> "Hole":
        if name.startswith("__"):
            raise AttributeError
        return self

    def _no(self, _other: object) -> bool:
        return False

    __lt__ = __le__ = __gt__ = __ge__ = __ne__ = _no

    def __eq__(self, _other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __contains__(self, _item: object) -> bool:
        return True

    def __call__(self, *_: object) -> "Hole":
        """A method of a hole gives a hole."""
        return self


HOLE = Hole()


def with_holes(
    model: type[Part], value: object, wrong: frozenset[tuple[str | int, ...]]
) -> Part | Hole:
    """Build ``model`` from what was read, with a hole for every location in ``wrong``."""
    if () in wrong or not isinstance(value, dict):
        return HOLE
    given = cast("dict[str, object]", value)
    fields: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        inner = frozenset(place[1:] for place in wrong if place[0] == name)
        if () in inner:
            fields[name] = HOLE
        elif name in given:
            fields[name] = _value(info.annotation, given[name], inner)
    return model.model_construct(**fields)


def _value(annotation: Any, value: object, wrong: frozenset[tuple[str | int, ...]]) -> object:
    part = part_of(annotation)
    if part is None:
        return tuple(cast("list[object]", value)) if isinstance(value, list) else value
    if get_origin(annotation) is not tuple:
        return with_holes(part, value, wrong)
    return tuple(
        with_holes(part, entry, frozenset(p[1:] for p in wrong if p[0] == number))
        for number, entry in enumerate(cast("list[object]", value))
    )


def part_of(annotation: Any) -> type[Part] | None:
    """The table that a field's annotation speaks of, through optionals and lists."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation
    if get_origin(annotation) in (tuple, Annotated, Union, UnionType):
        return next((p for a in get_args(annotation) if (p := part_of(a))), None)
    return None
