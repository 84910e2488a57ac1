"""Names: fold case, marks and punctuation away, find parts, suffixes, nicknames, sound keys.

Functions work on distinct values; the caller runs them over a dictionary, never over rows.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib import resources

import numpy as np

from matching.arrays import numbered
from matching.arrow import Codes, Small
from matching.native import NameLists, comparable_names, compiled, sound_keys

# Letters that Unicode does not decompose but that registers write as plain ones.
_PLAIN = str.maketrans({
    "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i",
})  # fmt: skip
_APOSTROPHES = dict.fromkeys(map(ord, "'.`\u2018\u2019\u00b4\u02bc"), None)
# Words of a name that say little by themselves: "De la Cruz" is a Cruz. Those that are also surnames (Le, Van) count where
# nothing stands before them.
PARTICLES = frozenset([
    "de", "del", "dela", "delos", "della", "da", "dos", "das", "las", "los", "von", "der", "den", "ter", "ten",
    "mc", "mac", "st", "saint", "san", "santa", "al", "el", "ul", "ur", "abu", "bin", "bint", "ben", "ibn",
    "o", "d", "l", "y", "e",
])  # fmt: skip
_JOINING = PARTICLES - {"mc", "mac", "st", "saint", "san", "santa", "o", "d", "l"} | {"la"}
ALSO_SURNAMES = frozenset(["la", "le", "du", "van", "di", "do"])
SAYING_LITTLE = PARTICLES | ALSO_SURNAMES
SUFFIXES = {
    "jr": "jr", "junior": "jr", "sr": "sr", "senior": "sr", "ii": "ii", "2nd": "ii", "2": "ii",
    "iii": "iii", "3rd": "iii", "3": "iii", "iv": "iv", "4th": "iv", "v": "v", "5th": "v",
}  # fmt: skip
IN_NAME = frozenset({"jr", "sr", "ii", "iii", "iv", "junior", "senior", "2nd", "3rd", "4th"})
_SUFFIX_ENDS = frozenset(c for word in IN_NAME for c in (word[-1], word[-1].upper()))
EMPTY = frozenset([
    "unknown", "unk", "none", "null", "na", "nan", "nmn", "nfn", "nln", "nmi", "noname", "blank",
    "missing", "refused", "x", "xx", "xxx", "fnu", "lnu", "mnu", "desconocido", "desconocida",
])  # fmt: skip
_DROPPED = b"'.`"
_LETTERS = bytes(c if chr(c).isalnum() and c < 128 else 32 for c in range(256)).lower()


# Written where a name should stand: relations, roles, forms of address. First names that people bear
# (Son, Man, Precious) are left alone, and so are, for surnames, those that are also surnames.
def _placeholders() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Placeholders for first names, for surnames, and the words that stand between them."""
    text = (resources.files("matching.normalise") / "placeholders.csv").read_text("utf-8")
    first, surnames, between = (frozenset(row[1:]) for row in csv.reader(text.splitlines()))
    return first, first - surnames, between


NO_FIRST_NAME, NO_LAST_NAME, BETWEEN = _placeholders()


# Beside other placeholders also those are such that alone are surnames ("baby boy").
_BESIDE = NO_FIRST_NAME | BETWEEN


def _says_nothing(words: list[str], placeholders: frozenset[str]) -> bool:
    """Whether a name is placeholders and the words between them ("female child", "don't know")."""
    if words and words[0] not in _BESIDE:
        return False
    if len(words) == 1:
        return words[0] in placeholders
    return all(word in _BESIDE for word in words)


def fold(text: str) -> str:
    """Lower-case letters and digits with single spaces: ``"O'Brien-PEÑA"`` → ``"obrien pena"``."""
    if text.isascii():
        return _fold_ascii(text.encode())
    text = unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN))
    if all(unicodedata.combining(c) for c in text if c > "\x7f"):  # as in "peña"
        return _fold_ascii(text.encode("ascii", "ignore"))
    text = "".join(c for c in text if not unicodedata.combining(c))
    text = text.lower().translate(_APOSTROPHES)
    return " ".join("".join(c if c.isalnum() else " " for c in text).split())


def _fold_ascii(text: bytes) -> str:
    return b" ".join(text.translate(_LETTERS, _DROPPED).split()).decode()


def in_latin(texts: list[str]) -> list[str]:
    """Comparable names whose letters are others than Latin ones as these sound ("иванов", "김"); all others as they are.

    By text-unidecode's tables: Cyrillic, Greek, Armenian, Arabic (without its vowels), Hangul, Han as in Mandarin.
    """
    if "".join(texts).isascii():
        return texts
    from text_unidecode import unidecode

    whole = (unicodedata.normalize("NFC", text) for text in texts)
    return [
        t if t.isascii() else fold(unidecode(w)) or t for t, w in zip(texts, whole, strict=True)
    ]


