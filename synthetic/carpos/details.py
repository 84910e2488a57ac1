"""The order tables of a made-up register: the orders themselves and all that hangs on them."""

import numpy as np
import pyarrow as pa

from synthetic.carpos.cases import CHILD, FAMILY_NAMES, NOBODY, RESPONDENT, ROLES, Entries, Orders
from synthetic.people import (
    NO_DAY,
    Ints,
    Population,
    absent,
    choose,
    days_column,
    known_places,
    pick,
    text,
)

_EMERGENCY, _TEMPORARY, _AFTER, _RENEWAL = range(4)
_NO_EXPIRATION = 0.04
_SERVED = 0.87
_AGENCIES = 3  # per county


def tables(
    rng: np.random.Generator, people: Population, orders: Orders, entries: Entries, last_day: int
) -> dict[str, pa.Table]:
    """Return agency, court, restraint, the orders, their parties, and everything on them."""
    agency, court = _agencies(), _courts()
    expires = _expirations(rng, orders)
    return {
        "agency": agency,
        "court": court,
        "restraint": _restraint(orders, expires, last_day),
        "order_entry": _order_entry(rng, orders, expires),
        "order_party": _order_party(people, orders, entries),
        "order_condition": _order_condition(rng, orders),
        "service_event": _service_event(rng, orders, last_day),
        "order_event": _order_event(rng, orders, last_day),
        "firearm": firearm(rng, orders),
        "relinquishment": relinquishment(rng, orders, last_day),
    }


def _agency_oris() -> list[str]:
    return [f"CA{fips}{n:02d}00" for fips in known_places().fips for n in range(_AGENCIES)]


