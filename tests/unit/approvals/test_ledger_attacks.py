"""Somebody with the file in hand: every change is found, and where it was made."""

import json
import sqlite3

import pytest

from approvals import Checkpoint, Event, Ledger, merkle_root, verify
from approvals.ledger import canonical
from approvals.merkle import leaf_hash

SIZE = 9


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite3"


@pytest.fixture
def ledger(path):
    ledger = Ledger.at(path, create=True)
    for n in range(1, SIZE + 1):
        ledger.append(
            Event("background_check", "p-a", "2026-001", facts={
                "member": f"m{n}", "outcome": "failed", "on": "2026-01-31"}))  # fmt: skip
    with sqlite3.connect(path) as raw:
        for trigger in ("events_no_update", "events_no_delete", "events_only_next"):
            raw.execute(f"DROP TRIGGER {trigger}")
    return ledger


@pytest.fixture
def checkpoint(ledger):
    """As exported in the last package, three events ago."""
    size = SIZE - 3
    from approvals.merkle import Tree

    tree = Tree(bytes.fromhex(row[7]) for row in list(ledger.rows())[:size])
    return Checkpoint(size, tree.root().hex(), "2026-01-31T00:00:00+00:00")


class Attacker:
    """Edits the file below the triggers."""

    def __init__(self, path):
        self.raw = sqlite3.connect(path, isolation_level=None)

    def body(self, seq):
        return json.loads(
            self.raw.execute("SELECT body FROM events WHERE seq = ?", (seq,)).fetchone()[0]
        )

    def put(self, seq, content, *, rehash):
        body = canonical(content)
        self.raw.execute("UPDATE events SET body = ? WHERE seq = ?", (body, seq))
        if rehash:
            digest = leaf_hash(body.encode()).hex()
            self.raw.execute("UPDATE events SET hash = ? WHERE seq = ?", (digest, seq))
        return leaf_hash(body.encode()).hex()

    def make_passed(self, seq, *, rehash):
        content = self.body(seq)
        content["facts"]["outcome"] = "passed"
        return self.put(seq, content, rehash=rehash)

    def restamp_from(self, seq):
        """Make the whole chain hold again from ``seq`` on."""
        last = self.raw.execute("SELECT max(seq) FROM events").fetchone()[0]
        before = self.raw.execute("SELECT hash FROM events WHERE seq = ?", (seq - 1,)).fetchone()
        previous = before[0] if before else "0" * 64
        for number in range(seq, last + 1):
            previous = self.put(number, self.body(number) | {"previous": previous}, rehash=True)


def places(verdict):
    return [problem.seq for problem in verdict.problems]


@pytest.mark.parametrize("seq", [1, 4, SIZE])
def test_an_edited_body(ledger, path, seq):
    Attacker(path).make_passed(seq, rehash=False)
    assert places(verify(ledger))[0] == seq


def test_an_edited_body_with_its_hash(ledger, path):
    Attacker(path).make_passed(4, rehash=True)
    assert places(verify(ledger))[0] == 5  # the next one does not follow


@pytest.mark.parametrize("column", ["at", "kind", "actor", "project"])
def test_an_edited_column(ledger, path, column):
    Attacker(path).raw.execute(f"UPDATE events SET {column} = 'x' WHERE seq = 3")
    assert places(verify(ledger)) == [3]


def test_a_removed_event(ledger, path):
    Attacker(path).raw.execute("DELETE FROM events WHERE seq = 4")
    assert places(verify(ledger))[0] == 4


def test_a_removed_event_with_the_rest_moved_up(ledger, path):
    attacker = Attacker(path)
    attacker.raw.execute("DELETE FROM events WHERE seq = 4")
    for seq in range(5, SIZE + 1):
        attacker.raw.execute("UPDATE events SET seq = ? WHERE seq = ?", (seq - 1, seq))
    assert places(verify(ledger))[0] == 4


def test_two_events_changed_places(ledger, path):
    raw = Attacker(path).raw
    for old, new in ((3, 100), (5, 3), (100, 5)):
        raw.execute("UPDATE events SET seq = ? WHERE seq = ?", (new, old))
    assert 3 in places(verify(ledger))
    assert 5 in places(verify(ledger))


def test_an_inserted_event(ledger, path):
    attacker = Attacker(path)
    for seq in range(SIZE, 3, -1):
        attacker.raw.execute("UPDATE events SET seq = ? WHERE seq = ?", (seq + 1, seq))
    attacker.raw.execute(
        "INSERT INTO events SELECT 4, at, kind, actor, project, release, key, 'x', body "
        "FROM events WHERE seq = 3"
    )
    assert places(verify(ledger))[0] == 4


def test_a_cut_end(ledger, path, checkpoint):
    Attacker(path).raw.execute("DELETE FROM events WHERE seq > ?", (checkpoint.size - 1,))
    assert verify(ledger).holds  # by itself a shorter chain is a chain
    assert places(verify(ledger, [checkpoint])) == [checkpoint.size]


def test_a_restamped_chain(ledger, path, checkpoint):
    attacker = Attacker(path)
    attacker.make_passed(2, rehash=True)
    attacker.restamp_from(3)
    assert verify(ledger).holds  # holds together again: only a checkpoint shows it
    verdict = verify(ledger, [checkpoint])
    assert places(verdict) == [checkpoint.size]
    assert "rewritten" in verdict.problems[0].what


def test_several_checkpoints_narrow_the_place(ledger, path):
    from approvals.merkle import Tree

    leaves = [bytes.fromhex(row[7]) for row in ledger.rows()]
    marks = [Checkpoint(n, Tree(leaves[:n]).root().hex(), "x") for n in (2, 4, 6, 8)]
    attacker = Attacker(path)
    attacker.make_passed(5, rehash=True)
    attacker.restamp_from(6)
    assert places(verify(ledger, marks)) == [6, 8]


def test_an_emptied_ledger(ledger, path, checkpoint):
    Attacker(path).raw.execute("DELETE FROM events")
    assert places(verify(ledger, [checkpoint])) == [checkpoint.size]


@pytest.mark.parametrize("body", ["", "{}", "[]", "not JSON", '{"seq": 3}'])
def test_a_body_that_is_none(ledger, path, body):
    Attacker(path).raw.execute("UPDATE events SET body = ? WHERE seq = 3", (body,))
    assert 3 in places(verify(ledger))


def test_an_untouched_ledger_holds(ledger, checkpoint):
    verdict = verify(ledger, [checkpoint])
    assert verdict.holds
    assert (verdict.entries, verdict.root) == merkle_root(ledger)
