"""Guards: pairs that a person must look at, however likely they are.

Weights are averages; a guard is a rule. A pair that says of itself that it may be two people (a full birth date years away,
junior against senior, brother and sister born on one day, another number) is never linked by itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from matching.arrow import Bools, Ints
from matching.comparison import NAMES, level

Levels = Sequence[Ints]


def _are(levels: Levels, field: str, *names: str) -> Bools:
    here = levels[NAMES.index(field)]
    return np.logical_or.reduce([here == level(field, name) for name in names])


def _number_agrees(levels: Levels) -> Bools:
    """A number of one person only: a telephone is a household's."""
    return (
        _are(levels, "ssn", "same", "one digit", "last four")
        | _are(levels, "licence", "same", "one character")
        | _are(levels, "exact", "same")
    )


def _birth(levels: Levels) -> Bools:
    """Other dates; or none on a side, and of the names one in another box beside an initial: who is Balaji's son may be K Balaji."""
    son = _are(levels, "birth", "missing") & _are(levels, "first", "part")
    son &= _are(levels, "last", "missing")
    return (_are(levels, "birth", "near year", "different") | son) & ~_number_agrees(levels)


def _suffix(levels: Levels) -> Bools:
    return _are(levels, "suffix", "different")


def _perhaps_junior(levels: Levels) -> Bools:
    """Junior and senior, or either on one side only, where no birth date tells a son from his father."""
    one = _are(levels, "suffix", "one side only") & _are(levels, "birth", "missing")
    return _suffix(levels) | (one & ~_number_agrees(levels))


def _sex(levels: Levels) -> Bools:
    """Brother and sister of one birth: Eric and Erica, also where the name that they share stands first (Arumugam Balaji, Arumugam Kavitha)."""
    surname = _are(levels, "last", "same", "close", "similar", "part")
    born = ~_are(levels, "birth", "missing", "near year", "different")
    agreeing = _are(levels, "sex", "other, name agrees")
    other = agreeing & ~_are(levels, "first", "same")
    turned = agreeing & _other_surname(levels) & ~_number_agrees(levels)
    return (((_are(levels, "sex", "other") | other) & surname) | turned) & born


def _one_birth(levels: Levels) -> Bools:
    born = _are(levels, "birth", "same", "day and month swapped", "one digit", "default day")
    return born & ~_number_agrees(levels)


def _one_home(levels: Levels) -> Bools:
    return _are(levels, "street", "same", "near") | _are(levels, "phone", "same")


def _twin(levels: Levels) -> Bools:
    """Another first or middle name (Maria Elena, Maria Rosa), and one surname, birth date and home: twins share what else there is, but for their own numbers."""
    surname = _are(levels, "last", "same", "close", "similar", "part")
    given = _are(levels, "first", "different") | _are(levels, "middle", "different")
    return given & surname & _one_home(levels) & _one_birth(levels)


def _perhaps_twin(levels: Levels) -> Bools:
    """A twin, also one who has moved: another first name beside one middle name (Thi Huong, Thi Nga); or whoever of a home shares one letter of the names (Karthik Kumar, K Prakash)."""
    surname = _are(levels, "last", "same", "close", "similar", "part")
    names = _are(levels, "first", "different") & _are(levels, "middle", "same")
    letter = _are(levels, "first", "initial") & _other_surname(levels)
    return _twin(levels) | (((surname & names) | (letter & _one_home(levels))) & _one_birth(levels))


def nameless(levels: Levels) -> Bools:
    """Of one birth date and home, and no name that both have agrees, where a name is missing: FNU Agus and Suharto LNU may be twins."""
    first, last = _are(levels, "first", "missing"), _are(levels, "last", "missing")
    none = (first & (last | _other_surname(levels))) | (last & _are(levels, "first", "different"))
    return none & _one_home(levels) & _one_birth(levels)


def _other_surname(levels: Levels) -> Bools:
    return _are(levels, "last", "different", "different, female")


def _number(levels: Levels) -> Bools:
    numbers = ("ssn", "licence", "exact")
    other = np.logical_or.reduce([_are(levels, name, "different") for name in numbers])
    return other & ~_number_agrees(levels) & ~_are(levels, "birth", "same")


def _names(levels: Levels) -> Bools:
    """Nothing but names and sex agree, however rare the names are."""
    return ~(
        _number_agrees(levels)
        | _are(levels, "phone", "same", "one digit")
        | _are(levels, "exact", "same, may change")
        | ~_are(levels, "birth", "missing", "near year", "different")
        | _are(levels, "street", "same", "near", "same street")
        | _are(levels, "place", "same ZIP", "same city")
    )


GUARDS: Final[dict[str, Callable[[Levels], Bools]]] = {
    "birth": _birth, "suffix": _perhaps_junior, "sex": _sex, "twin": _perhaps_twin, "number": _number, "names": _names,
}  # fmt: skip
"""birth: full birth dates more than a slip apart and no number agreeing (none on a side: where namesakes of one home are nearly as likely, or a name agrees in another box beside an initial);
suffix: junior and senior (either on one side only: where a birth date is missing, too); sex: another sex and
first name, and one surname and birth date, or another sex and last name, and one birth date; twin: another first or middle name, and one surname, birth date and home (another first name beside one middle
name: anywhere; similar first names: where both are usual), or of one home and birth date a letter of the names alone, a surname in another box alone, or no name at all; number: another social security or licence number, and neither a
number nor the birth date agreeing."""


_CONTRADICTIONS: Final = GUARDS | {"suffix": _suffix, "twin": _twin}


def guarded(names: Iterable[str], levels: Levels) -> Bools:
    """Which pairs (by their levels in each field) are never linked by themselves under these guards."""
    return _any_of(GUARDS, names, levels)


def contradicting(names: Iterable[str], levels: Levels) -> Bools:
    """Which pairs say of themselves, under these guards, that they are two people; of others a guard only asks."""
    return _any_of(_CONTRADICTIONS, names, levels)


def _any_of(
    guards: Mapping[str, Callable[[Levels], Bools]], names: Iterable[str], levels: Levels
) -> Bools:
    found = np.zeros(len(levels[0]), np.bool_)
    for name in names:
        found |= guards[name](levels)
    return found
