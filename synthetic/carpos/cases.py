"""Cases and their orders: who restrains whom, the chain of orders that each case goes through, their parties.

A case has one restrained person, one who asks or is protected, and orders in steps: emergency,
temporary, after hearing, renewal. The mix follows the families of § 3.2 of the domain facts; numbers
without a source are our choice and stand here and in ``data/shares.toml``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from synthetic import people as sp

_SHARES = sp.shares("carpos")
FAMILIES = _SHARES["families"]  # their shares, and the codes and chances of their steps
FAMILY_NAMES = tuple(FAMILIES)
STEPS = ("emergency", "temporary", "after_hearing", "renewal")

_REPEAT = 0.28  # of cases whose restrained person was restrained in another case before
_FEMALE = 0.20  # of restrained persons
_MUTUAL = 0.03  # of cases that mirror the case before: each restrains the other
_NEIGHBOUR = 0.5  # of cases against the person bound to the restrained one, where there is one
_ELSEWHERE = 0.08  # of orders issued outside the restrained person's county
_GROWTH = 1.4  # exponent by which gun violence cases grow over the years
_SAN_DIEGO, _SANTA_CLARA = "073", "085"
_CENTRES = (0.28, 0.16)  # their shares of gun violence cases


@dataclass(frozen=True)
class Cases:
    """Cases as arrays; persons are numbers into the population."""

    family: sp.Ints  # place in FAMILY_NAMES
    start: sp.Ints  # days since 1970-01-01
    respondent: sp.Ints
    other: sp.Ints
    county: sp.Ints  # place in known_places()
    present: np.ndarray  # (n, 4): which steps it goes through
    dates: sp.Ints  # (n, 4): days of the steps
    by_officer: np.ndarray  # asked for by law enforcement


def make_cases(
    rng: Generator, people: sp.Population, orders: int, first_day: int, last_day: int
) -> Cases:
    """Make cases until they have at least the number of orders asked for."""
    count = int(orders * 0.85) + 50  # a case has 1.5 orders on average, at least one
    while True:
        made = _cases(rng, people, count, first_day, last_day)
        if made.present.sum() >= orders:
            return made
        count = count * 2


def _cases(rng: Generator, people: sp.Population, count: int, begin: int, end: int) -> Cases:
    weights = np.array([family["share"] for family in FAMILIES.values()])
    family = rng.choice(len(weights), count, p=weights / weights.sum())
    gun = family == FAMILY_NAMES.index("GV")
    through = rng.random(count)
    through = np.where(gun, through ** (1 / (1 + _GROWTH)), through)
    start = begin + (through * (end - begin + 1)).astype(np.int64)
    respondent = _respondents(rng, people, start)
    other = _others(rng, people, respondent, start)
    mirror = np.flatnonzero(rng.random(count) < _MUTUAL)
    mirror = mirror[mirror > 0]
    respondent[mirror], other[mirror] = other[mirror - 1].copy(), respondent[mirror - 1].copy()
    family[mirror] = family[mirror - 1]
    start[mirror] = np.minimum(end, start[mirror - 1] + rng.integers(0, 20, len(mirror)))
    present, dates = _steps(rng, family, start, end)
    officer_share = np.array([{"GV": 0.85, "EPO": 1.0}.get(name, 0.0) for name in FAMILY_NAMES])
    return Cases(
        family=family,
        start=start,
        respondent=respondent,
        other=other,
        county=_counties(rng, people, respondent, gun),
        present=present,
        dates=dates,
        by_officer=rng.random(count) < officer_share[family],
    )


def _respondents(rng: Generator, people: sp.Population, start: sp.Ints) -> sp.Ints:
    """One person for each case, of age on its first day nearly always; some come again and again."""
    count = len(start)
    fresh = np.concatenate(
        [
            rng.permutation(np.flatnonzero(people.female))[: int(count * _FEMALE)],
            rng.permutation(np.flatnonzero(~people.female))[: int(count * (1 - _REPEAT))],
        ]
    )
    fresh = rng.permutation(fresh)
    chosen = fresh[(rng.random(count) ** 1.5 * len(fresh)).astype(np.int64)]
    first = rng.random(count) >= _REPEAT
    chosen[first] = fresh[: len(chosen)][np.arange(first.sum()) % len(fresh)]
    for _ in range(6):
        young = people.birth[chosen] > start - 18 * 365
        young &= rng.random(count) < 0.98
        if not young.any():
            break
        chosen[young] = rng.choice(fresh, int(young.sum()))
    return _born(rng, people, chosen, start, fresh)


def _born(
    rng: Generator, people: sp.Population, chosen: sp.Ints, start: sp.Ints, pool: sp.Ints
) -> sp.Ints:
    """Nobody is a party of a case before the age of ten, but for children who are protected."""
    old = pool[people.birth[pool] < start.min() - 18 * 365]
    unborn = people.birth[chosen] > start - 10 * 365
    chosen[unborn] = rng.choice(old if len(old) else pool, int(unborn.sum()))
    return chosen


def _others(rng: Generator, people: sp.Population, respondent: sp.Ints, start: sp.Ints) -> sp.Ints:
    """The person on the other side: the bound neighbour half the time, otherwise anybody."""
    count = len(respondent)
    neighbour = respondent ^ 1
    bound = (people.tie[respondent] >= 0) & (rng.random(count) < _NEIGHBOUR)
    anyone = rng.integers(0, len(people), count)
    same = people.female[anyone] == people.female[respondent]
    anyone[same] = rng.integers(0, len(people), int(same.sum()))
    other = np.where(bound, neighbour, anyone)
    other = _born(rng, people, other, start, np.arange(len(people)))
    return np.where(other == respondent, (respondent + 2) % len(people), other)


def _steps(rng: Generator, family: sp.Ints, start: sp.Ints, end: int) -> tuple[np.ndarray, sp.Ints]:
    """Which steps each case goes through, and when; at least one, none after the last day."""
    count = len(family)
    chances = np.array([family["chances"] for family in FAMILIES.values()])
    known = np.array([[bool(code) for code in family["codes"]] for family in FAMILIES.values()])
    present = rng.random((count, len(STEPS))) < chances[family]
    present[:, 3] &= present[:, 2]
    none = ~present.any(axis=1)
    present[none] = known[family[none]] & (np.cumsum(known[family[none]], axis=1) == 1)
    gaps = np.stack(
        [
            np.zeros(count, np.int64),
            np.where(present[:, 0], rng.integers(1, 8, count), 0),
            np.where(present[:, :2].any(axis=1), rng.integers(14, 42, count), 0),
            rng.integers(330, 1830, count),
        ],
        axis=1,
    )
    dates = start[:, None] + np.cumsum(gaps, axis=1)
    first = np.cumsum(present, axis=1) == 1
    present &= (dates <= end) | first
    return present, np.minimum(dates, end)


def _counties(
    rng: Generator, people: sp.Population, respondent: sp.Ints, gun: np.ndarray
) -> sp.Ints:
    where = sp.known_places()
    county = people.county[people.home[respondent, 0]]
    size = len(county)
    away = rng.random(size) < _ELSEWHERE
    county = np.where(away, rng.choice(len(where.share), size, p=where.share), county)
    centre = rng.random(size)
    fips = list(where.fips)
    county = np.where(gun & (centre < _CENTRES[0]), fips.index(_SAN_DIEGO), county)
    in_santa_clara = (centre >= _CENTRES[0]) & (centre < sum(_CENTRES))
    return np.where(gun & in_santa_clara, fips.index(_SANTA_CLARA), county)


# -- orders and their parties, cut out of the cases; one entry of a person for each party

ROLES = ("respondent", "petitioner", "protected", "minor_child", "requesting_officer")
RESPONDENT, PETITIONER, PROTECTED, CHILD, OFFICER = range(5)
NOBODY = -1
_FIRST_ORDER, _FIRST_ENTRY = 1_000_000, 10_000_000  # ids are no counters anybody could take for one
_OFFICERS = 400  # orders for each officer who asks for some


@dataclass(frozen=True)
class Orders:
    """Orders as arrays."""

    order_id: sp.Ints
    case: sp.Ints
    step: sp.Ints  # place in STEPS
    code: np.ndarray
    family: sp.Ints
    issued: sp.Ints
    county: sp.Ints
    prior: sp.Ints  # place of the order before in the same case, or NOBODY
    by_officer: np.ndarray


@dataclass(frozen=True)
class Entries:
    """Party entries as arrays: an order, a person, a role."""

    person_id: sp.Ints
    order: sp.Ints  # place in the orders
    human: sp.Ints  # place in the population
    role: sp.Ints  # place in ROLES
    kind: np.ndarray  # who asked, on the row of who asked; otherwise None
    relationship: np.ndarray  # on the respondent's row; otherwise None


def make_orders(rng: Generator, cases: Cases, count: int) -> Orders:
    """Cut the cases' steps into exactly ``count`` orders."""
    case, step = np.nonzero(cases.present)
    case, step = case[:count], step[:count]
    codes = sp.objects([[code or None for code in family["codes"]] for family in FAMILIES.values()])
    family = cases.family[case]
    follows = np.concatenate([[False], case[1:] == case[:-1]])
    return Orders(
        order_id=_FIRST_ORDER + rng.permutation(count),
        case=case,
        step=step,
        code=codes[family, step],
        family=family,
        issued=cases.dates[case, step],
        county=cases.county[case],
        prior=np.where(follows, np.arange(count) - 1, NOBODY),
        by_officer=cases.by_officer[case] | (step == STEPS.index("emergency")),
    )


