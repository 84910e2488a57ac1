"""What those who operate a home see: logs, mail, reminders, refused commands, and what stopped a run from outside.

A line of a log carries ids, counts and codes. Nothing here changes how a release goes.
"""

from pipelines.operations.errors import LetterNotDue, RunInterrupted
from pipelines.operations.interruptions import (
    as_interruption,
    as_refused,
    if_possible,
    problem_of,
    unexpected,
)
from pipelines.operations.logs import (
    Event,
    Level,
    RunLog,
    keep_details,
    run_log,
    without_consequence,
)
from pipelines.operations.notices import (
    Notice,
    hand_over_notices,
    in_words,
    notify,
    unsafe_notices,
    waiting_notices,
)
from pipelines.operations.refusals import note_refusal, record_refusal
from pipelines.operations.reminders import (
    letter_id,
    letter_to_read,
    letters_due,
    owed_letters,
    remind,
)
from pipelines.operations.waiting import waiting_for
