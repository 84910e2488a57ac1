"""What this machine and this home can and can't do, each finding with what to do about it.

It looks and changes nothing, but for one object that it writes to a bucket and deletes again.
"""

import base64
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

from approvals.people import People
from crypto.keyring import certificate_end, crypto_findings
from crypto.process import only_the_owner_writes
from errors import CodedError
from pipelines import home as homes
from pipelines.deployment.advisories import installed_packages, known_weaknesses
from pipelines.operations import as_refused, unsafe_notices, waiting_notices
from pipelines.orchestration import auth_file, password
from pipelines.safeguards import as_error, check_clock, verify_everything, witness_states
from pipelines.session import Session
from pipelines.storage import BucketDenied, ObjectStore, configured_urls, unsafe_settings

State = Literal["good", "note", "bad"]


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is, and what to do about it."""

    what: str
    state: State
    detail: str

    @property
    def mark(self) -> str:
        """A sign for the table."""
        return {"good": "ok", "note": "--", "bad": "!!"}[self.state]


def _judged(what: str, wrong: object, bad: str, good: str, state: State = "bad") -> Finding:
    """Good where nothing is wrong; else ``state``."""
    return Finding(what, state if wrong else "good", bad if wrong else good)


# This machine and this home's folder

DEPLOYMENTS = ("release/release", "refresh/refresh-aggregates", "remind/remind")
POOL = "doj-release"
_NOT_DONE = {
    "remind/remind": "letters that the law asks for are not written",
    "refresh/refresh-aggregates": "tables are not refreshed in January",
}
_LIBRARIES = (
    "duckdb", "pyarrow", "cryptography", "rapidfuzz", "prefect", "great-expectations", "highspy",
)  # fmt: skip
_OLDEST_OPENSSL = (3, 0)  # the first that decrypts AuthEnvelopedData
_LEAST_FREE = 1 << 30  # bytes: below it the next register or release hardly fits
_OLD = 30  # days of a file of advisories
_DAY = 24 * 3600  # seconds
_KEY_AT_MOST = 64 * 1024  # bytes of a PEM file
_SERVER_SECONDS = 5  # that Prefect's server may take to answer
_OK, _UNAUTHORIZED = 200, 401
_EXPIRES_SOON = 30  # days
_SCHEDULER_SECONDS = 10  # that a scheduler may take to answer here


def check_machine() -> Iterator[Finding]:
    """Look at Python, OpenSSL, the described data systems, FIPS mode and the libraries."""
    good = sys.version_info >= (3, 11)
    yield Finding("Python", "good" if good else "bad", sys.version.split()[0])
    yield _program()
    yield _openssl()
    yield _loops()
    yield from _systems()
    for seen in crypto_findings():
        yield Finding(seen.what, "good" if seen.ok else "note", seen.detail)
    for name in _LIBRARIES:
        try:
            yield Finding(name, "good", version(name))
        except PackageNotFoundError:
            yield Finding(name, "bad", "not installed; run `make .venv`")


def _program() -> Finding:
    open_ = not all(map(only_the_owner_writes, (Path(sys.prefix), Path(__file__))))
    bad, good = (
        "others can write them, or a folder above them",
        "only root and their owner write them",
    )
    return _judged("program's files", open_, bad, good, "note")


def _openssl() -> Finding:
    what = "openssl program"
    program = shutil.which("openssl")
    if program is None:
        return Finding(what, "bad", "missing; recipients and `demo` open packages with it")
    shown = subprocess.run([program, "version"], capture_output=True, text=True, check=False).stdout
    parts = shown.split()
    if len(parts) < 2 or parts[0] != "OpenSSL":
        return Finding(what, "note", f"{shown.strip()[:40]}: not OpenSSL, can't open a package")
    numbers = tuple(int(n) for n in parts[1].split(".")[:2] if n.isdigit())
    return Finding(what, "good" if numbers >= _OLDEST_OPENSSL else "note", parts[1])


def _loops() -> Finding:
    """A compiler that failed at installation is not seen otherwise: the links are the same."""
    from matching.native import LIBRARY_FILE, compiled

    lacks = "numpy's, several times slower: install gcc, then the product again"
    library = compiled()
    good = f"compiled, SHA-256 {sha256(LIBRARY_FILE.read_bytes()).hexdigest()}" if library else ""
    return _judged("linkage's inner loops", library is None, lacks, good, "note")


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


def check_advisories(file: Path) -> Iterator[Finding]:
    """Compare what is installed with a file of advisories; an old one is said.

    Raises:
        AdvisoriesUnusable: it can't be read.
    """
    packages = installed_packages()
    found, count, newest = known_weaknesses(file, packages)
    for one in found:
        cure = f"mended in {', '.join(one.mended)}" if one.mended else "no version mends it yet"
        yield Finding(one.ids[0], "bad", f"{one.package} {one.version}; {cure}")
    old = newest < (datetime.now(UTC) - timedelta(days=_OLD)).date().isoformat()
    about = f"{count} read, the newest of {newest}; {len(found)} are about these {len(packages)} packages"
    yield _judged("advisories", old, f"{about}: bring newer ones", about, "note")


def check_folder(home: homes.Home) -> Iterator[Finding]:
    """Look at the modes of the home's files and at its keyring."""
    for seen in crypto_findings(home.keys):
        if seen.what.startswith("keyring"):
            yield Finding(seen.what, "good" if seen.ok else "note", seen.detail)
    open_files = sum(1 for p in home.root.rglob("*") if not p.is_symlink() and _too_open(home, p))
    bad = f"{open_files} files others may read"
    yield _judged("permissions", open_files, bad, "only the owner can read")


