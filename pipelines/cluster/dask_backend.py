"""Shards worked by a Dask cluster: the side that hands them over and collects what came of them.

Through prefect-dask where a flow runs and hands in its way to connect, by Dask's own client otherwise. What travels
to the scheduler is a folder's name and a number, what comes back are counts; TLS with certificates of
the cluster's own authority on every connection, or none is made.
"""

import contextlib
import stat
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from crypto.errors import FileUnusable
from crypto.resting import read_shared_secret
from crypto.secret import StagingKey
from extracts.identified import Share
from extracts.shares import Checks, Looked
from matching.scoring import Scored, ShardPlan
from pipelines.cluster import errors, shards
from pipelines.cluster.kinds import REFUSALS, Made, Work, extract_work, linkage_work
from pipelines.home import Cluster

POLL_SECONDS = 2.0  # that asking the cluster for finished shards takes at most
_TLS = "tls://"


@dataclass(frozen=True)
class ClusterConnection:
    """A connection to a cluster: Dask's client, how to submit a shard, and how to fetch its answer.

    ``answer`` raises TimeoutError where the answer is not there within ``POLL_SECONDS``.
    """

    client: Any
    submit: Callable[[str, int], Any]
    answer: Callable[[Any], shards.ShardAnswer]


Connect = Callable[[str, dict[str, Any]], contextlib.AbstractContextManager[ClusterConnection]]
"""Connects to a cluster by its address and the client's keywords."""


@dataclass(frozen=True)
class Workers:
    """The workers of a cluster, for one release: what they make is what this machine would.

    Attributes:
        settings: of the cluster.
        release: the release's id, by which its folders are known.
        connect: how to connect.
    """

    settings: Cluster
    release: str
    connect: Connect

    def linkage(self, plan: ShardPlan) -> Generator[Scored]:
        """The shards of a linkage, or of a search within one table, in their order; see `spread`."""
        return spread(self, linkage_work(plan))

    def extract(self, parts: Iterable[Share], checks: Checks) -> Generator[Looked]:
        """The shares of an identified extract, made and looked at, in their order; see `spread`."""
        return spread(self, extract_work(parts, checks))


def workers_of(settings: Cluster, release: str, connect: Connect | None = None) -> Workers:
    """The workers of the settings' cluster.

    Args:
        settings: of the cluster.
        release: the release's id.
        connect: how to connect; by Dask's own client where it is not given.

    Raises:
        ClusterUnsafe: no TLS, or files that are missing or open to others.
        ClusterMissing: the extra is not installed.
    """
    if wrong := unsafe_cluster_settings(settings):
        raise errors.ClusterUnsafe(settings=wrong)
    try:
        import prefect_dask
    except ImportError:
        raise errors.ClusterMissing from None
    del prefect_dask
    shards.wipe_plans_of(settings, release)
    return Workers(settings, release, connect or connect_directly)


def unsafe_cluster_settings(settings: Cluster) -> list[str]:
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


def _security(settings: Cluster) -> Any:
    """TLS on every connection, and only with certificates of this authority, as Dask says it."""
    from distributed import Security

    return Security(
        tls_ca_file=settings.ca_file,
        tls_client_cert=settings.certificate_file,
        tls_client_key=settings.key_file,
        require_encryption=True,
    )


def spread(workers: Workers, work: Work[Made]) -> Generator[Made]:
    """Have shards worked, in a folder that is there for as long as it takes; what came of them, in their order.

    Each is handed over as its tables are made, and read as soon as those before it are; close it where not all are taken.

    Raises:
        ClusterUnavailable, ClusterLost, ShardStopped, WorkerDiffers, ShardDoesNotHold: see their texts.
        SharedSecretUnusable, FileUnusable: of this machine's own files.
        CodedError: what a shard itself is refused for, as on this machine.
    """
    settings = workers.settings
    secret = read_shared_secret(Path(settings.secret_file))
    folder = shards.new_folder(Path(settings.folder), workers.release, work.kind)
    try:
        try:
            folder.mkdir(mode=0o700)
        except OSError:
            raise FileUnusable from None
        key = shards.write_plan(work, folder, secret)
        with (
            connected(settings, workers.connect) as connection,
            contextlib.closing(
                _worked(connection, work, folder, key, settings.patience_seconds)
            ) as ended,
        ):
            for number, answer in _in_order(ended):
                if _is_refused(answer):  # here it says why, to whoever may know
                    yield work.made(shards.work_here(folder, number, key))
                else:
                    yield work.made(shards.read_shard(folder, number, key))
    finally:
        shards.wipe_plan(folder)


