"""A register that changed: what is resolved again where it was touched is what the whole gives under one model."""

import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.options import LinkOptions
from matching.persons import register
from matching.persons.changed import resolve_changed, resolve_whole
from matching.persons.remembered import Remembered
from tests.examples import examples
from tests.unit.matching.tables import noisy, people

OPTIONS = LinkOptions(threads=1)
COLUMNS = (
    "first_name", "middle_name", "last_name", "birth_date", "sex", "street", "zip", "ssn", "phone",
)  # fmt: skip
# little enough to be shared, so that contents repeat, and placeholders and spellings show in the whole alone
EVERYBODY = [
    *people(25, 7),
    *(
        row | {"first_name": "sang woo" if n % 3 else "sangwoo", "last_name": "kim", "middle_name": "jin"}
        for n, row in enumerate(people(6, 8))
    ),
    *({"first_name": "james", "last_name": "smith"} for _ in range(3)),
    *(row | {"ssn": "123121234", "birth_date": "1900-01-02"} for row in people(8, 9)),
]  # fmt: skip
STRANGERS = [*people(6, 10), {"first_name": "sang  woo", "last_name": "kim"}, {"first_name": "mi ok"}, {"first_name": "miok"}]  # fmt: skip


def table(entries):
    """Rows by entry: (record_id, group, variants), as a register gives them: in their order, each once."""
    rows = sorted(
        {
            (record, *(row.get(name) or "" for name in COLUMNS), group)
            for record, (group, variants) in entries.items()
            for row in variants
        },
        key=lambda row: tuple((value is None, value) for value in row),
    )
    columns = list(zip(*rows, strict=True)) or [()] * (len(COLUMNS) + 2)
    named = {
        n: pa.array([v or None for v in c], pa.string())
        for n, c in zip(COLUMNS, columns[1:-1], strict=True)
    }
    ids, groups = pa.array(columns[0], pa.int64()), pa.array(columns[-1], pa.int64())
    return pa.table({"record_id": ids, **named, "group": groups})


def entry(draw, everybody):
    """An entry of somebody: perhaps with a variant, often on an order of several."""
    rng = random.Random(draw(st.integers(0, 999)))
    somebody = everybody[draw(st.integers(0, len(everybody) - 1))]
    variants = [noisy(somebody, rng) if "ssn" in somebody and rng.random() < 0.7 else somebody]
    if rng.random() < 0.2:
        variants.append(variants[0] | {"last_name": rng.choice(everybody).get("last_name")})
    return rng.choice([None, 1, 2, 3, *range(4, 40)]), variants


@st.composite
def changes(draw):
    """A register, and what becomes of it in two steps."""
    old = {2 * n: entry(draw, EVERYBODY) for n in range(1, draw(st.integers(5, 70)))}
    steps, now = [old], dict(old)
    for _ in range(2):
        for record in draw(st.lists(st.sampled_from(sorted(now) or [0]), max_size=5)):
            now.pop(record, None)
        for record in draw(st.lists(st.sampled_from(sorted(now)), max_size=4)) if now else ():
            now[record] = entry(draw, [*EVERYBODY, *STRANGERS])
        for record in draw(st.lists(st.integers(1, 170), max_size=5)):
            now[record] = entry(draw, [*EVERYBODY, *STRANGERS])
        steps.append(dict(now))
    return steps


def step(old, new, index, remembered):
    touched = [n for n in sorted({*old, *new}) if old.get(n) != new.get(n)]
    gone = table({n: old[n] for n in touched if n in old})
    return resolve_changed(
        table(new), gone, np.array(touched, np.int64), index, OPTIONS, remembered
    )


@pytest.mark.long
@examples(8, deadline=None)
@given(changes())
def test_what_was_touched_is_resolved_as_in_the_whole(steps):
    old, *later = steps
    first = resolve_whole(table(old), OPTIONS)
    learnt = first.remembered
    assert first.index.equals(register.resolve(table(old), OPTIONS))
    if learnt is None:
        return
    learnt = Remembered.read(learnt.table(), OPTIONS)
    assert resolve_whole(table(old), OPTIONS, learnt).index.equals(first.index)
    index = first.index
    for new in later:
        found = step(old, new, index, learnt)
        assert found.index.equals(resolve_whole(table(new), OPTIONS, learnt).index)
        old, index = new, found.index


def test_who_hung_on_an_entry_that_went_hangs_on_the_next():
    """Three of one content: the third is of one order with the first, so only without it is it joined with the second."""
    somebody = people(1, 3)[0]
    others = {n: (n, [row]) for n, row in enumerate(people(60, 4), 100)}
    old = others | {1: (1, [somebody]), 2: (2, [somebody]), 3: (1, [somebody])}
    new = {n: one for n, one in old.items() if n != 1}
    first = resolve_whole(table(old), OPTIONS)
    assert first.remembered is not None
    found = step(old, new, first.index, first.remembered)
    named = dict(zip(*(found.index[n].to_pylist() for n in ("record_id", "identity")), strict=True))
    assert named[3] == named[2] == 2
    assert found.index.equals(resolve_whole(table(new), OPTIONS, first.remembered).index)
    assert found.looked_at == 2  # nobody else
