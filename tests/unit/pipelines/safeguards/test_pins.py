"""A release is made under the settings and the system's file that it was ordered under, or stops."""

import hashlib
import json
import shutil
from datetime import date
from types import SimpleNamespace

import pytest

from approvals.application.reading import example_application
from approvals.people.people import Person
from pipelines.deployment.init import init_home
from pipelines.home import open_home
from pipelines.release.context import release_context
from pipelines.release.errors import RunnerGone
from pipelines.release.orders import Request, order_release
from pipelines.release.run import check_answers, run_stage
from pipelines.safeguards.errors import PinsBroken, SettingsChanged
from pipelines.safeguards.pins import check_pins, pins_of
from pipelines.session import Session
from systems.description import Systems, load_system
from systems.errors import SnapshotDamaged

ORDERED = date(2026, 11, 23)
APPROVER = Person("p-two", "Avery Example", "avery", frozenset({"approver"}))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("pins") / "home"
    init_home(root, demo=True)
    with Session(open_home(root)) as session:
        path = root.parent / "application.toml"
        path.write_text(example_application("aggregated", on=ORDERED))
        number = session.projects.submit(path, session.person, ORDERED).number
        session.projects.approve(number, APPROVER, ORDERED)
        snapshot = SimpleNamespace(
            info=SimpleNamespace(snapshot_id="CARPOS-20261123-001", mapping='system = "CARPOS"')
        )
        session.registers = SimpleNamespace(newest=lambda _system: snapshot)
        release = order_release(session, Request(number, "aggregated"))
    return root, release


@pytest.fixture
def ordered(made, tmp_path):
    root, release = made
    shutil.copytree(root, tmp_path / "home")
    (tmp_path / "home").chmod(0o700)
    return tmp_path / "home", release


def check(root, release, mapping='system = "CARPOS"'):
    with Session(open_home(root)) as session:
        info = SimpleNamespace(mapping=mapping)
        session.registers = SimpleNamespace(open=lambda _snapshot: SimpleNamespace(info=info))
        context = release_context(session, release)
        check_pins(session, context.order.system, context.order.pins, context.state.pins)


def set_to(root, old, new):
    path = root / "settings.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_nothing_changed(ordered):
    check(*ordered)


def test_every_setting_of_a_release_is_pinned(ordered):
    with Session(open_home(ordered[0])) as session:
        held = pins_of(session, "CARPOS").settings
    assert {"disclosure.threshold", "linkage.never_link", "approvals.soft_papers"} <= held.keys()
    assert not any(name.startswith(("mail.", "bucket.", "storage.")) for name in held)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("threshold = 10", "threshold = 2", ["disclosure.threshold"]),
        ("row_k = 10", "row_k = 11", ["disclosure.row_k"]),
        ('release_approval = "second_person"', 'release_approval = "auto"', ["release.release_approval"]),
    ],
)  # fmt: skip
def test_a_setting_that_changed_stops_every_stage(ordered, old, new, named):
    root, release = ordered
    set_to(root, old, new)
    for stage in ("gate", "extract", "record"):
        with pytest.raises(SettingsChanged) as stopped:
            run_stage(str(root), release, stage)
        assert stopped.value.facts["settings"] == tuple(named)
    set_to(root, new, old)
    check(root, release)


def test_what_does_not_shape_a_release_may_change(ordered):
    set_to(ordered[0], "timeout_seconds = 30", "timeout_seconds = 60")
    check(*ordered)


def test_the_mapping_by_which_the_register_was_read_is_pinned(ordered):
    root, release = ordered
    order = json.loads((root / "runs" / release / "order.json").read_text())
    assert order["pins"]["mapping"] == 'system = "CARPOS"'
    with pytest.raises(SnapshotDamaged):
        check(root, release, mapping='system = "CARPOS"\n# edited')


def test_the_systems_file_stands_beside_the_order_as_it_was(ordered):
    root, release = ordered
    folder = root / "runs" / release
    pinned = json.loads((folder / "order.json").read_text())["pins"]["system"]
    assert hashlib.sha256((folder / "system.toml").read_bytes()).hexdigest() == pinned


def test_another_description_of_the_system_stops_it(ordered, monkeypatch):
    other = load_system("CARPOS").model_copy(update={"digest": "00"})
    monkeypatch.setattr(Systems, "load", lambda *_: other)
    with pytest.raises(SettingsChanged) as stopped:
        check(*ordered)
    assert stopped.value.facts == {"settings": (), "system_file": 1}


@pytest.mark.parametrize(
    "change",
    [
        lambda order: order["pins"]["settings"].update({"disclosure.threshold": 2}),
        lambda order: order.pop("pins"),
    ],
    ids=["edited", "taken away"],
)
def test_an_order_that_was_edited_stops_it(ordered, change):
    root, release = ordered
    path = root / "runs" / release / "order.json"
    order = json.loads(path.read_text())
    change(order)
    path.chmod(0o600)
    path.write_text(json.dumps(order))
    set_to(root, "threshold = 10", "threshold = 2")
    with pytest.raises(PinsBroken):
        check(root, release)


def test_a_release_of_before_goes_on(ordered):
    root, release = ordered
    with Session(open_home(root)) as session:
        project = release_context(session, release).order.project
        before = session.releases.order(project, "aggregated", session.person, ORDERED, {})
        check_pins(session, "CARPOS", None, before.pins)


# ------------------------------------------------------------------ who answers for it


def people_of(root, old, new):
    path = root / "people.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('id = "demo-engineer"', 'id = "somebody-else"'),
        ('roles = ["engineer", "reviewer", "approver"', 'roles = ["reviewer"'),
        ("roles = [", "active = false\nroles = ["),
    ],
    ids=["taken out", "without the role", "deactivated"],
)
def test_a_release_of_somebody_who_left_stops_at_its_next_stage(ordered, old, new):
    root, release = ordered
    people_of(root, old, new)
    for stage in ("gate", "extract", "record"):
        with pytest.raises(RunnerGone) as stopped:
            run_stage(str(root), release, stage)
        assert stopped.value.facts == {"person": "demo-engineer"}
    with Session(open_home(root)) as session:
        told = session.ledger.events(release=release, kind="attempt_refused")
        assert [e.facts["code"] for e in told] == ["RUN-34"] * 3


def test_it_goes_on_once_somebody_else_answers_for_it(ordered):
    root, release = ordered
    people_of(root, 'id = "demo-engineer"', 'id = "somebody-else"')
    with Session(open_home(root)) as session:
        session.releases.resume(release, session.person, ORDERED)
        check_answers(release_context(session, release))
        assert session.releases.show(release).answers == "somebody-else"
