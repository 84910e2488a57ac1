"""Orders and their parties, cut out of the cases; one entry of a person for each party."""

from dataclasses import dataclass

import numpy as np

from synthetic.carpos.cases import FAMILIES, FAMILY_NAMES, STEPS, Cases
from synthetic.people import Ints, Population, choose

ROLES = ("respondent", "petitioner", "protected", "minor_child", "requesting_officer")
RESPONDENT, PETITIONER, PROTECTED, CHILD, OFFICER = range(5)
NOBODY = -1
_FIRST_ORDER, _FIRST_ENTRY = 1_000_000, 10_000_000  # ids are no counters anybody could take for one
_OFFICERS = 400  # orders for each officer who asks for some


@dataclass(frozen=True)
class Orders:
    """Orders as arrays."""

    order_id: Ints
    case: Ints
    step: Ints  # place in STEPS
    code: np.ndarray
    family: Ints
    issued: Ints
    county: Ints
    prior: Ints  # place of the order before in the same case, or NOBODY
    by_officer: np.ndarray


@dataclass(frozen=True)
class Entries:
    """Party entries as arrays: an order, a person, a role."""

    person_id: Ints
    order: Ints  # place in the orders
    human: Ints  # place in the population
    role: Ints  # place in ROLES
    kind: np.ndarray  # who asked, on the row of who asked; otherwise None
    relationship: np.ndarray  # on the respondent's row; otherwise None


def make_orders(rng: np.random.Generator, cases: Cases, count: int) -> Orders:
    """Cut the cases' steps into exactly ``count`` orders."""
    case, step = np.nonzero(cases.present)
    case, step = case[:count], step[:count]
    codes = np.array([codes for _, codes, _ in FAMILIES.values()], dtype=object)
    family = cases.family[case]
    follows = np.concatenate([[False], case[1:] == case[:-1]])
    return Orders(
        order_id=_FIRST_ORDER + rng.permutation(count),
        case=case,
        step=step,
        code=codes[family, step],
        family=family,
        issued=cases.dates[case, step],
        county=cases.county[case],
        prior=np.where(follows, np.arange(count) - 1, NOBODY),
        by_officer=cases.by_officer[case] | (step == STEPS.index("emergency")),
    )


def make_entries(
    rng: np.random.Generator, people: Population, cases: Cases, orders: Orders
) -> Entries:
    """Put the parties on the orders: the restrained, who asked, who is protected, children."""
    count = len(orders.order_id)
    every = np.arange(count)
    court = orders.family == FAMILY_NAMES.index("CPO")
    officer, asked = orders.by_officer, ~orders.by_officer & ~court
    protects = (officer & (orders.family != FAMILY_NAMES.index("GV"))) | (court & ~officer)
    other = cases.other[orders.case]
    parts = [
        (every, cases.respondent[orders.case], RESPONDENT),
        (every[asked], other[asked], PETITIONER),
        (every[officer], _officers(rng, people, orders, officer), OFFICER),
        (every[protects], other[protects], PROTECTED),
        *_children(rng, people, cases, orders),
    ]
    order = np.concatenate([part[0] for part in parts])
    human = np.concatenate([part[1] for part in parts])
    role = np.concatenate([np.full(len(part[0]), part[2]) for part in parts])
    keep = _first_of_each(order, human)
    order, human, role = order[keep], human[keep], role[keep]
    kind, relationship = _kinds(rng, cases, orders, order, role)
    return Entries(
        person_id=_FIRST_ENTRY + rng.permutation(len(order)),
        order=order,
        human=human,
        role=role,
        kind=kind,
        relationship=relationship,
    )


def _first_of_each(order: Ints, human: Ints) -> Ints:
    """One entry for each person on an order: nobody protects a person from itself."""
    key = order * (int(human.max()) + 1) + human
    return np.sort(np.unique(key, return_index=True)[1])


