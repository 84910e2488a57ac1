"""What the levels of a dimension stand for: sets of atoms, the same for every table.

An atom is what no publication cuts further: a code, a single age, a county, a day. Suppressor and audit
both ask here which atoms a label means, and nothing else: what follows from sets that overlap, each
works out by itself. No count is read here.
"""

import csv
import io
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

from extracts.suppression.errors import BadCodebookError, BadHierarchyError
from systems import bounded

_BIGGEST = 16 << 20  # bytes of a codebook: some hundred thousand lines

Atoms = frozenset[str]
TOTAL = "TOTAL"
_MOST = 100_000  # atoms of one level: more than the days of two centuries
_IN_ALL = 2_000_000  # atoms of all lines together
_DIGITS = 9  # of a number that bounds atoms
_LONGEST_NUMBER = 18  # digits; a longer name is a text
_DEEPEST = 100  # levels above one another: each level of a chain is looked at from each below


@dataclass(frozen=True)
class Codebook:
    """Levels and their atoms; what it does not name is an atom itself.

    Attributes:
        levels: for each dimension, level to atoms.
        shared: dimension to the dimension whose atoms it groups (``age_group`` to ``age_band``).
        totals: for each dimension, levels that are its margin.
    """

    levels: Mapping[str, Mapping[str, Atoms]] = field(
        default_factory=dict[str, Mapping[str, Atoms]]
    )
    shared: Mapping[str, str] = field(default_factory=dict[str, str])
    totals: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])

    def axis(self, dimension: str) -> str:
        """The dimension whose atoms a dimension groups: itself, unless it shares another's."""
        return self.shared.get(dimension, dimension)

    def describes(self, dimension: str) -> bool:
        """Whether any level of a dimension, or of the one whose atoms it shares, is named."""
        return bool(self.levels.get(dimension) or self.levels.get(self.axis(dimension)))

    def known(self, dimension: str, level: str) -> Atoms | None:
        """The atoms of a level that is named, or is an atom of a level that is."""
        for name in (dimension, self.axis(dimension)):
            if found := self.levels.get(name, {}).get(level):
                return found
        own = frozenset((level,))
        every = self.levels.get(self.axis(dimension), {}).values()
        return own if any(level in atoms for atoms in every) else None

    def atoms(self, dimension: str, level: str) -> Atoms:
        """The atoms of a level."""
        return self.known(dimension, level) or frozenset((level,))

    def with_groups(
        self, parents: Mapping[str, Mapping[str, str]], labels: Mapping[str, Iterable[str]]
    ) -> "Codebook":
        """The same with the parents of hierarchies as sets of those descendants that some table has."""
        levels = {name: dict(found) for name, found in self.levels.items()}
        for name, parent in parents.items():
            own = levels.setdefault(name, {})
            groups: dict[str, set[str]] = {}
            for level in set(labels.get(name, ())) - set(parent.values()):
                for above in ancestors(level, parent):
                    groups.setdefault(above, set()).update(self.atoms(name, level))
            for group, atoms in groups.items():
                own.setdefault(group, frozenset(atoms))
        return replace(self, levels=levels)


def ancestors(level: str, parent: Mapping[str, str]) -> list[str]:
    """What a level lies in, nearest first.

    Raises:
        BadHierarchyError: a level lies in itself, or in too many.
    """
    found: list[str] = []
    while (above := parent.get(level)) is not None and above != TOTAL:
        if above in found or len(found) > len(parent):
            raise BadHierarchyError(loops=1)
        if len(found) >= _DEEPEST:
            raise BadHierarchyError(levels_at_most=_DEEPEST)
        found.append(above)
        level = above
    return found


def _in_order(atom: str) -> tuple[bool, int, str]:
    """Numbers by what they are, then words; whether it is a word, the number or 0, the atom."""
    whole = atom.isdecimal() and len(atom) <= _LONGEST_NUMBER
    return not whole, int(atom) if whole else 0, atom


