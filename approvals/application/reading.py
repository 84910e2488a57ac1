"""Reads an application and says everything that is wrong with it at once.

What is checked here is what the paper itself shows: completeness, and who is eligible at all. What
depends on the day of a release, or may come after the submission, is the gate's. The checks between
fields run although some field is wrong, on a form with holes: else a missing field would hide that the
end is before the start, and the applicant would learn of it only at the next try.
"""

import difflib
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache
from importlib import resources
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from pydantic import ValidationError

from approvals.application.checks import every_problem
from approvals.application.forms import (
    AggregatedApplication,
    Application,
    Part,
    StandardApplication,
)
from approvals.application.system_terms import SystemTerms, terms_of
from approvals.errors import ApplicationRefused, ApplicationUnreadable, Problem
from systems import bounded
from systems.texts import acts


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


Form = Literal["standard", "aggregated"]
TermsOf = Callable[[str], SystemTerms | None]

_ACTS = "has control characters or direction marks, which no text needs"
MAX_BYTES = 2 << 20  # an application is some pages of text; more is another file

_EXAMPLE_DATE = "2026-09-01"  # the examples' date of request
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")

_FORMS: Mapping[str, type[StandardApplication | AggregatedApplication]] = {
    "standard": StandardApplication,
    "aggregated": AggregatedApplication,
}
_PLAIN: Mapping[str, str] = tomllib.loads(
    (resources.files("approvals") / "words.toml").read_text("utf-8")
)["fields"]


def read_application_file(path: Path) -> bytes:
    """The bytes of an application, of a size that one can have.

    Raises:
        ApplicationUnreadable: no such file, or too large.
    """
    try:
        content = bounded.read_at_most(path, MAX_BYTES)
    except OSError:
        raise ApplicationUnreadable(what="no file that can be read") from None
    if content is None:
        raise ApplicationUnreadable(what="too large", megabytes_at_most=MAX_BYTES >> 20)
    return content


def parse_application(content: bytes, *, terms: TermsOf) -> Application:
    """Read and check an application.

    Args:
        content: of the TOML file.
        terms: gives the terms of a system by its code, None where there is no such system.

    Raises:
        ApplicationUnreadable: no TOML in UTF-8.
        ApplicationRefused: with the complete list of problems.
    """
    fields = _toml(content)
    if acting := [Problem(path, "policy", _ACTS) for path in _acting(fields)]:
        raise ApplicationRefused(tuple(acting))
    model = _FORMS.get(form) if isinstance(form := fields.get("form"), str) else None
    if model is None:
        refused = Problem("form", "§§ 965, 966", "must be standard or aggregated")
        raise ApplicationRefused((refused,))
    problems: list[Problem] = []
    try:
        application = model.model_validate(fields)
    except ValidationError as error:
        errors = _first_hand(cast("list[dict[str, Any]]", error.errors(include_input=False)))
        problems += [_problem(model, e) for e in errors]
        wrong = frozenset(tuple(e["loc"]) for e in errors if e["type"] != "extra_forbidden")
        application = cast("Application", with_holes(model, fields, wrong))
    problems += _between_fields(application, terms, known={p.path for p in problems})
    if problems:
        cited = None if "system" in {p.path for p in problems} else terms(application.system)
        raise ApplicationRefused(tuple(_under_own_law(p, cited) for p in problems))
    return _with_defaults(application, cast("SystemTerms", terms(application.system)))


def stored_application(content: bytes, *, terms: TermsOf) -> Application:
    """An application that was taken, read again: its fields, not whether it would be taken today.

    What was complete and eligible on its day stays the project's application when a rule or a switch
    changes; whether anything may still be released under it is the gate's to say.

    Raises:
        ApplicationUnreadable: no TOML in UTF-8.
        ApplicationRefused: not the fields of the form.
    """
    try:
        application = _of_its_form(content)
    except ValidationError:
        raise ApplicationRefused((Problem("form", "§§ 965, 966", "can't be read"),)) from None
    return _with_defaults(application, terms(application.system) or SystemTerms.unknown())


@lru_cache(16)
def _of_its_form(content: bytes) -> Application:
    """The fields of a form: a command asks for one application again and again, and its file is read and opened each time."""
    fields = _toml(content)
    return (_FORMS.get(str(fields.get("form"))) or StandardApplication).model_validate(fields)


def _acting(value: object, path: str = "") -> Iterator[str]:
    """The paths of texts that hold what is no writing; a name that the form does not know may be anything, and is not told."""
    if isinstance(value, str) and acts(value):
        yield path or "(top)"
    elif isinstance(value, dict):
        for name, item in cast("dict[str, object]", value).items():
            step = name if re.fullmatch(r"[a-z_]{1,40}", name) else "?"
            yield from _acting(item, f"{path}.{step}" if path else step)
    elif isinstance(value, list):
        for number, item in enumerate(cast("list[object]", value), start=1):
            yield from _acting(item, f"{path}[{number}]")


