"""Full names in one column ("SMITH, JOHN A", "Maria de la Cruz Jr."), taken apart once for each distinct value.

With a comma the surname stands before it. Without one it is the last word and the particles before it; where that
is wrong (NGUYEN THI LAN), whole names are compared and the box does not matter.
"""

from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from matching.arrow import pc
from matching.normalise.names import ALSO_SURNAMES, IN_NAME, PARTICLES

FULL_NAME: Final = "full_name"
BOXES: Final = ("first_name", "middle_name", "last_name", "name_suffix")
_DEGREES = frozenset(["esq", "md", "phd", "dds", "rn"])
_TITLES = frozenset(["mr", "mrs", "ms", "miss", "dr", "rev", "sr", "sra", "srta"])
# One letter is an initial here; "Garcia y Lopez" alone is told by what stands before it.
_BEFORE = frozenset(word for word in PARTICLES | ALSO_SURNAMES if len(word) > 1)
_ASIDE = r"\([^)]*\)|\[[^\]]*\]|\"[^\"]*\""


def boxes_of(names: Sequence[str]) -> tuple[str, ...]:
    """A table's columns once its full names are taken apart: where first or last names are missing, all boxes it lacks."""
    if FULL_NAME not in names or {"first_name", "last_name"} <= set(names):
        return tuple(names)
    kept = [name for name in names if name != FULL_NAME]
    return (*kept, *(box for box in BOXES if box not in names))


def split_full_names(table: pa.Table) -> pa.Table:
    """A table with its full names in boxes of their own."""
    wanted = boxes_of(table.column_names)
    if FULL_NAME in wanted or FULL_NAME not in table.column_names:
        return table
    full = pc.cast(table[FULL_NAME], pa.string()).combine_chunks()
    full = full.combine_chunks() if isinstance(full, pa.ChunkedArray) else full
    encoded = full.dictionary_encode()
    plain = pc.replace_substring_regex(encoded.dictionary, _ASIDE, " ").to_pylist()
    read = [name_parts_of(text) for text in plain]
    for place, box in enumerate(BOXES):
        if box in wanted and box not in table.column_names:
            values = pa.array([parts[place] or None for parts in read], pa.string())
            table = table.append_column(box, values.take(encoded.indices))
    return table.select(list(wanted))


def name_parts_of(text: str) -> tuple[str, str, str, str]:
    """First, middle and last name and suffix of a full name, as written; empty where there is none."""
    segments = [words for part in text.split(",") if (words := part.split())]
    endings = list[str]()
    for words in segments:
        while words and _ends(words, segments):
            endings.append(words.pop())
    suffix = next((word for word in reversed(endings) if _bare(word) not in _DEGREES), "")
    surname, *rest = [words for words in segments if words] or [[]]
    given = [word for words in rest for word in words]
    if not given:
        given, surname = _without_comma(surname) if "," not in text or endings else ([], surname)
    while len(given) > 1 and _bare(given[0]) in _TITLES:
        given = given[1:]
    while len(given) > 1 and _bare(given[-1]) in _BEFORE:  # CRUZ, MARIA DE LA
        given, surname = given[:-1], [given[-1], *surname]
    return " ".join(given[:1]), " ".join(given[1:]), " ".join(surname), suffix


def _ends(words: list[str], segments: list[list[str]]) -> bool:
    """Whether the last word is a suffix or a degree: V is an initial after a comma, and RAHMAN, MD is called Md."""
    word, alone = _bare(words[-1]), len(words) == 1
    if word in _DEGREES:
        return not alone or len(segments) > 2 or len(segments[0]) > 1
    if word == "v":
        return len(segments) == 1 and len(words) > 2
    return word in IN_NAME and (not alone or len(segments) > 1)


def _without_comma(words: list[str]) -> tuple[list[str], list[str]]:
    while len(words) > 1 and _bare(words[0]) in _TITLES:
        words = words[1:]
    if len(words) > 1 and len(_bare(words[-1])) == 1:  # SMITH JOHN A
        return words[1:], words[:1]
    at = max(len(words) - 1, 0)
    while at > 1 and _bare(words[at - 1]) in _BEFORE:
        at -= 1
    if at > 2 and words[at - 1].lower() == "y":  # Maria Garcia y Lopez
        at -= 2
    return words[:at], words[at:]


def _bare(word: str) -> str:
    return word.replace(".", "").lower()
