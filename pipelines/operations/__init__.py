"""What those who operate a home see: logs, mail, reminders, refusals."""

from pipelines.operations.interruptions import if_possible, told
from pipelines.operations.local_log import keep_details
from pipelines.operations.refusals import note_refusal
from pipelines.operations.remind import remind
from pipelines.operations.run_log import Event, Level, RunLog, run_log

__all__ = [
    "Event",
    "Level",
    "RunLog",
    "if_possible",
    "keep_details",
    "note_refusal",
    "remind",
    "run_log",
    "told",
]
