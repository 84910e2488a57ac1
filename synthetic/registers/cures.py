"""A made-up CURES register: patients as written on prescriptions, prescribers, pharmacies.

Shares are our choice, roughly those of prescription monitoring reports: opioids a third of the
prescriptions, a few patients with very many, most with one or two.
"""

from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from synthetic import people as sp

_PATIENT = replace(
    sp.RESPONDENT, birth_missing=0.002, address_missing=0.01, phone=0.6, ssn=0.0, license=0.0
)
_PATIENTS = 0.3  # patients for each prescription
_PEOPLE = 1.3  # people in the made-up world for each prescription
_SHARES = sp.shares("cures")
_DRUGS = _SHARES["drugs"]
_SUPPLY = _SHARES["supply"]


def make_cures(rng: Generator, records: int, first_day: int, last_day: int) -> sp.World:
    """Make the tables of ``records`` prescriptions, and who the patients are."""
    people = sp.make_people(rng, max(2_000, int(records * _PEOPLE)), last_day)
    human = _patients(rng, people.birth, records, first_day)
    day = first_day + rng.integers(0, last_day - first_day + 1, records)
    columns = sp.recorded(rng, people, human, day, _PATIENT)
    person_id = 50_000_000 + rng.permutation(records)
    prescriber, doctors = _prescribers(rng, max(20, records // 60))
    pharmacy, shops, where = _pharmacies(rng, max(60, records // 200))
    chosen = _near(rng, people.county[people.home[human, 0]], where)
    kinds = sp.drawn(rng, {name: drug["share"] for name, drug in _DRUGS.items()}, records)
    named = {kind: drug["names"] for kind, drug in _DRUGS.items()}
    number = np.arange(records)
    supply = rng.choice([*map(int, _SUPPLY)], records, p=[*_SUPPLY.values()])
    refill = np.minimum(rng.geometric(0.7, records) - 1, 5)
    tables = {
        "person": sp.table(
            {
                "person_id": person_id,
                "sex": columns["sex"],
                "dob": sp.days_column(columns["birth_day"]),
            }
        ),
        "person_name": sp.name_table(person_id, columns),
        "person_contact": sp.contact_table(person_id, columns, phone=True),
        "prescriber": prescriber,
        "pharmacy": pharmacy,
        "prescription": sp.table(
            {
                "prescription_id": 6_000_000 + rng.permutation(records),
                "person_id": person_id,
                "prescriber_id": doctors[(human * 3 + number % 2) % len(doctors)],
                "pharmacy_id": shops[chosen],
                "rx_number": [f"RX{n:09d}" for n in number.tolist()],
                "form_serial": [f"F{n:011d}" for n in number.tolist()],
                "ndc": [f"{n * 7919 % 10**11:011d}" for n in number.tolist()],
                "drug_name": [named[k][n % len(named[k])] for n, k in enumerate(kinds)],
                "drug_class": kinds,
                "schedule": [_DRUGS[k]["schedule"] for k in kinds],
                "quantity": supply * rng.choice([1, 2, 3], records),
                "days_supply": supply,
                "written_on": sp.days_column(
                    np.maximum(day - rng.integers(0, 8, records), first_day)
                ),
                "filled_on": sp.days_column(day),
                "refill_no": refill,
                "refills_ordered": np.maximum(refill, rng.integers(0, 6, records)),
                "diagnosis_code": sp.missing(
                    rng, sp.pick(human, ("M545", "F419", "F909", "G8929", "F1120")), 0.7
                ),
                "county_fips": sp.known_places().fips[where[chosen]],
                "patient_age": ((day - people.birth[human]) / 365.2425).astype(np.int64),
                "payment": sp.drawn(rng, _SHARES["payment"], records),
            }
        ),
    }
    roman = {"2": "II", "3": "III", "4": "IV", "5": "V"}
    family = sp.objects([roman[_DRUGS[k]["schedule"]] for k in kinds])
    return sp.World(people, tables, person_id, human, "subject", family)


def _patients(rng: Generator, birth: sp.Ints, records: int, first_day: int) -> sp.Ints:
    """Patients were born before the years of the register; few have very many prescriptions."""
    pool = rng.permutation(np.flatnonzero(birth < first_day - 365))
    pool = pool[: max(20, int(records * _PATIENTS))]
    weight = rng.gamma(0.5, 1.0, len(pool)) + 0.05
    return rng.choice(pool, records, p=weight / weight.sum())


def _prescribers(rng: Generator, count: int) -> tuple[pa.Table, sp.Ints]:
    ids = 700_000 + rng.permutation(count)
    texts = sp.known_names().texts
    return (
        sp.table(
            {
                "prescriber_id": ids,
                "last": texts[rng.integers(0, len(texts), count)],
                "first": texts[rng.integers(0, len(texts), count)],
                "dea_number": [f"BX{n % 10**7:07d}" for n in (ids * 31).tolist()],
                "license_no": [f"L{n}" for n in ids.tolist()],
                "license_kind": sp.drawn(rng, _SHARES["licences"], count),
            }
        ),
        ids,
    )


def _pharmacies(rng: Generator, count: int) -> tuple[pa.Table, sp.Ints, sp.Ints]:
    places = sp.known_places()
    where = np.concatenate(
        [np.arange(len(places.fips)), rng.choice(len(places.fips), count, p=places.share)]
    )
    ids = 800_000 + rng.permutation(len(where))
    return (
        sp.table(
            {
                "pharmacy_id": ids,
                "license_no": [f"PHY{n}" for n in ids.tolist()],
                "name": [f"PHARMACY {n}" for n in range(len(where))],
                "county_fips": places.fips[where],
            }
        ),
        ids,
        where,
    )


def _near(rng: Generator, home: sp.Ints, where: sp.Ints) -> sp.Ints:
    """A pharmacy of the home county, mostly."""
    wanted = sp.counties(rng, home, 0.08)
    order = np.argsort(where, kind="stable")
    first = np.searchsorted(where[order], wanted)
    last = np.searchsorted(where[order], wanted, side="right")
    return order[first + (rng.random(len(wanted)) * (last - first)).astype(np.int64)]
