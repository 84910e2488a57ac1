"""Headers that are nearly a standard name: taken where there is no doubt, and said; else left, and said."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources

from matching.findings import Finding
from matching.tables import IDS, STANDARD, ColumnMap, Side

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_MOST_WORDS = 3  # of a header, that together may be a standard name


def recognised(
    names: Sequence[str], columns: ColumnMap, side: Side, id_name: str
) -> tuple[ColumnMap, tuple[Finding, ...]]:
    """A column map with what a file's headers leave no doubt about, and what must be said of them.

    A header that differs from a standard name (or the id's) in case, blanks and marks alone, or is a usual synonym of
    it (``headers.toml``), is taken where it is the only one and the standard column is absent. A name that ``columns``
    gives is never thought over.

    Args:
        names: the file's headers.
        columns: what its user said.
        side: which side of the linkage it is.
        id_name: what the ids' column is called, where it is said.
    """
    said = columns.cohort if side == "cohort" else columns.records
    free = [
        (place, name)
        for place, name in enumerate(names, 1)
        if name not in said.values() and name not in (*STANDARD, IDS[side], id_name)
    ]
    taken: dict[str, str] = {}
    findings: list[Finding] = []

    def tell(code: str, standard: str, places: list[int], what: str) -> None:
        where = ("columns " if len(places) > 1 else "column ") + ", ".join(map(str, places))
        findings.append(Finding(code, side, standard, len(places), 0, what.format(where)))

    for standard in (IDS[side], *STANDARD):
        present = {*names, *said, *taken}
        if standard in said or (standard == IDS[side] != id_name):
            continue
        if standard == "full_name" and {"first_name", "last_name"} <= present:
            continue
        same = [(place, name) for place, name in free if _standard_of(name, side) == standard]
        places = [place for place, _ in same]
        if standard in names:
            if same:
                what = "{} of the file looks like it, too, and is ignored"
                tell("column_alike", standard, places, what)
        elif len(same) == 1:
            taken[standard] = same[0][1]
            what = f'read from {{}} of the file, "{taken[standard]}"'
            tell("column_taken", standard, places, what)
        elif same:
            what = "{} of the file may be it: none is read; name one in a column map"
            tell("column_doubtful", standard, places, what)
        elif alike := [place for place, name in free if standard in _alike(name)]:
            what = "{} of the file looks like it and is not read; name it in a column map"
            tell("column_doubtful", standard, alike, what)
    mapped = replace(columns, **{side: {**said, **taken}}) if taken else columns
    return mapped, tuple(findings)


def other_sheets(side: str, others: int) -> Iterator[Finding]:
    """What must be said of a workbook whose first sheet was read where others hold something."""
    if others:
        what = "further sheets hold something: the first alone is read; name one (--sheet)"
        yield Finding("sheets", side, "", others, 0, f"{others} {what}")


def _plain(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


def _standard_of(name: str, side: Side) -> str | None:
    """The standard column that a header names, if any."""
    plain = _plain(name)
    return IDS[side] if plain == _plain(IDS[side]) else _table()[0].get(plain)


def _alike(name: str) -> set[str]:
    """The standard columns that words inside a header name."""
    known, alike = _table()
    words = [word.lower() for word in _WORD.findall(name)]
    parts = (
        "".join(words[i : i + n]) for n in range(1, _MOST_WORDS + 1) for i in range(len(words))
    )
    return {known[part] for part in parts if part in alike}


@cache
def _table() -> tuple[dict[str, str], frozenset[str]]:
    """Synonym to standard column, and those that say it inside a longer name."""
    read = tomllib.loads((resources.files("matching") / "headers.toml").read_text("utf-8"))
    names: dict[str, str] = {
        word: std for std in STANDARD for word in (_plain(std), *read["names"][std].split())
    }
    return names, frozenset(read["words"]["alike"].split())
