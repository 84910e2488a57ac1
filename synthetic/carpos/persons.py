"""The person tables of a made-up register: each entry as one office wrote it down."""

from typing import Any

import numpy as np
import pyarrow as pa

from synthetic.carpos.cases import CHILD, OFFICER, RESPONDENT, Entries, Orders
from synthetic.people import (
    NO_DAY,
    OTHER_PARTY,
    RACES,
    Ints,
    Population,
    Strings,
    absent,
    choose,
    day,
    days_column,
    known_names,
    pick,
    recorded,
    text,
)
from synthetic.people import RESPONDENT as AS_RESPONDENT

_ALIAS = 0.04  # of entries with another name used
_MAIDEN = 0.35  # of entries with a changed surname that name the one before
_SECOND_ADDRESS = 0.05  # of restrained persons' entries
_CODES = {  # by race as in RACES, with the list's own letters
    "NCIC": ("W", "B", "H", "A", "P", "I", "U"),
    "NCIC_OLD": ("W", "B", "W", "A", "A", "I", "U"),
    "CADOJ": ("W", "B", "H", "A", "P", "I", "O"),
}
_ASIAN_DETAIL = ("A", "C", "F", "J", "K", "V", "Z")  # California's list is finer
_NCIC_SINCE = day(2019)


def tables(
    rng: np.random.Generator, people: Population, orders: Orders, entries: Entries
) -> dict[str, pa.Table]:
    """Return person, person_name, person_identifier, person_contact and vehicle."""
    written = orders.issued[entries.order]
    columns = _recorded(rng, people, entries, written)
    return {
        "person": _person(rng, people, entries, written, columns),
        "person_name": _person_name(rng, entries, columns),
        "person_identifier": _person_identifier(rng, entries, written, columns),
        "person_contact": _person_contact(rng, people, entries, written, columns),
        "vehicle": _vehicle(rng, entries),
    }


def _recorded(
    rng: np.random.Generator, people: Population, entries: Entries, written: Ints
) -> dict[str, np.ndarray]:
    """The restrained are written down more fully than the others; of officers only the name."""
    restrained = entries.role == RESPONDENT
    columns: dict[str, np.ndarray] = {}
    for here, level in ((restrained, AS_RESPONDENT), (~restrained, OTHER_PARTY)):
        part = recorded(rng, people, entries.human[here], written[here], level)
        for name, values in part.items():
            columns.setdefault(name, np.empty(len(restrained), values.dtype))[here] = values
    officer = entries.role == OFFICER
    for name in ("ssn", "driver_license", "dl_state", "phone", "street", "city", "zip", "county"):
        columns[name][officer] = None
    columns["birth_day"][officer] = NO_DAY
    columns["ssn"][entries.role == CHILD] = columns["driver_license"][entries.role == CHILD] = None
    return columns


