"""What is looked at on other machines: a cluster's certificates and workers, a bucket."""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from crypto.keyring import certificate_end
from errors import CodedError
from pipelines import home as homes
from pipelines.deployment.doctor.finding import Finding, State, judged
from pipelines.session import Session
from pipelines.storage import BucketDenied, ObjectStore, configured_urls, unsafe_settings

_EXPIRES_SOON = 30  # days

_SCHEDULER_SECONDS = 10  # that a scheduler may take to answer here


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
    yield until("cluster's certificate", Path(settings.certificate_file))
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


def until(what: str, path: Path) -> Finding:
    """Until when a certificate of the settings holds."""
    ends = certificate_end(path)
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
    yield judged(f"{what}, unended uploads", unended, left, "none", "note")


def _write_and_delete(store: ObjectStore) -> None:
    """Leave an object and delete it again; what may not be deleted can't be forgotten either."""
    name = f"doctor/{secrets.token_hex(8)}"
    store.bucket.put_small(name, b"doctor\n")
    if store.admin.remove_names([name]) == 0:
        raise BucketDenied
