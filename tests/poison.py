"""A caller's folder, home and environment full of settings for every library that the program loads, and who opened them.

`READS` says what each distribution of the lock reads: files below the current folder (``./``) or the caller's home
(``~/``), and variables. `NONE` says why the rest reads nothing of the kind. A distribution in neither fails
`tests/leak/test_caller.py`.
"""

import ctypes
import os
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_TOML = '[logging]\nconfig_path = "{evil}/logging.yml"\n[home]\n'
_LOGGING = """\
version: 1
formatters:
  standard: {{"()": "subprocess.getoutput", cmd: "touch {canaries}/logging"}}
handlers: {{console: {{class: logging.StreamHandler, formatter: standard}}}}
root: {{handlers: [console]}}
"""
_PYTHON = "import pathlib; pathlib.Path({canaries!r}, {name!r}).touch()\n"
_PROGRAM = "#!/bin/sh\n: > {canaries}/{name}\nexit 1\n"
_OPENSSL = "openssl_conf = a\n[a]\nproviders = p\n[p]\nx = x\n[x]\nmodule = {evil}/module.so\nactivate = 1\n"

# Files by distribution: below the folder (./) or the home (~/); with what is in them, nothing much where reading is enough.
_ANY = "a = 1\n"
READS: dict[str, dict[str, str]] = {
    "python": {
        "./sitecustomize.py": _PYTHON, "./usercustomize.py": _PYTHON, "./json.py": _PYTHON, "./typer.py": _PYTHON,
        "./prefect/__init__.py": _PYTHON, "./pipelines/__init__.py": _PYTHON,
        "~/.local/lib/python3.{minor}/site-packages/usercustomize.py": _PYTHON,
        "~/.local/lib/python3.{minor}/site-packages/evil.pth": _PYTHON,
        "PYTHONPATH": "{folder}", "PYTHONHOME": "{evil}", "PYTHONUSERBASE": "{home}/.local", "PYTHONSTARTUP": "{folder}/json.py",
        "PYTHONWARNINGS": "ignore", "PYTHONBREAKPOINT": "json.x", "PYTHONPYCACHEPREFIX": "{evil}/cache",
        "PYTHONPLATLIBDIR": "evil", "PYTHONINSPECT": "1", "PYTHONMALLOC": "debug", "TZ": ":{evil}/zone", "TZDIR": "{evil}",
        "PYTHONTZPATH": "{evil}", "SSLKEYLOGFILE": "{evil}/keys.log", "SSL_CERT_FILE": "{evil}/ca.pem", "SSL_CERT_DIR": "{evil}",
        "HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9", "NO_PROXY": "", "~/.netrc": _ANY, "NETRC": "{evil}/netrc", "MAILCAPS": "{evil}/mailcap",
        "PATH": "{folder}:{folder}/bin:/usr/bin:/bin", "./bin/openssl": _PROGRAM, "./openssl": _PROGRAM, "./sha256sum": _PROGRAM,
        "./uvicorn": _PROGRAM, "./python": _PROGRAM, "./readlink": _PROGRAM, "./git": _PROGRAM, "~/.python_history": "",
    },
    "libc": {  # and the shell that starts the program; what is read before its first line is not ours to stop
        "LOCPATH": "{evil}", "GCONV_PATH": "{evil}", "NLSPATH": "{evil}/%N", "LANGUAGE": "xx", "LANG": "xx_XX.EVIL", "LC_ALL": "xx_XX.EVIL",
        "RES_OPTIONS": "debug", "HOSTALIASES": "{evil}/hosts", "LOCALDOMAIN": "evil.example", "MALLOC_CHECK_": "3",
        "ENV": "{evil}/shrc", "BASH_ENV": "{evil}/shrc", "SHELLOPTS": "xtrace", "PS4": "$(touch {canaries}/PS4)", "IFS": "/",
        "BASH_FUNC_exec%%": "() {{ touch {canaries}/function; }}", "CDPATH": "{evil}", "TERMINFO": "{evil}", "TERMINFO_DIRS": "{evil}",
        "~/.terminfo/x/xterm": "", "TERM": "../../evil", "COLUMNS": "80;x", "TMPDIR": "{evil}/open", "XDG_CONFIG_HOME": "{home}/.config",
        "XDG_CACHE_HOME": "{home}/.cache", "XDG_DATA_HOME": "{home}/.data", "XDG_CONFIG_DIRS": "{evil}", "XDG_DATA_DIRS": "{evil}",
        "HOME": "{home}", "~/.profile": "", "~/.bashrc": "",
    },
    "openssl": {
        "OPENSSL_CONF": "{evil}/openssl.cnf", "OPENSSL_MODULES": "{evil}", "OPENSSL_ENGINES": "{evil}", "~/.rnd": "",
        "OPENSSL_CONF_INCLUDE": "{evil}", "CTLOG_FILE": "{evil}/ctlog", "RANDFILE": "{evil}/rnd", "DOJ_RELEASE_FIPS_CONF": "",
    },
    "prefect": {
        "./prefect.toml": _TOML, "./pyproject.toml": _TOML.replace("[", "[tool.prefect."), "./prefect.yaml": "",
        "./.env": "PREFECT_LOGGING_CONFIG_PATH={evil}/logging.yml\nPREFECT_HOME={evil}\n", "./.prefectignore": "",
        "~/.prefect/profiles.toml": 'active = "x"\n[profiles.x]\nPREFECT_LOGGING_CONFIG_PATH = "{evil}/logging.yml"\n',
        "~/.prefect/logging.yml": _LOGGING, "PREFECT_HOME": "{home}/.prefect", "PREFECT_PROFILES_PATH": "{home}/.prefect/profiles.toml",
        "PREFECT_PROFILE": "x", "PREFECT_LOGGING_CONFIG_PATH": "{evil}/logging.yml", "PREFECT_LOGGING_SETTINGS_PATH": "{evil}/logging.yml",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_CLASS": "json.Evil", "PREFECT_API_URL": "http://127.0.0.1:9/api", "PREFECT_API_KEY": "x",
        "PREFECT_API_AUTH_STRING": "a:b", "PREFECT_MESSAGING_BROKER": "typer", "PREFECT_MESSAGING_CACHE": "typer",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": "sqlite+aiosqlite:///{evil}/prefect.db", "PREFECT_SERVER_ANALYTICS_ENABLED": "true",
        "PREFECT_LOCAL_STORAGE_PATH": "{evil}", "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "true", "PREFECT_EXPERIMENTAL_PLUGINS_ENABLED": "1",
        "PREFECT_CLIENT_CUSTOM_HEADERS": '{{"x": "y"}}', "PREFECT_API_SSL_CERT_FILE": "{evil}/ca.pem", "PREFECT_TEST_MODE": "1",
        "PREFECT_EXTRA_ENTRYPOINTS": "typer", "PREFECT_API_TLS_INSECURE_SKIP_VERIFY": "true",
    },
    "pydantic-settings": {"./.env.local": "PREFECT_HOME={evil}\n"},
    "pydantic": {"PYDANTIC_DISABLE_PLUGINS": "0"},
    "pydocket": {"DOCKET_URL": "redis://127.0.0.1:9", "DOCKET_NAME": "x"},
    "alembic": {"./alembic.ini": _ANY, "ALEMBIC_CONFIG": "{evil}/alembic.ini"},
    "uvicorn": {"UVICORN_LOG_CONFIG": "{evil}/logging.yml", "WEB_CONCURRENCY": "3", "FORWARDED_ALLOW_IPS": "*", "UVICORN_APP": "typer:x"},
    "websockets": {"WEBSOCKETS_MAX_LOG_SIZE": "9"},
    "opentelemetry-api": {
        "OTEL_PYTHON_CONTEXT": "evil", "OTEL_PYTHON_TRACER_PROVIDER": "evil", "OTEL_PYTHON_METER_PROVIDER": "evil", "OTEL_PROPAGATORS": "baggage",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
    },
    "apprise": {"~/.apprise": "", "~/.config/apprise.yml": "", "APPRISE_URLS": "json://127.0.0.1:9", "APPRISE_CONFIG_PATH": "{evil}"},
    "docker": {"~/.docker/config.json": "{{}}", "DOCKER_CONFIG": "{home}/.docker", "DOCKER_HOST": "tcp://127.0.0.1:9"},
    "fsspec": {"~/.config/fsspec/conf.json": "{{}}", "FSSPEC_CONFIG_DIR": "{evil}", "FSSPEC_FILE_AUTO_MKDIR": "x"},
    "great-expectations": {
        "~/.great_expectations/great_expectations.conf": "[anonymous_usage_statistics]\nenabled = True\n", "./great_expectations.yml": _ANY,
        "./gx/great_expectations.yml": _ANY, "./great_expectations/great_expectations.yml": _ANY, "./gx/plugins/evil.py": _PYTHON,
        "GX_HOME": "{evil}", "GX_ANALYTICS_ENABLED": "true", "GE_USAGE_STATS": "true", "GX_CLOUD_BASE_URL": "http://127.0.0.1:9",
        "GX_CLOUD_ACCESS_TOKEN": "x", "GX_CLOUD_ORGANIZATION_ID": "x", "GX_CLOUD_WORKSPACE_ID": "x",
    },
    "altair": {"VEGA_DATASETS": "{evil}"},
    "tqdm": {"TQDM_DISABLE": "0", "TQDM_MININTERVAL": "x"},
    "pendulum": {"PENDULUM_EXTENSIONS": "0"}, "pytz": {"PYTZ_TZDATADIR": "{evil}"},
    "dateparser": {"BUILD_TZ_CACHE": "1"},
    "duckdb": {
        "~/.duckdbrc": ".shell touch {canaries}/duckdb\n", "./.duckdbrc": ".shell touch {canaries}/duckdb\n",
        "~/.duckdb/extensions/x.duckdb_extension": "", "~/.duckdb/stored_secrets/s.duckdb_secret": "", "DUCKDB_HOME": "{evil}",
        "DUCKDB_EXTENSION_DIRECTORY": "{evil}",
    },
    "pyarrow": {
        "ARROW_DEFAULT_MEMORY_POOL": "jemalloc", "ARROW_LIBHDFS_DIR": "{evil}", "ARROW_S3_LOG_LEVEL": "trace", "ARROW_TRACING_BACKEND": "ostream",
        "HADOOP_HOME": "{evil}", "JAVA_HOME": "{evil}", "JAVA_TOOL_OPTIONS": "-javaagent:{evil}/a.jar", "CLASSPATH": "{evil}",
    },
    "numpy": {"~/.numpy-site.cfg": "", "./site.cfg": "", "OPENBLAS_CORETYPE": "x", "OPENBLAS_NUM_THREADS": "x", "NPY_DISABLE_CPU_FEATURES": "x"},
    "scipy": {"SCIPY_ARRAY_API": "1", "OMP_NUM_THREADS": "x", "MKL_NUM_THREADS": "x"},
    "pandas": {"PANDAS_COPY_ON_WRITE": "x"},
    "highspy": {"./HiGHS.set": "log_file = {evil}/highs.log\n", "./highs_options.txt": ""},
    "sqlalchemy": {"DISABLE_SQLALCHEMY_CEXT_RUNTIME": "1", "SQLALCHEMY_WARN_20": "1"},
    "aiosqlite": {"~/.sqliterc": ".shell touch {canaries}/sqlite\n", "SQLITE_TMPDIR": "{evil}"},
    "psycopg": {
        "~/.pgpass": "*:*:*:*:x\n", "~/.pg_service.conf": "[x]\nhost=127.0.0.1\n", "~/.postgresql/root.crt": "", "~/.postgresql/postgresql.crt": "",
        "PGHOST": "127.0.0.1", "PGPORT": "9", "PGPASSFILE": "{home}/.pgpass", "PGSERVICE": "x", "PGSERVICEFILE": "{home}/.pg_service.conf",
        "PGSYSCONFDIR": "{evil}", "PGSSLMODE": "disable", "PGOPTIONS": "-c search_path=evil", "PGUSER": "evil", "PSYCOPG_IMPL": "python",
    },
    "adbc-driver-manager": {"~/.config/adbc/drivers/postgresql.toml": "[Driver]\nshared = \"{evil}/module.so\"\n", "ADBC_DRIVER_PATH": "{evil}"},
    "pymysql": {
        "~/.my.cnf": "[client]\npassword=x\nhost=127.0.0.1\n", "MYSQL_PWD": "x", "MYSQL_HOST": "127.0.0.1", "MYSQL_TCP_PORT": "9",
        "MYSQL_UNIX_PORT": "{evil}/socket", "LOGNAME": "evil",
    },
    "dask": {"~/.config/dask/dask.yaml": "a: 1\n", "./dask.yaml": "a: 1\n", "DASK_CONFIG": "{home}/.config/dask", "DASK_ROOT_CONFIG": "{evil}",
             "DASK_DISTRIBUTED__WORKER__PRELOAD": "typer", "DASK_INHERIT": "x"},
    "distributed": {"DASK_SCHEDULER_ADDRESS": "tcp://127.0.0.1:9", "DASK_DISTRIBUTED__SCHEDULER__PRELOAD": "typer", "DASK_PARENT": "x"},
    "botocore": {
        "~/.aws/config": "[default]\ncredential_process = touch {canaries}/aws\n", "~/.aws/credentials": "[default]\naws_access_key_id = x\n",
        "~/.aws/models/s3/2006-03-01/service-2.json": "{{}}", "AWS_CONFIG_FILE": "{home}/.aws/config", "AWS_PROFILE": "default",
        "AWS_SHARED_CREDENTIALS_FILE": "{home}/.aws/credentials", "AWS_DATA_PATH": "{home}/.aws/models", "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9", "AWS_CA_BUNDLE": "{evil}/ca.pem", "BOTO_CONFIG": "{evil}/boto", "AWS_DEFAULT_REGION": "x",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9", "AWS_WEB_IDENTITY_TOKEN_FILE": "{evil}/token", "AWS_ROLE_ARN": "x",
    },
    "requests": {"REQUESTS_CA_BUNDLE": "{evil}/ca.pem", "CURL_CA_BUNDLE": "{evil}/ca.pem"},  # ~/.netrc and proxies, above
    "oauthlib": {"OAUTHLIB_INSECURE_TRANSPORT": "1"},
    "prometheus-client": {"PROMETHEUS_MULTIPROC_DIR": "{evil}", "PROMETHEUS_DISABLE_CREATED_SERIES": "1"},
    "cryptography": {"CRYPTOGRAPHY_OPENSSL_NO_LEGACY": "1", "OPENSSL_ia32cap": "0"},
    "python-pkcs11": {"PKCS11_MODULE": "{evil}/module.so", "~/.config/softhsm2/softhsm2.conf": "", "~/.config/pkcs11/pkcs11.conf": ""},
    "typer": {"TYPER_USE_RICH": "x", "_DOJ_RELEASE_COMPLETE": "bash_source", "TERMINAL_WIDTH": "x"},
    "click": {"PAGER": "{folder}/openssl", "EDITOR": "{folder}/openssl", "VISUAL": "{folder}/openssl"},
    "rich": {"FORCE_COLOR": "1", "TTY_COMPATIBLE": "1", "JUPYTER_COLUMNS": "x", "UNICODE_VERSION": "x"},
    "shellingham": {"SHELL": "{folder}/openssl"}, "psutil": {"PSUTIL_DEBUG": "1"}, "tornado": {"ASYNC_TEST_TIMEOUT": "x"},
    "cffi": {"CFFI_TMPDIR": "{evil}"}, "ruamel-yaml": {"RUAMEL_DEBUG": "1"}, "greenlet": {"GREENLET_USE_GC": "0"},
    "coolname": {"COOLNAME_DATA_DIR": "{evil}", "COOLNAME_DATA_MODULE": "typer"}, "rapidfuzz": {"RAPIDFUZZ_IMPLEMENTATION": "python"},
    "openpyxl": {"OPENPYXL_LXML": "x"}, "msgpack": {"MSGPACK_PUREPYTHON": "1"},
    "griffelib": {"GRIFFE_GIT_SERVICE": "x"}, "griffecli": {"GRIFFE_LOG_LEVEL": "x"}, "rich-rst": {"DOCUTILSCONFIG": "{evil}/docutils"},
    "python-dotenv": {"PYTHON_DOTENV_DISABLED": "0"}, "asyncpg": {"PGPASSWORD": "x"}, "fastapi": {"FASTAPI_ENV": "x"},
}  # fmt: skip

