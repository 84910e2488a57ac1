"""Prefect around the flows: its environment, its server, and the launch of a release.

It sets the environment before anything of Prefect is imported, and so never imports Prefect at its own top. It never runs a stage
itself: that is `pipelines.release`, which the flows call.
"""

from pipelines.orchestration.launch import launch_release
from pipelines.orchestration.prefect_environment import auth_file, password
from pipelines.orchestration.server import Orchestrator
from pipelines.orchestration.worker import end_abandoned, work
