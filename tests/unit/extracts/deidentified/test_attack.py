"""The attacker against a brute-force miner, and what is left to him after the defence."""

import math
import random
from collections import Counter, defaultdict
from itertools import combinations
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import extracts.deidentified.attack as attacking
from extracts.deidentified.attack import attack
from extracts.deidentified.defence import (
    _lacking,
    among_others,
    cheapest_cover,
    defend,
    measure,
)
from extracts.deidentified.risk import RiskLimit, risk_report
from extracts.deidentified.rules import EXACT, NEAR, SUPPORT, SURPRISE
from extracts.rows import emptied, emptied_cells
from systems.companions import values_of
from tests.examples import examples

REFERENCES = ("person_ref", "order_ref")
ABSENT = "~"  # in plain rows: nothing is recorded; None is an emptied cell


def table(columns):
    """Rows as they would leave: emptied and absent cells are empty, and companions tell which is which."""
    rows = len(next(iter(columns.values())))
    made = pa.table({
        "order_ref": pa.array([f"o{n}" for n in range(rows)], pa.string()),
        **{n: pa.array([None if v == ABSENT else v for v in cells], pa.string()) for n, cells in columns.items()},
    })  # fmt: skip
    for name, cells in columns.items():
        made = emptied(made, name, np.array([v is None for v in cells], bool))
    return made


def plain_rows(made):
    """The rows of `table` again."""
    found = made.to_pylist()
    for name in values_of(made.column_names):
        for row in found:
            gone = row.pop(f"{name}_status", None) == "emptied"
            row[name] = None if gone else ABSENT if row[name] is None else row[name]
    return found


def divergence(sure, base):
    if sure <= base:
        return 0.0
    if base == 0:
        return math.inf
    rest = (1 - sure) * math.log((1 - sure) / (1 - base)) if sure < 1 else 0.0
    return sure * math.log(sure / base) + rest


def mined(rows, target, sources):
    """Pattern → (value, confidence, rows) of everything that is believed, by plain counting."""
    everybody = Counter(r[target] for r in rows)
    known = sum(n for v, n in everybody.items() if v is not None)
    by = defaultdict(Counter)
    for r in rows:
        by[tuple(r[s] for s in sources)][r[target]] += 1
    rules = {}
    for pattern, seen in by.items():
        seen.pop(None, 0)
        size = sum(seen.values())
        if size >= SUPPORT:
            value, most = min(seen.items(), key=lambda one: (-one[1], one[0]))
            sure = most / size
            news = not sources or size * divergence(sure, everybody[value] / known) >= SURPRISE
            if sure >= NEAR and news:
                rules[pattern] = (value, sure, size)
    return rules


def of_person(rows, target):
    says = defaultdict(set)
    several = Counter()
    for r in rows:
        if r[target] is not None:
            says[r["person_ref"]].add(r[target])
            several[r["person_ref"]] += 1
    tried = [p for p, n in several.items() if n > 1]
    share = sum(len(says[p]) == 1 for p in tried) / max(1, len(tried))
    if len(tried) < SUPPORT or share < NEAR:
        return {}
    return {(p,): (next(iter(v)), share, len(tried)) for p, v in says.items() if len(v) == 1}


def plain_attack(rows, quasi, names):
    """The filled table after each round, by plain loops over rows and rules."""
    released = [dict(r) for r in rows]
    believed = [dict(r) for r in rows]
    after = []
    for least in (EXACT, NEAR):
        changed = True
        while changed:
            changed = False
            for target in quasi:
                others = [n for n in names if n != target]
                for several in (
                    [()],
                    [("person_ref",)],
                    [(n,) for n in others],
                    [*combinations(others, 2)],
                ):
                    rules = [
                        (
                            s,
                            of_person(released, target)
                            if s == ("person_ref",)
                            else mined(released, target, s),
                        )
                        for s in several
                    ]
                    new = []
                    for i, row in enumerate(believed):
                        if row[target] is not None:
                            continue
                        found = [rule[tuple(row[s] for s in sources)] for sources, rule in rules
                                 if tuple(row[s] for s in sources) in rule]  # fmt: skip
                        found = [one for one in found if one[1] >= least]
                        if found:
                            new.append((i, max(found, key=lambda one: one[1:])[0]))
                    for i, value in new:
                        believed[i][target] = value
                        changed = True
        after.append([dict(r) for r in believed])
    return after


