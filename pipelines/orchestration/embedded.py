"""Prefect's embedded server as a process that no terminal's keys reach, and that ends with the process that started it."""

import os
import subprocess
import sys
from typing import Any

import prefect
from prefect.server.api.server import SubprocessASGIServer
from prefect.settings import get_current_settings

# Its standard input is a pipe that nobody writes to: it ends when its owner does, whichever way that is.
_UNTIL_THE_OWNER_ENDS = (
    "import os, threading, uvicorn;"
    " threading.Thread(target=lambda: (os.read(0, 1), os._exit(0)), daemon=True).start();"
    " uvicorn.main()"
)


class EmbeddedServer(SubprocessASGIServer):
    """As Prefect starts it, in a session of its own.

    Ctrl-C goes to all processes of a terminal's, and a run that is stopped has still to say so.
    """

    def _run_uvicorn_command(self) -> subprocess.Popen[Any]:
        server = {
            "PREFECT_UI_ENABLED": "0",
            "PREFECT__SERVER_EPHEMERAL": "1",
            "PREFECT__SERVER_FINAL": "1",
        }
        settings = get_current_settings().to_environment_variables(exclude_unset=True)
        words = ["--app-dir", str(prefect.__module_path__.parent), "--factory"]
        words += ["prefect.server.api.server:create_app", "--host", "127.0.0.1"]
        words += ["--port", str(self.port), "--log-level", "error", "--lifespan", "on"]
        return subprocess.Popen(
            [sys.executable, "-c", _UNTIL_THE_OWNER_ENDS, *words],
            env={**os.environ, **server, **settings},
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
