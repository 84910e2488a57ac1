"""A witness outside: what this service sent away tells a home that was put back, a ledger that was rewritten, a place that was emptied."""

import json
import os
import re
import shutil
import sqlite3

import pytest

from approvals.ledger import Event
from pipelines import safeguards
from pipelines.deployment.init import init_home
from pipelines.home.home import Home
from pipelines.keys import rotate_signing_key
from pipelines.safeguards import witness
from pipelines.safeguards.errors import WitnessDisagrees, WitnessUnavailable
from pipelines.session import Session
from tests.in_process import run_here


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("witness") / "home"
    init_home(root, demo=True)
    return root


@pytest.fixture(params=["folder", "database"])
def kind(request):
    return request.param


@pytest.fixture
def home(made, tmp_path, kind):
    shutil.copytree(made, tmp_path / "home")
    (tmp_path / "home").chmod(0o700)
    home = Home(tmp_path / "home")
    (tmp_path / "outside").mkdir()
    outside = tmp_path / "outside"
    settle(home, **({"folder": str(outside)} if kind == "folder" else {"database_url": f"sqlite:///{outside / 'w.sqlite3'}"}))  # fmt: skip
    return home


FOLDER = pytest.mark.parametrize("kind", ["folder"], indirect=True)


def settle(home, **settings):
    text = home.settings_file.read_text()
    head, body = text.split("[witness]\n")
    for name, value in settings.items():
        line = f"{name} = {json.dumps(value)}"
        body = re.sub(rf"(?m)^{name} = .*$", lambda _, line=line: line, body, count=1)
    home.settings_file.write_text(f"{head}[witness]\n{body}")


def work(home, number):
    """Something that happens."""
    session = Session(home)
    facts = {"settings": f"{number:064x}"}
    session.ledger.append(Event("settings_changed", "demo-engineer", facts=facts))
    return session


def put_back(home, copy):
    shutil.rmtree(home.root)
    shutil.copytree(copy, home.root)
    home.root.chmod(0o700)


def copied(home):
    copy = home.root.parent / "copy"
    shutil.copytree(home.root, copy)
    return copy


def test_checkpoints_go_there_and_are_read_back(home, kind):
    assert run_here("ledger", "checkpoint", home=home.root).code == 0
    session = work(home, 1)
    safeguards.notify_witness(session)
    safeguards.check_before(Session(home))
    found = run_here("ledger", "verify", "--json", home=home.root).json
    assert list(found["witnesses"].values()) == [2]
    (place,) = found["witnesses"]
    assert place.startswith(f"{kind}:")
    told = session.ledger.events(kind="checkpoint_witnessed")
    assert told[-1].facts["witness"] == (place,)


@pytest.mark.parametrize("after", [0, 1, 30])
def test_a_home_that_was_put_back_as_a_whole_is_found(home, after):
    """Also when more has happened since than was taken back."""
    safeguards.keep_checkpoint(work(home, 1))
    copy = copied(home)
    safeguards.keep_checkpoint(work(home, 2))
    put_back(home, copy)
    session = Session(home)
    for number in range(after):
        facts = {"settings": f"{100 + number:064x}"}
        session.ledger.append(Event("settings_changed", "demo-engineer", facts=facts))
    with pytest.raises(WitnessDisagrees) as caught:
        safeguards.check_before(session)
    assert caught.value.exit == 5
    with pytest.raises(WitnessDisagrees):  # nor can the new end be made the seen one
        safeguards.keep_checkpoint(session)


@FOLDER
@pytest.mark.long
def test_the_next_command_that_sees_the_witness_says_so(home):
    safeguards.keep_checkpoint(work(home, 1))
    copy = copied(home)
    safeguards.keep_checkpoint(work(home, 2))
    put_back(home, copy)
    for words in (
        ("status",), ("ledger", "verify"), ("ledger", "checkpoint"), ("remind",),
        ("run", "2026-001", "--kind", "aggregated"),
    ):  # fmt: skip
        done = run_here(*words, "--json", home=home.root)
        assert (words, done.code, done.json["error"]["code"]) == (words, 5, "LEDGER-14")
    found = {f["what"]: f for f in run_here("doctor", "--json", home=home.root).json}
    assert any(f["state"] == "bad" and "LEDGER-14" in f["detail"] for f in found.values())


def test_without_a_witness_it_is_not_found_and_doctor_says_so(home):
    settle(home, folder="", database_url="")
    copy = copied(home)
    work(home, 2)
    put_back(home, copy)
    safeguards.check_before(Session(home))
    assert run_here("ledger", "verify", home=home.root).code == 0
    (said,) = [
        f for f in run_here("doctor", "--json", home=home.root).json if f["what"] == "witness"
    ]
    assert "not found" in said["detail"]


def test_what_happened_after_the_newest_checkpoint_is_seen_by_nobody(home):
    safeguards.keep_checkpoint(work(home, 1))
    copy = copied(home)
    work(home, 2)
    put_back(home, copy)
    safeguards.check_before(Session(home))


def test_a_home_of_before_a_new_key_is_found(home):
    copy = copied(home)
    rotate_signing_key(Session(home), "scheduled")
    safeguards.keep_checkpoint(Session(home))
    put_back(home, copy)
    with pytest.raises(WitnessDisagrees):
        safeguards.check_before(Session(home))


