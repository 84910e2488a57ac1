"""Prefect: the flows, their server, environment and artifacts. Thin: each hands ids to plain functions."""

from pipelines.flows.launch import launch
from pipelines.flows.prefect_environment import auth_file, password
from pipelines.flows.server import Orchestrator

__all__ = ["Orchestrator", "auth_file", "launch", "password"]
