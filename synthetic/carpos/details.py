"""The order tables of a made-up register, the orders themselves and all that hangs on them; and the register as a whole.

It has what real registers have: people with several orders, chains from emergency to final orders, mutual orders,
relatives at one address, twins, fathers and sons of one name, double and changed surnames, other spellings, nicknames,
typing errors, swapped and defaulted birth dates, missing numbers, old addresses, unserved orders, missing expirations,
two lists of race codes.
"""

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from synthetic import people as sp
from synthetic.carpos import cases as life
from synthetic.carpos import persons

_EMERGENCY, _TEMPORARY, _AFTER, _RENEWAL = range(4)
_NO_EXPIRATION = 0.04
_SERVED = 0.87
_BASIS_KNOWN = 0.94
_AGENCIES = 3  # per county
_SHARES = sp.shares("carpos")


def _tables(
    rng: Generator, people: sp.Population, orders: life.Orders, entries: life.Entries, last_day: int
) -> dict[str, pa.Table]:
    """Return agency, court, restraint, the orders, their parties, and everything on them."""
    expires = _expirations(rng, orders)
    # What came later is drawn apart, so that one seed makes the register of before, with more on it.
    later = rng.spawn(1)[0]
    tables = {
        "agency": _agencies(),
        "court": _courts(),
        "restraint": _restraint(orders, expires, last_day),
        "order_entry": _order_entry(rng, orders, expires).append_column(
            "basis", pa.array(_basis(later, orders), pa.string())
        ),
        "order_party": _order_party(people, orders, entries),
        "order_condition": _order_condition(rng, orders),
        "service_event": _service_event(rng, orders, last_day),
        "order_event": _order_event(rng, orders, last_day),
        "firearm": _firearm(rng, orders),
        "relinquishment": _relinquishment(rng, orders, last_day),
    }
    tables["relinquishment"] = _others(later, tables["relinquishment"])
    return tables


def _agency_oris() -> list[str]:
    return [f"CA{fips}{n:02d}00" for fips in sp.known_places().fips for n in range(_AGENCIES)]


