"""Somebody with the database in hand: every change is found, and where it was made."""

import json

import pytest
from databases import drop_triggers
from sqlalchemy import create_engine, text

from approvals.errors import CheckpointWrong, HeadWrong
from approvals.ledger.events import Event
from approvals.ledger.ledger import Ledger, Tree, canonical_json, leaf_hash
from approvals.ledger.verification import Checkpoint, Head, HeadFile, Statement, verify_chain

SIZE = 9


@pytest.fixture
def ledger(url):
    ledger = Ledger.open(url, create=True)
    for n in range(1, SIZE + 1):
        facts = {"member": f"m{n}", "outcome": "failed", "on": "2026-01-31"}
        ledger.append(Event("background_check", "p-a", "2026-001", facts=facts))
    drop_triggers(url)
    return ledger


@pytest.fixture
def checkpoint(ledger):
    """As exported in the last package, three events ago."""
    size = SIZE - 3
    tree = Tree(bytes.fromhex(row[7]) for row in list(ledger.rows())[:size])
    return Checkpoint(tree.root().hex(), "2026-01-31T00:00:00+00:00", size=size)


@pytest.fixture
def head(ledger):
    """As the home wrote it down after the last event."""
    return Head(SIZE, list(ledger.rows())[-1][7])


class Attacker:
    """Edits the table when the triggers are gone."""

    def __init__(self, url):
        self.engine = create_engine(url)

    def run(self, statement, **values):
        with self.engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return result.fetchone() if result.returns_rows else None

    def body(self, seq):
        return json.loads(self.run("SELECT body FROM events WHERE seq = :seq", seq=seq)[0])

    def put(self, seq, content, *, rehash):
        body = canonical_json(content)
        digest = leaf_hash(body.encode()).hex()
        self.run("UPDATE events SET body = :body WHERE seq = :seq", body=body, seq=seq)
        if rehash:
            self.run("UPDATE events SET hash = :hash WHERE seq = :seq", hash=digest, seq=seq)
        return digest

    def make_passed(self, seq, *, rehash):
        content = self.body(seq)
        content["facts"]["outcome"] = "passed"
        return self.put(seq, content, rehash=rehash)

    def restamp_from(self, seq):
        """Make the whole chain hold again from ``seq`` on."""
        last = self.run("SELECT max(seq) FROM events")[0]
        before = self.run("SELECT hash FROM events WHERE seq = :seq", seq=seq - 1)
        previous = before[0] if before else "0" * 64
        for number in range(seq, last + 1):
            previous = self.put(number, self.body(number) | {"previous": previous}, rehash=True)


def places(verdict):
    return [problem.seq for problem in verdict.problems]


@pytest.mark.parametrize("seq", [1, 4, SIZE])
def test_an_edited_body(ledger, url, seq):
    Attacker(url).make_passed(seq, rehash=False)
    assert places(verify_chain(ledger))[0] == seq


def test_an_edited_body_with_its_hash(ledger, url):
    Attacker(url).make_passed(4, rehash=True)
    assert places(verify_chain(ledger))[0] == 5  # the next one does not follow


@pytest.mark.parametrize("column", ["at", "kind", "actor", "project"])
def test_an_edited_column(ledger, url, column):
    Attacker(url).run(f"UPDATE events SET {column} = 'x' WHERE seq = 3")
    assert places(verify_chain(ledger)) == [3]


def test_a_removed_event(ledger, url):
    Attacker(url).run("DELETE FROM events WHERE seq = 4")
    assert places(verify_chain(ledger))[0] == 4


def test_a_removed_event_with_the_rest_moved_up(ledger, url):
    attacker = Attacker(url)
    attacker.run("DELETE FROM events WHERE seq = 4")
    for seq in range(5, SIZE + 1):
        attacker.run("UPDATE events SET seq = :to WHERE seq = :seq", to=seq - 1, seq=seq)
    assert places(verify_chain(ledger))[0] == 4


def test_two_events_changed_places(ledger, url):
    attacker = Attacker(url)
    for old, new in ((3, 100), (5, 3), (100, 5)):
        attacker.run("UPDATE events SET seq = :to WHERE seq = :seq", to=new, seq=old)
    assert 3 in places(verify_chain(ledger))
    assert 5 in places(verify_chain(ledger))


def test_an_inserted_event(ledger, url):
    attacker = Attacker(url)
    for seq in range(SIZE, 3, -1):
        attacker.run("UPDATE events SET seq = :to WHERE seq = :seq", to=seq + 1, seq=seq)
    attacker.run(
        "INSERT INTO events SELECT 4, at, kind, actor, project, release, key, 'x', body "
        "FROM events WHERE seq = 3"
    )
    assert places(verify_chain(ledger))[0] == 4


def test_a_cut_end(ledger, url, checkpoint):
    Attacker(url).run("DELETE FROM events WHERE seq > :last", last=checkpoint.size - 1)
    assert verify_chain(ledger).holds  # by itself a shorter chain is a chain
    assert places(verify_chain(ledger, [checkpoint])) == [checkpoint.size]


