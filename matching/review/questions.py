"""What a reviewer is asked: a cohort row against each person that it may be, whose entries are folded into one question.

Entries of one person are one question as long as none of them contradicts the row where another agrees with it: what is said of one
then holds for all. Otherwise the person is asked about several times.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import pyarrow as pa

from matching.arrow import pc
from matching.options import LinkOptions
from matching.review.marks import Mark, marks_of
from matching.tables import STANDARD

# Fields that tell people apart: entries that differ in them are not decided on together.
_TELLING = ("first_name", "last_name", "name_suffix", "birth_date", "sex", "ssn", "driver_license")
_ALIKE = frozenset({"same", "close"})

Values = Mapping[str, str | None]


@dataclass(frozen=True)
class Asked:
    """One doubtful pair as it is asked. It holds personal values.

    Attributes:
        cohort_id, record_id: of the pair, the record's as text.
        probability: after competition.
        identity: the person of the register.
        row: number of its cohort row among those that are asked about, from 0.
        question: number of the question that it belongs to, from 0; pairs of one question are decided on together.
        tie: another person (or another row for the same person) is nearly as likely.
        mine: the cohort row's values.
        theirs: of the record's variants, the one that agrees best.
        variants: the others.
        at: place of ``theirs`` among all variants, from 0.
        no_birth: one side has no birth date.
        family: same surname and home, another first name or birth date.
    """

    cohort_id: str
    record_id: str
    probability: float
    identity: int
    row: int
    question: int
    tie: bool
    mine: Values
    theirs: Values
    variants: tuple[Values, ...]
    at: int
    no_birth: bool
    family: bool


def ask(
    links: pa.Table, identities: Mapping[str, int], cohort: pa.Table, records: pa.Table
) -> list[Asked]:
    """The doubtful pairs of a linkage as questions, in the order of the links.

    Args:
        links: ``cohort_id, record_id, match_probability, decision``.
        identities: by record's id as text: of the doubtful pairs' records, and of all others that could be their rivals.
        cohort: ``cohort_id`` and standard columns: the rows of doubtful pairs at least.
        records: ``record_id`` and standard columns, every variant.
    """
    mine = {key: values[0] for key, values in _by_id(cohort, "cohort_id").items()}
    theirs = _by_id(records, "record_id")
    ties = _ties(links, identities)
    rows: dict[str, int] = {}
    questions: dict[tuple[str, int], list[tuple[int, dict[str, bool]]]] = {}
    asked = links.filter(pc.equal(links["decision"], "review"))
    found: list[Asked] = []
    numbers = count()
    for line in asked.to_pylist():
        row_id, record = line["cohort_id"], str(line["record_id"])
        identity, own = identities[record], mine[row_id]
        at, marks = _best(own, theirs[record])
        best, others = theirs[record][at], (v for n, v in enumerate(theirs[record]) if n != at)
        said = {
            m.field: m.sign in _ALIKE for m in marks if m.field in _TELLING and m.sign != "missing"
        }
        number = _question(questions, (row_id, identity), said, numbers)
        found.append(
            Asked(
                row_id, record, line["match_probability"], identity,
                rows.setdefault(row_id, len(rows)), number, (row_id, identity) in ties,
                own, best, tuple(others), at, not (own.get("birth_date") and best.get("birth_date")), _family(marks),
            )
        )  # fmt: skip
    return found


def _by_id(table: pa.Table, name: str) -> dict[str, list[dict[str, str | None]]]:
    found: dict[str, list[dict[str, str | None]]] = {}
    shown = [c for c in STANDARD if c in table.column_names]
    for row in table.select([name, *shown]).to_pylist():
        found.setdefault(str(row.pop(name)), []).append(row)
    return found


def _best(mine: Values, variants: Sequence[Values]) -> tuple[int, tuple[Mark, ...]]:
    """The place of the variant that agrees in most fields, and its marks."""
    marked = [marks_of(mine, one) for one in variants]
    scores = [sum((m.sign == "same") + (m.sign in _ALIKE) for m in marks) for marks in marked]
    place = scores.index(max(scores))
    return place, marked[place]


def _question(
    questions: dict[tuple[str, int], list[tuple[int, dict[str, bool]]]],
    person: tuple[str, int],
    said: dict[str, bool],
    numbers: Iterator[int],
) -> int:
    """The number of the question that an entry belongs to; a new one where it contradicts those that there are."""
    own = questions.setdefault(person, [])
    for number, known in own:
        if all(known.get(field, sign) == sign for field, sign in said.items()):
            known.update(said)
            return number
    own.append((next(numbers), said))
    return own[-1][0]


def _ties(links: pa.Table, identities: Mapping[str, int]) -> set[tuple[str, int]]:
    """Pairs of a row and a person with a rival that is left with the probability of a near-tie."""
    least = LinkOptions().tie
    likely: set[tuple[str, int]] = set()
    for line in links.to_pylist():
        identity = identities.get(str(line["record_id"]))
        if identity is not None and line["match_probability"] >= least:
            likely.add((line["cohort_id"], identity))
    return set(_rivals(likely))


def _rivals(likely: set[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    counts: dict[Any, int] = {}
    for pair in likely:
        for side in pair:
            counts[side] = counts.get(side, 0) + 1
    for pair in likely:
        if max(counts[side] for side in pair) > 1:
            yield pair


def _family(marks: Sequence[Mark]) -> bool:
    signs = {m.field: m.sign for m in marks}
    home = any(signs.get(name) in _ALIKE for name in ("street", "phone"))
    others = any(signs.get(name) == "different" for name in ("first_name", "birth_date"))
    return home and others and signs.get("last_name") in _ALIKE