def below(rows, quasi, k):
    history = defaultdict(list)
    for r in rows:
        history[r["person_ref"]].append(tuple(str(r[q]) for q in quasi))
    classes = Counter(tuple(sorted(h)) for h in history.values())
    return min(classes.values()), sum(n for n in classes.values() if n < k)


@st.composite
def planted(draw):
    """Rows with planted dependences, from exact to loose, and cells emptied at random or by another column."""
    chance = random.Random(draw(st.integers(0, 10**6)))
    size = draw(st.integers(20, 120))
    noise, persons = draw(st.sampled_from([0.0, 0.02, 0.2])), draw(st.sampled_from([1, 2]))
    gone = draw(st.sampled_from([0.1, 0.3, 0.6]))
    rows = []
    for n in range(size):
        code = chance.choice("abcd")
        stage = {"a": "x", "b": "x", "c": "y", "d": "z"}[code]
        flag = "Y" if stage == "x" else chance.choice("NU")
        if chance.random() < noise:
            flag = chance.choice("YNU")
        when = ABSENT if flag == "U" else chance.choice("12")
        rows.append(
            {
                "person_ref": f"p{n // persons}",
                "code": code,
                "stage": stage,
                "when": when,
                "flag": flag,
            }
        )
    for r in rows:
        for name in ("code", "stage", "when"):
            if chance.random() < gone:
                r[name] = None
    return rows


@examples(60)
@given(planted(), st.integers(2, 5), st.sampled_from((0, 4)))
def test_the_attacker_finds_what_a_plain_miner_finds(rows, k, few):
    with patch.object(attacking, "_FEW", few):  # rows that look alike are put together, or not
        check_against_a_plain_miner(rows, k)


def check_against_a_plain_miner(rows, k):
    quasi, names = ("code", "stage", "when"), ("code", "stage", "when", "flag")
    data = table({n: [r[n] for r in rows] for n in ("person_ref", *names)})
    got = attack(data, quasi, REFERENCES, k, everywhere=True)
    quick = attack(data, quasi, REFERENCES, k)
    assert quick.exact.below >= got.exact.below
    assert quick.near.below >= got.near.below
    exact, near = plain_attack(rows, quasi, names)
    assert (got.exact.smallest, got.exact.below) == below(exact, quasi, k)
    assert (got.near.smallest, got.near.below) == below(near, quasi, k)
    filled = sum(r[q] is None for r in rows for q in quasi)
    assert got.near.filled == filled - sum(r[q] is None for r in near for q in quasi)


def all_of(got):
    return (
        got.exact,
        got.near,
        list(got.rules.items()),
        got.exposed.tolist(),
        {sources: rows.tolist() for sources, rows in got.inferred_from.items()},
    )


@examples(40)
@given(planted(), st.randoms(use_true_random=False))
def test_another_attack_on_fewer_values_remembers_nothing_wrong(rows, chance):
    """The same of one that remembers the attack before, of one that puts rows together, and of one that does neither."""
    quasi, names = ("stage", "code", "when"), ("stage", "code", "when", "flag", "form")
    rows = [r | {"form": chance.choice(("1", None))} for r in rows]
    memory = {}
    for _ in range(3):
        data = table({n: [r[n] for r in rows] for n in ("person_ref", *names)})
        others = {"versions": (quasi[:2],), "thorough": chance.random() < 0.7}
        again = attack(data, quasi, REFERENCES, 4, memory=memory, **others)
        with patch.object(attacking, "_FEW", chance.choice((0, 99))):
            assert all_of(attack(data, quasi, REFERENCES, 4, **others)) == all_of(again)
        name = chance.choice(("flag", "form"))
        rows = [r | {name: None} if chance.random() < 0.2 else r for r in rows]


def case(persons=400, seed=1, absent=0.0):
    """A stage that was emptied where it was rare, beside a Brady indicator that stayed; some stages and counties are not recorded."""
    chance = random.Random(seed)
    rows = defaultdict(list)
    for n in range(persons):
        county = chance.choice(["037"] * 6 + [f"{c:03d}" for c in range(1, 20)])
        stage = chance.choice(["temporary", "after_hearing"])
        rows["person_ref"].append(f"p{n}")
        if absent and chance.random() < absent:
            stage = ABSENT
        if absent and chance.random() < absent:
            county = ABSENT
        rows["person_sex"].append(chance.choice("FM"))
        rows["order_family"].append("DV")
        rows["order_stage"].append(stage)
        rows["order_county"].append(county)
        rows["order_brady"].append({"after_hearing": "Y", ABSENT: ABSENT}.get(stage, "U"))
    return rows


