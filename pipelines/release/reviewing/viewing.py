"""One cohort row with its candidates as a reviewer sees it: fields in rows, persons in columns, what may be shown and what may be said.

It is where blindness is kept: what another person said, and how likely a pair is, is in a view only where its reader may know it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from matching.review import Mark, marks_of
from matching.tables import STANDARD
from pipelines.release.reviewing.asked import Item, Shown, shown
from pipelines.release.reviewing.deciding import Table, look_of
from pipelines.release.reviewing.looks import Key, Standing, Task, Word
from pipelines.release.reviewing.reached import shown_for, tasks_for

FILTERS = ("open", "all", "ties", "no_birth", "families", "second", "adjudicate", "rows")


@dataclass(frozen=True)
class Entry:
    """One entry of a candidate: an item with its marks against the cohort row.

    ``own`` is what the reader said, ``words`` what others said, where the reader may know it. ``may``: the reader may decide.
    """

    item: Item
    version: int
    task: Task
    own: Word | None
    words: tuple[Word, ...]
    probability: float | None
    marks: Mapping[str, Mark]
    variants: int
    may: bool
    mine: bool  # it waits for the reader


@dataclass(frozen=True)
class Candidate:
    """What is decided in one step: the entries of a person that one answer holds for, or a group of rows."""

    question: int
    person: int
    entries: tuple[Entry, ...]

    @property
    def first(self) -> Entry:
        """The entry that stands for all."""
        return self.entries[0]

    @property
    def mine(self) -> bool:
        """Whether one of them waits for the reader."""
        return any(entry.mine for entry in self.entries)

    @property
    def may(self) -> bool:
        """Whether the reader may decide on all of them."""
        return all(entry.may for entry in self.entries)


@dataclass(frozen=True)
class View:
    """A block: a cohort row and its candidates; or rows that look like one person, of which the first is compared with the others."""

    block: int
    rows: bool
    cohort_id: str
    fields: tuple[str, ...]
    values: Mapping[str, str | None]
    candidates: tuple[Candidate, ...]


def view(table: Table, block: int) -> View:
    """A block as the acting person may see it. It holds personal values.

    Raises:
        KeyError: there is no such block.
    """
    items = table.index.blocks[block]
    sides = shown(table.context, items)
    first, rows = sides[0], items[0].is_row
    waits = tasks_for(table)
    entries = [_entry(table, one, first.mine if rows else None, waits) for one in sides]
    persons = {identity: n for n, identity in enumerate(dict.fromkeys(i.identity for i in items))}
    questions = dict.fromkeys(item.question for item in items)
    candidates = tuple(
        Candidate(
            question,
            persons[next(e.item.identity for e in entries if e.item.question == question)],
            tuple(e for e in entries if e.item.question == question),
        )
        for question in questions
    )
    there = {field for entry in entries for field in entry.marks}
    there |= {name for name, value in first.mine.items() if value}
    fields = tuple(name for name in STANDARD if name in there)
    return View(block, rows, first.item.cohort_id, fields, first.mine, candidates)


def chosen_blocks(table: Table, name: str) -> list[int]:
    """Blocks of a filter (`FILTERS`), in their order; ``open``: what waits for the acting person.

    Raises:
        KeyError: no such filter.
    """
    if isinstance(made := table.made.get(_name(table, name)), list):
        return made
    if name in ("open", "second", "adjudicate"):
        waits, by_key = tasks_for(table), table.index.by_key
        wanted = {by_key[key].block for key, at in waits.items() if name in ("open", at)}
    else:
        wanted = {item.block for item in table.index.items if _is(item, name)}
    table.made[_name(table, name)] = found = sorted(wanted)
    return found


def _name(table: Table, name: str) -> str:
    return f"blocks {name} of {table.context.session.person.id}"


def _is(item: Item, name: str) -> bool:
    signs = {
        "all": True,
        "ties": item.tie,
        "no_birth": item.no_birth,
        "families": item.family,
        "rows": item.is_row,
    }
    return signs[name]


def _entry(
    table: Table, one: Shown, other: Mapping[str, str | None] | None, waits: Mapping[Key, Task]
) -> Entry:
    context, item = table.context, one.item
    session, standing = context.session, table.standing(item.key)
    person = session.person
    own = standing.of(person.id)
    known = shown_for(standing, person.id)
    hidden = session.settings.review.hide_probability and not known
    sides = (one.mine, one.theirs) if other is None else (other, one.mine)
    return Entry(
        item,
        standing.version,
        standing.task,
        own,
        _others(standing, person.id),
        None if hidden else item.probability,
        {mark.field: mark for mark in marks_of(*sides)},
        len(one.variants),
        look_of(standing, person, alone=context.order.review is None, demo=session.demo)
        is not None,
        item.key in waits,
    )


def _others(standing: Standing, person: str) -> tuple[Word, ...]:
    """What others said: for whoever settles a difference, and once it is settled."""
    if standing.task not in ("adjudicate", "settled") or (
        standing.task == "adjudicate" and standing.words[-1].by == person
    ):
        return ()
    return tuple(word for word in standing.words if word.by != person)