def _person(
    rng: np.random.Generator,
    people: Population,
    entries: Entries,
    written: Ints,
    columns: dict[str, np.ndarray],
) -> pa.Table:
    size, human = len(entries.human), entries.human
    birth = columns["birth_day"]
    years = birth.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    known = birth != NO_DAY
    systems, letters = _race(rng, people.race[human], written)
    tall = np.where(people.female[human], 64, 69) + rng.normal(0, 1.2, size) + human % 5 - 2
    described = (entries.role == RESPONDENT) & (rng.random(size) < 0.8)
    looks = {
        "eye": pick(human, ("BRO", "BRO", "BRO", "BLU", "GRN", "HAZ", "BLK")),
        "hair": pick(human // 7, ("BLK", "BRO", "BRO", "BLN", "GRY", "RED", "BAL")),
        "skin": pick(human // 49, ("MED", "FAR", "LGT", "DRK", "LBR", "OLV")),
    }
    smt = pick(human // 11, ("TAT L ARM", "SC R HND", "TAT NECK", "TAT CHEST", "SC FHD"))
    smt[~described | (human % 6 > 0)] = None
    return pa.table(
        {
            "person_id": entries.person_id,
            "sex": text(columns["sex"]),
            "race_code": text(letters),
            "race_code_system": text(systems),
            "ethnicity": text(
                choose(people.race[human] == RACES.index("HISPANIC"), "H", "N").astype(object)
            ),
            "birth_year": pa.array(np.where(known, years, 0), pa.int64(), mask=~known),
            "dob": days_column(birth),
            "pob": text(pick(human // 3, ("CA", "CA", "CA", "CA", "MM", "TX", "NY", "PI", "YY"))),
            "height_in": pa.array(np.round(tall).astype(np.int64), mask=~described),
            "weight_lb": pa.array(
                np.clip(tall * 2.6 + rng.normal(0, 12, size), 80, 400).astype(np.int64),
                mask=~described,
            ),
            **{name: text(choose(described, values, None)) for name, values in looks.items()},
            "smt": text(smt),
            "deceased": pa.array(np.zeros(size, bool), mask=rng.random(size) < 0.9),
        }
    )


def _race(rng: np.random.Generator, race: Ints, written: Ints) -> tuple[Strings, Strings]:
    """The letter and its list; the national list changed within the years of the register."""
    size = len(race)
    state = rng.random(size) < 0.35
    system = choose(state, "CADOJ", choose(written < _NCIC_SINCE, "NCIC_OLD", "NCIC")).astype(
        object
    )
    letters = np.empty(size, dtype=object)
    for name, codes in _CODES.items():
        here = system == name
        letters[here] = np.array(codes, dtype=object)[race[here]]
    finer = (system == "CADOJ") & (race == RACES.index("ASIAN"))
    letters[finer] = rng.choice(np.array(_ASIAN_DETAIL, dtype=object), int(finer.sum()))
    missing = rng.random(size) < 0.03
    letters[missing] = choose(system[missing] == "CADOJ", "X", "U")
    return system, letters


def _stacked(parts: list[dict[str, Any]]) -> pa.Table:
    return pa.concat_tables([pa.table(part) for part in parts])


def _person_name(
    rng: np.random.Generator, entries: Entries, columns: dict[str, np.ndarray]
) -> pa.Table:
    size = len(entries.person_id)
    maiden = ~absent(columns["birth_name"]) & (columns["birth_name"] != columns["last_name"])
    maiden &= rng.random(size) < _MAIDEN
    alias = ~maiden & (entries.role == RESPONDENT) & (rng.random(size) < _ALIAS)
    nick = known_names().nicknames
    parts: list[dict[str, Any]] = []
    for number, kind, here in (
        (1, "legal", np.ones(size, bool)),
        (2, "maiden", maiden),
        (2, "alias", alias),
    ):
        first, last = columns["first_name"][here], columns["last_name"][here]
        if kind == "maiden":
            last = columns["birth_name"][here]
        if kind == "alias":
            first = np.array([nick.get(name, (name,))[0] for name in first], dtype=object)
        parts.append(
            {
                "person_id": entries.person_id[here],
                "seq": np.full(int(here.sum()), number),
                "kind": text(np.full(int(here.sum()), kind, dtype=object)),
                "last": text(last),
                "first": text(first),
                "middle": text(columns["middle_name"][here]),
                "suffix": text(columns["name_suffix"][here]),
            }
        )
    return _stacked(parts)


def _person_identifier(
    rng: np.random.Generator, entries: Entries, written: Ints, columns: dict[str, np.ndarray]
) -> pa.Table:
    size = len(entries.person_id)
    number = entries.human.astype(np.int64)
    restrained = entries.role == RESPONDENT
    cii = np.where(restrained & (number % 3 == 0) & (rng.random(size) < 0.5), number, -1)
    fbi = np.where(restrained & (number % 5 == 0) & (rng.random(size) < 0.5), number, -1)
    shown = {
        "SSN": columns["ssn"],
        "DL": columns["driver_license"],
        "CII": np.array(
            [None if n < 0 else f"A{10_000_000 + n * 7919 % 89_999_999:08d}" for n in cii.tolist()],
            dtype=object,
        ),
        "FBI_UCN": np.array(
            [None if n < 0 else f"{(n * 104_729) % 999_999_937:09d}" for n in fbi.tolist()],
            dtype=object,
        ),
    }
    parts: list[dict[str, Any]] = []
    for kind, values in shown.items():
        here = ~absent(values)
        state = (
            columns["dl_state"][here]
            if kind == "DL"
            else np.full(int(here.sum()), None, dtype=object)
        )
        years = (
            written[here].astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
        )
        parts.append(
            {
                "person_id": entries.person_id[here],
                "kind": text(np.full(int(here.sum()), kind, dtype=object)),
                "value": text(values[here]),
                "issuing_state": text(state),
                "expires": pa.array(
                    years + entries.human[here] % 5, mask=np.full(int(here.sum()), kind != "DL")
                ),
            }
        )
    return _stacked(parts)


def _person_contact(
    rng: np.random.Generator,
    people: Population,
    entries: Entries,
    written: Ints,
    columns: dict[str, np.ndarray],
) -> pa.Table:
    named = ~absent(columns["county"]) | ~absent(columns["phone"])
    before = np.flatnonzero(
        (entries.role == RESPONDENT) & (rng.random(len(named)) < _SECOND_ADDRESS)
    )
    old = recorded(rng, people, entries.human[before], written[before] - 5 * 365, AS_RESPONDENT)
    old_named = ~absent(old["county"])
    parts: list[dict[str, Any]] = []
    for kind, source, here, ids, until in (
        ("home", columns, named, entries.person_id, None),
        ("mail", old, old_named, entries.person_id[before], written[before] - 400),
    ):
        size = int(here.sum())
        nothing = text(np.full(size, None, dtype=object))
        phone = source["phone"][here] if kind == "home" else np.full(size, None, dtype=object)
        parts.append(
            {
                "person_id": ids[here],
                "kind": text(np.full(size, kind, dtype=object)),
                "street": text(source["street"][here]),
                "city": text(source["city"][here]),
                "state": text(choose(absent(source["county"][here]), None, "CA")),
                "zip": text(source["zip"][here]),
                "county_fips": text(source["county"][here]),
                "phone": text(phone),
                "email": nothing,
                "employer_name": nothing,
                "valid_from": pa.nulls(size, pa.date32()),
                "valid_to": pa.nulls(size, pa.date32())
                if until is None
                else days_column(until[here]),
            }
        )
    return _stacked(parts)


def _vehicle(rng: np.random.Generator, entries: Entries) -> pa.Table:
    here = np.flatnonzero((entries.role == RESPONDENT) & (rng.random(len(entries.role)) < 0.12))
    human = entries.human[here]
    return pa.table(
        {
            "person_id": entries.person_id[here],
            "plate": [
                f"{n % 9 + 1}{chr(65 + n % 26)}{chr(65 + n // 26 % 26)}{chr(65 + n // 676 % 26)}{n % 1000:03d}"
                for n in human.tolist()
            ],
            "plate_state": text(np.full(len(here), "CA", dtype=object)),
            "year": 1995 + human % 30,
            "make": text(pick(human, ("TOYT", "HOND", "FORD", "CHEV", "NISS", "BMW"))),
            "model": text(pick(human // 6, ("CAM", "CIV", "F15", "SIL", "ALT", "3SE"))),
            "color": text(pick(human // 36, ("WHI", "BLK", "SIL", "GRY", "RED", "BLU"))),
        }
    )
