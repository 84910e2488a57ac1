"""The SQL against plain loops over lists of dicts, on registers that Hypothesis makes up."""

import datetime as dt
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracts.deidentified import extract as deidentified
from extracts.rows import RowScope
from tests.examples import examples
from tests.unit.extracts.making import build_identified

FAMILY = {"OGV": "GV", "TGV": "GV", "EGV": "GV", "TRO": "DV", "OAH": "DV", "CHO": "CH"}
STAGE = {
    "OGV": "after_hearing",
    "TGV": "temporary",
    "EGV": "emergency",
    "TRO": "temporary",
    "OAH": "after_hearing",
    "CHO": "after_hearing",
}
PEOPLE, ORDERS = range(1, 7), range(10, 15)
SERVED = ("personal", "in_court", "mail", "verbal_LE")


def day(chance):
    return dt.date(2018, 1, 1) + dt.timedelta(chance.randrange(4 * 365))


def maybe(chance, value):
    return chance.choice([None, value])


def register(chance):
    """A dense register: most orders have several parties, services and conditions."""
    flag = [True, None] + 9 * [False]
    parties = {
        (
            chance.choice(ORDERS),
            chance.choice(PEOPLE),
            chance.choice(["respondent"] * 3 + ["petitioner"]),
        )
        for _ in range(chance.randrange(4, 18))
    }
    tables = {
        "person": [{"person_id": n, "sex": chance.choice(["F", "M", None])} for n in PEOPLE],
        "order_entry": [
            {
                "order_id": n,
                "order_code": chance.choice(sorted(FAMILY)),
                "issue_date": day(chance),
                "county_fips": chance.choice(["001", "073"]),
                "renewal_of": maybe(chance, 3),
                "confidential_minor": chance.choice(flag),
                "safe_at_home": chance.choice(flag),
            }
            for n in ORDERS
        ],
        "order_party": [
            {
                "order_id": o,
                "person_id": p,
                "role": r,
                "age_at_issue": maybe(chance, chance.randrange(110)),
                "petitioner_kind": chance.choice(["LE", "spouse"]) if r == "petitioner" else None,
            }
            for o, p, r in sorted(parties)
        ],
        "service_event": [
            {
                "order_id": chance.choice(ORDERS),
                "kind": chance.choice([*SERVED, "attempt"]),
                "served_on": chance.choice([None, day(chance), dt.date(2020, 2, 29)]),
            }
            for _ in range(chance.randrange(9))
        ],
        "order_condition": [
            {"order_id": chance.choice(ORDERS), "pco": chance.choice(["01", "05", "07"])}
            for _ in range(chance.randrange(9))
        ],
        "relinquishment": [
            {
                "order_id": chance.choice(ORDERS),
                "ordered": chance.choice([None, True, False]),
                "count": maybe(chance, chance.randrange(9)),
            }
            for _ in range(chance.randrange(6))
        ],
    }
    for order in tables["order_entry"]:
        order |= {
            "hearing_date": maybe(chance, day(chance)),
            "basis": chance.choice([None, "consent", "contested"]),
        }
    for proof in tables["relinquishment"]:
        proof["ammunition"] = chance.choice([None, True, False])
    return tables | events_and_firearms(chance)


def events_and_firearms(chance):
    kinds = ["continued", "modified", "terminated", "cancelled", "violation_reported", "arrest"]
    return {
        "order_event": [
            {
                "order_id": chance.choice(ORDERS),
                "kind": chance.choice(kinds),
                "event_date": chance.choice([None, day(chance)]),
            }
            for _ in range(chance.randrange(9))
        ],
        "firearm": [
            {
                "firearm_id": n,
                "order_id": chance.choice(ORDERS),
                "kind": chance.choice(["long_gun", "handgun", None]),
            }
            for n in range(chance.randrange(9))
        ],
        "person_contact": [
            {
                "person_id": chance.choice(PEOPLE),
                "kind": chance.choice(["home", "mail"]),
                "county_fips": chance.choice(["001", "073", None]),
                "valid_from": chance.choice([None, day(chance), dt.date(2019, 1, 1)]),
            }
            for _ in range(chance.randrange(9))
        ],
    }


registers = st.integers(0, 2**32).map(lambda seed: register(random.Random(seed)))


def in_scope(order, families, years):
    if FAMILY[order["order_code"]] not in families:
        return False
    if years and not years[0] <= order["issue_date"].year <= years[1]:
        return False
    return not (order["confidential_minor"] or order["safe_at_home"])


def first_service(tables, order_id):
    """By date, those without a date last, then by kind."""
    served = [
        row
        for row in tables["service_event"]
        if row["order_id"] == order_id and row["kind"] in SERVED
    ]
    served.sort(key=lambda r: (r["served_on"] is None, r["served_on"] or dt.date.max, r["kind"]))
    return served[0] if served else {"served_on": None, "kind": None}


