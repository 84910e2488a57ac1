"""A keyring keeps its secrets, tells when one is missing, and never makes one again in silence."""

import json
import multiprocessing
import shutil
from datetime import UTC, datetime

import pytest

from crypto import errors
from crypto.keyring import keyring
from crypto.keyring.keyring import Keyring
from crypto.secret import Secret, StagingKey

WORD = b"correct horse battery"


@pytest.fixture(autouse=True)
def no_named_passphrase(monkeypatch):
    monkeypatch.delenv(keyring.PHRASE_VARIABLE, raising=False)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Stretch less: the number stands in the file, so the code's path is the same."""
    monkeypatch.setattr(keyring, "ITERATIONS", 1_000)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    keys = tmp_path_factory.mktemp("home") / "keys"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(keyring.PHRASE_VARIABLE, raising=False)
        patch.setattr(keyring, "ITERATIONS", 1_000)
        Keyring.create(keys, department="Department", passphrase=WORD)
    return keys


@pytest.fixture
def keys(pristine, tmp_path):
    return shutil.copytree(pristine, tmp_path / "keys")


@pytest.fixture
def ring(keys):
    return Keyring.open(keys, WORD)


def test_everything_survives_closing(ring, keys):
    made = [
        ring.run_key("r1", create=True),
        ring.snapshot_key("CARPOS-20261123-001", create=True),
        ring.document_key("2026-001", create=True),
        ring.project_secret("2026-001", create=True),
    ]
    again = Keyring.open(keys, WORD)
    assert made == [
        again.run_key("r1"),
        again.snapshot_key("CARPOS-20261123-001"),
        again.document_key("2026-001"),
        again.project_secret("2026-001"),
    ]
    assert len({secret.reveal() for secret in made}) == 4
    assert ring.digest("cohort", b"x") == again.digest("cohort", b"x")
    assert ring.signer().fingerprint == again.signer().fingerprint


def test_creating_twice_gives_the_same_key(ring):
    assert ring.run_key("r1", create=True) == ring.run_key("r1", create=True)


@pytest.mark.parametrize("kind", ["run_key", "snapshot_key", "document_key", "project_secret"])
def test_a_missing_secret_is_an_error(kind, ring):
    with pytest.raises(errors.StagingKeyMissing) as raised:
        getattr(ring, kind)("2026-001")
    assert raised.value.exit == 5


def test_a_forgotten_key_is_gone_and_its_file_too(ring, keys):
    ring.run_key("r1", create=True)
    assert ring.forget_run_key("r1")
    assert not ring.forget_run_key("r1")
    with pytest.raises(errors.StagingKeyMissing):
        ring.run_key("r1")
    assert list((keys / "runs").iterdir()) == []
    assert not ring.forget_document_key("2026-001")


def test_nothing_in_the_directory_is_a_secret_in_plain(ring, keys):
    secrets = [
        ring.run_key("r1", create=True).reveal(),
        ring.project_secret("p", create=True).reveal(),
        ring._root.reveal(),
        ring._digest.reveal(),
        WORD,
    ]
    for path in keys.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            for secret in secrets:
                assert secret not in data
                assert secret.hex().encode() not in data
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in (keys / "signing.key").read_bytes()


