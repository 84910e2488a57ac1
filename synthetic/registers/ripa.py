"""A made-up RIPA register: stops, the persons stopped as officers perceived them, what was done.

Who the persons are stands in the truth alone: the register has nothing that could tell. Shares are our
choice, roughly those of the annual reports of the RIPA Board: four stops in five for traffic, one
person stopped in eight searched, one in eight arrested.
"""

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from synthetic import people as sp

_SINCE = sp.day(2018, 7, 1)  # the first day on which stops were recorded
_MORE = 0.11  # of stops with a second person
_SHARES = sp.shares("ripa")
_HOURS = np.array(_SHARES["hours"]) / sum(_SHARES["hours"])


def make_ripa(rng: Generator, records: int, first_day: int, last_day: int) -> sp.World:
    """Make the tables of ``records`` stops, and (in the truth alone) who was stopped."""
    first_day = max(first_day, _SINCE)
    places = sp.known_places()
    county = rng.choice(len(places.fips), records, p=places.share)
    stop_id = 9_000_000 + rng.permutation(records)
    number = np.arange(records)
    kind = sp.drawn(rng, _SHARES["types"], records)
    at = np.concatenate([number, np.flatnonzero(rng.random(records) < _MORE)])
    size = len(at)
    person_id = 90_000_000 + rng.permutation(size)
    tables = {
        "agency": sp.agency_table(),
        "stop": sp.table(
            {
                "stop_id": stop_id,
                "agency_ori": sp.agency_of(county, rng.integers(0, 2, records)),
                "county_fips": places.fips[county],
                "city": [str(places.cities[c][n % len(places.cities[c])]) for n, c in enumerate(county)],
                "location": [f"{n % 90 * 100} BLOCK {places.streets[n % len(places.streets)]}" for n in number],
                "stop_date": sp.days_column(rng.integers(first_day, last_day + 1, records)),
                "stop_hour": rng.choice(24, records, p=_HOURS),
                "duration_minutes": np.maximum(1, rng.gamma(1.4, 14.0, records)).astype(np.int64),
                "stop_type": kind,
                "call_for_service": rng.random(records) < 0.08,
                "school": rng.random(records) < 0.003,
                "officer_id": [f"{n % 9000 + 1000}" for n in (county * 97 + number % 40).tolist()],
                "officer_years": rng.integers(0, 30, records),
                "officer_assignment": sp.drawn(rng, _SHARES["assignments"], records),
            }
        ),
        "person_stopped": _persons(rng, stop_id[at], person_id),
        **_what_was_done(rng, stop_id[at], person_id),
    }  # fmt: skip
    human = rng.integers(0, max(1, int(size * 0.8)), size)  # some were stopped before
    return sp.World(None, tables, person_id, human, "subject", kind[at])


def _persons(rng: Generator, stop_id: sp.Ints, person_id: sp.Ints) -> pa.Table:
    size = len(stop_id)
    age = np.clip(14 + rng.gamma(2.4, 9.5, size), 5, 95).astype(np.int64)
    reason = sp.drawn(rng, _SHARES["reasons"], size)
    return sp.table(
        {
            "person_id": person_id,
            "stop_id": stop_id,
            "perceived_race": sp.drawn(rng, _SHARES["races"], size),
            "perceived_gender": sp.missing(rng, sp.drawn(rng, _SHARES["genders"], size), 0.002),
            "perceived_age": age,
            "perceived_lgb": rng.random(size) < 0.008,
            "limited_english": rng.random(size) < 0.045,
            "unhoused": rng.random(size) < 0.02,
            "disability": sp.choose(rng.random(size) < 0.012, "mental_health", "none"),
            "student": pa.array((age < 19) & (rng.random(size) < 0.02)),
            "reason": reason,
            "reason_offense": sp.pick(person_id, ("54106", "54098", "48013", "65002", "35078")),
            "reason_text": sp.pick(
                person_id, ("Speeding", "Expired registration", "Matched a description")
            ),
            "search_text": sp.missing(rng, sp.pick(person_id, ("Odour from the vehicle",)), 0.95),
        }
    )


def _what_was_done(rng: Generator, stop_id: sp.Ints, person_id: sp.Ints) -> dict[str, pa.Table]:
    size = len(stop_id)
    every = _SHARES["actions"]
    taken = rng.random((size, len(every))) < np.array(list(every.values())) / 100
    who, which = np.nonzero(taken)
    actions = sp.objects(list(every))[which]
    searched = np.unique(who[np.isin(actions, ("search_person", "search_property"))])
    return {
        "person_action": sp.table(
            {"stop_id": stop_id[who], "person_id": person_id[who], "action": actions}
        ),
        "person_search": sp.table(
            {
                "stop_id": stop_id[searched],
                "person_id": person_id[searched],
                "basis": sp.drawn(rng, _SHARES["bases"], len(searched)),
                "found": sp.drawn(rng, _SHARES["found"], len(searched)),
            }
        ),
        "person_result": sp.table(
            {
                "stop_id": stop_id,
                "person_id": person_id,
                "seq": np.ones(size, np.int64),
                "result": sp.drawn(rng, _SHARES["results"], size),
                "offense": sp.pick(person_id, ("54106", "54098", "48013", "65002")),
            }
        ),
    }