# Their source asks for the folder, the home or the environment, or is compiled, and none of that is a setting of the program's.
HARMLESS = {
    "narwhals": "COLUMNS, whose form is checked",
    "anyio": "Path.home as an asynchronous method", "pydantic-extra-types": "a type that expands ~ of a value",
    "beartype": "names its own folder", "packaging": "names pyproject.toml in a text", "six": "an alias of getcwd", "zict": "a folder that it is told",
    "colorama": "Windows and PyCharm", "exceptiongroup": "a switch for its own tests", "pygments": "as rich: the terminal",
    "pyparsing": "warnings", "python-dateutil": "TZ, which is in the table", "tzlocal": "TZ, which is in the table",
    "httpx": "SSL_CERT_FILE, which is in the table", "urllib3": "SSLKEYLOGFILE, which is in the table",
    "starlette": "what a gateway sets", "cyclopts": "Prefect's command line alone", "py-key-value-aio": "a switch of checks",
    "burner-redis": "a store in memory", "charset-normalizer": "a table of characters",
    "markupsafe": "escapes", "orjson": "JSON", "pydantic-core": "validation", "psycopg-binary": "libpq: see psycopg", "pyreadstat": "reads what it is told",
    "pyyaml": "YAML", "regex": "patterns", "rpds-py": "collections", "ruamel-yaml-clib": "YAML",
}  # fmt: skip


