"""Reviewers' decisions on a release: what is asked, who looks at it, what they said, and what follows for the run.

A question is a cohort row against a person of the register (or a row that looks like another row of the cohort). Decisions are kept
one by one in the run's staging, encrypted, and each is an event of the ledger. It compares nothing itself (`matching.review`) and
links nothing: the stages ask it what is settled.
"""

from pipelines.release.reviewing.asked import (
    ALIKE,
    Index,
    Item,
    Shown,
    check_open,
    is_prepared,
    prepare,
    read,
    shown,
)
from pipelines.release.reviewing.deciding import (
    Known,
    Said,
    Table,
    decide,
    look,
    note_shown,
    opened,
    undo_decision,
)
from pipelines.release.reviewing.looks import Book, Key, Standing, Task, Word, standings
from pipelines.release.reviewing.reached import Progress, agreed, progress, shown_for, tasks_for
from pipelines.release.reviewing.settled import (
    Settled,
    released_rows,
    settle,
    told_apart_digest,
)
from pipelines.release.reviewing.sheets import explained, export_review, import_review, lesson_of
from pipelines.release.reviewing.viewing import (
    FILTERS,
    Candidate,
    Entry,
    View,
    chosen_blocks,
    view,
)
