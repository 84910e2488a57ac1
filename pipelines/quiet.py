"""Environment of Prefect and of everything that would report home, set before the first import.

Prefect reads its settings when it is imported, so :func:`prepare` must come first. Values that
the deployment set itself win, except telemetry, which is off for everybody (measured: the
server's heartbeat needs its own switch; ``DO_NOT_TRACK`` is for the SDK alone).
"""

import os

from pipelines.home import Home

_OFF = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "GX_ANALYTICS_ENABLED": "false",
    "GE_USAGE_STATS": "false",
}
_DEFAULTS = {
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
    # The first start of the embedded server takes 30 to 50 seconds on a small machine.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "240",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    # Prefect gives the root logger a console; libraries' chatter has no place on a terminal.
    "PREFECT_LOGGING_ROOT_LEVEL": "WARNING",
    "PREFECT_TASKS_REFRESH_CACHE": "true",
    "PREFECT_CLI_PROMPT": "false",
}


def prepare(home: Home) -> None:
    """Point Prefect at this home and switch telemetry off; safe to call again."""
    os.umask(0o077)
    os.environ.update(_OFF)
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("PREFECT_HOME", str(home.prefect))
    url = home.settings().orchestration.api_url
    if url:
        os.environ.setdefault("PREFECT_API_URL", url)