@dataclass(frozen=True)
class Poison:
    """The places of a caller who means harm."""

    root: Path

    @property
    def folder(self) -> Path:
        """Where the caller starts commands."""
        return self.root / "folder"

    @property
    def home(self) -> Path:
        """What the caller says is the home."""
        return self.root / "home"

    @property
    def canaries(self) -> Path:
        """What was run leaves a file here."""
        return self.root / "canaries"

    def _places(self) -> dict[str, str]:
        places = {
            "folder": self.folder,
            "home": self.home,
            "canaries": self.canaries,
            "evil": self.root / "evil",
        }
        return {name: str(place) for name, place in places.items()} | {"minor": str(sys.version_info.minor)}  # fmt: skip

    def make(self) -> Self:
        """Write all of it."""
        evil = self.root / "evil"
        for folder in (self.folder, self.home, self.canaries, evil, evil / "open"):
            folder.mkdir(parents=True)
        self.root.chmod(0o755)
        (evil / "open").chmod(0o777)
        places = self._places()
        for files in READS.values():
            for name, text in files.items():
                if name[:2] in ("./", "~/"):
                    where = self.folder if name[0] == "." else self.home
                    self._write(where / name[2:].format(**places), text)
        for name, text in {"logging.yml": _LOGGING, "openssl.cnf": _OPENSSL, "shrc": _PROGRAM, "ca.pem": "", "module.so": ""}.items():  # fmt: skip
            self._write(evil / name, text)
        return self

    def _write(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(**self._places(), name=path.name))
        path.chmod(0o755)

    def environment(self) -> dict[str, str]:
        """Every variable of the table; nothing besides."""
        places = self._places()
        return {
            name: value.format(**places)
            for said in READS.values()
            for name, value in said.items()
            if name[:2] not in ("./", "~/")
        }

    def ran(self) -> list[str]:
        """What of it was run."""
        return sorted(path.name for path in self.canaries.iterdir())


class Watched:
    """Who opens a file below some folders is noted, whatever process it is (inotify)."""

    _OPEN, _LIST, _OVERFLOW = 0x20, 0x40000000, 0x4000

    def __init__(self, *folders: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._handle = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        self._names: dict[int, Path] = {}
        for folder in folders:
            for place in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
                number = self._libc.inotify_add_watch(self._handle, bytes(place), self._OPEN)
                assert number >= 0, place
                self._names[number] = place

    def opened(self) -> list[str]:
        """Paths that were opened since the last call; folders that were listed end with a stroke."""
        found: set[str] = set()
        while True:
            try:
                data = os.read(self._handle, 1 << 16)
            except BlockingIOError:
                return sorted(found)
            while data:
                number, mask, _, length = struct.unpack_from("iIII", data)
                assert not mask & self._OVERFLOW
                name = data[16 : 16 + length].rstrip(b"\0").decode()
                found.add(str(self._names[number] / name) + ("/" if mask & self._LIST else ""))
                data = data[16 + length :]

    def close(self) -> None:
        """Stop watching."""
        os.close(self._handle)
