"""The same through prefect-dask: a shard is a task run of the release's flow, worked on the cluster."""

import contextlib
from collections.abc import Generator
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.context import SettingsContext
from prefect_dask.task_runners import DaskTaskRunner

from pipelines.cluster import POLL_SECONDS, ClusterConnection, ShardAnswer, work_shard


@task(
    name="shard",
    task_run_name="shard {number}",
    retries=0,
    persist_result=False,
    cache_policy=NO_CACHE,
    log_prints=False,
)
def shard(folder: str, number: int) -> ShardAnswer:
    """Work one shard; what it answers are counts or a code."""
    return work_shard(folder, number)


@contextlib.contextmanager
def through_prefect(
    address: str, keywords: dict[str, Any]
) -> Generator[ClusterConnection, None, None]:
    """Prefect's way to a Dask cluster."""
    with DaskTaskRunner(address=address, client_kwargs=keywords) as runner:

        def submit(folder: str, number: int) -> Any:
            with without_secrets():
                given = {"folder": folder, "number": number}
                return runner.submit(shard, parameters=given).wrapped_future

        yield ClusterConnection(runner.client, submit, _answer)


def _answer(future: Any) -> ShardAnswer:
    state = future.result(timeout=POLL_SECONDS)
    if not state.is_completed():
        return {"code": "RUN-05", "type": str(state.type.value)}
    return state.result()


class Address(SettingsContext):
    """Prefect's settings, of which a worker is sent the server's address alone.

    Prefect pickles all that were set for each task, the password of the server and of its database among
    them. A worker takes its ``PREFECT_API_AUTH_STRING`` from its own environment.
    """

    def serialize(self, include_secrets: bool = True) -> dict[str, Any]:
        """What travels."""
        del include_secrets
        profile = {"name": "worker", "settings": {}}
        return {"profile": profile, "settings": {"api": {"url": self.settings.api.url}}}


@contextlib.contextmanager
def without_secrets() -> Generator[None, None, None]:
    """Send workers no setting but the server's address meanwhile."""
    now = SettingsContext.get()
    assert now is not None  # Prefect is imported
    with Address(profile=now.profile, settings=now.settings):
        yield
