"""How people are written down: with nicknames, typing errors, old addresses, swapped dates, gaps.

`recorded` gives the standard columns of one record for each person asked for, as offices write
them, in capitals. How often each trait occurs is a `Noise`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from synthetic.people import names
from synthetic.people.population import NONE, SUFFIXES, Population

NO_DAY = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Noise:
    """Shares of records with each trait."""

    typo: float = 0.01  # of each name
    nickname: float = 0.03
    spelling: float = 0.04
    swapped: float = 0.003  # first and last name
    initial: float = 0.003  # of the first name
    surname_style: float = 0.5  # of double surnames that are not written whole
    maiden: float = 0.08  # of changed surnames that the old one is still written for
    middle_missing: float = 0.35
    middle_initial: float = 0.3
    suffix_missing: float = 0.4
    birth_missing: float = 0.02
    birth_swapped: float = 0.007
    birth_january: float = 0.007
    birth_digit: float = 0.008
    sex_missing: float = 0.005
    sex_wrong: float = 0.003
    ssn: float = 0.35  # recorded at all
    ssn_typo: float = 0.015
    license: float = 0.45
    license_typo: float = 0.015
    address_missing: float = 0.12
    street_typo: float = 0.015
    street_style: float = 0.4
    stale: float = 0.08  # the address before
    phone: float = 0.3


RESPONDENT = Noise()
OTHER_PARTY = replace(RESPONDENT, ssn=0.06, license=0.12, address_missing=0.25, birth_missing=0.10)
COHORTS = {level: Noise(**traits) for level, traits in names.shares("cohorts").items()}


def recorded(
    rng: Generator, people: Population, who: names.Ints, days: names.Ints, noise: Noise
) -> dict[str, np.ndarray]:
    """Write down one record for each person.

    Args:
        rng: source of chance.
        people: the truth.
        who: numbers of persons, repeats allowed.
        days: the day on which each is written down.
        noise: how often what goes wrong.

    Returns:
        The standard columns as arrays of strings with None where missing, ``birth_day`` (days since
        1970-01-01, `NO_DAY` where missing) in place of the birth date, and ``birth_name``: the name
        before marriage where another is in use.
    """
    first, last, birth_name = _names(rng, people, who, days, noise)
    number = _number(rng, people, who, noise)
    return {
        "first_name": first,
        "middle_name": _middle(rng, people, who, noise),
        "last_name": last,
        "birth_name": birth_name,
        "name_suffix": _suffix(rng, people, who, noise),
        "birth_day": _birth(rng, people.birth[who], days, noise),
        "sex": _sex(rng, people, who, noise),
        **number,
        **_address(rng, people, who, days, noise),
    }


def _names(
    rng: Generator, people: Population, who: names.Ints, days: names.Ints, noise: Noise
) -> tuple[names.Strings, names.Strings, names.Strings]:
    known, size = names.known_names(), len(who)
    first = known.texts[people.first[who]].copy()
    last = known.texts[people.last[who]].copy()
    second, style = people.second[who], rng.random(size)
    style = np.where(chance(rng, noise.surname_style, size), style, 2.0)
    double = second != NONE
    for here, join in (
        (double & (style >= 1), " "),
        (double & (style < 0.15), "-"),
        (double & (style < 0.20) & (style >= 0.15), ""),
    ):
        last[here] = last[here] + join + known.texts[second[here]]
    only_second = double & (style >= 0.20) & (style < 0.28)
    last[only_second] = known.texts[second[only_second]]
    wed = (people.married[who] != NONE) & (people.wedding[who] <= days)
    birth_name = names.choose(wed, last, None)
    new = wed & ~chance(rng, noise.maiden, size)
    hyphen = new & chance(rng, 0.12, size)
    last[new] = known.texts[people.married[who][new]]
    last[hyphen] = birth_name[hyphen] + "-" + last[hyphen]
    vary(rng, first, known.nicknames, noise.nickname)
    vary(rng, first, known.spellings, noise.spelling)
    vary(rng, last, known.spellings, noise.spelling)
    for values in (first, last):
        change(values, chance(rng, noise.typo, size), lambda text: typing_error(rng, text))
    change(first, chance(rng, noise.initial, size), lambda text: text[:1])
    swap = chance(rng, noise.swapped, size)
    first[swap], last[swap] = last[swap], first[swap]
    return first, last, birth_name


def _middle(rng: Generator, people: Population, who: names.Ints, noise: Noise) -> names.Strings:
    number, size = people.middle[who], len(who)
    middle = names.choose(number != NONE, names.known_names().texts[np.maximum(number, 0)], None)
    change(middle, chance(rng, noise.middle_initial, size), lambda text: text[:1])
    change(middle, chance(rng, noise.typo, size), lambda text: typing_error(rng, text))
    middle[chance(rng, noise.middle_missing, size)] = None
    return middle


def _suffix(rng: Generator, people: Population, who: names.Ints, noise: Noise) -> names.Strings:
    suffix = names.objects([None, *SUFFIXES[1:]])[people.suffix[who]]
    suffix[chance(rng, noise.suffix_missing, len(who))] = None
    return suffix


def _birth(rng: Generator, birth: names.Ints, today: names.Ints, noise: Noise) -> names.Ints:
    size = len(birth)
    dates = birth.astype("datetime64[D]")
    years = dates.astype("datetime64[Y]")
    months = dates.astype("datetime64[M]")
    month, of_month = (months - years).astype(int), (dates - months).astype(int)
    recorded_as = dates.copy()
    swap = (of_month < 12) & chance(rng, noise.birth_swapped, size)
    recorded_as[swap] = (years[swap] + of_month[swap]).astype("datetime64[D]") + month[swap]
    january = chance(rng, noise.birth_january, size)
    recorded_as[january] = years[january].astype("datetime64[D]")
    wrong = chance(rng, noise.birth_digit, size)
    off = rng.choice([-1, 1, -10, 10, 2], size)
    other_year = (years[wrong] + off[wrong] % 10 * np.sign(off[wrong])).astype("datetime64[M]")
    in_days = (of_month[wrong] + np.where(np.abs(off[wrong]) == 10, 1, 0)) % 28
    recorded_as[wrong] = (other_year + month[wrong]).astype("datetime64[D]") + in_days
    days = recorded_as.astype(np.int64)
    days = np.where(days > today, birth, days)  # nobody writes down a birth to come
    days[chance(rng, noise.birth_missing, size)] = NO_DAY
    return days


def _sex(rng: Generator, people: Population, who: names.Ints, noise: Noise) -> names.Strings:
    size = len(who)
    female = people.female[who] ^ chance(rng, noise.sex_wrong, size)
    sex = names.choose(female, "F", "M").astype(object)
    # a third letter is rare and belongs to the person, so that all its records agree
    sex[people.ssn[who] % 1000 == 7] = "X"
    sex[chance(rng, noise.sex_missing, size)] = None
    return sex


def _number(
    rng: Generator, people: Population, who: names.Ints, noise: Noise
) -> dict[str, names.Strings]:
    size = len(who)
    ssn = _shown(people.ssn[who], chance(rng, noise.ssn, size), lambda n: f"{n:09d}")
    license_ = _shown(
        people.license[who],
        chance(rng, noise.license, size),
        lambda n: f"{chr(65 + n // 10**7)}{n % 10**7:07d}",
    )
    change(ssn, chance(rng, noise.ssn_typo, size), lambda text: digit_error(rng, text))
    change(license_, chance(rng, noise.license_typo, size), lambda text: digit_error(rng, text))
    state = names.choose(names.absent(license_), None, "CA")
    phone = _shown(people.phone[who], chance(rng, noise.phone, size), str)
    return {"ssn": ssn, "driver_license": license_, "dl_state": state, "phone": phone}


def _shown(numbers: names.Ints, where: names.Mask, form: Callable[[int], str]) -> names.Strings:
    shown = np.full(len(numbers), None, dtype=object)
    shown[where] = [form(number) for number in numbers[where].tolist()]
    return shown


_KINDS = names.objects(["ST", "AVE", "BLVD", "DR", "WAY", "LN", "CT", "RD"])
_LONG = names.objects(["STREET", "AVENUE", "BOULEVARD", "DRIVE", "WAY", "LANE", "COURT", "ROAD"])


def _address(
    rng: Generator, people: Population, who: names.Ints, days: names.Ints, noise: Noise
) -> dict[str, np.ndarray]:
    size, where = len(who), names.known_places()
    turn = (people.moved[who] <= days[:, None]).sum(axis=1)
    turn = np.maximum(0, turn - chance(rng, noise.stale, size))
    home = people.home[who, turn]
    kind = people.street[home] % len(_KINDS)
    short = chance(rng, noise.street_style, size)
    unit = names.choose(
        (people.unit[home] > 0) & ~chance(rng, 0.25, size),
        _words(" APT ", people.unit[home]),
        "",
    )
    street = (
        _words("", people.number[home])
        + " "
        + where.streets[people.street[home]]
        + " "
        + names.choose(short, _LONG[kind], _KINDS[kind])
        + unit
    )
    change(street, chance(rng, noise.street_typo, size), lambda text: typing_error(rng, text))
    county = people.county[home]
    city = np.full(size, None, dtype=object)
    for place, cities in enumerate(where.cities):
        here = county == place
        city[here] = cities[people.city[home[here]]]
    columns = {
        "street": street,
        "city": city,
        "zip": _words("", people.zip[home]),
        "county": where.fips[county],
    }
    missing = chance(rng, noise.address_missing, size)
    for values in columns.values():
        values[missing] = None
    columns["zip"][chance(rng, 0.02, size)] = None
    return columns


def _words(before: str, numbers: names.Ints) -> names.Strings:
    return names.objects([f"{before}{number}" for number in numbers.tolist()])


# -- small errors of writing: a letter or digit wrong, a name in one of its other forms

_KEYS = dict(
    zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "SNVFRGHJUKJKMBIPAEDYIBEZTX", strict=True)
)  # a neighbour on the keyboard


def chance(rng: Generator, share: float, size: int) -> names.Mask:
    """Which of ``size`` records are hit."""
    return rng.random(size) < share


def change(values: names.Strings, where: names.Mask, make: Callable[[str], str]) -> None:
    """Rewrite the values that are hit and not missing."""
    for place in np.flatnonzero(where):
        if values[place] is not None:
            values[place] = make(values[place])


def vary(
    rng: Generator, values: names.Strings, others: dict[str, tuple[str, ...]], share: float
) -> None:
    """Write a share of the names that can be written otherwise in one of the other ways."""
    for place in np.flatnonzero(chance(rng, share, len(values))):
        if options := others.get(values[place]):
            values[place] = options[int(rng.integers(len(options)))]


def typing_error(rng: Generator, text: str) -> str:
    """One letter left out, doubled, swapped with the next, or hit beside."""
    if len(text) < 2:
        return text
    at, kind = int(rng.integers(1, len(text))), int(rng.integers(4))
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + text[at - 1] + text[at:]
    if kind == 2:
        return text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]
    return text[:at] + _KEYS.get(text[at], "E") + text[at + 1 :]


def digit_error(rng: Generator, text: str) -> str:
    """One digit wrong, or two swapped."""
    places = [i for i, mark in enumerate(text) if mark.isdigit()]
    at = places[int(rng.integers(len(places)))]
    if at + 1 < len(text) and text[at + 1].isdigit() and rng.random() < 0.4:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + str((int(text[at]) + int(rng.integers(1, 10))) % 10) + text[at + 1 :]
