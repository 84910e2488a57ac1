"""The Prefect flows: release, refresh, remind.

Each hands ids to plain functions, and gives Prefect ids, counts and codes, never a value, a text of an exception or a result.
Importing this room imports Prefect: `pipelines.orchestration` prepares its environment first.
"""

from pipelines.flows.flows import RunObserver, observed, refresh, release, remind
from pipelines.flows.schedules import schedules_as_they_are
