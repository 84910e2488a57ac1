"""A home whose register and staging lie in a bucket: the same bytes, killed in mid-upload, and nothing left behind."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from errors import Exit
from tests.integration.conftest import Done, doj_release
from tests.integration.s3_server import BUCKET, Server, s3_server
from tests.leak.searching import Searcher
from tests.survive import checks
from tests.survive.world import World

KIND = "identified"


@dataclass
class Home:
    """One home and what happened in it."""

    root: Path
    world: World
    release: str = ""
    told: dict[str, Any] = field(default_factory=dict)

    def run(self, *words: object) -> Done:
        return doj_release(*words, "--json", home=self.root)

    def resume(self, *more: str) -> Done:
        """Through Prefect."""
        return self.run("run", self.world.numbers[KIND], "--resume", self.release, *more)

    def go_on(self) -> Any:
        """The same stages in this process."""
        from pipelines.home.home import open_home
        from pipelines.release.run import run_release

        return run_release(open_home(self.root), self.release)

    def approve(self) -> None:
        from pipelines.session import today

        with session_of(self) as session:
            session.releases.approve(self.release, session.person, today())

    def packages(self) -> dict[str, dict[str, str]]:
        outbox = self.root / "outbox" / self.world.numbers[KIND] / self.release
        return {p.name: checks.opened(self.world, p, p.name) for p in sorted(outbox.iterdir())}

    def staged(self) -> list[str]:
        return sorted(p.name for p in (self.root / "runs" / self.release).rglob("*.parquet"))

    def snapshots(self) -> list[Path]:
        return sorted((self.root / "register").rglob("*.parquet"))


@contextmanager
def session_of(home: Home):
    from pipelines.home.home import open_home
    from pipelines.session import Session

    session = Session(open_home(home.root))
    try:
        yield session
    finally:
        session.close()


@pytest.fixture(scope="module")
def s3():
    with s3_server() as running:
        running.client().put_bucket_versioning(
            Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"}
        )
        yield running


@pytest.fixture(scope="module")
def world(small_world) -> World:
    return small_world


def _home(world: World, place: Path, s3: Server | None) -> Home:
    shutil.copytree(world.home, place / "home")
    home = Home(place / "home", world)
    if s3 is not None:
        _put_into_the_bucket(home, s3, credentials_file=str(s3.credentials_file(place / "keys")))
    return home


def _put_into_the_bucket(home: Home, s3: Server, **more: object) -> None:
    text = (home.root / "settings.toml").read_text()
    head, _, rest = text.partition("[bucket]\n")
    rest = rest[rest.index("\n[") :]
    said = "".join(f"{n} = {json.dumps(v)}\n" for n, v in s3.settings(**more).items())
    (home.root / "settings.toml").write_text(f"{head}[bucket]\n{said}{rest}")


@pytest.fixture(scope="module")
def local(world, tmp_path_factory) -> Home:
    """The same release with everything on the local disk."""
    from pipelines.release.orders import Request, order_release

    home = _home(world, tmp_path_factory.mktemp("local"), None)
    with session_of(home) as session:
        home.release = order_release(
            session, Request(world.numbers[KIND], KIND, doubtful="exclude")
        )
    assert int(home.go_on().exit) == 7
    home.approve()
    assert int(home.go_on().exit) == 0
    return home


@pytest.fixture(scope="module")
def story(world, s3, tmp_path_factory, request) -> Home:
    """A release through Prefect with its register and staging in the bucket, and what was seen on the way.

    Its server goes on with the demonstration's database, as every test does whose home is a copy of that one.
    """
    from pipelines.deployment import bucket_commands
    from pipelines.deployment.doctor.examination import examine

    home = _home(world, tmp_path_factory.mktemp("bucket"), s3)
    told = home.told
    with session_of(home) as session:
        told["upload"] = bucket_commands.upload(session)
        told["evict"] = bucket_commands.evict(session)
    told["kept after evict"] = home.snapshots()
    told["doctor"] = [asdict(finding) for finding in examine(home.root)]
    told["killed"] = _killed_at(home, s3, "/links.parquet.")
    home.release = checks.release_of(home.root)
    told["objects at the kill"] = s3.objects()
    s3.client().create_multipart_upload(
        Bucket=BUCKET, Key=f"staging/{home.release}/match/links.parquet.00"
    )
    s3.put(f"staging/{home.release}/match/links.parquet.01", b"half")
    with session_of(home) as session:
        told["half sent"] = bucket_commands.sweep(session)
    before = checks.Finished.of(home.root, home.release)
    s3.trouble = lambda method, key: "503"
    told["busy"] = home.go_on()
    s3.trouble = None
    demo = request.getfixturevalue("demo")  # late: another process may still be at it
    shutil.copytree(demo.home / "prefect", home.root / "prefect", dirs_exist_ok=True)
    told["waits"] = home.resume()
    told["repeated"] = list(before.repeated(checks.Finished.of(home.root, home.release)))
    told["brought"] = home.snapshots()
    with session_of(home) as session:
        told["evict staging"] = bucket_commands.evict(session)
    told["staged after evict"] = home.staged()
    told["objects"] = s3.objects()
    home.approve()
    told["done"] = home.go_on()
    told["versions"] = s3.versions()
    return home


def _killed_at(home: Home, s3: Server, part: str) -> int:
    """The exit code of a run that is killed when this object is sent."""
    command = [str(Path(sys.executable).with_name("doj-release")), *home.world.wish(KIND)]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DOJ_RELEASE", "PREFECT_"))}
    running = subprocess.Popen(
        command,
        env=kept | {"DOJ_RELEASE_HOME": str(home.root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def trouble(method: str, key: str) -> str | None:
        if method in {"PUT", "POST"} and part in key:
            running.send_signal(signal.SIGKILL)
            return "cut"
        return None

    s3.trouble = trouble
    try:
        return running.wait(timeout=120)
    finally:
        s3.trouble = None


# ------------------------------------------------------------------ a release


def test_the_release_has_the_bytes_of_one_on_the_local_disk(story, local):
    assert story.told["waits"].code == 7, story.told["waits"].err
    assert story.told["done"].exit is Exit.DONE, story.told["done"].text
    assert story.packages() == local.packages()
    assert sum(len(files) for files in story.packages().values()) >= 8


def test_killed_in_mid_upload_nothing_half_is_seen_and_it_goes_on(story):
    told = story.told
    assert told["killed"] == -signal.SIGKILL
    sent = [key for key in told["objects at the kill"] if key.startswith("staging/")]
    assert f"staging/{story.release}/intake/MANIFEST.json" in sent
    assert f"staging/{story.release}/match/MANIFEST.json" not in sent
    assert told["half sent"]["half_sent"] == 1
    assert told["half sent"]["unended_uploads"] == 1
    assert told["half sent"]["unknown"] == told["half sent"]["forgotten"] == 0
    assert told["repeated"] == []


def test_a_server_that_can_t_now_interrupts_and_is_no_failure(story):
    busy = story.told["busy"]
    assert (int(busy.exit), busy.state, busy.error["code"]) == (1, "Interrupted", "BUCKET-05")
    kinds = [kind for kind, _ in checks.events(story.root, story.release)]
    assert "release_failed" not in kinds


def test_copies_are_dropped_and_brought_back(story):
    told = story.told
    assert told["upload"]["files_sent"] == told["evict"]["files"] > 5
    assert told["kept after evict"] == []
    assert len(told["brought"]) == told["evict"]["files"]
    assert told["evict staging"]["files"] > len(told["brought"]) + 3
    assert told["staged after evict"] == []


def test_nothing_in_the_bucket_is_readable(story):
    searcher = Searcher(story.world.needles)
    hits = [
        hit
        for key, content in (story.told["objects"] | story.told["objects at the kill"]).items()
        for hit in (*searcher.data(key.encode(), "its name"), *searcher.data(content, key))
    ]
    assert hits == []
    kinds = {key.rsplit("/", 1)[-1].partition(".parquet.")[0] for key in story.told["objects"]}
    assert {"person", "person_index", "supplied", "links", "settled", "extract"} <= kinds
    for key, content in story.told["objects"].items():
        name = key.rsplit("/", 1)[-1]
        assert content[:4] == b"PARE" if ".parquet." in name else name.endswith(".json")


def test_forgotten_staging_is_gone_in_every_version(story):
    left = [key for key, _ in story.told["versions"] if key.startswith("staging/")]
    assert left == ["staging/HOME.json"]
    assert story.staged() == []
    assert not (story.root / "keys" / "runs" / f"{story.release}.key").exists()


def test_credentials_are_in_no_file_of_the_home(story, s3):
    for secret in (s3.access, s3.secret):
        found = [
            path
            for path in story.root.rglob("*")
            if path.is_file() and secret.encode() in path.read_bytes()
        ]
        assert found == []


def test_doctor_looks_at_the_bucket(story):
    found = {f["what"]: f["state"] for f in story.told["doctor"]}
    assert found["register's bucket"] == found["staging's bucket"] == "good"
    assert found["register's bucket, public"] == "bad"  # this server bars nothing by itself
    assert found["register's bucket, versions"] == "good"
    assert found["staging's bucket, unended uploads"] == "good"


# ------------------------------------------------------------------ register, backup, what is changed there


@pytest.fixture
def second(world, s3, tmp_path) -> Home:
    home = _home(world, tmp_path, s3)
    name = re.sub(r"\W", "", tmp_path.name)[-20:]
    more = {"prefix": name, "credentials_file": str(tmp_path / "keys")}
    _put_into_the_bucket(home, s3, **more)
    return home


def _loaded(session, world: World) -> dict[str, object]:
    from pipelines.registers import load_register

    return load_register(session, "CARPOS", world.source, lambda _text: None)


def test_a_load_that_the_bucket_does_not_take_is_whole_here_and_sent_later(second, s3):
    from pipelines.deployment import bucket_commands
    from pipelines.storage.errors import BucketBusy

    with session_of(second) as session:
        bucket_commands.upload(session)
        s3.trouble = lambda method, key: "503" if "person_index.parquet." in key else None
        with pytest.raises(BucketBusy):
            _loaded(session, second.world)
        s3.trouble = None
        newest = session.registers.newest("CARPOS")
        assert newest.snapshot_id.endswith("-002")
        newest.connect().close()  # the copy here is whole
        assert bucket_commands.evict(session)["files"] == len(newest.info.files)  # the first alone
        sent = bucket_commands.upload(session)["files_sent"]
        assert 0 < sent < len(newest.info.files)
        assert bucket_commands.evict(session)["files"] == len(newest.info.files)
        assert second.snapshots() == []
        assert persons_indexed(session.registers.newest("CARPOS")) == newest.info.entries
        _forgotten_is_swept_and_unknown_is_not(second, s3, session)


def persons_indexed(snapshot: Any) -> int:
    """Rows of the person index as it is read, wherever it lies."""
    with closing(snapshot.connect()) as con:
        return con.execute("SELECT count(*) FROM person_index").fetchone()[0]


def _forgotten_is_swept_and_unknown_is_not(home: Home, s3: Server, session: Any) -> None:
    from pipelines.deployment import bucket_commands

    first, newest = (info.snapshot_id for info in session.registers.list())
    (home.root / "keys" / "snapshots" / f"{first}.key").unlink()
    shutil.rmtree(home.root / "register" / "CARPOS" / newest)
    swept = bucket_commands.sweep(session)
    assert (swept["forgotten"], swept["unknown"]) == (1, 1)
    prefix = session.settings.bucket.register_url.removeprefix(f"s3://{BUCKET}/")
    kept = [k.removeprefix(f"{prefix}/") for k, _ in s3.versions() if k.startswith(prefix)]
    assert {key.split("/")[1] for key in kept if "/" in key} == {newest}


def test_a_restored_home_finds_its_register_in_the_bucket(second, tmp_path):
    from pipelines.deployment import bucket_commands
    from pipelines.deployment.backup import back_up, restore

    with session_of(second) as session:
        home = session.home
        unsent = back_up(home, tmp_path / "unsent.tar")["files"]
        bucket_commands.upload(session)
        sent = back_up(home, tmp_path / "sent.tar")["files"]
        entries = session.registers.newest("CARPOS").info.entries
    assert (
        unsent - sent == len(second.snapshots()) > 0
    )  # what is in the bucket is not in the backup
    restore(tmp_path / "sent.tar", tmp_path / "restored")
    shutil.copy(second.root / "keys" / "passphrase", tmp_path / "restored" / "keys" / "passphrase")
    other = Home(tmp_path / "restored", second.world)
    with session_of(other) as session:
        assert other.snapshots() == []
        assert persons_indexed(session.registers.newest("CARPOS")) == entries
        swept = bucket_commands.sweep(session)
        assert swept["unknown"] == swept["forgotten"] == swept["half_sent"] == 0


def test_a_table_changed_here_is_replaced_and_one_changed_there_is_refused(second, s3):
    from pipelines.deployment import bucket_commands
    from pipelines.session import set_of
    from pipelines.storage.errors import ObjectChanged, ObjectMissing
    from systems.errors import SnapshotDamaged

    with session_of(second) as session:
        bucket_commands.upload(session)
        path = next(p for p in second.snapshots() if p.name == "person.parquet")
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + b"!")
        session.registers.newest("CARPOS").connect().close()
        assert path.read_bytes() == whole
        store = session.object_store("register")
        snapshot = session.registers.list()[-1].snapshot_id
        of_set, files = set_of(snapshot), session.registers.files(snapshot)
        # A manifest of this home that names other bytes, as a replay of an older one would.
        path.write_bytes(path.with_name("person_index.parquet").read_bytes())
        store.keep(of_set, files)
        path.unlink()
        with pytest.raises(SnapshotDamaged):
            session.registers.newest("CARPOS").connect()
        path.write_bytes(whole)
        store.keep(of_set, files)
        path.unlink()
        kept = store.manifest(of_set)["person.parquet"]
        key = store.bucket.location.key(kept.object_name(of_set, "person.parquet"))
        s3.put(key, whole[:-1] + b"!")
        with pytest.raises(ObjectChanged):
            session.registers.newest("CARPOS").connect()
        s3.delete(key)
        with pytest.raises(ObjectMissing):
            session.registers.newest("CARPOS").connect()
        assert not path.exists()


def test_a_release_in_mid_work_is_left_alone(second, s3):
    from pipelines.deployment import bucket_commands
    from pipelines.home.processes import locked

    with session_of(second) as session:
        with locked(session.home.register / "CARPOS"):
            assert bucket_commands.sweep(session)["busy"] == 0  # nothing is there yet
        bucket_commands.upload(session)
        with locked(session.home.register / "CARPOS"):
            assert bucket_commands.sweep(session)["busy"] == 1
            assert bucket_commands.evict(session)["busy"] == 1
        assert second.snapshots()
