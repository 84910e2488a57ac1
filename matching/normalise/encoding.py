"""Two tables of text into two sides of integer arrays, coded together.

Distinct texts are normalised once, and both sides get one numbering. What is kept of a row is a few integers.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final

import numpy as np
import pyarrow as pa

from matching.arrays import blank, in_threads, number_ids
from matching.arrow import EMPTY, Bools, Codes, Ints, Rows, pc
from matching.arrow import texts as made_texts
from matching.findings import Finding
from matching.normalise import addresses, names, numbers
from matching.normalise.dates import birth_dates
from matching.normalise.full_names import split_full_names
from matching.normalise.nobody import nobodys_of, without_nobodys
from matching.normalise.reading import (
    BATCH,
    NUMBER_TYPES,
    READERS,
    EncodingInput,
    batches_of,
    read_input,
    tallied,
)
from matching.normalise.side import Side
from matching.normalise.unread import Tally, says_something, unread_findings
from matching.normalise.vocabulary import (
    MISSING,
    Dictionary,
    NameParts,
    Vocabulary,
    name_parts,
    representatives,
)
from matching.options import LASTING
from matching.own_words import NO_WORDS, OwnWords
from matching.tables import STANDARD, check_texts

Normalise = Callable[[list[str]], Iterable[str]]
_SEXES = {"m": 1, "male": 1, "1": 1, "f": 2, "female": 2, "2": 2, "x": 3, "nonbinary": 3}
_SUFFIXES = {"jr": 1, "sr": 2, "ii": 3, "iii": 4, "iv": 5, "v": 6}


@dataclass(frozen=True)
class ReadAs:
    """What reading one table took from the table as a whole; read by it again, a row's codes are the same.

    Attributes:
        words: texts of names, streets and places by their codes.
        spelling: for each name (from -1 on) the one that stands for it (None: itself).
        nobodys: of ``nobodys_of``.
        padded: whether short numbers' last four digits got zeros back.
    """

    words: tuple[list[str], list[str], list[str]]
    spelling: Codes | None
    nobodys: Mapping[str, Sequence[int]]
    padded: bool

    def vocabularies(self) -> "_Words":
        """Vocabularies that begin with these texts."""
        return _Words(*map(Vocabulary.of, self.words))

    def spelling_of(self, words: Vocabulary) -> Codes | None:
        """For each name of a vocabulary that began with these the one that stands for it: new spellings follow the known."""
        known, texts = len(self.words[0]), words.texts
        table = np.arange(-1, len(texts), dtype=np.int32)
        if self.spelling is not None:
            table[: len(self.spelling)] = self.spelling
        joined = "\n".join(texts).replace(" ", "").split("\n")
        # of several the first
        stands = dict(zip(reversed(joined[:known]), table[known:0:-1].tolist(), strict=True))
        table[known + 1 :] = [stands.get(t, i) for i, t in enumerate(joined[known:], known)]
        return table


@dataclass(frozen=True)
class Encoded:
    """Both sides, the vocabularies behind their codes, and what did not parse."""

    cohort: Side
    records: Side
    names: Vocabulary
    parts: NameParts
    streets: Vocabulary
    places: Vocabulary
    columns: tuple[str, ...]  # standard columns that both sides have
    unparsable: dict[str, dict[str, int]]  # side → column → values
    nobodys: dict[str, dict[str, int]]  # side → column → rows whose value too many people share
    findings: tuple[Finding, ...] = ()  # of columns that are not read
    exact: tuple[str, ...] = ()  # the user's own columns, as ``LinkOptions.exact`` names them
    nicknames: tuple[tuple[str, ...], ...] = ()  # groups of the Department's own
    read_as: ReadAs | None = None  # of one table against itself
    bearers: Ints | None = None  # records of each first name, where an earlier table counts

    def in_other_letters(self, a: Rows, b: Rows) -> Bools:
        """Which pairs have a name in Latin letters on one side, and in others on the other."""
        foreign, sides = self.parts.foreign, ((self.cohort, a), (self.records, b))
        if not foreign.any():
            return np.zeros(len(a), np.bool_)
        mine, theirs = (foreign[s.first[rows]] | foreign[s.last[rows]] for s, rows in sides)
        return mine != theirs


def encode(
    cohort: pa.Table,
    records: pa.Table | None,
    threads: int | None = None,
    exact: tuple[str, ...] = (),
    own_words: OwnWords = NO_WORDS,
) -> Encoded:
    """Code both tables together; with ``records=None`` the cohort is both sides.

    Raises:
        BadTable: a standard column is not text.
    """
    check_texts(cohort, cohort if records is None else records)
    cohort = split_full_names(cohort)
    records = None if records is None else split_full_names(records)
    other = cohort if records is None else records
    both = common_columns(cohort.column_names, other.column_names)
    own = [name.removesuffix(LASTING) for name in exact]
    half = HalfEncoded.of(
        read_input(batches_of(cohort), both, (), threads, own), both, exact, own_words
    )
    if records is None:
        return half.alone()
    return half.against(read_input(batches_of(records), both, (), threads, own))


def encode_one(
    tables: Iterable[pa.Table],
    keep: Sequence[str],
    own_words: OwnWords = NO_WORDS,
    read_as: ReadAs | None = None,
    read: Callable[[EncodingInput], None] | None = None,
) -> tuple[pa.Table, Encoded]:
    """Code a table against itself, perhaps as an earlier one was read; and its columns ``keep``, where it has them.

    Args:
        tables: its rows in parts, at least one, all with the same columns; of none is more kept than integers.
        keep: columns to hand on as they are.
        own_words: placeholders and nicknames of the Department's own.
        read_as: how an earlier table was read.
        read: shown its rows before any text is normalised.

    Raises:
        BadTable: a standard column is not text.
    """
    parts = (split_full_names(table) for table in tables)
    first = next(parts)
    names = first.column_names
    parts, columns = chain([first], parts), common_columns(names, names)
    del first

    def batches() -> Iterator[pa.Table]:
        for table in parts:
            check_texts(table)
            yield from batches_of(table)

    given = read_input(batches(), columns, [name for name in keep if name in names], None)
    if read is not None:
        read(given)
    half = HalfEncoded.of(given, columns, (), own_words, read_as)
    return given.as_given, half.alone()


def unread_columns(cohort: Iterable[pa.Table]) -> tuple[Finding, ...]:
    """What a linkage will not read of a cohort with standard columns, all text; part by part, at least one."""
    parts = map(split_full_names, cohort)
    first = next(parts)
    columns = tuple(name for name in STANDARD if name in first.column_names)
    half = HalfEncoded.of(read_input(chain([first], parts), columns, (), None), columns)
    return tuple(unread_findings("cohort", half.tallies))


def common_columns(cohort: Sequence[str], records: Sequence[str]) -> tuple[str, ...]:
    """The standard columns that both sides have."""
    return tuple(c for c in STANDARD if c in cohort and c in records)


def namesakes_alike(columns: Collection[str]) -> bool:
    """Whether nothing in these columns tells two people of one name and home apart."""
    return not {"birth_date", "ssn", "driver_license"} & set(columns)


def encode_alone(
    cohort: EncodingInput, columns: tuple[str, ...], own: OwnWords = NO_WORDS
) -> Encoded:
    """Code one side to be compared with itself as it is: a name that a third of its rows have is what is looked for."""
    return HalfEncoded.of(cohort, columns, own_words=own).alone(clean=False)


@dataclass(frozen=True)
class _Words:
    names: Vocabulary = field(default_factory=Vocabulary)
    streets: Vocabulary = field(default_factory=Vocabulary)
    places: Vocabulary = field(default_factory=Vocabulary)


@dataclass(frozen=True)
class HalfEncoded:
    """A linkage whose cohort is normalised; its records may still be read meanwhile."""

    cohort: Side
    words: _Words
    columns: tuple[str, ...]
    tallies: dict[str, Tally]
    exact: tuple[str, ...]
    own: dict[str, pa.ChunkedArray]
    own_words: OwnWords
    read_as: ReadAs | None = None

    @classmethod
    def of(
        cls,
        cohort: EncodingInput,
        columns: tuple[str, ...],
        exact: tuple[str, ...] = (),
        own_words: OwnWords = NO_WORDS,
        read_as: ReadAs | None = None,
    ) -> "HalfEncoded":
        """Normalise the cohort's distinct texts."""
        words, tallies = read_as.vocabularies() if read_as else _Words(), dict[str, Tally]()
        padded = read_as.padded if read_as else None
        side = _side(cohort, words, tallies, own_words, padded)
        return cls(side, words, columns, tallies, exact, cohort.exact, own_words, read_as)

    def alone(self, *, clean: bool = True) -> Encoded:
        """The cohort against itself; ``clean`` takes out values that are nobody's."""
        return self.with_records(self.cohort, {}, clean=clean)

    def against(self, records: EncodingInput) -> Encoded:
        """Normalise the records' distinct texts, coded as the cohort's."""
        tallies = dict[str, Tally]()
        both = [_numbered_together(own, records.exact[name]) for name, own in self.own.items()]
        mine = replace(self.cohort, exact=tuple(codes for codes, _ in both))
        right = _side(records, self.words, tallies, self.own_words)
        right = replace(right, exact=tuple(codes for _, codes in both))
        return replace(self, cohort=mine).with_records(right, tallies)

    def with_records(
        self, right: Side, tallies: dict[str, Tally], *, clean: bool = True
    ) -> Encoded:
        """Both sides with names in one spelling and without what is nobody's."""
        words, sides = self.words, {"cohort": self.tallies, "records": tallies}
        given = [self.cohort] if right is self.cohort else [self.cohort, right]
        as_before = self.read_as
        spelling = (
            as_before.spelling_of(words.names) if as_before else _one_spelling(given, words.names)
        )
        spelt = [_spelt(side, spelling) for side in given]

        def find_nobodys() -> list[Mapping[str, Sequence[int]]]:
            return [as_before.nobodys if as_before else nobodys_of(s) for s in spelt if clean]

        with ThreadPoolExecutor(1) as other:  # numpy's work, beside Python's
            finding = other.submit(find_nobodys)
            parts = name_parts(words.names, self.own_words.nicknames)
            nobodys = finding.result()
        cleaned = (
            [without_nobodys(s, n, tuple(self.own)) for s, n in zip(spelt, nobodys, strict=True)]
            if clean
            else [(s, dict[str, int]()) for s in spelt]
        )
        made = [*in_threads(lambda of: _with_whole_name(of[0], parts), cleaned, None)]
        left, right = made[0], made[-1]
        return Encoded(
            left,
            right,
            words.names,
            parts,
            words.streets,
            words.places,
            self.columns,
            {
                side: {name: tally.lost for name, tally in sorted(of.items()) if tally.lost}
                for side, of in sides.items()
            },
            {"cohort": cleaned[0][1], "records": cleaned[-1][1]},
            tuple(one for side, of in sides.items() for one in unread_findings(side, of)),
            self.exact,
            self.own_words.nicknames,
            as_before
            or (self._read_as(spelling, nobodys[0]) if len(given) == 1 and clean else None),
        )

    def _read_as(self, spelling: Codes | None, nobodys: Mapping[str, Sequence[int]]) -> ReadAs:
        words, ssn = self.words, self.tallies.get("ssn", Tally())
        texts = (words.names.texts, words.streets.texts, words.places.texts)
        return ReadAs(texts, spelling, nobodys, ssn.padded > 0)