def check_place(home: homes.Home) -> Iterator[Finding]:
    """See that nobody else could change the home, or put another in its place, and that it lies on a disk of this machine.

    Raises:
        HomeExposed, HomeLinked, HomeOnNetwork: with what is wrong.
    """
    homes.open_home(home.root)
    kind = homes.network_file_system(home.root)
    on_network = f"on {kind}, as storage.network_home allows: its server must hold locks"
    yield _judged("home's place", kind, on_network, "nobody else could exchange it", "note")


def _too_open(home: homes.Home, path: Path) -> bool:
    # The signing certificate is public.
    return path != home.signing_certificate and bool(path.stat().st_mode & 0o077)


def check_service(home: homes.Home) -> Iterator[Finding]:
    """Look at what a home that runs as a service needs: today's format, space, no unfinished files.

    Raises:
        HomeNewer: a later version has upgraded it.
    """
    found = home.format
    older = f"{found}, today's is {homes.FORMAT}: `doj-release home upgrade`"
    yield _judged("home's format", found != homes.FORMAT, older, str(found), "note")
    yield _free_space(home)
    old = sum(1 for age in homes.unfinished(home) if age > _DAY)
    left = f"{old} of processes that are gone: `remind` removes them, is it scheduled?"
    yield _judged("unfinished files", old, left, "none older than a day", "note")
    yield _notices(home)


def _notices(home: homes.Home) -> Finding:
    """Whether somebody is told of what runs come to, and has been."""
    what, chosen = "notices", home.settings().notices
    if wrong := unsafe_notices(chosen):
        return Finding(what, "bad", wrong)
    if waiting := waiting_notices(home):
        return Finding(what, "bad", f"{len(waiting)} were not taken; `remind` hands them over")
    if not (chosen.mail_to or chosen.url_file):
        return Finding(what, "note", "nobody is told of a run's end: [notices] in settings.toml")
    return Finding(what, "good", f"of {', '.join(chosen.states)}; none waits")


def check_service_user(home: homes.Home) -> Iterator[Finding]:
    """See that what a schedule starts acts as a person: as the user who owns the home, or the service's.

    Raises:
        CodedError: ``people.toml`` can't be read.
    """
    people = People.read(home.people_file)
    what, user = "service's user", people.service or _owner(home)
    try:
        yield Finding(what, "good", f"{user} acts as {people.by_user(user).id}")
    except CodedError:
        cure = f'give a [[person]] of people.toml user = "{user}"'
        yield Finding(what, "note", f"is nobody, no schedule can write letters: {cure}")


def _owner(home: homes.Home) -> str:
    try:
        return home.root.owner()
    except KeyError:  # a number without a name
        return str(home.root.stat().st_uid)


def _free_space(home: homes.Home) -> Finding:
    free = shutil.disk_usage(home.root).free
    newest = max((_size(p) for p in home.register.glob("*/[A-Z]*")), default=0)
    enough = free > max(_LEAST_FREE, 2 * newest)
    detail = f"{free / 2**30:.1f} GiB free; newest register {newest / 2**30:.1f} GiB"
    return Finding("room on the disk", "good" if enough else "bad", detail)


def _size(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.glob("*") if p.is_file())