def test_a_restamped_chain(ledger, url, checkpoint):
    attacker = Attacker(url)
    attacker.make_passed(2, rehash=True)
    attacker.restamp_from(3)
    assert verify_chain(ledger).holds  # holds together again: only a checkpoint shows it
    verdict = verify_chain(ledger, [checkpoint])
    assert places(verdict) == [checkpoint.size]
    assert "rewritten" in verdict.problems[0].what


def test_several_checkpoints_narrow_the_place(ledger, url):
    leaves = [bytes.fromhex(row[7]) for row in ledger.rows()]
    marks = [Checkpoint(Tree(leaves[:n]).root().hex(), "x", size=n) for n in (2, 4, 6, 8)]
    attacker = Attacker(url)
    attacker.make_passed(5, rehash=True)
    attacker.restamp_from(6)
    assert places(verify_chain(ledger, marks)) == [6, 8]


@pytest.mark.parametrize("kept", [1, 6, SIZE])
def test_what_was_given_away_tells_no_size_and_finds_the_same(ledger, url, kept):
    """The state is found wherever in the chain it was; one that is nowhere is a ledger that was changed."""
    leaves = [leaf_hash(row[-1].encode()) for row in ledger.rows()]
    given = Statement(Tree(leaves[:kept]).root().hex(), "2026-01-31")
    assert "size" not in given.as_dict()
    assert verify_chain(ledger, [given]).holds
    attacker = Attacker(url)
    attacker.make_passed(1 if kept == 1 else 5, rehash=True)
    attacker.restamp_from(2 if kept == 1 else 6)
    (problem,) = verify_chain(ledger, [given]).problems
    assert (problem.seq, "2026-01-31" in problem.what) == (SIZE, True)


def test_a_size_is_part_of_what_is_signed(checkpoint):
    told = checkpoint.as_dict()
    assert (
        Statement.from_json(json.dumps(told))
        == Checkpoint.from_json(json.dumps(told))
        == checkpoint
    )
    bare = {k: v for k, v in told.items() if k != "size"}
    as_given = Statement(checkpoint.root, checkpoint.at, checkpoint.signature).as_dict()
    assert Statement.from_json(json.dumps(as_given)).as_dict() == as_given
    for wrong in (
        bare,
        as_given | {"size": 3},
        as_given | {"root": ["a"]},
        as_given | {"size": None},
    ):
        with pytest.raises(CheckpointWrong):
            Statement.from_json(json.dumps(wrong))
    with pytest.raises(CheckpointWrong):
        Checkpoint.from_json(json.dumps(as_given))


def test_an_emptied_ledger(ledger, url, checkpoint):
    Attacker(url).run("DELETE FROM events")
    assert places(verify_chain(ledger, [checkpoint])) == [checkpoint.size]


@pytest.mark.parametrize("body", ["", "{}", "[]", "not JSON", '{"seq": 3}'])
def test_a_body_that_is_none(ledger, url, body):
    Attacker(url).run("UPDATE events SET body = :body WHERE seq = 3", body=body)
    assert 3 in places(verify_chain(ledger))


def test_an_untouched_ledger_holds(ledger, checkpoint):
    verdict = verify_chain(ledger, [checkpoint])
    assert verdict.holds
    tree = Tree(leaf_hash(row[-1].encode()) for row in ledger.rows())
    assert (verdict.entries, verdict.root) == (SIZE, tree.root().hex())


# ------------------------------------------------------------------ after the last checkpoint


def test_an_end_cut_off_after_the_last_checkpoint(ledger, url, checkpoint, head):
    assert verify_chain(ledger, [checkpoint], head).holds
    Attacker(url).run("DELETE FROM events WHERE seq > :last", last=SIZE - 1)
    assert verify_chain(ledger, [checkpoint]).holds
    verdict = verify_chain(ledger, [checkpoint], head)
    assert places(verdict) == [SIZE]
    assert "1 events" in verdict.problems[0].what


def test_a_chain_restamped_after_the_last_checkpoint(ledger, url, checkpoint, head):
    attacker = Attacker(url)
    attacker.make_passed(8, rehash=True)
    attacker.restamp_from(9)
    assert verify_chain(ledger, [checkpoint]).holds
    assert places(verify_chain(ledger, [checkpoint], head)) == [SIZE]


def digest(label, content):
    return leaf_hash(b"key" + label.encode() + content).hex()


def test_the_head_follows_the_ledger_and_is_written_by_the_home_alone(tmp_path, url):
    note = HeadFile(tmp_path / "ledger.head", digest)
    with pytest.raises(HeadWrong):
        note.read()
    ledger = Ledger.open(url, create=True, witness=note.advance)
    event = Event("settings_changed", "p-a", facts={"settings": "a" * 64}, key="k")
    entry = ledger.append(event)
    assert note.read() == Head(1, entry.hash)
    ledger.append(event)  # recorded once
    last = ledger.append(Event("settings_changed", "p-a", facts={"settings": "b" * 64}))
    assert note.read() == Head(2, last.hash)
    note.advance(1, entry.hash)  # a slower process is late
    assert note.read().size == 2
    assert (tmp_path / "ledger.head").stat().st_mode & 0o077 == 0
    forged = (tmp_path / "ledger.head").read_text().replace('"size": 2', '"size": 1')
    (tmp_path / "ledger.head").write_text(forged)
    with pytest.raises(HeadWrong):
        note.read()
