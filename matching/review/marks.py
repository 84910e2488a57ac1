"""Two values next to each other: do they agree, and which letters differ.

The signs are for the eye of a reviewer, the same for every pair; what a field is worth is the model's (`matching.linking`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rapidfuzz.distance import Levenshtein

from matching.tables import STANDARD

Sign = Literal["same", "close", "different", "missing"]
Piece = tuple[str, bool]
"""Some letters, and whether the other side has others in their place."""

_CLOSE = 0.7  # share of letters that stay: from there on two values are a slip of the pen apart


@dataclass(frozen=True)
class Mark:
    """One field of both sides; it holds personal values."""

    field: str
    sign: Sign
    mine: tuple[Piece, ...]
    theirs: tuple[Piece, ...]


def compare(
    mine: str | None, theirs: str | None
) -> tuple[Sign, tuple[Piece, ...], tuple[Piece, ...]]:
    """Sign and pieces of two values. Capitals, blanks and punctuation make no difference."""
    if not mine or not theirs:
        return "missing", _whole(mine), _whole(theirs)
    plain = _plain(mine), _plain(theirs)
    if plain[0] == plain[1]:
        return "same", _whole(mine), _whole(theirs)
    sides = _lowered(mine), _lowered(theirs)
    found: tuple[list[Piece], list[Piece]] = ([], [])
    for step in Levenshtein.opcodes(*sides):
        other = step.tag != "equal"
        found[0].append((mine[step.src_start : step.src_end], other))
        found[1].append((theirs[step.dest_start : step.dest_end], other))
    close = Levenshtein.normalized_similarity(*plain) >= _CLOSE or _is_part(*sides)
    pieces = (tuple(p for p in side if p[0]) for side in found)
    return ("close" if close else "different", *pieces)  # type: ignore[return-value]


def marks_of(mine: Mapping[str, str | None], theirs: Mapping[str, str | None]) -> tuple[Mark, ...]:
    """The standard fields that either side has a value for, in their order."""
    return tuple(
        Mark(name, *compare(mine.get(name), theirs.get(name)))
        for name in STANDARD
        if mine.get(name) or theirs.get(name)
    )


def _is_part(mine: str, theirs: str) -> bool:
    """Whether the words of one are some of the other's, as of two surnames."""
    words = set(mine.replace("-", " ").split()), set(theirs.replace("-", " ").split())
    return words[0] <= words[1] or words[1] <= words[0]


def _whole(value: str | None) -> tuple[Piece, ...]:
    return ((value, False),) if value else ()


def _plain(value: str) -> str:
    return "".join(letter for letter in value.casefold() if letter.isalnum()) or value


def _lowered(value: str) -> str:
    """In small letters, where that keeps the number of letters."""
    lower = value.lower()
    return lower if len(lower) == len(value) else value