CASE = ("person_sex", "order_family", "order_stage", "order_county")


@pytest.fixture(scope="module")
def plan():
    from extracts.rows import plan_for
    from systems.description import load_system

    return plan_for(
        load_system("CARPOS"), "deidentified", ("person_ref", "order_ref", *CASE, "order_brady")
    )


def test_a_stage_that_brady_gives_back(plan):
    """k is ten, until the stage is filled in from the column that stayed."""
    from extracts.deidentified.less_rare import suppress_locally

    data = table(case())
    county = {"order_county": 3.0, "person_sex": 2.0}  # the stage gives way for them
    alone = suppress_locally(data, CASE, plan.gives_way, 10, weights=county)
    assert alone.cells["order_stage"] > 0
    assert risk_report(alone.table, CASE).history.smallest >= 10
    got = attack(alone.table, CASE, REFERENCES, 10)
    assert got.exact.smallest < 10
    assert got.rules["order_stage", ("order_brady",)] > 0
    assert "filled_in_100" in RiskLimit().exceeded(measure(alone.table, plan, RiskLimit()))

    kept = defend(data, plan, RiskLimit())
    after = measure(kept.suppressed.table, plan, RiskLimit())
    assert RiskLimit().exceeded(after) == ()
    exact, near = after.filled_in
    assert (exact.below, near.below) == (0, 0)
    rows = plain_rows(kept.suppressed.table)
    assert not [r for r in rows if r["order_stage"] is None and r["order_brady"] is not None]


@examples(25)
@given(
    st.integers(0, 10**6),
    st.integers(2, 12),
    st.integers(60, 300),
    st.sampled_from((0.0, 0.1, 0.5)),
)
def test_after_the_defence_the_plain_attacker_gains_nothing(plan, seed, k, persons, absent):
    """Classes are counted with what companions say: of an emptied cell, and of one that was never recorded."""
    limit = RiskLimit(k=k, max_prosecutor=1 / k, max_marketer=1 / k)
    kept = defend(table(case(persons, seed, absent)), plan, limit)
    rows = plain_rows(kept.suppressed.table)
    names = [n for n in values_of(kept.suppressed.table.column_names) if n not in REFERENCES]
    for filled in (rows, *plain_attack(rows, CASE, names)) if rows else ():
        assert below(filled, CASE, k)[0] >= k
    assert "l_diversity" not in limit.exceeded(measure(kept.suppressed.table, plan, limit))


@examples(60)
@given(
    st.lists(st.lists(st.sampled_from("ynu"), min_size=4, max_size=8), min_size=1, max_size=12),
    st.randoms(use_true_random=False),
)
def test_why_a_group_was_emptied_tells_no_more_than_a_group_may(groups, chance):
    """Of groups that were emptied because they told too much: what the rule itself says of them, counted plainly."""
    had = [v for group in groups for v in group]
    group = np.repeat(np.arange(len(groups)), [len(one) for one in groups])
    limit, seen = (
        RiskLimit(l_values=2, t_distance=0.5),
        np.array([chance.random() < 0.2 for _ in groups]),
    )
    rows = pa.table({"person_ref": [f"p{n}" for n in range(len(had))], "kind": had})
    rows = emptied(rows, "kind", seen[group])
    while (lacking := _lacking(rows, "kind", group, limit)).any():
        rows = emptied(rows, "kind", lacking[group])
    before = emptied_cells(rows, "kind")
    after = among_others(rows, "kind", pa.chunked_array([had]), group, limit, seen[group])
    gone = emptied_cells(after, "kind")
    assert (gone >= before).all()
    assert all(len({*gone[group == g]}) == 1 for g in range(len(groups)))  # in whole groups
    values = Counter(v for v, hidden in zip(had, gone & ~seen[group], strict=True) if hidden)
    everybody, size = Counter(had), sum(values.values())
    if (before & ~seen[group]).any() and not (gone | seen[group]).all():
        common = all(everybody[v] / len(had) >= 0.2 for v in values)
        apart = sum(abs(values[v] / size - everybody[v] / len(had)) for v in everybody) / 2
        assert len(values) >= 2 or common
        assert apart <= 0.5 + 1e-9
    if not (before & ~seen[group]).any():
        assert after.equals(rows)  # fmt: skip


