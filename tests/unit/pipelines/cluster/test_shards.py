"""What a worker is told, what it answers, and what it refuses: a plan in a shared folder."""

import json
import os
import sys
from types import ModuleType

import numpy as np
import pytest

from crypto.errors import SharedSecretUnusable
from crypto.resting import shared_secret
from matching.normalise.encoding import encode
from matching.options import LinkOptions
from matching.scoring.scoring import Scorer, ShardPlan
from matching.scoring.tables import scored_of
from pipelines.cluster import dask_backend, shards
from pipelines.cluster.errors import (
    ClusterLost,
    ClusterMissing,
    ClusterUnavailable,
    ClusterUnsafe,
    ShardDoesNotHold,
    ShardStopped,
)
from pipelines.cluster.kinds import linkage_work
from pipelines.cluster.shards import wipe_plans_of
from pipelines.home.settings import Cluster
from pipelines.operations import interruptions
from pipelines.release.run import Outcome
from tests.unit.matching.tables import cohort, people, records


@pytest.fixture(scope="module")
def plan() -> ShardPlan:
    everyone = people(40, 9)
    options = LinkOptions(threads=1, shard_rows=8)
    scorer, plans = Scorer(encode(cohort(*everyone[:20]), records(*everyone)), options), []
    scorer.score(lambda plan: plans.append(plan) or [plan.work(n) for n in range(plan.shards)])
    return plans[0]


@pytest.fixture
def secret(tmp_path, monkeypatch):
    path = tmp_path / "cluster.key"
    shared_secret.make_shared_secret(path)
    monkeypatch.setenv(shared_secret.VARIABLE, str(path))
    return path


@pytest.fixture
def folder(plan, secret, tmp_path):
    """A plan as a worker finds it."""
    place = tmp_path / "R1.linkage.abc"
    place.mkdir(mode=0o700)
    shards.write_plan(linkage_work(plan), place, shared_secret.read_shared_secret())
    yield place
    shards.forget_plan(str(place))


def test_a_shard_that_a_worker_leaves_is_the_shard(plan, folder):
    key = shared_secret.read_work_key(shared_secret.read_shared_secret(), folder)
    for number in range(plan.shards):
        told = shards.work_shard(str(folder), number)
        here, there = plan.work(number), scored_of(shards.read_shard(folder, number, key))
        assert told == {"kept": len(here.a), "pairs": here.pairs}
        for name in ("a", "b", "log_odds", "caught", "made"):
            assert np.array_equal(getattr(here, name), getattr(there, name))
    assert {p.stat().st_mode & 0o777 for p in folder.iterdir()} == {0o600}


def test_nothing_in_the_folder_is_plain(plan, folder):
    shards.work_shard(str(folder), 0)
    names = [text.encode() for text in plan.encoded.names.texts if len(text) > 4]
    assert len(names) > 10
    for path in folder.iterdir():
        body = path.read_bytes()
        assert not any(name in body or name.upper() in body for name in names)
        assert path.name == shared_secret.WORK_KEY_FILE or body.startswith(b"PARE")


def _swap(folder) -> None:
    a, b = folder / "cohort.parquet", folder / "records.parquet"
    other = folder / "x"
    a.rename(other)
    b.rename(a)
    other.rename(b)


def _other_secret(folder) -> None:
    path = folder.parent / "another.key"
    shared_secret.make_shared_secret(path)
    os.environ[shared_secret.VARIABLE] = str(path)


def _cut(folder) -> None:
    path = folder / "rules.parquet"
    path.write_bytes(path.read_bytes()[:-9])


REFUSED = {
    "no secret": (lambda _: os.environ.pop(shared_secret.VARIABLE), "CRYPTO-37"),
    "another secret": (_other_secret, "CRYPTO-31"),
    "two files exchanged": (_swap, "CLUSTER-06"),
    "a file cut": (_cut, "CRYPTO-35"),
    "no key": (lambda f: (f / shared_secret.WORK_KEY_FILE).unlink(), "CRYPTO-11"),
    "another folder's key": (lambda f: f.rename(f.with_name("R2.linkage.abc")), "CRYPTO-11"),
}


@pytest.mark.parametrize("harm", REFUSED)
def test_a_worker_refuses_and_says_a_code(folder, harm, monkeypatch):
    monkeypatch.setenv(shared_secret.VARIABLE, os.environ[shared_secret.VARIABLE])
    do, code = REFUSED[harm]
    do(folder)
    assert shards.work_shard(str(folder), 0) == {"code": code}


def test_other_versions_are_refused(folder, monkeypatch):
    monkeypatch.setattr(shards, "software_versions", lambda: json.dumps({"numpy": "1"}))
    assert shards.work_shard(str(folder), 0) == {"code": "CLUSTER-07"}