def check_private_keys(home: homes.Home) -> Iterator[Finding]:
    """See that no unencrypted private key lies in the home, the escrow key's least of all."""
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
    bad = f"{found} files with an unencrypted private key"
    yield _judged("private keys", found, bad, "none unencrypted")


def check_ledger(home: homes.Home) -> Iterator[Finding]:
    """Verify the ledger, look at its database's rights, and say who acts.

    Raises:
        CodedError: the ledger does not hold, or can't be read.
    """
    from approvals.ledger import weaknesses

    with Session(home) as session:
        yield from _outside(session)
        facts = verify_everything(session, strict=False)
        yield Finding("ledger", "good", f"{facts['size']} events, chain whole")
        unconfirmed = as_error(session)
        said = "the digest that the ledger holds"
        state: State = "note" if session.demo else "bad"
        yield _judged("settings in force", unconfirmed, str(unconfirmed), said, state)
        weak = weaknesses(session.ledger.engine)
        what = f"{session.ledger.engine.dialect.name}, this role appends and reads"
        yield Finding("ledger database", "note" if weak else "good", "; ".join(weak) or what)
        try:
            yield Finding("who acts", "good", session.person.id)
        except CodedError as error:
            yield Finding("who acts", "bad", str(error))


def _outside(session: Session) -> Iterator[Finding]:
    """What the witnesses and the time-stamping authority say."""
    if not (session.settings.witness.folder or session.settings.witness.database_url):
        said = "none that can be read back: an older copy of the home is not found ([witness])"
        yield Finding("witness", "note", said)
    for name, wrong, good in witness_states(session):
        state: State = "note" if good else "bad"
        yield _judged(f"witness {name}", wrong, f"{wrong}; {good}" if good else wrong, good, state)
    if session.settings.time.authority_url:
        try:
            check_clock(session)
            yield Finding("clock", "good", "as the authority of [time] says")
        except CodedError as error:
            yield Finding("clock", "bad", str(error))


# Prefect


def check_server(home: homes.Home | None = None) -> Iterator[Finding]:
    """Ask the standing Prefect server, of the settings or of the environment, whether it is well."""
    what, url = "Prefect server", _standing_server(home)
    if not url:
        without = "embedded, for each run on 127.0.0.1; nothing is scheduled: run `doj-release remind` daily"
        yield Finding(what, "note", f"{without}, or name a server in orchestration.api_url")
    elif _answer(f"{url}/health")[0] == _OK:
        yield Finding(what, "good", "standing, answers")
    else:
        bad = "does not answer: start it, or mend orchestration.api_url; no letter is written meanwhile"
        yield Finding(what, "bad", bad)


def check_password(home: homes.Home) -> Iterator[Finding]:
    """See that a standing Prefect server asks for a password, and that ours opens it.

    Raises:
        AuthFileUnsafe: others could read the file of the password.
    """
    what, url = "Prefect server's password", _standing_server(home)
    if not url:
        yield Finding(what, "good", "embedded: a new one for each run")
        return
    ours = password(home)
    count = f"{url}/flows/count"
    without = _answer(count, body=b"{}")[0]
    with_ours = _answer(count, ours, body=b"{}")[0] if ours else 0
    if without == _UNAUTHORIZED and with_ours == _OK:
        yield Finding(what, "good", f"asked for, and {auth_file(home).name} opens it")
    elif without == _UNAUTHORIZED:
        yield Finding(
            what, "bad", "asked for, and ours does not open it; see orchestration.auth_file"
        )
    elif without == _OK:
        yield Finding(what, "bad", "not asked for: start it with PREFECT_SERVER_API_AUTH_STRING")
    else:
        yield Finding(what, "bad", "the server does not answer")


def check_deployments(home: homes.Home) -> Iterator[Finding]:
    """Look at a standing server's telemetry, our deployments on it, and the worker that runs them."""
    url = _standing_server(home)
    if not url:
        return
    try:
        secret = password(home)
    except CodedError:
        return  # `check_password` says so
    said = _json(f"{url}/admin/settings", secret)
    yield _telemetry(said.get("server"))
    yield _own_files(said)
    known = {n: d for n in DEPLOYMENTS if (d := _json(f"{url}/deployments/name/{n}", secret))}
    missing = [name for name in DEPLOYMENTS if name not in known]
    lost = f"not there: {', '.join(missing)}; `prefect --no-prompt deploy --all`"
    yield _judged("deployments", missing, lost, f"{len(known)} of {len(DEPLOYMENTS)}")
    for name, deployment in known.items():
        for schedule in deployment.get("schedules", ()):
            yield _schedule(name, deployment, schedule, url, secret)
    status = str(_json(f"{url}/work_pools/{POOL}", secret).get("status", ""))
    states: dict[str, tuple[State, str]] = {
        "READY": ("good", "a worker asks for work"),
        "PAUSED": ("note", f"paused, nothing is run: `prefect work-pool resume {POOL}`"),
        "": ("bad", f"`prefect work-pool create {POOL} --type process`"),
    }
    no_worker: tuple[State, str] = ("bad", "no worker: `doj-release deployment worker`")
    state, detail = states.get(status, no_worker)
    yield Finding("work pool", state, detail)