def order_values(tables, order):
    number = order["order_id"]
    conditions = {r["pco"] for r in tables["order_condition"] if r["order_id"] == number}
    given_up = [r for r in tables["relinquishment"] if r["order_id"] == number]
    ordered = [r["ordered"] for r in given_up if r["ordered"] is not None]
    counts = [r["count"] for r in given_up if r["count"] is not None]
    asked = sorted(
        r["petitioner_kind"]
        for r in tables["order_party"]
        if r["order_id"] == number and r["role"] == "petitioner" and r["petitioner_kind"]
    )
    served = first_service(tables, number)
    return {
        "order_code": order["order_code"],
        "order_family": FAMILY[order["order_code"]],
        "order_stage": "renewal" if order["renewal_of"] else STAGE[order["order_code"]],
        "order_issue_date": order["issue_date"],
        "order_county": order["county_fips"],
        "order_renewal": order["renewal_of"] is not None,
        "order_conditions": ";".join(sorted(conditions)) or None,
        "order_petitioner_kind": asked[0] if asked else None,
        "order_service_date": served["served_on"],
        "order_service_kind": served["kind"],
        "order_relinquishment_ordered": any(ordered) if ordered else None,
        "order_relinquishment_count": sum(counts) if counts else None,
        "order_basis": order["basis"],
        **happened(tables, number),
    }


def happened(tables, number):
    def of(table, *kinds):
        return [
            r
            for r in tables[table]
            if r["order_id"] == number and (not kinds or r.get("kind") in kinds)
        ]

    ends = [r["event_date"] for r in of("order_event", "terminated", "cancelled")]
    ends = sorted(d for d in ends if d)
    kinds = {r["kind"] for r in of("firearm") if r["kind"]}
    protected = {
        r["person_id"]
        for r in tables["order_party"]
        if r["order_id"] == number and r["role"] == "petitioner"
    }
    named = [r["ammunition"] for r in of("relinquishment") if r["ammunition"] is not None]
    return {
        "order_continued": len(of("order_event", "continued")),
        "order_terminated_on": ends[0] if ends else None,
        "order_protected": len(protected),
        "order_firearm_kinds": ";".join(sorted(kinds)) or None,
        "order_ammunition_ordered": any(named) if named else None,
    }


def days_band(issued, then):
    if then is None:
        return None
    days = (then - issued).days
    bounds = [(-1, "before"), (0, "0"), (7, "001-007"), (21, "008-021"), (90, "022-090")]
    return next((code for top, code in bounds if days <= top), "091+")


def some_band(count):
    return "3+" if count >= 3 else str(count)


def rarely_asked_for(tables, order, person):
    """What leaves de-identified only where an application names it."""
    number, events = order["order_id"], tables["order_event"]
    kinds = {r["kind"] for r in events if r["order_id"] == number}
    homes = [
        r for r in tables["person_contact"] if r["person_id"] == person and r["kind"] == "home"
    ]
    homes.sort(key=lambda r: (r["valid_from"] or dt.date.min, r["county_fips"] or ""), reverse=True)
    values = order_values(tables, order)
    return {
        "order_stage_half": "after_hearing"
        if values["order_stage"] in {"renewal", "after_hearing"}
        else "before_hearing",
        "order_days_to_hearing": days_band(order["issue_date"], order["hearing_date"]),
        "order_days_to_service": days_band(order["issue_date"], values["order_service_date"]),
        "order_continued": "continued" in kinds,
        "order_terminated": bool(kinds & {"terminated", "cancelled"}),
        "order_violation_reported": bool(kinds & {"violation_reported", "arrest"}),
        "order_protected_band": some_band(values["order_protected"]),
        "order_firearms_band": some_band(
            sum(1 for r in tables["firearm"] if r["order_id"] == number)
        ),
        "person_county": homes[0]["county_fips"] if homes else None,
    }


def identified_by_hand(tables, cohort, links, codes, families, years, maker):
    rows = []
    for row in cohort:
        mine = [x for x in links if x["cohort_id"] == row["row_id"]]
        people = {x["record_id"] for x in mine if x["decision"] == "link"}
        found = [
            order
            for order in tables["order_entry"]
            if in_scope(order, families, years)
            and any(
                p["order_id"] == order["order_id"]
                and p["person_id"] in people
                and p["role"] == "respondent"
                for p in tables["order_party"]
            )
        ]
        if codes.get(row["row_number"]):
            found, verdict = [], "not_attempted"
        elif found:
            verdict = "yes"
        else:
            verdict = "not_attempted" if mine and not people else "no"
        base = {"row_id": row["row_id"], "supplied_last_name": row["last_name"], "matched": verdict}
        rows += [base | order_values(tables, order) for order in found] or [base]
    return rows