def _under_own_law(problem: Problem, terms: SystemTerms | None) -> Problem:
    """The same problem, citing what governs the system where that is not CARPOS's regulation."""
    if terms is None or terms.sections is None or not problem.section.startswith("§"):
        return problem
    return replace(problem, section=terms.cite(problem.section))


def _first_hand(errors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without "too short" of a list whose entries are there and wrong: they are named themselves."""
    places = [tuple(e["loc"]) for e in errors]
    return [
        e
        for e in errors
        if e["type"] != "too_short"
        or not any(len(p) > len(e["loc"]) and p[: len(e["loc"])] == tuple(e["loc"]) for p in places)
    ]


def _between_fields(form: Application, terms: TermsOf, *, known: set[str]) -> Iterator[Problem]:
    system = SystemTerms.unknown() if "system" in known else terms(form.system)
    if system is None:
        yield Problem("system", "§ 962", "no system that the Department describes")
        system = SystemTerms.unknown()
    for problem in every_problem(form, system):
        if problem.path not in known:
            yield problem


def _with_defaults(form: Application, terms: SystemTerms) -> Application:
    return form.model_copy(
        update={
            "order_scope": form.order_scope or terms.default_scope,
            "dimensions": form.dimensions or terms.default_dimensions,
        }
    )


def example_application(
    form: Form, *, on: date | None = None, kind: str | None = None, terms: TermsOf = terms_of
) -> str:
    """A commented example that passes.

    Args:
        form: standard or aggregated.
        on: its date of request; every other date moves along, and the years end with the last
            full year before it. By default as written.
        kind: for ``standard``: one kind alone, with the columns that the system usually gives for it (others
            stand in a comment); of columns that come in two versions the coarser one.
        terms: the systems' terms.
    """
    text = (resources.files("approvals") / "examples" / f"{form}.toml").read_text("utf-8")
    if kind is not None:
        text = _for_kind(text, kind, cast("SystemTerms", terms("CARPOS")))
    if on is None:
        return text
    moved = on - date.fromisoformat(_EXAMPLE_DATE)
    text = _DATE.sub(lambda m: (date.fromisoformat(m[0]) + moved).isoformat(), text)
    return re.sub(r"(years = .*last = )\d{4}", rf"\g<1>{on.year - 1}", text)


def _for_kind(text: str, kind: str, terms: SystemTerms) -> str:
    text = re.sub(r"^kinds = \[[^]]*\]", f'kinds = ["{kind}"]', text, flags=re.MULTILINE)
    if kind not in terms.columns:
        return text
    head, _, rest = text.partition("[[variables]]")
    _, _, tail = rest.partition("# --- how rare")
    finer = terms.coarser if kind == "deidentified" else {}
    columns = "".join(
        f'[[variables]]\nname = "{name}"\nneed = "Used in the main analysis of the project."\n\n'
        for name in terms.usual[kind]
        if name not in finer
    )
    if more := [name for name in terms.columns[kind] if name not in terms.usual[kind]]:
        columns += f"# More that may be named: {', '.join(more)}.\n\n"
    return f"{head}{columns}# --- how rare{tail}"


@lru_cache(maxsize=32)  # a command shows one project many times
def _toml(content: bytes) -> Mapping[str, Any]:
    try:
        return bounded.toml(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ApplicationUnreadable(what="not UTF-8") from None
    except tomllib.TOMLDecodeError:
        raise ApplicationUnreadable(what="not TOML") from None


def _problem(model: type[Part], error: dict[str, Any]) -> Problem:
    location = cast("tuple[str | int, ...]", error["loc"])
    unknown = error["type"] == "extra_forbidden"
    path, part = _locate(model, location[:-1] if unknown else location)
    if unknown:
        # The field's name came from outside and may be anything: only a known neighbour is named.
        near = difflib.get_close_matches(str(location[-1]), list(part.model_fields), n=1)
        what = "has a field that the form does not know" + (
            f"; did you mean {near[0]}?" if near else ""
        )
        return Problem(path or "(top)", part.SECTION, what)
    return Problem(path, part.SECTION, _PLAIN.get(error["type"], _in_words(error)))


def _in_words(error: dict[str, Any]) -> str:
    if error["type"] == "literal_error":
        return "must be " + str(error["ctx"]["expected"])
    return "is not what this field takes"


def _locate(model: type[Part], location: tuple[str | int, ...]) -> tuple[str, type[Part]]:
    """The path as a person writes it (entries counted from 1) and the innermost table."""
    path, part = "", model
    for step in location:
        if isinstance(step, int):
            path += f"[{step + 1}]"
        elif step in part.model_fields:
            path += ("." if path else "") + step
            part = part_of(part.model_fields[step].annotation) or part
    return path, part
