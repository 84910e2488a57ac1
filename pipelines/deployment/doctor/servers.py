"""The servers that a home works with: Prefect's, a Dask cluster's scheduler and workers, a bucket's."""

import base64
import json
import os
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, cast

from crypto.keyring import certificate_end
from errors import CodedError
from pipelines.deployment.doctor.finding import Finding, State
from pipelines.home import Cluster, Home
from pipelines.orchestration import auth_file, password
from pipelines.storage import BucketDenied, ObjectStore, configured_urls, unsafe_settings

DEPLOYMENTS = ("release/release", "refresh/refresh-aggregates", "remind/remind")
POOL = "doj-release"
_SERVER_SECONDS = 5  # that Prefect's server may take to answer
_OK, _UNAUTHORIZED = 200, 401
_EXPIRES_SOON = 30  # days
_SCHEDULER_SECONDS = 10  # that a scheduler may take to answer here


# Prefect


def check_server() -> Iterator[Finding]:
    """Ask the Prefect server of the environment whether it is well."""
    what = "Prefect server"
    url = os.environ.get("PREFECT_API_URL")
    if not url:
        yield Finding(what, "note", "embedded: started for each run on 127.0.0.1")
    elif _answer(f"{url.rstrip('/')}/health")[0] == _OK:
        yield Finding(what, "good", "answers")
    else:
        yield Finding(what, "bad", "PREFECT_API_URL does not answer")


def check_password(home: Home) -> Iterator[Finding]:
    """See that a standing Prefect server asks for a password, and that ours opens it."""
    what, url = "Prefect server's password", _standing_server(home)
    if not url:
        yield Finding(what, "good", "embedded: a new one for each run")
        return
    try:
        ours = password(home)
    except CodedError as error:
        yield Finding(what, "bad", str(error))
        return
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


def check_deployments(home: Home) -> Iterator[Finding]:
    """Look at a standing server's telemetry, our deployments on it, and the worker that runs them."""
    url = _standing_server(home)
    if not url:
        return
    try:
        secret = password(home)
    except CodedError:
        return  # `check_password` says so
    yield _telemetry(url, secret)
    known = [name for name in DEPLOYMENTS if _json(f"{url}/deployments/name/{name}", secret)]
    missing = [name for name in DEPLOYMENTS if name not in known]
    yield Finding(
        "deployments",
        "bad" if missing else "good",
        f"not there: {', '.join(missing)}; `prefect --no-prompt deploy --all`"
        if missing
        else f"{len(known)} of {len(DEPLOYMENTS)}",
    )
    status = str(_json(f"{url}/work_pools/{POOL}", secret).get("status", ""))
    states: dict[str, tuple[State, str]] = {
        "READY": ("good", "a worker asks for work"),
        "PAUSED": ("note", "paused: nothing is run"),
        "": ("bad", f"`prefect work-pool create {POOL} --type process`"),
    }
    no_worker: tuple[State, str] = ("bad", f"no worker: `prefect worker start --pool {POOL}`")
    state, detail = states.get(status, no_worker)
    yield Finding("work pool", state, detail)


def _telemetry(url: str, secret: str | None) -> Finding:
    """A standing server is started by its own unit, and would report home unless that says no."""
    server = _json(f"{url}/admin/settings", secret).get("server")
    what = "Prefect server's telemetry"
    if not isinstance(server, dict) or "analytics_enabled" not in server:
        return Finding(what, "note", "the server does not say whether it reports home")
    on = bool(cast("dict[str, object]", server)["analytics_enabled"])
    detail = "on: start it with PREFECT_SERVER_ANALYTICS_ENABLED=false" if on else "off"
    return Finding(what, "bad" if on else "good", detail)


def _standing_server(home: Home) -> str:
    """The API's address without a slash at its end; empty where the server is embedded."""
    url = os.environ.get("PREFECT_API_URL") or home.settings().orchestration.api_url
    return url.rstrip("/")


def _json(url: str, secret: str | None) -> dict[str, Any]:
    try:
        status, content = _answer(url, secret)
        return dict(json.loads(content)) if status < 300 else {}
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


def check_cluster(home: Home) -> Iterator[Finding]:
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


def _workers(client: Any, settings: Cluster) -> Finding:
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


def check_bucket(home: Home) -> Iterator[Finding]:
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

    session = Session(home)
    try:
        for purpose in configured_urls(settings):
            store = session.object_store(purpose)
            assert store is not None  # it is named
            try:
                yield from _object_store(f"{purpose}'s bucket", store)
            except CodedError as error:
                yield Finding(f"{purpose}'s bucket", "bad", str(error))
    finally:
        session.close()


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
    yield Finding(
        f"{what}, unended uploads",
        "note" if unended else "good",
        f"{unended}: `bucket sweep` gives them up when nobody runs" if unended else "none",
    )


def _write_and_delete(store: ObjectStore) -> None:
    """Leave an object and delete it again; what may not be deleted can't be forgotten either."""
    name = f"doctor/{secrets.token_hex(8)}"
    store.bucket.put_small(name, b"doctor\n")
    if store.admin.remove_names([name]) == 0:
        raise BucketDenied
