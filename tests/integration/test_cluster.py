"""Shards on a real cluster: worker processes, TLS on the loopback, one of them killed in the middle."""

import os
import stat
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import closing
from types import SimpleNamespace

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crypto.files import standing
from crypto.resting import shared_secret
from extracts.errors import FormatCannotHold
from matching.linking.linking import table_source
from matching.options import LinkOptions
from matching.persons import within_cohort
from matching.persons.within_cohort import find_duplicates
from pipelines.cluster import dask_backend
from pipelines.cluster.errors import ClusterLost, ClusterUnavailable
from pipelines.deployment.doctor.outside import check_cluster
from pipelines.home.settings import Cluster
from tests.rehearsal.cluster import Local, authority, local_cluster
from tests.two_tables import link, make_linkage
from tests.unit.extracts.making import made_up_checks, made_up_extract

SHARD_ROWS = 200


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    with local_cluster(tmp_path_factory.mktemp("cluster"), workers=3) as made:
        with dask_backend.connected(_settings(made), dask_backend.connect_directly) as connection:
            while dask_backend.count_workers(connection.client) < len(made.workers):
                time.sleep(0.1)
        yield made


def _settings(local: Local, **other: object) -> Cluster:
    return Cluster.model_validate(local.settings | {"patience_seconds": 60} | other)


def _bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()


@pytest.fixture(scope="module")
def sides() -> tuple[pa.Table, pa.Table]:
    """Three thousand rows and eight thousand records."""
    mine, theirs, _ = make_linkage(8_000, 3_000, 11)
    return mine, theirs


def _when_shards_are_there(local: Local, count: int, then) -> threading.Thread:
    def watch() -> None:
        end = time.monotonic() + 120
        while time.monotonic() < end:
            if len(list(local.shared.glob("*/shard-*.parquet"))) >= count:
                then()
                return
            time.sleep(0.01)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


def _plain(local: Local, seen: list[str], words: list[bytes]) -> None:
    """What lies in the shared folder in the middle of the work, as anybody's disk would have it."""
    for path, found in standing(local.shared):
        if stat.S_ISREG(found.st_mode):
            try:
                body = path.read_bytes()
            except FileNotFoundError:  # its worker has taken it away
                continue
            seen.append(path.name)
            assert body[:4] != b"PAR1"  # an encrypted footer begins PARE
            assert not [w for w in words if w in body]


def test_the_doctor_sees_the_workers_and_what_they_lack(local, tmp_path):
    home = SimpleNamespace(settings=lambda: SimpleNamespace(cluster=_settings(local)))
    found = {f.what: f for f in check_cluster(home)}
    assert {f.state for f in found.values()} == {"good", "note"}  # the certificate is of two days
    assert found["cluster's workers"].detail in {"1", "2", "3"}
    other = tmp_path / "other.key"
    shared_secret.make_shared_secret(other)
    wrong = _settings(local, secret_file=str(other))
    home = SimpleNamespace(settings=lambda: SimpleNamespace(cluster=wrong))
    found = {f.what: f for f in check_cluster(home)}
    assert found["cluster's workers"].state == "bad"
    assert "not our secret" in found["cluster's workers"].detail


def test_a_cluster_started_as_the_guide_says_listens_on_the_loopback_and_tells_nothing(local):
    for process in (local.scheduler, *local.workers):
        if process.poll() is not None:
            continue
        open_ = [
            c.laddr for c in psutil.Process(process.pid).net_connections() if c.status == "LISTEN"
        ]
        assert {a.ip for a in open_} == {"127.0.0.1"}
        for address in open_:
            for path in ("metrics", "health", "info/main/workers.html", "json/identity.json"):
                with pytest.raises(OSError):  # no such page, or TLS alone
                    urllib.request.urlopen(f"http://127.0.0.1:{address.port}/{path}", timeout=10)


def test_prefect_sends_a_worker_no_password(monkeypatch):
    """Prefect pickles its settings for each task; a process of its own, since it reads them at import."""
    said = """
import cloudpickle
from prefect.context import serialize_context
from pipelines.flows.dask_tasks import without_secrets
print(b"CANARY" in cloudpickle.dumps(serialize_context()))
with without_secrets():
    body = cloudpickle.dumps(serialize_context())
print(b"CANARY" in body, b"desk.example" in body)
"""
    names = ("PREFECT_API_AUTH_STRING", "PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_KEY")
    env = os.environ | dict.fromkeys(names, "desk:CANARY")
    env["PREFECT_API_URL"] = "http://desk.example/api"
    env["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = "postgresql+asyncpg://p:CANARY@h/d"
    words = [sys.executable, "-c", said]
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "True"]


def test_a_worker_is_killed_and_the_links_are_those_of_one_machine(local, sides):
    options = LinkOptions(shard_rows=SHARD_ROWS)
    alone = link(*sides, options)
    words = [
        str(name).encode() for name in sides[1]["last_name"].to_pylist()[:200] if len(str(name)) > 5
    ]
    seen: list[str] = []

    def kill() -> None:
        _plain(local, seen, words)
        local.kill_one()

    watcher = _when_shards_are_there(local, 3, kill)
    workers = dask_backend.workers_of(_settings(local), "2026-001-R001")
    together = link(*sides, options, run_shards=workers.linkage)
    watcher.join(20)
    assert local.alive == 2
    assert 3 <= len([n for n in seen if n.startswith("shard-")]) < 3_000 // SHARD_ROWS
    assert {"cohort.parquet", "records.parquet", "texts.parquet", "work.key"} <= set(seen)
    assert _bytes(together.links) == _bytes(alone.links)
    assert together.report.rules == alone.report.rules
    assert list(local.shared.iterdir()) == []
    assert len(alone.links) > 1_500