def name_of(atoms: Atoms, taken: Iterable[str]) -> str:
    """How a set that no table lists is called: ``[18-19]``; never like a level that is taken."""
    runs: list[list[str]] = []
    before = None
    for word, number, atom in sorted(map(_in_order, atoms)):
        if before is not None and not word and number == before + 1:
            runs[-1].append(atom)
        else:
            runs.append([atom])
        before = None if word else number
    name = f"[{', '.join(r[0] if len(r) == 1 else f'{r[0]}-{r[-1]}' for r in runs)}]"
    others = set(taken)
    while name in others:
        name = f"[{name}]"
    return name


# --- the file


def read_codebook(path: Path) -> Codebook:
    """Read a codebook: CSV with dimension, level, atoms; or TOML with a table for each dimension.

    ``atoms`` is ``0..17``, ``18..`` (without end), ``2024-01-01..2024-03-31``, names with a semicolon
    between them, or ``*`` for a level that is the margin; several lines of a level add up. A line without a level
    says whose atoms a dimension groups.

    Raises:
        BadCodebookError: with the line.
    """
    lines: list[tuple[int, str, str, str]] = []
    try:
        content = bounded.read_at_most(path, _BIGGEST)
        if content is None:
            raise BadCodebookError(bytes_at_most=_BIGGEST)
        if path.suffix.lower() == ".toml":
            found = bounded.toml(content.decode()).items()
            pairs = [
                (name, level, atoms)
                for name, levels in found
                for level, atoms in (levels.items() if isinstance(levels, dict) else [("", levels)])
            ]
            lines = [
                (i, name, level, str(atoms)) for i, (name, level, atoms) in enumerate(pairs, 1)
            ]
        else:
            text = io.StringIO(content.decode("utf-8-sig"), newline="")
            rows = csv.DictReader(text, strict=True)
            if {"dimension", "level", "atoms"} - set(rows.fieldnames or ()):
                raise BadCodebookError(missing_columns=1)
            lines = [
                (i, r["dimension"] or "", r["level"] or "", r["atoms"] or "")
                for i, r in enumerate(rows, 1)
            ]
    except (OSError, UnicodeError, csv.Error, tomllib.TOMLDecodeError):
        raise BadCodebookError(readable=0) from None
    return _codebook(lines)


def _codebook(lines: list[tuple[int, str, str, str]]) -> Codebook:
    levels: dict[str, dict[str, set[str]]] = {}
    expanded = 0
    shared: dict[str, str] = {}
    totals: dict[str, frozenset[str]] = {}
    last: dict[str, int] = {}
    for _, name, _, atoms in lines:
        numbers = [int(n) for n in re.findall(r"(?<![\w-])\d{1,6}(?![\w-])", atoms)]
        last[name] = max([last.get(name, 0), *numbers])
    for line, name, level, atoms in lines:
        if not name or not atoms.strip():
            raise BadCodebookError(line=line)
        if not level:
            shared[name] = atoms.strip()
        elif atoms.strip() == "*":
            totals[name] = totals.get(name, frozenset()) | {level}
        else:
            own = levels.setdefault(name, {}).setdefault(level, set())
            for atom in _expanded(atoms, last[name], line):
                own.add(atom)
                expanded += 1
                if expanded > _IN_ALL:
                    raise BadCodebookError(line=line, atoms_at_most=_IN_ALL)
    if any(other in shared for other in shared.values()):
        raise BadCodebookError(shared_twice=1)
    frozen = {n: {k: frozenset(v) for k, v in own.items()} for n, own in levels.items()}
    return Codebook(frozen, shared, totals)


