"""The ledger: what is appended stays, in order, once, whoever writes at the same time."""

import multiprocessing
import os
import signal
import sqlite3
import time

import pytest

from approvals import Checkpoint, Event, Ledger, make_checkpoint, merkle_root, verify
from approvals.errors import (
    CheckpointWrong,
    KeyReused,
    LedgerBroken,
    LedgerExists,
    LedgerMissing,
    LedgerUnavailable,
    StateMoved,
)


def event(number: int = 1, **more) -> Event:
    facts = {"size": number, "root": f"{number:064x}"}
    return Event("checkpoint_made", "p-a", facts=facts, **more)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite3"


@pytest.fixture
def ledger(path):
    return Ledger.at(path, create=True)


def test_events_come_back_as_they_were_written(ledger):
    first = ledger.append(event(7))
    second = ledger.append(
        Event("project_submitted", "p-b", "2026-001", key="k", facts={
            "form": "standard", "system": "CARPOS", "kinds": ["identified", "aggregated"],
            "application": "a" * 64, "on": "2026-01-31"}))  # fmt: skip
    assert (first.seq, second.seq) == (1, 2)
    assert ledger.events() == [first, second]
    assert ledger.events(project="2026-001") == [second]
    assert ledger.events(kind="checkpoint_made") == [first]
    assert second.facts["kinds"] == ("identified", "aggregated")
    assert verify(ledger).holds


def test_the_file_is_closed_to_others_and_never_made_twice(ledger, path, tmp_path):
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(LedgerExists):
        Ledger.at(path, create=True)
    with pytest.raises(LedgerMissing):
        Ledger.at(tmp_path / "other.sqlite3")
    assert not (tmp_path / "other.sqlite3").exists()


def test_a_key_stands_for_one_event(ledger):
    first = ledger.append(event(1, key="once"))
    assert ledger.append(event(1, key="once")) == first
    assert ledger.size() == 1
    with pytest.raises(KeyReused):
        ledger.append(event(2, key="once"))
    assert ledger.append_all([event(1, key="once"), event(3)])[0] == first
    with pytest.raises(KeyReused):
        ledger.append_all([event(4), event(2, key="once")])
    assert ledger.size() == 2


def test_a_decision_on_an_older_state_is_refused(ledger):
    note = Event("review_started", "p-a", "2026-001", facts={"on": "2026-01-01"})
    entry = ledger.append(note, last_of_project=0)
    ledger.append(event())  # about the home: the project did not move
    ledger.append(Event("staging_destroyed", "p-a", "2026-001", "2026-001-R001"))  # nor by this
    assert ledger.project_events("2026-001") == [entry]
    ledger.append(note, last_of_project=entry.seq)
    with pytest.raises(StateMoved):
        ledger.append(note, last_of_project=entry.seq)


def test_a_broken_file_is_a_coded_error_without_its_path(path):
    path.write_bytes(b"this is no database, it is a Canary" * 100)
    with pytest.raises(LedgerUnavailable) as caught:
        Ledger.at(path)
    assert "Canary" not in str(caught.value)
    assert caught.value.__cause__ is None


COPY = "SELECT {seq}, at, kind, actor, project, release, {key}, {hash}, body FROM events LIMIT 1"
BEHIND = {
    "update": "UPDATE events SET actor = 'p-b' WHERE seq = 1",
    "delete": "DELETE FROM events WHERE seq = 2",
    "replace by number": f"INSERT OR REPLACE INTO events {COPY.format(seq=1, key='key', hash='9')}",
    "replace by hash": f"INSERT OR REPLACE INTO events {COPY.format(seq=4, key='9', hash='hash')}",
    "replace by key": f"INSERT OR REPLACE INTO events {COPY.format(seq=4, key='key', hash='9')}",
    "a gap": f"INSERT INTO events {COPY.format(seq=9, key='NULL', hash='9')}",
}


