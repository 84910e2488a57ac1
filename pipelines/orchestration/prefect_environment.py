"""Environment of Prefect and of everything that would report home, set before the first import.

Prefect reads its settings when it is imported, so :func:`prepare` must come first. The program takes none of
them from who calls it (`pipelines.start`). Where something else calls, values that it set itself win,
except telemetry, which is off for everybody (measured: the server's heartbeat needs its own switch;
``DO_NOT_TRACK`` is for the SDK alone), and what can name code.
"""

import os
import secrets
import stat
from pathlib import Path
from urllib.parse import urlsplit

from pipelines.home import Home
from pipelines.orchestration.errors import AuthFileUnsafe, ServerOpen

_CLIENT, _SERVER = "PREFECT_API_AUTH_STRING", "PREFECT_SERVER_API_AUTH_STRING"

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
# Of the home alone, by either name: a logging configuration names factories, a profile names that.
_IN_HOME = {
    "PREFECT_PROFILES_PATH": "profiles.toml",
    "PREFECT_LOGGING_CONFIG_PATH": "logging.yml",
    "PREFECT_LOGGING_SETTINGS_PATH": "logging.yml",
}


def prepare(home: Home) -> None:
    """Point Prefect at this home, with a password, and switch telemetry off; safe to call again.

    The process stands in ``/`` afterwards.

    Raises:
        AuthFileUnsafe: others could read the file of the server's password.
        ServerOpen: a standing server would be talked to without one, or where others listen.
    """
    os.umask(0o077)
    # Prefect and its server look for prefect.toml, pyproject.toml and .env where they stand, and can't be told not to.
    os.chdir("/")
    os.environ.update(_OFF | {name: str(home.prefect / file) for name, file in _IN_HOME.items()})
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("PREFECT_HOME", str(home.prefect))
    url = home.settings().orchestration.api_url
    if url:
        os.environ.setdefault("PREFECT_API_URL", url)
    _authenticate(home)


def _authenticate(home: Home) -> None:
    """See that nobody else on this machine talks to the server.

    A standing one's password is in a file of the deployment; the embedded one gets one each time.
    """
    if os.environ.get("PREFECT_API_URL"):
        where = urlsplit(os.environ["PREFECT_API_URL"])
        here = where.hostname in ("127.0.0.1", "::1", "localhost")
        if where.scheme not in ("https", *["http"] * here):
            raise ServerOpen(what="orchestration.api_url")
        found = password(home) or os.environ.get(_CLIENT)
        if found is None:
            raise ServerOpen(what="orchestration.auth_file")
        os.environ[_CLIENT] = found
    elif _SERVER not in os.environ:
        made = f"embedded:{secrets.token_urlsafe(32)}"
        os.environ[_SERVER] = os.environ[_CLIENT] = made


def auth_file(home: Home) -> Path:
    """Where the standing server's ``name:password`` is: below the home, unless it is absolute."""
    return home.root / home.settings().orchestration.auth_file


def password(home: Home) -> str | None:
    """The standing server's ``name:password``, or None where there is no file.

    Raises:
        AuthFileUnsafe: it is a link or no file, open to others, somebody else's, or empty.
    """
    try:
        handle = os.open(auth_file(home), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError:
        raise AuthFileUnsafe from None
    with os.fdopen(handle, encoding="utf-8") as file:
        status = os.fstat(file.fileno())
        private = stat.S_ISREG(status.st_mode) and not stat.S_IMODE(status.st_mode) & 0o077
        if not private or status.st_uid not in (0, os.geteuid()):
            raise AuthFileUnsafe
        text = file.read().strip()
    if ":" not in text.strip(":"):
        raise AuthFileUnsafe(what="name:password in one line")
    return text
