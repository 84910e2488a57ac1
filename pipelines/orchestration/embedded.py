"""Prefect's embedded server as a process that no terminal's keys reach, and that ends with the process that started it.

Prefect's own starter imports the whole server to start it, 1.6 processor seconds, before its process begins. Here the
process begins at once, on a socket that is open already: who asks waits for the answer, and nobody else takes the port.
"""

import http.client
import os
import socket
import subprocess
import sys
from contextlib import closing

# Its standard input is a pipe that nobody writes to: it ends when its owner does, whichever way that is. What it imports stays,
# so that nobody looks for cycles among it (`pipelines.start.imports_that_stay`).
_UNTIL_THE_OWNER_ENDS = (
    "import os, socket, sys, threading;"
    " threading.Thread(target=lambda: (os.read(0, 1), os._exit(0)), daemon=True).start();"
    " import gc; gc.disable(); import uvicorn; from prefect.server.api.server import create_app; gc.freeze(); gc.enable();"
    " config = uvicorn.Config(create_app, factory=True, log_level='error', lifespan='on');"
    " uvicorn.Server(config).run([socket.socket(fileno=int(sys.argv[1]))])"
)
_SERVER = {
    "PREFECT_UI_ENABLED": "0",
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
}
_WAITING, _ENDS = 128, 5  # connections that are not yet taken; seconds for an orderly end


class EmbeddedServer:
    """A server that has begun to start, with the environment as `prepare` left it.

    It has a session of its own: Ctrl-C goes to all processes of a terminal's, and a run that is stopped has still to say so.

    Raises:
        OSError: no socket or no process.
    """

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=_WAITING) as listening:
            self._port: int = listening.getsockname()[1]
            words = ("-P", "-c", _UNTIL_THE_OWNER_ENDS, str(listening.fileno()))
            self._process = subprocess.Popen(
                [sys.executable, *words],
                env=os.environ | _SERVER,
                stdin=subprocess.PIPE,
                start_new_session=True,
                pass_fds=[listening.fileno()],
            )

    def ready(self, seconds: float) -> None:
        """Wait until it answers, and have Prefect's client in this process talk to it.

        Raises:
            OSError: it ended, or did not answer in time.
        """
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=seconds)) as asked:
            asked.request("GET", "/api/health")
            if (answer := asked.getresponse()).status != http.HTTPStatus.OK:
                raise ConnectionError(answer.status)
        from prefect import context
        from prefect.settings import PREFECT_API_URL

        # Threads of Prefect's look at the settings of the process; it may have been imported for another server.
        root, url = context.root_settings_context(), f"http://127.0.0.1:{self._port}/api"
        settings = root.settings.copy_with_update(updates={PREFECT_API_URL: url})
        context.GLOBAL_SETTINGS_CONTEXT = context.SettingsContext(
            profile=root.profile, settings=settings
        )

    def stop(self) -> None:
        """End it in order, or by force."""
        self._process.terminate()
        try:
            self._process.wait(_ENDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
