"""A made-up ACHS register: subjects with their arrests, charges and court dispositions.

Shares are our choice, roughly those of the Department's published arrest tables: two thirds of the
arrests for misdemeanors, four fifths of the arrested men, many arrested again.
"""

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from synthetic import people as sp

_AGAIN = 0.45  # of arrests are of somebody arrested before
_SECOND_FILE = 0.01  # of subjects who have two CII numbers that nobody has joined yet
_ALIAS = 0.15
_SEALED = 0.04
_PEOPLE = 1.6  # people in the made-up world for each arrest; many of them never arrested
_MEN = 0.78
_SHARES = sp.shares("achs")
_FELONIES = frozenset(list(_SHARES["offenses"])[:15])
_STATUTES = ("459 PC", "484 PC", "242 PC", "11377 HS", "23152 VC", "211 PC", "245 PC", "647 PC")


def make_achs(rng: Generator, records: int, first_day: int, last_day: int) -> sp.World:
    """Make the tables of ``records`` arrests, and who the subjects are."""
    from systems.description import load_system

    people = sp.make_people(rng, max(2_000, int(records * _PEOPLE)), last_day)
    arrested = _arrested(rng, people.female, people.birth, records, first_day)
    human, turn = _subjects(rng, records, arrested)
    earliest = np.maximum(first_day, people.birth[human] + 18 * 366)
    day = earliest + (rng.random(records) * (last_day - earliest + 1)).astype(np.int64)
    subjects, place = np.unique(np.stack([human, turn]), axis=1, return_inverse=True)
    place = place.reshape(-1)
    ids = 20_000_000 + rng.permutation(subjects.shape[1])
    who = subjects[0]
    written = np.full(len(who), first_day)
    np.maximum.at(written, place, day)  # as the last arrest wrote the subject down
    columns = sp.recorded(rng, people, who, written, sp.RESPONDENT)
    arrest_id = 3_000_000 + rng.permutation(records)
    offense = sp.drawn(rng, _SHARES["offenses"], records)
    sealed = rng.random(records) < _SEALED
    county = sp.counties(rng, people.county[people.home[human, 0]], 0.12)
    tables = {
        "agency": sp.agency_table(),
        "person": _person(rng, ids, columns, sp.race_letters(rng, people, who), who),
        "person_name": _names(rng, ids, columns),
        "person_identifier": sp.identifier_table(
            ids,
            {
                "SSN": columns["ssn"],
                "DL": columns["driver_license"],
                "FBI": sp.objects([f"{n * 104_729 % 999_999_937:09d}" for n in who.tolist()]),
            },
            columns["dl_state"],
        ),
        "person_contact": sp.contact_table(ids, columns, phone=False),
        "arrest": sp.table(
            {
                "arrest_id": arrest_id,
                "person_id": ids[place],
                "agency_ori": sp.agency_of(county, rng.integers(0, 2, records)),
                "county_fips": sp.known_places().fips[county],
                "arrest_date": sp.days_column(day),
                "booking_no": [f"B{n:08d}" for n in range(records)],
                "incident_no": [f"{n % 99:02d}-{n:06d}" for n in range(records)],
                "offense_code": offense,
                "age_at_arrest": ((day - people.birth[human]) / 365.2425).astype(np.int64),
                "police_disposition": sp.drawn(rng, _SHARES["police"], records),
                "sealed": sealed,
            }
        ),
        "charge": _charges(rng, arrest_id, offense),
        "court_case": _court(rng, arrest_id, county, day, offense, last_day),
        "custody_event": _custody(rng, arrest_id, day, last_day),
    }  # fmt: skip
    codes = load_system("ACHS").code_list("offense_code").by_value
    group = sp.objects([codes[code].attributes["group"] for code in offense])
    return sp.World(
        people, tables, ids[place], human, sp.choose(sealed, "sealed", "subject"), group
    )


def _arrested(
    rng: Generator, female: np.ndarray, birth: np.ndarray, records: int, first_day: int
) -> np.ndarray:
    """Those who may be arrested at all: grown before the end, more men than women."""
    grown = birth < first_day - 14 * 365
    fits = grown & (rng.random(len(birth)) < np.where(female, (1 - _MEN) / _MEN, 1.0))
    return rng.permutation(np.flatnonzero(fits))[: max(20, int(records * (1 - _AGAIN)))]