def make_entries(rng: Generator, people: sp.Population, cases: Cases, orders: Orders) -> Entries:
    """Put the parties on the orders: the restrained, who asked, who is protected, children."""
    count = len(orders.order_id)
    every = np.arange(count)
    court = orders.family == FAMILY_NAMES.index("CPO")
    officer, asked = orders.by_officer, ~orders.by_officer & ~court
    protects = (officer & (orders.family != FAMILY_NAMES.index("GV"))) | (court & ~officer)
    other = cases.other[orders.case]
    parts = [
        (every, cases.respondent[orders.case], RESPONDENT),
        (every[asked], other[asked], PETITIONER),
        (every[officer], _officers(rng, people, orders, officer), OFFICER),
        (every[protects], other[protects], PROTECTED),
        *_children(rng, people, cases, orders),
    ]
    order = np.concatenate([part[0] for part in parts])
    human = np.concatenate([part[1] for part in parts])
    role = np.concatenate([np.full(len(part[0]), part[2]) for part in parts])
    keep = _first_of_each(order, human)
    order, human, role = order[keep], human[keep], role[keep]
    kind, relationship = _kinds(rng, cases, orders, order, role)
    return Entries(
        person_id=_FIRST_ENTRY + rng.permutation(len(order)),
        order=order,
        human=human,
        role=role,
        kind=kind,
        relationship=relationship,
    )