def _numbered_together(mine: pa.ChunkedArray, theirs: pa.ChunkedArray) -> tuple[Codes, Codes]:
    """Numbers of two columns' texts, equal where these are; nothing is missing."""
    text = pc.fill_null(pa.chunked_array([*mine.chunks, *theirs.chunks], pa.string()), EMPTY)
    codes = np.where(blank(text), np.int32(MISSING), number_ids(text)[0])
    return codes[: len(mine)], codes[len(mine) :]


def _side(
    given: EncodingInput,
    words: _Words,
    tallies: dict[str, Tally],
    own_words: OwnWords,
    padded: bool | None = None,
) -> Side:
    """The texts of a side give way to their codes, one column after the other.

    ``padded``: whether short numbers' last four digits get zeros back (None: as this side looks).
    """
    tallies |= tallied(given, padded)
    if own_words.placeholders:
        _leave_out(given, own_words.placeholders)

    def count(name: str, values: Dictionary, table: list[int], missing: int) -> None:
        many, lost, told = int(np.count_nonzero(values.indices >= 0)), 0, 0
        if missing in table:
            rows = np.bincount(values.indices + 1, minlength=len(table) + 1)[1:]
            bad = [i for i, code in enumerate(table) if code == missing]
            meant = [i for i in bad if says_something(values.values[i])]
            lost, told = int(rows[bad].sum()), int(rows[meant].sum())
        tallies[name] = Tally(many, lost, told)

    def encode_text(
        name: str, how: Normalise, vocabulary: Vocabulary, *, count_lost: bool = True
    ) -> Codes:
        values = given.texts.pop(name)
        table = vocabulary.codes(how(values.values))
        if count_lost:
            count(name, values, table, MISSING)
        return values.coded(table)

    def encode_number(name: str, how: Callable[[list[str]], list[int]]) -> Codes:
        values = given.texts.pop(name)
        table = how(values.values)
        count(name, values, table, 0)
        return values.coded(table, 0)

    last_name = given.texts["last_name"]
    surnames, endings = names.last_names(last_name.values)
    last = encode_text("last_name", lambda _: surnames, words.names)
    first = encode_text("first_name", names.first_names, words.names)
    middle = encode_text("middle_name", names.first_names, words.names)
    own = encode_number("name_suffix", _suffixes)
    inside = last_name.coded([_SUFFIXES.get(ending, 0) for ending in endings], 0)
    suffix = np.where(own > 0, own, inside).astype(np.int8)
    doe, johns = words.names.lookup("doe"), [words.names.lookup(n) for n in ("john", "jane")]
    if doe != MISSING:  # nobody's name only together
        nobody = (last == doe) & np.isin(first, johns) & (first != MISSING)
        first, last = (np.where(nobody, np.int32(MISSING), codes) for codes in (first, last))
        for name in ("first_name", "last_name") if nobody.any() else ():
            was = tallies[name]
            tallies[name] = replace(was, lost=was.lost + int(nobody.sum()))
    numbers = given.numbers
    return Side(
        rows=given.rows,
        first=first,
        middle=middle,
        last=last,
        suffix=suffix,
        birth=encode_number("birth_date", birth_dates),
        sex=encode_number("sex", _sexes).astype(np.int8),
        ssn=numbers["ssn"],
        ssn4=numbers["ssn4"],
        licence=numbers["driver_license"],
        phone=numbers["phone"],
        house=numbers["house"],
        street=encode_text("street", _streets, words.streets, count_lost=False),
        city=encode_text("city", _places, words.places),
        zip=numbers["zip"],
        county=encode_text("county", _places, words.places),
        whole=np.full(given.rows, MISSING, np.int32),
    )


