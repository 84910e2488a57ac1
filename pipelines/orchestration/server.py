"""The Prefect server that the flows report to: a standing one, or the embedded one, warmed up early."""

import contextlib
import os
import urllib.request
from http.client import HTTPException
from types import TracebackType
from typing import Self

from pipelines.home import Home
from pipelines.orchestration.embedded import EmbeddedServer
from pipelines.orchestration.errors import ServerOpen, ServerUnavailable
from pipelines.orchestration.prefect_environment import prepare

_START_SECONDS = 240
_DRAIN_SECONDS = 5
_ANSWERS = 5  # seconds for a standing server to refuse whom it does not know


class Orchestrator:
    """Starts the embedded server, which gets ready while other work goes on.

    With the setting (or a deployment's ``PREFECT_API_URL``) there is a standing server and nothing is started.
    Use it as a context manager; :meth:`ready` blocks until flows can run.

    Raises:
        ServerUnavailable: no process of it began.
    """

    def __init__(self, home: Home) -> None:
        prepare(home)
        self._server: EmbeddedServer | None = None
        self._answered = False
        if not os.environ.get("PREFECT_API_URL"):
            try:
                self._server = EmbeddedServer()
            except OSError:
                raise ServerUnavailable from None

    def ready(self) -> None:
        """Wait until the server answers.

        Raises:
            ServerUnavailable: it did not start.
            ServerOpen: a standing one answers without a password.
        """
        if self._server is None:
            if _answers_anybody(os.environ["PREFECT_API_URL"]):
                raise ServerOpen(what="PREFECT_SERVER_API_AUTH_STRING")
        elif not self._answered:
            try:
                self._server.ready(_START_SECONDS)
            except (OSError, HTTPException):
                raise ServerUnavailable from None
            self._answered = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is None:
            return
        if error is not None and not isinstance(error, Exception):
            self._server.kill()  # a signal: nobody waits for a server
            return
        if self._answered:
            with contextlib.suppress(Exception):  # the run has ended as it has
                _send_the_rest()
        with contextlib.suppress(OSError):
            self._server.stop()


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