@pytest.mark.parametrize("statement", BEHIND.values(), ids=BEHIND.keys())
def test_the_table_refuses_everything_but_the_next_event(ledger, path, statement):
    ledger.append_all(event(n, key=f"k{n}") for n in (1, 2, 3))
    with sqlite3.connect(path) as raw, pytest.raises(sqlite3.IntegrityError):
        raw.execute(statement)
    assert [e.seq for e in ledger.events()] == [1, 2, 3]
    verify(ledger).check()


# ------------------------------------------------------------------ several writers


def _write(url: str, writer: int, count: int) -> None:
    ledger = Ledger.open(url)
    for n in range(count):
        ledger.append(event(n, key=f"w{writer}-{n}"))
        ledger.append(event(n, key=f"shared-{n}"))


def _write_forever(url: str) -> None:
    ledger = Ledger.open(url)
    number = 0
    while True:
        number += 1
        ledger.append(event(number, key=f"{os.getpid()}-{number}"))


def test_no_event_lost_and_none_twice_with_several_writers(ledger, path):
    writers, count = 4, 12
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=_write, args=(f"sqlite:///{path}", n, count)) for n in range(writers)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [p.exitcode for p in processes] == [0] * writers
    keys = [e.key for e in ledger.events()]
    wanted = {f"w{w}-{n}" for w in range(writers) for n in range(count)}
    assert len(keys) == len(set(keys))
    assert set(keys) == wanted | {f"shared-{n}" for n in range(count)}
    verify(ledger).check()


def test_the_chain_is_whole_after_a_kill(ledger, path):
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_write_forever, args=(f"sqlite:///{path}",))
    process.start()
    deadline = time.monotonic() + 60
    while ledger.size() < 20 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.join(30)
    verdict = verify(ledger)
    assert verdict.holds
    assert verdict.entries >= 20
    ledger.append(event())
    assert verify(ledger).entries == verdict.entries + 1


# ------------------------------------------------------------------ checkpoints


class Stamp:
    """Stands for a signer: the tests of crypto are elsewhere."""

    def sign_detached(self, content: bytes) -> bytes:
        return b"signed " + content


def test_a_checkpoint_travels_as_json(ledger):
    ledger.append_all(event(n) for n in range(5))
    checkpoint = make_checkpoint(ledger, Stamp())
    assert (checkpoint.size, checkpoint.root) == merkle_root(ledger)
    assert Checkpoint.from_json(checkpoint.to_json()) == checkpoint
    ledger.append(event(9))
    assert verify(ledger, [checkpoint]).holds


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"size": 1}', "\xff"])
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(CheckpointWrong):
        Checkpoint.from_json(text)


def test_a_broken_ledger_gets_no_checkpoint(ledger, path):
    ledger.append_all(event(n) for n in range(3))
    with sqlite3.connect(path) as raw:
        raw.execute("DROP TRIGGER events_no_update")
        raw.execute("UPDATE events SET actor = 'p-b' WHERE seq = 2")
    with pytest.raises(LedgerBroken) as caught:
        make_checkpoint(ledger, Stamp())
    assert caught.value.exit == 5


def test_the_departments_signature_holds_and_another_does_not(ledger):
    from crypto import FileSigner, make_signing_identity

    mine, theirs = (make_signing_identity(n, b"pw") for n in ("Department", "Department"))
    ledger.append(event())
    checkpoint = make_checkpoint(ledger, FileSigner.load(*mine, b"pw"))
    checkpoint.check_signature(mine[1])
    for wrong in (
        (checkpoint, theirs[1]),
        (Checkpoint(9, checkpoint.root, checkpoint.at, checkpoint.signature), mine[1]),
        (Checkpoint(checkpoint.size, checkpoint.root, checkpoint.at, "!"), mine[1]),
    ):
        with pytest.raises(CheckpointWrong):
            wrong[0].check_signature(wrong[1])


def test_export_writes_every_body_once(ledger, tmp_path):
    ledger.append_all(event(n) for n in range(3))
    target = tmp_path / "export.jsonl"
    assert ledger.export(target) == 3
    assert [line.count('"seq"') for line in target.read_text().splitlines()] == [1, 1, 1]
    assert target.stat().st_mode & 0o077 == 0