def _leave_out(given: EncodingInput, placeholders: Sequence[str]) -> None:
    """Values that say nothing in the Department's own words become missing."""
    nothing = frozenset(map(names.fold, placeholders))
    dates = frozenset(birth_dates(list(placeholders))) - {0}
    for name, column in given.texts.items():
        kept = ["" if names.fold(text) in nothing else text for text in column.values]
        if name == "birth_date" and dates:
            kept = [
                t if d not in dates else "" for t, d in zip(kept, birth_dates(kept), strict=True)
            ]
        places = [MISSING if not text else place for place, text in enumerate(kept)]
        given.texts[name] = Dictionary(column.coded(places), kept)
    written = pa.chunked_array([made_texts(list(placeholders))])
    whole, _ = numbers.social_security(written)
    codes = {name: how(written) for name, how in READERS.items()} | {"ssn": whole}
    for name, said in codes.items():
        gone = np.isin(given.numbers[name], said[said >= 0])
        for part in (name, "ssn4") if name == "ssn" else (name,):
            given.numbers[part] = np.where(gone, MISSING, given.numbers[part]).astype(
                NUMBER_TYPES.get(part, np.int64)
            )


_BOXES: Final = ("first", "middle", "last")


def _one_spelling(sides: list[Side], words: Vocabulary) -> Codes | None:
    """The one code of names that differ by blanks alone."""
    return representatives(words, [getattr(side, box) for side in sides for box in _BOXES])


