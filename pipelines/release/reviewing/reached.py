"""How far a review has come, what waits for whom, and how far two reviewers agree."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from matching.review import Agreement, agreement
from pipelines.release.reviewing.asked import Index
from pipelines.release.reviewing.deciding import Table, look_of
from pipelines.release.reviewing.looks import Key, Standing, Task

_NOBODY = Standing()


@dataclass(frozen=True)
class Progress:
    """Of a release's pairs and of its withheld rows, how many wait for what."""

    pairs: Mapping[Task, int]
    rows: Mapping[Task, int]

    @property
    def open(self) -> int:
        """Pairs that are not settled."""
        return sum(count for task, count in self.pairs.items() if task != "settled")


def progress(table: Table) -> Progress:
    """How far a review has come."""
    if not isinstance(made := table.made.get("progress"), Progress):
        counted: tuple[Counter[Task], Counter[Task]] = (Counter(), Counter())
        for item in table.index.items:
            counted[item.is_row][table.standings.get(item.key, _NOBODY).task] += 1
        table.made["progress"] = made = Progress(*counted)
    return made


def tasks_for(table: Table) -> dict[Key, Task]:
    """What waits for the acting person: by item, as what."""
    session, name = table.context.session, f"tasks of {table.context.session.person.id}"
    alone, found = table.context.order.review is None, table.standings
    if (made := table.made.get(name)) is not None:
        return cast("dict[Key, Task]", made)
    tasks: dict[Key, Task] = {}
    for item in table.index.items:
        standing = found.get(item.key)
        if standing is None:
            tasks[item.key] = "first"
        elif (
            standing.task != "settled"
            and not (standing.words and standing.words[-1].by == session.person.id)
            and look_of(standing, session.person, alone=alone, demo=session.demo)
        ):
            tasks[item.key] = standing.task
    table.made[name] = tasks
    return tasks


def agreed(index: Index, found: Mapping[Key, Standing]) -> tuple[Agreement, int]:
    """Agreement on the questions that two people had to answer, each counted once; and how many a third one settled.

    A question of several entries that one of the two answered in different ways counts by its entries.
    """
    questions: dict[int, list[tuple[str, str]]] = {}
    settled = 0
    for item in index.items:
        words = found.get(item.key, Standing()).words
        if item.is_row or not item.second or len(words) < 2:
            continue
        questions.setdefault(item.question, []).append((words[0].verdict, words[1].verdict))
        settled += len(words) > 2
    answers = [
        a for given in questions.values() for a in (set(given) if len(set(given)) == 1 else given)
    ]
    return agreement(answers), settled


def shown_for(standing: Standing, person: str) -> bool:
    """Whether a person may see what was said of an item and how likely it is: once they have said their own, or settle it."""
    return standing.of(person) is not None or standing.task == "adjudicate"