def _agencies() -> pa.Table:
    fips = np.repeat(known_places().fips, _AGENCIES)
    kinds = np.tile(np.array(["sheriff", "police", "police"], dtype=object), len(fips) // _AGENCIES)
    titles = [f"Agency {n + 1} of county {f}" for n, f in enumerate(fips)]
    return pa.table(
        {"ori": _agency_oris(), "name": titles, "county_fips": text(fips), "kind": text(kinds)}
    )


def _courts() -> pa.Table:
    fips = known_places().fips
    return pa.table(
        {
            "court_ori": [f"CA{f}015J" for f in fips],
            "name": [f"Superior Court of county {f}" for f in fips],
            "county_fips": text(fips),
        }
    )


def _fcn(case: Ints) -> list[str]:
    return [f"2{n % 97 + 3:02d}{n * 7919 % 10**10:010d}" for n in case.tolist()]


def _restraint(orders: Orders, expires: Ints, last_day: int) -> pa.Table:
    case, place = np.unique(orders.case, return_index=True)
    last = np.maximum.reduceat(np.where(expires == NO_DAY, last_day + 1, expires), place)
    status = choose(last > last_day, "active", "expired").astype(object)
    status[(case % 31 == 0) & (status == "active")] = "cancelled"
    return pa.table({"fcn": _fcn(case), "status": text(status)})


def _expirations(rng: np.random.Generator, orders: Orders) -> Ints:
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
    expires[(orders.step >= _AFTER) & (rng.random(size) < _NO_EXPIRATION)] = NO_DAY
    expires[rng.random(size) < 0.005] = NO_DAY
    return expires


_FORMS = {
    "EPO": "EPO-001", "EGV": "EPO-002", "TGV": "GV-110", "OGV": "GV-130", "TRO": "DV-110", "OAH": "DV-130",
    "TCH": "CH-110", "CHO": "CH-130", "TEA": "EA-110", "EAR": "EA-130", "TEF": "EA-110", "EAF": "EA-130",
    "TWH": "WV-110", "WHO": "WV-130", "TSV": "SV-110", "SVO": "SV-130", "TJV": "JV-250", "JUV": "JV-255",
    "CPO": "CR-160", "OCP": "CR-162", "FOR": "DV-600", "CANC": "DV-400",
}  # fmt: skip


def _order_entry(rng: np.random.Generator, orders: Orders, expires: Ints) -> pa.Table:
    size = len(orders.order_id)
    fips = known_places().fips[orders.county]
    agencies = np.array(_agency_oris(), dtype=object)[
        orders.county * _AGENCIES + rng.integers(0, _AGENCIES, size)
    ]
    court = np.array([f"CA{f}015J" for f in fips], dtype=object)
    court[orders.step == _EMERGENCY] = None
    prior = np.where(orders.prior == NOBODY, 0, orders.order_id[orders.prior])
    renews = (orders.step == _RENEWAL) & (orders.prior != NOBODY)
    foreign = orders.family == FAMILY_NAMES.index("FOREIGN")
    hearing = np.where(orders.step == _TEMPORARY, expires, NO_DAY)
    gun = np.isin(orders.family, [FAMILY_NAMES.index(name) for name in ("DV", "CPO", "FOREIGN")])
    remarks = pick(
        orders.case, ("SEE ORDER", "ATTN SERVING OFFICER", "PEACEFUL CONTACT FOR EXCHANGE")
    )
    remarks[rng.random(size) < 0.9] = None
    return pa.table(
        {
            "order_id": orders.order_id,
            "fcn": _fcn(orders.case),
            "order_code": text(orders.code),
            "form_id": text(np.array([_FORMS.get(code) for code in orders.code], dtype=object)),
            "court_case_no": [
                f"{y}-{n:07d}"
                for y, n in zip(_years(orders.issued), orders.case.tolist(), strict=True)
            ],
            "entering_ori": text(agencies),
            "oca": [f"{n % 99:02d}-{n:06d}" for n in orders.case.tolist()],
            "court_ori": text(court),
            "county_fips": text(fips),
            "issue_date": days_column(orders.issued),
            "effective_date": days_column(orders.issued),
            "expiration_date": days_column(expires),
            "hearing_date": days_column(hearing),
            "judge": text(
                choose(
                    orders.step == _EMERGENCY,
                    None,
                    pick(orders.case, ("J ADAMS", "M LOPEZ", "K TRAN", "R SINGH")),
                )
            ),
            "brady": text(
                choose(gun & (orders.step >= _AFTER), "Y", choose(gun, "U", "N")).astype(object)
            ),
            "out_of_state": text(
                choose(foreign, pick(orders.case, ("NV", "AZ", "OR", "WA", "TX")), None)
            ),
            "prior_order_id": pa.array(prior, mask=orders.prior == NOBODY),
            "renewal_of": pa.array(prior, mask=~renews),
            "confidential_minor": rng.random(size) < 0.012,
            "safe_at_home": rng.random(size) < 0.004,
            "remarks": text(remarks),
        }
    )


def _years(days: Ints) -> list[int]:
    return (days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970).tolist()


def _order_party(people: Population, orders: Orders, entries: Entries) -> pa.Table:
    age = ((orders.issued[entries.order] - people.birth[entries.human]) / 365.2425).astype(np.int64)
    known = (entries.role == RESPONDENT) | (entries.role == CHILD) | (entries.human % 4 > 0)
    known &= age >= 0
    return pa.table(
        {
            "order_id": orders.order_id[entries.order],
            "person_id": entries.person_id,
            "role": text(np.array(ROLES, dtype=object)[entries.role]),
            "relationship_code": text(entries.relationship),
            "petitioner_kind": text(entries.kind),
            "age_at_issue": pa.array(np.maximum(age, 0), mask=~known),
            "is_minor": pa.array(age < 18, mask=~known),
        }
    )


_CONDITIONS: dict[str, tuple[float, ...]] = {  # chance of PCO 01 to 09
    "DV": (0.98, 0.35, 0.30, 0.92, 0.90, 0.25, 0.97, 0.10, 0.20),
    "CPO": (0.97, 0.20, 0.10, 0.85, 0.75, 0.10, 0.95, 0.15, 0.05),
    "GV": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.05, 0.0),
    "": (0.95, 0.20, 0.02, 0.90, 0.85, 0.0, 0.90, 0.08, 0.0),
}


def _order_condition(rng: np.random.Generator, orders: Orders) -> pa.Table:
    chances = np.array([_CONDITIONS.get(name, _CONDITIONS[""]) for name in FAMILY_NAMES])
    order, pco = np.nonzero(rng.random((len(orders.family), 9)) < chances[orders.family])
    terms = choose((pco == 7), "SEE ATTACHED TERMS", None)
    return pa.table(
        {
            "order_id": orders.order_id[order],
            "pco": text(np.array([f"{n:02d}" for n in range(1, 10)], dtype=object)[pco]),
            "terms": text(terms),
            "stay_away_yards": pa.array(
                rng.choice([25, 50, 100, 100, 100, 150], len(order)), mask=pco != 3
            ),
        }
    )


