"""What ``doctor`` looks at where a cluster works the shards: TLS, certificates, the scheduler, its workers."""

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from crypto.keyring import health
from errors.coded import CodedError
from pipelines.deployment.doctor.doctor import Finding
from pipelines.home import Cluster, Home

_WHAT = "cluster"
_SOON = 30  # days
_PATIENCE = 10  # seconds that the scheduler may take to answer here


def look_at_cluster(home: Home) -> Iterator[Finding]:
    """Look at the cluster of the settings; one note where there is none."""
    settings = home.settings().cluster
    if not settings.scheduler:
        yield Finding(_WHAT, "good", "none: shards are worked on this machine")
        return
    from pipelines.release import cluster

    if wrong := cluster.unsafe(settings):
        yield Finding(_WHAT, "bad", f"incomplete or unsafe: {', '.join(wrong)} of [cluster]")
        return
    yield Finding(_WHAT, "good", "TLS, certificate, secret and folder are there and private")
    yield _certificate(Path(settings.certificate_file))
    try:
        found = f"prefect-dask {version('prefect-dask')}, distributed {version('distributed')}"
    except PackageNotFoundError:
        yield Finding("cluster's packages", "bad", "not installed: doj-release[dask]")
        return
    yield Finding("cluster's packages", "good", found)
    quick = settings.model_copy(update={"patience_seconds": _PATIENCE})
    try:
        with cluster.opened(quick, cluster.plainly) as door:
            yield _workers(door.client, settings)
    except CodedError as error:
        yield Finding("cluster's workers", "bad", str(error))


def _certificate(path: Path) -> Finding:
    what, ends = "cluster's certificate", health.certificate_end(path)
    if ends is None:
        return Finding(what, "bad", "can't be read")
    days = (ends - datetime.now(UTC).date()).days
    state = "bad" if days < 0 else "note" if days < _SOON else "good"
    return Finding(what, state, f"until {ends}")


def _workers(client: Any, settings: Cluster) -> Finding:
    """How many workers there are, and whether each can work: versions, secret, shared folder."""
    from crypto.resting import shared_key
    from pipelines.cluster import versions, worker_state

    told: dict[str, dict[str, object]] = client.run(worker_state, settings.folder)
    own = {
        "versions": versions(),
        "secret": shared_key.mark(shared_key.read_secret(Path(settings.secret_file))),
        "folder": True,
    }
    words = {"versions": "other versions", "secret": "not our secret", "folder": "no shared folder"}
    wrong = [
        f"{number} with {words[name]}"
        for name, ours in own.items()
        if (number := sum(1 for said in told.values() if said[name] != ours))
    ]
    return Finding(
        "cluster's workers", "bad" if wrong else "good", "; ".join([str(len(told)), *wrong])
    )
