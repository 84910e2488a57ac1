"""The desk's pages by topic, in the order of its navigation.

Each topic is a file: its functions read and do what the commands read and do, and its templates stand beside under their names.
"""

from pipelines.desk.pages import (
    deadlines,
    doctor,
    entrance,
    ledger,
    papers,
    passkeys,
    projects,
    registers,
    releases,
    review,
    runs,
    settings,
    sign_in,
    waiting,
)

TOPICS = (
    waiting.PAGES,
    releases.PAGES,
    review.PAGES,
    projects.PAGES,
    papers.PAGES,
    deadlines.PAGES,
    runs.PAGES,
    registers.PAGES,
    ledger.PAGES,
    passkeys.PAGES,
    settings.PAGES,
    doctor.PAGES,
    entrance.PAGES,
    sign_in.PAGES,
)