def test_a_cohort_is_searched_by_the_workers_as_by_one_machine(local, sides, monkeypatch):
    monkeypatch.setattr(within_cohort, "LinkOptions", lambda: LinkOptions(shard_rows=SHARD_ROWS))
    twice = sides[0].slice(0, 50)
    again = pa.array([f"again {row}" for row in range(50)])
    cohort = pa.concat_tables([sides[0], twice.set_column(0, "cohort_id", again)])
    alone = find_duplicates(table_source(cohort, "cohort"))
    workers = dask_backend.workers_of(_settings(local), "2026-001-R002")
    together = find_duplicates(table_source(cohort, "cohort"), run_shards=workers.linkage)
    assert _bytes(together) == _bytes(alone)
    assert len(alone) >= 100
    assert list(local.shared.iterdir()) == []


SSN = "123-45-6789"


def _extracts(local: Local, rows: int, formats: list[str], **texts: object):
    """An extract as one machine makes it, and as the workers do."""
    checks = made_up_checks(formats)
    (made, supplied), (again, _) = (made_up_extract(3_000, 7, **texts) for _ in range(2))
    alone = (checks.work(one) for one in made.shares([supplied], rows))
    workers = dask_backend.workers_of(_settings(local), "2026-001-R003")
    return alone, workers.extract(again.shares([supplied], rows), checks), (made, again)


@pytest.mark.parametrize(("rows", "formats"), [(170, []), (500, ["stata", "spss"]), (9_000, [])])
def test_an_extract_is_made_by_the_workers_as_by_one_machine(local, rows, formats):
    alone, together, (made, again) = _extracts(
        local, rows, formats, texts={} if formats else {5: SSN}
    )
    alone, together = list(alone), list(together)
    assert [one.hits for one in together] == [one.hits for one in alone]
    for here, there in zip(alone, together, strict=True):
        assert _bytes(there.rows) == _bytes(here.rows)
    assert again.counts == made.counts
    assert again.counts["matched"] > 500
    assert list(local.shared.iterdir()) == []


def test_a_worker_is_killed_and_the_extract_is_that_of_one_machine(local):
    alone, together, _ = _extracts(local, 60, ["stata"])
    before, seen = local.alive, []
    words = [b"\xc3\x9cnseen", b"order_code"]

    def kill() -> None:
        _plain(local, seen, words)
        local.kill_one()

    watcher = _when_shards_are_there(local, 3, kill)
    together = list(together)
    watcher.join(20)
    assert local.alive == before - 1
    assert {"checks.parquet", "supplied-000000.parquet", "work.key"} <= set(seen)
    for here, there in zip(alone, together, strict=True):
        assert _bytes(there.rows) == _bytes(here.rows)
    assert list(local.shared.iterdir()) == []
    for path in local.shared.parent.rglob("*"):  # what scheduler and workers wrote and left
        assert not path.is_file() or not any(word in path.read_bytes() for word in words)


def test_what_a_worker_refuses_is_said_here_in_its_turn(local):
    texts = {700: "not listed", 2_500: "nor this"}
    alone, together, _ = _extracts(local, 200, ["stata"], texts=texts)
    done, codes = [], []
    for parts in (alone, together):
        with pytest.raises(FormatCannotHold) as caught:
            for count, _ in enumerate(parts, start=1):  # noqa: B007
                pass
        done.append(count)
        codes.append(caught.value.as_dict())
    assert done == [3, 3]
    assert codes[0] == codes[1]
    assert list(local.shared.iterdir()) == []


def test_an_extract_that_is_not_wanted_any_more_leaves_nothing(local):
    _, together, _ = _extracts(local, 100, [])
    with closing(together):
        next(together)
        assert len(list(local.shared.iterdir())) == 1
    assert list(local.shared.iterdir()) == []


def test_a_cluster_of_another_authority_gets_no_work(local, tmp_path):
    _, certificate, key = authority(tmp_path / "other", "stranger")
    wrong = _settings(
        local, certificate_file=str(certificate), key_file=str(key), patience_seconds=8
    )
    with (
        pytest.raises(ClusterUnavailable),
        dask_backend.connected(wrong, dask_backend.connect_directly),
    ):
        pass


def test_a_cluster_that_is_not_of_our_authority_is_not_trusted(local, tmp_path):
    ours, _, _ = authority(tmp_path / "other", "stranger")
    wrong = _settings(local, ca_file=str(ours), patience_seconds=8)
    with (
        pytest.raises(ClusterUnavailable),
        dask_backend.connected(wrong, dask_backend.connect_directly),
    ):
        pass


def test_a_scheduler_that_goes_ends_the_work_and_nothing_stays(local, sides):
    """The last here: it takes the cluster down."""
    watcher = _when_shards_are_there(local, 1, local.kill_scheduler)
    workers = dask_backend.workers_of(_settings(local, patience_seconds=10), "2026-001-R001")
    with pytest.raises(ClusterLost):
        link(*sides, LinkOptions(shard_rows=SHARD_ROWS), run_shards=workers.linkage)
    watcher.join(20)
    assert list(local.shared.iterdir()) == []