def _worked(
    connection: ClusterConnection, work: Work[Made], folder: Path, key: StagingKey, patience: float
) -> Generator[tuple[int, shards.ShardAnswer]]:
    """Each shard's number and answer, as they come; a worker that dies is Dask's to make up for."""
    numbers: dict[Any, int] = {}
    try:
        for number, own in enumerate(work.own):
            shards.write_own(own, folder, number, key)
            with _scheduler_there():
                numbers[connection.submit(str(folder), number)] = number
        with _scheduler_there():
            for future, answer in _answers(connection, set(numbers), patience):
                yield numbers[future], answer
    finally:
        with contextlib.suppress(Exception):
            _cancel(connection, set(numbers), str(folder))


@contextlib.contextmanager
def _scheduler_there() -> Generator[None]:
    from distributed import CancelledError

    try:
        yield
    except (CancelledError, OSError):
        raise errors.ClusterLost(status="scheduler") from None


def _in_order(
    ended: Iterable[tuple[int, shards.ShardAnswer]],
) -> Iterator[tuple[int, shards.ShardAnswer]]:
    """Answers by number; what a machine stopped at is raised at once, what a shard is refused for in its turn."""
    waiting: dict[int, shards.ShardAnswer] = {}
    following = 0
    for number, answer in ended:
        if not _is_refused(answer):
            _require(answer)
        waiting[number] = answer
        while following in waiting:
            yield following, waiting.pop(following)
            following += 1


def _is_refused(answer: shards.ShardAnswer) -> bool:
    return str(answer.get("code", "")).startswith(REFUSALS)


def _cancel(connection: ClusterConnection, futures: set[Any], folder: str) -> None:
    """Cancel what is not finished, and let the workers forget; one that went has forgotten."""
    if connection.client.status == "running":
        connection.client.cancel(list(futures))
        connection.client.run(shards.forget_plan, folder)


def _require(answer: shards.ShardAnswer) -> None:
    code = str(answer.get("code", ""))
    if code == errors.WorkerDiffers.code:
        raise errors.WorkerDiffers
    if code:
        raise errors.ShardStopped(code=code, type=str(answer.get("type", "")))


def _answers(
    connection: ClusterConnection, futures: set[Any], patience: float
) -> Iterator[tuple[Any, shards.ShardAnswer]]:
    """Each future with its shard's answer, once. A cluster may lose its workers for a while, not for good.

    An answer stays with its worker until it is fetched: where that one dies, the shard is worked
    again, and its future goes from finished to lost to pending.
    """
    left, last_seen = set(futures), monotonic()
    while left:
        done = _ended(connection, left)
        for future in done:
            if future.status in ("error", "cancelled"):  # killed its workers, or the scheduler went
                raise errors.ClusterLost(status=str(future.status))
            try:
                answer = connection.answer(future)
            except TimeoutError:
                continue
            left.discard(future)
            yield future, answer  # and whoever takes it may take its time
            last_seen = monotonic()
        if count_workers(connection.client):
            last_seen = monotonic()
        elif monotonic() - last_seen > patience:
            raise errors.ClusterLost(workers=0)


def _ended(connection: ClusterConnection, futures: set[Any]) -> list[Any]:
    """Futures that have ended by now, or in a moment."""
    import distributed

    wait: Any = distributed.wait
    try:
        with connection.client.as_current():
            done = wait(futures, timeout=POLL_SECONDS, return_when="FIRST_COMPLETED").done
    except TimeoutError:
        return []
    return [future for future in done if future.status in ("finished", "error", "cancelled")]


def count_workers(client: Any) -> int:
    """How many workers the scheduler has now; none where it does not answer."""
    try:
        return len(client.scheduler_info(n_workers=-1)["workers"])
    except Exception:  # noqa: BLE001  # Dask's own texts quote addresses
        return 0


@contextlib.contextmanager
def connected(settings: Cluster, connect: Connect) -> Generator[ClusterConnection, None, None]:
    """A cluster that answers, over TLS, and has a worker.

    Raises:
        ClusterUnavailable: it does not, within the patience of the settings.
    """
    with contextlib.ExitStack() as stack:
        try:
            keywords = {"security": _security(settings), "timeout": settings.patience_seconds}
            connection = stack.enter_context(connect(settings.scheduler, keywords))
            connection.client.wait_for_workers(1, timeout=settings.patience_seconds)
        except (OSError, TimeoutError, ValueError, TypeError):
            raise errors.ClusterUnavailable from None
        yield connection


@contextlib.contextmanager
def connect_directly(
    address: str, keywords: dict[str, Any]
) -> Generator[ClusterConnection, None, None]:
    """Dask's own client."""
    from distributed import Client

    with Client(address, set_as_default=False, **keywords) as client:
        yield ClusterConnection(
            client,
            lambda folder, number: client.submit(shards.work_shard, folder, number, pure=False),
            lambda future: future.result(timeout=POLL_SECONDS),
        )