def test_a_shard_in_the_place_of_another_is_refused(folder):
    for number in (0, 1):
        shards.work_shard(str(folder), number)
    (folder / "shard-000000.parquet").replace(folder / "shard-000001.parquet")
    key = shared_secret.read_work_key(shared_secret.read_shared_secret(), folder)
    with pytest.raises(ShardDoesNotHold):
        shards.read_shard(folder, 1, key)


def test_what_breaks_on_a_worker_travels_without_its_text(folder, monkeypatch):
    def broken(*_: object) -> None:
        raise ValueError("Jane Canary")

    monkeypatch.setattr(ShardPlan, "work", broken)
    assert shards.work_shard(str(folder), 0) == {"code": "RUN-05", "type": "ValueError"}


def test_a_worker_reads_a_plan_once_and_forgets_it(folder, monkeypatch):
    assert "code" not in shards.work_shard(str(folder), 0)
    (folder / "texts.parquet").unlink()
    assert "code" not in shards.work_shard(str(folder), 1)
    shards.forget_plan(str(folder))
    assert shards.work_shard(str(folder), 2) == {"code": "CRYPTO-35"}


def test_what_a_killed_run_left_is_wiped_and_nobody_elses(folder, tmp_path):
    other = tmp_path / "R11.linkage.abc"
    other.mkdir()
    settings = Cluster(folder=str(tmp_path))
    assert wipe_plans_of(settings, "R1") == 1
    assert not folder.exists()
    assert other.is_dir()
    assert wipe_plans_of(Cluster(), "R1") == 0
    assert shards.work_shard(str(folder), 0) == {"code": "CRYPTO-11"}


# ------------------------------------------------------------------ the secret, the settings


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 44, b"A" * 5000])
def test_a_secret_is_256_bits(tmp_path, content):
    path = tmp_path / "s"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SharedSecretUnusable):
        shared_secret.read_shared_secret(path)


def test_a_secret_that_others_can_read_is_refused(secret):
    secret.chmod(0o640)
    with pytest.raises(SharedSecretUnusable):
        shared_secret.read_shared_secret(secret)


def _settings(tmp_path, secret) -> dict[str, str]:
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).write_text("pem")
        (tmp_path / name).chmod(0o600)
    (tmp_path / "shared").mkdir(mode=0o700)
    return {
        "scheduler": "tls://127.0.0.1:8786",
        "ca_file": str(tmp_path / "ca.pem"),
        "certificate_file": str(tmp_path / "cert.pem"),
        "key_file": str(tmp_path / "key.pem"),
        "folder": str(tmp_path / "shared"),
        "secret_file": str(secret),
    }


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({}, []),
        ({"scheduler": "tcp://127.0.0.1:8786"}, ["scheduler"]),
        ({"scheduler": "127.0.0.1:8786"}, ["scheduler"]),
        ({"ca_file": "", "secret_file": "/nowhere/x"}, ["ca_file", "secret_file"]),
        ({"folder": ""}, ["folder"]),
    ],
)
def test_a_cluster_without_tls_or_files_is_refused(tmp_path, secret, change, wrong):
    given = _settings(tmp_path, secret) | change
    assert dask_backend.unsafe_cluster_settings(Cluster.model_validate(given)) == wrong


@pytest.mark.parametrize("name", ["key_file", "secret_file", "folder"])
def test_what_others_can_read_is_refused(tmp_path, secret, name):
    given = _settings(tmp_path, secret)
    path = tmp_path / given[name]
    path.chmod(path.stat().st_mode | 0o040)
    assert dask_backend.unsafe_cluster_settings(Cluster.model_validate(given)) == [name]


def _workers(**given: object):
    return dask_backend.workers_of(Cluster.model_validate(given), "R1")


def test_a_stage_refuses_an_unsafe_cluster_and_misses_the_extra(tmp_path, secret, monkeypatch):
    given = _settings(tmp_path, secret)
    with pytest.raises(ClusterUnsafe) as caught:
        _workers(**given | {"scheduler": "tcp://127.0.0.1:8786"})
    assert caught.value.facts["settings"] == ("scheduler",)
    # The real one, whose import takes seconds, is tests/integration/test_cluster.py's.
    monkeypatch.setitem(sys.modules, "prefect_dask", ModuleType("prefect_dask"))
    found = _workers(**given)
    assert (found.settings, found.release) == (Cluster.model_validate(given), "R1")
    assert found.connect is dask_backend.connect_directly
    monkeypatch.setitem(sys.modules, "prefect_dask", None)
    with pytest.raises(ClusterMissing):
        _workers(**given)


@pytest.mark.parametrize(
    "error", [ClusterUnavailable(), ClusterLost(workers=0), ShardStopped(code="X-1")]
)
def test_a_cluster_that_fails_is_no_failure_of_the_release(error):
    assert interruptions.as_interruption(error) is error
    assert Outcome("R1", error.exit, "match", error.as_dict()).state == "Interrupted"


def test_a_release_that_does_not_hold_is_one():
    assert interruptions.as_interruption(ShardDoesNotHold()) is None