def test_a_place_that_was_emptied_or_cut_is_found(home, kind, tmp_path):
    safeguards.keep_checkpoint(work(home, 1))
    safeguards.keep_checkpoint(work(home, 2))
    if kind == "folder":
        file = tmp_path / "outside" / "checkpoints.jsonl"
        file.write_text(file.read_text().splitlines()[0] + "\n")
    else:
        with sqlite3.connect(tmp_path / "outside" / "w.sqlite3") as raw:
            raw.execute("DELETE FROM checkpoints WHERE rowid = 2")
    with pytest.raises(WitnessDisagrees):
        safeguards.check_before(Session(home))


@FOLDER
@pytest.mark.parametrize(
    "line", ["no json", "[]", "{}", '{"home": 3}', "[" * 5000], ids=["text", "list", "empty", "other", "deep"]
)  # fmt: skip
def test_a_line_that_is_none_is_never_skipped(home, kind, tmp_path, line):
    safeguards.keep_checkpoint(work(home, 1))
    with (tmp_path / "outside" / "checkpoints.jsonl").open("a") as file:
        file.write(line + "\n")
    if line == '{"home": 3}':  # another home's
        safeguards.check_before(Session(home))
        return
    with pytest.raises(WitnessDisagrees):
        safeguards.check_before(Session(home))


@FOLDER
def test_a_line_that_was_forged_is_found(home, kind, tmp_path):
    safeguards.keep_checkpoint(work(home, 1))
    file = tmp_path / "outside" / "checkpoints.jsonl"
    line = json.loads(file.read_text())
    line["checkpoint"]["size"] += 1
    line["head"] = Session(home).ledger.hash_at(line["checkpoint"]["size"])
    file.write_text(file.read_text() + json.dumps(line) + "\n")
    with pytest.raises(WitnessDisagrees):
        safeguards.check_before(Session(home))


def test_a_place_that_is_gone_is_refused_or_said(home, kind, tmp_path):
    shutil.rmtree(tmp_path / "outside")
    with pytest.raises(WitnessUnavailable) as caught:
        safeguards.check_before(Session(home))
    assert caught.value.exit == 3
    with pytest.raises(WitnessUnavailable):
        safeguards.notify_witness(Session(home))
    assert Session(home).ledger.events()[-1].kind == "witness_missed"
    settle(home, unavailable="warn")
    session = Session(home)
    safeguards.check_before(session)
    safeguards.notify_witness(session)
    assert "LEDGER-13" in session.warnings[0]
    done = run_here("ledger", "checkpoint", "--json", "--quiet", home=home.root)
    assert (done.code, "LEDGER-13" in done.err) == (0, True)
    found = run_here("doctor", "--json", home=home.root).json
    assert [f["state"] for f in found if f["what"].startswith("witness ")] == ["bad"]


def test_another_place_is_a_way_on_and_takes_two_people(home, kind, tmp_path):
    safeguards.keep_checkpoint(work(home, 1))
    copy = copied(home)
    safeguards.keep_checkpoint(work(home, 2))
    put_back(home, copy)
    (tmp_path / "new").mkdir()
    settle(home, folder=str(tmp_path / "new"), database_url="")
    assert (
        safeguards.as_error(Session(home)) is not None
    )  # in a home that is no demonstration: refused
    safeguards.check_before(Session(home))
    safeguards.keep_checkpoint(Session(home))


def test_homes_may_share_a_place(home, kind, made, tmp_path):
    safeguards.keep_checkpoint(work(home, 1))
    other = tmp_path / "other"
    init_home(other, demo=True)
    text = home.settings_file.read_text()
    Home(other).settings_file.write_text(text)
    safeguards.check_before(Session(Home(other)))
    safeguards.keep_checkpoint(Session(Home(other)))
    safeguards.check_before(Session(home))


def test_a_file_of_ones_own_is_told(home, kind, tmp_path):
    safeguards.keep_checkpoint(work(home, 1))
    ((_, weak, has),) = witness.witness_states(Session(home))
    assert weak
    assert "newest of 2 events" in has
    if kind == "folder" and os.geteuid() == 0:
        os.chown(tmp_path / "outside" / "checkpoints.jsonl", 12345, -1)
        ((_, weak, _),) = witness.witness_states(Session(home))
        assert "append-only" in weak


@FOLDER
def test_a_link_is_not_followed(home, kind, tmp_path):
    (tmp_path / "outside" / "checkpoints.jsonl").symlink_to(home.settings_file)
    with pytest.raises(WitnessUnavailable):
        safeguards.check_before(Session(home))
    with pytest.raises(WitnessUnavailable):
        safeguards.notify_witness(Session(home))
    assert "checkpoint" not in home.settings_file.read_text().splitlines()[-1]


def test_the_security_officer_gets_it_by_mail(home, kind, monkeypatch, tmp_path):
    import contextlib

    sent = []

    @contextlib.contextmanager
    def office(_settings):
        yield sent.append

    monkeypatch.setattr(witness, "post_office", office)
    settle(home, mail_to=["officer@doj.example"])
    safeguards.keep_checkpoint(work(home, 1))
    (letter,) = sent
    assert letter.to == "officer@doj.example"
    file = tmp_path / "mailed.json"
    file.write_text(letter.text[letter.text.index("{") : letter.text.rindex("}") + 1])
    assert run_here("ledger", "verify", "--checkpoint", file, home=home.root).code == 0
    monkeypatch.undo()
    with pytest.raises(WitnessUnavailable):  # no server is named
        safeguards.keep_checkpoint(Session(home))


def test_every_error_of_a_place_is_coded(home, kind, tmp_path):
    settle(home, folder="", database_url="mysql://x/y")
    with pytest.raises(WitnessUnavailable):
        safeguards.check_before(Session(home))
    settle(home, database_url="no url")
    with pytest.raises(WitnessUnavailable):
        safeguards.check_before(Session(home))
