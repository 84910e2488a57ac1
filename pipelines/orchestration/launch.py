"""Start a release: through Prefect, or the same stages in this process."""

import functools
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from pipelines.home import VARIABLE, Home
from pipelines.orchestration.errors import FlowFailed, ServerUnavailable
from pipelines.orchestration.prefect_environment import prepare
from pipelines.orchestration.server import Orchestrator
from pipelines.signals import under_way
from pipelines.start import imports_that_stay

if TYPE_CHECKING:
    from pipelines.release import Outcome, Progress


def launch_release(
    home: Home,
    release: str,
    *,
    orchestrated: bool,
    progress: "Progress | None" = None,
    ready: Callable[[], None] | None = None,
) -> "Outcome":
    """Run one ordered release and wait for its outcome.

    Args:
        home: the deployment.
        release: the id of the order.
        orchestrated: through Prefect (an embedded server unless one is configured).
        progress: called with (stage, state).
        ready: waits for a server that was started earlier, if any.

    Raises:
        FlowFailed: Prefect ended the flow without a result of ours.
        ServerUnavailable: no server.
    """
    from pipelines.release import read_order, run_release

    prepare(home)
    project = read_order(home, release).project
    with under_way(release, project, orchestrated=orchestrated):
        if not orchestrated:
            return run_release(home, release, progress=progress)
        if ready is None:
            with Orchestrator(home) as server:
                return _through_prefect(home, release, progress, server.ready)
        return _through_prefect(home, release, progress, ready)


def _through_prefect(
    home: Home, release: str, progress: "Progress | None", ready: Callable[[], None]
) -> "Outcome":
    _import_flows()  # a server gets ready meanwhile
    from pipelines.flows import RunObserver, observed
    from pipelines.flows import release as release_flow

    ready()
    os.environ[VARIABLE] = str(home.root)
    with observed(RunObserver(progress)) as observer:
        try:
            release_flow(order=release, home=str(home.root), return_state=True)
        except Exception as error:  # noqa: BLE001  # none of ours leaves a flow; Prefect's may come after the run's end
            if observer.outcome is None and _of_the_server(error):
                raise ServerUnavailable(release=release) from None
    if observer.outcome is None:  # it never came to its first line: no earlier end stands for it
        raise FlowFailed(release=release)
    return observer.outcome


@functools.cache
def _import_flows() -> None:
    """It imports Prefect, for which `prepare` must have been called."""
    with imports_that_stay():
        import pipelines.flows  # noqa: F401


def _of_the_server(error: BaseException) -> bool:
    """Whether the server is not there, or refuses: Prefect's client wraps the library's error in one without a type."""
    from httpx import HTTPError

    return any(isinstance(one, HTTPError | OSError) for one in (error, error.__cause__))
