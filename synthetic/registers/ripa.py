"""A made-up RIPA register: stops, the persons stopped as officers perceived them, what was done.

Who the persons are stands in the truth alone: the register has nothing that could tell. Shares are our
choice, roughly those of the annual reports of the RIPA Board: four stops in five for traffic, one
person stopped in eight searched, one in eight arrested.
"""

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from synthetic.people import (
    Ints,
    World,
    agency_of,
    agency_table,
    choose,
    days_column,
    drawn,
    known_places,
    missing,
    objects,
    pick,
    table,
)
from synthetic.people import day as day_of

_SINCE = day_of(2018, 7, 1)  # the first day on which stops were recorded
_MORE = 0.11  # of stops with a second person
_TYPES = {"vehicular": 88.0, "bicycle": 2.0, "pedestrian": 10.0}
_RACES = {
    "hispanic": 42.0, "white": 32.0, "black": 13.0, "asian": 5.5, "middle_eastern": 4.5, "multiracial": 1.5,
    "pacific_islander": 0.9, "native_american": 0.6,
}  # fmt: skip
_GENDERS = {
    "man": 71.0, "woman": 28.4, "transgender_man": 0.2, "transgender_woman": 0.2, "nonbinary": 0.2,
}  # fmt: skip
_REASONS = {
    "traffic": 81.0, "suspicion": 13.5, "supervision": 1.2, "warrant": 1.4, "consensual": 1.8, "truancy": 0.3,
    "education_code": 0.1, "school_policy": 0.1, "probable_cause": 0.6,
}  # fmt: skip
_RESULTS = {
    "citation": 48.0, "warning": 26.0, "none": 7.0, "cite_release": 5.0, "arrest": 9.0, "arrest_warrant": 2.0,
    "field_interview": 1.6, "psychiatric_hold": 0.6, "noncriminal_transport": 0.4, "referral": 0.4,
}  # fmt: skip
_ACTIONS = {
    "curbside": 12.0, "handcuffed": 9.0, "search_person": 10.0, "search_property": 7.0, "removed": 5.0, "consent_asked": 3.0,
    "property_seized": 1.5, "vehicle_impounded": 1.5, "sobriety_test": 1.5, "firearm_pointed": 0.3, "force": 0.4, "canine": 0.1,
}  # fmt: skip
_BASES = {
    "incident_to_arrest": 32.0, "safety": 20.0, "supervision": 16.0, "consent": 18.0, "inventory": 5.0, "contraband": 3.0,
    "suspected_weapons": 4.0, "exigent": 1.0, "warrant": 1.0, "school": 0.1,
}  # fmt: skip
_FOUND = {"none": 76.0, "drugs": 13.0, "other_weapon": 3.0, "alcohol": 3.0, "firearm": 1.5, "stolen_property": 1.5, "money": 1.0, "other": 1.0}  # fmt: skip
_WORK = {"patrol": 90.0, "gang": 1.5, "compliance": 1.0, "special_events": 1.0, "roadblock": 0.5, "narcotics": 0.7, "task_force": 0.8, "school": 0.5, "investigative": 1.5, "other": 2.5}  # fmt: skip


