"""The person tables of a made-up register: each entry as one office wrote it down."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from synthetic import people as sp
from synthetic.carpos.cases import CHILD, OFFICER, RESPONDENT, Entries, Orders

_ALIAS = 0.04  # of entries with another name used
_MAIDEN = 0.35  # of entries with a changed surname that name the one before
_SECOND_ADDRESS = 0.05  # of restrained persons' entries
_CODES = {  # by race as in RACES, with the list's own letters
    "NCIC": ("W", "B", "H", "A", "P", "I", "U"),
    "NCIC_OLD": ("W", "B", "W", "A", "A", "I", "U"),
    "CADOJ": ("W", "B", "H", "A", "P", "I", "O"),
}
_ASIAN_DETAIL = ("A", "C", "F", "J", "K", "V", "Z")  # California's list is finer
_NCIC_SINCE = sp.day(2019)


def tables(
    rng: Generator, people: sp.Population, orders: Orders, entries: Entries
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
    rng: Generator, people: sp.Population, entries: Entries, written: sp.Ints
) -> sp.Columns:
    """The restrained are written down more fully than the others; of officers only the name."""
    restrained = entries.role == RESPONDENT
    columns: sp.Columns = {}
    for here, level in ((restrained, sp.RESPONDENT), (~restrained, sp.OTHER_PARTY)):
        part = sp.recorded(rng, people, entries.human[here], written[here], level)
        for name, values in part.items():
            columns.setdefault(name, np.empty(len(restrained), values.dtype))[here] = values
    officer = entries.role == OFFICER
    for name in ("ssn", "driver_license", "dl_state", "phone", "street", "city", "zip", "county"):
        columns[name][officer] = None
    columns["birth_day"][officer] = sp.NO_DAY
    columns["ssn"][entries.role == CHILD] = columns["driver_license"][entries.role == CHILD] = None
    return columns


def _person(
    rng: Generator, people: sp.Population, entries: Entries, written: sp.Ints, columns: sp.Columns
) -> pa.Table:
    size, human = len(entries.human), entries.human
    birth = columns["birth_day"]
    known = birth != sp.NO_DAY
    systems, letters = _race(rng, people.race[human], written)
    tall = np.where(people.female[human], 64, 69) + rng.normal(0, 1.2, size) + human % 5 - 2
    described = (entries.role == RESPONDENT) & (rng.random(size) < 0.8)
    heavy = np.clip(tall * 2.6 + rng.normal(0, 12, size), 80, 400).astype(np.int64)
    looks = {
        "eye": sp.pick(human, ("BRO", "BRO", "BRO", "BLU", "GRN", "HAZ", "BLK")),
        "hair": sp.pick(human // 7, ("BLK", "BRO", "BRO", "BLN", "GRY", "RED", "BAL")),
        "skin": sp.pick(human // 49, ("MED", "FAR", "LGT", "DRK", "LBR", "OLV")),
    }
    smt = sp.pick(human // 11, ("TAT L ARM", "SC R HND", "TAT NECK", "TAT CHEST", "SC FHD"))
    smt[~described | (human % 6 > 0)] = None
    return sp.table(
        {
            "person_id": entries.person_id,
            "sex": columns["sex"],
            "race_code": letters,
            "race_code_system": systems,
            "ethnicity": sp.choose(people.race[human] == sp.RACES.index("HISPANIC"), "H", "N"),
            "birth_year": pa.array(np.where(known, sp.year_of(birth), 0), pa.int64(), mask=~known),
            "dob": sp.days_column(birth),
            "pob": sp.pick(human // 3, ("CA", "CA", "CA", "CA", "MM", "TX", "NY", "PI", "YY")),
            "height_in": pa.array(np.round(tall).astype(np.int64), mask=~described),
            "weight_lb": pa.array(heavy, mask=~described),
            **{name: sp.choose(described, values, None) for name, values in looks.items()},
            "smt": smt,
            "deceased": pa.array(np.zeros(size, bool), mask=rng.random(size) < 0.9),
        }
    )


def _race(rng: Generator, race: sp.Ints, written: sp.Ints) -> tuple[sp.Strings, sp.Strings]:
    """The letter and its list; the national list changed within the years of the register."""
    size = len(race)
    state = rng.random(size) < 0.35
    system = sp.choose(state, "CADOJ", sp.choose(written < _NCIC_SINCE, "NCIC_OLD", "NCIC"))
    letters = np.empty(size, dtype=object)
    for name, codes in _CODES.items():
        here = system == name
        letters[here] = sp.objects(codes)[race[here]]
    finer = (system == "CADOJ") & (race == sp.RACES.index("ASIAN"))
    letters[finer] = rng.choice(sp.objects(_ASIAN_DETAIL), int(finer.sum()))
    missing = rng.random(size) < 0.03
    letters[missing] = sp.choose(system[missing] == "CADOJ", "X", "U")
    return system, letters


def _person_name(rng: Generator, entries: Entries, columns: sp.Columns) -> pa.Table:
    size = len(entries.person_id)
    maiden = ~sp.absent(columns["birth_name"]) & (columns["birth_name"] != columns["last_name"])
    maiden &= rng.random(size) < _MAIDEN
    alias = ~maiden & (entries.role == RESPONDENT) & (rng.random(size) < _ALIAS)
    nick = sp.known_names().nicknames
    nicknames = sp.objects([nick.get(name, (name,))[0] for name in columns["first_name"]])
    parts = [sp.name_table(entries.person_id, columns, "legal")]
    for kind, here, changed in (
        ("maiden", maiden, {"last_name": columns["birth_name"]}),
        ("alias", alias, {"first_name": nicknames}),
    ):
        other = {name: values[here] for name, values in (columns | changed).items()}
        parts.append(sp.name_table(entries.person_id[here], other, kind, seq=2))
    return pa.concat_tables(parts)


def _person_identifier(
    rng: Generator, entries: Entries, written: sp.Ints, columns: sp.Columns
) -> pa.Table:
    number, restrained = entries.human, entries.role == RESPONDENT

    def some(every: int, form: Callable[[int], str]) -> sp.Strings:
        has = restrained & (number % every == 0) & (rng.random(len(number)) < 0.5)
        pairs = zip(has.tolist(), number.tolist(), strict=True)
        return sp.objects([form(n) if shown else None for shown, n in pairs])

    shown = {
        "SSN": columns["ssn"],
        "DL": columns["driver_license"],
        "CII": some(3, lambda n: f"A{10_000_000 + n * 7919 % 89_999_999:08d}"),
        "FBI_UCN": some(5, lambda n: f"{(n * 104_729) % 999_999_937:09d}"),
    }
    expires = sp.year_of(written) + number % 5
    return sp.identifier_table(entries.person_id, shown, columns["dl_state"], expires)


def _person_contact(
    rng: Generator, people: sp.Population, entries: Entries, written: sp.Ints, columns: sp.Columns
) -> pa.Table:
    named = ~sp.absent(columns["county"]) | ~sp.absent(columns["phone"])
    moved = (entries.role == RESPONDENT) & (rng.random(len(named)) < _SECOND_ADDRESS)
    before = np.flatnonzero(moved)
    old = sp.recorded(rng, people, entries.human[before], written[before] - 5 * 365, sp.RESPONDENT)
    old_named = ~sp.absent(old["county"])
    until = sp.days_column((written[before] - 400)[old_named])
    parts: list[pa.Table] = []
    for kind, source, here, ids, valid_to in (
        ("home", columns, named, entries.person_id, pa.nulls(int(named.sum()), pa.date32())),
        ("mail", old, old_named, entries.person_id[before], until),
    ):
        contact = {
            "person_id": ids[here],
            "kind": kind,
            "street": source["street"][here],
            "city": source["city"][here],
            "state": sp.choose(sp.absent(source["county"][here]), None, "CA"),
            "zip": source["zip"][here],
            "county_fips": source["county"][here],
            "phone": source["phone"][here] if kind == "home" else None,
            "email": None,
            "employer_name": None,
            "valid_from": pa.nulls(int(here.sum()), pa.date32()),
            "valid_to": valid_to,
        }
        parts.append(sp.table(contact))
    return pa.concat_tables(parts)


def _vehicle(rng: Generator, entries: Entries) -> pa.Table:
    here = np.flatnonzero((entries.role == RESPONDENT) & (rng.random(len(entries.role)) < 0.12))
    human = entries.human[here]
    plates = [
        f"{n % 9 + 1}{chr(65 + n % 26)}{chr(65 + n // 26 % 26)}{chr(65 + n // 676 % 26)}{n % 1000:03d}"
        for n in human.tolist()
    ]
    return sp.table(
        {
            "person_id": entries.person_id[here],
            "plate": plates,
            "plate_state": "CA",
            "year": 1995 + human % 30,
            "make": sp.pick(human, ("TOYT", "HOND", "FORD", "CHEV", "NISS", "BMW")),
            "model": sp.pick(human // 6, ("CAM", "CIV", "F15", "SIL", "ALT", "3SE")),
            "color": sp.pick(human // 36, ("WHI", "BLK", "SIL", "GRY", "RED", "BLU")),
        }
    )