def first_name(text: str) -> str:
    """A comparable first or middle name; empty when it says "unknown"."""
    if text.isascii() and text.isalpha():
        word = text.lower()
        return "" if word in EMPTY or word in NO_FIRST_NAME else word
    folded = fold(text)
    if folded in EMPTY:
        return ""
    words = folded.split()
    while len(words) > 1 and words[-1] in IN_NAME:
        words.pop()
    return "" if _says_nothing(words, NO_FIRST_NAME) else " ".join(words)


def last_name(text: str) -> str:
    """A comparable surname: suffix off, particles and parts of a double name kept apart."""
    if text.isascii() and text.isalpha():
        word = text.lower()
        return "" if word in EMPTY or word in NO_LAST_NAME else word
    folded = fold(text)
    if folded in EMPTY:
        return ""
    words = folded.split()
    while len(words) > 1 and words[-1] in IN_NAME:
        words.pop()
    if _says_nothing(words, NO_LAST_NAME):
        return ""
    return " ".join(words)


def ends(words: list[str]) -> tuple[str, str]:
    """The first and the last word of a name that say whose it is: ``["de", "la", "cruz"]`` → cruz, cruz."""
    if SAYING_LITTLE.isdisjoint(words):
        return words[0], words[-1]
    head = next(
        (
            w
            for i, w in enumerate(words)
            if w not in PARTICLES and (not i or w not in ALSO_SURNAMES)
        ),
        words[-1],
    )
    tail = next((w for w in reversed(words) if w not in PARTICLES), words[-1])
    return head, tail


def distinctive(text: str) -> str:
    """A comparable name without words that many share: "de la Cruz" and "de la Rosa" are not alike for "de la"."""
    if " " not in text or _JOINING.isdisjoint(words := text.split(" ")):
        return text
    return " ".join(word for word in words if word not in _JOINING) or text


def suffix_in(text: str) -> str:
    """The generation suffix at the end of a name ("Smith, Jr."), or an empty text."""
    last = text[-1:]
    if last.isascii() and last.isalnum() and last not in _SUFFIX_ENDS:
        return ""
    words = fold(text).split()
    return SUFFIXES[words[-1]] if len(words) > 1 and words[-1] in IN_NAME else ""


def suffix(text: str) -> str:
    """A generation suffix in one spelling: jr sr ii iii iv v, or empty."""
    return SUFFIXES.get(fold(text).replace(" ", ""), "")


def sounds(words: list[str]) -> list[str]:
    """A key that names which sound alike share (simplified Soundex without its length limit), of many first words.

    First letter by sound class, then consonant classes without vowels and repeats, at most five. The words
    (no blank, none empty) are worked as one text.
    """
    whole = "\n" + "\n".join(words)  # each word begins after a line's end
    for old, new in _SPELLINGS:
        whole = whole.replace(old, new)
    codes = _INNER_VOWELS.sub("", _REPEATED.sub(r"\1", whole.translate(_CLASS)))
    return [code[:5] for code in codes.split("\n")[1:]] if words else []


_VOWEL = "a"  # stands for every vowel; it parts two equal consonants and is then dropped
_SPELLINGS = (
    ("ph", "f"), ("\ngh", "\nk"), ("gh", "h"), ("ck", "k"), ("sch", "s"), ("sh", "s"), ("tch", "k"), ("ch", "k"),
    ("zh", "k"), ("cz", "s"), ("kn", "n"), ("wr", "r"), ("dg", "j"), ("tz", "s"), ("ts", "s"), ("hs", "s"), ("qu", "k"),
    ("\nx", "\ns"), ("x", "ks"), ("ll", "l"),
)  # fmt: skip
_REPEATED = re.compile(r"(.)\1+")
_INNER_VOWELS = re.compile(rf"(?<=[^\n]){_VOWEL}")
_CLASS = str.maketrans(
    dict.fromkeys("aeiouyhw", _VOWEL) | {
    **dict.fromkeys("bp", "b"), **dict.fromkeys("fv", "f"), **dict.fromkeys("cgkqj", "k"),
    **dict.fromkeys("sz", "s"), **dict.fromkeys("dt", "d"), "l": "l", **dict.fromkeys("mn", "m"), "r": "r",
    }
)  # fmt: skip


Groups = tuple[tuple[str, ...], ...]


