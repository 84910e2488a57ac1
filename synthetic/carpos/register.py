"""`make_carpos`: what a made-up CARPOS register consists of, and who is who in it.

It has what real registers have: people with several orders, chains from emergency to final orders, mutual orders,
relatives at one address, twins, fathers and sons of one name, double and changed surnames, other spellings, nicknames,
typing errors, swapped and defaulted birth dates, missing numbers, old addresses, unserved orders, missing expirations,
two lists of race codes.
"""

from numpy.random import Generator

from synthetic.carpos import details, persons
from synthetic.carpos.cases import FAMILY_NAMES, ROLES, make_cases, make_entries, make_orders
from synthetic.people import World, choose, make_people, objects

_PEOPLE_PER_ORDER = 1.6  # people in the made-up world; about half of them stand on no order


def make_carpos(rng: Generator, records: int, first_day: int, last_day: int) -> World:
    """Make the tables of ``records`` orders, each with about 2.5 party entries, and who these are."""
    people = make_people(rng, max(2_000, int(records * _PEOPLE_PER_ORDER)), last_day)
    cases = make_cases(rng, people, records, first_day, last_day)
    orders = make_orders(rng, cases, records)
    entries = make_entries(rng, people, cases, orders)
    tables = {
        **persons.tables(rng, people, orders, entries),
        **details.tables(rng, people, orders, entries, last_day),
    }
    # as the code list says it: financial elder abuse is a case of elder abuse
    families = objects(["EA" if name == "EF" else name for name in FAMILY_NAMES])
    family = choose(orders.code == "EPO", "EPO", families[orders.family])[entries.order]
    role = objects(ROLES)[entries.role]
    return World(people, tables, entries.person_id, entries.human, role, family, "respondent")
