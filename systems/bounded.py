"""Small texts of outside, TOML and JSON, parsed within bounds: they are what they say in little time, or not at all.

The standard parsers are correct and believe everybody: nested brackets end in RecursionError, a number of ten thousand
digits in ValueError, a key of a hundred thousand parts takes hours, and JSON's second value of a key wins. Here
each of these is what a wrong text is: TOMLDecodeError, JSONDecodeError.
"""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

_DEEPEST = 32  # tables and lists in one another: ours have 4
_WIDEST = (
    1 << 63
)  # TOML's whole numbers have 64 bits; Python's text of a longer one can be an error
_PARTS = 32
# More than 32 parts of a dotted key: the parser compares each with all before.
_LONG_KEY = re.compile(
    r"""(?:(?<![\w-])[\w-]++|"[^"\n]*+"|'[^'\n]*+')(?:[ \t]*+\.[ \t]*+(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')){32}"""
)


def read_at_most(path: Path, longest: int) -> bytes | None:
    """A file's bytes; None where there are more than ``longest``.

    Raises:
        OSError: it can't be read.
    """
    with path.open("rb") as file:
        content = file.read(longest + 1)
    return content if len(content) <= longest else None


def toml(text: str) -> dict[str, Any]:
    """What a TOML text says.

    Raises:
        tomllib.TOMLDecodeError: no TOML, or nested deeper, with longer keys or numbers than any of ours.
    """
    try:
        # a key stands in one line: where none has as many dots, the slow search finds nothing
        if any(line.count(".") >= _PARTS for line in text.split("\n")) and _LONG_KEY.search(text):
            raise ValueError
        found = tomllib.loads(text)
        _check(found)
    except tomllib.TOMLDecodeError:
        raise
    except (ValueError, RecursionError, ArithmeticError, LookupError, TypeError, AttributeError):
        raise tomllib.TOMLDecodeError("out of bounds") from None
    return found


def json_of(text: str | bytes) -> Any:
    """What a JSON text says.

    Raises:
        ValueError: no JSON, a key twice in one place, or nested deeper or with longer numbers than any of ours.
    """
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_refused)
        _check(found)
    except RecursionError:
        raise ValueError("out of bounds") from None
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")
    return found


def _refused(_: str) -> Any:
    raise ValueError("no number")


def _check(found: Any) -> None:
    """Refuse what is too deep and whole numbers that are too long, without recursion."""
    level: list[Any] = [found]
    for _ in range(_DEEPEST + 1):
        if any(isinstance(one, int) and not -_WIDEST <= one < _WIDEST for one in level):
            raise ValueError
        below = (
            one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
            for one in level
        )  # fmt: skip
        level = [one for several in below for one in several]
        if not level:
            return
    raise ValueError
