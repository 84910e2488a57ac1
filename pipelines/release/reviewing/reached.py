"""How far a review has come, what waits for whom, and how far two reviewers agree."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matching.review import Agreement, agreement
from pipelines.release.reviewing.asked import Index, Item
from pipelines.release.reviewing.deciding import Table, look_of
from pipelines.release.reviewing.looks import Key, Standing, Task


@dataclass(frozen=True)
class Progress:
    """Of a release's pairs and of its withheld rows, how many wait for what."""

    pairs: Mapping[Task, int]
    rows: Mapping[Task, int]

    @property
    def open(self) -> int:
        """Pairs that are not settled."""
        return sum(count for task, count in self.pairs.items() if task != "settled")


def progress(index: Index, found: Mapping[Key, Standing]) -> Progress:
    """How far a review has come."""
    counted: tuple[Counter[Task], Counter[Task]] = (Counter(), Counter())
    for item in index.items:
        counted[item.is_row][found.get(item.key, Standing()).task] += 1
    return Progress(*counted)


def tasks_for(table: Table, items: Sequence[Item] | None = None) -> dict[Key, Task]:
    """What the acting person can do now: by item (of some, or of all), as what it waits for them."""
    session = table.context.session
    alone, found = table.context.order.review is None, table.standings
    tasks: dict[Key, Task] = {}
    for item in table.index.items if items is None else items:
        standing = found.get(item.key, Standing())
        if standing.task == "settled":
            continue
        last = standing.words[-1].by if standing.words else None
        if last != session.person.id and look_of(
            standing, session.person, alone=alone, demo=session.demo
        ):
            tasks[item.key] = standing.task
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