def test_that_nothing_is_recorded_is_filled_in_like_a_value():
    """Who was never served has no month, which the kind of service tells of those whose month was emptied."""
    data = table({
        "person_ref": [f"p{n}" for n in range(60)],
        "month": [None] * 5 + [ABSENT] * 25 + [f"2020-{n % 2 + 1:02d}" for n in range(20)] + [None] * 10,
        "kind": [ABSENT] * 30 + ["mail"] * 30,
    })  # fmt: skip
    got = attack(data, ("month",), REFERENCES, 15, everywhere=True)
    assert got.rules == {("month", ("kind",)): 5}
    assert (got.exact.smallest, got.exact.below) == (10, 30)  # two months, and ten emptied


def test_a_cell_that_was_emptied_is_not_read_as_one_without_a_value():
    """Where a pattern is emptied throughout the companion says so, and nothing is believed."""
    data = table({
        "person_ref": [f"p{n}" for n in range(60)],
        "month": [None] * 30 + [f"2020-{n % 2 + 1:02d}" for n in range(30)],
        "kind": [ABSENT] * 20 + ["mail"] * 40,
    })  # fmt: skip
    got = attack(data, ("month",), REFERENCES, 15)
    assert (got.rules, got.exact.smallest) == ({}, 15)


def test_nobody_believes_what_a_coarser_version_rules_out():
    """Who asks privately is nearly always in family d; not where the row says that it is in none of that group."""
    rows = [("d", "d", "private")] * 60 + [("other", "e", "office")] * 20
    rows += [("other", None, "private")] * 12
    data = table({
        "person_ref": [f"p{n}" for n in range(len(rows))],
        **{name: [r[at] for r in rows] for at, name in enumerate(("group", "family", "asked"))},
    })  # fmt: skip
    quasi = ("group", "family")
    free = attack(data, quasi, REFERENCES, 2, everywhere=True)
    bound = attack(data, quasi, REFERENCES, 2, everywhere=True, versions=(quasi,))
    assert free.rules["family", ("asked",)] == 12
    assert set(bound.rules) == {
        ("family", ("group",))
    }  # and what is said there is believed instead
    assert bound.filled["family"][-1] == bound.filled["family"][60]


def test_the_fewest_columns_that_no_rule_can_do_without():
    """Against all subsets; who loses a coarser version loses the finer ones, too."""
    chance = random.Random(2)
    names = "abcde"
    for _ in range(60):
        finer = {n: (n,) for n in names} | ({"b": ("a", "b")} if chance.random() < 0.5 else {})
        rules = frozenset(
            tuple(sorted(chance.sample(names, chance.choice((1, 2, 2))))) for _ in range(5)
        )
        found = cheapest_cover(rules, finer)
        covers = [
            {f for n in some for f in finer[n]}
            for size in range(6)
            for some in combinations(names, size)
        ]
        assert all(found.intersection(one) for one in rules)
        assert len(found) == min(len(c) for c in covers if all(c & {*one} for one in rules))


def test_what_is_told_is_what_differs_among_rows_that_look_alike():
    """A flag tells the emptied stage; a column that is the same in the whole group tells nobody apart."""
    shown = [("x", "Y", "c")] * 30 + [("y", "N", "c")] * 30
    hidden = [(None, "Y", "c")] * 6 + [(None, "N", "c")] * 6
    data = table({
        "person_ref": [f"p{n}" for n in range(72)],
        **{n: [r[at] for r in shown + hidden] for at, n in enumerate(("stage", "flag", "form"))},
    })  # fmt: skip
    got = attack(data, ("stage",), REFERENCES, 10)
    assert {s: int(rows.sum()) for s, rows in got.inferred_from.items() if rows.any()} == {
        ("flag",): 12
    }


def test_no_rows_hold_nothing():
    got = attack(table({"person_ref": [], "month": []}), ("month",), REFERENCES, 2)
    assert (got.near.persons, got.near.below, got.exposed.size) == (0, 0, 0)