def _agencies() -> pa.Table:
    fips = np.repeat(sp.known_places().fips, _AGENCIES)
    return sp.table(
        {
            "ori": _agency_oris(),
            "name": [f"Agency {n + 1} of county {f}" for n, f in enumerate(fips)],
            "county_fips": fips,
            "kind": np.tile(sp.objects(["sheriff", "police", "police"]), len(fips) // _AGENCIES),
        }
    )


def _courts() -> pa.Table:
    fips = sp.known_places().fips
    return sp.table(
        {
            "court_ori": [f"CA{f}015J" for f in fips],
            "name": [f"Superior Court of county {f}" for f in fips],
            "county_fips": fips,
        }
    )


def _fcn(case: sp.Ints) -> list[str]:
    return [f"2{n % 97 + 3:02d}{n * 7919 % 10**10:010d}" for n in case.tolist()]


def _restraint(orders: life.Orders, expires: sp.Ints, last_day: int) -> pa.Table:
    case, place = np.unique(orders.case, return_index=True)
    last = np.maximum.reduceat(np.where(expires == sp.NO_DAY, last_day + 1, expires), place)
    status = sp.choose(last > last_day, "active", "expired")
    status[(case % 31 == 0) & (status == "active")] = "cancelled"
    return sp.table({"fcn": _fcn(case), "status": status})


def _expirations(rng: Generator, orders: life.Orders) -> sp.Ints:
    size = len(orders.issued)
    terms = np.stack(
        [
            np.full(size, 7),
            rng.integers(20, 26, size),
            365 * rng.choice([1, 2, 3, 5], size, p=[0.30, 0.10, 0.40, 0.20]),
            365 * rng.choice([3, 5], size),
        ],
        axis=1,
    )
    expires = orders.issued + terms[np.arange(size), orders.step]
    expires[(orders.step >= _AFTER) & (rng.random(size) < _NO_EXPIRATION)] = sp.NO_DAY
    expires[rng.random(size) < 0.005] = sp.NO_DAY
    return expires


def _order_entry(rng: Generator, orders: life.Orders, expires: sp.Ints) -> pa.Table:
    size, case = len(orders.order_id), orders.case
    fips = sp.known_places().fips[orders.county]
    agency = orders.county * _AGENCIES + rng.integers(0, _AGENCIES, size)
    emergency = orders.step == _EMERGENCY
    prior = np.where(orders.prior == life.NOBODY, 0, orders.order_id[orders.prior])
    renews = (orders.step == _RENEWAL) & (orders.prior != life.NOBODY)
    foreign = orders.family == life.FAMILY_NAMES.index("FOREIGN")
    gun = np.isin(
        orders.family, [life.FAMILY_NAMES.index(name) for name in ("DV", "CPO", "FOREIGN")]
    )
    remarks = sp.pick(case, ("SEE ORDER", "ATTN SERVING OFFICER", "PEACEFUL CONTACT FOR EXCHANGE"))
    remarks[rng.random(size) < 0.9] = None
    numbers = list(zip(sp.year_of(orders.issued).tolist(), case.tolist(), strict=True))
    return sp.table(
        {
            "order_id": orders.order_id,
            "fcn": _fcn(case),
            "order_code": orders.code,
            "form_id": sp.objects([_SHARES["forms"].get(code) for code in orders.code]),
            "court_case_no": [f"{year}-{n:07d}" for year, n in numbers],
            "entering_ori": sp.objects(_agency_oris())[agency],
            "oca": [f"{n % 99:02d}-{n:06d}" for _, n in numbers],
            "court_ori": sp.choose(emergency, None, sp.objects([f"CA{f}015J" for f in fips])),
            "county_fips": fips,
            "issue_date": sp.days_column(orders.issued),
            "effective_date": sp.days_column(orders.issued),
            "expiration_date": sp.days_column(expires),
            "hearing_date": sp.days_column(np.where(orders.step == _TEMPORARY, expires, sp.NO_DAY)),
            "judge": sp.choose(
                emergency, None, sp.pick(case, ("J ADAMS", "M LOPEZ", "K TRAN", "R SINGH"))
            ),
            "brady": sp.choose(gun & (orders.step >= _AFTER), "Y", sp.choose(gun, "U", "N")),
            "out_of_state": sp.choose(foreign, sp.pick(case, ("NV", "AZ", "OR", "WA", "TX")), None),
            "prior_order_id": pa.array(prior, mask=orders.prior == life.NOBODY),
            "renewal_of": pa.array(prior, mask=~renews),
            "confidential_minor": rng.random(size) < 0.012,
            "safe_at_home": rng.random(size) < 0.004,
            "remarks": remarks,
        }
    )


def _basis(rng: Generator, orders: life.Orders) -> sp.Strings:
    """Most orders after hearing rest on one at which the restrained person was heard or did not come."""
    drawn = sp.drawn(rng, _SHARES["bases"], len(orders.issued))
    known = rng.random(len(drawn)) < _BASIS_KNOWN
    return sp.choose(orders.step >= _AFTER, sp.choose(known, drawn, None), "none")


def _order_party(people: sp.Population, orders: life.Orders, entries: life.Entries) -> pa.Table:
    age = ((orders.issued[entries.order] - people.birth[entries.human]) / 365.2425).astype(np.int64)
    known = (
        (entries.role == life.RESPONDENT) | (entries.role == life.CHILD) | (entries.human % 4 > 0)
    )
    known &= age >= 0
    return sp.table(
        {
            "order_id": orders.order_id[entries.order],
            "person_id": entries.person_id,
            "role": sp.objects(life.ROLES)[entries.role],
            "relationship_code": entries.relationship,
            "petitioner_kind": entries.kind,
            "age_at_issue": pa.array(np.maximum(age, 0), mask=~known),
            "is_minor": pa.array(age < 18, mask=~known),
        }
    )


def _order_condition(rng: Generator, orders: life.Orders) -> pa.Table:
    listed = _SHARES["conditions"]
    chances = np.array([listed.get(name, listed["others"]) for name in life.FAMILY_NAMES])
    order, pco = np.nonzero(rng.random((len(orders.family), 9)) < chances[orders.family])
    yards = rng.choice([25, 50, 100, 100, 100, 150], len(order))
    return sp.table(
        {
            "order_id": orders.order_id[order],
            "pco": sp.objects([f"{n:02d}" for n in range(1, 10)])[pco],
            "terms": sp.choose((pco == 7), "SEE ATTACHED TERMS", None),
            "stay_away_yards": pa.array(yards, mask=pco != 3),
        }
    )


def _service_event(rng: Generator, orders: life.Orders, last_day: int) -> pa.Table:
    """Attempts, and one proof of service for most orders."""
    size = len(orders.issued)
    attempts = np.flatnonzero(rng.random(size) < 0.18)
    served = np.flatnonzero(rng.random(size) < _SERVED)
    kinds = {"personal": 0.62, "in_court": 0.25, "mail": 0.05, "verbal_LE": 0.08}
    kind = sp.drawn(rng, kinds, len(served))
    wait = np.where(kind == "in_court", 0, rng.geometric(0.25, len(served)))
    order = np.concatenate([attempts, served])
    on = np.concatenate([orders.issued[attempts] + 1, orders.issued[served] + wait])
    minutes = rng.integers(7 * 60, 21 * 60, len(order)) * 60_000_000
    return sp.table(
        {
            "order_id": orders.order_id[order],
            "kind": sp.objects([*["attempt"] * len(attempts), *kind]),
            "served_on": sp.days_column(np.minimum(on, last_day)),
            "served_time": pa.array(minutes, pa.int64()).cast(pa.time64("us")),
            "server_ori": sp.objects(_agency_oris())[orders.county[order] * _AGENCIES],
            "server_name": sp.pick(order, ("DEP R MILLER", "OFC T NGUYEN", "DEP A GARCIA")),
        }
    )


def _order_event(rng: Generator, orders: life.Orders, last_day: int) -> pa.Table:
    order = np.flatnonzero(rng.random(len(orders.issued)) < 0.09)
    kind = sp.drawn(rng, _SHARES["events"], len(order))
    on = np.minimum(orders.issued[order] + rng.integers(1, 200, len(order)), last_day)
    return sp.table(
        {
            "order_id": orders.order_id[order],
            "kind": kind,
            "event_date": sp.days_column(on),
            "ori": sp.objects(_agency_oris())[orders.county[order] * _AGENCIES + 1],
            "note": sp.choose(kind == "arrest", "SEE REPORT", None),
        }
    )


# -- firearms on the orders, and what became of them


def _firearm(rng: Generator, orders: life.Orders) -> pa.Table:
    """Firearms: on half of the gun violence orders, on few others."""
    gun = orders.family == life.FAMILY_NAMES.index("GV")
    chance = np.where(gun, 0.55, 0.05)
    count = np.where(rng.random(len(gun)) < chance, rng.geometric(0.5, len(gun)), 0)
    order = np.repeat(np.arange(len(gun)), count)
    size = len(order)

    def any_of(*options: str) -> np.ndarray:
        return rng.choice(sp.objects(options), size)

    made = sp.table(
        {
            "firearm_id": 5_000_000 + rng.permutation(size),
            "order_id": orders.order_id[order],
            "make": any_of("GLK", "SW", "RUG", "COL", "SIG", "REM"),
            "caliber": any_of("9", "45", "380", "22", "12"),
            "type": any_of(*_SHARES["firearms"]),
            "serial": [f"SYN{n:07d}" for n in rng.integers(0, 10**7, size).tolist()],
            "source": any_of("CLETS001", "AFS", "declaration"),
        }
    )
    kinds = [_SHARES["firearms"][of] for of in made["type"].to_pylist()]
    return made.append_column("kind", pa.array(kinds, pa.string()))


def _relinquishment(rng: Generator, orders: life.Orders, last_day: int) -> pa.Table:
    """Whether firearms were to be given up, and the proof where one was filed."""
    family = sp.objects(life.FAMILY_NAMES)[orders.family]
    order = np.flatnonzero((orders.step >= _TEMPORARY) & ~np.isin(family, ("FOREIGN", "OTHER")))
    size, family = len(order), family[order]
    gun = family == "GV"
    given = ("surrendered_LE", "sold_dealer", "stored_dealer")
    options = sp.objects([*given, "none_possessed", "not_filed"])
    disposition = sp.choose(
        gun,
        rng.choice(options, size, p=[0.45, 0.15, 0.10, 0.15, 0.15]),
        rng.choice(options, size, p=[0.05, 0.02, 0.01, 0.22, 0.70]),
    )
    filed, gave = disposition != "not_filed", np.isin(disposition, given)
    form = sp.choose(family == "CPO", "CR-210", sp.choose(family == "JV", "JV-270", None))
    usual = [f"{name[:2] if name != 'EF' else 'EA'}-800" for name in family]
    ordered = rng.random(size) < np.where(gun, 1.0, 0.93)
    on = np.minimum(orders.issued[order] + rng.integers(1, 15, size), last_day)
    return sp.table(
        {
            "order_id": orders.order_id[order],
            "ordered": ordered,
            "proof_form": sp.choose(filed, sp.choose(sp.absent(form), usual, form), None),
            "filed_on": sp.days_column(np.where(filed, on, sp.NO_DAY)),
            "disposition": disposition,
            "count": np.where(gave, rng.geometric(0.5, size), 0),
        }
    )


def _others(rng: Generator, firearms: pa.Table) -> pa.Table:
    """Relinquishments with ammunition, parts and body armour: on most orders that name firearms, given up where firearms were."""
    ordered = firearms["ordered"].to_numpy(zero_copy_only=False)
    for name, chance in _SHARES["items"].items():
        firearms = firearms.append_column(
            name, pa.array(ordered & (rng.random(len(ordered)) < chance))
        )
    given = (firearms["count"].to_numpy() > 0) & (rng.random(len(ordered)) < 0.8)
    return firearms.append_column("others_given_up", pa.array(given))


# -- the register

_PEOPLE_PER_ORDER = 1.6  # people in the made-up world; about half of them stand on no order


def make_carpos(rng: Generator, records: int, first_day: int, last_day: int) -> sp.World:
    """Make the tables of ``records`` orders, each with about 2.5 party entries, and who these are."""
    people = sp.make_people(rng, max(2_000, int(records * _PEOPLE_PER_ORDER)), last_day)
    cases = life.make_cases(rng, people, records, first_day, last_day)
    orders = life.make_orders(rng, cases, records)
    entries = life.make_entries(rng, people, cases, orders)
    tables = {
        **persons.tables(rng, people, orders, entries),
        **_tables(rng, people, orders, entries, last_day),
    }
    # as the code list says it: financial elder abuse is a case of elder abuse
    families = sp.objects(["EA" if name == "EF" else name for name in life.FAMILY_NAMES])
    family = sp.choose(orders.code == "EPO", "EPO", families[orders.family])[entries.order]
    role = sp.objects(life.ROLES)[entries.role]
    return sp.World(people, tables, entries.person_id, entries.human, role, family, "respondent")
