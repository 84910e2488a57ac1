"""Who has looked at what: the decisions of a release, kept one after another, and where each pair stands by them.

Nothing is edited: a decision that is taken back, or changed by the one who made it, is another entry.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pyarrow as pa

from matching.review import Verdict
from pipelines.release.context import ReleaseContext
from systems.without_pandas import leave_pandas_out

STAGE, TABLE = "decisions", "given"
UNDONE = "undone"
Key = tuple[str, str]
"""Cohort id and record id as text; of a row that looks like another: its id and ``=`` with its group's number."""

Task = Literal["first", "second", "adjudicate", "settled"]
Look = Literal["first", "second", "adjudication"]

SCHEMA = pa.schema(
    [
        ("number", pa.int64()), ("cohort_id", pa.string()), ("record_id", pa.string()), ("verdict", pa.string()),
        ("reason", pa.string()), ("note", pa.string()), ("by", pa.string()), ("look", pa.string()), ("second", pa.bool_()),
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """One entry: what a person said of a pair, or that they take it back.

    ``number`` counts a release's entries from 1; 0 is one of before they were numbered.
    """

    number: int
    cohort_id: str
    record_id: str
    verdict: str
    reason: str
    note: str
    by: str
    look: Look = "first"
    second: bool = False  # whether a second person had to look when it was said

    @property
    def key(self) -> Key:
        """Of what it is."""
        return self.cohort_id, self.record_id


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one pair stands.

    Attributes:
        words: what stands, one for each person, in the order of their first looks.
        version: number of the last entry of it, 0 where there is none: a page that shows another one is stale.
        second: whether a second person has to look.
    """

    words: tuple[Word, ...] = ()
    version: int = 0
    second: bool = False

    @property
    def task(self) -> Task:
        """What it waits for."""
        if not self.words:
            return "first"
        if len(self.words) == 1:
            return "second" if self.second else "settled"
        if len(self.words) == 2 and self.words[0].verdict != self.words[1].verdict:
            return "adjudicate"
        return "settled"

    @property
    def verdict(self) -> str:
        """What is settled; empty before that."""
        return self.words[-1].verdict if self.task == "settled" else ""

    def of(self, person: str) -> Word | None:
        """What a person said of it."""
        return next((word for word in self.words if word.by == person), None)


@dataclass(frozen=True)
class Book:
    """All entries of a release, as they are staged; with more of them it is another one.

    ``recorded`` is the number up to which the ledger has them, ``rows`` are the entries as a table.
    """

    words: Sequence[Word] = ()
    recorded: int = 0
    rows: pa.Table | None = field(default=None, repr=False)

    @property
    def last(self) -> int:
        """The number of the last entry."""
        return self.words[-1].number if self.words else 0

    @staticmethod
    def known(context: ReleaseContext) -> str:
        """By what the staged entries are known: their digest, as it was recorded; empty where there are none."""
        record = context.records.read(STAGE)
        return str(record.files.get(f"{STAGE}/{TABLE}.parquet", "")) if record else ""

    @classmethod
    def read(cls, context: ReleaseContext) -> "Book":
        """What is staged so far."""
        if not context.staging.has(STAGE, TABLE):
            return cls()
        table = context.staging.read(STAGE, TABLE)
        if "number" not in table.column_names:  # of before
            given = table.to_pylist()
            return cls([Word(0, **line, reason="", note="", by="") for line in given])
        columns = (table[name].to_pylist() for name in SCHEMA.names)
        words = [Word(*row) for row in zip(*columns, strict=True)]
        return cls(words, cls.recorded_in(context), table)

    @staticmethod
    def recorded_in(context: ReleaseContext) -> int:
        """The number up to which the ledger has the entries, as it was noted."""
        return int(str(context.facts(STAGE).get("recorded", 0)))

    def with_more(self, words: Sequence[Word]) -> "Book":
        """These entries and more."""
        before = self.rows if self.rows is not None else _table(self.words)
        rows = pa.concat_tables([before, _table(words)]).combine_chunks()
        return Book([*self.words, *words], self.recorded, rows)

    def keep(self, context: ReleaseContext) -> None:
        """Stage all entries."""
        rows = self.rows if self.rows is not None else _table(self.words)
        self._note(context, context.staging.write(STAGE, TABLE, rows))

    def all_recorded(self, context: ReleaseContext) -> "Book":
        """The same, after noting that the ledger has all of them."""
        found = Book(self.words, self.last, self.rows)
        found._note(context, context.staging.place(STAGE, f"{TABLE}.parquet"))
        return found

    def _note(self, context: ReleaseContext, path: Path) -> None:
        facts = {"entries": len(self.words), "recorded": self.recorded}
        context.records.keep(STAGE, (path,), facts, 0.0)
        context.staging.upload(STAGE)


def _table(words: Sequence[Word]) -> pa.Table:
    leave_pandas_out()
    columns = {name: [getattr(word, name) for word in words] for name in SCHEMA.names}
    return pa.Table.from_pydict(columns, schema=SCHEMA)


def standings(
    words: Iterable[Word],
    second: Mapping[Key, bool],
    *,
    alone: bool = False,
    before: Mapping[Key, Standing] | None = None,
) -> dict[Key, Standing]:
    """Where each pair stands that somebody has looked at.

    Args:
        words: the entries in their order.
        second: for pairs whether a second person has to look.
        alone: an order of before: the last word counts, whoever said it.
        before: by the entries before these.
    """
    found = dict(before or {})
    for word in words:
        found[word.key] = _after(found.get(word.key, Standing()), word, second, alone=alone)
    return found


def _after(standing: Standing, word: Word, second: Mapping[Key, bool], *, alone: bool) -> Standing:
    """Where a pair stands after one more entry: a person's word replaces their own, or is taken back."""
    said, settles = list(standing.words), word.look == "adjudication"
    place = next(
        (
            n
            for n, one in enumerate(said)
            if alone or (one.by == word.by and (one.look == "adjudication") == settles)
        ),
        len(said),
    )
    said[place : place + 1] = [] if word.verdict == UNDONE else [word]
    return Standing(tuple(said), word.number, not alone and _second(word.key, said, second))


def _second(key: Key, said: Sequence[Word], second: Mapping[Key, bool]) -> bool:
    """A row of the cohort is looked for on the word of two people alone; withheld it stays on one's."""
    if key[1].startswith("="):
        return second.get(key, False) and any(word.verdict == "different" for word in said)
    return second.get(key, False) or any(word.second for word in said)


def verdicts(standing: Mapping[Key, Standing], keys: Sequence[Key]) -> dict[Key, Verdict]:
    """What is settled of these."""
    found = ((key, standing[key].verdict) for key in keys if key in standing)
    return {key: verdict for key, verdict in found if verdict}  # type: ignore[misc]
