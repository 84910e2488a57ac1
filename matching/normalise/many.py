"""Many names or dates at a time: the library reads the plain ones, ``names.py`` and ``dates.py`` the others, to the same end."""

from functools import cache

import numpy as np
import numpy.typing as npt

from matching.arrays import numbered
from matching.native import NameLists, comparable_names, compiled, read_iso_dates, sound_keys
from matching.normalise import dates, names

Codes = npt.NDArray[np.int32]


def first_names(values: list[str]) -> list[str]:
    """``names.first_name`` of each."""
    if compiled() is None:
        return [names.first_name(text) for text in values]
    made, _, odd = _comparable(values, _words(surname=False))
    for i in odd:
        made[i] = names.first_name(values[i])
    return made


def last_names(values: list[str]) -> tuple[list[str], list[str]]:
    """``names.last_name`` and ``names.suffix_in`` of each."""
    if compiled() is None:
        return [names.last_name(t) for t in values], [names.suffix_in(t) for t in values]
    words = _words(surname=True)
    made, ending, odd = _comparable(values, words)
    spelt = [*(names.SUFFIXES[word] for word in words.endings), ""]
    found = [spelt[place] for place in ending.tolist()]
    for i in odd:
        made[i], found[i] = names.last_name(values[i]), names.suffix_in(values[i])
    return made, found


def _comparable(
    values: list[str], words: NameLists
) -> tuple[list[str], npt.NDArray[np.int8], list[int]]:
    """The library's names and endings; those that it leaves have their marks taken off ("peña") and are given again."""
    made, ending, odd = comparable_names(values, words)
    marked = odd.tolist()
    again, endings, left = comparable_names([names.fold(values[i]) for i in marked], words)
    for i, name in zip(marked, again, strict=True):
        made[i] = name
    ending[odd] = endings
    return made, ending, odd[left].tolist()


def birth_dates(values: list[str]) -> list[int]:
    """``dates.birth_date`` of each value of a column."""
    if compiled() is None:
        day_first = dates.day_first(values)
        return [dates.birth_date(text, day_first) for text in values]
    made = read_iso_dates(values).tolist()
    others = [i for i, date in enumerate(made) if date < 0]
    day_first = dates.day_first(values[i] for i in others)  # the year comes first in all others
    for i in others:
        made[i] = dates.birth_date(values[i], day_first)
    return made


def sound_numbers(values: list[str]) -> Codes:
    """A number for the sound of each name, in the order of their first appearance."""
    if compiled() is None:
        known, codes = dict[str, int](), list[int]()
        for sound in names.sounds([text.partition(" ")[0] for text in values]):
            codes.append(known.setdefault(sound, len(known)))
        return np.array(codes, np.int32)
    made = sound_keys(values)
    others = dict[str, int]()
    for i in np.flatnonzero(made < 0).tolist():
        sound = names.sound(values[i])
        plain = sound.isascii()
        made[i] = _as_number(sound) if plain else others.setdefault(sound, -1 - len(others))
    return numbered(made)[0].astype(np.int32)


def _as_number(sound: str) -> int:
    """As the library writes it."""
    return int.from_bytes(sound.encode(), "little")


@cache
def _words(*, surname: bool) -> NameLists:
    placeholders = names.NO_LAST_NAME if surname else names.NO_FIRST_NAME
    particles = names.PARTICLES if surname else frozenset[str]()
    return NameLists(names.EMPTY, placeholders, names.BETWEEN, names.IN_NAME, particles)