def test_everything_is_private(ring, keys):
    ring.run_key("r1", create=True)
    for path in (keys, *keys.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path.name


def test_a_key_file_moved_to_another_name_does_not_open(ring, keys):
    ring.run_key("r1", create=True)
    shutil.copy(keys / "runs" / "r1.key", keys / "runs" / "r2.key")
    shutil.copy(keys / "runs" / "r1.key", keys / "snapshots" / "r1.key")
    for ask in (lambda: ring.run_key("r2"), lambda: ring.snapshot_key("r1")):
        with pytest.raises(errors.KeyFileDamaged):
            ask()


def test_every_damaged_byte_of_a_key_file_is_found(ring, keys):
    ring.run_key("r1", create=True)
    path = keys / "runs" / "r1.key"
    whole = path.read_bytes()
    for at in range(len(whole)):
        changed = bytearray(whole)
        changed[at] ^= 0x01
        path.write_bytes(changed)
        with pytest.raises(errors.KeyFileDamaged):
            ring.run_key("r1")
        with pytest.raises(errors.KeyFileDamaged):
            ring.run_key("r1", create=True)  # a damaged one is not replaced either
    for cut in (0, 10, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(errors.KeyFileDamaged):
            ring.run_key("r1")


@pytest.mark.parametrize("name", ["digest.key", "keyring.json"])
def test_a_missing_file_is_found_when_opening(name, keys):
    (keys / name).unlink()
    with pytest.raises(errors.KeyringMissing):
        Keyring.open(keys, WORD)


@pytest.mark.parametrize("name", ["signing.key", "signing.pem"])
def test_a_missing_signing_file_is_found_when_signing(name, ring, keys):
    (keys / name).unlink()
    with pytest.raises(errors.KeyringMissing):
        ring.signer()


def test_another_keyrings_parts_do_not_fit(ring, keys, tmp_path):
    other = Keyring.create(tmp_path / "other", department="Department", passphrase=WORD)
    shutil.copy(tmp_path / "other" / "signing.key", keys)
    with pytest.raises(errors.PassphraseWrong):
        ring.signer()
    shutil.copy(tmp_path / "other" / "digest.key", keys)
    with pytest.raises(errors.KeyFileDamaged):
        Keyring.open(keys, WORD)
    assert other.digest("cohort", b"x") != ring.digest("cohort", b"x")


HEADS = {
    "not JSON": b"{",
    "deep": b"[" * 50_000,
    "a list": b"[]",
    "another format": b'{"format": 2}',
    "no salt": b'{"format": 1}',
    "salt no hex": b'{"format": 1, "salt": "zz", "iterations": 1000, "root": ""}',
    "iterations true": b'{"format": 1, "salt": "", "iterations": true, "root": ""}',
    "not UTF-8": b'{"format": "\xff"}',
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
def test_a_malformed_head_is_no_keyring(head, keys):
    (keys / "keyring.json").write_bytes(head)
    with pytest.raises(errors.KeyringMissing):
        Keyring.open(keys, WORD)


@pytest.mark.parametrize("iterations", [0, -1, 999, 10**9])
def test_iterations_out_of_bounds_are_refused_before_they_are_done(iterations, keys):
    head = json.loads((keys / "keyring.json").read_bytes())
    (keys / "keyring.json").write_text(json.dumps(head | {"iterations": iterations}))
    with pytest.raises(errors.KeyFileDamaged):
        Keyring.open(keys, WORD)


def test_where_the_passphrase_comes_from(keys, tmp_path, monkeypatch):
    with pytest.raises(errors.PassphraseMissing):
        Keyring.open(keys)
    with pytest.raises(errors.PassphraseWrong):
        Keyring.open(keys, b"wrong horse battery")
    (tmp_path / "word").write_bytes(WORD + b"\n")
    monkeypatch.setenv(keyring.PHRASE_VARIABLE, str(tmp_path / "word"))
    Keyring.open(keys)
    (tmp_path / "linked").symlink_to(tmp_path / "word")  # as an orchestrator mounts secrets
    monkeypatch.setenv(keyring.PHRASE_VARIABLE, str(tmp_path / "linked"))
    Keyring.open(keys)
    with pytest.raises(errors.PassphraseWrong):
        Keyring.open(keys, b"the argument goes first")
    for wrong in ("missing", "empty"):
        (tmp_path / "empty").write_bytes(b"\n")
        monkeypatch.setenv(keyring.PHRASE_VARIABLE, str(tmp_path / wrong))
        with pytest.raises(errors.PassphraseMissing):
            Keyring.open(keys)


def test_without_a_passphrase_one_is_made_and_kept(tmp_path):
    made = Keyring.create(tmp_path / "keys", department="Department")
    again = Keyring.open(tmp_path / "keys")
    assert made.digest("x", b"") == again.digest("x", b"")
    kept = tmp_path / "keys" / "passphrase"
    assert kept.stat().st_mode & 0o777 == 0o600
    again.change_passphrase(WORD)
    assert not kept.exists()
    with pytest.raises(errors.PassphraseMissing):
        Keyring.open(tmp_path / "keys")
    changed = Keyring.open(tmp_path / "keys", WORD)
    assert made.digest("x", b"") == changed.digest("x", b"")
    assert made.signer().fingerprint == changed.signer().fingerprint


def test_a_named_passphrase_is_not_kept(tmp_path, monkeypatch):
    (tmp_path / "word").write_bytes(WORD)
    monkeypatch.setenv(keyring.PHRASE_VARIABLE, str(tmp_path / "word"))
    Keyring.create(tmp_path / "keys", department="Department")
    assert not (tmp_path / "keys" / "passphrase").exists()
    Keyring.open(tmp_path / "keys")


def test_a_keyring_is_never_written_over(keys):
    before = {p: p.read_bytes() for p in keys.rglob("*") if p.is_file()}
    with pytest.raises(errors.KeyringExists):
        Keyring.create(keys, department="Department", passphrase=WORD)
    assert {p: p.read_bytes() for p in keys.rglob("*") if p.is_file()} == before


def test_an_empty_directory_may_wait_and_a_short_passphrase_leaves_nothing(tmp_path):
    (tmp_path / "keys").mkdir(mode=0o755)
    with pytest.raises(errors.PassphraseTooShort):
        Keyring.create(tmp_path / "keys", department="Department", passphrase=b"short")
    assert list(tmp_path.rglob("*")) == [tmp_path / "keys"]
    Keyring.create(tmp_path / "keys", department="Department", passphrase=WORD)
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "a\n", "a\x00", "-a", "é", "x" * 101]
)
def test_ids_that_could_leave_the_directory_are_refused(name, ring):
    for ask in (ring.run_key, ring.forget_run_key, ring.project_secret):
        with pytest.raises(errors.KeyNameUnusable):
            ask(name)


def test_digests_are_keyed_and_labelled(ring, tmp_path):
    (tmp_path / "cohort.csv").write_bytes(b"id,name\n" * 400_000)
    whole = ring.digest_file("cohort", tmp_path / "cohort.csv")
    assert whole == ring.digest("cohort", b"id,name\n" * 400_000)
    assert len(whole) == 64
    assert whole != ring.digest("report", b"id,name\n" * 400_000)
    assert ring.digest("ab", b"c") != ring.digest("a", b"bc")
    with pytest.raises(errors.FileUnusable):
        ring.digest_file("cohort", tmp_path)


def test_escrow_is_optional_and_never_ignored(ring, keys, members):
    now = datetime.now(UTC)
    assert ring.escrow(now) is None
    (keys / "escrow.pem").write_bytes(members["p384"][1])
    assert ring.escrow(now).kind == "P-384"
    (keys / "escrow.pem").write_bytes(b"x")
    with pytest.raises(errors.NotACertificate):
        ring.escrow(now)


def test_a_keyring_and_its_secrets_stay_in_this_process(ring):
    import copy
    import pickle

    key = ring.run_key("r1", create=True)
    for thing in (ring, key, ring.project_secret("p", create=True)):
        assert "hidden" in repr(thing)
        for leave in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError):
                leave(thing)
    shown = f"{key} {key!r} {key:>40} {[key]} {vars(ring)}"
    assert key.reveal().hex() not in shown
    assert str(key.reveal()) not in shown
    assert not hasattr(key, "__dict__")


