"""Files between a caller and the service: descriptors instead of paths, and what comes back as a folder."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from pipelines.cli import caller
from pipelines.cli.commands import _place, wants_home
from pipelines.deployment.init import init_home
from pipelines.errors import FileExists, FileMissing, OptionsDisagree
from systems.errors import OutputUnwritable
from tests.in_process import run_here
from tests.unit.pipelines.cli.test_strangers import WITHOUT_HOME, commands


@pytest.fixture
def home(tmp_path):
    init_home(tmp_path / "home", demo=True)
    return tmp_path / "home"


def test_a_file_goes_to_a_descriptor_that_its_reader_opened(home, tmp_path):
    theirs = os.open(tmp_path / "theirs", os.O_RDWR | os.O_CREAT, 0o600)
    done = run_here(
        "ledger", "export", "--out", f"/dev/fd/{theirs}/mine.jsonl", "--json", home=home
    )
    assert done.code == 0, done.err
    assert done.json == {"events": len((tmp_path / "theirs").read_text().splitlines())}
    assert not list(Path("/dev/shm").glob(f"doj-release-{os.getuid()}.{os.getpid()}.*"))


def test_a_checkpoint_comes_from_a_descriptor_once_read(home, tmp_path):
    checkpoint = tmp_path / "checkpoint.json"
    assert run_here("ledger", "checkpoint", "--out", checkpoint, home=home).code == 0
    for times, code in ((1, 0), (2, 0)):
        handle = os.open(checkpoint, os.O_RDONLY)
        words = ["--checkpoint", f"/dev/fd/{handle}"] * times
        assert run_here("ledger", "verify", *words, home=home).code == code
        os.close(handle)
    assert run_here("ledger", "verify", "--checkpoint", "/dev/fd/9999", home=home).code == 6


def test_nothing_for_a_person_is_written_into_the_home(home):
    people = (home / "people.toml").read_bytes()
    for place in (home / "people.toml", home / "keys" / ".." / "people.toml", home / "new.json"):
        assert run_here("ledger", "checkpoint", "--out", place, home=home).code == 2
    assert (home / "people.toml").read_bytes() == people
    assert not (home / "new.json").exists()


def test_a_descriptors_name_is_no_way_out(home, tmp_path):
    theirs = os.open(tmp_path / "theirs", os.O_RDWR | os.O_CREAT, 0o600)
    done = run_here("ledger", "checkpoint", "--out", f"/dev/fd/{theirs}/..", home=home)
    assert (done.code, (tmp_path / "theirs").read_bytes()) == (2, b"")


def test_what_wants_a_home_is_handed_over_and_nothing_else():
    wants = {" ".join(path): wants_home(_place(one.callback)) for path, one in commands()}
    without = WITHOUT_HOME | {"init", "home restore", "demo", "deployment files"}
    assert {name for name in wants if not wants[name]} == without & set(wants)


def test_words_have_descriptors_in_the_place_of_paths():
    said = {Path("a/b.csv"): "/dev/fd/5/b.csv"}
    words = ["a/b.csv", "./a/b.csv", "--file=a/b.csv", "fact=a/b.csv", "--file=fact=a/b.csv", "b.csv", "x=y"]  # fmt: skip
    assert [caller._said(word, said) for word in words] == [
        "/dev/fd/5/b.csv", "/dev/fd/5/b.csv", "--file=/dev/fd/5/b.csv", "fact=/dev/fd/5/b.csv",
        "--file=fact=/dev/fd/5/b.csv", "b.csv", "x=y",
    ]  # fmt: skip


def _tar(*members: tuple[str, bytes, bytes]) -> io.BytesIO:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content, kind in members:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.mode, info.linkname = kind, len(content), 0o4777, "/etc/passwd"  # fmt: skip
            archive.addfile(info, io.BytesIO(content))
    made.seek(0)
    return made


def test_a_folder_comes_back_closed_to_others(tmp_path):
    caller.unpack(_tar(("a", b"1", tarfile.REGTYPE), ("b/c", b"2", tarfile.REGTYPE)), tmp_path)
    assert {p.name: (p.read_bytes(), p.stat().st_mode & 0o7777) for p in tmp_path.rglob("?") if p.is_file()} == {
        "a": (b"1", 0o600), "c": (b"2", 0o600),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "kind"),
    [("../x", tarfile.REGTYPE), ("/tmp/x", tarfile.REGTYPE), ("b/../../x", tarfile.REGTYPE),
     ("x", tarfile.SYMTYPE), ("x", tarfile.LNKTYPE), ("x", tarfile.FIFOTYPE), ("x", tarfile.CHRTYPE)],
)  # fmt: skip
def test_a_folder_has_plain_files_of_its_own_alone(tmp_path, name, kind):
    (tmp_path / "in").mkdir()
    with pytest.raises(ValueError, match="no plain file"):
        caller.unpack(_tar((name, b"", kind)), tmp_path / "in")
    assert [p.name for p in tmp_path.rglob("*")] == ["in"]


def _sudo(folder: Path, monkeypatch, script: str) -> None:
    """What stands for sudo: a program of that name, found first."""
    program = folder / "bin" / "sudo"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


def test_what_a_command_did_not_write_is_not_there(tmp_path, monkeypatch):
    _sudo(tmp_path, monkeypatch, "exit 4")
    for role in (caller.WRITES, caller.FOLDER):
        place = tmp_path / role
        assert caller.hand_over("x", ["out"], 0, [(Path("out"), place, role)], tmp_path) == 4
        assert not place.exists()


def test_a_folder_that_was_cut_is_an_error_and_is_not_there(tmp_path, monkeypatch):
    _sudo(
        tmp_path,
        monkeypatch,
        'for word; do case $word in /dev/fd/*) printf x > "${word%/*}";; esac; done',
    )
    place = tmp_path / "out"
    with pytest.raises(OutputUnwritable):
        caller.hand_over("x", ["out"], 0, [(Path("out"), place, caller.FOLDER)], tmp_path)
    assert not place.exists()


def test_a_caller_opens_no_link_and_nothing_that_is_there(tmp_path, monkeypatch):
    _sudo(tmp_path, monkeypatch, "exit 0")
    (tmp_path / "there").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("there", "link"):
        with pytest.raises(FileExists):
            caller.hand_over("x", [], 0, [(Path(name), tmp_path / name, caller.WRITES)], tmp_path)
    with pytest.raises(FileMissing):
        caller.hand_over("x", [], 0, [(Path("no"), tmp_path / "no", caller.READS)], tmp_path)
    assert (tmp_path / "there").read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


def test_a_backup_is_made_in_the_home_and_not_in_memory(home, tmp_path, monkeypatch):
    theirs = os.open(tmp_path / "theirs", os.O_RDWR | os.O_CREAT, 0o600)
    monkeypatch.setattr(caller, "_MEMORY", tmp_path / "none")
    done = run_here("home", "backup", f"/dev/fd/{theirs}/b.tar", home=home)
    assert done.code == 0, done.err
    assert not list(home.glob(".out*"))
    with tarfile.open(tmp_path / "theirs") as archive:
        assert "BACKUP.json" in archive.getnames()


def test_a_service_that_the_machine_does_not_know_is_a_wrong_option(monkeypatch):
    monkeypatch.setenv(caller.VARIABLE, "nobody-of-this-name")
    with pytest.raises(OptionsDisagree):
        caller.service()


# ------------------------------------------------------------------ behind sudo, without the variable


@pytest.fixture
def behind(monkeypatch):
    """This process as sudo starts it for somebody else; where root tests, nobody would be behind it."""
    monkeypatch.setattr("pipelines.cli.caller.behind_sudo", lambda: True)


@pytest.mark.parametrize(("by", "behind_it"), [("", False), ("0", False), ("4242", False), ("1001", True), ("x", False)])  # fmt: skip
def test_who_stands_behind_sudo(monkeypatch, by, behind_it):
    monkeypatch.setattr("pipelines.cli.caller.os.geteuid", lambda: 4242)
    monkeypatch.setenv("SUDO_UID", by)
    assert caller.behind_sudo() is behind_it
    monkeypatch.setattr("pipelines.cli.caller.os.geteuid", lambda: 0)
    assert not caller.behind_sudo()  # root reads all of it anyway


def test_paths_of_a_caller_behind_sudo_are_refused(home, behind, tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text("x = 1")
    for words in (
        ("project", "submit", mine),
        ("ledger", "checkpoint", "--out", tmp_path / "new.json"),
        ("ledger", "verify", "--checkpoint", home / "settings.toml"),
        ("tools", "seal", home / "keys" / "passphrase", "--to", mine, "--sign", mine, "--sign-cert", mine, "--out", tmp_path / "sealed"),
        ("tools", "match", mine, mine, "--out", tmp_path / "links.parquet"),
        ("register", "load", "CARPOS", home / "settings.toml"),
        ("home", "backup", tmp_path / "backup.tar"),
    ):  # fmt: skip
        done = run_here(*words, "--json", home=home)
        assert (done.code, done.json["error"]["code"]) == (3, "RUN-35"), words
    assert {p.name for p in tmp_path.iterdir()} == {"home", "mine.toml"}
    told = run_here("ledger", "show", "--json", home=home).json
    steps = {e["facts"]["step"] for e in told if e["kind"] == "attempt_refused"}
    assert {"ledger.checkpoint", "project.submit", "tools.seal"} <= steps


def test_what_a_caller_behind_sudo_hands_over_is_taken(home, behind, tmp_path):
    theirs = os.open(tmp_path / "theirs", os.O_RDWR | os.O_CREAT, 0o600)
    out = f"/dev/fd/{theirs}/mine.json"
    assert run_here("ledger", "checkpoint", "--out", out, home=home).code == 0
    os.lseek(theirs, 0, 0)
    assert run_here("ledger", "verify", "--checkpoint", out, home=home).code == 0
    assert run_here("ledger", "verify", home=home).code == 0


def test_what_root_shows_everybody_may_be_named(behind, tmp_path):
    assert caller.may_be_named(Path("/etc/passwd"), None, register=False)
    assert not caller.may_be_named(Path("/etc/shadow"), None, register=False)
    assert not caller.may_be_named(tmp_path / "nothing", None, register=True)
