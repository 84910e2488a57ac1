"""What this machine and this home can and can't do, each finding with what to do about it.

It looks and changes nothing, but for one object that it writes to a bucket and deletes again.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from errors import CodedError
from pipelines import home as homes
from pipelines.deployment.doctor.desk import check_desk
from pipelines.deployment.doctor.finding import Finding
from pipelines.deployment.doctor.folder import (
    check_added,
    check_folder,
    check_ledger,
    check_place,
    check_private_keys,
    check_registers,
    check_service,
    check_service_user,
)
from pipelines.deployment.doctor.machine import check_advisories, check_machine
from pipelines.deployment.doctor.outside import check_bucket, check_cluster
from pipelines.deployment.doctor.server import check_deployments, check_password, check_server
from pipelines.operations import as_refused


def _service(home: homes.Home) -> Iterator[Finding]:
    yield from check_service(home)
    yield from check_deployments(home)


# What a check raises becomes a finding under this name.
_CHECKS: tuple[tuple[str, Callable[[homes.Home], Iterator[Finding]]], ...] = (
    ("Prefect server", check_server),
    ("permissions", check_folder),
    ("home's place", check_place),
    ("Prefect server's password", check_password),
    ("service's user", check_service_user),
    ("home's format", _service),
    ("cluster", check_cluster),
    ("bucket", check_bucket),
    ("systems, local", check_added),
    ("register's index", check_registers),
    ("private keys", check_private_keys),
    ("ledger", check_ledger),
    ("passkeys", check_desk),
)


def examine(root: Path | None, advisories: Path | None = None) -> list[Finding]:
    """Look at the machine, and at the home where there is one.

    Args:
        root: the home; ``DOJ_RELEASE_HOME`` where it is not given.
        advisories: OSV's, of which some may be about what is installed.

    Raises:
        AdvisoriesUnusable: they can't be read.
    """
    findings = [*check_machine(), *(check_advisories(advisories) if advisories else ())]
    try:
        named = homes.chosen_folder(root)
    except homes.HomeMissing:
        return [
            *findings,
            *check_server(),
            Finding("home", "note", f"none named; use --home or {homes.VARIABLE}"),
        ]
    if not (named / "settings.toml").is_file():
        findings.append(Finding("home", "bad", "the folder is not a home; see `doj-release init`"))
    else:
        findings += _home(homes.Home(named.resolve()))
    return findings


def _home(home: homes.Home) -> Iterator[Finding]:
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
        except OSError as error:
            yield Finding(what, "bad", str(as_refused(error, home.root)))
