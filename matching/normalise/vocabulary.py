"""One numbering of distinct texts for both sides: equality becomes the equality of integers."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.arrays import finish_hash, start_hash
from matching.arrow import Bools, Codes, Hashes, Ints, array, column, filled
from matching.native import compiled, renumber
from matching.normalise import names

MISSING = -1


@dataclass
class Vocabulary:
    """Texts by code. ``code`` adds a text that is new; the empty text is missing (-1)."""

    texts: list[str] = field(default_factory=list[str])
    known: dict[str, int] = field(default_factory=lambda: {"": MISSING})

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Vocabulary":
        """These texts, each once, with their places as codes."""
        made = cls()
        made.codes(texts)
        return made

    def code(self, text: str) -> int:
        """The code of a text."""
        known = self.known.get(text)
        if known is None:
            known = self.known[text] = len(self.texts)
            self.texts.append(text)
        return known

    def codes(self, texts: Iterable[str]) -> list[int]:
        """The codes of many texts, in order."""
        given, known = list(texts), self.known
        new = [text for text in dict.fromkeys(given) if text not in known]
        known.update(zip(new, range(len(self.texts), len(self.texts) + len(new)), strict=True))
        self.texts.extend(new)
        return [*map(known.__getitem__, given)]

    def lookup(self, text: str) -> int:
        """The code of a text, or -1 when it never occurred."""
        return self.known.get(text, MISSING)


@dataclass(frozen=True)
class Dictionary:
    """A column as indices into its distinct values."""

    indices: Codes  # -1: null or blank
    values: list[str]

    @classmethod
    def of(cls, values: pa.ChunkedArray) -> "Dictionary":
        """Number the distinct values of a column of text."""
        return cls.joined([values.dictionary_encode()], len(values))

    @classmethod
    def joined(cls, parts: list[pa.ChunkedArray], rows: int) -> "Dictionary":
        """Number the distinct values of parts of a column (each with a dictionary) in order of appearance; the list is emptied."""
        chunks = [chunk for part in parts for chunk in part.chunks]
        if not chunks:
            return cls(np.full(rows, MISSING, np.int32), [])
        parts.clear()  # of a large column its numbers are the most that there is: they are held once
        encoded = pa.chunked_array(chunks).unify_dictionaries().chunks
        chunks.clear()
        known = encoded[0].dictionary
        places, at = np.empty(rows, np.int32), 0
        while encoded:
            some = array(filled(encoded.pop(0).indices))
            places[at : at + len(some)] = some
            at += len(some)
        indices, here = by_appearance(places)
        del places
        given = known.take(column(here))
        values = [text or "" for text in given.to_pylist()]
        hollow = [*map(str.isspace, values)]
        if True in hollow or "" in values:
            blank = [i for i, text in enumerate(values) if hollow[i] or not text]
            table = np.arange(-1, len(values), dtype=np.int32)
            table[np.array(blank) + 1] = MISSING
            indices = table[indices + 1]
        return cls(indices, values)

    def coded(self, table: list[int], missing: int = MISSING) -> Codes:
        """For each row the number that ``table`` has for its value."""
        return np.array([*table, missing], np.int32).take(self.indices)


def by_appearance(indices: Codes) -> tuple[Codes, Codes]:
    """The same numbers (-1 stays) in the order in which they appear, and which they were.

    A file's own dictionary has its own order and may hold values that no row has.
    """
    if compiled() is not None:
        return renumber(indices)
    last = np.full(int(indices.max(initial=-1)) + 2, -1, np.int32)
    last[indices[::-1]] = np.arange(len(indices) - 1, -1, -1, dtype=np.int32)
    first = last[:-1]  # the last one is of -1
    here = np.flatnonzero(first >= 0)
    here = here[np.argsort(first[here])].astype(np.int32)
    table = np.full(len(last), MISSING, np.int32)
    table[here] = np.arange(len(here), dtype=np.int32)
    table[-1] = MISSING
    return table[indices], here


@dataclass(frozen=True)
class NameParts:
    """What is known of each name in a vocabulary, by its code.

    The last element of each array stands for the missing name (code -1 picks it).
    """

    root: Codes  # a code of the same vocabulary: the formal name
    initial: Codes  # code point of the first letter
    sound: Codes  # number of the sound key of its first word
    voice: Codes  # and of all its words as one
    head: Codes  # first part of a double name
    tail: Codes  # last part
    letters: (
        Hashes  # a number for its letters in any order; those of two names add up (modulo 2^64)
    )
    single: Bools  # only an initial
    foreign: Bools  # in other letters than Latin ones


def name_parts(vocabulary: Vocabulary, nicknames: names.Groups = ()) -> NameParts:
    """Work out the parts; adds roots (also of further ``nicknames``) and parts to the vocabulary where they are new."""
    formal, code, texts_ = names.roots(nicknames), vocabulary.code, vocabulary.texts
    several = [i for i, text in enumerate(texts_) if " " in text]
    words = [texts_[i].split(" ") for i in several]
    plain = names.SAYING_LITTLE.isdisjoint
    ends = [(w[0], w[-1]) if plain(w) else names.ends(w) for w in words]
    vocabulary.codes(chain.from_iterable(ends))
    nicknamed = [i for i, text in enumerate(texts_) if text in formal and " " not in text]
    roots = [code(formal[texts_[i]]) for i in nicknamed]
    latin = names.in_latin(texts_)
    spoken = several if latin is texts_ else [i for i, t in enumerate(latin) if " " in t]
    whole = (latin[i].replace(" ", "") for i in spoken)
    with ThreadPoolExecutor(1) as other:  # the library's work, beside Python's
        sounding = other.submit(names.sound_numbers, [*latin, *whole])
        root = np.arange(len(texts_) + 1, dtype=np.int32)
        root[-1] = MISSING
        head_, tail_ = root.copy(), root.copy()
        root[nicknamed] = roots
        if several:
            first, last = zip(*ends, strict=True)
            head_[several] = [*map(vocabulary.known.__getitem__, first)]
            tail_[several] = [*map(vocabulary.known.__getitem__, last)]
            root[several] = root[head_[several]]
        points, stops = _letters_of(latin)
        sizes = np.diff(stops, prepend=0)
        initial = np.append(points[stops - sizes].astype(np.int32), np.int32(MISSING))
        single = np.append(sizes == 1, False)
        foreign = np.zeros(len(texts_) + 1, np.bool_)
        if latin is not texts_:
            foreign[:-1] = [text is not t for text, t in zip(texts_, latin, strict=True)]
        letters = np.append(letter_numbers(texts_), np.uint64(0))
        keys = sounding.result()
    sound = np.append(keys[: len(texts_)], np.int32(MISSING))
    voice = sound.copy()
    voice[spoken] = keys[len(texts_) :]
    return NameParts(
        root, initial[head_], sound[head_], voice, head_, tail_, letters, single, foreign
    )


def letter_numbers(texts: list[str]) -> Hashes:
    """For each text a number of its letters without their order and without blanks: a sum over letters (modulo 2^64).

    Sums of random numbers: two different sets of letters of names have the same one with a chance of 2^-64.
    """
    points, ends = _letters_of(texts)
    numbers = finish_hash(start_hash(points.astype(np.int64)))
    numbers[points == ord(" ")] = 0
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(numbers, dtype=np.uint64)])
    return sums[ends] - sums[np.append(0, ends[:-1])]


def _letters_of(texts: list[str]) -> tuple[npt.NDArray[np.uint32], Ints]:
    """The code points of all texts one after the other, and where each text ends."""
    points = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32)
    return points, np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))


_USUAL = 0.1  # of the rows of the commonest spelling


def representatives(vocabulary: Vocabulary, columns: Sequence[Codes]) -> Codes | None:
    """For each code (from -1 on) the one that stands for it and all that differ by blanks alone (None: nothing to do).

    "sang woo" stands for "sangwoo": the text with most words, since its parts are known, among those that are usual
    in these columns. A slip of the pen is no spelling: neither "lui smiguel" nor "mar ia".
    """
    texts = vocabulary.texts
    apart = [i for i, text in enumerate(texts) if " " in text]
    if not apart:
        return None
    joined = "\n".join([texts[i] for i in apart]).replace(" ", "").split("\n")
    last, known = dict(zip(joined, apart, strict=True)), vocabulary.known
    spellings = {text: [known[text]] for text in last.keys() & known.keys()}
    if len(last) < len(joined):
        for i, text in zip(apart, joined, strict=True):
            if last[text] != i:
                spellings.setdefault(text, []).append(i)
    for text, codes in spellings.items():
        codes.append(last[text])
    table = np.arange(-1, len(texts), dtype=np.int32)
    if spellings:
        rows = np.zeros(len(texts), np.int64)
        for column in columns:
            rows += np.bincount(column + 1, minlength=len(texts) + 1)[1:]
        for codes in spellings.values():
            many = rows[codes].tolist()
            usual = [
                (-texts[i].count(" "), -n, texts[i], i)
                for i, n in zip(codes, many, strict=True)
                if n >= _USUAL * max(many)
            ]
            table[np.array(codes) + 1] = min(usual)[-1]
    return table