def make_ripa(rng: Generator, records: int, first_day: int, last_day: int) -> World:
    """Make the tables of ``records`` stops, and (in the truth alone) who was stopped."""
    first_day = max(first_day, _SINCE)
    places = known_places()
    county = rng.choice(len(places.fips), records, p=places.share)
    stop_id = 9_000_000 + rng.permutation(records)
    number = np.arange(records)
    kind = drawn(rng, _TYPES, records)
    at = np.concatenate([number, np.flatnonzero(rng.random(records) < _MORE)])
    size = len(at)
    person_id = 90_000_000 + rng.permutation(size)
    tables = {
        "agency": agency_table(),
        "stop": table(
            {
                "stop_id": stop_id,
                "agency_ori": agency_of(county, rng.integers(0, 2, records)),
                "county_fips": places.fips[county],
                "city": [str(places.cities[c][n % len(places.cities[c])]) for n, c in enumerate(county)],
                "location": [f"{n % 90 * 100} BLOCK {places.streets[n % len(places.streets)]}" for n in number],
                "stop_date": days_column(rng.integers(first_day, last_day + 1, records)),
                "stop_hour": rng.choice(24, records, p=_HOURS),
                "duration_minutes": np.maximum(1, rng.gamma(1.4, 14.0, records)).astype(np.int64),
                "stop_type": kind,
                "call_for_service": rng.random(records) < 0.08,
                "school": rng.random(records) < 0.003,
                "officer_id": [f"{n % 9000 + 1000}" for n in (county * 97 + number % 40).tolist()],
                "officer_years": rng.integers(0, 30, records),
                "officer_assignment": drawn(rng, _WORK, records),
            }
        ),
        "person_stopped": _persons(rng, stop_id[at], person_id),
        **_what_was_done(rng, stop_id[at], person_id),
    }  # fmt: skip
    human = rng.integers(0, max(1, int(size * 0.8)), size)  # some were stopped before
    return World(None, tables, person_id, human, "subject", kind[at])


_BY_HOUR = np.array(
    [4.0, 3, 2.5, 1.5, 1, 1, 1.5, 3, 4.5, 5, 5.5, 5, 4, 4, 4.5, 5, 5.5, 5.5, 5, 5, 5.5, 6, 6, 5]
)
_HOURS = _BY_HOUR / _BY_HOUR.sum()


def _persons(rng: Generator, stop_id: Ints, person_id: Ints) -> pa.Table:
    size = len(stop_id)
    age = np.clip(14 + rng.gamma(2.4, 9.5, size), 5, 95).astype(np.int64)
    reason = drawn(rng, _REASONS, size)
    return table(
        {
            "person_id": person_id,
            "stop_id": stop_id,
            "perceived_race": drawn(rng, _RACES, size),
            "perceived_gender": missing(rng, drawn(rng, _GENDERS, size), 0.002),
            "perceived_age": age,
            "perceived_lgb": rng.random(size) < 0.008,
            "limited_english": rng.random(size) < 0.045,
            "unhoused": rng.random(size) < 0.02,
            "disability": choose(rng.random(size) < 0.012, "mental_health", "none"),
            "student": pa.array((age < 19) & (rng.random(size) < 0.02)),
            "reason": reason,
            "reason_offense": pick(person_id, ("54106", "54098", "48013", "65002", "35078")),
            "reason_text": pick(
                person_id, ("Speeding", "Expired registration", "Matched a description")
            ),
            "search_text": missing(rng, pick(person_id, ("Odour from the vehicle",)), 0.95),
        }
    )


def _what_was_done(rng: Generator, stop_id: Ints, person_id: Ints) -> dict[str, pa.Table]:
    size = len(stop_id)
    taken = rng.random((size, len(_ACTIONS))) < np.array(list(_ACTIONS.values())) / 100
    who, which = np.nonzero(taken)
    actions = objects(list(_ACTIONS))[which]
    searched = np.unique(who[np.isin(actions, ("search_person", "search_property"))])
    return {
        "person_action": table(
            {"stop_id": stop_id[who], "person_id": person_id[who], "action": actions}
        ),
        "person_search": table(
            {
                "stop_id": stop_id[searched],
                "person_id": person_id[searched],
                "basis": drawn(rng, _BASES, len(searched)),
                "found": drawn(rng, _FOUND, len(searched)),
            }
        ),
        "person_result": table(
            {
                "stop_id": stop_id,
                "person_id": person_id,
                "seq": np.ones(size, np.int64),
                "result": drawn(rng, _RESULTS, size),
                "offense": pick(person_id, ("54106", "54098", "48013", "65002")),
            }
        ),
    }
