"""A recipient's key goes after the packages were sealed: resuming asks the gate anew and seals to the keys in force."""

import json
import shutil

import pytest

from approvals.people.people import Person
from errors import Exit
from pipelines.home import open_home
from pipelines.release.errors import RecipientGone
from pipelines.release.orders import Request, order_release
from pipelines.release.run import run_release
from pipelines.session import Session, today
from tests.survive.world import LAST, world_at

pytestmark = pytest.mark.long
APPROVER = Person("p-two", "Avery Example", "avery", frozenset({"approver"}))


def test_a_release_whose_recipients_key_went_is_sealed_anew(small_world, tmp_path, monkeypatch):
    world = world_at(shutil.copytree(small_world.root, tmp_path / "world"))
    number = world.numbers["aggregated"]
    home = open_home(world.home)
    session = Session(home)
    release = order_release(session, Request(number, "aggregated", years=f"{LAST - 2}-{LAST}"))
    assert run_release(home, release).exit is Exit.WAITING
    session.releases.approve(release, APPROVER, today())

    def gone(_usable, _packages):
        raise RecipientGone(packages=[1])

    with monkeypatch.context() as patched:  # the key goes between sealing and recording
        patched.setattr("pipelines.release.stages.hand_over._check_recipients", gone)
        assert run_release(home, release).error["code"] == "RUN-16"
    old, other = session.projects.show(number).recipients
    session.projects.event(
        number, "recipient_revoked", session.person, today(), {"fingerprint": old.fingerprint}
    )
    done = run_release(home, release)
    assert done.exit is Exit.DONE, done.error
    (sealed,) = session.releases.show(release).packages.values()
    assert sealed.fingerprint == other.fingerprint
    assert [p.name for p in (home.outbox / number / release).iterdir()] == [other.member]
    kinds = [e.kind for e in session.ledger.events(release=release)]
    assert kinds.count("packages_resealed") == 1
    assert json.loads((home.runs / release / "outcome.json").read_text())["exit"] == 0
    session.close()
