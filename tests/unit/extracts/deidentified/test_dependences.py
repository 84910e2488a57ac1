"""What one column is worth for another: planted dependences, a plain count, and what is emptied with what."""

import random
from collections import Counter, defaultdict

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracts.deidentified.defence import lost_by_group
from extracts.deidentified.dependences import (
    CONFIDENCE,
    GAIN,
    ROWS,
    emptied_together,
    find_dependences,
)
from extracts.deidentified.less_rare import suppress_locally
from extracts.rows import plan_for
from systems.description import load_system, system_codes
from tests.examples import examples

REFERENCES = ("person_ref", "order_ref")


def orders(size, seed, noise=0.0):
    """Stage follows from the flag where it is Y; the family from flag and who asked, together."""
    chance = random.Random(seed)
    rows = []
    for n in range(size):
        flag, asked = chance.choice("YNU"), chance.choice("pq")
        stage = "after" if flag == "Y" else chance.choice(["before", "after"])
        if chance.random() < noise:
            stage = chance.choice(["before", "after"])
        family = {"Yp": "a", "Yq": "b", "Np": "b", "Nq": "a"}.get(flag + asked, chance.choice("ab"))
        rows.append({"person_ref": f"p{n}", "order_ref": f"o{n}", "stage": stage, "family": family,
                     "flag": flag, "asked": asked, "noise": chance.choice("123")})  # fmt: skip
    return rows


def plain(rows, target, sources):
    """Share of rows whose value a rule names, and Goodman and Kruskal's tau, by their definitions."""
    everybody, by = Counter(r[target] for r in rows), defaultdict(Counter)
    for r in rows:
        by[tuple(r[s] for s in sources)][r[target]] += 1
    determined, right = 0, 0.0
    for seen in by.values():
        size = sum(seen.values())
        right += sum(n * n for n in seen.values()) / size
        for value, n in seen.items():
            alone = everybody[value] / len(rows)
            sure = n / size
            if alone < 1 and sure >= CONFIDENCE and size >= ROWS and sure >= (1 + alone) / 2:
                determined += n
    chance = sum(n * n for n in everybody.values()) / len(rows) ** 2
    return determined / len(rows), (right / len(rows) - chance) / (1 - chance)


@examples(40)
@given(st.integers(60, 600), st.integers(0, 10**6), st.sampled_from([0.0, 0.03, 0.3]))
def test_dependences_against_a_plain_count(size, seed, noise):
    rows = orders(size, seed, noise)
    found = find_dependences(pa.Table.from_pylist(rows), ("stage", "family"), REFERENCES)
    for one in found:
        assert (one.determined, one.tau) == pytest.approx(plain(rows, one.column, one.sources))
        assert one.determined >= GAIN
    told = {d.column: d.sources for d in found if len(d.sources) == 1}
    worth = {s: plain(rows, "stage", (s,))[0] for s in ("flag", "asked", "noise")}
    assert set(told.get("stage", ())) == {s for s, share in worth.items() if share >= GAIN}


def test_a_pair_counts_where_it_says_more_than_its_parts():
    rows = pa.Table.from_pylist(orders(900, 3))
    found = {(d.column, d.sources) for d in find_dependences(rows, ("stage", "family"), REFERENCES)}
    assert {("stage", ("flag",)), ("family", ("flag", "asked"))} <= found
    assert not [s for _, s in found if "noise" in s]


def test_what_is_emptied_together_is_what_leaves_and_is_no_quasi_identifier():
    rows = pa.Table.from_pylist(orders(900, 3))
    data = rows.drop_columns(list(REFERENCES))
    found = find_dependences(rows, ("stage", "family"), REFERENCES)
    together = emptied_together(found, {"stage": ("noise", "elsewhere")}, data, ("stage", "family"))
    assert together == {"stage": ("flag", "noise"), "family": ("flag", "asked")}


def test_the_law_is_declared_of_columns_that_leave():
    for code in system_codes():
        plan = plan_for(load_system(code), "deidentified")
        assert plan.depends
        for column, told in plan.depends.items():
            assert column in plan.quasi_identifiers
            assert not set(told) & set(plan.quasi_identifiers)


def test_losses_are_told_by_group():
    plan = plan_for(load_system("CARPOS"), "deidentified", ("person_sex", "order_county"))
    rows = [{"person_ref": f"p{n}", "order_ref": f"o{n}", "person_sex": "FM"[n % 4 == 0],
             "order_county": "037" if n % 2 else f"{n:03d}"} for n in range(80)]  # fmt: skip
    before = pa.Table.from_pylist(rows)
    after = suppress_locally(before, plan.quasi_identifiers, plan.gives_way, 10).table
    left = {r["order_ref"]: r for r in after.to_pylist()}
    told = lost_by_group(before, after, plan)["person_sex"]
    for sex, one in told.items():
        mine = [r for r in rows if r["person_sex"] == sex]
        assert one["persons"] == len(mine)
        for name in ("person_sex", "order_county"):
            kept = sum(left.get(r["order_ref"], {}).get(name) is not None for r in mine)
            assert one["lost"].get(name, 0) == pytest.approx(1 - kept / len(mine), abs=0.001)
    assert told["M"]["lost"]["order_county"] == 1
