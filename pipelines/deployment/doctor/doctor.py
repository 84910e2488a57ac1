"""What this machine and this home can and can't do, each finding with what to do about it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from crypto.keyring import health
from errors.coded import CodedError
from pipelines.home import VARIABLE, Home

State = Literal["good", "note", "bad"]
_LIBRARIES = (
    "duckdb",
    "pyarrow",
    "cryptography",
    "recordlinkage",
    "rapidfuzz",
    "prefect",
    "great-expectations",
    "highspy",
)
_OLDEST_OPENSSL = (3, 0)  # the first that decrypts AuthEnvelopedData


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: State
    detail: str

    @property
    def mark(self) -> str:
        """A sign for the table."""
        return {"good": "ok", "note": "--", "bad": "!!"}[self.state]

    def as_json(self) -> dict[str, str]:
        """For ``--json``."""
        return {"what": self.what, "state": self.state, "detail": self.detail}


def examine(root: Path | None) -> list[Finding]:
    """Look at the machine, and at the home where there is one."""
    findings = [*_machine(), *_orchestrator()]
    named = root or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if named is None:
        findings.append(Finding("home", "note", f"none named; use --home or {VARIABLE}"))
    elif not (named / "settings.toml").is_file():
        findings.append(Finding("home", "bad", "the folder is not a home; see `doj-release init`"))
    else:
        findings += _home(Home(named.resolve()))
    return findings


def _machine() -> Iterator[Finding]:
    good = sys.version_info >= (3, 11)
    yield Finding("Python", "good" if good else "bad", sys.version.split()[0])
    yield _openssl()
    yield from _systems()
    for seen in health.check():
        yield Finding(seen.what, "good" if seen.ok else "note", seen.detail)
    for name in _LIBRARIES:
        try:
            yield Finding(name, "good", version(name))
        except PackageNotFoundError:
            yield Finding(name, "bad", "not installed; run `make .venv`")


def _systems() -> Iterator[Finding]:
    """Each data system that is described: its kinds, and what its custodian has yet to confirm."""
    from systems.description import load_system, system_codes

    for code in system_codes():
        try:
            system = load_system(code)
        except CodedError as error:
            yield Finding(code, "bad", str(error))
            continue
        kinds = [f"{k} (held)" if k in system.held_kinds else k for k in system.given_kinds]
        detail = f"{', '.join(kinds)}; {system.unconfirmed} entries not confirmed"
        yield Finding(code, "note" if system.unconfirmed else "good", detail)


def _openssl() -> Finding:
    program = shutil.which("openssl")
    if program is None:
        return Finding(
            "openssl program", "bad", "missing; recipients and `demo` open packages with it"
        )
    shown = subprocess.run([program, "version"], capture_output=True, text=True, check=False).stdout
    parts = shown.split()
    if len(parts) < 2 or parts[0] != "OpenSSL":
        return Finding(
            "openssl program", "note", f"{shown.strip()[:40]}: not OpenSSL, can't open a package"
        )
    numbers = tuple(int(n) for n in parts[1].split(".")[:2] if n.isdigit())
    fine = numbers >= _OLDEST_OPENSSL
    return Finding("openssl program", "good" if fine else "note", parts[1])


def _orchestrator() -> Iterator[Finding]:
    url = os.environ.get("PREFECT_API_URL")
    if not url:
        yield Finding("Prefect server", "note", "embedded: started for each run on 127.0.0.1")
        return
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=5) as answer:  # noqa: S310
            fine = answer.status == 200
    except (urllib.error.URLError, OSError, ValueError):
        fine = False
    yield Finding(
        "Prefect server",
        "good" if fine else "bad",
        "answers" if fine else "PREFECT_API_URL does not answer",
    )


def _home(home: Home) -> Iterator[Finding]:
    mode = home.root.stat().st_mode & 0o777
    yield Finding("home", "good" if not mode & 0o077 else "bad", f"{home.root}, mode {mode:o}")
    try:
        settings = home.settings()
        yield Finding("settings", "good", f"threshold {settings.disclosure.threshold} persons")
    except CodedError as error:
        yield Finding("settings", "bad", str(error))
        return
    for seen in health.check(home.keys):
        if seen.what.startswith("keyring"):
            yield Finding(seen.what, "good" if seen.ok else "note", seen.detail)
    open_files = sum(1 for p in home.root.rglob("*") if not p.is_symlink() and _too_open(home, p))
    yield Finding(
        "permissions",
        "bad" if open_files else "good",
        f"{open_files} files others may read" if open_files else "only the owner can read",
    )
    yield from _passwords(home)
    yield from _service(home)
    yield from _cluster(home)
    yield from _bucket(home)
    yield from _secrets(home)
    yield from _ledger(home)


def _cluster(home: Home) -> Iterator[Finding]:
    from pipelines.deployment.doctor.cluster import look_at_cluster

    yield from look_at_cluster(home)


def _bucket(home: Home) -> Iterator[Finding]:
    from pipelines.deployment.doctor.bucket import look_at_bucket

    try:
        yield from look_at_bucket(home)
    except CodedError as error:  # of the keys: what is in the bucket is under the home's digest key
        yield Finding("bucket", "bad", str(error))


def _service(home: Home) -> Iterator[Finding]:
    from pipelines.deployment.doctor.service import service

    try:
        yield from service(home)
    except CodedError as error:
        yield Finding("home's format", "bad", str(error))


def _passwords(home: Home) -> Iterator[Finding]:
    """A standing Prefect server asks for a password, and ours opens it."""
    from pipelines.flows import auth_file, password

    url = os.environ.get("PREFECT_API_URL") or home.settings().orchestration.api_url
    what = "Prefect server's password"
    if not url:
        yield Finding(what, "good", "embedded: a new one for each run")
        return
    try:
        found = password(home)
    except CodedError as error:
        yield Finding(what, "bad", str(error))
        return
    asked = f"{url.rstrip('/')}/flows/count"
    without, with_it = _status(asked, None), _status(asked, found) if found else 0
    if without == _UNAUTHORIZED and with_it == _FINE:
        yield Finding(what, "good", f"asked for, and {auth_file(home).name} opens it")
    elif without == _UNAUTHORIZED:
        yield Finding(
            what, "bad", "asked for, and ours does not open it; see orchestration.auth_file"
        )
    elif without == _FINE:
        yield Finding(what, "bad", "not asked for: start it with PREFECT_SERVER_API_AUTH_STRING")
    else:
        yield Finding(what, "bad", "the server does not answer")


_FINE, _UNAUTHORIZED = 200, 401


def _status(url: str, secret: str | None) -> int:
    import base64
    import urllib.error
    import urllib.request

    headers = {"Content-Type": "application/json"}
    if secret is not None:
        headers["Authorization"] = f"Basic {base64.b64encode(secret.encode()).decode()}"
    request = urllib.request.Request(url, b"{}", headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (urllib.error.URLError, OSError, ValueError):
        return 0


def _secrets(home: Home) -> Iterator[Finding]:
    """No unencrypted private key lies in the home, the escrow key's least of all."""
    demo = home.root / "demo"
    found = sum(
        1
        for path in home.root.rglob("*")
        if path.is_file()
        and not path.is_symlink()
        and demo not in path.parents
        and path.stat().st_size < _KEY_AT_MOST
        and re.search(rb"-----BEGIN (RSA |EC )?PRIVATE KEY", path.read_bytes())
    )
    detail = f"{found} files with an unencrypted private key" if found else "none unencrypted"
    yield Finding("private keys", "bad" if found else "good", detail)


_KEY_AT_MOST = 64 * 1024  # bytes of a PEM file


def _too_open(home: Home, path: Path) -> bool:
    # The signing certificate is public.
    return path != home.signing_certificate and bool(path.stat().st_mode & 0o077)


def _ledger(home: Home) -> Iterator[Finding]:
    from approvals.ledger import weaknesses
    from pipelines.keys import verify_ledger
    from pipelines.session import Session

    try:
        session = Session(home)
        facts = verify_ledger(session)
        yield Finding("ledger", "good", f"{facts['size']} events, chain whole")
        weak = weaknesses(session.ledger.engine)
        what = f"{session.ledger.engine.dialect.name}, this role appends and reads"
        yield Finding("ledger database", "note" if weak else "good", "; ".join(weak) or what)
    except CodedError as error:
        yield Finding("ledger", "bad", str(error))
        return
    try:
        yield Finding("who acts", "good", session.person.id)
    except CodedError as error:
        yield Finding("who acts", "bad", str(error))
    finally:
        session.close()
