"""Coded errors: one class per cause, a stable code, what to do next, and never a value.

This is the ground floor: every room imports it and it imports nothing. An error's text is built
only from its class (written by us) and from *facts*: whole numbers, row numbers, column names and
names that we made up ourselves. Cell values, paths and keys have no way in; what a caller might
pass by mistake is cut to printable ASCII and shortened.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import ClassVar

Fact = int | str | Sequence[int] | Sequence[str]

_CODE = re.compile(r"[A-Z]{3,10}-\d{2}")
_SHOWN = 10  # row numbers or names listed before "and N more": enough to find the place
_LONGEST = 60  # characters of one name: a longer one is not a name


class Exit(IntEnum):
    """Exit codes of ``doj-release`` (contract in the design)."""

    DONE = 0
    INTERNAL = 1
    USAGE = 2
    REFUSED = 3
    FAILED = 4
    INTEGRITY = 5
    INPUT = 6
    WAITING = 7
    HELD = 8
    # 128 and a signal, as shells have it: what was begun is put away
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


# The classes that this program has, not what happened: filled as their modules are imported, so that no code is given twice.
_registry: dict[str, "type[CodedError]"] = {}


class CodedError(Exception):
    """An error with a stable code, a cause, a cure and facts that hold no personal value.

    A subclass says its code and exit where it names its base. Its ``cause`` (what is wrong, one
    sentence without its full stop) and its ``cure`` (what to do next) stand under its code in the
    JSON file beside its module, or in its body; they are its docstring too::

        class CohortTooLong(CodedError, code="INTAKE-03", exit=Exit.REFUSED): ...

        "INTAKE-03": {
         "cause": "the cohort has more rows than the application allows (§ 963(a)(3)(A))",
         "cure": "Shorten the cohort, or have the application amended"
        }

    Facts are keywords: ``rows=[3, 9]``, ``columns=["birth_date"]``, ``count=12``. Raise it ``from
    None`` wherever the original exception may quote a value: exception chains are sinks too.
    """

    code: ClassVar[str]
    exit: ClassVar[Exit] = Exit.INTERNAL
    cause: ClassVar[str] = ""
    cure: ClassVar[str] = ""

    def __init__(self, **facts: Fact) -> None:
        self.facts = {name: _clean(value) for name, value in facts.items()}
        super().__init__(self.text())

    def __init_subclass__(cls, *, code: str, exit: Exit | None = None) -> None:  # noqa: A002
        cls.code = code
        cls.exit = cls.exit if exit is None else exit
        for name, text in _texts(cls.__module__).get(code, {}).items():
            setattr(cls, name, text)
        cls.__doc__ = cls.__doc__ or f"{cls.cause}. {cls.cure}"
        if not _CODE.fullmatch(code) or not cls.cause or not cls.cure:
            raise TypeError(f"{cls.__name__} needs code, cause and cure")
        other = _registry.setdefault(code, cls)
        if other.__qualname__ != cls.__qualname__:
            raise TypeError(f"{code} stands for {other.__name__} and for {cls.__name__}")

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by facts (schedulers pickle exceptions), so that nothing else travels."""
        return _rebuilt, (type(self), self.facts)

    def text(self) -> str:
        """One line: code, cause, facts, cure."""
        told = {name: _shown(value) for name, value in self.facts.items()}
        meant = told.pop("nearest", "")
        facts = "; ".join(f"{name} {value}" for name, value in told.items())
        asked = f" Did you mean '{meant}'?" if meant else ""
        return f"{self.code}: {self.cause}{f' ({facts})' if facts else ''}.{asked} {self.cure}"

    def as_dict(self) -> dict[str, object]:
        """The same for ``--json``: code, exit, cause, facts, cure."""
        return {
            "code": self.code,
            "exit": int(self.exit),
            "cause": self.cause,
            "facts": {k: list(v) if isinstance(v, tuple) else v for k, v in self.facts.items()},
            "cure": self.cure,
            "text": self.text(),
        }


def nearest(word: str, known: Iterable[str]) -> dict[str, str]:
    """The fact of what somebody may have meant: the nearest of names that are ours; none where nothing is near.

    The word itself is no fact: it may be a value.
    """
    from difflib import get_close_matches

    names = {name.casefold(): name for name in known}
    found = get_close_matches(word.casefold(), names, n=1)
    return {"nearest": names[found[0]]} if found else {}


def every_error() -> Iterator[type[CodedError]]:
    """Yield each concrete error class that is imported so far, by code."""
    for code in sorted(_registry):
        yield _registry[code]


@cache
def _texts(module: str) -> Mapping[str, Mapping[str, str]]:
    """Causes and cures of a module's errors by their codes, read when it is imported: an error reads no file."""
    file = getattr(sys.modules.get(module), "__file__", None)
    beside = Path(file).with_suffix(".json") if file else None
    return json.loads(beside.read_text("utf-8")) if beside and beside.is_file() else {}


def _rebuilt(cls: type[CodedError], facts: dict[str, Fact]) -> CodedError:
    return cls(**facts)


def _clean(value: Fact) -> int | str | tuple[int | str, ...]:
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return _name(value)
    return tuple(int(v) if isinstance(v, int) else _name(v) for v in value)


def _name(text: str) -> str:
    printable = "".join(c if c.isascii() and c.isprintable() else "?" for c in text)
    return printable if len(printable) <= _LONGEST else printable[: _LONGEST - 1] + "~"


def _shown(value: int | str | tuple[int | str, ...]) -> str:
    if not isinstance(value, tuple):
        return str(value)
    head = ", ".join(str(v) for v in value[:_SHOWN])
    more = len(value) - _SHOWN
    return f"{head} and {more} more" if more > 0 else head