def _first_of_each(order: sp.Ints, human: sp.Ints) -> sp.Ints:
    """One entry for each person on an order: nobody protects a person from itself."""
    key = order * (int(human.max()) + 1) + human
    return np.sort(np.unique(key, return_index=True)[1])


def _officers(rng: Generator, people: sp.Population, orders: Orders, where: np.ndarray) -> sp.Ints:
    """Officers are a few grown people of the county's own, who come again and again."""
    pool = rng.integers(0, len(people), max(60, len(orders.order_id) // _OFFICERS))
    pool = pool[people.birth[pool] < orders.issued.min() - 21 * 365]
    return pool[(orders.county[where] * 7 + rng.integers(0, 7, int(where.sum()))) % len(pool)]


def _children(
    rng: Generator, people: sp.Population, cases: Cases, orders: Orders
) -> list[tuple[sp.Ints, sp.Ints, int]]:
    """Further protected persons: the same ones on every order of a case."""
    cases_count = len(cases.family)
    home = np.isin(cases.family, [FAMILY_NAMES.index(name) for name in ("DV", "CPO", "JV")])
    parts: list[tuple[sp.Ints, sp.Ints, int]] = []
    for share in (0.35, 0.18, 0.07):
        has = home & (rng.random(cases_count) < share)
        who = rng.integers(0, len(people), cases_count)
        on = np.flatnonzero(has[orders.case])
        human = who[orders.case[on]]
        age = (orders.issued[on] - people.birth[human]) / 365.25
        for role, fits in ((CHILD, (age >= 0) & (age < 18)), (PROTECTED, age >= 18)):
            parts.append((on[fits], human[fits], role))
    return parts


def _kinds(
    rng: Generator, cases: Cases, orders: Orders, order: sp.Ints, role: sp.Ints
) -> tuple[np.ndarray, np.ndarray]:
    """Who asked (the same through a case), and the relationship of the two sides."""
    by_case = np.full(len(cases.family), None, dtype=object)
    related = np.full(len(cases.family), None, dtype=object)
    for place, name in enumerate(FAMILY_NAMES):
        here = np.flatnonzero(cases.family == place)
        by_case[here] = sp.drawn(rng, _SHARES["kinds"][name], len(here))
    draw = rng.random(len(by_case))
    for kind, options in _SHARES["relations"].items():
        here = by_case == kind
        related[here] = sp.objects(options)[(draw[here] * len(options)).astype(int)]
    asked = by_case[orders.case[order]]
    kind = sp.choose(role == OFFICER, "LE", sp.choose(role == PETITIONER, asked, None))
    court = (orders.family[order] == FAMILY_NAMES.index("CPO")) & (role == PROTECTED)
    kind = sp.choose(court & ~orders.by_officer[order], "court", kind)
    return kind, sp.choose(role == RESPONDENT, related[orders.case[order]], None)
