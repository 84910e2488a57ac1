"""Guards: pairs that a person must look at, however likely they are.

Weights are averages; a guard is a rule. A pair that says of itself that it may be two people (a full birth date years away,
junior against senior, brother and sister born on one day, another number) is never linked by itself.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import numpy as np

from matching.arrow import Bools
from matching.comparison import (
    Levels,
    are,
    number_agrees,
    one_birth,
    one_home,
    one_surname,
    other_surname,
)


def _birth(levels: Levels) -> Bools:
    return are(levels, "birth", "near year", "different") & ~number_agrees(levels)


def _perhaps_son(levels: Levels) -> Bools:
    """Other dates; or none on a side, and of the names one in another box beside an initial: who is Balaji's son may be K Balaji."""
    across = are(levels, "first", "part") & are(levels, "last", "missing")
    undated = are(levels, "birth", "missing") & across & ~number_agrees(levels)
    return _birth(levels) | undated


def _suffix(levels: Levels) -> Bools:
    return are(levels, "suffix", "different")


def _perhaps_junior(levels: Levels) -> Bools:
    """Junior and senior, or either on one side only, where no birth date tells a son from his father."""
    one = are(levels, "suffix", "one side only") & are(levels, "birth", "missing")
    return _suffix(levels) | (one & ~number_agrees(levels))


def _sex(levels: Levels) -> Bools:
    """Brother and sister of one birth: Eric and Erica."""
    agreeing = are(levels, "sex", "other, name agrees")
    other = are(levels, "sex", "other") | (agreeing & ~are(levels, "first", "same"))
    return other & one_surname(levels) & _born(levels)


def _perhaps_sister(levels: Levels) -> Bools:
    """Also where the name that they share stands first: Arumugam Balaji, Arumugam Kavitha."""
    turned = are(levels, "sex", "other, name agrees") & other_surname(levels) & _born(levels)
    return _sex(levels) | (turned & ~number_agrees(levels))


def _born(levels: Levels) -> Bools:
    return ~are(levels, "birth", "missing", "near year", "different")


def _one_birth(levels: Levels) -> Bools:
    return one_birth(levels) & ~number_agrees(levels)


def _twin(levels: Levels) -> Bools:
    """Another first or middle name (Maria Elena, Maria Rosa), and one surname, birth date and home: twins share what else there is, but for their own numbers."""
    given = are(levels, "first", "different") | are(levels, "middle", "different")
    return given & one_surname(levels) & one_home(levels) & _one_birth(levels)


def _perhaps_twin(levels: Levels) -> Bools:
    """A twin, also one who has moved: another first name beside one middle name (Thi Huong, Thi Nga); or whoever of a home shares one letter of the names (Karthik Kumar, K Prakash)."""
    names = one_surname(levels) & are(levels, "first", "different") & are(levels, "middle", "same")
    letter = other_surname(levels) & are(levels, "first", "initial") & one_home(levels)
    return _twin(levels) | ((names | letter) & _one_birth(levels))


def nameless(levels: Levels) -> Bools:
    """Of one birth date and home, and no name that both have agrees, where a name is missing: FNU Agus and Suharto LNU may be twins."""
    first, last = are(levels, "first", "missing"), are(levels, "last", "missing")
    none = (first & (last | other_surname(levels))) | (last & are(levels, "first", "different"))
    return none & one_home(levels) & _one_birth(levels)


def _number(levels: Levels) -> Bools:
    numbers = ("ssn", "licence", "exact")
    other = np.logical_or.reduce([are(levels, name, "different") for name in numbers])
    return other & ~number_agrees(levels) & ~are(levels, "birth", "same")


def _names(levels: Levels) -> Bools:
    """Nothing but names and sex agree, however rare the names are."""
    return ~(
        number_agrees(levels)
        | are(levels, "phone", "same", "one digit")
        | are(levels, "exact", "same, may change")
        | ~are(levels, "birth", "missing", "near year", "different")
        | are(levels, "street", "same", "near", "same street")
        | are(levels, "place", "same ZIP", "same city")
    )


GUARDS: Final[dict[str, Callable[[Levels], Bools]]] = {
    "birth": _perhaps_son, "suffix": _perhaps_junior, "sex": _perhaps_sister, "twin": _perhaps_twin, "number": _number, "names": _names,
}  # fmt: skip
"""birth: full birth dates more than a slip apart and no number agreeing (none on a side: where namesakes of one home are nearly as likely, or a name agrees in another box beside an initial);
suffix: junior and senior (either on one side only: where a birth date is missing, too); sex: another sex and
first name, and one surname and birth date, or another sex and last name, and one birth date; twin: another first or middle name, and one surname, birth date and home (another first name beside one middle
name: anywhere; similar first names: where both are usual), or of one home and birth date a letter of the names alone, a surname in another box alone, or no name at all; number: another social security or licence number, and neither a
number nor the birth date agreeing."""


_CONTRADICTIONS: Final = GUARDS | {"birth": _birth, "suffix": _suffix, "sex": _sex, "twin": _twin}


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