def test_secrets_have_their_size_and_compare():
    assert StagingKey("a", bytes(32)) == StagingKey("b", bytes(32))
    assert StagingKey("a", bytes(32)) != StagingKey("a", b"\x01" * 32)
    assert Secret("a", bytes(32)) != bytes(32)
    for make, size in ((Secret, 31), (StagingKey, 31), (StagingKey, 33)):
        with pytest.raises(ValueError, match="32"):
            make("a", bytes(size))
    with pytest.raises(TypeError):
        hash(StagingKey("a", bytes(32)))


def _make(keys, start, found):
    start.wait()
    found.put(Keyring.open(keys, WORD).run_key("shared", create=True).reveal())


@pytest.mark.long
def test_processes_that_create_one_key_at_once_agree(keys):
    context = multiprocessing.get_context("spawn")
    start, found = context.Event(), context.Queue()
    workers = [context.Process(target=_make, args=(keys, start, found)) for _ in range(6)]
    for worker in workers:
        worker.start()
    start.set()
    made = {found.get(timeout=60) for _ in workers}
    for worker in workers:
        worker.join(timeout=30)
    assert made == {Keyring.open(keys, WORD).run_key("shared").reveal()}
    assert [p.name for p in (keys / "runs").iterdir()] == ["shared.key"]
