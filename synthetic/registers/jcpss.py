"""A made-up JCPSS register: children, their referrals, petitions and dispositions.

Shares are our choice, roughly those of Juvenile Justice in California: most referrals for
misdemeanors and by law enforcement, a petition for half of them, three boys in four.
"""

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from synthetic import people as sp

_AGAIN = 0.35  # of referrals are of a child referred before
_BOYS = 0.74
_NO_NUMBER = 0.01  # of reports without the county's number
_SEALED = 0.05
_PETITION = 0.5
_PEOPLE = 6  # people in the made-up world for each referral: children of the years are few of them
_SHARES = sp.shares("jcpss")


def make_jcpss(rng: Generator, records: int, first_day: int, last_day: int) -> sp.World:
    """Make the tables of ``records`` referrals, and who the children are."""
    from systems.description import load_system

    people = sp.make_people(rng, max(4_000, records * _PEOPLE), last_day)
    human = _children(rng, people.female, people.birth, records, first_day, last_day)
    day = _days(rng, people.birth[human], first_day, last_day)
    home = people.county[people.home[human, 0]]
    county = sp.counties(rng, home, 0.06)
    person_id = 30_000_000 + rng.permutation(records)
    referral_id = 4_000_000 + rng.permutation(records)
    places = sp.known_places()
    number = sp.objects([f"J{h % 10**7:07d}" for h in (human * 13 + county * 7).tolist()])
    offense = sp.drawn(rng, _SHARES["offenses"], records)
    petition = rng.random(records) < _PETITION
    sealed = rng.random(records) < _SEALED
    settled = np.minimum(day + rng.integers(0, 40, records), last_day)
    tables = {
        "person": sp.table(
            {
                "person_id": person_id,
                "county_fips": places.fips[county],
                "xref_number": sp.missing(rng, number, _NO_NUMBER),
                "dob": sp.days_column(people.birth[human]),
                "sex": sp.choose(people.female[human], "F", "M"),
                "race": sp.race_letters(rng, people, human),
                "zip": [f"{z:05d}" for z in people.zip[people.home[human, 0]].tolist()],
            }
        ),
        "referral": sp.table(
            {
                "referral_id": referral_id,
                "person_id": person_id,
                "county_fips": places.fips[county],
                "referral_date": sp.days_column(day),
                "source": sp.missing(rng, sp.drawn(rng, _SHARES["sources"], records), 0.01),
                "offense": offense,
                "age_at_referral": ((day - people.birth[human]) / 365.2425).astype(np.int64),
                "detained": rng.random(records) < 0.22,
                "disposition": sp.choose(
                    petition,
                    sp.choose(rng.random(records) < 0.002, "direct_file", "petition"),
                    sp.drawn(rng, _SHARES["closed"], records),
                ),
                "disposition_date": sp.days_column(settled),
                "sealed": sealed,
            }
        ),
        "petition": _petitions(rng, referral_id[petition], settled[petition], last_day),
    }
    codes = load_system("JCPSS").code_list("offense").by_value
    level = sp.objects([codes[code].attributes["level"] for code in offense])
    return sp.World(people, tables, person_id, human, sp.choose(sealed, "sealed", "subject"), level)


def _children(
    rng: Generator, female: np.ndarray, birth: sp.Ints, records: int, first_day: int, last_day: int
) -> sp.Ints:
    """Those who were between 10 and 17 at some time of the register; some come again."""
    fits = (birth > first_day - 17 * 365) & (birth < last_day - 11 * 366)
    fits &= rng.random(len(birth)) < np.where(female, (1 - _BOYS) / _BOYS, 1.0)
    pool = rng.permutation(np.flatnonzero(fits))
    once = pool[: max(1, int(records * (1 - _AGAIN)))][:records]
    again = rng.choice(once, records - len(once))
    return rng.permutation(np.concatenate([once, again]))


def _days(rng: Generator, birth: sp.Ints, first_day: int, last_day: int) -> sp.Ints:
    """A day between the tenth and the eighteenth birthday, more often later, inside the years."""
    low = np.maximum(first_day, birth + 10 * 366)
    high = np.maximum(low, np.minimum(last_day, birth + 18 * 365 - 1))
    return low + ((high - low + 1) * rng.beta(2.0, 1.2, len(birth))).astype(np.int64)


def _petitions(rng: Generator, referral_id: sp.Ints, day: sp.Ints, last_day: int) -> pa.Table:
    size = len(referral_id)
    made = sp.drawn(rng, _SHARES["court"], size)
    heard = np.minimum(day + rng.integers(10, 120, size), last_day)
    return sp.table(
        {
            "referral_id": referral_id,
            "seq": np.ones(size, np.int64),
            "filed_on": sp.days_column(day),
            "defense": sp.drawn(rng, _SHARES["defence"], size),
            "disposition": made,
            "disposition_date": sp.days_column(heard),
            "placement": sp.choose(
                made == "wardship", sp.drawn(rng, _SHARES["placed"], size), None
            ),
        }
    )