@cache
def nickname_groups(own: Groups = ()) -> Groups:
    """Groups of names used for one another, also the Department's ``own``; the first of a group is its root."""
    first_words = (((*fold(name).split(), "")[0] for name in group) for group in own)
    return (*_groups("nicknames.csv"), *(tuple(filter(None, group)) for group in first_words))


@cache
def _groups(file: str) -> Groups:
    text = (resources.files("matching.normalise") / file).read_text("utf-8")
    return tuple(tuple(row) for row in csv.reader(text.splitlines()))


@cache
def roots(own: Groups = ()) -> dict[str, str]:
    """The formal name of each nickname and of each formal name."""
    found: dict[str, str] = {}
    groups = [group for group in nickname_groups(own) if group]
    for group in groups:
        found.setdefault(group[0], group[0])
    for group in groups:
        for name in group:
            found.setdefault(name, group[0])
    return found


def root(name: str) -> str:
    """One formal name for a nickname (``bob`` → ``robert``); for blocks, where one is enough."""
    word = name.split(maxsplit=1)[0] if name else ""
    return roots().get(word, word)


def nickname_pairs(names: Iterable[str], own: Groups = ()) -> set[tuple[str, str]]:
    """Pairs (sorted) of the given names that stand in one nickname group."""
    return _pairs(list(names), nickname_groups(own))


def spelling_pairs(names: Iterable[str]) -> set[tuple[str, str]]:
    """Pairs (sorted) of the given surnames that are known as spellings of one in Latin letters ("Lee", "Rhee")."""
    return _pairs(list(names), spelt_surnames())


def known_given_names(own: Groups = ()) -> set[str]:
    """Western given names: those that stand in a nickname group, and usual ones that have no nickname."""
    return {
        name for group in (*nickname_groups(own), *_groups("given_names.csv")) for name in group
    }


def spelt_surnames() -> Groups:
    """Groups of spellings of one surname."""
    return _groups("spellings.csv")


def _pairs(names: list[str], groups: Groups) -> set[tuple[str, str]]:
    present, pairs, latin = set(names), set[tuple[str, str]](), in_latin(names)
    sounding = () if latin is names else zip(latin, names, strict=True)
    other = {sound: text for sound, text in sounding if sound != text}
    for group in groups:
        here = sorted(
            present.intersection(group) | {other[name] for name in group if name in other}
        )
        pairs.update((a, b) for i, a in enumerate(here) for b in here[i + 1 :])
    return pairs


# Many names at a time: the library reads the plain ones, what stands above the others, to the same end.


def first_names(values: list[str]) -> list[str]:
    """``first_name`` of each."""
    if compiled() is None:
        return [first_name(text) for text in values]
    made, _, odd = _comparable(values, _words(surname=False))
    for i in odd:
        made[i] = first_name(values[i])
    return made


def last_names(values: list[str]) -> tuple[list[str], list[str]]:
    """``last_name`` and ``suffix_in`` of each."""
    if compiled() is None:
        return [last_name(t) for t in values], [suffix_in(t) for t in values]
    words = _words(surname=True)
    made, ending, odd = _comparable(values, words)
    spelt = [*(SUFFIXES[word] for word in words.endings), ""]
    found = [spelt[place] for place in ending.tolist()]
    for i in odd:
        made[i], found[i] = last_name(values[i]), suffix_in(values[i])
    return made, found


def _comparable(values: list[str], words: NameLists) -> tuple[list[str], Small, list[int]]:
    """The library's names and endings; those that it leaves have their marks taken off ("peña") and are given again."""
    made, ending, odd = comparable_names(values, words)
    marked = odd.tolist()
    again, endings, left = comparable_names([fold(values[i]) for i in marked], words)
    for i, name in zip(marked, again, strict=True):
        made[i] = name
    ending[odd] = endings
    return made, ending, odd[left].tolist()


def sound_numbers(values: list[str]) -> Codes:
    """A number for the sound of each name, in the order of their first appearance."""
    if compiled() is None:
        known = dict[str, int]()
        keys = sounds([text.partition(" ")[0] for text in values])
        return np.array([known.setdefault(key, len(known)) for key in keys], np.int32)
    made = sound_keys(values)
    left, others = np.flatnonzero(made < 0).tolist(), dict[str, int]()
    for i, key in zip(left, sounds([values[i].partition(" ")[0] for i in left]), strict=True):
        as_library = int.from_bytes(key.encode(), "little")
        made[i] = as_library if key.isascii() else others.setdefault(key, -1 - len(others))
    return numbered(made)[0].astype(np.int32)


@cache
def _words(*, surname: bool) -> NameLists:
    placeholders = NO_LAST_NAME if surname else NO_FIRST_NAME
    return NameLists(EMPTY, placeholders, _BESIDE, IN_NAME)