def _subjects(rng: Generator, records: int, arrested: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Who is arrested each time, and under which of the person's files."""
    once = arrested[: min(len(arrested), records)]
    weight = rng.gamma(0.6, 1.0, len(arrested))  # few are arrested often
    again = rng.choice(arrested, records - len(once), p=weight / weight.sum())
    human = rng.permutation(np.concatenate([once, again]))
    second = human % round(1 / _SECOND_FILE) == 0
    return human, np.where(second & (rng.random(records) < 0.5), 1, 0)


def _person(
    rng: Generator, ids: np.ndarray, columns: sp.Columns, race: np.ndarray, who: np.ndarray
) -> pa.Table:
    tall = 62 + who % 13
    return sp.table(
        {
            "person_id": ids,
            "cii_number": [f"A{n % 10**8:08d}" for n in (10_000_000 + ids * 7).tolist()],
            "sex": columns["sex"],
            "race": race,
            "dob": sp.days_column(columns["birth_day"]),
            "pob": sp.pick(who // 3, ("CA", "CA", "CA", "MM", "TX", "NY", "YY")),
            "height_in": tall,
            "weight_lb": (tall * 2.6 + rng.normal(0, 12, len(who))).astype(np.int64),
            "hair": sp.pick(who // 7, ("BLK", "BRO", "BRO", "BLN", "GRY", "RED")),
            "eye": sp.pick(who, ("BRO", "BRO", "BLU", "GRN", "HAZ")),
        }
    )


def _names(rng: Generator, ids: np.ndarray, columns: sp.Columns) -> pa.Table:
    """Full names, and aliases: a nickname, or the name before marriage."""
    full = sp.name_table(ids, columns, "full")
    nicknames = sp.known_names().nicknames
    known = ~sp.absent(columns["birth_name"])
    here = np.flatnonzero(known | (rng.random(len(ids)) < _ALIAS))
    other = {name: values[here].copy() for name, values in columns.items()}
    other["last_name"] = sp.choose(known[here], other["birth_name"], other["last_name"])
    other["first_name"] = sp.objects([nicknames.get(n, (n,))[0] for n in other["first_name"]])
    return pa.concat_tables([full, sp.name_table(ids[here], other, "alias", seq=2)])


def _charges(rng: Generator, arrest_id: np.ndarray, offense: np.ndarray) -> pa.Table:
    """One to four charges, the first at the level of the arrest."""
    count = np.minimum(1 + rng.geometric(0.6, len(arrest_id)) - 1, 4)
    at = np.repeat(np.arange(len(arrest_id)), count)
    seq = np.arange(len(at)) - np.repeat(np.cumsum(count) - count, count) + 1
    felony = np.array([code in _FELONIES for code in offense])[at] & (seq == 1)
    return sp.table(
        {
            "arrest_id": arrest_id[at],
            "seq": seq,
            "statute": sp.drawn(rng, dict.fromkeys(_STATUTES, 1.0), len(at)),
            "literal": sp.pick(at, ("SEE REPORT", "POSS CONTR SUB", "BATTERY ON PERSON")),
            "level": sp.choose(felony, "F", "M"),
        }
    )


def _court(
    rng: Generator,
    arrest_id: np.ndarray,
    county: np.ndarray,
    day: np.ndarray,
    offense: np.ndarray,
    last_day: int,
) -> pa.Table:
    """Dispositions of three arrests in four; the youngest have none yet."""
    wait = (rng.gamma(2.0, 90.0, len(day))).astype(np.int64)
    here = np.flatnonzero((rng.random(len(day)) < 0.8) & (day + wait <= last_day))
    size = len(here)
    made = sp.drawn(rng, _SHARES["court"], size)
    convicted = made == "convicted"
    tried = convicted | (made == "acquitted")
    felony = np.array([code in _FELONIES for code in offense[here]]) & (rng.random(size) < 0.6)
    return sp.table(
        {
            "arrest_id": arrest_id[here],
            "seq": np.ones(size, np.int64),
            "county_fips": sp.known_places().fips[county[here]],
            "case_no": [f"{n % 26 + 10}CR{n:07d}" for n in range(size)],
            "filed_on": sp.days_column(day[here] + np.minimum(wait[here], 3)),
            "disposition": made,
            "plea": sp.choose(tried, sp.drawn(rng, _SHARES["pleas"], size), None),
            "disposition_date": sp.days_column(day[here] + wait[here]),
            "convicted_level": sp.choose(convicted, sp.choose(felony, "F", "M"), None),
            "sentence": sp.choose(convicted, sp.drawn(rng, _SHARES["sentences"], size), None),
            "sentence_months": pa.array(rng.integers(1, 60, size), mask=~convicted),
        }
    )


def _custody(rng: Generator, arrest_id: np.ndarray, day: np.ndarray, last_day: int) -> pa.Table:
    here = np.flatnonzero(rng.random(len(day)) < 0.06)
    on = np.minimum(day[here] + rng.integers(60, 900, len(here)), last_day)
    kinds = {"received": 5.0, "released": 3.0, "paroled": 2.0, "returned": 0.5, "discharged": 1.0}
    return sp.table(
        {
            "arrest_id": arrest_id[here],
            "kind": sp.missing(rng, sp.drawn(rng, kinds, len(here)), 0.0),
            "event_date": sp.days_column(on),
        }
    )
