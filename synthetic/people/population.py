"""People as they are: the truth that registers and cohorts then record with errors.

A population is a set of arrays with one entry for each person. People 2k and 2k+1 may belong
together: twins, father and son of one name, siblings, couples, parent and child, at one address.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from synthetic.people.names import ORIGIN_SHARES, ORIGINS, Ints, known_names, known_places

DAY0 = np.datetime64("1970-01-01")
NONE = -1
SUFFIXES = ("", "JR", "SR", "II", "III")
RACES = ("WHITE", "BLACK", "HISPANIC", "ASIAN", "PACIFIC", "INDIAN", "OTHER")

# share of pairs (2k, 2k+1) by what ties them; the rest are strangers
TIES = ("twins", "namesakes", "siblings", "couple", "parent")
_TIE_SHARES = (0.012, 0.015, 0.05, 0.16, 0.05)

_SECOND_SURNAME = 0.45  # of people of Hispanic origin
_MIDDLE = 0.75
_SUFFIX = 0.008  # beyond the namesakes
_MARRIED_NAME = 0.45  # of women
_HOMES = 3  # addresses in the years that a register covers
_YEARS_AT_ONE = 8.0  # mean years at one address
_SAME_COUNTY = 0.75  # of moves


def day(year: int, month: int = 1, of_month: int = 1) -> int:
    """Days since 1970-01-01."""
    return int((np.datetime64(f"{year:04d}-{month:02d}-{of_month:02d}") - DAY0).astype(int))


def year_of(days: Ints) -> Ints:
    """The calendar years of days since 1970-01-01."""
    return days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


@dataclass
class Population:
    """Everybody, as arrays of the same length; names are numbers into `known_names().texts`.

    Homes and moves have one column for each home in turn; a home is a number into the arrays of
    addresses. ``tie`` is the place in `TIES` of what binds a person to its neighbour, or `NONE`.
    """

    female: np.ndarray
    origin: Ints
    race: Ints
    birth: Ints  # days since 1970-01-01
    first: Ints
    middle: Ints
    last: Ints
    second: Ints  # second surname, or NONE
    married: Ints  # surname after marriage, or NONE
    wedding: Ints  # day of the change
    suffix: Ints
    ssn: Ints
    license: Ints
    phone: Ints
    tie: Ints
    home: Ints  # (n, homes)
    moved: Ints  # (n, homes - 1): day on which the next home begins
    county: Ints  # per address: place in `known_places()`
    zip: Ints
    city: Ints
    number: Ints
    street: Ints
    unit: Ints  # 0 for none

    def __len__(self) -> int:
        return len(self.birth)


def make_people(rng: Generator, count: int, until: int) -> Population:
    """Make a population.

    Args:
        rng: source of chance.
        count: people; made even.
        until: day on which the youngest are still children; ages spread back from it.
    """
    count += count % 2
    female = rng.random(count) < 0.5
    origin = rng.choice(len(ORIGINS), count, p=ORIGIN_SHARES)
    birth = until - np.round(365.25 * _ages(rng, count)).astype(np.int64)
    tie = _ties(rng, count)
    first, middle, last, second = _name(rng, female, origin)
    county, zip_code, city, number, street, unit = _addresses(rng, count)
    numbers = np.arange(count, dtype=np.int64)
    people = Population(
        female=female,
        origin=origin,
        race=_race(rng, origin),
        birth=birth,
        first=first,
        middle=middle,
        last=last,
        second=second,
        married=np.where(female & (rng.random(count) < _MARRIED_NAME), _surname(rng, origin), NONE),
        wedding=birth + np.round(365.25 * (20 + rng.gamma(2.0, 5.0, count))).astype(np.int64),
        suffix=np.where(~female & (rng.random(count) < _SUFFIX), rng.integers(1, 5, count), 0),
        ssn=_unique(rng, count, 899 * 10**6) + 10**6,  # areas 001 to 899
        license=_unique(rng, count, 26 * 10**7),
        phone=_phones(rng, county[:count], count),
        tie=tie,
        home=np.stack([numbers + place * count for place in range(_HOMES)], axis=1),
        moved=_moves(rng, count, until),
        county=county,
        zip=zip_code,
        city=city,
        number=number,
        street=street,
        unit=unit,
    )
    _bind(rng, people)
    return people


def _ages(rng: Generator, count: int) -> np.ndarray:
    """Ages on the last day: adults with a peak about 33, and some children."""
    adults = 18 + rng.gamma(2.6, 8.5, count)
    return np.where(rng.random(count) < 0.12, rng.uniform(1, 18, count), np.minimum(adults, 99))


def _ties(rng: Generator, count: int) -> Ints:
    pairs = rng.choice(
        [*range(len(TIES)), NONE], count // 2, p=[*_TIE_SHARES, 1 - sum(_TIE_SHARES)]
    )
    return np.repeat(pairs, 2)


def _name(rng: Generator, female: np.ndarray, origin: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    count = len(female)
    first, middle = np.empty(count, np.int64), np.empty(count, np.int64)
    pools = known_names().first
    for (is_female, place), pool in pools.items():
        here = (female == is_female) & (origin == place)
        first[here] = pool.draw(rng, int(here.sum()))
        middle[here] = pool.draw(rng, int(here.sum()))
    middle = np.where(rng.random(count) < _MIDDLE, middle, NONE)
    double = (origin == ORIGINS.index("hispanic")) & (rng.random(count) < _SECOND_SURNAME)
    return first, middle, _surname(rng, origin), np.where(double, _surname(rng, origin), NONE)


def _surname(rng: Generator, origin: Ints) -> Ints:
    drawn = np.empty(len(origin), np.int64)
    for place, pool in known_names().last.items():
        here = origin == place
        drawn[here] = pool.draw(rng, int(here.sum()))
    return drawn


_RACE_BY_ORIGIN = {  # any, hispanic, asian, other; columns as in RACES
    0: (0.80, 0.15, 0.01, 0.0, 0.005, 0.015, 0.02),
    1: (0.12, 0.01, 0.85, 0.0, 0.0, 0.01, 0.01),
    2: (0.01, 0.0, 0.01, 0.94, 0.04, 0.0, 0.0),
    3: (0.78, 0.10, 0.0, 0.02, 0.0, 0.0, 0.10),
}


def _race(rng: Generator, origin: Ints) -> Ints:
    race = np.empty(len(origin), np.int64)
    for place, shares in _RACE_BY_ORIGIN.items():
        here = origin == place
        race[here] = rng.choice(len(RACES), int(here.sum()), p=shares)
    return race


def _unique(rng: Generator, count: int, space: int) -> Ints:
    """Different numbers below ``space``, scattered: a walk with a step that shares no factor."""
    step = int(rng.integers(space // 3, space // 2))
    while np.gcd(step, space) != 1:
        step += 1
    start = int(rng.integers(space))
    return (start + np.arange(count, dtype=np.int64) * step) % space


def _phones(rng: Generator, county: Ints, count: int) -> Ints:
    area = np.array([209, 213, 310, 323, 408, 415, 510, 530, 559, 562, 619, 626, 650, 661, 707])
    area = np.concatenate([area, [714, 760, 805, 818, 831, 858, 909, 916, 925, 949, 951]])
    return area[county % len(area)] * 10**7 + rng.integers(2_000_000, 10_000_000, count)


def _addresses(rng: Generator, count: int) -> tuple[Ints, ...]:
    """Addresses for all homes of all people, first homes first."""
    where = known_places()
    first = rng.choice(len(where.share), count, p=where.share)
    counties = [first]
    for _ in range(_HOMES - 1):
        stays = rng.random(count) < _SAME_COUNTY
        counties.append(
            np.where(stays, counties[-1], rng.choice(len(where.share), count, p=where.share))
        )
    county = np.concatenate(counties)
    size = len(county)
    zip_code = where.first_zip[county] + (rng.random(size) * where.zips[county]).astype(np.int64)
    unit = np.where(rng.random(size) < 0.3, rng.integers(1, 350, size), 0)
    cities = np.array([len(c) for c in where.cities])
    return (
        county,
        zip_code,
        zip_code % cities[county],
        rng.integers(1, 19_999, size),
        rng.integers(0, len(where.streets), size),
        unit,
    )


def _moves(rng: Generator, count: int, until: int) -> Ints:
    """Days of moving, spread over the twenty years before the last day."""
    stays = rng.exponential(365.25 * _YEARS_AT_ONE, (count, _HOMES - 1))
    return (until - 20 * 365 + np.cumsum(stays, axis=1)).astype(np.int64)


def _bind(rng: Generator, people: Population) -> None:
    """Give the second of each bound pair what it shares with the first."""
    even = np.arange(0, len(people), 2)
    for place, tie in enumerate(TIES):
        a = even[people.tie[even] == place]
        b = a + 1
        people.home[b, 0] = people.home[a, 0]
        people.moved[b, 0] = people.moved[a, 0] + rng.integers(-900, 900, len(a))
        if tie == "couple":
            _marry(rng, people, a, b)
            continue
        for shared in (people.origin, people.race, people.last, people.second):
            shared[b] = shared[a]
        _redraw_first(rng, people, b)
        if tie == "twins":
            people.birth[b] = people.birth[a]
        elif tie == "siblings":
            people.birth[b] = people.birth[a] - rng.integers(300, 3000, len(a))
        else:
            people.birth[b] = people.birth[a] + rng.integers(19 * 365, 40 * 365, len(a))
        if tie == "namesakes":
            people.female[a] = people.female[b] = False
            people.first[b] = people.first[a]
            people.married[a] = people.married[b] = NONE
            people.suffix[a], people.suffix[b] = SUFFIXES.index("SR"), SUFFIXES.index("JR")


def _redraw_first(rng: Generator, people: Population, who: Ints) -> None:
    """First names that fit sex and origin, after the origin was shared."""
    for (is_female, place), pool in known_names().first.items():
        here = who[(people.female[who] == is_female) & (people.origin[who] == place)]
        people.first[here] = pool.draw(rng, len(here))


def _marry(rng: Generator, people: Population, a: Ints, b: Ints) -> None:
    people.female[a], people.female[b] = True, False
    people.birth[b] = people.birth[a] + rng.integers(-3000, 2000, len(a))
    people.married[b] = NONE
    people.married[a] = np.where(rng.random(len(a)) < 0.6, people.last[b], people.married[a])
    _redraw_first(rng, people, a)
    _redraw_first(rng, people, b)