def _schedule(
    name: str, deployment: dict[str, Any], schedule: dict[str, Any], url: str, secret: str | None
) -> Finding:
    """Whether a schedule is on, and when the server has it run next, by the schedule's own clock."""
    what = f"schedule of {name}"
    if not schedule["active"]:
        cure = f"`prefect deployment schedule resume {name} {schedule['id']}`"
        return Finding(what, "note", f"off, {_NOT_DONE.get(name, 'nothing runs')}: {cure}")
    if deployment["paused"]:
        return Finding(what, "note", "on, but the deployment is paused: resume it on its page")
    asked = {
        "deployments": {"id": {"any_": [deployment["id"]]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
        "sort": "EXPECTED_START_TIME_ASC",
        "limit": 1,
    }
    planned = _json(f"{url}/flow_runs/filter", secret, json.dumps(asked).encode())
    if not planned:
        return Finding(what, "note", "on, no run planned yet: look again in a minute")
    zone = schedule["schedule"].get("timezone") or "UTC"
    at = datetime.fromisoformat(planned[0]["expected_start_time"]).astimezone(ZoneInfo(zone))
    return Finding(what, "good", f"on, next {at:%A %Y-%m-%d %H:%M} ({zone})")


def _own_files(said: dict[str, Any]) -> Finding:
    """Profiles and a logging configuration can name code: they are to lie in the server's own folder."""
    what, own = "Prefect server's settings", f"{said.get('home')}/"
    named = (str(said.get("profiles_path")), str(said.get("logging", {}).get("config_path")))
    foreign = not all(name.startswith(own) for name in named)
    bad = "profiles or logging configuration are not of its PREFECT_HOME"
    good = "profiles and logging configuration are of its own PREFECT_HOME"
    return _judged(what, foreign, bad, good, "note")


def _telemetry(server: object) -> Finding:
    """A standing server is started by its own unit, and would report home unless that says no."""
    what = "Prefect server's telemetry"
    if not isinstance(server, dict) or "analytics_enabled" not in server:
        return Finding(what, "note", "the server does not say whether it reports home")
    on = bool(cast("dict[str, object]", server)["analytics_enabled"])
    return _judged(what, on, "on: start it with PREFECT_SERVER_ANALYTICS_ENABLED=false", "off")


def _standing_server(home: homes.Home | None) -> str:
    """The API's address without a slash at its end; empty where the server is embedded."""
    named = home.settings().orchestration.api_url if home else ""
    return (os.environ.get("PREFECT_API_URL") or named).rstrip("/")


def _json(url: str, secret: str | None, body: bytes | None = None) -> Any:
    """What the server answers; ``{}`` where it does not."""
    try:
        status, content = _answer(url, secret, body)
        return json.loads(content) if status < _OK + 100 else {}
    except ValueError:
        return {}


def _answer(url: str, secret: str | None = None, body: bytes | None = None) -> tuple[int, bytes]:
    """Status and content of the server's answer; status 0 and ``{}`` where there is none."""
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if secret is not None:
        headers["Authorization"] = f"Basic {base64.b64encode(secret.encode()).decode()}"
    try:
        request = urllib.request.Request(url, body, headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=_SERVER_SECONDS) as answer:  # noqa: S310
            return int(answer.status), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, b"{}"
    except (urllib.error.URLError, OSError, ValueError):
        return 0, b"{}"


# Dask


def check_cluster(home: homes.Home) -> Iterator[Finding]:
    """Look at TLS, certificates, scheduler and workers of the settings; one line where there is none."""
    what, settings = "cluster", home.settings().cluster
    if not settings.scheduler:
        yield Finding(what, "good", "none: shards are worked on this machine")
        return
    from pipelines.cluster import connect_directly, connected, unsafe_cluster_settings

    if wrong := unsafe_cluster_settings(settings):
        yield Finding(what, "bad", f"incomplete or unsafe: {', '.join(wrong)} of [cluster]")
        return
    yield Finding(what, "good", "TLS, certificate, secret and folder are there and private")
    yield _certificate(Path(settings.certificate_file))
    try:
        found = f"prefect-dask {version('prefect-dask')}, distributed {version('distributed')}"
    except PackageNotFoundError:
        yield Finding("cluster's packages", "bad", "not installed: doj-release[dask]")
        return
    yield Finding("cluster's packages", "good", found)
    quick = settings.model_copy(update={"patience_seconds": _SCHEDULER_SECONDS})
    try:
        with connected(quick, connect_directly) as connection:
            yield _workers(connection.client, settings)
    except CodedError as error:
        yield Finding("cluster's workers", "bad", str(error))


def _certificate(path: Path) -> Finding:
    what, ends = "cluster's certificate", certificate_end(path)
    if ends is None:
        return Finding(what, "bad", "can't be read")
    days = (ends - datetime.now(UTC).date()).days
    state = "bad" if days < 0 else "note" if days < _EXPIRES_SOON else "good"
    return Finding(what, state, f"until {ends}")


def _workers(client: Any, settings: homes.Cluster) -> Finding:
    """How many workers there are, and whether each can work: versions, secret, shared folder."""
    from crypto.resting import read_shared_secret, shared_secret_mark
    from pipelines.cluster import software_versions, worker_state

    answers: dict[str, dict[str, object]] = client.run(worker_state, settings.folder)
    own = {
        "versions": software_versions(),
        "secret": shared_secret_mark(read_shared_secret(Path(settings.secret_file))),
        "folder": True,
    }
    words = {"versions": "other versions", "secret": "not our secret", "folder": "no shared folder"}
    wrong = [
        f"{number} with {words[name]}"
        for name, ours in own.items()
        if (number := sum(1 for answer in answers.values() if answer[name] != ours))
    ]
    return Finding(
        "cluster's workers", "bad" if wrong else "good", "; ".join([str(len(answers)), *wrong])
    )


# A bucket


def check_bucket(home: homes.Home) -> Iterator[Finding]:
    """See that the settings' buckets are reached, ours, writable, closed and swept; one line where there are none.

    Raises:
        CodedError: of the keys; what is in the bucket is under the home's digest key.
    """
    settings = home.settings().bucket
    if not configured_urls(settings):
        yield Finding("bucket", "good", "none: register and staging lie in this home")
        return
    if wrong := unsafe_settings(settings):
        yield Finding("bucket", "bad", f"incomplete or unsafe: {', '.join(wrong)} of [bucket]")
        return
    from pipelines.session import Session

    with Session(home) as session:
        for purpose in configured_urls(settings):
            store = session.object_store(purpose)
            assert store is not None  # it is named
            try:
                yield from _object_store(f"{purpose}'s bucket", store)
            except CodedError as error:
                yield Finding(f"{purpose}'s bucket", "bad", str(error))


def _object_store(what: str, store: ObjectStore) -> Iterator[Finding]:
    store.claim()
    _write_and_delete(store)
    yield Finding(what, "good", "reached, ours, can be written to and deleted from")
    closed = store.admin.closed_to_the_public()
    states: dict[str, tuple[State, str]] = {
        "yes": ("good", "public access is barred"),
        "no": ("bad", "public access is not barred by the bucket itself (PublicAccessBlock)"),
        "unknown": (
            "note",
            "the server does not say whether public access is barred: see its policy",
        ),
    }
    yield Finding(f"{what}, public", *states[closed])
    states = {
        "yes": ("good", "versions are kept: what is deleted is deleted in each version"),
        "no": ("good", "no versions are kept: what somebody else deletes is gone"),
        "unknown": ("note", "the server does not say whether versions are kept"),
    }
    yield Finding(f"{what}, versions", *states[store.admin.keeps_versions()])
    unended = len(store.admin.uploads())
    left = f"{unended}: `bucket sweep` gives them up when nobody runs"
    yield _judged(f"{what}, unended uploads", unended, left, "none", "note")


def _write_and_delete(store: ObjectStore) -> None:
    """Leave an object and delete it again; what may not be deleted can't be forgotten either."""
    name = f"doctor/{secrets.token_hex(8)}"
    store.bucket.put_small(name, b"doctor\n")
    if store.admin.remove_names([name]) == 0:
        raise BucketDenied


# All of it, in its order


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
    ("private keys", check_private_keys),
    ("ledger", check_ledger),
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