def _service_event(rng: np.random.Generator, orders: Orders, last_day: int) -> pa.Table:
    """Attempts, and one proof of service for most orders."""
    size = len(orders.issued)
    attempts = np.flatnonzero(rng.random(size) < 0.18)
    served = np.flatnonzero(rng.random(size) < _SERVED)
    kind = rng.choice(
        np.array(["personal", "in_court", "mail", "verbal_LE"], dtype=object),
        len(served),
        p=[0.62, 0.25, 0.05, 0.08],
    )
    wait = np.where(kind == "in_court", 0, rng.geometric(0.25, len(served)))
    order = np.concatenate([attempts, served])
    on = np.concatenate([orders.issued[attempts] + 1, orders.issued[served] + wait])
    minutes = rng.integers(7 * 60, 21 * 60, len(order)) * 60_000_000
    agencies = np.array(_agency_oris(), dtype=object)
    return pa.table(
        {
            "order_id": orders.order_id[order],
            "kind": text(np.concatenate([np.full(len(attempts), "attempt", dtype=object), kind])),
            "served_on": days_column(np.minimum(on, last_day)),
            "served_time": pa.array(minutes, pa.int64()).cast(pa.time64("us")),
            "server_ori": text(agencies[orders.county[order] * _AGENCIES]),
            "server_name": text(pick(order, ("DEP R MILLER", "OFC T NGUYEN", "DEP A GARCIA"))),
        }
    )


def _order_event(rng: np.random.Generator, orders: Orders, last_day: int) -> pa.Table:
    size = len(orders.issued)
    order = np.flatnonzero(rng.random(size) < 0.09)
    kind = rng.choice(
        np.array(
            ["modified", "continued", "terminated", "violation_reported", "arrest"], dtype=object
        ),
        len(order),
        p=[0.25, 0.30, 0.20, 0.18, 0.07],
    )
    agencies = np.array(_agency_oris(), dtype=object)
    return pa.table(
        {
            "order_id": orders.order_id[order],
            "kind": text(kind),
            "event_date": days_column(
                np.minimum(orders.issued[order] + rng.integers(1, 200, len(order)), last_day)
            ),
            "ori": text(agencies[orders.county[order] * _AGENCIES + 1]),
            "note": text(choose(kind == "arrest", "SEE REPORT", None)),
        }
    )


# -- firearms on the orders, and what became of them


def firearm(rng: np.random.Generator, orders: Orders) -> pa.Table:
    """Firearms: on half of the gun violence orders, on few others."""
    gun = orders.family == FAMILY_NAMES.index("GV")
    chance = np.where(gun, 0.55, 0.05)
    count = np.where(rng.random(len(gun)) < chance, rng.geometric(0.5, len(gun)), 0)
    order = np.repeat(np.arange(len(gun)), count)
    size = len(order)
    return pa.table(
        {
            "firearm_id": 5_000_000 + rng.permutation(size),
            "order_id": orders.order_id[order],
            "make": text(
                rng.choice(np.array(["GLK", "SW", "RUG", "COL", "SIG", "REM"], dtype=object), size)
            ),
            "caliber": text(
                rng.choice(np.array(["9", "45", "380", "22", "12"], dtype=object), size)
            ),
            "type": text(
                rng.choice(np.array(["PISTOL", "REVOLVER", "RIFLE", "SHOTGUN"], dtype=object), size)
            ),
            "serial": [f"SYN{n:07d}" for n in rng.integers(0, 10**7, size).tolist()],
            "source": text(
                rng.choice(np.array(["CLETS001", "AFS", "declaration"], dtype=object), size)
            ),
        }
    )


def relinquishment(rng: np.random.Generator, orders: Orders, last_day: int) -> pa.Table:
    """Whether firearms were to be given up, and the proof where one was filed."""
    family = np.array(FAMILY_NAMES, dtype=object)[orders.family]
    order = np.flatnonzero((orders.step >= _TEMPORARY) & ~np.isin(family, ("FOREIGN", "OTHER")))
    size = len(order)
    gun = family[order] == "GV"
    options = np.array(
        ["surrendered_LE", "sold_dealer", "stored_dealer", "none_possessed", "not_filed"],
        dtype=object,
    )
    disposition = choose(
        gun,
        rng.choice(options, size, p=[0.45, 0.15, 0.10, 0.15, 0.15]),
        rng.choice(options, size, p=[0.05, 0.02, 0.01, 0.22, 0.70]),
    )
    filed = disposition != "not_filed"
    given = np.isin(disposition, options[:3])
    form = choose(family[order] == "CPO", "CR-210", choose(family[order] == "JV", "JV-270", None))
    form = choose(
        absent(form),
        [f"{name[:2] if name != 'EF' else 'EA'}-800" for name in family[order]],
        form,
    )
    return pa.table(
        {
            "order_id": orders.order_id[order],
            "ordered": rng.random(size) < np.where(gun, 1.0, 0.93),
            "proof_form": text(choose(filed, form, None)),
            "filed_on": days_column(
                np.where(
                    filed,
                    np.minimum(orders.issued[order] + rng.integers(1, 15, size), last_day),
                    NO_DAY,
                )
            ),
            "disposition": text(disposition),
            "count": pa.array(np.where(given, rng.geometric(0.5, size), 0)),
        }
    )