def _spelt(side: Side, table: Codes | None) -> Side:
    if table is None:
        return side
    return replace(side, **{box: table[getattr(side, box) + 1] for box in _BOXES})


def _with_whole_name(side: Side, parts: NameParts) -> Side:
    """All names of a row as one number: their letters, whatever their order; missing where there is one word."""
    words = np.append(1 + (parts.head[:-1] != parts.tail[:-1]), 0).astype(np.int8)
    whole = np.empty(side.rows, np.int32)
    for begin in range(0, side.rows, BATCH):
        some = side.cut(begin, begin + BATCH)
        count, letters = np.zeros(some.rows, np.int8), np.zeros(some.rows, np.uint64)
        for box in (some.first, some.middle, some.last):
            count += words[box]
            letters += parts.letters[box]
        folded = ((letters ^ letters >> np.uint64(32)) & np.uint64(0x7FFFFFFF)).astype(np.int32)
        whole[begin : begin + BATCH] = np.where(count > 1, folded, np.int32(MISSING))
    return replace(side, whole=whole)


def _suffixes(texts: list[str]) -> list[int]:
    return [_SUFFIXES.get(names.suffix(text), 0) for text in texts]


def _sexes(texts: list[str]) -> list[int]:
    return [_SEXES.get(names.fold(text), 0) for text in texts]


def _streets(texts: list[str]) -> Iterable[str]:
    return map(addresses.street_name, texts)


def _places(texts: list[str]) -> Iterable[str]:
    return map(addresses.place_name, texts)