SEEN = Counter()
EXAMPLES = examples(40, derandomize=True)
COHORT = [
    {"row_number": 5, "row_id": "x", "last_name": "A"},
    {"row_number": 2, "row_id": "y", "last_name": None},
    {"row_number": 9, "row_id": "z", "last_name": "Ÿ "},
]
LINKS = st.integers(0, 2**32).map(
    lambda seed: [
        {
            "cohort_id": c,
            "record_id": r,
            "decision": random.Random(f"{seed}{c}{r}").choice(DECISIONS),
        }
        for c in "xyz"
        for r in random.Random(f"{seed}{c}").sample(
            PEOPLE, random.Random(f"{c}{seed}").randrange(3)
        )
    ]
)
DECISIONS = ["link", "link", "review"]
FAMILIES = st.sampled_from([("GV", "DV"), ("GV",), ("CH", "DV", "GV")])
YEARS = st.sampled_from([None, (2019, 2020), (2018, 2021), (2021, 2021)])


def counted(rows, columns):
    return Counter(tuple(row.get(name) for name in columns) for row in rows)


@EXAMPLES
@given(
    registers,
    LINKS,
    st.sampled_from([{}, {2: "UNUSABLE"}, {5: "WITHHELD", 9: "X"}]),
    FAMILIES,
    YEARS,
)
def identified_is_as_by_hand(
    carpos, open_register, bring_cohort, make_ids, tables, links, codes, families, years
):
    con = open_register(**tables)
    bring_cohort(con, COHORT, links, codes)
    everything = carpos.rows("identified").column_names
    spec = RowScope(families=families, years=years, columns=everything)
    got = build_identified(con, carpos, spec, make_ids("s")).table.to_pylist()
    con.close()
    want = identified_by_hand(tables, COHORT, links, codes, families, years, make_ids("s"))
    columns = sorted({name for row in want for name in row})
    assert counted(got, columns) == counted(want, columns)
    assert list(dict.fromkeys(row["row_id"] for row in got)) == ["y", "x", "z"]
    SEEN.update(row["matched"] for row in want)


@pytest.mark.long
def test_identified(carpos, open_register, bring_cohort, make_ids):
    """Made-up registers that never reach a rule prove nothing about it: see that they did."""
    SEEN.clear()
    identified_is_as_by_hand(carpos, open_register, bring_cohort, make_ids)
    assert min(SEEN["yes"], SEEN["no"], SEEN["not_attempted"]) > EXAMPLES.max_examples // 4, SEEN


def band(age):
    if age is None:
        return "unknown"
    return "90+" if age >= 90 else f"{age // 5 * 5:02}-{age // 5 * 5 + 4:02}"


@EXAMPLES
@given(registers, st.lists(st.sampled_from(PEOPLE), min_size=6, max_size=6), FAMILIES, YEARS)
def deidentified_is_as_by_hand(carpos, open_register, make_ids, tables, joined, families, years):
    index = {person: min(person, to) for person, to in zip(PEOPLE, joined, strict=True)}
    con = open_register(index, **tables)
    everything = carpos.rows("deidentified").column_names
    spec = RowScope(families=families, years=years, columns=everything)
    extract = deidentified.build_deidentified(con, carpos, spec, make_ids("s"))
    con.close()
    sexes = {row["person_id"]: row["sex"] for row in tables["person"]}
    want, identities = [], set()
    for order in tables["order_entry"]:
        if not in_scope(order, families, years):
            continue
        by_identity = {}
        for one in tables["order_party"]:
            if one["order_id"] == order["order_id"] and one["role"] == "respondent":
                by_identity.setdefault(index[one["person_id"]], []).append(one)
        for identity, entries in by_identity.items():
            one = min(entries, key=lambda e: e["person_id"])
            identities.add(identity)
            want.append(
                {
                    "person_sex": sexes[one["person_id"]],
                    "person_age_band": band(one["age_at_issue"]),
                    "order_issue_month": f"{order['issue_date']:%Y-%m}",
                    **{
                        k: v
                        for k, v in order_values(tables, order).items()
                        if k
                        in {
                            "order_family",
                            "order_stage",
                            "order_county",
                            "order_conditions",
                            "order_renewal",
                            "order_basis",
                            "order_firearm_kinds",
                            "order_ammunition_ordered",
                        }
                    },
                    **rarely_asked_for(tables, order, one["person_id"]),
                }
            )
    columns = sorted({name for row in want for name in row})
    got = extract.table.to_pylist()
    assert counted(got, columns) == counted(want, columns)
    assert extract.persons == len(identities)
    SEEN["rows"] += len(want)
    assert len({row["person_ref"] for row in got}) == len(identities)


@pytest.mark.long
def test_deidentified(carpos, open_register, make_ids):
    SEEN.clear()
    deidentified_is_as_by_hand(carpos, open_register, make_ids)
    assert SEEN["rows"] > EXAMPLES.max_examples // 2, SEEN
