"""The order in which ``doctor`` looks at the machine and the home."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from errors import CodedError
from pipelines.deployment.doctor import local, servers
from pipelines.deployment.doctor.finding import Finding
from pipelines.home import VARIABLE, Home


def _service(home: Home) -> Iterator[Finding]:
    yield from local.check_service(home)
    yield from servers.check_deployments(home)


# What a check raises becomes a finding under this name.
_CHECKS: tuple[tuple[str, Callable[[Home], Iterator[Finding]]], ...] = (
    ("permissions", local.check_folder),
    ("Prefect server's password", servers.check_password),
    ("home's format", _service),
    ("cluster", servers.check_cluster),
    ("bucket", servers.check_bucket),
    ("private keys", local.check_private_keys),
    ("ledger", local.check_ledger),
)


def examine(root: Path | None) -> list[Finding]:
    """Look at the machine, and at the home where there is one.

    Args:
        root: the home; ``DOJ_RELEASE_HOME`` where it is not given.
    """
    findings = [*local.check_machine(), *servers.check_server()]
    named = root or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if named is None:
        findings.append(Finding("home", "note", f"none named; use --home or {VARIABLE}"))
    elif not (named / "settings.toml").is_file():
        findings.append(Finding("home", "bad", "the folder is not a home; see `doj-release init`"))
    else:
        findings += _home(Home(named.resolve()))
    return findings


def _home(home: Home) -> Iterator[Finding]:
    mode = home.root.stat().st_mode & 0o777
    yield Finding("home", "good" if not mode & 0o077 else "bad", f"{home.root}, mode {mode:o}")
    try:
        settings = home.settings()
        yield Finding("settings", "good", f"threshold {settings.disclosure.threshold} persons")
    except CodedError as error:
        yield Finding("settings", "bad", str(error))
        return
    for what, check in _CHECKS:
        try:
            yield from check(home)
        except CodedError as error:
            yield Finding(what, "bad", str(error))
