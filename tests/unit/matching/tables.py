"""Small tables for the tests, and a plain generator of people with known truth."""

import random

import pyarrow as pa

FIRST = [
    "james",
    "mary",
    "robert",
    "patricia",
    "john",
    "jennifer",
    "michael",
    "linda",
    "david",
    "elizabeth",
    "jose",
    "maria",
]
LAST = [
    "smith",
    "johnson",
    "garcia",
    "lopez",
    "nguyen",
    "brown",
    "davis",
    "martinez",
    "lee",
    "kim",
    "wong",
    "patel",
    "silva",
]


def table(id_name, rows):
    """A table of text from a list of dicts; every key that occurs becomes a column."""
    keys = list(dict.fromkeys(k for row in rows for k in row if k != id_name))
    ids = pa.array([row[id_name] for row in rows])
    if not rows:
        return pa.table(
            {id_name: pa.array([], pa.string()), "last_name": pa.array([], pa.string())}
        )
    return pa.table(
        {id_name: ids, **{k: pa.array([row.get(k) for row in rows], pa.string()) for k in keys}}
    )


def cohort(*rows):
    return table("cohort_id", [{"cohort_id": f"c{i}"} | row for i, row in enumerate(rows, 1)])


def records(*rows):
    return table("record_id", [{"record_id": i} | row for i, row in enumerate(rows, 1)])


def person(rng):
    name = "".join(
        rng.choice("bcdfglmnrst") + rng.choice("aeiou") for _ in range(rng.randint(2, 4))
    )
    return {
        "first_name": rng.choice(FIRST),
        "last_name": rng.choice([*LAST, name, name + "son"]),
        "birth_date": f"{rng.randint(1940, 2005)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
        "sex": rng.choice("MF"),
        "street": f"{rng.randint(1, 9999)} {rng.choice(LAST)} st",
        "zip": str(rng.randint(90001, 90400)),
        "ssn": str(rng.randint(100_000_000, 899_999_999)),
        "phone": str(rng.randint(2_000_000_000, 9_999_999_999)),
    }


def people(count, seed=1):
    rng = random.Random(seed)
    return [person(rng) for _ in range(count)]


def noisy(row, rng):
    """The same person, written down once more."""
    row = dict(row)
    if rng.random() < 0.4:
        row["ssn"] = None
    if rng.random() < 0.3:
        row["phone"] = None
    if rng.random() < 0.3:
        row |= {"street": f"{rng.randint(1, 9999)} oak av", "zip": str(rng.randint(90001, 90400))}
    if rng.random() < 0.05:
        y, m, d = row["birth_date"].split("-")
        row["birth_date"] = f"{y}-{m}-{int(d) % 28 + 1:02}"
    if rng.random() < 0.05:
        last = row["last_name"]
        row["last_name"] = last[:1] + last[2:]
    return row


def linked(result, decision="link"):
    return {
        (r["cohort_id"], r["record_id"])
        for r in result.links.to_pylist()
        if r["decision"] == decision
    }
