"""The Prefect server that the flows report to: a standing one, or the embedded one, warmed up early."""

import contextlib
import os
import threading
import urllib.request
from types import TracebackType
from typing import Self

from pipelines.home import Home
from pipelines.orchestration.errors import ServerOpen, ServerUnavailable
from pipelines.orchestration.prefect_environment import prepare

_START_SECONDS = 240
_DRAIN_SECONDS = 5
_ANSWERS = 5  # seconds for a standing server to refuse whom it does not know


class Orchestrator:
    """Starts the embedded server in the background while other work goes on.

    With the setting (or a deployment's ``PREFECT_API_URL``) there is a standing server and nothing is started.
    Use it as a context manager; :meth:`ready` blocks until flows can run.
    """

    def __init__(self, home: Home) -> None:
        prepare(home)
        self._failure: BaseException | None = None
        self._server: object | None = None
        self._thread: threading.Thread | None = None
        if not os.environ.get("PREFECT_API_URL"):
            self._thread = threading.Thread(target=self._start, name="prefect-start", daemon=True)
            self._thread.start()

    def _start(self) -> None:
        try:
            from pipelines.orchestration.embedded import EmbeddedServer

            # Prefect's own singleton: flows find the server that was started here.
            self._server = server = EmbeddedServer()
            server.start(timeout=_START_SECONDS)
        except BaseException as error:  # noqa: BLE001  # handed to the thread that waits
            self._failure = error

    def ready(self) -> None:
        """Wait until the server answers.

        Raises:
            ServerUnavailable: it did not start.
            ServerOpen: a standing one answers without a password.
        """
        if self._thread is not None:
            self._thread.join()
        if self._failure is not None:
            raise ServerUnavailable from None
        if (url := os.environ.get("PREFECT_API_URL")) and _answers_anybody(url):
            raise ServerOpen(what="PREFECT_SERVER_API_AUTH_STRING")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None and not isinstance(
            error, Exception
        ):  # a signal: nobody waits for a server
            if (process := getattr(self._server, "server_process", None)) is not None:
                process.kill()
            return
        if self._thread is not None:
            self._thread.join()
        stop = getattr(self._server, "stop", None)
        if stop is not None:
            with contextlib.suppress(Exception):  # the run has ended as it has
                _send_the_rest()
            with contextlib.suppress(Exception):
                stop()


def _answers_anybody(url: str) -> bool:
    """Whether a standing server answers without a password; one that does not answer is none of it."""
    head = {"Content-Type": "application/json"}
    ask = urllib.request.Request(f"{url}/flows/count", b"{}", head)  # noqa: S310  # http alone passed
    try:
        with urllib.request.urlopen(ask, timeout=_ANSWERS):  # noqa: S310
            return True
    except OSError:  # 401 is one
        return False


def _send_the_rest() -> None:
    """Hand over the logs and events that still wait; without a server they are retried for a minute."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (APILogWorker, EventsWorker):
        worker.drain_all(timeout=_DRAIN_SECONDS)
