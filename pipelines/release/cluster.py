"""Shards of a cohort worked by a Dask cluster: the side that has the plan and collects the shards.

Through prefect-dask where a flow runs (:mod:`pipelines.flows.dask_tasks`), by Dask's own client otherwise. What travels
to the scheduler is a folder's name and a number, what comes back are counts; TLS with certificates of
the cluster's own authority on every connection, or none is made.
"""

import contextlib
import functools
import secrets
import stat
from collections.abc import Generator, Iterator
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from crypto.errors import FileUnusable
from crypto.resting import read_shared_secret
from matching.scoring import Scored, ShardPlan, Spread
from pipelines.cluster import (
    LOOK_SECONDS,
    ClusterLost,
    ClusterMissing,
    ClusterUnavailable,
    ClusterUnsafe,
    Door,
    Doors,
    ShardStopped,
    Told,
    WorkerDiffers,
    forget,
    read_shard,
    sweep,
    way,
    wipe,
    work_shard,
    write_plan,
)
from pipelines.home import Cluster

if TYPE_CHECKING:
    from pipelines.release.context import Context

_TLS = "tls://"


def spread_over(context: "Context") -> Spread:
    """Have a cohort's shards worked by the cluster of the settings.

    Raises:
        ClusterUnsafe: no TLS, or files that are missing or open to others.
        ClusterMissing: the extra is not installed.
    """
    settings = context.settings.cluster
    if wrong := unsafe(settings):
        raise ClusterUnsafe(settings=wrong)
    try:
        import prefect_dask
    except ImportError:
        raise ClusterMissing from None
    del prefect_dask
    sweep(settings, context.release)

    return functools.partial(spread, settings, context.release)


def unsafe(settings: Cluster) -> list[str]:
    """Which settings are incomplete or unsafe."""
    wrong = [] if settings.scheduler.startswith(_TLS) else ["scheduler"]
    for name in ("ca_file", "certificate_file", "key_file", "secret_file"):
        path = Path(getattr(settings, name) or "/nowhere")
        private = name in ("key_file", "secret_file")
        if not path.is_file() or (private and _open_to_others(path)):
            wrong.append(name)
    folder = Path(settings.folder or "/nowhere")
    if not settings.folder or not folder.is_dir() or _open_to_others(folder):
        wrong.append("folder")
    return wrong


def _open_to_others(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def security(settings: Cluster) -> Any:
    """Dask's word for: TLS on every connection, and only with certificates of this authority."""
    from distributed import Security

    return Security(
        tls_ca_file=settings.ca_file,
        tls_client_cert=settings.certificate_file,
        tls_client_key=settings.key_file,
        require_encryption=True,
    )


def spread(settings: Cluster, release: str, plan: ShardPlan) -> Iterator[Scored]:
    """Have a plan's shards worked, in a folder that is there for as long as it takes.

    Raises:
        ClusterUnavailable, ClusterLost, ShardStopped, WorkerDiffers, ShardDoesNotHold: see their texts.
        SharedSecretUnusable, FileUnusable: of this machine's own files.
    """
    secret = read_shared_secret(Path(settings.secret_file))
    folder = Path(settings.folder) / f"{release}.{secrets.token_hex(8)}"
    try:
        try:
            folder.mkdir(mode=0o700)
        except OSError:
            raise FileUnusable from None
        key = write_plan(plan, folder, secret)
        _worked(settings, str(folder), plan.shards)
        for number in range(plan.shards):
            yield read_shard(folder, number, key)
    finally:
        wipe(folder)


def _worked(settings: Cluster, folder: str, shards: int) -> None:
    """Have all shards worked; a worker that dies is Dask's to make up for."""
    from distributed import CancelledError

    with opened(settings, way() or plainly) as door:
        waiting = {door.submit(folder, number) for number in range(shards)}
        try:
            for told in _answers(door, waiting, settings.patience_seconds):
                _require(told)
        except (CancelledError, OSError):  # the scheduler went
            raise ClusterLost(status="scheduler") from None
        finally:
            with contextlib.suppress(Exception):
                _let_go(door, waiting, folder)


def _let_go(door: Door, futures: set[Any], folder: str) -> None:
    """Take back what was not finished, and let the workers forget; one that went has forgotten."""
    if door.client.status == "running":
        door.client.cancel(list(futures))
        door.client.run(forget, folder)


def _require(told: Told) -> None:
    code = str(told.get("code", ""))
    if code == WorkerDiffers.code:
        raise WorkerDiffers
    if code:
        raise ShardStopped(code=code, type=str(told.get("type", "")))


def _answers(door: Door, futures: set[Any], patience: float) -> Iterator[Told]:
    """Each shard's answer, once. A cluster may lose its workers for a while, not for good.

    An answer stays with its worker until it is fetched: where that one dies, the shard is worked
    again, and its future goes from finished to lost to pending.
    """
    left, seen = set(futures), monotonic()
    while left:
        done = _ended(door, left)
        for future in done:
            if future.status in ("error", "cancelled"):  # killed its workers, or the scheduler went
                raise ClusterLost(status=str(future.status))
            try:
                yield door.told(future)
            except TimeoutError:
                continue
            left.discard(future)
            seen = monotonic()
        if workers(door.client):
            seen = monotonic()
        elif monotonic() - seen > patience:
            raise ClusterLost(workers=0)


def _ended(door: Door, futures: set[Any]) -> list[Any]:
    """Futures that have ended by now, or in a moment."""
    import distributed

    wait: Any = distributed.wait
    try:
        with door.client.as_current():
            done = wait(futures, timeout=LOOK_SECONDS, return_when="FIRST_COMPLETED").done
    except TimeoutError:
        return []
    return [future for future in done if future.status in ("finished", "error", "cancelled")]


def workers(client: Any) -> int:
    """How many workers the scheduler has now; none where it does not answer."""
    try:
        return len(client.scheduler_info(n_workers=-1)["workers"])
    except Exception:  # noqa: BLE001  # Dask's own texts quote addresses
        return 0


@contextlib.contextmanager
def opened(settings: Cluster, doors: Doors) -> Generator[Door, None, None]:
    """A cluster that answers, over TLS, and has a worker.

    Raises:
        ClusterUnavailable: it does not, within the patience of the settings.
    """
    with contextlib.ExitStack() as stack:
        try:
            how = {"security": security(settings), "timeout": settings.patience_seconds}
            door = stack.enter_context(doors(settings.scheduler, how))
            door.client.wait_for_workers(1, timeout=settings.patience_seconds)
        except (OSError, TimeoutError, ValueError, TypeError):
            raise ClusterUnavailable from None
        yield door


@contextlib.contextmanager
def plainly(address: str, how: dict[str, Any]) -> Generator[Door, None, None]:
    """Dask's own client."""
    from distributed import Client

    with Client(address, set_as_default=False, **how) as client:
        yield Door(
            client,
            lambda folder, number: client.submit(work_shard, folder, number, pure=False),
            lambda future: future.result(timeout=LOOK_SECONDS),
        )
