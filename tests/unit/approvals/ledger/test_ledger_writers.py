"""Several writers at once, and one that is killed: no event lost, none twice, the chain whole."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from approvals.errors import LedgerUnavailable
from approvals.ledger.events import Event
from approvals.ledger.ledger import Ledger
from approvals.ledger.verification import verify_chain
from tests.servers import server, stop_at_once

# Each writer is a process of its own that inherits no connection; the imports are made once.
SPAWN = multiprocessing.get_context("forkserver")
SPAWN.set_forkserver_preload(["approvals.ledger.verification", "psycopg", "sqlalchemy.dialects"])


def event(number: int = 1, **more) -> Event:
    return Event("settings_changed", "p-a", facts={"settings": f"{number:064x}"}, **more)


@pytest.fixture
def ledger(url):
    return Ledger.open(url, create=True)


def _write(url: str, writer: int, count: int) -> None:
    ledger = Ledger.open(url)
    for n in range(count):
        ledger.append(event(n, key=f"w{writer}-{n}"))
        ledger.append(event(n, key=f"shared-{n}"))


def _write_until_killed(url: str, told: Path) -> None:
    """Say which events were recorded, after the ledger said that they were."""
    ledger = Ledger.open(url)
    number = 0
    with told.open("ab", buffering=0) as file:
        while True:
            number += 1
            try:
                ledger.append(event(number, key=f"{os.getpid()}-{number}"))
            except LedgerUnavailable:
                return
            file.write(f"{os.getpid()}-{number}\n".encode())


@pytest.mark.long
def test_no_event_lost_and_none_twice_with_several_writers(ledger, url):
    writers, count = 4, 12
    processes = [SPAWN.Process(target=_write, args=(url, n, count)) for n in range(writers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [p.exitcode for p in processes] == [0] * writers
    keys = [e.key for e in ledger.events()]
    wanted = {f"w{w}-{n}" for w in range(writers) for n in range(count)}
    assert len(keys) == len(set(keys))
    assert set(keys) == wanted | {f"shared-{n}" for n in range(count)}
    verify_chain(ledger).check()


def wait_for(ledger: Ledger, size: int) -> None:
    deadline = time.monotonic() + 60
    while ledger.size() < size and time.monotonic() < deadline:
        time.sleep(0.05)


def told_by(told: Path) -> set[str]:
    lines = told.read_text().split() if told.exists() else []
    return {line.partition("-")[0] for line in lines}


@pytest.mark.long
def test_the_chain_is_whole_after_a_kill_and_the_other_writers_go_on(ledger, url, tmp_path):
    told = tmp_path / "told"
    victim, other = (SPAWN.Process(target=_write_until_killed, args=(url, told)) for _ in range(2))
    victim.start()
    other.start()
    while told_by(told) != {str(victim.pid), str(other.pid)} or ledger.size() < 40:
        assert victim.is_alive()
        assert other.is_alive()
        time.sleep(0.05)
    os.kill(victim.pid, signal.SIGKILL)
    victim.join(30)
    wait_for(ledger, ledger.size() + 10)  # nobody waits for a dead writer's lock
    os.kill(other.pid, signal.SIGKILL)
    other.join(30)
    verdict = verify_chain(ledger)
    assert verdict.holds
    keys = [e.key for e in ledger.events()]
    assert len(keys) == len(set(keys))
    # What a writer was told to be recorded is; at most one each was recorded and not told.
    assert set(told.read_text().split()) <= set(keys)
    assert len(keys) <= len(told.read_text().split()) + 2
    ledger.append(event())
    assert verify_chain(ledger).entries == verdict.entries + 1


@pytest.mark.long
@pytest.mark.machine("postgresql")
def test_postgresql_itself_is_killed_while_a_writer_appends(tmp_path):
    told = tmp_path / "told"
    with server(fsync=True) as place:
        url = f"postgresql+psycopg://owner@/postgres?{place}"
        ledger = Ledger.open(url, create=True)
        writer = SPAWN.Process(target=_write_until_killed, args=(url, told))
        writer.start()
        wait_for(ledger, 20)
        with stop_at_once(place):
            writer.join(30)
            assert writer.exitcode == 0  # it heard a coded error
        keys = [e.key for e in ledger.events()]
        assert set(told.read_text().split()) <= set(keys)
        verify_chain(ledger).check()