def _officers(
    rng: np.random.Generator, people: Population, orders: Orders, where: np.ndarray
) -> Ints:
    """Officers are a few grown people of the county's own, who come again and again."""
    pool = rng.integers(0, len(people), max(60, len(orders.order_id) // _OFFICERS))
    pool = pool[people.birth[pool] < orders.issued.min() - 21 * 365]
    return pool[(orders.county[where] * 7 + rng.integers(0, 7, int(where.sum()))) % len(pool)]


def _children(
    rng: np.random.Generator, people: Population, cases: Cases, orders: Orders
) -> list[tuple[Ints, Ints, int]]:
    """Further protected persons: the same ones on every order of a case."""
    cases_count = len(cases.family)
    home = np.isin(cases.family, [FAMILY_NAMES.index(name) for name in ("DV", "CPO", "JV")])
    parts: list[tuple[Ints, Ints, int]] = []
    for share in (0.35, 0.18, 0.07):
        has = home & (rng.random(cases_count) < share)
        who = rng.integers(0, len(people), cases_count)
        on = np.flatnonzero(has[orders.case])
        human = who[orders.case[on]]
        age = (orders.issued[on] - people.birth[human]) / 365.25
        for role, fits in ((CHILD, (age >= 0) & (age < 18)), (PROTECTED, age >= 18)):
            parts.append((on[fits], human[fits], role))
    return parts


_KIND_BY_FAMILY: dict[str, tuple[tuple[str, ...], tuple[float, ...]]] = {
    "DV": (
        ("spouse", "dating", "family", "child_in_common", "household"),
        (0.36, 0.34, 0.12, 0.12, 0.06),
    ),
    "CPO": (("court",), (1.0,)),
    "CH": (("other", "household"), (0.9, 0.1)),
    "EPO": (("LE",), (1.0,)),
    "EA": (("family", "other"), (0.7, 0.3)),
    "EF": (("family", "other"), (0.7, 0.3)),
    "WV": (("employer",), (1.0,)),
    "SV": (("school",), (1.0,)),
    "JV": (("court", "family"), (0.7, 0.3)),
    "GV": (
        ("family", "spouse", "household", "employer", "coworker", "dating", "school"),
        (0.4, 0.25, 0.1, 0.1, 0.05, 0.05, 0.05),
    ),
    "FOREIGN": (("spouse", "other"), (0.6, 0.4)),
    "OTHER": (("other",), (1.0,)),
}
_RELATION = {
    "spouse": ("spouse", "former_spouse"), "dating": ("dating", "former_dating"),
    "family": ("parent", "child", "sibling", "other_family"), "child_in_common": ("child_in_common",),
    "household": ("household", "cohabitant"), "court": ("dating", "spouse", "unknown"),
    "other": ("neighbor", "other", "none"), "LE": ("unknown", "none"), "employer": ("employee",),
    "coworker": ("coworker",), "school": ("school",),
}  # fmt: skip


def _kinds(
    rng: np.random.Generator,
    cases: Cases,
    orders: Orders,
    order: Ints,
    role: Ints,
) -> tuple[np.ndarray, np.ndarray]:
    """Who asked (the same through a case), and the relationship of the two sides."""
    by_case = np.full(len(cases.family), None, dtype=object)
    related = np.full(len(cases.family), None, dtype=object)
    for place, name in enumerate(FAMILY_NAMES):
        here = np.flatnonzero(cases.family == place)
        options, shares = _KIND_BY_FAMILY[name]
        by_case[here] = np.array(options, dtype=object)[
            rng.choice(len(options), len(here), p=shares)
        ]
    draw = rng.random(len(by_case))
    for kind, options in _RELATION.items():
        here = by_case == kind
        related[here] = np.array(options, dtype=object)[(draw[here] * len(options)).astype(int)]
    asked = by_case[orders.case[order]]
    kind = choose(role == OFFICER, "LE", choose(role == PETITIONER, asked, None))
    court = (orders.family[order] == FAMILY_NAMES.index("CPO")) & (role == PROTECTED)
    kind = choose(court & ~orders.by_officer[order], "court", kind)
    return kind, choose(role == RESPONDENT, related[orders.case[order]], None)