def _expanded(text: str, last: int, line: int) -> Iterator[str]:
    for part in (p.strip() for p in text.split(";")):
        first, dots, end = (p.strip() for p in part.partition(".."))
        if not part:
            raise BadCodebookError(line=line)
        if not dots:
            yield part
        elif first.isdecimal() and (not end or end.isdecimal()):
            if max(len(first), len(end)) > _DIGITS:
                raise BadCodebookError(line=line)
            stop = int(end) if end else max(last, int(first))
            if not int(first) <= stop <= int(first) + _MOST:
                raise BadCodebookError(line=line)
            yield from map(str, range(int(first), stop + 1))
            if not end:
                yield f"over {last}"
        else:
            try:
                day, stop_day = date.fromisoformat(first), date.fromisoformat(end)
            except ValueError:
                raise BadCodebookError(line=line) from None
            if not 0 <= (stop_day - day).days <= _MOST:
                raise BadCodebookError(line=line)
            yield from (str(day + timedelta(n)) for n in range((stop_day - day).days + 1))


# --- levels that look like ranges

Span = tuple[str, int, int]  # ages in months or days of the calendar; first and last
_END = 10**6
_UNIT = r"\s*(?P<{}>years?|yrs?|y|months?|mos?)?\.?(?:\s+(?:old|of age))?"
_TO = r"\s*(?:-|\u2010|\u2011|\u2013|\u2014|to|through)\s*"
_BAND = re.compile(rf"(\d{{1,3}}){_UNIT.format('a')}{_TO}(\d{{1,3}}){_UNIT.format('b')}")
_OVER = re.compile(
    rf"(?:(?P<over>>|over|above)\s*|(?:>=|\u2265)\s*)(?P<n>\d{{1,3}}){_UNIT.format('a')}"
    rf"|(?P<m>\d{{1,3}}){_UNIT.format('b')}\s*(?:\+|(?:and|or|&)\s+(?:over|older|above|up|more))"
)
_UNDER = re.compile(
    rf"(?:(?P<least><=|\u2264|up to)|<|under|below|less than|younger than)\s*(\d{{1,3}}){_UNIT.format('a')}"
)
_ONE = re.compile(rf"(\d{{1,3}}){_UNIT.format('a')}")
_CALENDAR = re.compile(r"((?:19|20)\d{2})(?:-(0[1-9]|1[0-2]))?(?:-(\d{2}))?")


def span(label: str) -> Span | None:
    """What a label reads like: an age, a band of ages, a year, month, day or some years; None for all else."""
    text = label.strip().casefold()
    if found := _CALENDAR.fullmatch(text):
        return _days(found)
    halves = re.split(_TO, text)
    if len(halves) == 2 and (both := [_CALENDAR.fullmatch(h) for h in halves]) and all(both):
        first, last = (_days(h) for h in both if h)
        return (first[0], first[1], last[2]) if first and last else None
    if found := _BAND.fullmatch(text):
        unit = found["b"] or found["a"]
        return "age", _months(found[1], found["a"] or unit), _months(found[3], unit, last=True)
    if found := _OVER.fullmatch(text):
        least, unit = found["n"] or found["m"], found["a"] or found["b"]
        return "age", _months(least, unit, last=bool(found["over"])) + bool(found["over"]), _END
    if found := _UNDER.fullmatch(text):
        upto = bool(found["least"])
        return "age", 0, _months(found[2], found["a"], last=upto) - (not upto)
    if found := _ONE.fullmatch(text):
        return "age", _months(found[1], found["a"]), _months(found[1], found["a"], last=True)
    return None


def _months(number: str, unit: str | None, *, last: bool = False) -> int:
    if unit and unit.startswith("m"):
        return int(number)
    return 12 * int(number) + 11 * last


def _days(found: re.Match[str]) -> Span | None:
    year, month, day = found.groups()
    try:
        if day:
            at = date(int(year), int(month), int(day)).toordinal() if month else 0
            return ("day", at, at) if at else None
        first = date(int(year), int(month or 1), 1)
        following = (first.replace(day=28) + timedelta(4)).replace(day=1)
        end = following if month else date(int(year) + 1, 1, 1)
        return "day", first.toordinal(), end.toordinal() - 1
    except ValueError:
        return None
